/** A value that was read and belongs to no key yet. */
import { copyBytes } from '../../core/copy-bytes.ts';
import type { Database } from '../../data/database.ts';
import { eagerReclaimer, KIND, type Kind, type LargeValue, releaseValue } from '../../data/value.ts';

const EMPTY = Buffer.alloc(0);

export class LoadedValue {
  kind: Kind = KIND.string;
  /** A large value; else it is bytes[start..end). */
  object: LargeValue | null = null;
  bytes: Uint8Array = EMPTY;
  start = 0;
  end = 0;
  /** A collection without elements, which is no value. */
  isEmpty = false;

  /** A string, or a small collection by its packed bytes. */
  setBytes(kind: Kind, bytes: Uint8Array, start = 0, end = bytes.length): this {
    this.kind = kind;
    this.object = null;
    this.isEmpty = false;
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    return this;
  }

  setObject(object: LargeValue): this {
    this.setBytes(object.kind, EMPTY);
    this.object = object;
    return this;
  }

  /** Nothing: an empty collection was read. */
  setEmpty(kind: Kind): this {
    this.setBytes(kind, EMPTY);
    this.isEmpty = true;
    return this;
  }
}

/**
 * Puts a value under a key for which `write` or `dict.find` has just found nothing.
 * @param roomy an expire time will be set next.
 * @returns the entry.
 */
export function storeLoaded(
  db: Database,
  key: Uint8Array,
  keyStart: number,
  keyEnd: number,
  value: LoadedValue,
  roomy = false,
): number {
  const { kind, object, bytes, start, end } = value;
  value.object = null;
  if (object !== null) return db.setObject(key, keyStart, keyEnd, object);
  const entry =
    kind === KIND.string
      ? db.insertString(key, keyStart, keyEnd, end - start, roomy)
      : db.insertPacked(kind, key, keyStart, keyEnd, end - start);
  copyBytes(bytes, start, end, db.bytes(entry), db.valueOffset(entry));
  return entry;
}

/** Frees a value that is not stored. */
export function releaseLoaded(value: LoadedValue): void {
  if (value.object !== null) releaseValue(value.object, 'server', eagerReclaimer);
  value.object = null;
}
