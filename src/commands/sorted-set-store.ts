/** What ZRANGESTORE and the STORE forms of the set operations do with their result. */
import { NONE } from '../data/heap.ts';
import { storeZset } from '../data/zset-entry.ts';
import type { ZsetValue } from '../data/zset-value.ts';
import type { Context } from './context.ts';
import { NOTIFY } from './notify-class.ts';

/** Stores a result under a key argument, or removes the key if the result is empty, and replies its size. */
export function storeResult(c: Context, key: number, result: ZsetValue, event: string): void {
  const { args, db, services } = c;
  const start = args.starts[key]!;
  const end = args.ends[key]!;
  const { size } = result;
  if (size > 0) {
    storeZset(db, args.bytes, start, end, result, services.settings.zsetLimits);
    c.changed(key, NOTIFY.zset, event);
  } else {
    while (!result.releaseSome());
    const old = db.stored(args.bytes, start, end);
    if (old !== NONE) {
      db.remove(old, 'server');
      c.changed(key, NOTIFY.generic, 'del');
    }
  }
  c.reply.integer(size);
}
