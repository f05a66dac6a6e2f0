import * as fc from 'fast-check';
import { oldPayloads, refusedPayloads } from '../../persistence/rdb/old-encodings.ts';
import { anyInteger, brokenIntegerText, call, key, nearlyValid, options, value, word } from '../calls.ts';
import { comparable } from '../comparable.ts';
import { oneClient } from '../one-client.ts';
import type { Call, Family } from '../suite.ts';

const HASH_TABLES = ['\x02', '\x04'];

/** A payload whose elements come in the order of a hash table is compared by its length; the dataset shows the rest. */
function comparablePayload(asked: Call, reply: string): string {
  const payload = /^\$(\d+)\r\n/.exec(reply);
  if (asked[0]?.toUpperCase() !== 'DUMP' || payload === null) return comparable(asked, reply);
  return HASH_TABLES.includes(reply[payload[0].length]!) ? payload[1]! : reply;
}

const sound = Object.values(oldPayloads).map((payload) => payload.toString('latin1'));
const unsound = Object.values(refusedPayloads).map((payload) => payload.toString('latin1'));

const payload = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...sound) },
  { weight: 2, arbitrary: fc.constantFrom(...unsound) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom(...sound), fc.nat({ max: 30 })).map(([text, cut]) => text.slice(0, -1 - cut)),
  },
  { weight: 1, arbitrary: fc.constantFrom('', 'x', '\x00\x01a\x0b\x00\x00\x00\x00\x00\x00\x00\x00\x00') },
);

/** A thousand seconds from now, or long ago: nothing expires while a script is played. */
const ttl = fc.oneof(
  { weight: 6, arbitrary: fc.constant('0') },
  { weight: 2, arbitrary: fc.constantFrom('1000000', '99999999999999', '9223372036854775807', '-1') },
  { weight: 1, arbitrary: brokenIntegerText },
);

const restoreOptions = options(
  word('REPLACE'),
  word('ABSTTL'),
  fc.tuple(word('IDLETIME'), fc.constantFrom('0', '1000', '-1', 'x', '9223372036854775807')),
  fc.tuple(word('FREQ'), fc.constantFrom('0', '255', '256', '-1', 'x')),
);

const calls = [
  { weight: 8, arbitrary: call('RESTORE', key, ttl, payload, restoreOptions) },
  { weight: 4, arbitrary: call('RESTORE', key, '0', fc.constantFrom(...sound), 'REPLACE') },
  { weight: 10, arbitrary: call('DUMP', key) },
  call('SET', key, value),
  call('APPEND', key, value),
  call('RPUSH', key, value, value),
  call('LPOP', key),
  call('SADD', key, value, anyInteger),
  call('HSET', key, value, value, 'f', anyInteger),
  call('HDEL', key, 'f'),
  call('ZADD', key, fc.constantFrom('1', '-2.5', 'inf', '-0', '3.3', '1e300'), value),
  call('ZPOPMIN', key),
  call('XADD', key, fc.constantFrom('5-1', '5-*', '7-3', '18446744073709551615-18446744073709551615'), 'f', value),
  call('XDEL', key, fc.constantFrom('1-1', '5-1', '7-3')),
  call('XGROUP', 'CREATE', key, fc.constantFrom('g', 'h'), fc.constantFrom('0', '$', '5-1'), word('MKSTREAM')),
  call('XACK', key, 'readers', '1-1'),
  call('COPY', key, key, word('REPLACE')),
  call('OBJECT', 'ENCODING', key),
  call('DEBUG', 'DIGEST-VALUE', key),
  call('DEL', key),
];

const limits = [
  call('CONFIG', 'SET', 'rdbcompression', fc.constantFrom('yes', 'no')),
  call('CONFIG', 'SET', 'hash-max-listpack-entries', fc.constantFrom('512', '2')),
  call('CONFIG', 'SET', 'zset-max-listpack-entries', fc.constantFrom('128', '2')),
  call('CONFIG', 'SET', 'set-max-intset-entries', fc.constantFrom('512', '2')),
  call('CONFIG', 'SET', 'list-max-listpack-size', fc.constantFrom('-2', '3')),
];

const setup = [
  ['CONFIG', 'SET', 'sanitize-dump-payload', 'yes'],
  ['CONFIG', 'SET', 'rdbcompression', 'yes'],
  ['CONFIG', 'SET', 'hash-max-listpack-entries', '512'],
  ['CONFIG', 'SET', 'zset-max-listpack-entries', '128'],
  ['CONFIG', 'SET', 'set-max-intset-entries', '512'],
  ['CONFIG', 'SET', 'list-max-listpack-size', '-2'],
];

export const dumpFamily: Family = {
  name: 'dumps',
  suites: [
    oneClient({
      title: 'payloads',
      calls: fc.oneof(
        { weight: 12, arbitrary: nearlyValid(fc.oneof(...calls)) },
        { weight: 1, arbitrary: fc.oneof(...limits) },
      ),
      comparable: comparablePayload,
      setup,
      runs: 100,
    }),
  ],
};
