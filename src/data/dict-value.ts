/**
 * What large hashes and sets have in common: elements that are records of a dict of their own, on the keyspace's heap.
 * Reading, adding, removing and drawing one take constant time, and a SCAN cursor survives what happens in between.
 */
import { Dict } from './dict.ts';
import { freeInSlices } from './free-in-slices.ts';
import { NONE } from './heap.ts';
import type { Keyspace } from './keyspace.ts';
import type { Kind, LargeValue } from './value.ts';

/** The JS objects around the table, as measured. They count as used memory like the table. */
const OBJECT_BYTES = 400;

export abstract class DictValue implements LargeValue {
  readonly dict: Dict;
  protected readonly keyspace: Keyspace;
  #release: (() => boolean) | null = null;

  constructor(keyspace: Keyspace) {
    this.keyspace = keyspace;
    this.dict = new Dict(keyspace.heap, keyspace.hash);
    keyspace.heap.tableBytes += OBJECT_BYTES;
  }

  abstract get kind(): Kind;

  get encoding(): string {
    return 'hashtable';
  }

  get size(): number {
    return this.dict.size;
  }

  get overheadBytes(): number {
    return OBJECT_BYTES + this.dict.tableBytes;
  }

  abstract clone(): DictValue;

  /** Removes the element bytes[start..end). @returns whether it was there. */
  remove(bytes: Uint8Array, start: number, end: number): boolean {
    const record = this.dict.find(bytes, start, end);
    if (record === NONE) return false;
    this.removeRecord(record);
    return true;
  }

  removeRecord(record: number): void {
    this.dict.remove(record);
    if (!this.keyspace.keepsTables) this.dict.shrinkIfSparse();
  }

  releaseSome(): boolean {
    this.#release ??= this.#startRelease();
    return this.#release();
  }

  #startRelease(): () => boolean {
    const { heap } = this.dict;
    heap.tableBytes -= OBJECT_BYTES;
    return freeInSlices(this.dict.detachAll(), heap, this.keyspace.values);
  }
}
