/** What the loaders of values share. */
import type { Keyspace } from '../../data/keyspace.ts';
import type { ZsetLimits } from '../../data/zset-entry.ts';
import type { LoadedValue } from './loaded-value.ts';
import type { RdbInput, RdbString } from './rdb-input.ts';

/** What decides on the form of values; the settings of commands are such limits. */
export interface LoadLimits {
  readonly packedHashFieldsMax: number;
  readonly packedHashBytesMax: number;
  readonly zsetLimits: ZsetLimits;
  readonly intsetMembersMax: number;
  readonly listNodeFill: number;
  readonly plainElementBytes: number;
}

export interface LoadContext {
  readonly keyspace: Keyspace;
  readonly limits: LoadLimits;
  /** For values that are one string. */
  readonly string: RdbString;
  /** Counts the listpacks and intsets whose elements were looked at. */
  packedPieces: number;
}

/** A value of many elements. */
export interface ValueLoader {
  /** Reads one more element. @returns whether it was the last one. */
  next(input: RdbInput): boolean;
  /** Hands the value over. */
  finish(value: LoadedValue): void;
  /** Frees what was read, if it was not handed over. */
  release(): void;
}

/** Tables are not made larger than this on the word of a file alone. */
const RESERVED_MAX = 1 << 20;

/** For how many elements room is made in advance, where a file says that there are so many. */
export function reservable(count: number): number {
  return Math.min(count, RESERVED_MAX);
}
