import * as fc from 'fast-check';
import { call, key, nearlyValid, options, value, word } from '../calls.ts';
import { oneClient } from '../one-client.ts';
import type { Family } from '../suite.ts';

/** Explicit IDs: what the clock gives differs. Small ones, so that they meet; the ends of the range; and wrong ones. */
const id = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 4 })).map((id) => id.join('-')),
  },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 8 }).map(String) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '9007199254740993-9007199254740993',
      '18446744073709551615-18446744073709551614',
      '18446744073709551615-18446744073709551615',
      '4294967296-4294967295',
      '5-4294967296',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '0-0',
      '',
      'x',
      '-',
      '+',
      '-1',
      '1-',
      '1-x',
      '+5-1',
      '05-01',
      '1-1\x00z',
      '1-1-1',
      '18446744073709551616',
    ),
  },
);
const newId = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.integer({ min: 1, max: 9 })).map(([ms]) => `${ms}-*`) },
  { weight: 6, arbitrary: id },
  { weight: 1, arbitrary: fc.constantFrom('0-*', '18446744073709551615-*', '-*', '*-1') },
);
const bound = fc.oneof(
  { weight: 3, arbitrary: id },
  { weight: 2, arbitrary: id.map((text) => `(${text}`) },
  { weight: 3, arbitrary: fc.constantFrom('-', '+') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('(', '(-', '(+', '((1', '(0-0', '(18446744073709551615-18446744073709551615'),
  },
);
const field = fc.constantFrom(
  'f',
  'g',
  'f',
  '12',
  'a long name of a field that is shared by many entries of a stream, as they are',
);
const pairs = fc.array(fc.tuple(field, value), { minLength: 1, maxLength: 3 }).map((pairs) => pairs.flat());
const wrongPairs = fc.array(field, { minLength: 0, maxLength: 3 });
const count = fc.constantFrom('0', '1', '2', '5', '100', '-1', 'x', '9223372036854775807', '9223372036854775808');
const threshold = fc.oneof(
  fc.tuple(word('MAXLEN'), options(fc.constantFrom(['~'], ['='])), count).map((words) => words.flat()),
  fc.tuple(word('MINID'), options(fc.constantFrom(['~'], ['='])), id).map((words) => words.flat()),
);
const trimOptions = options(threshold, fc.tuple(word('LIMIT'), count), word('NOMKSTREAM'));
const trim = fc
  .tuple(threshold, options(fc.tuple(word('LIMIT'), count)), options(threshold))
  .map(([first, limit, second]) => [...first, ...limit, ...second]);

const entryCalls = fc.oneof(
  { weight: 16, arbitrary: call('XADD', key, newId, pairs) },
  { weight: 6, arbitrary: call('XADD', key, trimOptions, newId, pairs) },
  { weight: 1, arbitrary: call('XADD', key, trimOptions, newId, wrongPairs) },
  { weight: 4, arbitrary: call('XDEL', key, fc.array(id, { minLength: 1, maxLength: 4 })) },
  { weight: 4, arbitrary: call('XTRIM', key, trim) },
  { weight: 1, arbitrary: call('XLEN', key) },
  { weight: 4, arbitrary: call('XRANGE', key, bound, bound, options(fc.tuple(word('COUNT'), count))) },
  { weight: 4, arbitrary: call('XREVRANGE', key, bound, bound, options(fc.tuple(word('COUNT'), count))) },
  {
    weight: 2,
    arbitrary: call(
      'XSETID',
      key,
      id,
      options(fc.tuple(word('ENTRIESADDED'), count), fc.tuple(word('MAXDELETEDID'), id)),
    ),
  },
  call('COPY', key, key, options(word('REPLACE'))),
  call('OBJECT', 'ENCODING', key),
  call('DEL', key),
  call('SET', key, value),
  call('DEBUG', 'DIGEST-VALUE', key),
  call('CONFIG', 'SET', 'stream-node-max-entries', fc.constantFrom('3', '2', '100', '0', '3', '1')),
  call('CONFIG', 'SET', 'stream-node-max-bytes', fc.constantFrom('4096', '100', '0', '200', '1')),
);

const setup = [
  ['CONFIG', 'SET', 'stream-node-max-entries', '3'],
  ['CONFIG', 'SET', 'stream-node-max-bytes', '4096'],
];

const group = fc.constantFrom('g', 'g', 'h', '');
const consumer = fc.constantFrom('x', 'y', 'z');
const ids = fc.array(id, { minLength: 1, maxLength: 4 });
/** Nothing is idle for an hour, unless a claim says so. */
const minIdle = fc.constantFrom('0', '0', '0', '3600000', '-1', 'x', '9223372036854775808');
const groupId = fc.oneof({ weight: 4, arbitrary: fc.constantFrom('0', '$', '0-0') }, { weight: 2, arbitrary: id });
const entriesRead = fc.tuple(
  word('ENTRIESREAD'),
  fc.constantFrom('0', '1', '3', '-1', '-2', 'x', '9223372036854775807'),
);
const readId = fc.oneof({ weight: 3, arbitrary: fc.constantFrom('>', '0', '$') }, { weight: 2, arbitrary: id });
const readOptions = options(fc.tuple(word('COUNT'), count), fc.tuple(word('BLOCK'), fc.constantFrom('1', 'x', '-1')));
const streams = fc
  .array(fc.tuple(key, readId), { minLength: 1, maxLength: 2 })
  .map((pairs) => ['STREAMS', ...pairs.map(([name]) => name), ...pairs.map(([, from]) => from)]);

const groupCalls = fc.oneof(
  { weight: 10, arbitrary: call('XADD', key, newId, pairs) },
  { weight: 2, arbitrary: call('XADD', key, trimOptions, newId, pairs) },
  { weight: 3, arbitrary: call('XDEL', key, ids) },
  { weight: 1, arbitrary: call('XTRIM', key, trim) },
  { weight: 8, arbitrary: call('XGROUP', 'CREATE', key, group, groupId, options(word('MKSTREAM'), entriesRead)) },
  { weight: 2, arbitrary: call('XGROUP', 'SETID', key, group, groupId, options(entriesRead)) },
  { weight: 1, arbitrary: call('XGROUP', 'DESTROY', key, group) },
  { weight: 2, arbitrary: call('XGROUP', 'CREATECONSUMER', key, group, consumer) },
  { weight: 1, arbitrary: call('XGROUP', 'DELCONSUMER', key, group, consumer) },
  { weight: 12, arbitrary: call('XREADGROUP', 'GROUP', group, consumer, readOptions, options(word('NOACK')), streams) },
  { weight: 4, arbitrary: call('XREAD', readOptions, streams) },
  { weight: 4, arbitrary: call('XACK', key, group, ids) },
  { weight: 3, arbitrary: call('XPENDING', key, group) },
  {
    weight: 4,
    arbitrary: call(
      'XPENDING',
      key,
      group,
      options(fc.tuple(word('IDLE'), minIdle)),
      bound,
      bound,
      count,
      options(consumer.map((name) => [name])),
    ),
  },
  {
    weight: 8,
    arbitrary: call(
      'XCLAIM',
      key,
      group,
      consumer,
      minIdle,
      ids,
      options(
        fc.tuple(word('IDLE'), fc.constantFrom('0', '7200000', '-1', 'x')),
        fc.tuple(word('TIME'), fc.constantFrom('0', '1000', '9223372036854775807', '-5')),
        fc.tuple(word('RETRYCOUNT'), fc.constantFrom('0', '7', '-1', '9223372036854775807', 'x')),
        word('FORCE'),
        word('JUSTID'),
        fc.tuple(word('LASTID'), id),
      ),
    ),
  },
  {
    weight: 6,
    arbitrary: call(
      'XAUTOCLAIM',
      key,
      group,
      consumer,
      minIdle,
      bound,
      options(
        fc.tuple(word('COUNT'), fc.constantFrom('1', '2', '100', '0', 'x', '576460752303423488')),
        word('JUSTID'),
      ),
    ),
  },
  {
    weight: 4,
    arbitrary: call('XINFO', 'STREAM', key, options(word('FULL')), options(fc.tuple(word('COUNT'), count))),
  },
  { weight: 3, arbitrary: call('XINFO', 'GROUPS', key) },
  { weight: 3, arbitrary: call('XINFO', 'CONSUMERS', key, group) },
  call('COPY', key, key, options(word('REPLACE'))),
  call('XSETID', key, id, options(fc.tuple(word('ENTRIESADDED'), count), fc.tuple(word('MAXDELETEDID'), id))),
  call('DEL', key),
  call('SET', key, value),
);

export const streamFamily: Family = {
  name: 'streams',
  suites: [
    oneClient({ title: 'streams', isObserved: true, calls: nearlyValid(entryCalls), setup, stepsMax: 40, runs: 60 }),
    oneClient({
      title: 'consumer groups',
      isObserved: true,
      calls: nearlyValid(groupCalls),
      setup,
      stepsMax: 50,
      runs: 60,
    }),
  ],
};
