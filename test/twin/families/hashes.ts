import * as fc from 'fast-check';
import { anyInteger, call, floatText, key, nearlyValid, options, value, word } from '../calls.ts';
import { comparableInOrder } from '../comparable.ts';
import { oneClient } from '../one-client.ts';
import type { Family } from '../suite.ts';

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
  ...'0 1 2 5 1000 -1 -3 9223372036854775807 -9223372036854775808 4611686018427387904 x 1.5'.split(' '),
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

const setup = [
  ['CONFIG', 'SET', 'hash-max-listpack-entries', '512'],
  ['CONFIG', 'SET', 'hash-max-listpack-value', '64'],
];

/** Counts that would fill all memory, were they not refused, or the key not missing; so not to be changed by chance. */
const hugeCounts = fc.oneof(
  call('HRANDFIELD', key, fc.constantFrom('-4611686018427387904', '4611686018427387904'), 'WITHVALUES'),
  call('HRANDFIELD', key, fc.constantFrom('-9223372036854775808', '9223372036854775807', '-9223372036854775809')),
  call('HRANDFIELD', 'missing', fc.constantFrom('-9223372036854775807', '-4611686018427387905', '-1000000000000')),
);

export const hashFamily: Family = {
  name: 'hashes',
  suites: [
    oneClient({
      title: 'hashes',
      isObserved: true,
      calls: fc.oneof({ weight: 30, arbitrary: nearlyValid(fc.oneof(...calls, ...limits)) }, hugeCounts),
      setup,
      runs: 150,
    }),
    oneClient({
      title: 'hashes that stay packed',
      calls: nearlyValid(fc.oneof(...calls)),
      comparable: comparableInOrder,
      setup: [['CONFIG', 'SET', 'hash-max-listpack-value', '1000000']],
      runs: 80,
    }),
  ],
};
