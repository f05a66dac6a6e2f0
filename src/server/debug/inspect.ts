/** DEBUG subcommands that look at a key, a table, or the clients. Keys whose time has passed are shown too. */
import { fail, NO_SUCH_KEY } from '../../core/errors.ts';
import { Heap, NONE } from '../../data/heap.ts';
import type { Dict } from '../../data/dict.ts';
import { encodingOf } from '../../data/encoding.ts';
import type { ListValue } from '../../data/list-value.ts';
import { stringEncoding } from '../../data/string-value.ts';
import { KIND } from '../../data/value.ts';
import { DUMP_FRAME_BYTES, encodeDump } from '../../persistence/rdb/dump-payload.ts';
import type { Call } from '../call.ts';
import { totalMemory } from '../client-info.ts';
import { Digest, digestDatabases, digestValue } from './dataset-digest.ts';

/** The entry at argument 2, alive or not. */
function entryOrNone(c: Call, index: number): number {
  const { args } = c;
  return c.db.dict.find(args.bytes, args.starts[index]!, args.ends[index]!);
}

function entryAt(c: Call): number {
  const entry = entryOrNone(c, 2);
  return entry === NONE ? fail(NO_SUCH_KEY) : entry;
}

export function object(c: Call): void {
  const { db } = c;
  const entry = entryAt(c);
  const lru = db.usage(entry);
  const idleSeconds = (c.keyspace.recency - lru) & 0xffffff;
  const address = entry.toString(16).padStart(12, '0');
  c.reply.simple(
    `Value at:0x${address} refcount:1 encoding:${encodingOf(db, entry)} serializedlength:${serializedLength(c, entry)} ` +
      `lru:${lru} lru_seconds_idle:${idleSeconds}${db.kind(entry) === KIND.list ? listDetails(c, entry) : ''}`,
  );
}

/** Compression is accepted as a setting, and never done. */
function listDetails(c: Call, entry: number): string {
  const list = c.db.object(entry) as ListValue;
  let bytes = 0;
  for (let i = 0; i < list.nodeCount; i++) bytes += list.nodeBytes(i).length;
  return (
    ` ql_nodes:${list.nodeCount} ql_avg_node:${(list.size / list.nodeCount).toFixed(2)}` +
    ` ql_listpack_max:${list.fill} ql_compressed:0 ql_uncompressed_size:${bytes}`
  );
}

/** Bytes of a value in an RDB file. */
function serializedLength(c: Call, entry: number): number {
  return encodeDump(c.db, entry, c.server.config.values.rdbcompression).length - DUMP_FRAME_BYTES;
}

export function sdsLength(c: Call): void {
  const { db } = c;
  const entry = entryAt(c);
  if (!db.isString(entry) || stringEncoding(db, entry) === 'int') fail('ERR Not an sds encoded string.');
  const keyLength = db.keyOf(entry).length;
  const length = db.length(entry);
  const capacity = db.recordBytes(entry);
  const spare = Heap.byteOffset(entry) + capacity - db.valueOffset(entry) - length;
  c.reply.simple(
    `key_sds_len:${keyLength}, key_sds_avail:0, key_zmalloc: ${keyLength}, ` +
      `val_sds_len:${length}, val_sds_avail:${spare}, val_zmalloc: ${capacity - keyLength}`,
  );
}

// ------------------------------------------------------------------------------------------------------------ digests

export function digest(c: Call): void {
  c.reply.simple(digestDatabases(c.keyspace.databases).hex);
}

export function digestValues(c: Call): void {
  c.reply.array(c.args.count - 2);
  for (let i = 2; i < c.args.count; i++) {
    const entry = entryOrNone(c, i);
    const result = new Digest();
    if (entry !== NONE) digestValue(c.db, entry, result);
    c.reply.simple(result.hex);
  }
}

// ------------------------------------------------------------------------------------------------------------- tables

const LONGEST_CHAIN_COUNTED = 48;

export function tableStatistics(c: Call): void {
  const database = c.keyspace.databases[c.integer(2)];
  if (database === undefined) return fail('ERR Out of range database');
  const { volatile, volatileSize } = database;
  const expires =
    volatileSize === 0
      ? emptyTable(0)
      : `Volatile keys\n number of elements: ${volatileSize}\n bytes: ${volatile.bytes}\n`;
  c.reply.verbatim(`[Dictionary HT]\n${describeTables(database.dict)}[Expires HT]\n${expires}`);
}

export function tableOfKey(c: Call): void {
  const entry = entryAt(c);
  const value = c.db.isPacked(entry) ? null : (c.db.object(entry) as { dict?: Dict });
  if (value?.dict === undefined) {
    return fail('ERR The value stored at the specified key is not represented using an hash table');
  }
  c.reply.verbatim(describeTables(value.dict));
}

function describeTables(dict: Dict): string {
  const { table, next } = dict.chainLengths();
  return describeTable(0, table) + (dict.isResizing ? describeTable(1, next) : '');
}

function tableTitle(index: number): string {
  return `Hash table ${index} stats (${index === 0 ? 'main hash table' : 'rehashing target'}):\n`;
}

function emptyTable(index: number): string {
  return `${tableTitle(index)}No stats available for empty dictionaries\n`;
}

function describeTable(index: number, chains: readonly number[]): string {
  const elements = chains.reduce((sum, length) => sum + length, 0);
  if (elements === 0) return emptyTable(index);
  const slots = chains.filter((length) => length > 0).length;
  const counts: number[] = [];
  let longest = 0;
  for (const length of chains) {
    const counted = Math.min(length, LONGEST_CHAIN_COUNTED);
    counts[counted] = (counts[counted] ?? 0) + 1;
    longest = Math.max(longest, length);
  }
  const average = (elements / slots).toFixed(2);
  return [
    `${tableTitle(index)} table size: ${chains.length}`,
    ` number of elements: ${elements}`,
    ` different slots: ${slots}`,
    ` max chain length: ${longest}`,
    ` avg chain length (counted): ${average}`,
    ` avg chain length (computed): ${average}`,
    ' Chain length distribution:',
    ...counts.flatMap((count, length) => `   ${length}: ${count} (${((count * 100) / chains.length).toFixed(2)}%)`),
    '',
  ].join('\n');
}

// ------------------------------------------------------------------------------------------------------------ clients

const BUCKET_MIN_LOG = 15;
const BUCKETS = 19;

/** How much memory clients take, by size: those that maxmemory-clients would close first stand last. */
export function clientBuckets(c: Call): void {
  const { server } = c;
  if (server.config.values['maxmemory-clients'] === 0) fail('ERR maxmemory-clients is disabled.');
  const sums = Array.from({ length: BUCKETS }, () => ({ bytes: 0, clients: 0 }));
  for (const session of server.sessions.values()) {
    const bytes = totalMemory(session);
    const bucket = Math.max(0, Math.floor(Math.log2(bytes)) - BUCKET_MIN_LOG + 1);
    const sum = sums[Math.min(BUCKETS - 1, bucket)]!;
    sum.bytes += bytes;
    sum.clients++;
  }
  const lines = sums.map(({ bytes, clients }, i) => {
    const from = i === 0 ? 0 : 2 ** (i - 1 + BUCKET_MIN_LOG);
    const to = i === BUCKETS - 1 ? '+            : ' : ` - ${pad(2 ** (i + BUCKET_MIN_LOG) - 1)}: `;
    return `bucket ${pad(from)}${to}tot-mem: ${pad(bytes)}, clients: ${clients}\n`;
  });
  c.reply.verbatim(lines.join(''));
}

function pad(value: number): string {
  return String(value).padStart(10);
}
