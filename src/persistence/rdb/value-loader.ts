/**
 * Reads values (rdb.c rdbLoadObject). What is one string in the file, a string or a packed collection, is read at once;
 * what is many is read element by element by a loader, and is built on the heap meanwhile.
 *
 * The form of what is loaded follows the limits that are configured now, as for a value that commands make.
 */
import { KIND, type Kind } from '../../data/value.ts';
import { TYPE } from './format.ts';
import { HashLoader } from './hash-loader.ts';
import { ListLoader } from './list-loader.ts';
import type { LoadContext, ValueLoader } from './load-context.ts';
import type { LoadedValue } from './loaded-value.ts';
import { moduleTypeName } from './module-type.ts';
import { loadPacked } from './packed-loader.ts';
import { corrupt } from './rdb-error.ts';
import type { RdbInput } from './rdb-input.ts';
import { SetLoader } from './set-loader.ts';
import { StreamLoader } from './stream-loader.ts';
import { ZsetLoader } from './zset-loader.ts';

const ELEMENT_KINDS: ReadonlyMap<number, Kind> = new Map<number, Kind>([
  [TYPE.list, KIND.list],
  [TYPE.listQuicklist, KIND.list],
  [TYPE.listQuicklist2, KIND.list],
  [TYPE.set, KIND.set],
  [TYPE.zset, KIND.zset],
  [TYPE.zsetBinary, KIND.zset],
  [TYPE.hash, KIND.hash],
]);

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
  const { string } = context;
  switch (type) {
    case TYPE.string:
      input.string(string);
      value.setBytes(KIND.string, string.bytes, string.start, string.end);
      return null;
    case TYPE.hashZipmap:
    case TYPE.setIntset:
    case TYPE.zsetZiplist:
    case TYPE.hashZiplist:
    case TYPE.hashListpack:
    case TYPE.zsetListpack:
      input.string(string);
      loadPacked(type, value, context);
      return null;
    case TYPE.streamListpacks:
    case TYPE.streamListpacks2:
      return new StreamLoader(input.length(), type === TYPE.streamListpacks2, context);
    case TYPE.listZiplist:
      return new ListLoader(type, 1, context);
    case TYPE.module:
    case TYPE.module2:
      return corrupt(
        `The RDB file contains module data I can't load: no matching module type '${moduleTypeName(input.length64())}'`,
      );
    default:
      return startElements(type, input, value, context);
  }
}

/** Begins with a collection that has the number of its elements in front. */
function startElements(type: number, input: RdbInput, value: LoadedValue, context: LoadContext): ValueLoader | null {
  const kind = ELEMENT_KINDS.get(type);
  if (kind === undefined) return corrupt(`Unknown RDB encoding type ${type}`);
  const count = input.length();
  if (count === 0) {
    value.setEmpty(kind);
    return null;
  }
  switch (kind) {
    case KIND.set:
      return new SetLoader(count, context);
    case KIND.hash:
      return new HashLoader(count, context);
    case KIND.zset:
      return new ZsetLoader(count, type === TYPE.zsetBinary, context);
    default:
      return new ListLoader(type, count, context);
  }
}
