import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Database } from '../../src/data/database.ts';
import { NONE } from '../../src/data/heap.ts';
import {
  bigMemberAt,
  intsetLength,
  INTSET_HEADER_BYTES,
  searchMember,
  writeEmptyIntset,
} from '../../src/data/intset.ts';
import { Keyspace } from '../../src/data/keyspace.ts';
import { binaryOfElement, firstElement, isValidListpack, nextElement, seekElement } from '../../src/data/listpack.ts';
import { removeElements, writeEmptyListpack } from '../../src/data/listpack-edit.ts';
import { EMPTY_LISTPACK_BYTES, NO_ELEMENT } from '../../src/data/listpack-format.ts';
import {
  appendPairToEntry,
  appendToEntry,
  insertIntoEntry,
  insertMemberIntoEntry,
  removeFromEntry,
  removeMemberFromEntry,
  replaceInEntry,
  shrinkEntry,
} from '../../src/data/packed-value.ts';
import { KIND, type LargeValue } from '../../src/data/value.ts';
import { Prng } from '../../src/host/prng.ts';

const KEY = Buffer.from('key');

function database(): Database {
  return new Keyspace(1, new Prng(3)).databases[0]!;
}

function add(db: Database, key: Buffer, text = 'neighbour'): void {
  db.setString(key, 0, key.length, Buffer.from(text), 0, text.length);
}

/** A listpack under KEY, between other keys, with or without expire time. */
class Entry {
  readonly db = database();
  entry: number;

  constructor(expiry: number | null) {
    add(this.db, Buffer.from('before'));
    this.db.write(KEY, 0, KEY.length);
    this.entry = this.db.insertPacked(KIND.list, KEY, 0, KEY.length, EMPTY_LISTPACK_BYTES, 20);
    writeEmptyListpack(this.db.bytes(this.entry), this.db.valueOffset(this.entry));
    if (expiry !== null) this.entry = this.db.setExpiry(this.entry, expiry);
    this.db.setUsage(this.entry, 1234);
    add(this.db, Buffer.from('after'));
  }

  /** Offset of the element at an index, or NO_ELEMENT. */
  seek(index: number): number {
    const at = this.db.valueOffset(this.entry);
    const p = seekElement(this.db.bytes(this.entry), at, index);
    return p === NO_ELEMENT ? NO_ELEMENT : p - at;
  }

  elements(): string[] {
    const { db, entry } = this;
    const bytes = db.bytes(entry);
    expect(db.peek(KEY, 0, KEY.length)).toBe(entry);
    expect(isValidListpack(bytes, db.valueOffset(entry), db.length(entry), true)).toBe(true);
    const found: string[] = [];
    let p = firstElement(bytes, db.valueOffset(entry));
    for (; p !== NO_ELEMENT; p = nextElement(bytes, p)) found.push(binaryOfElement(bytes, p));
    return found;
  }
}

const text = fc.oneof(
  fc.integer().map(String),
  fc.string({ unit: 'binary-ascii', maxLength: 12 }),
  fc.integer({ min: 0, max: 60000 }).map((length) => 'z'.repeat(length)),
);

describe('a listpack in an entry', () => {
  it('does what an array does, and keeps the key, its expire time and its usage', () => {
    const edit = fc.record({
      what: fc.constantFrom('insert', 'append', 'pair', 'replace', 'remove'),
      index: fc.nat(8),
      count: fc.integer({ min: 1, max: 3 }),
      value: text,
    });
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 40, size: 'max' }), fc.option(fc.constant(5000)), (edits, expiry) => {
        const held = new Entry(expiry);
        const { db } = held;
        const model: string[] = [];
        for (const { what, index, count, value } of edits) {
          const source = Buffer.from(`<${value}>`, 'latin1');
          const end = source.length - 1;
          const offset = held.seek(index);
          if (what === 'append') {
            held.entry = appendToEntry(db, held.entry, source, 1, end);
            model.push(value);
          } else if (what === 'pair') {
            held.entry = appendPairToEntry(db, held.entry, source, 1, end, source, 0, end);
            model.push(value, `<${value}`);
          } else if (offset === NO_ELEMENT) continue;
          else if (what === 'insert') {
            held.entry = insertIntoEntry(db, held.entry, offset, source, 1, end);
            model.splice(index, 0, value);
          } else if (what === 'replace') {
            held.entry = replaceInEntry(db, held.entry, offset, source, 1, end);
            model[index] = value;
          } else {
            const known = Math.min(count, model.length - index);
            held.entry = removeFromEntry(db, held.entry, offset, known);
            model.splice(index, known);
          }
          expect(held.elements()).toEqual(model);
        }
        expect(db.kind(held.entry)).toBe(KIND.list);
        expect(db.usage(held.entry)).toBe(1234);
        expect(db.expiryOf(held.entry)).toBe(expiry ?? -1);
        expect(db.view(db.peek(Buffer.from('after'), 0, 5)).toString()).toBe('neighbour');
        db.remove(held.entry);
        expect(db.volatileSize).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('gives memory back when it shrinks', () => {
    const held = new Entry(null);
    const { db } = held;
    const empty = db.keyspace.heap.usedBytes;
    for (let i = 0; i < 2000; i++) held.entry = appendToEntry(db, held.entry, KEY, 0, KEY.length);
    expect(db.keyspace.heap.usedBytes - empty).toBeGreaterThan(2000 * 5);
    for (let i = 0; i < 1000; i++) held.entry = removeFromEntry(db, held.entry, held.seek(0), 1);
    removeElements(db.bytes(held.entry), db.valueOffset(held.entry), db.valueOffset(held.entry) + held.seek(0), 999);
    held.entry = shrinkEntry(db, held.entry);
    expect(held.elements()).toEqual(['key']);
    expect(db.keyspace.heap.usedBytes - empty).toBeLessThan(64);
  });

  it('grows to a megabyte without moving for every element', () => {
    const held = new Entry(null);
    const { db } = held;
    const value = Buffer.alloc(1000, 'x');
    let moves = 0;
    for (let i = 0; i < 1000; i++) {
      const before = held.entry;
      held.entry = appendToEntry(db, held.entry, value, 0, value.length);
      if (held.entry !== before) moves++;
    }
    expect(db.length(held.entry)).toBeGreaterThan(1_000_000);
    expect(moves).toBeLessThan(60);
  });

  it('turns into a large value that keeps the expire time', () => {
    const held = new Entry(7000);
    const { db } = held;
    const value: LargeValue = {
      kind: KIND.list,
      size: 1,
      encoding: 'made up',
      overheadBytes: 0,
      clone: () => value,
      releaseSome: () => true,
    };
    const entry = db.replaceWithObject(held.entry, value, true);
    expect(db.peek(KEY, 0, KEY.length)).toBe(entry);
    expect(db.object(entry)).toBe(value);
    expect(db.kind(entry)).toBe(KIND.list);
    expect(db.expiryOf(entry)).toBe(7000);
    expect(db.usage(entry)).toBe(1234);
  });
});

describe('a collection given as bytes', () => {
  it('takes the place of whatever the key held', () => {
    const db = database();
    const bytes = Buffer.from('070000000000ff', 'hex');
    add(db, KEY);
    db.setExpiry(db.peek(KEY, 0, 3), 9000);
    const entry = db.setPacked(KIND.hash, KEY, 0, KEY.length, bytes);
    expect(db.kind(entry)).toBe(KIND.hash);
    expect(db.view(entry)).toEqual(bytes);
    expect(db.expiryOf(entry)).toBe(-1);
    const other = db.setPacked(KIND.set, Buffer.from('new'), 0, 3, bytes);
    expect(db.kind(other)).toBe(KIND.set);
    expect(db.view(other)).toEqual(bytes);
  });
});

describe('an intset in an entry', () => {
  it('does what a sorted set of integers does', () => {
    const edit = fc.record({
      isRemoval: fc.nat(2).map((n) => n === 0),
      member: fc.integer({ min: -70000, max: 70000 }),
    });
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 200, size: 'max' }), (edits) => {
        const db = database();
        expect(db.write(KEY, 0, KEY.length)).toBe(NONE);
        let entry = db.insertPacked(KIND.set, KEY, 0, KEY.length, INTSET_HEADER_BYTES);
        writeEmptyIntset(db.bytes(entry), db.valueOffset(entry));
        const model = new Set<bigint>();
        for (const { isRemoval, member } of edits) {
          const index = searchMember(db.bytes(entry), db.valueOffset(entry), member);
          expect(index >= 0).toBe(model.has(BigInt(member)));
          if (isRemoval && index >= 0) entry = removeMemberFromEntry(db, entry, index);
          if (!isRemoval && index < 0) entry = insertMemberIntoEntry(db, entry, -1 - index, member);
          if (isRemoval) model.delete(BigInt(member));
          else model.add(BigInt(member));
        }
        const bytes = db.bytes(entry);
        const at = db.valueOffset(entry);
        const members = Array.from({ length: intsetLength(bytes, at) }, (_, i) => bigMemberAt(bytes, at, i));
        expect(members).toEqual([...model].toSorted((a, b) => Number(a - b)));
        expect(db.peek(KEY, 0, KEY.length)).toBe(entry);
      }),
      { numRuns: 60 },
    );
  });
});
