import { beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../src/data/database.ts';
import { ActiveExpiry } from '../../src/data/expire-cycle.ts';
import { Keyspace } from '../../src/data/keyspace.ts';
import { Prng } from '../../src/host/prng.ts';

const NOW = 1_000_000;

/** A clock that moves on by `stepUs` each time it is read. */
class SteppingClock {
  nowUs = 0;
  stepUs = 0;
  readings = 0;

  monotonicUs(): number {
    this.readings++;
    return (this.nowUs += this.stepUs);
  }
}

let keyspace: Keyspace;
let db: Database;
let clock: SteppingClock;
let options: { effort: number; hz: number };
let expiry: ActiveExpiry;

beforeEach(() => {
  keyspace = new Keyspace(20, new Prng(3));
  keyspace.setTime(NOW);
  db = keyspace.databases[0]!;
  clock = new SteppingClock();
  options = { effort: 1, hz: 10 };
  expiry = new ActiveExpiry(keyspace, clock, options);
});

/** Keys with the given time to live; negative: passed. */
function add(count: number, ttlMs: number, database = db, name = 'key'): void {
  for (let i = 0; i < count; i++) {
    const key = Buffer.from(`${name}:${ttlMs}:${i}`);
    database.setExpiry(database.setString(key, 0, key.length, key, 0, 0), NOW + ttlMs);
  }
}

describe('the slow expire cycle', () => {
  it('removes all keys whose time has passed, when there are no others', () => {
    const seen: string[] = [];
    keyspace.observer = { expired: (_db, key) => seen.push(key.toString()) };
    add(1000, -1);
    add(3, 0, keyspace.databases[7]);
    expiry.slowCycle();
    expect(db.size).toBe(0);
    expect(keyspace.statistics.expired).toBe(1000);
    expect(new Set(seen).size).toBe(1000);
    expect(keyspace.databases[7]!.size).toBe(3);
  });

  it('is content with a tenth of stale keys', () => {
    add(10_000, 1000);
    add(500, -1);
    for (let i = 0; i < 50; i++) expiry.slowCycle();
    expect(db.size).toBeGreaterThan(10_000);
    const before = db.size;
    for (let i = 0; i < 2000; i++) expiry.slowCycle();
    expect(db.size).toBeLessThan(before);
    expect(db.size).toBe(10_000);
  });

  it('looks at 20 keys of a database that is clean, at more with more effort', () => {
    add(1000, 1000);
    expiry.slowCycle();
    expect(db.expireCursor).toBe(20);
    options.effort = 10;
    expiry.slowCycle();
    expect(db.expireCursor).toBe(20 + 65);
  });

  it('with more effort leaves fewer stale keys', () => {
    const [little, much] = [1, 10].map((effort) => {
      keyspace.clear();
      options.effort = effort;
      add(20_000, 1000);
      add(6000, -1);
      for (let i = 0; i < 5; i++) expiry.slowCycle();
      return db.size - 20_000;
    });
    expect(little).toBeGreaterThan(5000);
    expect(much).toBeLessThan(1000);
  });

  it('stops when its share of the time is up, and goes on with the next database', () => {
    add(5000, -1);
    add(5000, -1, keyspace.databases[1]);
    clock.stepUs = 30_000; // 25 % of a tenth of a second are 25 ms.
    expiry.slowCycle();
    expect(expiry.timeCapReachedCount).toBe(1);
    expect(expiry.isBehind).toBe(true);
    expect(db.size).toBe(5000 - 16 * 20);
    expect(keyspace.databases[1]!.size).toBe(5000);
    expiry.slowCycle();
    expect(expiry.timeCapReachedCount).toBe(2);
    expect(db.size).toBe(5000 - 16 * 20);
    expect(keyspace.databases[1]!.size).toBe(5000 - 16 * 20);
    expect(expiry.timeUsedUs).toBeGreaterThan(50_000);
  });

  it('visits at most 16 databases, the next ones next time', () => {
    add(10, -1, keyspace.databases[18]);
    expiry.slowCycle();
    expect(keyspace.databases[18]!.size).toBe(10);
    expiry.slowCycle();
    expect(keyspace.databases[18]!.size).toBe(0);
  });

  it('estimates how many keys are stale', () => {
    expect(expiry.staleShare).toBe(0);
    add(20, -1);
    expiry.slowCycle();
    expect(expiry.staleShare).toBeCloseTo(0.05);
    add(20, 1000);
    expiry.slowCycle();
    expect(expiry.staleShare).toBeCloseTo(0.0475);
  });

  it('estimates the average time to live, and forgets it when no key has one', () => {
    add(100, 5000);
    for (let i = 0; i < 5; i++) expiry.slowCycle();
    expect(db.averageTtlMs).toBe(5000);
    keyspace.setTime(NOW + 6000);
    expiry.slowCycle();
    expect(db.volatileSize).toBe(0);
    expect(db.averageTtlMs).toBe(0);
  });

  it('does nothing where keys are not to be removed', () => {
    add(100, -1);
    keyspace.expires = false;
    expiry.slowCycle();
    expect(db.size).toBe(100);
    keyspace.expires = true;
    keyspace.frozen = true;
    expiry.slowCycle();
    expect(db.size).toBe(100);
    keyspace.frozen = false;
    expiry.slowCycle();
    expect(db.size).toBe(0);
  });
});

describe('the fast expire cycle', () => {
  it('runs only after a cycle that ran out of time', () => {
    add(100, -1);
    expiry.fastCycle();
    expect(db.size).toBe(100);
    add(10_000, -2);
    clock.stepUs = 30_000;
    expiry.slowCycle();
    const before = db.size;
    expiry.fastCycle();
    expect(db.size).toBeLessThan(before);
  });

  it('ends after a millisecond, and is not repeated for two', () => {
    keyspace = new Keyspace(1, new Prng(3));
    keyspace.setTime(NOW);
    db = keyspace.databases[0]!;
    expiry = new ActiveExpiry(keyspace, clock, options);
    add(20_000, -1);
    clock.stepUs = 30_000;
    expiry.slowCycle();
    clock.stepUs = 100;
    const removed = Array.from({ length: 9 }, () => {
      const before = db.size;
      expiry.fastCycle();
      return before - db.size;
    });
    // The clock is read every 16 loops of 20 keys; each reading takes a tenth of a millisecond.
    expect(removed).toEqual([11 * 16 * 20, 0, 0, 0, 0, 0, 0, 0, 11 * 16 * 20]);
  });
});
