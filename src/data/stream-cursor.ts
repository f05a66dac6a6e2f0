/**
 * Walks over the entries of a stream, from an ID to another one, in either direction. One cursor serves any number of
 * walks, and nothing is allocated on the way. It is void when the stream changes.
 *
 *   cursor.start(stream, from, to, false);
 *   while (cursor.next()) {
 *     cursor.id; // reused: copy it to keep it
 *     for (let i = 0; i < cursor.fieldCount; i++) {
 *       cursor.nextField();
 *       cursor.bytes; cursor.field; cursor.value; // elements of a listpack
 *     }
 *   }
 */
import { Heap, NONE } from './heap.ts';
import { integerOfElement, lastElement, nextElement, previousElement } from './listpack.ts';
import { NO_ELEMENT } from './listpack-format.ts';
import { StreamId } from './stream-id.ts';
import {
  DELETED,
  firstEntry,
  listpackAt,
  masterFields,
  readEntryId,
  SAME_FIELDS,
  startOfEntry,
} from './stream-node.ts';

/** What a cursor needs to know of a stream. */
export interface StreamNodes {
  readonly heap: Heap;
  readonly nodeCount: number;
  nodeAt(index: number): number;
  /** Index of the last node that begins at or before an ID; -1 if all begin behind it. */
  nodeFor(id: StreamId): number;
}

const FIRST = new StreamId();
const LAST = StreamId.max();

export class StreamCursor {
  /** The ID of the entry. */
  readonly id = new StreamId();
  fieldCount = 0;
  /** The page that holds the entry. */
  bytes: Buffer = Buffer.alloc(0);
  /** The field that `nextField` went to, and its value: elements in `bytes`. */
  field = NO_ELEMENT;
  value = NO_ELEMENT;
  /** The flags of the entry, and its node's index. */
  entry = NO_ELEMENT;
  nodeIndex = 0;
  #stream: StreamNodes | null = null;
  readonly #from = new StreamId();
  readonly #to = new StreamId();
  #reverse = false;
  #withDeleted = false;
  #node = NONE;
  #flags = 0;
  /** Fields of the node's first entry. */
  #masterCount = 0;
  #masterFields = NO_ELEMENT;
  /** The element behind those that were read. */
  #at = NO_ELEMENT;
  /** Elements from there to the end of the entry. */
  #left = 0;

  /** @param withDeleted visits entries that are marked as deleted too. */
  start(stream: StreamNodes, from: StreamId = FIRST, to: StreamId = LAST, reverse = false, withDeleted = false): this {
    this.#stream = stream;
    this.#from.set(from);
    this.#to.set(to);
    this.#reverse = reverse;
    this.#withDeleted = withDeleted;
    this.nodeIndex = stream.nodeFor(reverse ? to : from);
    if (!reverse && this.nodeIndex < 0) this.nodeIndex = 0;
    this.#node = NONE;
    return this;
  }

  next(): boolean {
    return this.#reverse ? this.#previousEntry() : this.#nextEntry();
  }

  #open(): boolean {
    const stream = this.#stream!;
    if (this.nodeIndex < 0 || this.nodeIndex >= stream.nodeCount) return false;
    this.#node = stream.nodeAt(this.nodeIndex);
    this.bytes = stream.heap.bytesOf(this.#node);
    const fields = masterFields(this.bytes, listpackAt(this.#node));
    this.#masterCount = integerOfElement(this.bytes, fields);
    this.#masterFields = fields;
    return true;
  }

  #nextEntry(): boolean {
    for (;;) {
      let entry: number;
      if (this.#node === NONE) {
        if (!this.#open()) return false;
        entry = firstEntry(this.bytes, listpackAt(this.#node));
      } else {
        let p = this.#at;
        for (let left = this.#left; left > 0; left--) p = nextElement(this.bytes, p);
        entry = nextElement(this.bytes, p);
      }
      if (entry === NO_ELEMENT) {
        this.#node = NONE;
        this.nodeIndex++;
        continue;
      }
      this.#read(entry);
      if (!this.#isShown() || this.id.compare(this.#from) < 0) continue;
      return this.id.compare(this.#to) <= 0;
    }
  }

  #previousEntry(): boolean {
    for (;;) {
      const wasOpen = this.#node !== NONE;
      if (!wasOpen && !this.#open()) return false;
      const at = listpackAt(this.#node);
      const last = wasOpen ? previousElement(this.bytes, at, this.entry) : lastElement(this.bytes, at);
      const entry = startOfEntry(this.bytes, at, last);
      if (entry === last) {
        this.#node = NONE;
        this.nodeIndex--;
        continue;
      }
      this.#read(entry);
      if (!this.#isShown() || this.id.compare(this.#to) > 0) continue;
      return this.id.compare(this.#from) >= 0;
    }
  }

  #isShown(): boolean {
    return this.#withDeleted || (this.#flags & DELETED) === 0;
  }

  #read(entry: number): void {
    this.entry = entry;
    this.#flags = integerOfElement(this.bytes, entry);
    this.#at = readEntryId(this.#stream!.heap, this.#node, entry, this.id);
    if ((this.#flags & SAME_FIELDS) !== 0) {
      this.fieldCount = this.#masterCount;
      this.#left = this.fieldCount;
      this.field = this.#masterFields;
    } else {
      this.fieldCount = integerOfElement(this.bytes, this.#at);
      this.#left = this.fieldCount * 2;
      this.#at = nextElement(this.bytes, this.#at);
    }
  }

  /** Goes to the entry's next field, at first to its first. */
  nextField(): void {
    if ((this.#flags & SAME_FIELDS) !== 0) {
      this.field = nextElement(this.bytes, this.field);
      this.value = this.#at;
      this.#left--;
    } else {
      this.field = this.#at;
      this.value = nextElement(this.bytes, this.#at);
      this.#left -= 2;
    }
    this.#at = nextElement(this.bytes, this.value);
  }
}
