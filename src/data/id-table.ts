/**
 * An ordered map from stream IDs to small records, on the heap: the pending entries of consumer groups.
 *
 * Records lie in blocks, sorted, each with its ID in the first four words; a deque keeps the blocks in order. A search
 * is two binary searches. Most IDs come at the end and go at the beginning: a block is left full where records are only
 * added at the end, it is halved where one is added in its middle, and joined with its neighbour when both are small.
 *
 * The table has a place, the record that `seek` found or `next` went to; the other functions are about that record.
 */
import { Heap } from './heap.ts';
import { NodeDeque } from './node-deque.ts';
import { StreamId } from './stream-id.ts';

const ID_WORDS = 4;
/** Word 0 of a block is the number of its records; one word is left free. */
const HEADER_WORDS = 2;
const RECORDS_MAX = 128;
const RECORDS_MIN = 4;
const FREED_PER_SLICE = 500;

export class IdTable extends NodeDeque {
  readonly heap: Heap;
  size = 0;
  readonly #recordWords: number;
  #block = 0;
  #slot = 0;

  /** @param extraWords of each record, besides its ID. */
  constructor(heap: Heap, extraWords: number) {
    super();
    this.heap = heap;
    this.#recordWords = ID_WORDS + extraWords;
  }

  get overheadBytes(): number {
    return this.tableBytes;
  }

  /** Bytes of all blocks. */
  get blockBytes(): number {
    let bytes = 0;
    for (let i = 0; i < this.nodeCount; i++) bytes += this.heap.capacity(this.node(i));
    return bytes;
  }

  clone(): IdTable {
    const { heap } = this;
    const copy = new IdTable(heap, this.#recordWords - ID_WORDS);
    for (let i = 0; i < this.nodeCount; i++) {
      copy.insertNode(i, this.#copyBlock(this.node(i), this.#count(this.node(i))));
    }
    copy.size = this.size;
    return copy;
  }

  /** @returns whether nothing is left. */
  releaseSome(): boolean {
    for (let left = FREED_PER_SLICE; left > 0 && this.nodeCount > 0; left--) {
      this.heap.free(this.node(this.nodeCount - 1));
      this.removeNode(this.nodeCount - 1);
    }
    return this.nodeCount === 0;
  }

  // ------------------------------------------------------------------------------------------------------------- places

  /** Goes to the record with an ID, or to the first one behind it. @returns whether it is there. */
  seek(id: StreamId): boolean {
    const { heap } = this;
    let low = 0;
    let high = this.nodeCount;
    // The first block whose last record is not before the ID.
    while (low < high) {
      const middle = (low + high) >> 1;
      const block = this.node(middle);
      if (id.compareWords(heap.wordsOf(block), this.#wordOf(block, this.#count(block) - 1)) > 0) low = middle + 1;
      else high = middle;
    }
    this.#block = low;
    this.#slot = 0;
    if (low === this.nodeCount) return false;
    const block = this.node(low);
    const words = heap.wordsOf(block);
    low = 0;
    high = this.#count(block);
    while (low < high) {
      const middle = (low + high) >> 1;
      if (id.compareWords(words, this.#wordOf(block, middle)) > 0) low = middle + 1;
      else high = middle;
    }
    this.#slot = low;
    return id.compareWords(words, this.#wordOf(block, low)) === 0;
  }

  seekFirst(): void {
    this.#block = this.#slot = 0;
  }

  seekLast(): void {
    this.#block = Math.max(0, this.nodeCount - 1);
    this.#slot = this.nodeCount === 0 ? 0 : this.#count(this.node(this.#block)) - 1;
  }

  /** Whether there is a record at the place: there is none behind the last. */
  get hasRecord(): boolean {
    return this.#block < this.nodeCount;
  }

  next(): void {
    if (++this.#slot < this.#count(this.node(this.#block))) return;
    this.#block++;
    this.#slot = 0;
  }

  readId(target: StreamId): StreamId {
    const block = this.node(this.#block);
    return target.read(this.heap.wordsOf(block), this.#wordOf(block, this.#slot));
  }

  /** A word of the record behind its ID. */
  word(index: number): number {
    const block = this.node(this.#block);
    return this.heap.wordsOf(block)[this.#wordOf(block, this.#slot) + ID_WORDS + index]!;
  }

  setWord(index: number, value: number): void {
    const block = this.node(this.#block);
    this.heap.wordsOf(block)[this.#wordOf(block, this.#slot) + ID_WORDS + index] = value;
  }

  #count(block: number): number {
    return this.heap.wordsOf(block)[Heap.wordOffset(block)]!;
  }

  #setCount(block: number, count: number): void {
    this.heap.wordsOf(block)[Heap.wordOffset(block)] = count;
  }

  /** Word of a record in its page. */
  #wordOf(block: number, slot: number): number {
    return Heap.wordOffset(block) + HEADER_WORDS + slot * this.#recordWords;
  }

  #bytesFor(records: number): number {
    return (HEADER_WORDS + records * this.#recordWords) * 4;
  }

  // ------------------------------------------------------------------------------------------------------------ changes

  /** Adds a record where `seek` has just not found its ID; its other words are 0. */
  insert(id: StreamId): void {
    this.#makeRoom();
    const block = this.node(this.#block);
    const words = this.heap.wordsOf(block);
    const count = this.#count(block);
    const at = this.#wordOf(block, this.#slot);
    const width = this.#recordWords;
    words.copyWithin(at + width, at, this.#wordOf(block, count));
    words.fill(0, at, at + width);
    id.write(words, at);
    this.#setCount(block, count + 1);
    this.size++;
  }

  /** Makes the place one in a block that can take a record there. */
  #makeRoom(): void {
    if (this.#block === this.nodeCount) {
      // Behind the last record: the last block takes it, if it is not full.
      const last = this.nodeCount - 1;
      if (last < 0 || this.#count(this.node(last)) >= RECORDS_MAX) {
        this.insertNode(this.nodeCount, this.#newBlock(RECORDS_MIN));
      } else {
        this.#block = last;
        this.#slot = this.#count(this.node(last));
      }
    }
    const block = this.node(this.#block);
    const count = this.#count(block);
    if (count < RECORDS_MAX) {
      if (this.#bytesFor(count + 1) <= this.heap.capacity(block)) return;
      this.setNode(this.#block, this.#copyBlock(block, Math.min(count * 2, RECORDS_MAX)));
      this.heap.free(block);
    } else this.#split(block);
  }

  #newBlock(records: number): number {
    const block = this.heap.allocate(this.#bytesFor(records));
    this.#setCount(block, 0);
    return block;
  }

  #copyBlock(block: number, records: number): number {
    const copy = this.#newBlock(records);
    const count = this.#count(block);
    const to = this.heap.wordsOf(copy);
    const from = this.heap.wordsOf(block);
    to.set(from.subarray(this.#wordOf(block, 0), this.#wordOf(block, count)), this.#wordOf(copy, 0));
    this.#setCount(copy, count);
    return copy;
  }

  #split(block: number): void {
    const half = this.#count(block) >> 1;
    const right = this.#newBlock(RECORDS_MAX);
    this.#appendRecords(block, half, right);
    this.#setCount(block, half);
    this.insertNode(this.#block + 1, right);
    if (this.#slot <= half) return;
    this.#block++;
    this.#slot -= half;
  }

  /** Copies the records of a block, from a slot on, behind those of another one. */
  #appendRecords(from: number, slot: number, to: number): void {
    const source = this.heap.wordsOf(from).subarray(this.#wordOf(from, slot), this.#wordOf(from, this.#count(from)));
    const count = this.#count(to);
    this.heap.wordsOf(to).set(source, this.#wordOf(to, count));
    this.#setCount(to, count + source.length / this.#recordWords);
  }

  /** Removes the record at the place, which goes to the one behind it. */
  remove(): void {
    const block = this.node(this.#block);
    const count = this.#count(block) - 1;
    const words = this.heap.wordsOf(block);
    words.copyWithin(
      this.#wordOf(block, this.#slot),
      this.#wordOf(block, this.#slot + 1),
      this.#wordOf(block, count + 1),
    );
    this.#setCount(block, count);
    this.size--;
    if (count === 0) {
      this.heap.free(block);
      this.removeNode(this.#block);
      this.#slot = 0;
      return;
    }
    if (count < RECORDS_MAX >> 2 && !this.#join()) this.#shrink(block, count);
    if (this.#slot < this.#count(this.node(this.#block))) return;
    this.#block++;
    this.#slot = 0;
  }

  /** Takes the records of the next block into the place's one, if they fill no more than half of it together. */
  #join(): boolean {
    if (this.#block + 1 >= this.nodeCount) return false;
    const left = this.node(this.#block);
    const right = this.node(this.#block + 1);
    const together = this.#count(left) + this.#count(right);
    if (together > RECORDS_MAX >> 1) return false;
    const joined = this.#copyBlock(left, together);
    this.#appendRecords(right, 0, joined);
    this.setNode(this.#block, joined);
    this.removeNode(this.#block + 1);
    this.heap.free(left);
    this.heap.free(right);
    return true;
  }

  /** Exchanges a block that is nearly empty for a smaller one. */
  #shrink(block: number, count: number): void {
    const records = Math.max(count * 2, RECORDS_MIN);
    if (this.#bytesFor(records * 2) > this.heap.capacity(block)) return;
    this.setNode(this.#block, this.#copyBlock(block, records));
    this.heap.free(block);
  }
}
