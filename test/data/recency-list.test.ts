import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Database } from '../../src/data/database.ts';
import { NONE } from '../../src/data/heap.ts';
import { Keyspace, type UsesOrdered } from '../../src/data/keyspace.ts';
import { orderInSlices } from '../../src/data/order-uses.ts';
import { Prng } from '../../src/host/prng.ts';

const START_MS = 1_000_000_000;
const ROUNDS = 300;

function start(ordered: UsesOrdered): { keyspace: Keyspace; db: Database } {
  const keyspace = new Keyspace(2, new Prng(7));
  keyspace.setTime(START_MS);
  keyspace.orderUses(ordered);
  return { keyspace, db: keyspace.databases[0]! };
}

const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');

function set(db: Database, key: string, length = 1): number {
  const k = bytesOf(key);
  return db.setString(k, 0, k.length, Buffer.alloc(length), 0, length, true);
}

function find(db: Database, key: string, how: 'read' | 'write' | 'peek'): number {
  const k = bytesOf(key);
  return db[how](k, 0, k.length);
}

/** Removes all, the least recently used first, and tells their order. */
function drain(db: Database): string[] {
  const order: string[] = [];
  for (let entry = db.recent!.oldest; entry !== NONE; entry = db.recent!.oldest) {
    order.push(db.keyOf(entry).toString('latin1'));
    db.remove(entry);
  }
  return order;
}

type Step = readonly [what: 'set' | 'read' | 'grow' | 'remove' | 'expire' | 'persist' | 'swap', key: number];

const steps = fc.array(
  fc.tuple(fc.constantFrom('set', 'read', 'grow', 'remove', 'expire', 'persist', 'swap'), fc.nat(11)),
  { maxLength: 120 },
) as fc.Arbitrary<Step[]>;

/** What a Map knows of the order: the last one to be inserted is the newest. */
class Model {
  readonly order = new Map<string, boolean>();

  use(key: string, isVolatile = this.order.get(key) ?? false): void {
    this.order.delete(key);
    this.order.set(key, isVolatile);
  }

  keys(ordered: UsesOrdered): string[] {
    return [...this.order].filter(([, isVolatile]) => ordered === 'all' || isVolatile).map(([key]) => key);
  }
}

function play(db: Database, model: Model, [what, number]: Step): void {
  const key = `key:${number}`;
  const isThere = model.order.has(key);
  if (what === 'set' || what === 'grow') {
    set(db, key, what === 'set' ? 1 : 40 * (number + 1));
    model.use(key);
  } else if (what === 'swap') {
    for (let times = 2; times > 0; times--) db.swap(db.keyspace.databases[1]!);
  } else if (isThere) {
    const entry = find(db, key, what === 'read' ? 'read' : 'write');
    model.use(key);
    if (what === 'remove') {
      db.remove(entry);
      model.order.delete(key);
    } else if (what === 'expire') {
      db.setExpiry(entry, START_MS * 2);
      model.use(key, true);
    } else if (what === 'persist') {
      db.clearExpiry(entry);
      model.use(key, false);
    }
  }
}

describe('the order of use', () => {
  for (const ordered of ['all', 'volatile'] as const) {
    it(`is that of a Map, for ${ordered} entries, whatever is done with them`, () => {
      fc.assert(
        fc.property(steps, (sequence) => {
          const { db } = start(ordered);
          const model = new Model();
          for (const step of sequence) play(db, model, step);
          const expected = model.keys(ordered);
          expect(db.recent!.size).toBe(expected.length);
          expect(drain(db)).toEqual(expected);
        }),
        { numRuns: ROUNDS },
      );
    });
  }

  it('is not kept, and costs nothing, while nobody wants it', () => {
    const { db, keyspace } = start('none');
    set(db, 'k');
    expect(db.recent).toBeNull();
    expect(keyspace.recordsUse).toBe(false);
    const before = keyspace.usedBytes;
    keyspace.orderUses('all');
    expect(keyspace.usedBytes).toBe(before);
    set(db, 'k');
    expect(keyspace.usedBytes).toBe(before + 8);
  });

  it('begins with what was there before, by whole seconds, while the server goes on', () => {
    const { db, keyspace } = start('none');
    const ages = [0, 1, 2, 7, 8, 9, 100, 1000, 100_000];
    for (const age of ages) {
      keyspace.setTime(START_MS - age * 1000);
      set(db, `${age}s`);
    }
    keyspace.setTime(START_MS);
    keyspace.orderUses('all');
    find(db, '1000s', 'read');
    const next = orderInSlices(db);
    while (!next());
    expect(drain(db)).toEqual(['100000s', '100s', '9s', '8s', '7s', '2s', '1s', '0s', '1000s']);
  });

  it('lists in slices, and survives that all is thrown away meanwhile', () => {
    const { db, keyspace } = start('none');
    for (let i = 0; i < 5000; i++) set(db, `key:${i}`);
    keyspace.orderUses('all');
    const next = orderInSlices(db);
    expect(next()).toBe(false);
    const listed = db.recent!.size;
    expect(listed).toBeGreaterThan(0);
    expect(listed).toBeLessThan(5000);
    keyspace.clear();
    expect(next()).toBe(true);
    expect(db.recent!.size).toBe(0);
    set(db, 'new');
    expect(drain(db)).toEqual(['new']);
  });

  it('takes entries that come with an idle time as older than all that was used', () => {
    const { db, keyspace } = start('all');
    for (const key of ['a', 'b', 'c']) set(db, key);
    db.setUsage(find(db, 'b', 'peek'), (keyspace.recency - 10) & 0xff_ffff);
    db.setUsage(find(db, 'c', 'peek'), (keyspace.recency - 500) & 0xff_ffff);
    expect(drain(db)).toEqual(['c', 'b', 'a']);
  });

  it('follows entries into pages of other sizes', () => {
    const { db } = start('all');
    for (let round = 0; round < 6; round++) {
      const size = 20 << (2 * round);
      for (let i = 0; i < 400; i++) set(db, `key:${i}`, size);
    }
    expect(drain(db)).toEqual(Array.from({ length: 400 }, (_, i) => `key:${i}`));
  });
});
