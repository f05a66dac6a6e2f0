/** How a value is stored, in the words of OBJECT ENCODING. */
import type { Database } from './database.ts';
import { stringEncoding } from './string-value.ts';
import { KIND } from './value.ts';

export function encodingOf(db: Database, entry: number): string {
  if (db.isString(entry)) return stringEncoding(db, entry);
  if (!db.isPacked(entry)) return db.object(entry).encoding;
  const kind = db.kind(entry);
  if (kind === KIND.set) return 'intset';
  // Redis 7.0 calls a list of any size a quicklist.
  return kind === KIND.list ? 'quicklist' : 'listpack';
}
