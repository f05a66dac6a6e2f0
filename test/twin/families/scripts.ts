/**
 * Scripts that are written down, called with random keys and arguments: what they return, what their commands do to the
 * dataset, and how their errors read.
 */
import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { CommandTable } from '../../../src/server/command-table.ts';
import { serverFamilies } from '../../../src/topology/compose.ts';
import { anyInteger, call, key, nearlyValid, options, value, word } from '../calls.ts';
import { oneClient } from '../one-client.ts';
import type { Family } from '../suite.ts';

const SCRIPTS = [
  'return 1',
  'return',
  'return nil',
  'return false',
  'return true',
  'return 3.99',
  "return 'text'",
  'return ARGV[1]',
  'return {1, 2, {3, ARGV[1]}, nil, 4}',
  "return redis.call('GET', KEYS[1])",
  "return redis.call('SET', KEYS[1], ARGV[1])",
  "return redis.call('INCR', KEYS[1])",
  "return redis.pcall('INCR', KEYS[1])",
  "redis.call('RPUSH', KEYS[1], unpack(ARGV)) return redis.call('LRANGE', KEYS[1], 0, -1)",
  "return redis.call('HSET', KEYS[1], 'f', ARGV[1] or 'v')",
  "return redis.call('NOSUCH')",
  "return redis.call('GET')",
  "return redis.status_reply('FINE')",
  "return redis.error_reply('MY error')",
  "return {ok = 'fine'}",
  "return {err = 'BAD thing'}",
  'return #KEYS + #ARGV',
  'return tostring(KEYS[1])',
  "return redis.sha1hex(ARGV[1] or '')",
  'return tonumber(ARGV[1])',
  'return nosuch',
  'nosuch = 1',
  'return 1 +',
  "error('mine')",
];
const shas = SCRIPTS.map((script) => createHash('sha1').update(script).digest('hex'));

const script = fc.constantFrom(...SCRIPTS);
const sha = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...shas, ...shas.map((hex) => hex.toUpperCase())) },
  { weight: 1, arbitrary: fc.constantFrom('', 'x', '0'.repeat(40)) },
);
const keys = fc.array(key, { maxLength: 2 });
const args = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(keys, fc.array(value, { maxLength: 2 })).map(withNumber) },
  { weight: 1, arbitrary: fc.tuple(anyInteger, key).map((list) => [...list]) },
);

function withNumber([names, values]: [string[], string[]]): string[] {
  return [String(names.length), ...names, ...values];
}

const calls = fc.oneof(
  { weight: 10, arbitrary: call('EVAL', script, args) },
  { weight: 3, arbitrary: call('EVAL_RO', script, args) },
  { weight: 4, arbitrary: call('EVALSHA', sha, args) },
  { weight: 2, arbitrary: call('EVALSHA_RO', sha, args) },
  { weight: 2, arbitrary: call('SCRIPT', word('LOAD'), script) },
  call('SCRIPT', word('EXISTS'), fc.array(sha, { maxLength: 2 })),
  call('SCRIPT', word('FLUSH'), fc.oneof(fc.constant([]), word('SYNC'), word('ASYNC'), fc.constant('x'))),
  call('SCRIPT', fc.constantFrom('KILL', 'HELP', 'NOSUCH')),
  call('DEL', key),
  call('SET', key, value),
);

const LIBRARIES = [
  "#!lua name=lib\nredis.register_function('f', function(keys, args) return #keys + #args end)",
  "#!lua name=lib\nredis.register_function('f', function(keys, args) return redis.call('GET', keys[1]) end)",
  "#!lua name=other\nredis.register_function{function_name='g', callback=function() return 'g' end, flags={'no-writes'}}",
  "#!lua name=other\nredis.register_function('f', function() return 1 end)",
  '#!lua name=lib\nreturn 1',
  '#!lua\nreturn 1',
  '#!js name=lib\nreturn 1',
  'return 1',
  '#!lua name=a-b\nreturn 1',
  '#!lua name=lib\nreturn 1 +',
];

const functions = fc.oneof(
  { weight: 6, arbitrary: call('FUNCTION', word('LOAD'), options(word('REPLACE')), fc.constantFrom(...LIBRARIES)) },
  { weight: 6, arbitrary: call('FCALL', fc.constantFrom('f', 'g', 'nosuch'), args) },
  { weight: 3, arbitrary: call('FCALL_RO', fc.constantFrom('f', 'g', 'nosuch'), args) },
  call('FUNCTION', word('DELETE'), fc.constantFrom('lib', 'other', 'nosuch')),
  call(
    'FUNCTION',
    word('LIST'),
    options(word('WITHCODE'), fc.tuple(word('LIBRARYNAME'), fc.constantFrom('lib', 'o*', '*', 'nosuch'))),
  ),
  call('FUNCTION', word('FLUSH'), options(word('SYNC'), word('ASYNC'))),
  call('FUNCTION', word('RESTORE'), value, options(word('FLUSH'), word('APPEND'), word('REPLACE'))),
  call('FUNCTION', fc.constantFrom('DUMP', 'STATS', 'KILL', 'HELP', 'NOSUCH')),
  call('SET', key, value),
);
const hasFunctions = new CommandTable(serverFamilies).named('function') !== null;

export const scriptFamily: Family = {
  name: 'scripts',
  suites: [
    oneClient({
      title: 'scripts',
      calls: nearlyValid(calls),
      setup: [['SCRIPT', 'FLUSH']],
      runs: 100,
    }),
    ...(hasFunctions
      ? [
          oneClient({
            title: 'functions',
            calls: nearlyValid(functions),
            setup: [['FUNCTION', 'FLUSH']],
            runs: 100,
          }),
        ]
      : []),
  ],
};
