import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes } from '../../src/core/compare-bytes.ts';
import { Dict } from '../../src/data/dict.ts';
import { KeyHash } from '../../src/data/hash.ts';
import { Heap, NONE, OutOfMemory } from '../../src/data/heap.ts';
import { ScoreTree } from '../../src/data/score-tree.ts';
import { scoreBytes, scoreOf } from '../../src/data/scored-record.ts';
import { Prng } from '../../src/host/prng.ts';

interface Member {
  readonly name: string;
  score: number;
  readonly record: number;
}

function byScoreAndName(a: Member, b: Member): number {
  if (a.score !== b.score) return a.score - b.score;
  return a.name < b.name ? -1 : 1;
}

/** A tree beside a sorted array. */
class Pair {
  readonly heap = new Heap();
  readonly dict = new Dict(this.heap, new KeyHash(new Uint8Array(8)));
  readonly tree = new ScoreTree(this.heap);
  members: Member[] = [];
  readonly #names = new Set<string>();

  record(name: string): number {
    const bytes = Buffer.from(name, 'latin1');
    this.dict.find(bytes, 0, bytes.length);
    return this.dict.insert(bytes, 0, bytes.length, scoreBytes(bytes.length), 0);
  }

  insert(name: string, score: number): void {
    if (this.#names.has(name)) return;
    const record = this.record(name);
    this.tree.insert(record, score);
    this.members.push({ name, score, record });
    this.#names.add(name);
  }

  prepend(name: string, score: number): void {
    const record = this.record(name);
    this.tree.prepend(record, score);
    this.members.unshift({ name, score, record });
  }

  sort(): void {
    this.members.sort(byScoreAndName);
  }

  setScore(index: number, score: number): void {
    const member = this.members[index];
    if (member === undefined) return;
    try {
      this.tree.setScore(member.record, score);
    } finally {
      member.score = scoreOf(this.heap, member.record);
    }
  }

  remove(index: number): void {
    const [gone] = this.members.splice(index, 1);
    if (gone === undefined) return;
    this.tree.remove(gone.record);
    this.dict.remove(gone.record);
    this.#names.delete(gone.name);
  }

  removeRun(index: number, count: number): void {
    const gone = this.members.splice(index, count);
    if (gone.length === 0) return;
    const released: number[] = [];
    this.tree.removeRun(gone[0]!.record, gone.length, (record) => {
      released.push(record);
      this.dict.remove(record);
    });
    for (const { name } of gone) this.#names.delete(name);
    expect(released).toEqual(gone.map(({ record }) => record));
  }

  /** Collects failures first: an `expect` for each member of thousands takes seconds. */
  check(): void {
    const { tree, members, heap } = this;
    expect([tree.size, tree.first, tree.last]).toEqual([
      members.length,
      members[0]?.record ?? NONE,
      members.at(-1)?.record ?? NONE,
    ]);
    expect([tree.at(-1), tree.at(members.length)]).toEqual([NONE, NONE]);
    const wrong: unknown[] = [];
    for (const [rank, { record, score, name }] of members.entries()) {
      const given = [tree.at(rank), tree.rankOf(record), scoreOf(heap, record), tree.next(record)];
      given.push(tree.previous(record));
      const expected = [record, rank, score, members[rank + 1]?.record ?? NONE, members[rank - 1]?.record ?? NONE];
      if (given.some((value, i) => value !== expected[i])) wrong.push({ name, given, expected });
    }
    expect(wrong.slice(0, 3)).toEqual([]);
  }

  checkSearch(): void {
    const { tree, members, heap } = this;
    for (const score of new Set(members.map((member) => member.score))) {
      expect(tree.firstNot((other) => scoreOf(heap, other) < score)).toBe(
        members.find((member) => member.score === score)!.record,
      );
      expect(tree.lastWhile((other) => scoreOf(heap, other) <= score)).toBe(
        members.findLast((member) => member.score === score)!.record,
      );
    }
    expect(tree.firstNot(() => true)).toBe(NONE);
    expect(tree.lastWhile(() => false)).toBe(NONE);
  }
}

const name = fc.string({ unit: fc.constantFrom('a', 'b', '\x00', '\xff'), maxLength: 4 });
const score = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(Infinity, -Infinity, -0, 0.5, 1e300, 5e-324));
const action = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constant('insert' as const), name, score) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('score' as const), fc.nat(40), score) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('remove' as const), fc.nat(40), fc.nat(5)) },
);

describe('The order of a sorted set', () => {
  it('holds, whatever is inserted, scored anew and removed', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 300, size: 'max' }), (actions) => {
        const pair = new Pair();
        for (const [kind, a, b] of actions) {
          if (kind === 'insert') pair.insert(a, b);
          else if (kind === 'score') pair.setScore(a, b);
          else pair.removeRun(a, b);
          pair.sort();
        }
        pair.check();
        pair.checkSearch();
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    ['few scores', 7],
    ['many scores', 1e9],
    ['one score', 1],
  ])('holds for thousands of members with %s, while they come and while they go', (_, scores) => {
    const pair = new Pair();
    const random = new Prng(scores);
    for (let i = 0; i < 12_000; i++) pair.insert(`member:${random.below(1e9)}`, random.below(scores));
    pair.sort();
    pair.check();
    for (let i = 0; i < 3_000; i++) pair.setScore(random.below(pair.members.length), random.below(scores));
    pair.sort();
    pair.check();
    for (let i = 0; i < 8_000; i++) pair.remove(random.below(pair.members.length));
    pair.check();
    for (const count of [1, 50, 84, 300, 1_000]) pair.removeRun(random.below(pair.members.length - count), count);
    pair.check();
    for (let i = 0; i < 500; i++) pair.insert(`member:${random.below(1e9)}`, random.below(scores));
    pair.sort();
    pair.check();
    pair.removeRun(0, pair.members.length);
    pair.check();
    pair.insert('again', 1);
    pair.check();
  });

  it.each([
    ['the first one', () => 0],
    ['the last one', (size: number) => size - 1],
    ['the middle one', (size: number) => size >> 1],
  ])('holds until nothing is left if %s goes each time', (_, index) => {
    const pair = new Pair();
    for (let i = 0; i < 6_000; i++) pair.insert(`m${i}`, i % 1000);
    pair.sort();
    for (let size = 6_000; size > 0; size--) {
      pair.remove(index(size));
      if (size % 1_499 === 1) pair.check();
    }
    pair.check();
    expect(pair.tree.blockBytes).toBe(1024);
  });

  it.each(['rising', 'falling', 'prepended'])('packs members densely that come in %s order', (order) => {
    const pair = new Pair();
    for (let i = 0; i < 10_000; i++) {
      if (order === 'rising') pair.insert(`m${i}`, i);
      else if (order === 'falling') pair.insert(`m${i}`, -i);
      else pair.prepend(`m${i}`, -i);
    }
    pair.sort();
    pair.check();
    expect(pair.tree.blockBytes / 10_000).toBeLessThan(13.5);
  });

  it('keeps the sign of zero, and counts both zeros as equal', () => {
    const pair = new Pair();
    pair.insert('b', -0);
    pair.insert('a', 0);
    pair.sort();
    pair.check();
    expect(Object.is(scoreOf(pair.heap, pair.tree.last), -0)).toBe(true);
  });

  it('holds members longer than a page', () => {
    const pair = new Pair();
    for (const length of [300_000, 40_000, 255, 254, 1]) pair.insert('x'.repeat(length), 0);
    pair.sort();
    pair.check();
  });

  it('is as before where memory runs out while a block is divided', () => {
    const pair = new Pair();
    const random = new Prng(4);
    const { heap } = pair;
    const allocate = heap.allocate.bind(heap);
    let left = Infinity;
    heap.allocate = (bytes) => {
      if (bytes === 1024 && left-- <= 0) throw new OutOfMemory('no more');
      return allocate(bytes);
    };
    let failures = 0;
    for (let i = 0; i < 9_000; i++) {
      const [name, score] = [`m${i}`, random.below(1e6)];
      left = i % 3;
      try {
        pair.insert(name, score);
        if (i % 5 === 0) pair.setScore(random.below(pair.members.length), random.below(1e6));
      } catch (error) {
        expect(error).toBeInstanceOf(OutOfMemory);
        failures++;
      }
    }
    pair.sort();
    pair.check();
    expect(failures).toBeGreaterThan(20);
  });

  it('gives back blocks that are nearly empty', () => {
    const pair = new Pair();
    const random = new Prng(3);
    for (let i = 0; i < 20_000; i++) pair.insert(`m${i}`, random.below(1e6));
    pair.sort();
    const before = pair.tree.blockBytes;
    for (let left = 20_000; left > 1_000; left--) pair.remove(random.below(left));
    pair.check();
    expect(pair.tree.blockBytes).toBeLessThan(before / 5);
  });

  it('gives back all memory in slices', () => {
    const pair = new Pair();
    for (let i = 0; i < 12_000; i++) pair.insert(`m${i}`, i % 321);
    pair.dict.detachAll();
    let slices = 1;
    while (!pair.tree.releaseSome(500)) slices++;
    expect(slices).toBeGreaterThan(10);
    expect([pair.heap.usedBytes, pair.tree.size, pair.tree.blockBytes]).toEqual([0, 0, 0]);
  });
});

describe('The order of bytes', () => {
  it('is that of unsigned bytes, the shorter first', () => {
    const bytes = fc.uint8Array({ maxLength: 5 });
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(Math.sign(compareBytes(a, 0, a.length, b, 0, b.length))).toBe(Buffer.compare(a, b));
      }),
    );
  });
});
