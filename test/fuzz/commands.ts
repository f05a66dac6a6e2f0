/**
 * Commands by chance: from the rows of all families, with arguments that follow the command's own syntax, and then
 * some that do not. What Redis itself would carry out for hours or gigabytes is tamed.
 */
import * as fc from 'fast-check';
import { type ArgumentDoc, parseSyntax } from '../../src/server/command-docs.ts';
import { CommandTable } from '../../src/server/command-table.ts';
import { parametersByName } from '../../src/server/config/parameters.ts';
import { standaloneFamilies } from '../../src/server/families.ts';
import { encode } from './harness.ts';

type Bytes = fc.Arbitrary<Buffer>;
type Words = fc.Arbitrary<Buffer[]>;

/** Takes a second to check what its own test checks. */
const LEFT_OUT = new Set(['pfselftest']);

const commands = new CommandTable(standaloneFamilies).all.filter(({ fullName }) => !LEFT_OUT.has(fullName));

const rows = commands.map(({ row, fullName, group }) => ({
  words: fullName.split('|').map((word) => Buffer.from(word)),
  group,
  syntax: parseSyntax(row.syntax ?? ''),
}));

/** Every token of every command. */
const tokens = [...new Set(rows.flatMap(({ syntax }) => syntax.flatMap(tokensOf)))];

function tokensOf(arg: ArgumentDoc): string[] {
  return [...(arg.token === null ? [] : [arg.token]), ...arg.arguments.flatMap(tokensOf)];
}

function texts(...values: string[]): Bytes {
  return fc.constantFrom(...values.map((value) => Buffer.from(value, 'latin1')));
}

function listed(...lines: string[]): Bytes {
  return texts(...lines.flatMap((line) => line.split(' ')));
}

const anyKey = fc.oneof(
  { weight: 12, arbitrary: texts('string', 'list', 'set', 'sorted-set', 'hash', 'stream', 'a', '{a}e') },
  { weight: 1, arbitrary: texts('', 'k'.repeat(400), '\0\r\n\xff', '*', '__keyspace@0__:a') },
);

/** Mostly keys that commands of the same group use, so that they hold what the command is for. */
function keyOf(group: string): Bytes {
  return fc.oneof({ weight: 4, arbitrary: texts(group, `${group}2`) }, { weight: 1, arbitrary: anyKey });
}

const integer: Bytes = fc.oneof(
  { weight: 1, arbitrary: texts(' 1', '1 ', '') },
  { weight: 8, arbitrary: fc.integer({ min: -3, max: 40 }).map((value) => Buffer.from(String(value))) },
  {
    weight: 2,
    arbitrary: listed(
      '9223372036854775807 -9223372036854775808 9223372036854775808 18446744073709551615 9007199254740993',
      '-9007199254740992 2147483647 2147483648 -2147483648 4294967296 1700000000 1700000000000 100000 1048576',
      '-0 +1 01 1e3 0x10 1\0',
    ),
  },
);

const double: Bytes = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: -20, max: 20 }).map((value) => Buffer.from(String(value / 4))) },
  { weight: 1, arbitrary: fc.double({ noNaN: true }).map((value) => Buffer.from(String(value))) },
  {
    weight: 2,
    arbitrary: listed('0 -0 1.5 3.0e3 inf -inf nan 1e308 1e-400 0x1p4 (1 - + 1..2'),
  },
);

const text: Bytes = fc.oneof(
  { weight: 4, arbitrary: texts('v', 'value', '0', '12', '1.5', '', 'a\r\nb', 'ü\0\xff') },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 3000 }).map((length) => Buffer.alloc(length, 'xyz')) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 1, arbitrary: texts('x'.repeat(44), 'x'.repeat(45), 'x'.repeat(70_000)) },
);

const special: Bytes = listed(
  '* ? [a- [^ \\ ( [ - + $ > 0-0 0-1 5-* = ~ #0 u8 i64 u64 normal pubsub 127.0.0.1:1 ASYNC SYNC all yes no get set',
  'default maxmemory maxclients hz notify-keyspace-events KEA requirepass +@all -@all ~* &* on off nopass >pw',
);

const token: Bytes = texts(...tokens, ...tokens.map((word) => word.toLowerCase()));

/** Any argument for any place. */
const anything: Bytes = fc.oneof(anyKey, integer, double, text, special, token);

/** Names of arguments that say more than their type. */
const BY_NAME: Readonly<Record<string, Bytes>> = {
  operation: texts('AND', 'OR', 'XOR', 'NOT'),
  encoding: texts('u8', 'i5', 'u63', 'i64', 'u64', '#1'),
  bit: texts('0', '1'),
  field: texts('f', 'g', 'h', ''),
  member: texts('m', 'n', '1', '2', ''),
  element: texts('e', 'f', '1', ''),
  pivot: texts('e', 'f'),
  cursor: texts('0', '0', '1', '4', '18446744073709551615', 'x'),
  min: texts('-inf', '(1', '0', '2.5', '-', '[a', '(m'),
  max: texts('+inf', '(1', '9', '2.5', '+', '[z', '(n'),
  start: texts('0', '1', '-2', '-100', '(1', '[a', '-inf', '-'),
  stop: texts('-1', '1', '3', '100', '(5', '[z', '+inf', '+'),
  timeout: texts('0', '0.05', '1', '-1', 'inf', '1e300', '3'),
  type: texts('string', 'list', 'set', 'zset', 'hash', 'stream', 'none'),
  section: texts('all', 'everything', 'server', 'clients', 'memory', 'stats', 'keyspace', 'nonsense', 'commandstats'),
  'command-name': texts('get', 'SET', 'client|list', 'nonsense', ''),
  channel: texts('news', 'weather', '', '__keyevent@0__:set'),
  shardchannel: texts('news', 'weather'),
  username: texts('default', 'alice'),
  protover: texts('2', '3', '4'),
};

function ofType(arg: ArgumentDoc, group: string): Words {
  const named = BY_NAME[arg.name];
  const weighted = (usual: Bytes): Words =>
    fc
      .oneof({ weight: named === undefined ? 0 : 6, arbitrary: named ?? usual }, { weight: 1, arbitrary: usual })
      .map((value) => [value]);
  switch (arg.type) {
    case 'key':
      return keyOf(group).map((value) => [value]);
    case 'integer':
    case 'unix-time':
      return weighted(integer);
    case 'double':
      return weighted(double);
    case 'pattern':
      return fc.oneof(special, anyKey).map((value) => [value]);
    case 'pure-token':
      return fc.constant([]);
    case 'oneof':
      return fc.oneof(...arg.arguments.map((each) => ofArgument(each, group)));
    case 'block':
      return ofSyntax(arg.arguments, group);
    case 'string':
      return weighted(fc.oneof({ weight: 5, arbitrary: text }, { weight: 1, arbitrary: special }));
  }
}

function ofArgument(arg: ArgumentDoc, group: string): Words {
  const one = ofType(arg, group);
  const named = arg.token === null ? one : one.map((words) => [Buffer.from(arg.token!), ...words]);
  const some = arg.multiple ? fc.array(named, { minLength: 1, maxLength: 4 }).map((lists) => lists.flat()) : named;
  return arg.optional ? fc.oneof(fc.constant<Buffer[]>([]), some) : some;
}

function ofSyntax(syntax: readonly ArgumentDoc[], group: string): Words {
  const parts = syntax.map((arg, index) => {
    if (arg.name === 'numkeys') return fc.constant<Buffer[]>([]);
    const keys = ofArgument(arg, group);
    return syntax[index - 1]?.name === 'numkeys' ? keys.chain(counted) : keys;
  });
  return fc.tuple(...parts).map((lists) => lists.flat());
}

/** Keys behind their number, which is wrong now and then. */
function counted(keys: Buffer[]): Words {
  const right = fc.constant(Buffer.from(String(keys.length)));
  const number = fc.oneof({ weight: 9, arbitrary: right }, { weight: 1, arbitrary: integer });
  return number.map((count) => [count, ...keys]);
}

const configChange: Words = fc
  .array(fc.tuple(fc.constantFrom(...parametersByName.keys()), fc.oneof(integer, special, texts('yes', 'no', ''))), {
    minLength: 1,
    maxLength: 2,
  })
  .map((pairs) => ['config', 'set', ...pairs.flat()].map((word) => Buffer.from(word)));

/** DEBUG's subcommands have no rows. */
const debugging: Words = fc
  .tuple(
    texts('object', 'protocol', 'populate', 'digest', 'digest-value', 'htstats', 'htstats-key', 'listpack', 'sdslen'),
    texts('string', 'list', 'set', 'sorted-set', 'hash', 'map', 'attrib', 'bignum', '0', '3', '-1'),
    fc.array(anything, { maxLength: 2 }),
  )
  .map(([name, first, rest]) => [Buffer.from('debug'), name, first, ...rest]);

const fitting: Words = fc.oneof(
  debugging,
  ...rows.map(({ words, group, syntax }) => ofSyntax(syntax, group).map((args) => [...words, ...args])),
  configChange,
);

/** A fitting command with one argument changed, left out, doubled or added. */
const spoilt: Words = fc
  .tuple(fitting, fc.nat(), fc.constantFrom('change', 'drop', 'double', 'add'), anything)
  .map(([words, place, what, other]) => {
    const at = 1 + (place % words.length);
    const [before, after] = [words.slice(0, at), words.slice(at)];
    if (what === 'add') return [...before, other, ...after];
    if (what === 'drop') return [...before, ...after.slice(1)];
    if (what === 'double') return [...before, ...after.slice(0, 1), ...after];
    return [...before, other, ...after.slice(1)];
  });

/** A command's name and anything at all. */
const wild: Words = fc
  .tuple(fc.constantFrom(...rows.map(({ words }) => words)), fc.array(anything, { maxLength: 6 }))
  .map(([words, args]) => [...words, ...args]);

export const command: Words = fc
  .oneof({ weight: 6, arbitrary: fitting }, { weight: 3, arbitrary: spoilt }, { weight: 1, arbitrary: wild })
  .map(tame);

/** Commands that make something for others to work on, and transactions around some. */
export const commandBytes: Bytes = fc.oneof(
  { weight: 8, arbitrary: command.map(encode) },
  { weight: 1, arbitrary: texts('MULTI\r\n', 'EXEC\r\n', 'HELLO 3\r\n', 'HELLO 2\r\n', 'RESET\r\n', 'SELECT 1\r\n') },
);

/** Commands whose numbers Redis takes at their word: so many elements, so many seconds. */
const UNBOUNDED = /^(?:debug (?:populate|sleep)|client pause|[hsz]rand(?:field|member)|lolwut)/;
/** A limit that is raised lets everything else become large. */
const LIMITS = /proto-max-bulk-len|query-buffer|output-buffer/i;
const SMALL = Buffer.from('3');
const LARGE = 1000;

function tame(words: Buffer[]): Buffer[] {
  const name = words
    .slice(0, 2)
    .map((word) => word.toString('latin1').toLowerCase())
    .join(' ');
  if (name === 'config set') return words.map((word) => (LIMITS.test(word.toString('latin1')) ? SMALL : word));
  return UNBOUNDED.test(name) ? words.map(shorten) : words;
}

function shorten(word: Buffer): Buffer {
  return Math.abs(Number(word.toString('latin1'))) > LARGE ? SMALL : word;
}
