/** What a reader tells of an RDB file, in the order in which it stands there. */
import type { LoadedValue } from './loaded-value.ts';

export interface LoadedKey {
  /** The key's bytes: keyBytes[keyStart..keyEnd), valid during the call. */
  keyBytes: Uint8Array;
  keyStart: number;
  keyEnd: number;
  /** Unix time in ms, or NO_EXPIRY; a bigint beyond 2^53. */
  expireMs: number | bigint;
  /** Seconds since the last use, or -1. */
  idleSeconds: number;
  /** LFU counter, or -1. */
  frequency: number;
}

export interface RdbVisitor {
  /** A field about the file; both are binary strings. */
  aux(name: string, value: string): void;
  /** The keys that follow belong to another database. */
  selectDb(index: number): void;
  /** How many keys the database is said to have: a hint that may be a lie. */
  resizeDb(keys: number, expires: number): void;
  /** The source of a library of functions; it may be kept. */
  functionLibrary(source: Buffer): void;
  /** A key with its value. The visitor stores the value with `storeLoaded`, or gives it up with `releaseLoaded`. */
  entry(key: LoadedKey, value: LoadedValue): void;
  /** A collection without elements, as old servers wrote them: it is skipped. */
  emptyKey(key: LoadedKey): void;
  /** The end, its checksum verified unless `isChecked` is false: the file has none. */
  end(isChecked: boolean): void;
}
