/**
 * DUMP and RESTORE: a value as bytes that any server of this version takes. A payload is read as a whole before
 * anything is changed, and every element of it is looked at, whatever `sanitize-dump-payload` says: the option, and the
 * user's flag, only decide whether it is counted as sanitized (dump_payload_sanitizations).
 */
import { fail, SYNTAX_ERROR } from '../core/errors.ts';
import { LENT_REPLY_BYTES } from '../core/limits.ts';
import { isPast, type UnixMs } from '../commands/expire-time.ts';
import { NOTIFY } from '../commands/notify-class.ts';
import { keyAt, type Row } from '../commands/row.ts';
import { NONE } from '../data/heap.ts';
import { setLoadedUsage } from '../persistence/rdb/dataset-loader.ts';
import { decodeDump, encodeDump, isSealedDump } from '../persistence/rdb/dump-payload.ts';
import { type LoadedValue, releaseLoaded, storeLoaded } from '../persistence/rdb/loaded-value.ts';
import { RdbError } from '../persistence/rdb/rdb-error.ts';
import type { Call } from './call.ts';
import { serverFamily } from './rows.ts';

const FREQUENCY_MAX = 255;
const FIRST_OPTION = 4;

function dump(c: Call): void {
  const entry = c.read(1);
  if (entry === NONE) {
    c.reply.nil();
    return;
  }
  const payload = encodeDump(c.db, entry, c.server.config.values.rdbcompression);
  if (payload.length >= LENT_REPLY_BYTES) c.reply.bulkLent(payload);
  else c.reply.bulkBytes(payload);
}

interface RestoreOptions {
  replace: boolean;
  isAbsolute: boolean;
  idleSeconds: number;
  frequency: number;
}

function parseOptions(c: Call): RestoreOptions {
  const { args } = c;
  const options: RestoreOptions = { replace: false, isAbsolute: false, idleSeconds: -1, frequency: -1 };
  for (let i = FIRST_OPTION; i < args.count; i++) {
    const hasValue = i + 1 < args.count;
    if (args.is(i, 'replace')) options.replace = true;
    else if (args.is(i, 'absttl')) options.isAbsolute = true;
    else if (hasValue && options.frequency < 0 && args.is(i, 'idletime')) {
      options.idleSeconds = c.integer(++i);
      if (options.idleSeconds < 0) fail('ERR Invalid IDLETIME value, must be >= 0');
    } else if (hasValue && options.idleSeconds < 0 && args.is(i, 'freq')) {
      options.frequency = c.integer(++i);
      if (options.frequency < 0 || options.frequency > FREQUENCY_MAX) {
        fail('ERR Invalid FREQ value, must be >= 0 and <= 255');
      }
    } else fail(SYNTAX_ERROR);
  }
  return options;
}

function restore(c: Call): void {
  const options = parseOptions(c);
  if (!options.replace && c.write(1) !== NONE) fail('BUSYKEY Target key name already exists.');
  const ttl = c.int64(2);
  if (ttl < 0n) fail('ERR Invalid TTL value, must be >= 0');
  const payload = c.args.view(3);
  if (!isSealedDump(payload, c.server.debugging.skipsChecksums)) {
    fail('ERR DUMP payload version or checksum are wrong');
  }
  const value = decode(c, payload);
  ensureRoom(c, value);
  const isReplaced = options.replace && removeOld(c);
  const expireMs = ttl === 0n ? 0 : timeOf(c, ttl, options.isAbsolute);
  if (expireMs !== 0 && isPast(c, expireMs)) {
    releaseLoaded(value);
    if (isReplaced) {
      if (c.services.propagates) c.propagateInstead(['DEL', c.args.view(1)]);
      c.changed(1, NOTIFY.generic, 'del');
    }
  } else store(c, value, expireMs, options);
  c.reply.ok();
}

function decode(c: Call, payload: Buffer): LoadedValue {
  try {
    const { value, packedPieces } = decodeDump(payload, c.keyspace, c.server.settings);
    if (countsAsSanitized(c)) c.server.statistics.dumpPayloadSanitizations += packedPieces;
    return value.isEmpty ? fail('ERR Bad data format') : value;
  } catch (error) {
    if (!(error instanceof RdbError)) throw error;
    c.server.log.warning(error.message);
    return fail('ERR Bad data format');
  }
}

function countsAsSanitized(c: Call): boolean {
  const mode = c.server.config.values['sanitize-dump-payload'];
  return mode === 'yes' || (mode === 'clients' && c.session.user.sanitization !== 'skip-sanitize-payload');
}

function timeOf(c: Call, ttl: bigint, isAbsolute: boolean): UnixMs {
  const time = isAbsolute ? ttl : BigInt.asIntN(64, ttl + BigInt(c.now));
  const rounded = Number(time);
  return Number.isSafeInteger(rounded) ? rounded : time;
}

/** The old value goes only when it is certain that the new one can be stored. */
function ensureRoom({ args, db }: Call, value: LoadedValue): void {
  try {
    db.ensureRoom(args.ends[1]! - args.starts[1]!, value.end - value.start);
  } catch (error) {
    releaseLoaded(value);
    throw error;
  }
}

/** Removes what the key holds, even if its time has passed. @returns whether there was anything. */
function removeOld({ args, db }: Call): boolean {
  const old = db.dict.find(args.bytes, args.starts[1]!, args.ends[1]!);
  if (old === NONE) return false;
  db.remove(old, 'server');
  return true;
}

function store(c: Call, value: LoadedValue, expireMs: UnixMs, options: RestoreOptions): void {
  const { args, db } = c;
  const { bytes, starts, ends } = args;
  // An insertion needs the key to be the last one that was looked for.
  db.dict.find(bytes, starts[1]!, ends[1]!);
  let entry = storeLoaded(db, bytes, starts[1]!, ends[1]!, value, expireMs !== 0);
  if (expireMs !== 0) {
    entry = db.setExpiry(entry, expireMs);
    if (!options.isAbsolute && c.services.propagates) propagateAbsolutely(c, expireMs);
  }
  setLoadedUsage(db, entry, options.idleSeconds, options.frequency);
  c.changed(1, NOTIFY.generic, 'restore');
}

function propagateAbsolutely(c: Call, expireMs: UnixMs): void {
  const { args } = c;
  const options: Buffer[] = [];
  for (let i = FIRST_OPTION; i < args.count; i++) options.push(args.view(i));
  c.propagateInstead([args.view(0), args.view(1), String(expireMs), args.view(3), ...options, 'ABSTTL']);
}

const RESTORE: Row<Call> = {
  name: 'restore',
  arity: -4,
  flags: ['write', 'denyoom'],
  keys: keyAt(1, 'OW update'),
  acl: ['dangerous'],
  since: '2.6.0',
  summary: 'Stores under a key the value that DUMP gave',
  complexity: 'O(N) with the length N of the payload; O(N log N) for large sorted sets',
  syntax:
    'key ttl:integer serialized-value [REPLACE]@3.0.0 [ABSTTL]@5.0.0 [IDLETIME seconds:integer]@5.0.0 [FREQ frequency:integer]@5.0.0',
  history: [
    ['3.0.0', 'Option `REPLACE`'],
    ['5.0.0', 'Option `ABSTTL`'],
    ['5.0.0', 'Options `IDLETIME` and `FREQ`'],
  ],
  run: restore,
};

export const dumpCommands = serverFamily('generic', [
  {
    name: 'dump',
    arity: 2,
    flags: ['readonly'],
    keys: keyAt(1, 'RO access'),
    tips: ['nondeterministic_output'],
    since: '2.6.0',
    summary: 'Returns a value as bytes that RESTORE takes',
    complexity: 'O(N) with the size N of the value',
    syntax: 'key',
    run: dump,
  },
  RESTORE,
]);

/** What MIGRATE sends to a cluster node: the slot may be on its way there. */
export const restoreAskingCommands = serverFamily('server', [
  {
    ...RESTORE,
    name: 'restore-asking',
    flags: ['write', 'denyoom', 'asking'],
    acl: ['keyspace', 'dangerous'],
    since: '3.0.0',
    internal: true,
  },
]);
