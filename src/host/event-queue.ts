/**
 * A queue of future calls, earliest first: the heart of virtual time. The manual clock and the simulator share it.
 *
 * It is a binary heap over (time, order). `order` breaks ties and must be unique; a counter makes equal times first in,
 * first out. Every entry knows its place in the heap, so that a cancelled timer leaves at once instead of lying in the
 * queue until it is due, and an entry that has left may be pushed again: a periodic timer allocates nothing per period.
 *
 * All entries are of this one class, so that the comparisons in the heap stay monomorphic.
 */
export class QueueEntry<Owner> {
  timeUs = 0;
  order = 0;
  /** Place in the heap, -1 outside. */
  index = -1;
  readonly owner: Owner;
  readonly run: () => void;

  constructor(owner: Owner, run: () => void) {
    this.owner = owner;
    this.run = run;
  }

  get queued(): boolean {
    return this.index >= 0;
  }
}

export class EventQueue<Owner> {
  readonly #heap: QueueEntry<Owner>[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** The earliest entry, which stays. */
  peek(): QueueEntry<Owner> | undefined {
    return this.#heap[0];
  }

  push(entry: QueueEntry<Owner>, timeUs: number, order: number): void {
    if (entry.index >= 0) throw new Error('the entry is queued already');
    entry.timeUs = timeUs;
    entry.order = order;
    const heap = this.#heap;
    heap.push(entry);
    this.#up(entry, heap.length - 1);
  }

  pop(): QueueEntry<Owner> | undefined {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined) return undefined;
    const last = heap.pop()!;
    first.index = -1;
    if (last !== first) this.#down(last, 0);
    return first;
  }

  /** Takes the entry out; nothing happens when it is not in. */
  remove(entry: QueueEntry<Owner>): void {
    const index = entry.index;
    if (index < 0) return;
    entry.index = -1;
    const heap = this.#heap;
    const last = heap.pop()!;
    if (last === entry) return;
    const parent = heap[(index - 1) >> 1];
    if (index > 0 && before(last, parent!)) this.#up(last, index);
    else this.#down(last, index);
  }

  #up(entry: QueueEntry<Owner>, start: number): void {
    const heap = this.#heap;
    let index = start;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex]!;
      if (!before(entry, parent)) break;
      heap[index] = parent;
      parent.index = index;
      index = parentIndex;
    }
    heap[index] = entry;
    entry.index = index;
  }

  #down(entry: QueueEntry<Owner>, start: number): void {
    const heap = this.#heap;
    const size = heap.length;
    let index = start;
    for (;;) {
      let childIndex = 2 * index + 1;
      if (childIndex >= size) break;
      let child = heap[childIndex]!;
      if (childIndex + 1 < size) {
        const right = heap[childIndex + 1]!;
        if (before(right, child)) {
          child = right;
          childIndex++;
        }
      }
      if (!before(child, entry)) break;
      heap[index] = child;
      child.index = index;
      index = childIndex;
    }
    heap[index] = entry;
    entry.index = index;
  }
}

function before(a: QueueEntry<unknown>, b: QueueEntry<unknown>): boolean {
  return a.timeUs < b.timeUs || (a.timeUs === b.timeUs && a.order < b.order);
}
