/**
 * Members of a large sorted set are records of a dict (record.ts) whose value is the score: a double, aligned as one
 * behind the key.
 */
import { compareBytes } from '../core/compare-bytes.ts';
import type { Heap } from './heap.ts';
import { keyLengthAt, keyOffsetAt, overheadBytes } from './record.ts';

/** Bytes of value that a record needs for its score. */
export function scoreBytes(keyLength: number): number {
  return (-overheadBytes(keyLength, false) & 7) + 8;
}

/** Where the score is among the doubles of the record's page. */
function scoreIndex(heap: Heap, member: number): number {
  const words = heap.words[member >>> 15]!;
  const record = (member & 0x7fff) << 1;
  return (keyOffsetAt(words, record) + keyLengthAt(words, record) + 7) >>> 3;
}

export function scoreOf(heap: Heap, member: number): number {
  return heap.doubles[member >>> 15]![scoreIndex(heap, member)]!;
}

export function writeScore(heap: Heap, member: number, score: number): void {
  heap.doubles[member >>> 15]![scoreIndex(heap, member)] = score;
}

/** Orders a member against bytes[start..end), as memcmp does, the shorter first. */
export function compareMember(heap: Heap, member: number, bytes: Uint8Array, start: number, end: number): number {
  const words = heap.words[member >>> 15]!;
  const record = (member & 0x7fff) << 1;
  const at = keyOffsetAt(words, record);
  return compareBytes(heap.pages[member >>> 15]!, at, at + keyLengthAt(words, record), bytes, start, end);
}
