import * as fc from 'fast-check';
import { anyInteger, brokenIntegerText, call, key, nearlyValid, options, value, word } from '../calls.ts';
import { oneClient } from '../one-client.ts';
import type { Call, Family } from '../suite.ts';

const LARGE: readonly Call[] = [
  ['CONFIG', 'SET', 'zset-max-listpack-entries', '6'],
  ['CONFIG', 'SET', 'zset-max-listpack-value', '10'],
];

const member = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...'abcdefg', '10', '9', '-5', 'ab', 'A') },
  { weight: 1, arbitrary: value },
  { weight: 1, arbitrary: fc.constantFrom('', 'longer than ten', 'm'.repeat(65), '9223372036854775807', '\xff\x00') },
);
const score = fc.oneof(
  { weight: 10, arbitrary: fc.integer({ min: -4, max: 4 }).map(String) },
  {
    weight: 3,
    arbitrary: fc.constantFrom('1.5', '-2.25', '0.1', 'inf', '-inf', '+Infinity', '1e17', '4611686018427387904'),
  },
  { weight: 2, arbitrary: fc.double({ noNaN: true }).map(String) },
  { weight: 1, arbitrary: fc.constantFrom('nan', '', 'x', ' 1', '1 ', '0x10', '1e400', '-0', '(1') },
);
const pairs = fc.array(fc.tuple(score, member), { minLength: 1, maxLength: 6 }).map((list) => list.flat());
const members = fc.array(member, { minLength: 1, maxLength: 4 });
const keys = fc.array(key, { minLength: 1, maxLength: 3 });
const rank = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: -9, max: 9 }).map(String) },
  { weight: 1, arbitrary: anyInteger },
);
const scoreBound = fc.oneof(
  { weight: 6, arbitrary: score },
  { weight: 3, arbitrary: score.map((text) => `(${text}`) },
  { weight: 3, arbitrary: fc.constantFrom('-inf', '+inf') },
  { weight: 1, arbitrary: fc.constantFrom('', '(', '((1', ' 1', '1\x00x', '1e-400', '-') },
);
const lexBound = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom('[', '('), member).map(([sign, text]) => sign + text) },
  { weight: 3, arbitrary: fc.constantFrom('-', '+') },
  { weight: 1, arbitrary: fc.constantFrom('', '-x', '+x', '-\x00x', '[', '(', 'x', '1') },
);
const limit = fc.tuple(word('LIMIT'), rank, rank);
const addOptions = options(word('NX'), word('XX'), word('GT'), word('LT'), word('CH'), word('INCR'));
const rareAddOptions = fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 2, arbitrary: addOptions });
const rangeOptions = options(word('REV'), word('WITHSCORES'), limit, fc.constant('LIMIT'));
const storeOptions = options(word('REV'), limit);
const count = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('1', '2', '3', '100') },
  { weight: 1, arbitrary: fc.constantFrom('0', '-1', '9223372036854775807') },
  { weight: 1, arbitrary: brokenIntegerText },
);
const countOption = options(fc.tuple(word('COUNT'), count));

/** The number of keys in front of them; now and then a wrong one. */
const numbered = fc
  .tuple(keys, fc.oneof({ weight: 15, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: anyInteger }))
  .map(([list, wrong]) => [wrong ?? String(list.length), ...list]);
const weighted = fc
  .tuple(keys, fc.array(score, { minLength: 3, maxLength: 3 }))
  .map(([list, weights]) => [String(list.length), ...list, 'WEIGHTS', ...weights.slice(0, list.length)]);
const inputs = fc.oneof({ weight: 2, arbitrary: numbered }, { weight: 1, arbitrary: weighted });
const aggregate = fc.tuple(word('AGGREGATE'), fc.oneof(word('SUM'), word('MIN'), word('MAX'), fc.constant('x')));
const end = fc.oneof({ weight: 9, arbitrary: fc.oneof(word('MIN'), word('MAX')) }, { weight: 1, arbitrary: member });

const changes = fc.oneof(
  { weight: 12, arbitrary: call('ZADD', key, rareAddOptions, pairs) },
  { weight: 2, arbitrary: call('ZADD', key, addOptions, score, member) },
  { weight: 3, arbitrary: call('ZINCRBY', key, score, member) },
  { weight: 2, arbitrary: call('ZREM', key, members) },
  call('ZPOPMIN', key),
  call('ZPOPMAX', key, count),
  call('ZPOPMIN', key, count),
  { weight: 2, arbitrary: call('ZMPOP', numbered, end, countOption) },
  call('ZREMRANGEBYRANK', key, rank, rank),
  call('ZREMRANGEBYSCORE', key, scoreBound, scoreBound),
  call('ZRANGESTORE', key, key, rank, rank, storeOptions),
  call('ZRANGESTORE', key, key, scoreBound, scoreBound, word('BYSCORE'), storeOptions),
);

const reads = fc.oneof(
  call('ZCARD', key),
  call('ZSCORE', key, member),
  call('ZMSCORE', key, members),
  call('ZRANK', key, member),
  call('ZREVRANK', key, member),
  { weight: 2, arbitrary: call('ZRANGE', key, rank, rank, rangeOptions) },
  { weight: 2, arbitrary: call('ZRANGE', key, scoreBound, scoreBound, word('BYSCORE'), rangeOptions) },
  call('ZREVRANGE', key, rank, rank, options(word('WITHSCORES'))),
  { weight: 2, arbitrary: call('ZRANGEBYSCORE', key, scoreBound, scoreBound, rangeOptions) },
  { weight: 2, arbitrary: call('ZREVRANGEBYSCORE', key, scoreBound, scoreBound, rangeOptions) },
  { weight: 2, arbitrary: call('ZCOUNT', key, scoreBound, scoreBound) },
  call(
    'ZRANDMEMBER',
    key,
    fc.constantFrom('1000', '0', '2', '-2', 'x', '-9223372036854775808'),
    options(word('WITHSCORES')),
  ),
  // A whole scan, so that the order of the table does not matter.
  call(
    'ZSCAN',
    key,
    fc.constantFrom('0', 'x', ''),
    'COUNT',
    '1000',
    options(fc.tuple(word('MATCH'), fc.constantFrom('*', '[a-c]', ''))),
  ),
  call('OBJECT', 'ENCODING', key),
);

const combinations = fc.oneof(
  { weight: 2, arbitrary: call('SADD', key, members) },
  call('SADD', key, fc.constantFrom(['1', '10', '9'], ['-5', '10', '9223372036854775807'])),
  call('ZUNION', inputs, options(aggregate, word('WITHSCORES'))),
  call('ZINTER', inputs, options(aggregate, word('WITHSCORES'))),
  call('ZDIFF', numbered, options(word('WITHSCORES'), aggregate)),
  call('ZUNIONSTORE', key, inputs, options(aggregate, word('WITHSCORES'))),
  call('ZINTERSTORE', key, inputs, options(aggregate)),
  call('ZDIFFSTORE', key, numbered),
  call('ZINTERCARD', numbered, options(fc.tuple(word('LIMIT'), count))),
);

const others = fc.oneof(
  call('SET', key, value),
  call('DEL', key),
  call('COPY', key, key, options(word('REPLACE'))),
  call('RENAME', key, key),
  call('EXPIRE', key, '100000'),
  call('TYPE', key),
);

/** By bytes, where all scores are equal: else the answer depends on luck. */
const lexical = fc.oneof(
  {
    weight: 6,
    arbitrary: call(
      'ZADD',
      key,
      members.map((list) => list.flatMap((text) => ['0', text])),
    ),
  },
  call('ZREM', key, members),
  call('ZRANGE', key, lexBound, lexBound, word('BYLEX'), rangeOptions),
  { weight: 2, arbitrary: call('ZRANGEBYLEX', key, lexBound, lexBound, options(limit)) },
  { weight: 2, arbitrary: call('ZREVRANGEBYLEX', key, lexBound, lexBound, options(limit)) },
  { weight: 2, arbitrary: call('ZLEXCOUNT', key, lexBound, lexBound) },
  { weight: 2, arbitrary: call('ZREMRANGEBYLEX', key, lexBound, lexBound) },
  call('ZRANGESTORE', key, key, lexBound, lexBound, word('BYLEX'), storeOptions),
  call('ZPOPMIN', key),
);

const all = nearlyValid(
  fc.oneof(
    { weight: 6, arbitrary: changes },
    { weight: 5, arbitrary: reads },
    { weight: 3, arbitrary: combinations },
    { weight: 1, arbitrary: others },
  ),
);

/** Counts that would fill all memory, were they not refused, or the key not missing; so not to be changed by chance. */
const hugeCounts = fc.oneof(
  call('ZRANDMEMBER', key, fc.constantFrom('-4611686018427387904', '4611686018427387904'), 'WITHSCORES'),
  call('ZRANDMEMBER', key, fc.constantFrom('-9223372036854775808', '9223372036854775807', '-9223372036854775809')),
  call('ZRANDMEMBER', 'missing', fc.constantFrom('-9223372036854775807', '-4611686018427387905', '-1000000000000')),
);

export const sortedSetFamily: Family = {
  name: 'sorted-sets',
  suites: [
    oneClient({
      title: 'packed sorted sets',
      isObserved: true,
      calls: fc.oneof({ weight: 30, arbitrary: all }, hugeCounts),
      runs: 80,
    }),
    oneClient({ title: 'sorted sets that become large', isObserved: true, calls: all, runs: 120, setup: LARGE }),
    oneClient({ title: 'ranges of members by their bytes', calls: nearlyValid(lexical), runs: 80, setup: LARGE }),
  ],
};
