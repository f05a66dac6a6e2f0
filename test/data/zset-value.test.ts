import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NONE } from '../../src/data/heap.ts';
import { Keyspace } from '../../src/data/keyspace.ts';
import { isValidListpack } from '../../src/data/listpack.ts';
import { PackedZset } from '../../src/data/packed-zset.ts';
import { KIND } from '../../src/data/value.ts';
import {
  addMember,
  createZset,
  removeMembers,
  setMemberScore,
  storeZset,
  zsetAt,
  type ZsetLimits,
} from '../../src/data/zset-entry.ts';
import {
  ByteRange,
  countInRange,
  firstInRange,
  lastInRange,
  type LexBound,
  LexRange,
  ScoreRange,
} from '../../src/data/zset-reader.ts';
import { ZsetValue } from '../../src/data/zset-value.ts';
import { Prng } from '../../src/host/prng.ts';

const KEY = Buffer.from('key');

/** A sorted set in a database beside a sorted array. */
class Pair {
  readonly keyspace = new Keyspace(1, new Prng(1));
  readonly db = this.keyspace.databases[0]!;
  readonly limits: ZsetLimits;
  entry = NONE;
  model: [member: string, score: number][] = [];

  constructor(packedMembersMax: number, packedBytesMax = 64) {
    this.limits = { packedMembersMax, packedBytesMax };
  }

  get set(): PackedZset | ZsetValue {
    return zsetAt(this.db, this.entry);
  }

  add(member: string, score: number): void {
    const bytes = Buffer.from(member, 'latin1');
    const { db, limits } = this;
    this.entry = db.write(KEY, 0, KEY.length);
    if (this.entry === NONE) this.entry = createZset(db, KEY, 0, KEY.length, bytes.length, limits);
    const found = this.set.find(bytes, 0, bytes.length);
    const old = this.model.find(([name]) => name === member);
    expect(found === NONE).toBe(old === undefined);
    if (old === undefined) {
      this.entry = addMember(db, this.entry, score, bytes, 0, bytes.length, limits);
      this.model.push([member, score]);
    } else {
      this.entry = setMemberScore(db, this.entry, found, score, bytes, 0, bytes.length);
      old[1] = score;
    }
    this.model.sort(([a, x], [b, y]) => (x === y ? (a < b ? -1 : 1) : x - y));
  }

  removeRun(rank: number, count: number): void {
    const gone = this.model.splice(rank, count).length;
    if (gone === 0) return;
    this.entry = removeMembers(this.db, this.entry, this.set.at(rank), gone);
    if (this.model.length === 0) {
      this.db.remove(this.entry);
      this.entry = NONE;
    }
  }

  nameOf(position: number): string | null {
    if (position === NONE) return null;
    const range = new ByteRange();
    this.set.locate(position, range);
    return Buffer.from(range.bytes.subarray(range.start, range.end)).toString('latin1');
  }

  check(): void {
    if (this.entry === NONE) return;
    const { set, model, db, entry } = this;
    if (set instanceof PackedZset) {
      expect(isValidListpack(db.bytes(entry), db.valueOffset(entry), db.length(entry), true)).toBe(true);
    }
    expect(set.size).toBe(model.length);
    expect(this.nameOf(set.last)).toBe(model.at(-1)?.[0] ?? null);
    let position = set.first;
    let before = NONE;
    for (const [rank, [member, score]] of model.entries()) {
      const bytes = Buffer.from(member, 'latin1');
      expect(this.nameOf(position)).toBe(member);
      // A listpack loses the sign of -0, for good: whether a large set still has it depends on how it became large.
      expect(set.score(position) + 0).toBe(score + 0);
      expect(set.rankOf(position)).toBe(rank);
      expect(set.at(rank)).toBe(position);
      expect(set.find(bytes, 0, bytes.length)).toBe(position);
      expect(set.previous(position)).toBe(before);
      expect(set.compareMember(position, bytes, 0, bytes.length)).toBe(0);
      before = position;
      position = set.next(position);
    }
    expect(position).toBe(NONE);
  }

  checkScores(range: ScoreRange): void {
    const inRange = this.model.filter(
      ([, score]) =>
        (range.excludesMin ? score > range.min : score >= range.min) &&
        (range.excludesMax ? score < range.max : score <= range.max),
    );
    const { set } = this;
    expect(this.nameOf(firstInRange(set, range))).toBe(inRange[0]?.[0] ?? null);
    expect(this.nameOf(lastInRange(set, range))).toBe(inRange.at(-1)?.[0] ?? null);
    expect(countInRange(set, range)).toBe(inRange.length);
  }
}

const member = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'b', '\x00', '\xff'), maxLength: 3 }),
  fc.integer({ min: -200, max: 200 }).map(String),
  fc.constantFrom('9223372036854775807', 'x'.repeat(64), 'x'.repeat(65)),
);
const score = fc.oneof(
  fc.integer({ min: -5, max: 5 }),
  fc.double({ noNaN: true }),
  fc.constantFrom(Infinity, -Infinity, 2 ** 62, 2 ** 63, -(2 ** 53), 0.1),
);
const action = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constant('add' as const), member, score) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('remove' as const), fc.nat(30), fc.nat(4)) },
);

function play(
  pair: Pair,
  actions: readonly (readonly ['add', string, number] | readonly ['remove', number, number])[],
) {
  for (const [kind, a, b] of actions) {
    if (kind === 'add') pair.add(a, b);
    else pair.removeRun(a, b);
  }
}

describe.each([
  ['packed', 1000, 1000],
  ['large', 0, 0],
  ['first packed, then large', 8, 64],
])('A sorted set that is %s', (_, membersMax, bytesMax) => {
  it('keeps members, scores, order and ranks', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60, size: 'max' }), (actions) => {
        const pair = new Pair(membersMax, bytesMax);
        play(pair, actions);
        pair.check();
      }),
      { numRuns: 150 },
    );
  });

  it('finds what is in a range of scores', () => {
    fc.assert(
      fc.property(
        fc.array(action, { minLength: 1, maxLength: 30, size: 'max' }),
        fc.tuple(score, fc.boolean(), score, fc.boolean()),
        (actions, [min, excludesMin, max, excludesMax]) => {
          const pair = new Pair(membersMax, bytesMax);
          play(pair, actions);
          if (pair.entry !== NONE) pair.checkScores(new ScoreRange(min, excludesMin, max, excludesMax));
        },
      ),
      { numRuns: 150 },
    );
  });

  it('finds what is in a range of bytes', () => {
    const bound = fc.tuple(fc.constantFrom(-1, 0, 0, 0, 1), fc.boolean(), member);
    fc.assert(
      fc.property(fc.array(member, { minLength: 1 }), bound, bound, (members, min, max) => {
        const pair = new Pair(membersMax, bytesMax);
        for (const name of members) pair.add(name, 0);
        const range = new LexRange(boundOf(min), boundOf(max));
        const inRange = pair.model.filter(
          ([name]) => isInside(order(name, min), min) && isInside(-order(name, max), max),
        );
        const { set } = pair;
        const isEmpty = range.isEmpty;
        expect(countInRange(set, range)).toBe(isEmpty ? 0 : inRange.length);
        expect(pair.nameOf(firstInRange(set, range))).toBe(isEmpty ? null : (inRange[0]?.[0] ?? null));
        expect(pair.nameOf(lastInRange(set, range))).toBe(isEmpty ? null : (inRange.at(-1)?.[0] ?? null));
      }),
      { numRuns: 150 },
    );

    function boundOf([side, excluded, name]: [number, boolean, string]): LexBound {
      const bytes = Buffer.from(name, 'latin1');
      return { side: side as LexBound['side'], excluded: side !== 0 || excluded, bytes, start: 0, end: bytes.length };
    }

    function order(name: string, [side, , text]: [number, boolean, string]): number {
      if (side !== 0) return -side;
      return name === text ? 0 : name < text ? -1 : 1;
    }

    function isInside(orderInwards: number, [, excluded]: [number, boolean, string]): boolean {
      return orderInwards > 0 || (orderInwards === 0 && !excluded);
    }
  });

  it('gives back all memory', () => {
    const pair = new Pair(membersMax, bytesMax);
    const { heap } = pair.keyspace;
    for (let i = 0; i < 2000; i++) pair.add(`m${i % 50}`, i % 7);
    pair.db.remove(pair.entry);
    expect([heap.usedBytes, heap.tableBytes]).toEqual([0, pair.db.tableBytes]);
  });
});

describe('A large sorted set', () => {
  it('has a copy that lives by itself', () => {
    const pair = new Pair(0);
    for (let i = 0; i < 300; i++) pair.add(`m${i}`, i % 10);
    const original = pair.set as ZsetValue;
    const copy = original.clone();
    while (!original.releaseSome());
    pair.keyspace.values.set(pair.db.length(pair.entry), copy);
    pair.check();
    expect([copy.kind, copy.encoding]).toEqual([KIND.zset, 'skiplist']);
  });

  it('draws every member about equally often', () => {
    const pair = new Pair(0);
    for (let i = 0; i < 20; i++) pair.add(`m${i}`, i);
    const set = pair.set as ZsetValue;
    const counts = new Map<number, number>();
    for (let i = 0; i < 20_000; i++) {
      const drawn = set.random();
      counts.set(drawn, (counts.get(drawn) ?? 0) + 1);
    }
    expect(counts.size).toBe(20);
    for (const count of counts.values()) expect(count).toBeGreaterThan(600);
  });

  it('shrinks its table again', () => {
    const pair = new Pair(0);
    for (let i = 0; i < 3000; i++) pair.add(`m${i}`, i);
    const before = (pair.set as ZsetValue).overheadBytes;
    pair.removeRun(5, 2990);
    for (let i = 0; i < 2000; i++) pair.add('m0', i);
    expect((pair.set as ZsetValue).overheadBytes).toBeLessThan(before / 10);
    pair.check();
  });
});

describe('A sorted set that is stored as a whole', () => {
  it.each([
    ['small', 128, 64, 'listpack'],
    ['too many members', 9, 64, 'skiplist'],
    ['a member too long', 128, 3, 'skiplist'],
  ])('is packed only if it fits: %s', (_, packedMembersMax, packedBytesMax, encoding) => {
    const pair = new Pair(packedMembersMax, packedBytesMax);
    const value = new ZsetValue(pair.keyspace);
    for (let i = 0; i < 10; i++) {
      const bytes = Buffer.from(`m${i}00`);
      value.find(bytes, 0, bytes.length);
      value.add(bytes, 0, bytes.length, i / 2);
      pair.model.push([`m${i}00`, i / 2]);
    }
    pair.entry = storeZset(pair.db, KEY, 0, KEY.length, value, pair.limits);
    pair.check();
    expect(pair.db.isPacked(pair.entry) ? 'listpack' : value.encoding).toBe(encoding);
  });
});
