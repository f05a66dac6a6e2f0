/**
 * MEMORY USAGE: the bytes of one key and its value. Strings and packed collections lie in the key's record. Of a large
 * collection some elements are weighed, and the others are taken to be like them.
 */
import type { Database } from '../data/database.ts';
import { Dict } from '../data/dict.ts';
import type { Heap } from '../data/heap.ts';
import { ListValue } from '../data/list-value.ts';
import { StreamValue } from '../data/stream-value.ts';
import type { LargeValue } from '../data/value.ts';
import { ZsetValue } from '../data/zset-value.ts';
import type { Random } from '../host/host.ts';

/** @param samples how many elements are weighed; 0: all. */
export function bytesOfEntry(db: Database, entry: number, samples: number, random: Random): number {
  const record = db.recordBytes(entry);
  return db.isPacked(entry) ? record : record + bytesOfValue(db.object(entry), samples, db.keyspace.heap, random);
}

function bytesOfValue(value: LargeValue, samples: number, heap: Heap, random: Random): number {
  return value.overheadBytes + bytesOfBlocks(value, samples === 0 ? Infinity : samples, heap, random);
}

/** What a value holds on the heap. */
function bytesOfBlocks(value: LargeValue, samples: number, heap: Heap, random: Random): number {
  if (value instanceof ListValue) {
    const weighed = Math.min(value.nodeCount, samples);
    const nodes = Array.from({ length: weighed }, (_, i) => value.nodeAt(i));
    return share(nodes, value.nodeCount, heap);
  }
  if (value instanceof StreamValue) {
    const weighed = Math.min(value.nodeCount, samples);
    const nodes = Array.from({ length: weighed }, (_, i) => value.nodeAt(i));
    return share(nodes, value.nodeCount, heap) + value.groupBytes;
  }
  const { dict } = value as { readonly dict?: unknown };
  const records = dict instanceof Dict ? share(dict.some(Math.min(dict.size, samples), random), dict.size, heap) : 0;
  return value instanceof ZsetValue ? records + value.orderBytes : records;
}

function share(weighed: readonly number[], count: number, heap: Heap): number {
  const bytes = weighed.reduce((sum, address) => sum + heap.capacity(address), 0);
  return weighed.length === 0 ? 0 : Math.round((bytes * count) / weighed.length);
}
