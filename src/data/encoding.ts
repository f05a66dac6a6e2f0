/** How a value is stored, in the words of OBJECT ENCODING. */
import type { Database } from './database.ts';
import { stringEncoding } from './string-value.ts';

export function encodingOf(db: Database, entry: number): string {
  if (db.isString(entry)) return stringEncoding(db, entry);
  return db.isPacked(entry) ? 'listpack' : db.object(entry).encoding;
}
