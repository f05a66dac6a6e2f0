/**
 * Frees the records of a dict that nobody uses any more, a few hundred per call, so that emptying a database of
 * millions of keys never holds up the server. Large values among them are freed in slices of their own.
 */
import { Heap, NONE } from './heap.ts';
import { LENGTH, META, NEXT, OBJECT } from './record.ts';
import type { LargeValue, ValueTable } from './value.ts';

/** Work of a call, a fraction of a millisecond: 250 records that lie anywhere in memory, or more buckets, in a row. */
const SLICE_STEPS = 2000;
const RECORD_STEPS = 8;

/** @param tables of a dict, from `detachAll`. @returns a function to call until it says true. */
export function freeInSlices(tables: readonly Int32Array[], heap: Heap, values: ValueTable): () => boolean {
  let table = 0;
  let bucket = 0;
  let address = NONE;
  let pending: LargeValue | null = null;

  const freeRecord = (): void => {
    const words = heap.wordsOf(address);
    const record = Heap.wordOffset(address);
    if ((words[record + META]! & OBJECT) !== 0) pending = values.take(words[record + LENGTH]!);
    const following = words[record + NEXT]!;
    heap.free(address);
    address = following;
  };

  return () => {
    for (let steps = SLICE_STEPS; steps > 0;) {
      if (pending !== null) {
        if (!pending.releaseSome()) return false;
        pending = null;
      }
      steps -= address === NONE ? 1 : RECORD_STEPS;
      if (address !== NONE) freeRecord();
      else if (bucket < (tables[table]?.length ?? 0)) address = tables[table]![bucket++]!;
      else if (table < tables.length) {
        table++;
        bucket = 0;
      } else return true;
    }
    return false;
  };
}
