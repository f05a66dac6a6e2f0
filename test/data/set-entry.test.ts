import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Database } from '../../src/data/database.ts';
import { NONE } from '../../src/data/heap.ts';
import { Keyspace } from '../../src/data/keyspace.ts';
import { SetBuilder } from '../../src/data/set-builder.ts';
import {
  addMember,
  eachMember,
  insertSet,
  integerMember,
  isMember,
  removeMember,
  setSize,
  setValueOf,
} from '../../src/data/set-entry.ts';
import type { MemberVisitor } from '../../src/data/set-value.ts';
import { KIND } from '../../src/data/value.ts';
import { Prng } from '../../src/host/prng.ts';

const KEY = Buffer.from('key');

function database(): Database {
  return new Keyspace(1, new Prng(2)).databases[0]!;
}

/** Members as binary strings, in the order of the walk. */
function collect(walk: (visit: MemberVisitor) => void): string[] {
  const found: string[] = [];
  walk((bytes, start, end) => void found.push(Buffer.from(bytes.subarray(start, end)).toString('latin1')));
  return found;
}

function isInteger(text: string): boolean {
  return /^(0|-?[1-9]\d*)$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
}

const integer = fc.oneof(
  fc.integer({ min: -9, max: 9 }).map(String),
  fc.constantFrom('40000', '-3000000000', '9223372036854775807', '-9223372036854775808', '9007199254740993'),
);
const member = fc.oneof(
  { weight: 9, arbitrary: integer },
  { weight: 1, arbitrary: fc.constantFrom('', 'a', '01', '-0', '9223372036854775808', '\x00\xff') },
);
const step = fc.record({ isRemoval: fc.nat(2).map((n) => n === 0), member });

describe.each([[512], [4], [0]])('a set with an intset of at most %i members', (limit) => {
  it('holds what a Set holds, in the form that its history gives it', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
        const db = database();
        const model = new Set<string>();
        let isPacked = true;
        let entry: number = NONE;
        for (const { isRemoval, member: text } of steps) {
          const bytes = Buffer.from(`.${text}.`, 'latin1');
          const end = bytes.length - 1;
          if (entry === NONE) {
            db.write(KEY, 0, KEY.length);
            entry = insertSet(db, KEY, 0, KEY.length, bytes, 1, end, 1);
          }
          if (isRemoval) entry = removeMember(db, entry, bytes, 1, end);
          else entry = addMember(db, entry, bytes, 1, end, limit);
          if (isRemoval) model.delete(text);
          else model.add(text);
          isPacked &&= isRemoval ? isInteger(text) || db.isPacked(entry) : isInteger(text) && model.size <= limit;
          expect(db.isPacked(entry)).toBe(isPacked);
          expect(isMember(db, entry, bytes, 1, end)).toBe(!isRemoval);
          expect(setSize(db, entry)).toBe(model.size);
        }
        if (entry === NONE) return;
        const found = collect((visit) => eachMember(db, entry, visit));
        expect(found.toSorted()).toEqual([...model].toSorted());
        if (isPacked) expect(found.map(BigInt)).toEqual(found.map(BigInt).toSorted((a, b) => (a < b ? -1 : 1)));
        expect(db.kind(entry)).toBe(KIND.set);
      }),
    );
  });

  it('is built beside the keyspace in the same form', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40, size: 'max' }), fc.boolean(), (steps, replaces) => {
        const db = database();
        const { heap } = db.keyspace;
        const before = heap.usedBytes + heap.tableBytes;
        const model = new Set<string>();
        let isPacked = true;
        const builder = new SetBuilder(db.keyspace, limit);
        for (const { isRemoval, member: text } of steps) {
          const bytes = Buffer.from(`.${text}.`, 'latin1');
          if (isRemoval) builder.remove(bytes, 1, bytes.length - 1);
          else builder.add(bytes, 1, bytes.length - 1);
          if (isRemoval) model.delete(text);
          else model.add(text);
          isPacked &&= isRemoval || (isInteger(text) && model.size <= limit);
          expect(builder.size).toBe(model.size);
        }
        expect(collect((visit) => builder.each(visit)).toSorted()).toEqual([...model].toSorted());
        if (model.size === 0) builder.release();
        else {
          let entry: number = NONE;
          if (replaces) {
            entry = db.setString(KEY, 0, KEY.length, KEY, 0, KEY.length);
            db.setExpiry(entry, 5000);
            builder.replace(db, db.peek(KEY, 0, KEY.length));
          } else builder.store(db, KEY, 0, KEY.length);
          entry = db.peek(KEY, 0, KEY.length);
          expect(db.isPacked(entry)).toBe(isPacked);
          expect(collect((visit) => eachMember(db, entry, visit)).toSorted()).toEqual([...model].toSorted());
          expect(db.expiryOf(entry)).toBe(replaces ? 5000 : -1);
          db.remove(entry);
        }
        // The keyspace's own table has come to stay, and that of the keys that expire.
        expect(heap.usedBytes + heap.tableBytes - before).toBeLessThanOrEqual(replaces ? 80 : 16);
      }),
    );
  });
});

describe('a walk over a set', () => {
  it.each([['ints'], ['words']])('ends when the visitor says so: %s', (kind) => {
    const db = database();
    const members = Array.from({ length: 50 }, (_, i) => Buffer.from(kind === 'ints' ? `${i}` : `m${i}`));
    db.write(KEY, 0, KEY.length);
    let entry = insertSet(db, KEY, 0, KEY.length, members[0]!, 0, members[0]!.length, 1);
    for (const bytes of members) entry = addMember(db, entry, bytes, 0, bytes.length, 512);
    expect(db.isPacked(entry)).toBe(kind === 'ints');
    let visits = 0;
    eachMember(db, entry, () => ++visits < 7);
    expect(visits).toBe(7);
  });
});

describe('a large set', () => {
  it('is a deep copy when it is cloned', () => {
    const db = database();
    const members = Array.from({ length: 200 }, (_, i) => Buffer.from(`m${i}`));
    db.write(KEY, 0, KEY.length);
    let entry = insertSet(db, KEY, 0, KEY.length, members[0]!, 0, members[0]!.length, 1);
    for (const bytes of members) entry = addMember(db, entry, bytes, 0, bytes.length, 512);
    const copy = setValueOf(db, entry).clone();
    removeMember(db, entry, members[7]!, 0, members[7]!.length);
    expect(copy.size).toBe(200);
    expect(copy.has(members[7]!, 0, members[7]!.length)).toBe(true);
    expect(setSize(db, entry)).toBe(199);
  });
});

describe('the integer that a member is', () => {
  it('is a number while that is exact, then a bigint, and NaN where it is none', () => {
    const parse = (text: string): number | bigint => integerMember(Buffer.from(text), 0, text.length);
    expect(parse('-7')).toBe(-7);
    expect(parse('9007199254740991')).toBe(9007199254740991);
    expect(parse('9007199254740993')).toBe(9007199254740993n);
    expect(parse('-9223372036854775808')).toBe(-(2n ** 63n));
    for (const text of ['', '01', '-0', 'a', '9223372036854775808']) expect(parse(text)).toBeNaN();
  });
});
