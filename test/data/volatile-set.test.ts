import { describe, expect, it } from 'vitest';
import { Heap, NONE } from '../../src/data/heap.ts';
import { VolatileSet } from '../../src/data/volatile-set.ts';
import { Prng } from '../../src/host/prng.ts';

function members(set: VolatileSet): number[] {
  return Array.from({ length: set.size }, (_, index) => set.at(index));
}

describe('the set of volatile records', () => {
  it('holds exactly what was added and not removed', () => {
    const heap = new Heap();
    const random = new Prng(4);
    const set = new VolatileSet(heap, random);
    const model = new Set<number>();
    for (let i = 0; i < 20_000; i++) {
      const removes = model.size > 0 && random.below(100) < (i < 10_000 ? 30 : 70);
      if (removes) {
        const address = set.at(random.below(set.size));
        set.remove(address);
        model.delete(address);
        heap.free(address);
      } else {
        const address = heap.allocate(40);
        set.add(address);
        model.add(address);
      }
    }
    expect(model.size).toBeGreaterThan(10);
    expect(new Set(members(set))).toEqual(model);
    for (const address of model) set.remove(address);
    expect(set.size).toBe(0);
    expect(set.at(0)).toBe(NONE);
  });

  it('gives memory back when it shrinks', () => {
    const heap = new Heap();
    const set = new VolatileSet(heap, new Prng(4));
    const addresses = Array.from({ length: 100_000 }, () => heap.allocate(40));
    for (const address of addresses) set.add(address);
    const { bytes } = set;
    for (const address of addresses) set.remove(address);
    expect(bytes).toBeGreaterThanOrEqual(400_000);
    expect(set.bytes).toBeLessThan(10_000);
  });

  it('is in random order, whatever the order of additions and removals', () => {
    const heap = new Heap();
    const set = new VolatileSet(heap, new Prng(4));
    const early = new Set(Array.from({ length: 5000 }, () => heap.allocate(40)));
    const late = Array.from({ length: 5000 }, () => heap.allocate(40));
    const gone = Array.from({ length: 5000 }, () => heap.allocate(40));
    for (const address of [...early, ...gone, ...late]) set.add(address);
    for (const address of gone) set.remove(address);
    const order = members(set);
    for (let from = 0; from < 10_000; from += 1000) {
      const share = order.slice(from, from + 1000).filter((address) => early.has(address)).length;
      expect(share).toBeGreaterThan(400);
      expect(share).toBeLessThan(600);
    }
  });

  it('follows a record that moves', () => {
    const heap = new Heap();
    const set = new VolatileSet(heap, new Prng(4));
    const [first, second] = [heap.allocate(40), heap.allocate(40)];
    set.add(first);
    set.add(second);
    const moved = heap.allocate(40);
    heap.wordsOf(moved).copyWithin(Heap.wordOffset(moved), Heap.wordOffset(first), Heap.wordOffset(first) + 10);
    set.moved(moved);
    expect(new Set(members(set))).toEqual(new Set([moved, second]));
    set.remove(moved);
    expect(members(set)).toEqual([second]);
  });
});
