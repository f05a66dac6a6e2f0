/** DEBUG POPULATE: many keys at once. */
import { NOT_POSITIVE } from '../../core/errors.ts';
import { bytesOf } from '../../core/latin1.ts';
import { NONE } from '../../data/heap.ts';
import type { Call } from '../call.ts';

const COUNT_MAX = 0x7fffffff;

export function populate(c: Call): void {
  const { args, db, services } = c;
  const count = c.integerWithin(2, 0, COUNT_MAX, NOT_POSITIVE);
  const prefix = args.count > 3 ? args.binary(3) : 'key';
  const size = args.count > 4 ? c.integerWithin(4, 0, services.settings.bulkBytesMax, NOT_POSITIVE) : 0;
  db.dict.reserve(count);
  const padded = Buffer.alloc(size);
  for (let i = 0; i < count; i++) {
    const key = bytesOf(`${prefix}:${i}`);
    if (db.write(key, 0, key.length) !== NONE) continue;
    let value = bytesOf(`value:${i}`);
    if (size > 0) {
      padded.fill(0);
      value.copy(padded);
      value = padded;
    }
    db.setString(key, 0, key.length, value, 0, value.length);
    services.keyModified(db, key, 0, key.length);
  }
  c.reply.ok();
}
