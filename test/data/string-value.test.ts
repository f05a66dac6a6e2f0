import { beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../src/data/database.ts';
import { Keyspace } from '../../src/data/keyspace.ts';
import { int64Of, integerOf, overwriteWithInteger, stringEncoding } from '../../src/data/string-value.ts';
import { Prng } from '../../src/host/prng.ts';

let db: Database;
beforeEach(() => {
  db = new Keyspace(1, new Prng(1)).databases[0]!;
});

const key = Buffer.from('key');

function set(value: string): number {
  const bytes = Buffer.from(value, 'latin1');
  return db.setString(key, 0, key.length, bytes, 0, bytes.length);
}

describe('the encoding of a string', () => {
  it.each([
    ['0', 'int'],
    ['-1', 'int'],
    ['9223372036854775807', 'int'],
    ['-9223372036854775808', 'int'],
    ['9223372036854775808', 'embstr'],
    ['01', 'embstr'],
    ['-0', 'embstr'],
    [' 1', 'embstr'],
    ['1.0', 'embstr'],
    ['', 'embstr'],
    ['x'.repeat(44), 'embstr'],
    ['x'.repeat(45), 'raw'],
  ])('of %s is %s', (value, encoding) => {
    expect(stringEncoding(db, set(value))).toBe(encoding);
  });

  it('is raw once the string was changed in place', () => {
    expect(stringEncoding(db, db.resizeString(set('12'), 1, true))).toBe('raw');
  });

  it('is never int for what INCRBYFLOAT stored', () => {
    const entry = set('12');
    db.markAsText(entry);
    expect(stringEncoding(db, entry)).toBe('embstr');
  });
});

describe('an integer in a string', () => {
  it('is read as a number, or as a bigint where a number would not do', () => {
    expect(integerOf(db, set('-42'))).toBe(-42);
    expect(integerOf(db, set('4x'))).toBeNaN();
    expect(integerOf(db, set('9007199254740993'))).toBe(Infinity);
    expect(int64Of(db, set('9007199254740993'))).toBe(9007199254740993n);
    expect(int64Of(db, set('4x'))).toBeNull();
  });

  it('is written over another one of the same length, where it stands', () => {
    const entry = set('41');
    expect(overwriteWithInteger(db, entry, 42, 2)).toBe(entry);
    expect(db.view(entry).toString()).toBe('42');
  });

  it.each([9, 1000, -5, 123456789012, 9223372036854775807n])('may be of another length: %s', (value) => {
    const entry = overwriteWithInteger(db, db.setExpiry(set('41'), 99), value, String(value).length);
    expect(db.view(entry).toString()).toBe(String(value));
    expect(stringEncoding(db, entry)).toBe('int');
    expect(db.expiryOf(entry)).toBe(99);
  });

  it('is an int again whatever the string was before', () => {
    let entry = db.resizeString(set('41'), 2, true);
    entry = overwriteWithInteger(db, entry, 42, 2);
    expect(stringEncoding(db, entry)).toBe('int');
    db.markAsText(entry);
    expect(stringEncoding(db, overwriteWithInteger(db, entry, 43, 2))).toBe('int');
  });

  it('does not change a value that was lent', () => {
    // A long key makes the block one that can be lent.
    const key = Buffer.alloc(50_000, 'k');
    const entry = db.setString(key, 0, key.length, Buffer.from('41'), 0, 2);
    expect(db.keyspace.heap.lend(entry)).toBe(true);
    const lent = db.view(entry);
    overwriteWithInteger(db, entry, 42, 2);
    expect(lent.toString()).toBe('41');
  });
});
