/**
 * The entries of one database in the order of their last use, for the policies `*-lru`: which one was not used for the
 * longest time is known at any moment, whatever happened within one second.
 *
 * It is a doubly linked list beside the heap. A page of the heap that holds entries has an array here with two words
 * for each of its blocks, the next newer and the next older entry; so records need no room for it, nothing is spent
 * while no such policy is set, and an entry that moves takes its place along in constant time. 8 bytes per entry, next
 * to 100 and more of a JS Map with an object per entry, and no work for the garbage collector.
 *
 * Entries that were there before the policy was set are put in their place later, a few at a time (`place`), by the
 * seconds in their header. For them there is a row of further lists, one per span of idle time; each is older than the
 * one before, and all are older than what was used since. Within a span their order is not known.
 */
import { Heap, NONE } from './heap.ts';

/** Words of a link. The ends of a list point to its number, as -1 - number; 0 is an entry that is not listed. */
const NEWER = 0;
const OLDER = 1;
const LINK_WORDS = 2;
const ENTRY_BYTES = LINK_WORDS * 4;

/** Idle times below this have a list per second; beyond it there are as many lists per doubling. */
const FINE_SECONDS = 8;
const FINE_BITS = 3;
const IDLE_BITS = 24;
/** List 0 holds what was used since the policy is set. */
const LISTS = 1 + FINE_SECONDS * (1 + IDLE_BITS - FINE_BITS);

const NO_LINKS = new Int32Array(0);

export class RecencyList {
  readonly onlyVolatile: boolean;
  readonly #heap: Heap;
  /** By page of the heap. */
  readonly #links: Int32Array[] = [];
  readonly #newest = new Int32Array(LISTS);
  readonly #oldest = new Int32Array(LISTS);
  #size = 0;
  /** No list beyond this one has entries. */
  #last = 0;

  /** @param onlyVolatile only entries with an expire time are listed. */
  constructor(heap: Heap, onlyVolatile: boolean) {
    this.#heap = heap;
    this.onlyVolatile = onlyVolatile;
  }

  get size(): number {
    return this.#size;
  }

  /** Bytes of the links. */
  get bytes(): number {
    return this.#size * ENTRY_BYTES;
  }

  /** The entry that was not used for the longest time, or NONE. */
  get oldest(): number {
    while (this.#last > 0 && this.#oldest[this.#last] === NONE) this.#last--;
    return this.#oldest[this.#last]!;
  }

  has(address: number): boolean {
    return this.#linksOf(address)[this.#at(address) + NEWER] !== 0;
  }

  /** An entry is used, or new, or has an expire time now. */
  used(address: number, isVolatile: boolean): void {
    if (this.#newest[0] === address || (this.onlyVolatile && !isVolatile)) return;
    this.remove(address);
    this.#append(address, 0, true);
  }

  /** Lists an entry that was not used for some seconds, and not since the policy is set. */
  place(address: number, idleSeconds: number): void {
    this.remove(address);
    const list = 1 + spanOf(idleSeconds);
    if (list > this.#last) this.#last = list;
    this.#append(address, list, false);
  }

  /** @param atFront newest of its list, else oldest. */
  #append(address: number, list: number, atFront: boolean): void {
    const links = this.#linksOf(address);
    const at = this.#at(address);
    const end = -1 - list;
    const ends = atFront ? this.#newest : this.#oldest;
    const neighbour = ends[list]!;
    links[at + NEWER] = atFront ? end : neighbour === NONE ? end : neighbour;
    links[at + OLDER] = atFront ? (neighbour === NONE ? end : neighbour) : end;
    ends[list] = address;
    if (neighbour === NONE) (atFront ? this.#oldest : this.#newest)[list] = address;
    else this.#linksOf(neighbour)[this.#at(neighbour) + (atFront ? NEWER : OLDER)] = address;
    this.#size++;
    this.#heap.tableBytes += ENTRY_BYTES;
  }

  /** An entry goes, or does not count any more. */
  remove(address: number): void {
    const links = this.#linksOf(address);
    const at = this.#at(address);
    const newer = links[at + NEWER]!;
    if (newer === 0) return;
    const older = links[at + OLDER]!;
    links[at + NEWER] = links[at + OLDER] = 0;
    this.#join(newer, older);
    this.#size--;
    this.#heap.tableBytes -= ENTRY_BYTES;
  }

  /** The list is used no more. Whoever drops it calls this, or it counts as used for ever. */
  drop(): void {
    this.#heap.tableBytes -= this.bytes;
    this.#size = 0;
  }

  /** Makes two neighbours, or ends, what stands on both sides of a gap. */
  #join(newer: number, older: number): void {
    if (newer < 0) this.#newest[-1 - newer] = older < 0 ? NONE : older;
    else this.#linksOf(newer)[this.#at(newer) + OLDER] = older;
    if (older < 0) this.#oldest[-1 - older] = newer < 0 ? NONE : newer;
    else this.#linksOf(older)[this.#at(older) + NEWER] = newer;
  }

  /** An entry has no expire time any more. */
  persisted(address: number): void {
    if (this.onlyVolatile) this.remove(address);
  }

  /** An entry has another address now. */
  moved(from: number, to: number): void {
    const links = this.#linksOf(from);
    const at = this.#at(from);
    const newer = links[at + NEWER]!;
    if (newer === 0) return;
    const older = links[at + OLDER]!;
    links[at + NEWER] = links[at + OLDER] = 0;
    const target = this.#linksOf(to);
    target[this.#at(to) + NEWER] = newer;
    target[this.#at(to) + OLDER] = older;
    if (newer < 0) this.#newest[-1 - newer] = to;
    else this.#linksOf(newer)[this.#at(newer) + OLDER] = to;
    if (older < 0) this.#oldest[-1 - older] = to;
    else this.#linksOf(older)[this.#at(older) + NEWER] = to;
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

/** The number of the span that an idle time falls into: the longer, the higher. */
function spanOf(idleSeconds: number): number {
  if (idleSeconds < FINE_SECONDS) return idleSeconds;
  const doublings = 31 - Math.clz32(idleSeconds) - FINE_BITS;
  return FINE_SECONDS * doublings + (idleSeconds >>> doublings);
}
