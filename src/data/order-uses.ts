/**
 * Puts the entries that were there before uses were ordered in their place, some hundreds per call: when an LRU policy
 * is set on a server that holds millions of keys, nobody waits for it. Until the walk is over the order is that of the
 * entries it has met and of those that were used since.
 */
import type { Database } from './database.ts';

/** Buckets per call. */
const SLICE_BUCKETS = 200;

/** @returns a function to call until it says true. */
export function orderInSlices(database: Database): () => boolean {
  const { dict, keyspace, recent } = database;
  const { heap } = keyspace;
  let cursor = 0;
  const visit = (address: number): void => {
    if (recent!.has(address) || (recent!.onlyVolatile && !database.isVolatile(address))) return;
    recent!.place(address, keyspace.idleSeconds(database.usage(address)));
  };
  return () => {
    for (let buckets = SLICE_BUCKETS; buckets > 0; buckets--) {
      // The heap was exchanged as a whole: what is walked here is no entry any more.
      if (recent === null || heap !== keyspace.heap) return true;
      cursor = dict.scan(cursor, visit);
      if (cursor === 0) return true;
    }
    return false;
  };
}
