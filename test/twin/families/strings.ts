import * as fc from 'fast-check';
import {
  anyInteger,
  brokenIntegerText,
  call,
  floatText,
  key,
  millisecondsText,
  nearlyValid,
  options,
  secondsText,
  unixMillisecondsText,
  unixSecondsText,
  value,
  word,
} from '../calls.ts';
import { oneClient } from '../one-client.ts';
import type { Family } from '../suite.ts';

const timeOptions = [
  fc.tuple(word('EX'), secondsText),
  fc.tuple(word('PX'), millisecondsText),
  fc.tuple(word('EXAT'), unixSecondsText),
  fc.tuple(word('PXAT'), unixMillisecondsText),
];
const setOptions = options(word('NX'), word('XX'), word('GET'), word('KEEPTTL'), fc.constant('EX'), ...timeOptions);
const getexOptions = options(word('PERSIST'), word('KEEPTTL'), ...timeOptions);
const pairs = fc.array(fc.tuple(key, value), { minLength: 1, maxLength: 3 }).map((list) => list.flat());
const keys = fc.array(key, { minLength: 1, maxLength: 4 });
const offset = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 100 }).map(String) },
  { weight: 1, arbitrary: fc.constantFrom('-1', '5000', '536870912', '9223372036854775807') },
  { weight: 1, arbitrary: brokenIntegerText },
);
const lcsOptions = options(word('IDX'), word('LEN'), word('WITHMATCHLEN'), fc.tuple(word('MINMATCHLEN'), anyInteger));

const strings = fc.oneof(
  { weight: 4, arbitrary: call('SET', key, value) },
  { weight: 4, arbitrary: call('SET', key, value, setOptions) },
  call('SETNX', key, value),
  call('SETEX', key, secondsText, value),
  call('PSETEX', key, millisecondsText, value),
  call('GET', key),
  call('GETSET', key, value),
  call('GETDEL', key),
  { weight: 2, arbitrary: call('GETEX', key, getexOptions) },
  call('MGET', keys),
  call('MSET', pairs),
  call('MSETNX', pairs),
  { weight: 2, arbitrary: call('INCR', key) },
  call('DECR', key),
  { weight: 2, arbitrary: call('INCRBY', key, anyInteger) },
  { weight: 2, arbitrary: call('DECRBY', key, anyInteger) },
  { weight: 2, arbitrary: call('INCRBYFLOAT', key, floatText) },
  { weight: 2, arbitrary: call('APPEND', key, value) },
  { weight: 2, arbitrary: call('SETRANGE', key, offset, value) },
  { weight: 2, arbitrary: call('GETRANGE', key, anyInteger, anyInteger) },
  call('SUBSTR', key, anyInteger, anyInteger),
  call('STRLEN', key),
  call('LCS', key, key, lcsOptions),
);

const conditions = options(word('NX'), word('XX'), word('GT'), word('LT'));
const rareNonsense = fc.oneof({ weight: 9, arbitrary: conditions }, { weight: 1, arbitrary: fc.constant(['foo']) });
const database = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('0', '1', '2') },
  { weight: 1, arbitrary: fc.constantFrom('16', '-1', '99999999999', 'x', '') },
);
const pattern = fc.constantFrom('*', 'a', '[ab]', '?', '[^a]*', '', '\\a', 'k*', 'nothing');
const cursor = fc.constantFrom(
  '0',
  '',
  '00',
  '+0',
  'x',
  ' 0',
  '0 ',
  '-',
  '18446744073709551616',
  '-18446744073709551616',
  '0\x00',
);
const scanOptions = options(
  fc.tuple(word('MATCH'), pattern),
  fc.tuple(word('TYPE'), fc.constantFrom('string', 'STRING', 'list', 'none', 'nonsense')),
  fc.tuple(word('COUNT'), fc.constantFrom('1000', '0', '-1', 'x', '9223372036854775807')),
  word('COUNT'),
);

const generic = fc.oneof(
  { weight: 2, arbitrary: call('DEL', keys) },
  call('UNLINK', keys),
  call('EXISTS', keys),
  call('TOUCH', keys),
  { weight: 2, arbitrary: call('EXPIRE', key, secondsText, rareNonsense) },
  call('PEXPIRE', key, millisecondsText, rareNonsense),
  { weight: 2, arbitrary: call('EXPIREAT', key, unixSecondsText, rareNonsense) },
  call('PEXPIREAT', key, unixMillisecondsText, rareNonsense),
  { weight: 2, arbitrary: call(fc.constantFrom('TTL', 'PTTL', 'EXPIRETIME', 'PEXPIRETIME'), key) },
  call('PERSIST', key),
  call('KEYS', pattern),
  // A whole scan, so that the order of the table does not matter.
  call('SCAN', cursor, 'COUNT', '1000', scanOptions),
  call('RANDOMKEY'),
  { weight: 2, arbitrary: call('RENAME', key, key) },
  call('RENAMENX', key, key),
  { weight: 2, arbitrary: call('COPY', key, key, options(word('REPLACE'), fc.tuple(word('DB'), database))) },
  { weight: 2, arbitrary: call('MOVE', key, database) },
  call('SELECT', database),
  call('TYPE', key),
  { weight: 2, arbitrary: call('OBJECT', word('ENCODING'), key) },
  call('OBJECT', fc.constantFrom('FREQ', 'IDLETIME', 'nonsense', 'encoding'), key),
);

export const stringFamily: Family = {
  name: 'strings',
  suites: [oneClient({ title: 'strings', isObserved: true, calls: nearlyValid(strings), runs: 100 })],
};

export const genericFamily: Family = {
  name: 'generic',
  suites: [
    oneClient({ title: 'keys', isObserved: true, calls: nearlyValid(fc.oneof(strings, generic, generic)), runs: 150 }),
  ],
};
