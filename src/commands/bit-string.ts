/** What the bitmap commands share: bit offsets, and strings that are made long enough to have a bit. */
import { fail } from '../core/errors.ts';
import { parseInteger } from '../core/integer.ts';
import { NONE } from '../data/heap.ts';
import type { Context } from './context.ts';

const BAD_OFFSET = 'ERR bit offset is not an integer or out of range';

/**
 * A bit offset argument; with `width`, "#n" means the nth field of that many bits.
 * @throws if it lies beyond the longest string.
 */
export function bitOffset(c: Context, index: number, width = 0): number {
  const { args } = c;
  const start = args.starts[index]!;
  const isCounted = width > 0 && args.length(index) > 0 && args.bytes[start] === 0x23;
  let offset = parseInteger(args.bytes, isCounted ? start + 1 : start, args.ends[index]!);
  if (isCounted) offset *= width;
  if (!(offset >= 0) || Math.floor(offset / 8) >= c.services.settings.bulkBytesMax) fail(BAD_OFFSET);
  return offset;
}

/**
 * The string at the first key argument, made and grown so that it has the bit.
 * @returns the entry, writable, and whether it is new or longer than before.
 */
export function stringWithBit(c: Context, offset: number): { entry: number; grew: boolean } {
  const { args, db } = c;
  const length = Math.floor(offset / 8) + 1;
  const entry = c.writeString(1);
  if (entry === NONE) {
    const made = db.insertString(args.bytes, args.starts[1]!, args.ends[1]!, length);
    db.view(made).fill(0);
    return { entry: db.resizeString(made, length, true), grew: true };
  }
  const old = db.length(entry);
  return { entry: db.resizeString(entry, Math.max(old, length), true), grew: old < length };
}
