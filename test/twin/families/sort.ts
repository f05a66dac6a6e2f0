import * as fc from 'fast-check';
import { CommandTable } from '../../../src/server/command-table.ts';
import { serverFamilies } from '../../../src/topology/compose.ts';
import { anyInteger, call, key, nearlyValid, options, word } from '../calls.ts';
import { type Vocabulary, withEdges, wordsOf } from '../from-syntax.ts';
import { oneClient } from '../one-client.ts';
import type { Call, Family } from '../suite.ts';
import { everyType } from './any-command.ts';

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
// Not ALPHA, BY and LIMIT together, see isChance.
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

/** Patterns of patterns, and keys of other types where a weight is looked for. */
const patterns = fc.constantFrom('w_*', '*', '#', 'nosort', '*->f', '*->*', '**', '->', '*->', 'tex*', '', 'h*->f->g');
const keys = fc.constantFrom('text', 'number', 'list', 'hash', 'integers', 'stream', 'sketch', 'missing', 'names');
const vocabulary: Vocabulary = (_, { type }) =>
  type === 'pattern' ? patterns : type === 'key' ? keys : fc.oneof(place, fc.constantFrom('0', '1', '3'));
const ofEveryType: readonly Call[] = [
  ...everyType,
  ['RPUSH', 'names', 'text', 'list', 'hash', 'table', 'number', 'missing', '*'],
  ['MSET', 'w_1', '5', 'w_2', '*', 'w_text', '3', '*', 'star'],
  ['LPUSH', 'w_3', 'no string'],
];
/** Which of the elements that BY finds nothing for are within the limit is chance. */
function isChance(call: Call): boolean {
  const words = new Set(call.map((arg) => arg.toUpperCase()));
  return words.has('BY') && words.has('ALPHA') && words.has('LIMIT');
}

const sorts = new CommandTable(serverFamilies).all.filter(({ row }) => /^sort(?:_ro)?$/.test(row.name));

export const sortFamily: Family = {
  name: 'sort',
  suites: [
    oneClient({ title: 'SORT', calls: nearlyValid(sorting), runs: 100 }),
    oneClient({
      title: 'SORT of every type',
      isObserved: true,
      calls: nearlyValid(fc.oneof(...sorts.map((command) => withEdges(wordsOf(command, vocabulary), 0.2)))).filter(
        (call) => !isChance(call),
      ),
      setup: ofEveryType,
      runs: 80,
    }),
  ],
};
