import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keySlot } from '../../src/core/key-slot.ts';
import type { Database } from '../../src/data/database.ts';
import { NONE } from '../../src/data/heap.ts';
import { Keyspace } from '../../src/data/keyspace.ts';
import { Prng } from '../../src/host/prng.ts';

const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');
const slotOf = (key: string): number => keySlot(bytesOf(key), 0, key.length);

function start(): { keyspace: Keyspace; db: Database } {
  const keyspace = new Keyspace(2, new Prng(7));
  keyspace.setTime(1_000_000);
  const db = keyspace.databases[0]!;
  db.indexSlots();
  return { keyspace, db };
}

function set(db: Database, key: string, length = 1): void {
  const k = bytesOf(key);
  db.setString(k, 0, k.length, Buffer.alloc(length), 0, length, true);
}

function remove(db: Database, key: string): void {
  const entry = db.stored(bytesOf(key), 0, key.length);
  if (entry !== NONE) db.remove(entry);
}

function keysOf(db: Database, slot: number): string[] {
  const keys: string[] = [];
  const slots = db.slots!;
  for (let at = slots.newest(slot); at !== NONE; at = slots.older(at)) keys.push(db.keyOf(at).toString('latin1'));
  return keys;
}

/** Names in three slots, the tags of which are "0", "1" and "2". */
const names = fc.tuple(fc.nat(2), fc.nat(5)).map(([tag, name]) => `{${tag}}${name}`);
const steps = fc.array(fc.tuple(fc.constantFrom('set', 'grow', 'remove', 'expire', 'flush', 'swap', 'rename'), names), {
  maxLength: 80,
});

describe('SlotIndex', () => {
  it('lists the keys of a slot, the newest first', () => {
    const { db } = start();
    for (const key of ['{a}1', 'b', '{a}2', '{a}3']) set(db, key);
    expect(keysOf(db, slotOf('a'))).toEqual(['{a}3', '{a}2', '{a}1']);
    expect(db.slots!.count(slotOf('a'))).toBe(3);
    expect(db.slots!.count(slotOf('nothing'))).toBe(0);
  });

  it('takes in what was there before it', () => {
    const keyspace = new Keyspace(1, new Prng(1));
    const db = keyspace.databases[0]!;
    for (let i = 0; i < 500; i++) set(db, `{x}${i}`);
    db.indexSlots();
    expect(db.slots!.count(slotOf('x'))).toBe(500);
    expect(keysOf(db, slotOf('x')).sort()).toEqual(Array.from({ length: 500 }, (_, i) => `{x}${i}`).sort());
  });

  it('agrees with a model after any changes, and counts its memory', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const { keyspace, db } = start();
        let model: string[] = [];
        const without = (key: string): string[] => model.filter((other) => other !== key);
        for (const [what, key] of all) {
          if (what === 'set' || what === 'grow') {
            if (!model.includes(key)) model.unshift(key);
            set(db, key, what === 'set' ? 1 : 3000);
          } else if (what === 'remove') {
            remove(db, key);
            model = without(key);
          } else if (what === 'expire') {
            const entry = db.write(bytesOf(key), 0, key.length);
            if (entry !== NONE) db.setExpiry(entry, 5_000_000);
          } else if (what === 'rename') {
            const entry = db.write(bytesOf(key), 0, key.length);
            if (entry !== NONE && key !== '{0}0') {
              db.moveTo(entry, db, bytesOf('{0}0'), 0, 4);
              model = ['{0}0', ...without(key).filter((other) => other !== '{0}0')];
            }
          } else if (what === 'flush') {
            keyspace.clear();
            model = [];
          } else {
            db.swap(keyspace.databases[1]!);
            db.swap(keyspace.databases[1]!);
          }
        }
        for (const tag of ['0', '1', '2']) {
          const expected = model.filter((key) => slotOf(key) === slotOf(tag));
          expect(keysOf(db, slotOf(tag))).toEqual(expected);
          expect(db.slots!.count(slotOf(tag))).toBe(expected.length);
        }
        const expectedBytes = db.tableBytes + model.length * 8;
        expect(keyspace.heap.tableBytes - keyspace.databases[1]!.tableBytes).toBe(expectedBytes);
      }),
      { numRuns: 300 },
    );
  });

  it('begins anew when its database is emptied', () => {
    const { db } = start();
    for (let i = 0; i < 100; i++) set(db, `{a}${i}`);
    const free = db.empty();
    expect(db.slots!.size).toBe(0);
    set(db, '{a}new');
    while (!free());
    expect(keysOf(db, slotOf('a'))).toEqual(['{a}new']);
  });
});
