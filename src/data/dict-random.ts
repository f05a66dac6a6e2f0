/**
 * Random records of a dict: fair ones for commands that promise it, others for eviction and sampling, where cheap will
 * do. All of them work on the bucket tables, while the dict resizes as well (dict.c dictGetFairRandomKey and its kin).
 */
import type { Random } from '../core/random.ts';
import type { Dict } from './dict.ts';
import { type Heap, NONE } from './heap.ts';
import { NEXT } from './record.ts';

/** `someNeighbours` visits at most this many buckets per record that is wanted, and leaves a desert after so many. */
const VISITS_PER_SAMPLE = 10;
const DESERT_BUCKETS = 5;
/** A fair random record is looked for at these depths of a chain, and so many times. */
const FAIR_DEPTHS = 4;
const WORD = 0x1_0000_0000;
const FAIR_ATTEMPTS = 64;
/** Where that finds none, it is drawn from as many neighbours. */
const FAIR_SAMPLE = 15;

function following(heap: Heap, address: number): number {
  return heap.words[address >>> 15]![((address & 0x7fff) << 1) + NEXT]!;
}

/**
 * A random record, NONE when there is none; each is as likely as any other. A place is drawn, a bucket and a depth in
 * it, until there is a record at that place. If its chain goes on below the depths that are drawn, neighbours are drawn
 * instead: after a table has shrunk, much of what it holds may be in one chain.
 */
export function fairRandom(dict: Dict, random: Random): number {
  if (dict.size === 0) return NONE;
  if (dict.isResizing) dict.resizeStep();
  const { heap, table, nextTable } = dict;
  const first = dict.firstBucket;
  const current = table.length - first;
  const places = (current + nextTable.length) * FAIR_DEPTHS;
  for (let attempts = FAIR_ATTEMPTS; attempts > 0; attempts--) {
    const place = places <= WORD ? Math.floor(random.u32() * (places / WORD)) : random.below(places);
    const bucket = Math.floor(place / FAIR_DEPTHS);
    let at = bucket < current ? table[first + bucket]! : nextTable[bucket - current]!;
    const depth = place % FAIR_DEPTHS;
    for (let i = 0; i < depth && at !== NONE; i++) at = following(heap, at);
    if (at === NONE) continue;
    if (!isLong(heap, at, depth)) return at;
    break;
  }
  // Found faster than places in a sparse table, and drawn with equal chances from a long chain.
  const neighbours = someNeighbours(dict, FAIR_SAMPLE, random);
  return neighbours.length === 0 ? anyRandom(dict, random) : neighbours[random.below(neighbours.length)]!;
}

/** Whether the chain of a record has others below the depths that are drawn. @param depth of the record in it. */
function isLong(heap: Heap, address: number, depth: number): boolean {
  let at = address;
  for (let i = depth; i < FAIR_DEPTHS && at !== NONE; i++) at = following(heap, at);
  return at !== NONE;
}

/** A random record, NONE when there is none. Uniform over buckets, then over the bucket's chain. */
export function anyRandom(dict: Dict, random: Random): number {
  if (dict.size === 0) return NONE;
  if (dict.isResizing) dict.resizeStep();
  const { heap, table, nextTable } = dict;
  let head = NONE;
  const first = dict.firstBucket;
  const total = table.length - first + nextTable.length;
  do {
    const at = first + random.below(total);
    head = at < table.length ? table[at]! : nextTable[at - table.length]!;
  } while (head === NONE);
  let length = 0;
  for (let at = head; at !== NONE; at = following(heap, at)) length++;
  let skip = random.below(length);
  while (skip-- > 0) head = following(heap, head);
  return head;
}

/**
 * Up to `count` distinct records from neighbouring buckets at a random place: cheaper than `count` random ones and
 * good enough to sample from, not to report. In a sparse table it may find fewer, even none (dict.c dictGetSomeKeys).
 */
export function someNeighbours(dict: Dict, count: number, random: Random): number[] {
  const wanted = Math.min(count, dict.size);
  const found: number[] = [];
  for (let step = 0; step < wanted && dict.isResizing; step++) dict.resizeStep();
  const tables = dict.tables;
  const buckets = Math.max(tables[0].length, tables[1].length);
  let bucket = wanted > 0 ? random.below(buckets) : 0;
  let empty = 0;
  // After a jump, buckets may come up that were sampled before: as a whole, since the sample is not full.
  let jumped = false;
  for (let visits = wanted * VISITS_PER_SAMPLE; visits > 0 && found.length < wanted; visits--) {
    const before = found.length;
    for (const table of tables) {
      if (bucket >= table.length || found.length === wanted) continue;
      const head = table[bucket]!;
      if (head !== NONE && !(jumped && found.includes(head))) sampleChain(dict.heap, head, wanted, found, random);
    }
    empty = found.length > before ? 0 : empty + 1;
    if (empty > Math.max(wanted, DESERT_BUCKETS)) {
      bucket = random.below(buckets);
      jumped = true;
      empty = 0;
    } else bucket = bucket + 1 === buckets ? 0 : bucket + 1;
  }
  return found;
}

/** Adds a bucket's records. Where not all fit, each has the same chance, whatever its place in the chain. */
function sampleChain(heap: Heap, head: number, wanted: number, found: number[], random: Random): void {
  const before = found.length;
  let seen = before;
  for (let at = head; at !== NONE; at = following(heap, at)) {
    seen++;
    if (found.length < wanted) found.push(at);
    else {
      const place = before + random.below(seen - before);
      if (place < wanted) found[place] = at;
    }
  }
}
