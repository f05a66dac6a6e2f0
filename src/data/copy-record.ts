/** Copies a record to another block, possibly in another layout. */
import { copyBytes } from '../core/copy-bytes.ts';
import { Heap } from './heap.ts';
import { copyRoom, keyLengthAt, keyOffsetAt, LENGTH, META, setKeyLength, TAG, VOLATILE } from './record.ts';

/**
 * @param target a block that has room for the record.
 * @param length of the value in the copy.
 * @param meta of the copy: says whether it is roomy, and whether it has the expire time.
 * @param keep bytes of the value that are copied.
 */
export function copyRecord(
  heap: Heap,
  source: number,
  target: number,
  length: number,
  meta: number,
  keep: number,
): void {
  const from = heap.wordsOf(source);
  const fromRecord = Heap.wordOffset(source);
  const to = heap.wordsOf(target);
  const toRecord = Heap.wordOffset(target);
  const keyLength = keyLengthAt(from, fromRecord);
  to[toRecord + TAG] = from[fromRecord + TAG]!;
  to[toRecord + META] = meta;
  to[toRecord + LENGTH] = length;
  setKeyLength(to, toRecord, keyLength);
  if ((meta & VOLATILE) !== 0) copyRoom(from, fromRecord, to, toRecord);
  const at = keyOffsetAt(from, fromRecord);
  copyBytes(heap.bytesOf(source), at, at + keyLength + keep, heap.bytesOf(target), keyOffsetAt(to, toRecord));
}
