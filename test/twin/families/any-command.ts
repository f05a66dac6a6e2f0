/**
 * Every command of the data groups against keys of every type, by its row's syntax: wrong types, options as the row has
 * them, and the edges of numbers in every place for a number. A new data command is played here without being asked.
 *
 * Redis' SORT looks at `errno` without clearing it, so that a number beyond a double's range anywhere before makes it
 * refuse sound ones: SORT has suites of its own.
 */
import * as fc from 'fast-check';
import { CommandTable, type Command } from '../../../src/server/command-table.ts';
import type { ArgumentDoc } from '../../../src/server/command-docs.ts';
import { serverFamilies } from '../../../src/topology/compose.ts';
import {
  allBytes,
  anyInteger,
  floatText,
  millisecondsText,
  nearlyValid,
  secondsText,
  unixMillisecondsText,
  unixSecondsText,
} from '../calls.ts';
import { type Vocabulary, withEdges, wordsOf } from '../from-syntax.ts';
import { oneClient } from '../one-client.ts';
import type { Call, Family, Step } from '../suite.ts';

type Text = fc.Arbitrary<string>;

const DATA_GROUPS = new Set<string>('generic string list set sorted-set hash hyperloglog geo stream bitmap'.split(' '));
const LEFT_OUT = new Set(['pfselftest', 'sort', 'sort_ro', 'migrate']);

export const dataCommands: readonly Command[] = new CommandTable(serverFamilies).all.filter(
  ({ group, fullName, run, parent }) =>
    run !== null && DATA_GROUPS.has(parent?.group ?? group) && !LEFT_OUT.has(fullName),
);

/** A key of each type and encoding. The sorted sets stay packed: a range by bytes among scores is luck in others. */
export const everyType: readonly Call[] = [
  ['SET', 'text', 'some text'],
  ['SET', 'number', '10'],
  ['SETRANGE', 'raw', '3', 'abc'],
  ['PFADD', 'sketch', 'a', 'b', 'c'],
  ['RPUSH', 'list', 'a', 'b', '1', '2', 'a', allBytes],
  ['HSET', 'hash', 'f', '1', 'g', 'two', allBytes, allBytes],
  ['HSET', 'table', 'f', 'x'.repeat(70), 'g', '5'],
  ['SADD', 'set', 'a', 'b', '1', allBytes],
  ['SADD', 'integers', '1', '2', '3', '-7'],
  ['ZADD', 'zset', '1', 'a', '2', 'b', '3', '1', '-inf', allBytes],
  ['GEOADD', 'places', '13.36', '38.11', 'p', '15.08', '37.5', 'q'],
  ['XADD', 'stream', '1-1', 'f', 'v'],
  ['XADD', 'stream', '2-1', 'f', 'v', 'g', '5'],
  ['XGROUP', 'CREATE', 'stream', 'g', '0'],
  ['XREADGROUP', 'GROUP', 'g', 'x', 'COUNT', '1', 'STREAMS', 'stream', '>'],
  ['SET', 'ends', 'v', 'EX', '100000'],
];
const key = fc.constantFrom(
  ...'text number raw sketch list hash table set integers zset places stream ends missing other'.split(' '),
  allBytes,
);

const small = fc.integer({ min: -3, max: 8 }).map(String);
const count = fc.constantFrom('0', '1', '2', '5', '1000');
const database = fc.constantFrom('0', '1', '2', '99', '-1', 'x');
const member = fc.constantFrom('a', 'b', 'p', 'q', '1', '10', '', allBytes);
const text = fc.oneof(member, fc.constantFrom('some value', 'v'.repeat(50), '12', '1.5', '-7'));
const id = fc.constantFrom('1-1', '2-1', '3', '5-2', '0', '0-0', 'x', '1-', '-1', '9999999999999');
const streamBound = fc.oneof(id, fc.constantFrom('-', '+', '(1-1', '(', '(-'));
const scoreBound = fc.constantFrom('1', '2', '(1', '-inf', '+inf', '(inf', '1.5', '', '(');
const lexBound = fc.constantFrom('-', '+', '[a', '(b', '[', 'a', '');
const zsetBound = fc.oneof(small, scoreBound, lexBound);
const pattern = fc.constantFrom('*', '?', '[a-f]*', 'text', '', '\\', '[', '*\0*');

/** By group or command and name, by name, by type: the first that there is. */
const vocabularies: Readonly<Record<string, Text>> = {
  'stream.start': streamBound,
  'stream.end': streamBound,
  'sorted-set.start': zsetBound,
  'sorted-set.stop': zsetBound,
  'sorted-set.min': zsetBound,
  'sorted-set.max': zsetBound,
  'xread.id': fc.oneof(id, fc.constantFrom('$', '>')),
  'xreadgroup.id': fc.oneof(id, fc.constantFrom('$', '>', '>')),
  'bitop.operation': fc.constantFrom('AND', 'or', 'XOR', 'NOT', 'nor'),
  'geo.longitude': fc.constantFrom('13.36', '15', '-180', '180.1'),
  'geo.latitude': fc.constantFrom('38.11', '37', '-85', '85.06'),
  'setbit.value': fc.constantFrom('0', '1', '2'),
  'bitpos.bit': fc.constantFrom('0', '1', '2'),
  'expire.seconds': secondsText,
  seconds: secondsText,
  milliseconds: millisecondsText,
  'unix-time-seconds': unixSecondsText,
  'unix-time-milliseconds': unixMillisecondsText,
  'destination-db': database,
  db: database,
  cursor: fc.constantFrom('0', '0', '', '5', 'x'),
  count,
  timeout: fc.constantFrom('0', '1', '0.5', '-1'),
  encoding: fc.constantFrom('u8', 'i5', 'u63', 'i64', 'u64', 'x8'),
  id,
  'last-id': id,
  max_deleted_entry_id: id,
  entries_read: fc.constantFrom('0', '1', '5', '-1'),
  threshold: fc.oneof(count, id),
  'min-idle-time': fc.constantFrom('0', '3600000', '-1'),
  ms: fc.constantFrom('0', '7200000'),
  numkeys: anyInteger,
  group: fc.constantFrom('g', 'h'),
  groupname: fc.constantFrom('g', 'h'),
  consumer: fc.constantFrom('x', 'y'),
  consumername: fc.constantFrom('x', 'y'),
  field: fc.constantFrom('f', 'g', '1', allBytes),
  pattern,
  type: fc.constantFrom('string', 'list', 'ZSET', 'nonsense'),
  subcommand: fc.constantFrom('ENCODING', 'decode', 'TODENSE', 'nothing'),
  // By type:
  ':key': key,
  ':integer': fc.oneof({ weight: 4, arbitrary: small }, { weight: 1, arbitrary: anyInteger }),
  ':double': fc.oneof({ weight: 4, arbitrary: small }, { weight: 1, arbitrary: floatText }),
  ':unix-time': unixMillisecondsText,
  ':string': text,
};

export const vocabulary: Vocabulary = (command: Command, { name, type }: ArgumentDoc) => {
  const { group, row } = command;
  if (type === 'key') return key;
  const own = vocabularies[`${row.name}.${name}`] ?? vocabularies[`${group}.${name}`];
  return own ?? vocabularies[name] ?? vocabularies[`:${type}`] ?? text;
};

/** What dice, or the clock, may have done to the key is undone before it shows in the dataset. */
const BY_CHANCE = new Set(['spop', 'xadd']);
/** Distances, as scores, differ in the last digit between mathematical libraries. */
const ROUNDED = /^STOREDIST$/i;

/** Calls that wait are queued and executed at once, so that they do not. */
export function asStep(command: Command, call: Call): Step {
  if (isWaiting(command)) return [['MULTI'], call, ['EXEC']];
  if (BY_CHANCE.has(command.row.name)) return [call, ['DEL', call[1] ?? 'missing']];
  // How many keys a part of a scan looks at depends on the table.
  if (command.row.name === 'scan') return [call, ['CONFIG', 'RESETSTAT']];
  const distances = call.findIndex((arg) => ROUNDED.test(arg));
  if (distances < 0) return [call];
  return [call, ['DEL', command.row.name === 'geosearchstore' ? (call[1] ?? '') : (call[distances + 1] ?? '')]];
}

function isWaiting({ row }: Command): boolean {
  return row.flags.includes('blocking') || row.name === 'wait';
}

function steps(edgesShare: number): fc.Arbitrary<Step> {
  return fc.oneof(
    ...dataCommands.map((command) =>
      nearlyValid(withEdges(wordsOf(command, vocabulary), edgesShare)).map((call) => asStep(command, call)),
    ),
  );
}

const common = { setup: everyType, stepsMax: 20, isObserved: true };

export const anyCommandFamily: Family = {
  name: 'any-command',
  suites: [
    oneClient({ ...common, title: 'every command on every type', calls: steps(0), runs: 150 }),
    oneClient({ ...common, title: 'edges in the places of numbers', calls: steps(0.9), runs: 250 }),
  ],
};
