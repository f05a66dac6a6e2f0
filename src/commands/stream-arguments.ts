/** Arguments of stream commands: IDs, the bounds of ranges, names, and how a stream is to be trimmed. */
import type { Arguments } from '../core/arguments.ts';
import { fail, SYNTAX_ERROR } from '../core/errors.ts';
import { NONE } from '../data/heap.ts';
import { ID_TEXT, StreamId } from '../data/stream-id.ts';
import type { StreamValue } from '../data/stream-value.ts';
import { KIND } from '../data/value.ts';
import type { Context } from './context.ts';

export const INVALID_ID = 'ERR Invalid stream ID specified as stream command argument';

const OPEN_BRACKET = 0x28;
const NUL = 0;

/** The stream at a key argument, to read; null if there is none. */
export function readStream(c: Context, key: number): StreamValue | null {
  const entry = c.readKind(key, KIND.stream);
  return entry === NONE ? null : streamOf(c, entry);
}

/** As `readStream`, for a command that changes what groups know: for Redis, XACK and its like only read the key. */
export function readStreamToChange(c: Context, key: number): StreamValue | null {
  return streamToChange(c, c.read(key));
}

/** As `readStreamToChange`, of an entry that was read before. */
export function streamToChange(c: Context, entry: number): StreamValue | null {
  if (entry === NONE) return null;
  c.demandKind(entry, KIND.stream);
  c.db.willChange(entry);
  return streamOf(c, entry);
}

/** The stream of an entry that holds one. */
export function streamOf(c: Context, entry: number): StreamValue {
  return c.db.object(entry) as StreamValue;
}

/** Whether an argument is a character, as C sees it: a zero byte ends the text. */
export function isCharacter(args: Arguments, index: number, character: string): boolean {
  const start = args.starts[index]!;
  const length = args.length(index);
  if (length === 0 || args.bytes[start] !== character.charCodeAt(0)) return false;
  return length === 1 || args.bytes[start + 1] === NUL;
}

/** An ID without special forms; a time without sequence is its first ID. */
export function idAt(c: Context, index: number): StreamId {
  const { args } = c;
  const id = new StreamId();
  const parsed = id.parse(args.bytes, args.starts[index]!, args.ends[index]!, ID_TEXT.strict);
  return parsed === 'invalid' ? fail(INVALID_ID) : id;
}

/** IDs at arguments from an index on, all of them checked before any is used. */
export function idsFrom(c: Context, index: number): StreamId[] {
  const ids: StreamId[] = [];
  for (let i = index; i < c.args.count; i++) ids.push(idAt(c, i));
  return ids;
}

/** The first ID of a range: "-", "5", "(5-1". */
export function startAt(c: Context, index: number): StreamId {
  const { id, exclusive } = boundAt(c, index, false);
  return exclusive && !id.increment() ? fail('ERR invalid start ID for the interval') : id;
}

/** The last ID of a range: "+", "5" for all of that time, "(5-1". */
export function endAt(c: Context, index: number): StreamId {
  const { id, exclusive } = boundAt(c, index, true);
  return exclusive && !id.decrement() ? fail('ERR invalid end ID for the interval') : id;
}

function boundAt(c: Context, index: number, isEnd: boolean): { id: StreamId; exclusive: boolean } {
  const { args } = c;
  const start = args.starts[index]!;
  const exclusive = args.length(index) > 1 && args.bytes[start] === OPEN_BRACKET;
  const id = new StreamId();
  const allowed = exclusive ? ID_TEXT.strict : ID_TEXT.bounds;
  const parsed = id.parse(args.bytes, exclusive ? start + 1 : start, args.ends[index]!, allowed, isEnd);
  return parsed === 'invalid' ? fail(INVALID_ID) : { id, exclusive };
}

// ------------------------------------------------------------------------------------------------------------ trimming

const NODES_TRIMMED_MAX = 100;
const DEFAULT_LIMIT = 10_000;
const LIMIT_MAX = 1_000_000;

/** What XADD and XTRIM have in common, and the ID of XADD. */
export class TrimArguments {
  /** XADD's ID: "*" leaves all of it open, "5-*" the sequence. */
  id: StreamId | null = null;
  hasSequence = false;
  /** Where it stands; all options are before it. */
  idIndex = 0;
  makesStream = true;
  /** Index of the length or ID to which the stream is trimmed; 0: it is not. */
  threshold = 0;
  length = 0;
  /** Null: it is trimmed to a length. */
  minId: StreamId | null = null;
  approximately = false;
  /** How many entries may be removed; 0: any number. */
  limit = 0;
  hasLimit = false;

  /** @returns how many entries were removed. */
  trim(stream: StreamValue): number {
    if (this.threshold === 0) return 0;
    const { minId, approximately, limit } = this;
    if (minId !== null) return stream.trimBefore(minId, approximately, limit);
    return stream.trimToLength(this.length, approximately, limit);
  }

  /**
   * The command's arguments, for the stream of changes, where how much is trimmed must not depend on how a stream is
   * divided into nodes: exactly to what is there now. A limit stays, and has no meaning there.
   */
  exact(c: Context, stream: StreamValue): (string | Uint8Array)[] {
    const { args } = c;
    const result: (string | Uint8Array)[] = [];
    for (let i = 0; i < args.count; i++) {
      if (!this.approximately || i < 2 || i >= this.idIndex) result.push(args.view(i));
      else if (i === this.threshold - 1) result.push('=');
      else result.push(i === this.threshold ? this.#reached(stream) : args.view(i));
    }
    return result;
  }

  #reached(stream: StreamValue): string {
    if (this.minId === null) return String(stream.size);
    const first = new StreamId();
    stream.edge(true, true, first);
    return first.text;
  }
}

/** Of an XADD without options that leaves its ID open, as most are; nothing writes to it. */
const PLAIN_ADD = new TrimArguments();
PLAIN_ADD.idIndex = 2;

/** Parses the options of XADD, up to its ID, or of XTRIM. */
export function trimArguments(c: Context, isAdd: boolean): TrimArguments {
  const { args } = c;
  if (isAdd && isCharacter(args, 2, '*')) return PLAIN_ADD;
  const result = new TrimArguments();
  let i = 2;
  for (; i < args.count; i++) {
    const hasMore = i + 1 < args.count;
    if (isAdd && isCharacter(args, i, '*')) break;
    if (hasMore && args.is(i, 'maxlen')) i = parseThreshold(c, i, result, false);
    else if (hasMore && args.is(i, 'minid')) i = parseThreshold(c, i, result, true);
    else if (hasMore && args.is(i, 'limit')) {
      result.limit = c.integer(++i);
      result.hasLimit = true;
      if (result.limit < 0) fail('ERR The LIMIT argument must be >= 0.');
    } else if (isAdd && args.is(i, 'nomkstream')) result.makesStream = false;
    else if (isAdd) {
      parseNewId(c, i, result);
      break;
    } else fail(SYNTAX_ERROR);
  }
  result.idIndex = i;
  settleLimit(c, result, isAdd);
  return result;
}

function parseThreshold(c: Context, index: number, result: TrimArguments, isId: boolean): number {
  const { args } = c;
  if (result.threshold !== 0) fail('ERR syntax error, MAXLEN and MINID options at the same time are not compatible');
  let at = index + 1;
  if (at + 1 < args.count) {
    result.approximately = isCharacter(args, at, '~');
    if (result.approximately || isCharacter(args, at, '=')) at++;
  }
  if (isId) result.minId = idAt(c, at);
  else {
    result.length = c.integer(at);
    if (result.length < 0) fail('ERR The MAXLEN argument must be >= 0.');
  }
  result.threshold = at;
  return at;
}

function parseNewId(c: Context, index: number, result: TrimArguments): void {
  const { args } = c;
  result.id = new StreamId();
  const parsed = result.id.parse(args.bytes, args.starts[index]!, args.ends[index]!, ID_TEXT.open);
  if (parsed === 'invalid') fail(INVALID_ID);
  result.hasSequence = parsed === 'whole';
}

function settleLimit(c: Context, result: TrimArguments, isAdd: boolean): void {
  if (result.threshold === 0) {
    if (result.limit > 0) fail('ERR syntax error, LIMIT cannot be used without specifying a trimming strategy');
    if (!isAdd) fail('ERR syntax error, XTRIM must be called with a trimming strategy');
  }
  if (c.keyspace.frozen) {
    // The master, or a file, says what was trimmed, not how much may be.
    result.limit = 0;
  } else if (result.hasLimit) {
    if (!result.approximately) fail('ERR syntax error, LIMIT cannot be used without the special ~ option');
  } else if (result.approximately) {
    const limit = NODES_TRIMMED_MAX * c.services.settings.streamLimits.nodeEntriesMax;
    result.limit = limit <= 0 ? DEFAULT_LIMIT : Math.min(limit, LIMIT_MAX);
  }
}
