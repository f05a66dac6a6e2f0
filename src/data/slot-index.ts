/**
 * The entries of one database by hash slot, for cluster nodes: how many keys a slot has, and which, at a cost that
 * depends on the answer alone.
 *
 * The entries of a slot are a doubly linked list beside the heap, newest first. A page of the heap that holds entries has
 * an array here with two words for each of its blocks, as in `RecencyList`; so records need no room for it, and nothing
 * is spent while no index is kept.
 */
import { keySlot, SLOTS } from '../core/key-slot.ts';
import { Heap, NONE } from './heap.ts';
import { keyLengthAt, keyOffsetAt } from './record.ts';

/** Words of a link. The ends of a list point to its slot, as -1 - slot; 0 is an entry that is not listed. */
const NEWER = 0;
const OLDER = 1;
const LINK_WORDS = 2;
const ENTRY_BYTES = LINK_WORDS * 4;

const NO_LINKS = new Int32Array(0);

export class SlotIndex {
  readonly #heap: Heap;
  /** By page of the heap. */
  readonly #links: Int32Array[] = [];
  readonly #newest = new Int32Array(SLOTS);
  readonly #counts = new Int32Array(SLOTS);
  #size = 0;

  constructor(heap: Heap) {
    this.#heap = heap;
  }

  get size(): number {
    return this.#size;
  }

  /** Bytes of the links. */
  get bytes(): number {
    return this.#size * ENTRY_BYTES;
  }

  /** Number of entries of a slot. */
  count(slot: number): number {
    return this.#counts[slot]!;
  }

  /** The entry of a slot that came last, or NONE. */
  newest(slot: number): number {
    return this.#newest[slot]!;
  }

  /** The one of the same slot that came before, or NONE. */
  older(address: number): number {
    const older = this.#linksOf(address)[this.#at(address) + OLDER]!;
    return older < 0 ? NONE : older;
  }

  /** An entry came, with the key bytes[start..end). */
  added(address: number, bytes: Uint8Array, start: number, end: number): void {
    const slot = keySlot(bytes, start, end);
    const links = this.#linksOf(address);
    const at = this.#at(address);
    const next = this.#newest[slot]!;
    links[at + NEWER] = -1 - slot;
    links[at + OLDER] = next === NONE ? -1 - slot : next;
    if (next !== NONE) this.#linksOf(next)[this.#at(next) + NEWER] = address;
    this.#newest[slot] = address;
    this.#counts[slot]!++;
    this.#size++;
    this.#heap.tableBytes += ENTRY_BYTES;
  }

  /** As `added`, for an entry that was there before. */
  adopt(address: number): void {
    const words = this.#heap.wordsOf(address);
    const record = Heap.wordOffset(address);
    const start = keyOffsetAt(words, record);
    this.added(address, this.#heap.bytesOf(address), start, start + keyLengthAt(words, record));
  }

  /** The record of an entry is about to be freed. */
  removed(address: number): void {
    const links = this.#linksOf(address);
    const at = this.#at(address);
    const newer = links[at + NEWER]!;
    const older = links[at + OLDER]!;
    links[at + NEWER] = links[at + OLDER] = 0;
    const slot = newer < 0 ? -1 - newer : this.#slotOf(address);
    if (newer < 0) this.#newest[slot] = older < 0 ? NONE : older;
    else this.#linksOf(newer)[this.#at(newer) + OLDER] = older;
    if (older > 0) this.#linksOf(older)[this.#at(older) + NEWER] = newer;
    this.#counts[slot]!--;
    this.#size--;
    this.#heap.tableBytes -= ENTRY_BYTES;
  }

  #slotOf(address: number): number {
    const words = this.#heap.wordsOf(address);
    const record = Heap.wordOffset(address);
    const start = keyOffsetAt(words, record);
    return keySlot(this.#heap.bytesOf(address), start, start + keyLengthAt(words, record));
  }

  /** An entry has another address now. */
  moved(from: number, to: number): void {
    const links = this.#linksOf(from);
    const at = this.#at(from);
    const newer = links[at + NEWER]!;
    const older = links[at + OLDER]!;
    links[at + NEWER] = links[at + OLDER] = 0;
    const target = this.#linksOf(to);
    target[this.#at(to) + NEWER] = newer;
    target[this.#at(to) + OLDER] = older;
    if (newer < 0) this.#newest[-1 - newer] = to;
    else this.#linksOf(newer)[this.#at(newer) + OLDER] = to;
    if (older > 0) this.#linksOf(older)[this.#at(older) + NEWER] = to;
  }

  /** The index is used no more. Whoever drops it calls this, or it counts as used for ever. */
  drop(): void {
    this.#heap.tableBytes -= this.bytes;
    this.#size = 0;
  }

  #at(address: number): number {
    return this.#heap.blockIndex(address) * LINK_WORDS;
  }

  /** The links of an address' page. A page that serves blocks of another size now has no entries in its old links. */
  #linksOf(address: number): Int32Array {
    const page = Heap.pageIndex(address);
    const links = this.#links[page] ?? NO_LINKS;
    const words = this.#heap.blocksPerPage(page) * LINK_WORDS;
    return links.length === words ? links : this.#newLinks(page, words);
  }

  #newLinks(page: number, words: number): Int32Array {
    while (this.#links.length <= page) this.#links.push(NO_LINKS);
    return (this.#links[page] = new Int32Array(words));
  }
}
