/**
 * Reads values (rdb.c rdbLoadObject). What is one string in the file, a string or a packed collection, is read at once;
 * what is many is read element by element by a loader, and is built on the heap meanwhile.
 *
 * The form of what is loaded follows the limits that are configured now, as for a value that commands make.
 */
import type { Keyspace } from '../../data/keyspace.ts';
import { KIND } from '../../data/value.ts';
import type { ZsetLimits } from '../../data/zset-entry.ts';
import { TYPE } from './format.ts';
import { ListLoader } from './list-loader.ts';
import type { LoadedValue } from './loaded-value.ts';
import { RdbError } from './rdb-error.ts';
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

/**
 * Begins to read a value.
 * @returns what reads the elements; null if the value was read whole.
 */
export function startLoading(
  type: number,
  input: RdbInput,
  value: LoadedValue,
  context: LoadContext,
): ValueLoader | null {
  switch (type) {
    case TYPE.string: {
      const { string } = context;
      input.string(string);
      value.setBytes(KIND.string, string.bytes, string.start, string.end);
      return null;
    }
    case TYPE.list:
    case TYPE.listQuicklist:
    case TYPE.listQuicklist2: {
      const count = input.length();
      if (count > 0) return new ListLoader(type, count, context);
      value.setEmpty(KIND.list);
      return null;
    }
    default:
      throw new RdbError('corrupt', `Unknown RDB encoding type ${type}`);
  }
}
