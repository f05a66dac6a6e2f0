/**
 * Whatever a DUMP payload holds: RESTORE takes it or answers with an error and leaves nothing behind. What it took
 * behaves: every command that reads or changes such a value works on it, and when the key is gone its memory is.
 */
import * as fc from 'fast-check';
import { crc64 } from '../../src/core/crc64.ts';
import { startTestServer, type TestServer } from '../support/in-process.ts';
import { everyValue } from '../persistence/rdb/every-value.ts';

const FOOTER_BYTES = 10;

/** Payloads as servers write them, without their seals. */
export function payloads(): Buffer[] {
  const redis = startTestServer();
  redis.call('CONFIG', 'SET', 'rdbcompression', 'no');
  for (const { commands } of everyValue) for (const command of commands) redis.call(...command);
  return everyValue.map(({ key }) => {
    const payload = Buffer.from(redis.call('DUMP', key) as string, 'latin1');
    return payload.subarray(0, payload.length - FOOTER_BYTES);
  });
}

/** Old forms that no server writes any more: ziplists, zipmaps, plain lists, scores as text, old streams. */
const OLD_FORMS = [
  '01020161c00c',
  '0301016103312e35',
  '09150203666f6f030062617201610200626300000000ff'.replace('0200626300000000', '02006263'),
  '0a1919000000160000000600 00f102f102f202025f3104f302f3ff'.replaceAll(' ', ''),
  '0c1919000000160000000600 00f102f102f202025f3104f302f3ff'.replaceAll(' ', ''),
  '0d1919000000160000000600 00f102f102f202025f3104f302f3ff'.replaceAll(' ', ''),
  '0e011919000000160000000600 00f102f102f202025f3104f302f3ff'.replaceAll(' ', ''),
].map((hex) => Buffer.from(hex, 'hex'));

let corpus: Buffer[] | null = null;

function corpusOf(): Buffer[] {
  return (corpus ??= [...payloads(), ...OLD_FORMS]);
}

type Edit = readonly [kind: 'set' | 'flip' | 'remove' | 'insert' | 'cut' | 'copy', at: number, value: number];

export const edit: fc.Arbitrary<Edit> = fc.tuple(
  fc.constantFrom('set', 'set', 'flip', 'remove', 'insert', 'cut', 'copy'),
  fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: 0x7fff_ffff })),
  fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(0, 1, 0x7f, 0x80, 0x81, 0xc3, 0xf0, 0xf4, 0xfe, 0xff)),
) as fc.Arbitrary<Edit>;

export function edited(bytes: Buffer, edits: readonly Edit[]): Buffer {
  let result = Buffer.from(bytes);
  for (const [kind, where, value] of edits) {
    const at = result.length === 0 ? 0 : where % result.length;
    if (kind === 'set' && result.length > 0) result[at] = value;
    else if (kind === 'flip' && result.length > 0) result[at]! ^= 1 << (value & 7);
    else if (kind === 'remove')
      result = Buffer.concat([result.subarray(0, at), result.subarray(at + 1 + (value & 15))]);
    else if (kind === 'insert')
      result = Buffer.concat([result.subarray(0, at), Buffer.from([value]), result.subarray(at)]);
    else if (kind === 'cut' && value < 32) result = Buffer.from(result.subarray(0, at));
    else if (kind === 'copy') {
      const piece = result.subarray(at, at + value);
      result = Buffer.concat([result.subarray(0, at), piece, result.subarray(at)]);
    }
  }
  return result;
}

function sealed(body: Buffer): string {
  const bytes = Buffer.concat([body, Buffer.alloc(FOOTER_BYTES)]);
  bytes.writeUInt16LE(10, body.length);
  bytes.writeBigUInt64LE(crc64(bytes, 0, body.length + 2), body.length + 2);
  return bytes.toString('latin1');
}

const EXERCISES: Readonly<Record<string, readonly string[]>> = {
  string: ['GET k', 'STRLEN k', 'GETRANGE k 1 -2', 'APPEND k x', 'SETRANGE k 3 y', 'INCR k'],
  list: [
    'LLEN k',
    'LRANGE k 0 -1',
    'LINDEX k -2',
    'LPOS k 5',
    'LSET k 0 new',
    'LINSERT k BEFORE new x',
    'RPUSH k tail',
    'LPUSH k head',
    'LREM k 0 5',
    'LTRIM k 1 -2',
    'LPOP k 3',
  ],
  set: ['SCARD k', 'SMEMBERS k', 'SRANDMEMBER k -5', 'SADD k 7 x', 'SREM k 7', 'SSCAN k 0', 'SPOP k 2'],
  hash: [
    'HLEN k',
    'HGETALL k',
    'HSET k new v f w',
    'HINCRBY k n 5',
    'HDEL k f',
    'HRANDFIELD k 5 WITHVALUES',
    'HSCAN k 0',
  ],
  zset: [
    'ZCARD k',
    'ZRANGE k 0 -1 WITHSCORES',
    'ZRANGEBYSCORE k -inf +inf',
    'ZADD k 3 new -5 low',
    'ZINCRBY k 10 new',
    'ZRANK k new',
    'ZREM k low',
    'ZPOPMIN k 2',
    'ZREMRANGEBYRANK k -2 -1',
  ],
  stream: [
    'XLEN k',
    'XRANGE k - +',
    'XREVRANGE k + -',
    'XINFO STREAM k FULL',
    'XINFO GROUPS k',
    'XPENDING k readers',
    'XPENDING k readers - + 10',
    'XREADGROUP GROUP readers zoe COUNT 2 STREAMS k >',
    'XAUTOCLAIM k readers bob 0 0 COUNT 3',
    'XACK k readers 1000-1 4001-3',
    'XADD k * a b',
    'XDEL k 1000-1 4001-3',
    'XTRIM k MAXLEN 3',
    'XGROUP DELCONSUMER k readers zoe',
    'XGROUP DESTROY k readers',
  ],
};

function demandNoFault(reply: unknown, what: string): void {
  if (typeof reply === 'string' && reply.startsWith('-ERR internal error')) throw new Error(`${what}: ${reply}`);
}

function exercise(redis: TestServer): void {
  const payload = redis.call('DUMP', 'k') as string;
  const digest = redis.call('DEBUG', 'DIGEST-VALUE', 'k');
  if (redis.call('RESTORE', 'twin', 0, payload) !== 'OK') throw new Error('its own payload is refused');
  if (String(redis.call('DEBUG', 'DIGEST-VALUE', 'twin')) !== String(digest))
    throw new Error('its payload is another value');
  const calls = [
    'OBJECT ENCODING k',
    'MEMORY USAGE k',
    'COPY k copy',
    ...EXERCISES[redis.call('TYPE', 'k') as string]!,
  ];
  for (const call of calls) demandNoFault(redis.call(...call.split(' ')), call);
  demandNoFault(redis.call('DUMP', 'k'), 'DUMP');
}

const attempt = fc.record({ which: fc.nat({ max: 1000 }), edits: fc.array(edit, { minLength: 1, maxLength: 4 }) });

function tryPayload(redis: TestServer, body: Buffer): void {
  const { heap } = redis.server.keyspace;
  const before = heap.usedBytes;
  const reply = redis.call('RESTORE', 'k', 0, sealed(body));
  if (reply === 'OK') {
    exercise(redis);
    redis.call('DEL', 'k', 'twin', 'copy');
  } else if (reply !== '-ERR Bad data format') throw new Error(String(reply));
  if (heap.usedBytes !== before) throw new Error(`${heap.usedBytes - before} bytes are left behind`);
}

const LIMITS = ['hash-max-listpack-entries', 'zset-max-listpack-entries', 'set-max-intset-entries'];

let server: TestServer | null = null;

/** To start a server takes longer than all the payloads of a run: one serves them all. */
function emptyServer(limit: number): TestServer {
  server ??= startTestServer();
  server.server.keyspace.clear();
  for (const name of LIMITS) server.call('CONFIG', 'SET', name, limit);
  return server;
}

export const dumpProperty = fc.property(
  fc.array(attempt, { minLength: 1, maxLength: 10, size: 'max' }),
  fc.constantFrom(3, 512),
  (attempts, limit) => {
    const redis = emptyServer(limit);
    const bodies = corpusOf();
    for (const { which, edits } of attempts) tryPayload(redis, edited(bodies[which % bodies.length]!, edits));
  },
);
