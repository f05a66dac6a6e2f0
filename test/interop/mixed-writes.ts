/**
 * Writes of every kind, drawn from a seed: what replication has to carry. Values are small and keys few, so that commands
 * meet each other's results; expire times are short, so that keys go by themselves.
 */
import { Prng } from '../../src/host/prng.ts';

type Draw = (bound: number) => number;
type Words = (string | number)[];

const KEYS_PER_TYPE = 12;

export function mixedWrites(seed: number, count: number): Words[] {
  const prng = new Prng(seed);
  const draw: Draw = (bound) => prng.u32() % bound;
  return Array.from({ length: count }, () => MAKERS[draw(MAKERS.length)]!(draw));
}

function key(type: string, draw: Draw): string {
  return `${type}:${draw(KEYS_PER_TYPE)}`;
}

function word(draw: Draw): string {
  const words = ['a', 'b', 'c', '1', '-17', '3.5', 'x'.repeat(30), 'y'.repeat(100), 'é\n\0', `m${draw(40)}`];
  return words[draw(words.length)]!;
}

function list<T>(draw: Draw, max: number, make: () => T): T[] {
  return Array.from({ length: 1 + draw(max) }, make);
}

const any = (draw: Draw): string => key(['s', 'n', 'l', 'h', 'S', 'z', 'x', 'p', 'g', 'i'][draw(10)]!, draw);

const MAKERS: readonly ((draw: Draw) => Words)[] = [
  (d) => ['SET', key('s', d), word(d)],
  (d) => ['SET', key('s', d), word(d), 'PX', 200 + d(3000)],
  (d) => ['SET', key('s', d), word(d), 'EX', 1 + d(5), d(2) === 0 ? 'NX' : 'XX'],
  (d) => ['SET', key('s', d), word(d), 'GET'],
  (d) => ['SETEX', key('s', d), 1 + d(5), word(d)],
  (d) => ['GETSET', key('s', d), word(d)],
  (d) => ['GETEX', key('s', d), 'PX', 100 + d(2000)],
  (d) => ['GETDEL', key('s', d)],
  (d) => ['APPEND', key('s', d), word(d)],
  (d) => ['SETRANGE', key('s', d), d(20), word(d)],
  (d) => ['SETBIT', key('i', d), d(100), d(2)],
  (d) => ['BITFIELD', key('i', d), 'INCRBY', 'u5', d(50), 1],
  (d) => ['BITOP', 'OR', key('i', d), key('i', d), key('i', d)],
  (d) => ['MSET', key('s', d), word(d), key('s', d), word(d)],
  (d) => ['INCRBY', key('n', d), d(1000)],
  (d) => ['INCRBYFLOAT', key('n', d), `${d(100)}.25`],
  (d) => ['DECR', key('n', d)],
  (d) => ['LPUSH', key('l', d), ...list(d, 4, () => word(d))],
  (d) => ['RPUSH', key('l', d), ...list(d, 30, () => word(d))],
  (d) => ['LPOP', key('l', d), 1 + d(3)],
  (d) => ['RPOPLPUSH', key('l', d), key('l', d)],
  (d) => ['LMOVE', key('l', d), key('l', d), 'left', 'right'],
  (d) => ['LMPOP', 2, key('l', d), key('l', d), 'LEFT', 'COUNT', 1 + d(3)],
  (d) => ['BLPOP', key('l', d), 0.01],
  (d) => ['LINSERT', key('l', d), 'BEFORE', 'a', word(d)],
  (d) => ['LREM', key('l', d), 1, word(d)],
  (d) => ['LTRIM', key('l', d), 0, 40],
  (d) => ['LSET', key('l', d), 0, word(d)],
  (d) => ['HSET', key('h', d), ...list(d, 5, () => [word(d), word(d)]).flat()],
  (d) => ['HDEL', key('h', d), word(d)],
  (d) => ['HINCRBY', key('h', d), 'counter', d(10)],
  (d) => ['HINCRBYFLOAT', key('h', d), 'float', '0.1'],
  (d) => ['SADD', key('S', d), ...list(d, 6, () => word(d))],
  (d) => ['SREM', key('S', d), word(d)],
  (d) => ['SPOP', key('S', d)],
  (d) => ['SPOP', key('S', d), 1 + d(3)],
  (d) => ['SMOVE', key('S', d), key('S', d), word(d)],
  (d) => ['SUNIONSTORE', key('S', d), key('S', d), key('S', d)],
  (d) => ['SDIFFSTORE', key('S', d), key('S', d), key('S', d)],
  (d) => ['ZADD', key('z', d), ...list(d, 6, () => [d(100) / 4, word(d)]).flat()],
  (d) => ['ZADD', key('z', d), 'INCR', 1.5, word(d)],
  (d) => ['ZREM', key('z', d), word(d)],
  (d) => ['ZPOPMIN', key('z', d), 1 + d(2)],
  (d) => ['ZMPOP', 1, key('z', d), 'MAX'],
  (d) => ['ZRANGESTORE', key('z', d), key('z', d), 0, 5],
  (d) => ['ZUNIONSTORE', key('z', d), 2, key('z', d), key('z', d), 'WEIGHTS', 2, 1],
  (d) => ['ZREMRANGEBYSCORE', key('z', d), 0, 1],
  (d) => ['GEOADD', key('g', d), d(180) - 90, d(80) - 40, word(d)],
  (d) => ['GEOSEARCHSTORE', key('g', d), key('g', d), 'FROMLONLAT', 0, 0, 'BYRADIUS', 5000, 'km'],
  (d) => ['PFADD', key('p', d), ...list(d, 5, () => word(d))],
  (d) => ['PFCOUNT', key('p', d)],
  (d) => ['PFMERGE', key('p', d), key('p', d), key('p', d)],
  (d) => ['XADD', key('x', d), '*', 'field', word(d)],
  (d) => ['XADD', key('x', d), 'MAXLEN', '~', 20, '*', word(d), word(d), 'other', word(d)],
  (d) => ['XTRIM', key('x', d), 'MAXLEN', 5 + d(20)],
  (d) => ['XGROUP', 'CREATE', key('x', d), 'group', 0, 'MKSTREAM'],
  (d) => ['XREADGROUP', 'GROUP', 'group', `consumer${d(3)}`, 'COUNT', 1 + d(5), 'STREAMS', key('x', d), '>'],
  (d) => ['XREADGROUP', 'GROUP', 'group', `consumer${d(3)}`, 'NOACK', 'STREAMS', key('x', d), '>'],
  (d) => ['XAUTOCLAIM', key('x', d), 'group', `consumer${d(3)}`, 0, 0, 'COUNT', 3],
  (d) => ['XGROUP', 'DELCONSUMER', key('x', d), 'group', `consumer${d(3)}`],
  (d) => ['XSETID', key('x', d), `99999999999999-${d(1000)}`],
  (d) => ['EXPIRE', any(d), 1 + d(4)],
  (d) => ['PEXPIRE', any(d), d(400) - 50],
  (d) => ['PERSIST', any(d)],
  (d) => ['DEL', any(d), any(d)],
  (d) => ['UNLINK', any(d)],
  (d) => ['RENAME', any(d), any(d)],
  (d) => ['COPY', any(d), any(d), 'REPLACE'],
  (d) => ['MOVE', any(d), 3],
  (d) => ['SORT', key('S', d), 'ALPHA', 'STORE', key('l', d)],
  (d) => ['SELECT', d(4)],
  (d) => ['SWAPDB', d(3), d(3)],
  (d) => ['PUBLISH', 'channel', word(d)],
  () => ['MULTI'],
  () => ['EXEC'],
  () => ['EXEC'],
  (d) => (d(40) === 0 ? ['FLUSHDB'] : ['DBSIZE']),
];
