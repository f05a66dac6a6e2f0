import * as fc from 'fast-check';
import { anyInteger, brokenIntegerText, call, key, nearlyValid, options, secondsText, value, word } from '../calls.ts';
import { oneClient } from '../one-client.ts';
import type { Family } from '../suite.ts';

/** Few, so that elements repeat; now and then a long one, which fills a node. */
const element = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', 'b', '1', '-7', '', '9223372036854775807') },
  { weight: 3, arbitrary: value },
  { weight: 1, arbitrary: fc.constantFrom('v'.repeat(4000), 'w'.repeat(9000)) },
);
const elements = fc.array(element, { minLength: 1, maxLength: 6 });
const many = fc
  .tuple(element, fc.integer({ min: 1, max: 300 }))
  .map(([text, count]) => Array.from({ length: count }, (_, i) => (i % 3 === 0 ? text : String(i))));
const index = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: -12, max: 12 }).map(String) },
  { weight: 2, arbitrary: fc.integer({ min: -400, max: 400 }).map(String) },
  { weight: 1, arbitrary: anyInteger },
);
const count = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 8 }).map(String) },
  { weight: 1, arbitrary: anyInteger },
  { weight: 1, arbitrary: brokenIntegerText },
);
const maybeCount = fc.oneof(
  fc.constant<string[]>([]),
  count.map((text) => [text]),
);
const end = fc.oneof(
  { weight: 10, arbitrary: fc.oneof(word('LEFT'), word('RIGHT')) },
  { weight: 1, arbitrary: fc.constantFrom('', 'MIDDLE', 'L') },
);
const beforeOrAfter = fc.oneof(
  { weight: 10, arbitrary: fc.oneof(word('BEFORE'), word('AFTER')) },
  { weight: 1, arbitrary: fc.constantFrom('', 'BESIDE') },
);
const numberedKeys = fc.oneof(
  { weight: 8, arbitrary: fc.array(key, { minLength: 1, maxLength: 3 }).map((keys) => [String(keys.length), ...keys]) },
  { weight: 1, arbitrary: fc.tuple(anyInteger, key) },
);
const lposOptions = options(
  fc.tuple(word('RANK'), index),
  fc.tuple(word('COUNT'), count),
  fc.tuple(word('MAXLEN'), count),
  fc.constantFrom('RANK', 'nonsense'),
);

const lists = fc.oneof(
  { weight: 4, arbitrary: call(fc.constantFrom('LPUSH', 'RPUSH'), key, elements) },
  { weight: 2, arbitrary: call(fc.constantFrom('LPUSH', 'RPUSH'), key, many) },
  call(fc.constantFrom('LPUSHX', 'RPUSHX'), key, elements),
  { weight: 2, arbitrary: call(fc.constantFrom('LPOP', 'RPOP'), key, maybeCount) },
  call('LLEN', key),
  { weight: 2, arbitrary: call('LRANGE', key, index, index) },
  { weight: 2, arbitrary: call('LINDEX', key, index) },
  { weight: 2, arbitrary: call('LSET', key, index, element) },
  { weight: 3, arbitrary: call('LINSERT', key, beforeOrAfter, element, element) },
  { weight: 2, arbitrary: call('LREM', key, index, element) },
  { weight: 2, arbitrary: call('LTRIM', key, index, index) },
  { weight: 3, arbitrary: call('LPOS', key, element, lposOptions) },
  { weight: 2, arbitrary: call('LMOVE', key, key, end, end) },
  call('RPOPLPUSH', key, key),
  { weight: 2, arbitrary: call('LMPOP', numberedKeys, end, options(fc.tuple(word('COUNT'), count), word('COUNT'))) },
);

const others = fc.oneof(
  call('SET', key, value),
  call('DEL', key),
  call('RENAME', key, key),
  call('COPY', key, key, options(word('REPLACE'))),
  call('EXPIRE', key, secondsText),
  call('TYPE', key),
  call('OBJECT', 'ENCODING', key),
  call('DEBUG', 'DIGEST-VALUE', key),
  { weight: 3, arbitrary: call('DEBUG', 'OBJECT', key) },
);

const calls = nearlyValid(fc.oneof({ weight: 8, arbitrary: lists }, { weight: 1, arbitrary: others }));

export const listFamily: Family = {
  name: 'lists',
  suites: [
    oneClient({ title: 'lists', isObserved: true, calls, runs: 80 }),
    oneClient({
      title: 'lists of small nodes',
      calls,
      runs: 60,
      setup: [['CONFIG', 'SET', 'list-max-listpack-size', '3']],
    }),
    oneClient({
      title: 'lists with long elements apart',
      calls,
      runs: 60,
      setup: [['DEBUG', 'QUICKLIST-PACKED-THRESHOLD', '20b']],
    }),
  ],
};
