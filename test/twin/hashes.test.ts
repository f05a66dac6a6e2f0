import * as fc from 'fast-check';
import { anyInteger, call, floatText, key, nearlyValid, options, value, word } from './calls.ts';
import type { Reply } from '../support/resp-reader.ts';
import { type Call, type Comparable, decode, describeTwins } from './runner.ts';

const field = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('f', 'g', '1', '-7', '300') },
  { weight: 1, arbitrary: fc.constantFrom('', 'f'.repeat(63), 'f'.repeat(65), '9223372036854775807', '\x00\xff') },
);
const fields = fc.array(field, { minLength: 1, maxLength: 4 });
const pairs = fc.array(fc.tuple(field, value), { minLength: 1, maxLength: 4 }).map((list) => list.flat());
const cursor = fc.constantFrom('0', '', '+0', 'x', '-', '18446744073709551616', '0\x00');
const scanOptions = options(
  fc.tuple(word('MATCH'), fc.constantFrom('*', 'f*', '?', '[0-9]*', '', '\\1')),
  fc.tuple(word('COUNT'), fc.constantFrom('1000', '0', 'x')),
  word('TYPE'),
);
/** Without repetitions by the million. */
const count = fc.constantFrom(
  ...'0 1 2 5 100 -1 -3 9223372036854775807 -9223372036854775808 4611686018427387904 x 1.5'.split(' '),
  ...' 9223372036854775808'.split(' '),
);

const calls = [
  { weight: 8, arbitrary: call('HSET', key, pairs) },
  call('HMSET', key, pairs),
  { weight: 2, arbitrary: call('HSETNX', key, field, value) },
  { weight: 2, arbitrary: call('HGET', key, field) },
  call('HMGET', key, fields),
  { weight: 3, arbitrary: call('HDEL', key, fields) },
  call('HEXISTS', key, field),
  call('HLEN', key),
  call('HSTRLEN', key, field),
  { weight: 2, arbitrary: call('HGETALL', key) },
  call('HKEYS', key),
  call('HVALS', key),
  { weight: 4, arbitrary: call('HINCRBY', key, field, anyInteger) },
  { weight: 4, arbitrary: call('HINCRBYFLOAT', key, field, floatText) },
  { weight: 2, arbitrary: call('HSCAN', key, cursor, 'COUNT', '1000', scanOptions) },
  call('HRANDFIELD', key),
  { weight: 2, arbitrary: call('HRANDFIELD', key, count) },
  { weight: 2, arbitrary: call('HRANDFIELD', key, count, fc.constantFrom('WITHVALUES', 'withvalues', 'WITH')) },
  call('OBJECT', word('ENCODING'), key),
  call('COPY', key, key, options(word('REPLACE'))),
  call('RENAME', key, key),
  call('DEL', key),
  call('SET', key, value),
];

const limits = [
  call('CONFIG', 'SET', 'hash-max-listpack-entries', fc.constantFrom('512', '3', '0')),
  call('CONFIG', 'SET', 'hash-max-listpack-value', fc.constantFrom('64', '2', '0')),
];

/** Fields with their values, flat or as a map, in an order that does not depend on a hash table. */
function sortPairs(reply: Reply): string {
  const flat = reply instanceof Map ? [...reply].flat() : (reply as Reply[]);
  const found: string[] = [];
  for (let i = 0; i < flat.length; i += 2) found.push(JSON.stringify(flat.slice(i, i + 2)));
  return found.sort().join(' ');
}

/** Dice fall as they like. */
const comparableInOrder: Comparable = (args: Call, reply: string) => {
  if (reply.startsWith('-') || args[0]!.toUpperCase() !== 'HRANDFIELD') return reply;
  const found = decode(reply);
  if (!Array.isArray(found)) return String(found === null);
  const depth = Array.isArray(found[0]) ? 'nested' : 'flat';
  return `${depth} ${found.length}`;
};

/** Hash tables have an order of their own. */
const comparable: Comparable = (args: Call, reply: string) => {
  if (reply.startsWith('-')) return reply;
  const name = args[0]!.toUpperCase();
  if (name === 'HGETALL') return reply.slice(0, 1) + sortPairs(decode(reply));
  if (name === 'HKEYS' || name === 'HVALS') return JSON.stringify((decode(reply) as string[]).sort());
  if (name === 'HSCAN') {
    const [next, found] = decode(reply) as [string, string[]];
    return next + sortPairs(found);
  }
  return comparableInOrder(args, reply);
};

const setup = [
  ['CONFIG', 'SET', 'hash-max-listpack-entries', '512'],
  ['CONFIG', 'SET', 'hash-max-listpack-value', '64'],
];

describeTwins('commands on hashes', {
  calls: nearlyValid(fc.oneof(...calls, ...limits)),
  comparable,
  setup,
  runs: 200,
});
describeTwins('commands on hashes that stay packed', {
  calls: nearlyValid(fc.oneof(...calls)),
  comparable: comparableInOrder,
  setup: [['CONFIG', 'SET', 'hash-max-listpack-value', '1000000']],
  runs: 100,
});
