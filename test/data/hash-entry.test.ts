import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Database } from '../../src/data/database.ts';
import {
  eachField,
  findField,
  hashSize,
  hashValueOf,
  insertHash,
  lengthAtPlace,
  removeField,
  setField,
  setIntegerAtPlace,
  unpackHash,
} from '../../src/data/hash-entry.ts';
import { NONE } from '../../src/data/heap.ts';
import { Keyspace } from '../../src/data/keyspace.ts';
import { binaryOfElement } from '../../src/data/listpack.ts';
import { KIND } from '../../src/data/value.ts';
import { Prng } from '../../src/host/prng.ts';

const KEY = Buffer.from('key');
const ROOMY_LIMITS = { packedHashFieldsMax: 512, packedHashBytesMax: 64 };

/** A hash under KEY beside the Map that it should be; fields and values are binary strings. */
class Held {
  readonly db: Database;
  readonly model = new Map<string, string>();
  readonly limits: typeof ROOMY_LIMITS;
  entry: number;

  constructor(limits: typeof ROOMY_LIMITS) {
    this.db = new Keyspace(1, new Prng(2)).databases[0]!;
    this.limits = limits;
    this.db.write(KEY, 0, KEY.length);
    this.entry = insertHash(this.db, KEY, 0, KEY.length, 10);
  }

  place(field: string): number {
    const bytes = Buffer.from(`${field}..`, 'latin1');
    return findField(this.db, this.entry, bytes, 0, bytes.length - 2);
  }

  set(field: string, value: string): void {
    const { db, entry, limits } = this;
    const bytes = Buffer.from(`.${field}`, 'latin1');
    const other = Buffer.from(`..${value}`, 'latin1');
    this.entry = setField(db, entry, bytes, 1, bytes.length, other, 2, other.length, limits);
    this.model.set(field, value);
  }

  setInteger(field: string, value: number): void {
    const place = this.place(field);
    if (place === NONE) return;
    setIntegerAtPlace(this.db, this.entry, place, field.length, value, this.limits);
    this.entry = this.db.peek(KEY, 0, KEY.length);
    this.model.set(field, String(value));
  }

  remove(field: string): void {
    const bytes = Buffer.from(field, 'latin1');
    this.entry = removeField(this.db, this.entry, bytes, 0, bytes.length);
    this.model.delete(field);
  }

  valueAt(place: number): string {
    const { db, entry } = this;
    return db.isPacked(entry) ? binaryOfElement(db.bytes(entry), place) : db.view(place).toString('latin1');
  }

  check(): void {
    const { db, entry, model } = this;
    expect(db.peek(KEY, 0, KEY.length)).toBe(entry);
    expect(db.kind(entry)).toBe(KIND.hash);
    expect(hashSize(db, entry)).toBe(model.size);
    const seen = new Map<string, string>();
    eachField(db, entry, (field, fieldStart, fieldEnd, value, start, end) => {
      const name = Buffer.from(field.subarray(fieldStart, fieldEnd)).toString('latin1');
      seen.set(name, Buffer.from(value.subarray(start, end)).toString('latin1'));
    });
    expect(seen).toEqual(model);
    for (const [field, value] of model) {
      const place = this.place(field);
      expect(this.valueAt(place)).toBe(value);
      expect(lengthAtPlace(db, entry, place)).toBe(value.length);
    }
  }
}

const text = fc.oneof(
  fc.constantFrom('a', 'b', 'c', 'd', '', '1', '-7', '300', '9223372036854775807'),
  fc.string({ unit: fc.nat(255).map((code) => String.fromCharCode(code)), maxLength: 6 }),
);
const value = fc.oneof(
  text,
  fc.nat(300).map((length) => 'v'.repeat(length)),
);
const step = fc.record({
  what: fc.constantFrom('set', 'set', 'set', 'integer', 'remove'),
  field: text,
  value,
  integer: fc.maxSafeInteger(),
});

describe.each([
  ['packed', { packedHashFieldsMax: 512, packedHashBytesMax: 1000 }],
  ['turning', { packedHashFieldsMax: 5, packedHashBytesMax: 100 }],
  ['large', { packedHashFieldsMax: 0, packedHashBytesMax: 0 }],
])('a hash that is %s', (_, limits) => {
  it('holds what a Map holds, after any sequence of changes', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
        const held = new Held(limits);
        for (const { what, field, value: next, integer } of steps) {
          if (what === 'set') held.set(field, next);
          else if (what === 'integer') held.setInteger(field, integer);
          else held.remove(field);
        }
        held.check();
        expect(held.place('not there')).toBe(NONE);
      }),
      { numRuns: 100 },
    );
  });

  it('gives back all memory when it goes', () => {
    const held = new Held(limits);
    const { heap } = held.db.keyspace;
    held.db.remove(held.entry);
    const empty = heap.usedBytes + heap.tableBytes;
    held.db.write(KEY, 0, KEY.length);
    held.entry = insertHash(held.db, KEY, 0, KEY.length, 10);
    for (let i = 0; i < 2000; i++) held.set(`f${i % 600}`, 'v'.repeat(i % 90));
    for (let i = 0; i < 300; i++) held.remove(`f${i}`);
    held.check();
    held.db.remove(held.entry);
    expect(heap.usedBytes + heap.tableBytes).toBe(empty);
  });
});

describe('a large hash', () => {
  it('is a deep copy when it is cloned', () => {
    const held = new Held(ROOMY_LIMITS);
    for (let i = 0; i < 100; i++) held.set(`f${i}`, `v${i}`);
    held.entry = unpackHash(held.db, held.entry);
    const copy = hashValueOf(held.db, held.entry).clone();
    expect(copy.size).toBe(100);
    held.set('f7', 'changed');
    const field = Buffer.from('f7');
    expect(held.db.view(copy.find(field, 0, 2)).toString()).toBe('v7');
    expect(copy.encoding).toBe('hashtable');
    const before = held.db.keyspace.heap.usedBytes;
    while (!copy.releaseSome());
    expect(held.db.keyspace.heap.usedBytes).toBeLessThan(before - 100 * 16);
    held.check();
  });

  it('is released some elements at a time', () => {
    const held = new Held({ packedHashFieldsMax: 0, packedHashBytesMax: 0 });
    for (let i = 0; i < 10_000; i++) held.set(`f${i}`, 'v');
    const value = hashValueOf(held.db, held.entry);
    const before = held.db.keyspace.heap.usedBytes;
    let slices = 1;
    while (!value.releaseSome()) slices++;
    expect(slices).toBeGreaterThan(10);
    expect(held.db.keyspace.heap.usedBytes).toBeLessThan(before - 10_000 * 16);
  });
});
