import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BLOCK_BYTES_MAX, Heap, LARGEST_CLASS_BYTES, NONE, OutOfMemory, PAGE_BYTES } from '../../src/data/heap.ts';

interface Block {
  readonly address: number;
  readonly size: number;
  /** What the block was filled with. */
  readonly mark: number;
}

function fill(heap: Heap, block: Block): void {
  const from = Heap.byteOffset(block.address);
  heap.bytesOf(block.address).fill(block.mark, from, from + block.size);
}

function isIntact(heap: Heap, block: Block): boolean {
  const from = Heap.byteOffset(block.address);
  return heap
    .bytesOf(block.address)
    .subarray(from, from + block.size)
    .equals(Buffer.alloc(block.size, block.mark));
}

const sizes = fc.oneof(
  fc.integer({ min: 1, max: 300 }),
  fc.integer({ min: 300, max: LARGEST_CLASS_BYTES }),
  fc.integer({ min: LARGEST_CLASS_BYTES - 4, max: LARGEST_CLASS_BYTES + 4 }),
  fc.integer({ min: LARGEST_CLASS_BYTES + 1, max: 3 * LARGEST_CLASS_BYTES }),
);
const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: sizes.map((size) => ({ size })) },
    { weight: 2, arbitrary: fc.nat().map((free) => ({ free })) },
  ),
  { maxLength: 200, size: 'max' },
);

describe('the heap', () => {
  it('hands out blocks that do not overlap, and counts their sizes exactly', () => {
    fc.assert(
      fc.property(steps, (script) => {
        const heap = new Heap();
        const live: Block[] = [];
        let mark = 0;
        for (const step of script) {
          if ('size' in step) {
            const address = heap.allocate(step.size);
            const block = { address, size: step.size, mark: (mark = (mark + 1) & 0xff) };
            expect(address).not.toBe(NONE);
            expect(heap.capacity(address)).toBeGreaterThanOrEqual(step.size);
            expect(heap.capacity(address)).toBe(Heap.capacityFor(step.size));
            fill(heap, block);
            live.push(block);
          } else if (live.length > 0) {
            const [block] = live.splice(step.free % live.length, 1);
            expect(isIntact(heap, block!)).toBe(true);
            heap.free(block!.address);
          }
        }
        expect(live.filter((block) => !isIntact(heap, block))).toEqual([]);
        expect(new Set(live.map(({ address }) => address)).size).toBe(live.length);
        expect(heap.usedBytes).toBe(live.reduce((sum, { size }) => sum + Heap.capacityFor(size), 0));
        for (const { address } of live) heap.free(address);
        expect(heap.usedBytes).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  it('wastes at most a quarter of a block, and 15 bytes of a small one', () => {
    const offenders: number[] = [];
    for (let size = 1; size <= LARGEST_CLASS_BYTES + 100; size++) {
      const wasted = Heap.capacityFor(size) - size;
      if (wasted < 0 || wasted > Math.max(15, size / 4)) offenders.push(size);
    }
    expect(offenders).toEqual([]);
  });

  it('lets blocks of one size take the pages that those of another size gave back', () => {
    const heap = new Heap();
    const small = Array.from({ length: (8 * PAGE_BYTES) / 64 }, () => heap.allocate(64));
    const reserved = heap.reservedBytes;
    expect(reserved).toBe(8 * PAGE_BYTES);
    for (const address of small) heap.free(address);
    for (let i = 0; i < (7 * PAGE_BYTES) / 256; i++) heap.allocate(256);
    expect(heap.reservedBytes).toBe(reserved);
  });

  it('gives pages back when much was freed', () => {
    const heap = new Heap();
    const blocks = Array.from({ length: (64 * PAGE_BYTES) / 1024 }, () => heap.allocate(1024));
    expect(heap.reservedBytes).toBe(64 * PAGE_BYTES);
    for (const address of blocks) heap.free(address);
    expect(heap.usedBytes).toBe(0);
    expect(heap.reservedBytes).toBeLessThanOrEqual(17 * PAGE_BYTES);
    const large = heap.allocate(1 << 20);
    heap.free(large);
    expect(heap.reservedBytes).toBeLessThanOrEqual(17 * PAGE_BYTES);
  });

  it('lends only blocks with a page of their own', () => {
    const heap = new Heap();
    expect(heap.lend(heap.allocate(LARGEST_CLASS_BYTES))).toBe(false);
    expect(heap.lend(heap.allocate(LARGEST_CLASS_BYTES + 1))).toBe(true);
  });

  it('leaves a lent page as it is when the block is written again', () => {
    const heap = new Heap();
    const address = heap.allocate(100_000);
    heap.bytesOf(address).fill(1);
    const lent = heap.bytesOf(address);
    expect(heap.lend(address)).toBe(true);
    heap.own(address);
    heap.bytesOf(address).fill(2);
    expect(lent.every((byte) => byte === 1)).toBe(true);
    expect(heap.wordsOf(address)[0]).toBe(0x02020202);
    const mine = heap.bytesOf(address);
    heap.own(address);
    expect(heap.bytesOf(address)).toBe(mine);
    expect(heap.usedBytes).toBe(100_000);
  });

  it('leaves a lent page as it is when the block is freed and its number is used again', () => {
    const heap = new Heap();
    const address = heap.allocate(100_000);
    heap.bytesOf(address).fill(1);
    const lent = heap.bytesOf(address);
    heap.lend(address);
    heap.free(address);
    const again = heap.allocate(100_000);
    expect(again).toBe(address);
    heap.own(again);
    heap.bytesOf(again).fill(2);
    expect(lent.every((byte) => byte === 1)).toBe(true);
  });

  it('refuses what no block can hold, and stays usable', () => {
    const heap = new Heap();
    expect(() => heap.allocate(BLOCK_BYTES_MAX + 1)).toThrow(OutOfMemory);
    expect(() => heap.allocate(2 ** 40)).toThrow(OutOfMemory);
    expect(heap.usedBytes).toBe(0);
    expect(heap.allocate(40_000)).not.toBe(NONE);
  });
});
