import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Dict } from '../../src/data/dict.ts';
import { KeyHash } from '../../src/data/hash.ts';
import { Heap, NONE } from '../../src/data/heap.ts';
import { compareBytes, levelBytes, nodeMeta, randomHeight, SkipList } from '../../src/data/skiplist.ts';
import { Prng } from '../../src/host/prng.ts';

interface Member {
  readonly name: string;
  score: number;
  readonly node: number;
}

/** A skiplist beside a sorted array. */
class Pair {
  readonly heap = new Heap();
  readonly dict = new Dict(this.heap, new KeyHash(new Uint8Array(8)));
  readonly list = new SkipList(this.heap);
  readonly members: Member[] = [];
  readonly random: Prng;

  constructor(seed: number) {
    this.random = new Prng(seed);
  }

  node(name: string, height = randomHeight(this.random)): number {
    const bytes = Buffer.from(name, 'latin1');
    this.dict.find(bytes, 0, bytes.length);
    return this.dict.insert(bytes, 0, bytes.length, levelBytes(height), nodeMeta);
  }

  insert(name: string, score: number, height?: number): void {
    if (this.members.some((member) => member.name === name)) return;
    const node = this.node(name, height);
    this.list.insert(node, score);
    this.members.push({ name, score, node });
    this.sort();
  }

  sort(): void {
    this.members.sort((a, b) => (a.score === b.score ? (a.name < b.name ? -1 : 1) : a.score - b.score));
  }

  setScore(index: number, score: number): void {
    const member = this.members[index];
    if (member === undefined) return;
    this.list.setScore(member.node, score);
    member.score = score;
    this.sort();
  }

  removeRun(index: number, count: number): void {
    const gone = this.members.splice(index, count);
    if (gone.length === 0) return;
    const released: number[] = [];
    this.list.removeRun(gone[0]!.node, gone.length, (node) => {
      released.push(node);
      this.dict.remove(node);
    });
    expect(released).toEqual(gone.map(({ node }) => node));
  }

  check(): void {
    const { list, members } = this;
    expect(list.size).toBe(members.length);
    expect(list.first).toBe(members[0]?.node ?? NONE);
    expect(list.last).toBe(members.at(-1)?.node ?? NONE);
    expect(list.at(-1)).toBe(NONE);
    expect(list.at(members.length)).toBe(NONE);
    for (const [rank, { node, score }] of members.entries()) {
      expect(list.at(rank)).toBe(node);
      expect(list.rankOf(node)).toBe(rank);
      expect(list.score(node)).toBe(score);
      expect(list.next(node)).toBe(members[rank + 1]?.node ?? NONE);
      expect(list.previous(node)).toBe(members[rank - 1]?.node ?? NONE);
      expect(list.firstNot((other) => list.score(other) < score)).toBe(members.find((m) => m.score === score)!.node);
      expect(list.lastWhile((other) => list.score(other) <= score)).toBe(
        members.findLast((m) => m.score === score)!.node,
      );
    }
  }
}

const name = fc.string({ unit: fc.constantFrom('a', 'b', '\x00', '\xff'), maxLength: 4 });
const score = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(Infinity, -Infinity, -0, 0.5, 1e300, 5e-324));
const action = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constant('insert' as const), name, score) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('score' as const), fc.nat(40), score) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('remove' as const), fc.nat(40), fc.nat(5)) },
);

describe('A skiplist', () => {
  it('keeps order, ranks and links, whatever is inserted, scored anew and removed', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 80, size: 'max' }), fc.integer(), (actions, seed) => {
        const pair = new Pair(seed);
        for (const [kind, a, b] of actions) {
          if (kind === 'insert') pair.insert(a, b);
          else if (kind === 'score') pair.setScore(a, b);
          else pair.removeRun(a, b);
        }
        pair.check();
      }),
      { numRuns: 200 },
    );
  });

  it('serves nodes of every height, in any order of heights', () => {
    const pair = new Pair(1);
    for (let height = 1; height <= 17; height++) pair.insert(`m${height}`, height % 5, 18 - height);
    for (let height = 1; height <= 17; height++) pair.insert(`n${height}`, height % 3, height);
    pair.check();
    pair.removeRun(10, 20);
    pair.check();
  });

  it('takes nodes at the front without searching', () => {
    const pair = new Pair(2);
    for (let i = 100; i > 0; i--) {
      const text = `m${String(i).padStart(3, '0')}`;
      const node = pair.node(text);
      pair.list.prepend(node, i >> 2);
      pair.members.unshift({ name: text, score: i >> 2, node });
    }
    pair.check();
  });

  it('keeps the sign of zero, and counts both zeros as equal', () => {
    const pair = new Pair(3);
    pair.insert('b', -0);
    pair.insert('a', 0);
    pair.check();
    expect(Object.is(pair.list.score(pair.list.last), -0)).toBe(true);
  });

  it('holds members longer than a page', () => {
    const pair = new Pair(4);
    for (const length of [300_000, 40_000, 255, 254, 1]) pair.insert('x'.repeat(length), 0);
    pair.check();
  });

  it('draws heights of which each is a quarter as likely as the one before', () => {
    const random = new Prng(5);
    const counts = Array.from({ length: 18 }, () => 0);
    for (let i = 0; i < 100_000; i++) counts[randomHeight(random)]!++;
    expect(counts[0]).toBe(0);
    expect(counts[1]! / 100_000).toBeCloseTo(0.75, 1);
    expect(counts[2]! / 100_000).toBeCloseTo(0.1875, 1);
    expect(counts[3]! / 100_000).toBeCloseTo(0.047, 2);
  });

  it('gives back all memory, slice by slice', () => {
    const pair = new Pair(6);
    for (let i = 0; i < 1000; i++) pair.insert(`m${i}`, i);
    let slices = 1;
    while (!pair.list.releaseSome(300)) slices++;
    expect(slices).toBe(4);
    expect(pair.heap.usedBytes).toBe(0);
    expect(pair.list.releaseSome(300)).toBe(true);
  });
});

describe('Comparing bytes', () => {
  it('orders as Buffer.compare does', () => {
    fc.assert(
      fc.property(name, name, (a, b) => {
        const [x, y] = [Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1')];
        expect(Math.sign(compareBytes(x, 0, x.length, y, 0, y.length))).toBe(Buffer.compare(x, y));
      }),
    );
  });
});
