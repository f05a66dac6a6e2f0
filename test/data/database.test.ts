import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Database, NO_EXPIRY } from '../../src/data/database.ts';
import { NONE } from '../../src/data/heap.ts';
import { Keyspace } from '../../src/data/keyspace.ts';
import { KIND, type LargeValue } from '../../src/data/value.ts';
import { Prng } from '../../src/host/prng.ts';

let keyspace: Keyspace;
let db: Database;

beforeEach(() => {
  keyspace = new Keyspace(3, new Prng(5));
  keyspace.setTime(1_000_000);
  db = keyspace.databases[0]!;
});

const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');

function set(database: Database, key: string, value: string, keepExpiry = false, roomy = false): number {
  const k = bytesOf(key);
  const v = bytesOf(`<${value}>`);
  return database.setString(k, 0, k.length, v, 1, v.length - 1, keepExpiry, roomy);
}

type Lookup = 'read' | 'look' | 'write' | 'exists' | 'stored' | 'peek';

function find(database: Database, key: string, how: Lookup = 'peek'): number {
  const k = bytesOf(key);
  return database[how](k, 0, k.length);
}

function textOf(database: Database, key: string): string | null {
  const entry = find(database, key);
  return entry === NONE ? null : database.view(entry).toString('latin1');
}

/** A large value that holds one block per element. */
class Pile implements LargeValue {
  readonly kind = KIND.set;
  readonly encoding = 'pile';
  readonly overheadBytes = 100;
  readonly blocks: number[];
  slices = 0;

  constructor(size: number) {
    this.blocks = Array.from({ length: size }, () => keyspace.heap.allocate(40));
  }

  get size(): number {
    return this.blocks.length;
  }

  clone(): Pile {
    return new Pile(this.size);
  }

  releaseSome(): boolean {
    this.slices++;
    for (const block of this.blocks.splice(-10)) keyspace.heap.free(block);
    return this.blocks.length === 0;
  }
}

function setPile(key: string, size: number): Pile {
  const pile = new Pile(size);
  const k = bytesOf(key);
  db.setObject(k, 0, k.length, pile);
  return pile;
}

describe('a database', () => {
  interface Expected {
    value: string;
    expiry: number;
  }

  const keyNames = fc.oneof(
    { weight: 8, arbitrary: fc.nat(12).map((n) => `k${n}`) },
    { weight: 1, arbitrary: fc.nat(2).map((n) => 'long'.repeat(80) + n) },
  );
  const lengths = fc.oneof(
    { weight: 6, arbitrary: fc.nat(40) },
    { weight: 2, arbitrary: fc.nat(3000) },
    { weight: 1, arbitrary: fc.integer({ min: 32_000, max: 70_000 }) },
  );
  const delays = fc.integer({ min: -50, max: 500 });
  const times = fc.oneof(
    delays,
    fc.constantFrom(2 ** 40, -(2 ** 33), 2 ** 53 - 1, 4_294_967_296).map((t) => t - 1_000_000),
  );
  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        op: fc.constant('set' as const),
        key: keyNames,
        length: lengths,
        keep: fc.boolean(),
        roomy: fc.boolean(),
      }),
    },
    { weight: 2, arbitrary: fc.record({ op: fc.constant('remove' as const), key: keyNames }) },
    { weight: 4, arbitrary: fc.record({ op: fc.constant('expiry' as const), key: keyNames, time: times }) },
    { weight: 2, arbitrary: fc.record({ op: fc.constant('persist' as const), key: keyNames }) },
    { weight: 3, arbitrary: fc.record({ op: fc.constant('resize' as const), key: keyNames, length: lengths }) },
    { weight: 2, arbitrary: fc.record({ op: fc.constant('overwrite' as const), key: keyNames, length: lengths }) },
    { weight: 2, arbitrary: fc.record({ op: fc.constant('copy' as const), key: keyNames, to: keyNames }) },
    { weight: 2, arbitrary: fc.record({ op: fc.constant('move' as const), key: keyNames, to: keyNames }) },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('lend' as const), key: keyNames }) },
    { weight: 2, arbitrary: fc.record({ op: fc.constant('time' as const), ms: fc.nat(100) }) },
  );
  type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

  /** Plays steps on a database and on a Map. */
  class Play {
    readonly model = new Map<string, Expected>();
    readonly lent: { view: Buffer; copy: Buffer }[] = [];
    count = 0;

    live(key: string): Expected | undefined {
      const found = this.model.get(key);
      if (found === undefined || found.expiry === NO_EXPIRY || found.expiry >= keyspace.nowMs) return found;
      return undefined;
    }

    play(action: Step): void {
      if (action.op === 'time') keyspace.setTime(keyspace.nowMs + action.ms);
      else if (action.op === 'set') this.set(action.key, action.length, action.keep, action.roomy);
      else {
        const entry = find(db, action.key, 'write');
        const expected = this.live(action.key);
        expect(entry === NONE).toBe(expected === undefined);
        if (expected === undefined) this.model.delete(action.key);
        else this.change(action, entry, expected);
      }
    }

    content(length: number): string {
      return String.fromCharCode(97 + (this.count++ % 26)).repeat(length);
    }

    set(key: string, length: number, keep: boolean, roomy: boolean): void {
      const expiry = keep ? (this.live(key)?.expiry ?? NO_EXPIRY) : NO_EXPIRY;
      const value = this.content(length);
      set(db, key, value, keep, roomy);
      this.model.set(key, { value, expiry });
    }

    change(action: Exclude<Step, { op: 'time' | 'set' }>, entry: number, expected: Expected): void {
      if (action.op === 'remove') {
        db.remove(entry);
        this.model.delete(action.key);
      } else if (action.op === 'expiry') {
        expected.expiry = keyspace.nowMs + action.time;
        db.setExpiry(entry, expected.expiry);
      } else if (action.op === 'persist') {
        expect(db.clearExpiry(entry)).toBe(expected.expiry !== NO_EXPIRY);
        expected.expiry = NO_EXPIRY;
      } else if (action.op === 'resize') {
        db.resizeString(entry, action.length, true);
        expected.value = expected.value.slice(0, action.length).padEnd(action.length, '\0');
      } else if (action.op === 'overwrite') {
        expected.value = this.content(action.length);
        const written = db.overwriteWithString(entry, action.length, true);
        db.view(written).write(expected.value, 'latin1');
      } else if (action.op === 'lend') {
        if (keyspace.heap.lend(entry)) this.lent.push({ view: db.view(entry), copy: Buffer.from(db.view(entry)) });
      } else if (action.key !== action.to) {
        const to = bytesOf(action.to);
        db[action.op === 'copy' ? 'copyTo' : 'moveTo'](entry, db, to, 0, to.length);
        this.model.set(action.to, { ...expected });
        if (action.op === 'move') this.model.delete(action.key);
      }
    }

    check(): void {
      for (const [key, expected] of this.model) {
        const entry = find(db, key);
        if (this.live(key) === undefined) {
          expect(entry, key).toBe(NONE);
          continue;
        }
        expect(db.keyOf(entry).toString('latin1')).toBe(key);
        expect(db.view(entry).toString('latin1') === expected.value, `value of ${key}`).toBe(true);
        expect(db.expiryOf(entry)).toBe(expected.expiry);
      }
      let recordBytes = 0;
      let count = 0;
      db.dict.forEach((entry) => {
        recordBytes += db.recordBytes(entry);
        count++;
        expect(this.model.has(db.keyOf(entry).toString('latin1'))).toBe(true);
      });
      expect(count).toBe(db.size);
      expect(db.size).toBe(this.model.size);
      expect(db.volatileSize).toBe([...this.model.values()].filter(({ expiry }) => expiry !== NO_EXPIRY).length);
      for (let i = 0; i < db.volatileSize; i++) expect(db.expiryOf(db.volatile.at(i))).not.toBe(NO_EXPIRY);
      expect(keyspace.usedBytes).toBe(recordBytes + keyspace.databases.reduce((sum, d) => sum + d.tableBytes, 0));
      for (const { view, copy } of this.lent) expect(view.equals(copy)).toBe(true);
    }
  }

  it('holds what a Map with expire times holds, and counts its bytes exactly', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150, size: 'max' }), (script) => {
        keyspace = new Keyspace(2, new Prng(5));
        keyspace.setTime(1_000_000);
        db = keyspace.databases[0]!;
        const play = new Play();
        for (const action of script) play.play(action);
        play.check();
        for (const key of play.model.keys()) {
          const entry = find(db, key, 'write');
          if (entry !== NONE) db.remove(entry);
        }
        expect(keyspace.heap.usedBytes).toBe(0);
        expect(db.volatileSize).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('keeps the record where it is when an expire time comes and goes again', () => {
    const first = db.setExpiry(set(db, 'k', 'v'), 2_000_000);
    expect(db.clearExpiry(first)).toBe(true);
    expect(db.clearExpiry(first)).toBe(false);
    expect(db.expiryOf(first)).toBe(NO_EXPIRY);
    expect(db.setExpiry(first, 3_000_000)).toBe(first);
    expect(set(db, 'k', 'w')).toBe(first);
    expect(db.expiryOf(first)).toBe(NO_EXPIRY);
    const announced = set(db, 'other', 'v', false, true);
    expect(db.setExpiry(announced, 2_000_000)).toBe(announced);
  });

  it('never copies a long value to give it an expire time', () => {
    const entry = set(db, 'k', 'x'.repeat(100_000));
    const page = db.bytes(entry);
    expect(db.setExpiry(entry, 2_000_000)).toBe(entry);
    expect(db.bytes(entry)).toBe(page);
  });

  it('keeps expire times over the whole of int64', () => {
    keyspace.frozen = true;
    let entry = set(db, 'k', 'v');
    for (const time of [0, -5, -(2 ** 32), 2 ** 32, 2 ** 53 - 1, -(2 ** 53) + 1]) {
      entry = db.setExpiry(entry, time);
      expect([db.expiryOf(entry), db.exactExpiryOf(entry)]).toEqual([time, time]);
    }
    for (const time of [9007199254740993n, -9223372036854775808n, 9223372036854775807n]) {
      entry = db.setExpiry(entry, time);
      expect(db.exactExpiryOf(entry)).toBe(time);
      expect(db.expiryOf(entry)).toBe(Number(time));
    }
    keyspace.frozen = false;
    expect(find(db, 'k', 'read')).toBe(entry);
    const copy = db.copyTo(entry, keyspace.databases[1]!, bytesOf('copy'), 0, 4);
    expect(db.exactExpiryOf(copy)).toBe(9223372036854775807n);
  });

  it('forgets how the string was made when it is overwritten', () => {
    let entry = db.resizeString(set(db, 'k', '1'), 2, true);
    expect(db.isRaw(entry)).toBe(true);
    entry = db.overwriteWithString(entry, 2, true);
    expect(db.isRaw(entry)).toBe(false);
    db.markAsText(entry);
    expect(db.isText(entry)).toBe(true);
    entry = db.resizeString(entry, 3, true);
    expect(db.isText(entry)).toBe(false);
    entry = set(db, 'k', '1');
    expect(db.isRaw(entry)).toBe(false);
  });

  it('lets a string grow byte by byte without copying it each time', () => {
    let entry = set(db, 'k', '');
    let moves = 0;
    for (let length = 1; length <= 20_000; length++) {
      const grown = db.resizeString(entry, length, true);
      if (grown !== entry) moves++;
      entry = grown;
    }
    expect(moves).toBeLessThan(25);
    expect(db.view(entry).every((byte) => byte === 0)).toBe(true);
  });

  it('gives a block back when a long value is replaced by a short one', () => {
    set(db, 'k', 'x'.repeat(10_000));
    set(db, 'k', 'short');
    expect(keyspace.heap.usedBytes).toBeLessThan(100);
  });
});

describe('lookups', () => {
  it.each([
    ['read', { hits: 1, misses: 1 }, true],
    ['look', { hits: 1, misses: 1 }, false],
    ['write', { hits: 0, misses: 0 }, true],
    ['exists', { hits: 0, misses: 0 }, false],
    ['stored', { hits: 0, misses: 0 }, false],
    ['peek', { hits: 0, misses: 0 }, false],
  ] as const)('%s counts what it should', (how, { hits, misses }, used) => {
    set(db, 'k', 'v');
    keyspace.setTime(9_000_000);
    const entry = find(db, 'k', how);
    expect(entry).not.toBe(NONE);
    expect(find(db, 'absent', how)).toBe(NONE);
    expect(keyspace.statistics).toMatchObject({ hits, misses });
    expect(db.usage(entry)).toBe(used ? 9000 : 1000);
  });

  it.each([
    ['read', true],
    ['look', true],
    ['write', true],
    ['exists', true],
    ['stored', true],
    ['peek', false],
  ] as const)('%s finds no entry whose time has passed', (how, removes) => {
    const expired: string[] = [];
    keyspace.observer = { expired: (_db, key) => expired.push(key.toString()) };
    db.setExpiry(set(db, 'k', 'v'), 1_000_500);
    keyspace.setTime(1_000_500);
    expect(find(db, 'k', how)).not.toBe(NONE);
    keyspace.setTime(1_000_501);
    expect(find(db, 'k', how)).toBe(NONE);
    expect(db.size).toBe(removes ? 0 : 1);
    expect(expired).toEqual(removes ? ['k'] : []);
    expect(keyspace.statistics.expired).toBe(removes ? 1 : 0);
  });

  it.each([
    ['read', NONE, 1],
    ['look', NONE, 1],
    ['write', NONE, 0],
    ['exists', NONE, 1],
    ['peek', NONE, 1],
  ] as const)('%s hides such an entry where the master removes it', (how, found, left) => {
    db.setExpiry(set(db, 'k', 'v'), 500);
    keyspace.expires = false;
    expect(find(db, 'k', how)).toBe(found);
    expect(db.size).toBe(left);
  });

  it('store over an expired key instead of beside it, where the master removes keys', () => {
    db.setExpiry(set(db, 'k', 'old'), 500);
    keyspace.expires = false;
    set(db, 'k', 'new');
    expect(db.size).toBe(1);
    expect(textOf(db, 'k')).toBe('new');
  });

  it('find an expired key to remove it, where the master says so', () => {
    db.setExpiry(set(db, 'k', 'old'), 500);
    keyspace.expires = false;
    db.remove(find(db, 'k', 'stored'));
    expect(db.size).toBe(0);
  });

  it('see no key as expired while the dataset is loaded', () => {
    db.setExpiry(set(db, 'k', 'v'), 500);
    keyspace.frozen = true;
    expect(find(db, 'k', 'read')).not.toBe(NONE);
    keyspace.frozen = false;
    expect(find(db, 'k', 'read')).toBe(NONE);
  });

  it('store under the right key although an observer looks for others meanwhile', () => {
    for (let i = 0; i < 50; i++) set(db, `other:${i}`, 'x');
    keyspace.observer = { expired: () => void find(db, 'other:1') };
    db.setExpiry(set(db, 'k', 'old'), 500);
    set(db, 'k', 'new');
    expect(textOf(db, 'k')).toBe('new');
    expect(db.size).toBe(51);
  });

  it('report misses and new keys only while somebody wants to know', () => {
    const heard: string[] = [];
    keyspace.observer = {
      expired: () => {},
      missed: (_db, bytes, start, end) => heard.push(`missed ${bytesToText(bytes, start, end)}`),
      created: (_db, kind, bytes, start, end) => heard.push(`new ${kind} ${bytesToText(bytes, start, end)}`),
    };
    find(db, 'a', 'read');
    set(db, 'a', '1');
    expect(heard).toEqual([]);
    keyspace.reportsMisses = true;
    keyspace.reportsCreations = true;
    find(db, 'b', 'read');
    find(db, 'b', 'look');
    find(db, 'b', 'write');
    set(db, 'b', '1');
    set(db, 'b', '2');
    setPile('c', 1);
    expect(heard).toEqual(['missed b', 'missed b', 'new 0 b', 'new 2 c']);
  });
});

function bytesToText(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.subarray(start, end)).toString();
}

describe('large values', () => {
  it('are released when they are removed or overwritten, and leave nothing behind', () => {
    const removed = setPile('a', 30);
    const replaced = setPile('b', 30);
    const replacedByPile = setPile('c', 30);
    const expired = setPile('d', 30);
    db.remove(find(db, 'a'));
    set(db, 'b', 'v');
    setPile('c', 0);
    db.setExpiry(find(db, 'd'), 5);
    find(db, 'd', 'exists');
    expect([removed.size, replaced.size, replacedByPile.size, expired.size]).toEqual([0, 0, 0, 0]);
    expect(textOf(db, 'b')).toBe('v');
    db.remove(find(db, 'b'));
    db.remove(find(db, 'c'));
    expect(keyspace.heap.usedBytes).toBe(0);
  });

  it('keep their expire time, or lose it, when they are stored over a key', () => {
    const k = bytesOf('k');
    db.setExpiry(set(db, 'k', 'v'.repeat(5000)), 2_000_000);
    const kept = db.setObject(k, 0, 1, new Pile(1), true);
    expect(db.expiryOf(kept)).toBe(2_000_000);
    expect(db.kind(kept)).toBe(KIND.set);
    const cleared = db.setObject(k, 0, 1, new Pile(2));
    expect(db.expiryOf(cleared)).toBe(NO_EXPIRY);
    expect(db.object(cleared).size).toBe(2);
    expect(db.volatileSize).toBe(0);
  });

  it('stay the same object when their key gets an expire time or a new name', () => {
    const pile = setPile('k', 3);
    const entry = db.setExpiry(find(db, 'k'), 2_000_000);
    expect(db.object(entry)).toBe(pile);
    const other = keyspace.databases[1]!;
    set(other, 'new', 'gone');
    const moved = db.moveTo(entry, other, bytesOf('new'), 0, 3);
    expect(other.object(moved)).toBe(pile);
    expect(other.expiryOf(moved)).toBe(2_000_000);
    expect(other.size).toBe(1);
    expect(db.size).toBe(0);
    expect(db.volatileSize).toBe(0);
    expect(pile.slices).toBe(0);
  });

  it('do not use up numbers when they are moved', () => {
    setPile('a', 1);
    for (let i = 0; i < 10; i++) {
      db.moveTo(find(db, 'a'), db, bytesOf('b'), 0, 1);
      db.moveTo(find(db, 'b'), db, bytesOf('a'), 0, 1);
    }
    expect(keyspace.values.add(new Pile(0))).toBeLessThan(3);
  });

  it('are cloned by a copy', () => {
    const pile = setPile('a', 5);
    const copy = db.copyTo(find(db, 'a'), db, bytesOf('b'), 0, 1);
    expect(db.object(copy)).not.toBe(pile);
    expect(db.object(copy).size).toBe(5);
    db.remove(find(db, 'a'));
    expect(db.object(find(db, 'b')).size).toBe(5);
  });

  it('are freed later where the reclaimer says so, if they are large enough', () => {
    const pending: (() => boolean)[] = [];
    keyspace.reclaimer = {
      isLazy: (removal) => removal === 'unlink',
      freeLater: (free) => pending.push(free),
      freeRest: (free) => pending.push(free),
    };
    const small = setPile('small', 64);
    const large = setPile('large', 65);
    const eager = setPile('eager', 65);
    db.remove(find(db, 'small'), 'unlink');
    db.remove(find(db, 'large'), 'unlink');
    db.remove(find(db, 'eager'), 'user');
    expect([small.size, large.size, eager.size]).toEqual([0, 65, 0]);
    expect(pending).toHaveLength(1);
    while (!pending[0]!());
    expect(large.slices).toBe(7);
    expect(keyspace.heap.usedBytes).toBe(0);
  });

  it('are freed at once as far as that takes no time, and the rest later', () => {
    const rest: (() => boolean)[] = [];
    const freeLater = (): never => expect.unreachable('nobody asked for laziness');
    keyspace.reclaimer = { isLazy: () => false, freeLater, freeRest: (free) => rest.push(free) };
    const pile = setPile('pile', 1000);
    set(db, 'pile', 'v');
    expect(pile.size).toBe(1000 - 320);
    while (!rest[0]!());
    expect(pile.size).toBe(0);
    expect(rest).toHaveLength(1);
  });
});

describe('a whole database', () => {
  it('is emptied at once and freed in slices, with the large values in it', () => {
    for (let i = 0; i < 3000; i++) set(db, `key:${i}`, 'v');
    for (let i = 0; i < 30; i++) setPile(`pile:${i}`, 25);
    for (let i = 0; i < 10; i++) db.setExpiry(find(db, `key:${i}`), 2_000_000);
    set(keyspace.databases[1]!, 'other', 'stays');
    const before = keyspace.heap.usedBytes;
    const free = db.empty();
    expect([db.size, db.volatileSize]).toEqual([0, 0]);
    expect(keyspace.heap.usedBytes).toBe(before);
    let calls = 1;
    while (!free()) calls++;
    expect(calls).toBeGreaterThan(5);
    const other = keyspace.databases[1]!;
    expect(keyspace.heap.usedBytes).toBe(other.recordBytes(find(other, 'other')));
    set(db, 'new', 'v');
    expect(textOf(db, 'new')).toBe('v');
  });

  it('trades places with another', () => {
    const other = keyspace.databases[1]!;
    db.setExpiry(set(db, 'mine', '1'), 2_000_000);
    set(other, 'theirs', '2');
    db.averageTtlMs = 7;
    db.swap(other);
    expect([textOf(db, 'theirs'), textOf(db, 'mine')]).toEqual(['2', null]);
    expect([textOf(other, 'mine'), textOf(other, 'theirs')]).toEqual(['1', null]);
    expect([db.volatileSize, other.volatileSize]).toEqual([0, 1]);
    expect([db.averageTtlMs, other.averageTtlMs]).toEqual([0, 7]);
  });

  it('is cleared with all others', () => {
    set(db, 'a', '1');
    set(keyspace.databases[2]!, 'b', '2');
    keyspace.clear();
    expect([keyspace.size, keyspace.usedBytes]).toEqual([0, 0]);
    set(db, 'a', '3');
    expect(textOf(db, 'a')).toBe('3');
  });

  it('draws random keys, and removes those that it finds expired', () => {
    for (let i = 0; i < 20; i++) set(db, `stays:${i}`, 'v');
    for (let i = 0; i < 200; i++) db.setExpiry(set(db, `gone:${i}`, 'v'), 5);
    const drawn = new Set<string>();
    for (let i = 0; i < 500; i++) drawn.add(db.keyOf(db.random()).toString());
    expect([...drawn].every((key) => key.startsWith('stays:'))).toBe(true);
    expect(drawn.size).toBe(20);
    expect(db.size).toBeLessThan(220);
  });

  it('gives up the search for a random key where all may have expired and it removes none', () => {
    for (let i = 0; i < 5; i++) db.setExpiry(set(db, `gone:${i}`, 'v'), 5);
    keyspace.expires = false;
    expect(db.random()).not.toBe(NONE);
    expect(db.size).toBe(5);
  });
});
