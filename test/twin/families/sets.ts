import * as fc from 'fast-check';
import { call, key, nearlyValid, options, value, word } from '../calls.ts';
import { oneClient } from '../one-client.ts';
import type { Family } from '../suite.ts';

const integer = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -4, max: 8 }).map(String) },
  { weight: 1, arbitrary: fc.constantFrom('32767', '-32768', '32768', '-32769', '2147483648', '-2147483649') },
  { weight: 1, arbitrary: fc.constantFrom('9223372036854775807', '-9223372036854775808', '9007199254740993') },
);
const text = fc.constantFrom('a', 'b', 'c', '', '01', '-0', '+1', '9223372036854775808', '\x00\xff', 'x'.repeat(70));
const member = fc.oneof({ weight: 4, arbitrary: integer }, { weight: 1, arbitrary: text });
const members = fc.oneof(
  { weight: 3, arbitrary: fc.array(integer, { minLength: 1, maxLength: 8 }) },
  { weight: 1, arbitrary: fc.array(member, { minLength: 1, maxLength: 8 }) },
);
const keys = fc.array(key, { minLength: 1, maxLength: 4 });
const cursor = fc.constantFrom('0', '', '+0', 'x', '-', '18446744073709551616', '0\x00');
const scanOptions = options(
  fc.tuple(word('MATCH'), fc.constantFrom('*', '?', '-*', '[0-4]', '', '\\1')),
  fc.tuple(word('COUNT'), fc.constantFrom('1000', '0', 'x')),
  word('TYPE'),
);
/** Without repetitions by the million. */
const count = fc.constantFrom(
  ...'0 1 2 5 1000 -1 -3 9223372036854775807 -9223372036854775808 x 1.5  9223372036854775808'.split(' '),
);
/** Taking all or nothing leaves no more to chance than the order. */
const popCount = fc.constantFrom('0', '1000', '9223372036854775807', '-1', '-9223372036854775808', 'x', '');
const numkeys = fc.constantFrom(...'1 2 3 0 -1 x 9223372036854775807 9223372036854775808'.split(' '));
const limit = fc.constantFrom(...'0 1 2 100 -1 x 9223372036854775807'.split(' '));

const sets = fc.oneof(
  { weight: 10, arbitrary: call('SADD', key, members) },
  { weight: 3, arbitrary: call('SREM', key, members) },
  { weight: 3, arbitrary: call('SMOVE', key, key, member) },
  call('SISMEMBER', key, member),
  call('SMISMEMBER', key, members),
  call('SCARD', key),
  { weight: 2, arbitrary: call('SMEMBERS', key) },
  { weight: 2, arbitrary: call(fc.constantFrom('SINTER', 'SUNION', 'SDIFF'), keys) },
  { weight: 4, arbitrary: call(fc.constantFrom('SINTERSTORE', 'SUNIONSTORE', 'SDIFFSTORE'), key, keys) },
  { weight: 2, arbitrary: call('SINTERCARD', numkeys, keys, options(fc.tuple(word('LIMIT'), limit), word('LIMIT'))) },
  call('SRANDMEMBER', key),
  call('SRANDMEMBER', key, count),
  { weight: 2, arbitrary: call('SSCAN', key, cursor, 'COUNT', '1000', scanOptions) },
  call('OBJECT', word('ENCODING'), key),
  call('COPY', key, key, options(word('REPLACE'))),
  call('RENAME', key, key),
  call('DEL', key),
  call('EXPIRE', key, '10000'),
  call('SET', key, value),
  call('CONFIG', 'SET', 'set-max-intset-entries', fc.constantFrom('512', '5', '0')),
);

/** Without its count, SPOP would take what it likes. */
const pops = call('SPOP', key, popCount);

/** Counts that would fill all memory, were they not refused, or the key not missing; so not to be changed by chance. */
const hugeCounts = fc.oneof(
  call('SRANDMEMBER', key, fc.constantFrom('-9223372036854775808', '9223372036854775807', '-9223372036854775809')),
  call('SRANDMEMBER', 'missing', fc.constantFrom('-9223372036854775807', '-4611686018427387905', '-1000000000000')),
);

export const setFamily: Family = {
  name: 'sets',
  suites: [
    oneClient({
      title: 'sets',
      isObserved: true,
      calls: fc.oneof({ weight: 20, arbitrary: nearlyValid(sets) }, { weight: 1, arbitrary: pops }, hugeCounts),
      setup: [['CONFIG', 'SET', 'set-max-intset-entries', '512']],
      runs: 200,
    }),
  ],
};
