import * as fc from 'fast-check';
import { anyInteger, call, key, nearlyValid, options, word } from '../calls.ts';
import { oneClient } from '../one-client.ts';
import type { Family } from '../suite.ts';

// No number beyond a double's range: after one, errno makes redis-server refuse sound numbers too.
const element = fc.oneof(
  fc.integer({ min: -20, max: 20 }).map(String),
  fc.constantFrom('1.5', '-0.5', 'a', 'b', 'ab', '', '1e2', 'inf', '-inf', ' 3', '3 '),
);
const integers = fc.array(fc.integer({ min: -20, max: 20 }).map(String), { minLength: 1, maxLength: 6 });
const elements = fc.array(element, { minLength: 1, maxLength: 6 });
const field = fc.constantFrom('f', 'g');
const weightKey = fc.integer({ min: -5, max: 5 }).map((number) => `w_${number}`);
const pattern = fc.constantFrom('w_*', 'h_*->f', '*', '#', 'nosort', 'w_*->', 'h_*->g', 'w_*x');
const place = fc.oneof({ weight: 4, arbitrary: fc.integer({ min: -2, max: 6 }).map(String) }, anyInteger);
const limit = fc.tuple(word('LIMIT'), place, place);
const by = fc.tuple(word('BY'), pattern);
const get = fc.tuple(word('GET'), pattern);
const store = fc.tuple(word('STORE'), fc.constantFrom('a', 'stored'));
// Not ALPHA, BY and LIMIT together: which of the elements that BY finds nothing for are within the limit is chance.
const sortOptions = fc.oneof(
  options(word('ASC'), word('DESC'), word('ALPHA'), by, get, store),
  options(word('DESC'), limit, by, get, store),
  options(word('DESC'), word('ALPHA'), limit, get, store),
);

const sorting = fc.oneof(
  { weight: 2, arbitrary: call('RPUSH', key, elements) },
  // Of integers only: other sets come in the order of a hash table, and so do their ties.
  { weight: 1, arbitrary: call('SADD', key, integers) },
  call('ZADD', 'sorted', fc.constantFrom('1', '2', '3'), element),
  // Members of one weight would come in the order of a hash table, so there is no BY but that which does not sort.
  call('SORT', 'sorted', options(word('DESC'), word('ALPHA'), limit, fc.tuple(word('BY'), fc.constant('nosort')))),
  { weight: 2, arbitrary: call('SET', weightKey, element) },
  call(
    'HSET',
    fc.integer({ min: -5, max: 5 }).map((number) => `h_${number}`),
    field,
    element,
  ),
  call('DEL', key),
  { weight: 8, arbitrary: call('SORT', key, sortOptions) },
  { weight: 2, arbitrary: call('SORT_RO', key, sortOptions) },
);

export const sortFamily: Family = {
  name: 'sort',
  suites: [oneClient({ title: 'SORT', calls: nearlyValid(sorting), runs: 150 })],
};
