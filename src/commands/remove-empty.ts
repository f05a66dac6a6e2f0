/** Collections without elements do not exist. */
import type { Database } from '../data/database.ts';
import { NONE } from '../data/heap.ts';
import type { Context } from './context.ts';

/** Removes the collection at a key argument if it is there and empty: it was made, and then memory ran out. */
export function removeEmpty(c: Context, index: number, size: (db: Database, entry: number) => number): void {
  const { bytes, starts, ends } = c.args;
  const entry = c.db.peek(bytes, starts[index]!, ends[index]!);
  if (entry !== NONE && size(c.db, entry) === 0) c.db.remove(entry);
}
