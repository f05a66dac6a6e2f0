/**
 * Memory for keys and small values, outside the JS heap.
 *
 * Keys, strings and packed collections live as byte blocks in large pages, so that the garbage collector has nothing
 * to trace however many keys there are: no pause grows with the dataset, and a key costs its bytes plus a header of
 * 16. The scheme is that of a slab allocator with one size class per page (see mimalloc, jemalloc):
 *
 * - An address is an int32 and counts granules of 8 bytes: the page's index in the upper 17 bits, the granule within
 *   the page in the lower 15. 0 is no address. All arithmetic on addresses is integer arithmetic.
 * - Blocks up to LARGEST_CLASS_BYTES come from pages of PAGE_BYTES that serve one size class each. A page keeps its
 *   own list of free blocks, threaded through their first word; when its last block is freed the page can serve
 *   another class.
 * - Larger blocks have a page of their own, of just their size. Such a page can be lent to a reply without copying;
 *   it is then never written again: `own` gives the block a fresh copy first.
 *
 * `usedBytes` is exact: the sum of all block sizes handed out. It is what `used_memory` builds on.
 */
import { assert } from '../core/assert.ts';
import { ReplyError } from '../core/errors.ts';

export const PAGE_BYTES = 1 << 18;
const GRANULE_SHIFT = 3;
const PAGE_SHIFT = 15;
const GRANULE_MASK = (1 << PAGE_SHIFT) - 1;
const PAGES_MAX = 1 << 17;
export const LARGEST_CLASS_BYTES = 1 << 15;
const HUGE = -1;
/** Sizes are int32, with room to round up. */
export const BLOCK_BYTES_MAX = 0x7fff_fff8;

/** No block. */
export const NONE = 0;

/**
 * Block sizes: every 8 bytes up to 128, then four per doubling. From 1 KiB on there are eight, from 4 KiB on sixteen:
 * rounding up would cost most there, above all the nodes of streams, which have just over 4 KiB.
 */
function sizeClasses(): number[] {
  const sizes: number[] = [];
  for (let size = 16; size <= 128; size += 8) sizes.push(size);
  for (let base = 128; base < LARGEST_CLASS_BYTES; base *= 2) {
    const steps = base < 1024 ? 4 : base < 4096 ? 8 : 16;
    for (let step = 1; step <= steps; step++) sizes.push(base + (base / steps) * step);
  }
  return sizes;
}

const CLASS_SIZES = sizeClasses();
const BLOCKS_PER_PAGE = CLASS_SIZES.map((size) => Math.floor(PAGE_BYTES / size));
/** Class by size in granules, for sizes up to LARGEST_CLASS_BYTES. */
const CLASS_OF_GRANULES = ((): Uint8Array => {
  const table = new Uint8Array((LARGEST_CLASS_BYTES >> GRANULE_SHIFT) + 1);
  let next = 0;
  for (let granules = 0; granules < table.length; granules++) {
    if (granules << GRANULE_SHIFT > CLASS_SIZES[next]!) next++;
    table[granules] = next;
  }
  return table;
})();

const EMPTY = Buffer.alloc(0);
const EMPTY_WORDS = new Int32Array(0);
const EMPTY_DOUBLES = new Float64Array(0);

/** Fails the command that runs: what it needed cannot be had. Nothing has changed by then. */
export class OutOfMemory extends ReplyError {
  constructor(reason: string) {
    super(`OOM ${reason}`);
  }
}

export class Heap {
  /** Pages as bytes, by page index; index 0 is never used. */
  readonly pages: Buffer[] = [EMPTY];
  /** The same pages as 32-bit words. */
  readonly words: Int32Array[] = [EMPTY_WORDS];
  /** The same pages as doubles: one per granule. */
  readonly doubles: Float64Array[] = [EMPTY_DOUBLES];
  /** Sum of the sizes of all blocks that are in use. */
  usedBytes = 0;
  #hugeBlocks = 0;
  /** Sum of the sizes of all pages. */
  reservedBytes = 0;
  /** Bytes of the tables of all dicts whose records are here, and of what else refers to records. */
  tableBytes = 0;

  readonly #classOfPage: number[] = [HUGE];
  readonly #liveBlocks: number[] = [0];
  /** Head of each page's list of free blocks. */
  readonly #freeOfPage: number[] = [NONE];
  /** First byte of each page that was never handed out. */
  readonly #untouchedFrom: number[] = [0];
  readonly #lent: boolean[] = [false];
  /** The page that each class allocates from, 0 for none yet. */
  readonly #current: number[] = CLASS_SIZES.map(() => 0);
  /** Pages of each class, not current, that got a free block again. */
  readonly #partial: number[][] = CLASS_SIZES.map(() => []);
  readonly #inPartial: boolean[] = [false];
  readonly #emptyPages: number[] = [];
  readonly #freeIndexes: number[] = [];

  /** A block of at least `bytes` bytes with undefined content. @throws OutOfMemory past 32 GiB or 2^17 pages. */
  allocate(bytes: number): number {
    if (bytes > LARGEST_CLASS_BYTES) return this.#allocateHuge(bytes);
    const sizeClass = CLASS_OF_GRANULES[(bytes + 7) >> GRANULE_SHIFT]!;
    const size = CLASS_SIZES[sizeClass]!;
    let page = this.#current[sizeClass]!;
    if (this.#freeOfPage[page] === NONE && (page === 0 || this.#untouchedFrom[page]! + size > PAGE_BYTES)) {
      page = this.#nextPage(sizeClass);
    }
    let address = this.#freeOfPage[page]!;
    if (address === NONE) {
      const from = this.#untouchedFrom[page]!;
      this.#untouchedFrom[page] = from + size;
      address = (page << PAGE_SHIFT) | (from >> GRANULE_SHIFT);
    } else {
      this.#freeOfPage[page] = this.words[page]![(address & GRANULE_MASK) << 1]!;
    }
    this.#liveBlocks[page]!++;
    this.usedBytes += size;
    return address;
  }

  free(address: number): void {
    const page = address >>> PAGE_SHIFT;
    const sizeClass = this.#classOfPage[page]!;
    if (sizeClass === HUGE) {
      this.#freeHuge(page);
      return;
    }
    this.usedBytes -= CLASS_SIZES[sizeClass]!;
    this.words[page]![(address & GRANULE_MASK) << 1] = this.#freeOfPage[page]!;
    this.#freeOfPage[page] = address;
    const live = --this.#liveBlocks[page]!;
    if (page === this.#current[sizeClass]) return;
    if (live === 0) this.#releasePage(page, sizeClass);
    else if (!this.#inPartial[page]) {
      this.#inPartial[page] = true;
      this.#partial[sizeClass]!.push(page);
    }
  }

  /** Whether there are blocks that take pages of their own. */
  get hasHugeBlocks(): boolean {
    return this.#hugeBlocks > 0;
  }

  /** Bytes that the block can hold. */
  capacity(address: number): number {
    const page = address >>> PAGE_SHIFT;
    const sizeClass = this.#classOfPage[page]!;
    return sizeClass === HUGE ? this.pages[page]!.length : CLASS_SIZES[sizeClass]!;
  }

  /** The capacity that `allocate(bytes)` would give. */
  static capacityFor(bytes: number): number {
    return bytes > LARGEST_CLASS_BYTES
      ? (bytes + 7) & ~7
      : CLASS_SIZES[CLASS_OF_GRANULES[(bytes + 7) >> GRANULE_SHIFT]!]!;
  }

  /** The page that holds a block, as bytes. */
  bytesOf(address: number): Buffer {
    return this.pages[address >>> PAGE_SHIFT]!;
  }

  /** The page that holds a block, as words. */
  wordsOf(address: number): Int32Array {
    return this.words[address >>> PAGE_SHIFT]!;
  }

  /** The page that holds a block. */
  static pageIndex(address: number): number {
    return address >>> PAGE_SHIFT;
  }

  /** How many blocks a page can hold, by the size of those that it holds now. */
  blocksPerPage(page: number): number {
    const sizeClass = this.#classOfPage[page]!;
    return sizeClass === HUGE ? 1 : BLOCKS_PER_PAGE[sizeClass]!;
  }

  /** A block's place among those of its page. */
  blockIndex(address: number): number {
    const sizeClass = this.#classOfPage[address >>> PAGE_SHIFT]!;
    if (sizeClass === HUGE) return 0;
    return ((address & GRANULE_MASK) / (CLASS_SIZES[sizeClass]! >> GRANULE_SHIFT)) | 0;
  }

  /** Position of a block's first byte in its page. */
  static byteOffset(address: number): number {
    return (address & GRANULE_MASK) << GRANULE_SHIFT;
  }

  /** Position of a block's first word in its page. */
  static wordOffset(address: number): number {
    return (address & GRANULE_MASK) << 1;
  }

  /**
   * Promises that the bytes of a block's page stay as they are, and says whether it could: only blocks with a page of
   * their own can be lent. From then on a writer calls `own` first.
   */
  lend(address: number): boolean {
    const page = address >>> PAGE_SHIFT;
    if (this.#classOfPage[page] !== HUGE) return false;
    this.#lent[page] = true;
    return true;
  }

  /** Makes a block writable again after it was lent. The address stays, views of the page do not. */
  own(address: number): void {
    const page = address >>> PAGE_SHIFT;
    if (!this.#lent[page]) return;
    const copy = memoryOf(this.pages[page]!.length);
    this.pages[page]!.copy(copy);
    this.pages[page] = copy;
    this.words[page] = wordsOver(copy);
    this.doubles[page] = doublesOver(copy);
    this.#lent[page] = false;
  }

  #allocateHuge(bytes: number): number {
    if (bytes > BLOCK_BYTES_MAX) throw new OutOfMemory('a value cannot be larger than 2 GiB');
    const size = (bytes + 7) & ~7;
    const memory = memoryOf(size);
    const page = this.#newIndex();
    this.pages[page] = memory;
    this.words[page] = wordsOver(memory);
    this.doubles[page] = doublesOver(memory);
    this.#classOfPage[page] = HUGE;
    this.#hugeBlocks++;
    this.#liveBlocks[page] = 1;
    this.#lent[page] = false;
    this.usedBytes += size;
    this.reservedBytes += size;
    return page << PAGE_SHIFT;
  }

  #freeHuge(page: number): void {
    this.#hugeBlocks--;
    const size = this.pages[page]!.length;
    this.usedBytes -= size;
    this.reservedBytes -= size;
    this.#dropPage(page);
  }

  /** Makes a page with room the current one of a class. */
  #nextPage(sizeClass: number): number {
    const page = this.#partial[sizeClass]!.pop() ?? this.#emptyPages.pop() ?? this.#newPage();
    if (this.#inPartial[page]) this.#inPartial[page] = false;
    else {
      this.#freeOfPage[page] = NONE;
      this.#untouchedFrom[page] = 0;
      this.#liveBlocks[page] = 0;
      this.#classOfPage[page] = sizeClass;
    }
    this.#current[sizeClass] = page;
    return page;
  }

  #newPage(): number {
    const memory = memoryOf(PAGE_BYTES);
    const page = this.#newIndex();
    this.pages[page] = memory;
    this.words[page] = wordsOver(memory);
    this.doubles[page] = doublesOver(memory);
    this.#lent[page] = false;
    this.#inPartial[page] = false;
    this.reservedBytes += PAGE_BYTES;
    return page;
  }

  /** A page without live blocks: keep a few for any class, give the others back. */
  #releasePage(page: number, sizeClass: number): void {
    if (this.#inPartial[page]) {
      const list = this.#partial[sizeClass]!;
      const at = list.indexOf(page);
      assert(at >= 0, 'a page marked partial is in its list');
      list[at] = list.at(-1)!;
      list.pop();
      this.#inPartial[page] = false;
    }
    if (this.#emptyPages.length < 16) this.#emptyPages.push(page);
    else {
      this.reservedBytes -= PAGE_BYTES;
      this.#dropPage(page);
    }
  }

  #dropPage(page: number): void {
    this.pages[page] = EMPTY;
    this.words[page] = EMPTY_WORDS;
    this.doubles[page] = EMPTY_DOUBLES;
    this.#classOfPage[page] = HUGE;
    this.#freeOfPage[page] = NONE;
    this.#freeIndexes.push(page);
  }

  #newIndex(): number {
    const reused = this.#freeIndexes.pop();
    if (reused !== undefined) return reused;
    const index = this.pages.length;
    if (index >= PAGES_MAX) throw new OutOfMemory('the heap is limited to 131072 pages');
    this.#inPartial[index] = false;
    this.#freeOfPage[index] = NONE;
    this.#untouchedFrom[index] = 0;
    this.#liveBlocks[index] = 0;
    return index;
  }
}

function memoryOf(bytes: number): Buffer {
  try {
    return Buffer.allocUnsafeSlow(bytes);
  } catch {
    throw new OutOfMemory(`the system has no ${bytes} bytes left`);
  }
}

function wordsOver(memory: Buffer): Int32Array {
  return new Int32Array(memory.buffer, memory.byteOffset, memory.length >> 2);
}

function doublesOver(memory: Buffer): Float64Array {
  return new Float64Array(memory.buffer, memory.byteOffset, memory.length >> 3);
}
