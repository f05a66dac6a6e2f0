/** Commands that make a value of each type in each of its forms, and of each size that is written differently. */
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

type Command = readonly string[];

export interface NamedValue {
  readonly key: string;
  readonly commands: readonly Command[];
  /** Hash tables are written in an order of their own: their bytes differ from server to server. */
  readonly isUnordered?: boolean;
}

const STRINGS: Readonly<Record<string, string>> = {
  empty: '',
  letter: 'a',
  zero: '0',
  'one-byte': '-128',
  'two-bytes': '32767',
  'three-bytes': '-32769',
  'four-bytes': '2147483647',
  'not-four-bytes': '2147483648',
  'eight-bytes': '-9223372036854775808',
  'not-canonical': '007',
  '20-letters': 'x'.repeat(20),
  '21-letters': 'x'.repeat(21),
  repeated: 'ab'.repeat(30),
  distinct: LETTERS + LETTERS.toUpperCase(),
  binary: String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i)),
  words: Array.from({ length: 400 }, (_, i) => `word ${(i * 7919) % 83}`).join(', '),
  long: 'long text '.repeat(8000),
};

function numbered(count: number, make: (i: number) => readonly string[]): string[] {
  return Array.from({ length: count }, (_, i) => make(i)).flat();
}

/** Pushed in portions: a request has its limits. */
function inPortions(name: string, key: string, elements: readonly string[], portion: number): Command[] {
  const commands: Command[] = [];
  for (let i = 0; i < elements.length; i += portion) commands.push([name, key, ...elements.slice(i, i + portion)]);
  return commands;
}

/** Long enough to be written in pieces: one that is compressed, and one that cannot be. */
const LONG_TEXT = 'long element '.repeat(9000);
const LONG_NOISE = String.fromCharCode(
  ...Array.from({ length: 100_000 }, (_, i) => (Math.imul(i + 1, 0x9e3779b1) >>> 13) & 0xff),
);

const SCORES = ['-inf', '-0', '0', '1', '2.5', '3.3', '1e300', '12345678901234567', '4611686018427387904', 'inf'];

function streamEntries(key: string, count: number): Command[] {
  return Array.from({ length: count }, (_, i) => [
    'XADD',
    key,
    `${1000 + i * (i % 7 === 0 ? 3000 : 1)}-${i * 2 + 1}`.replace(/^(\d+)/, (ms) => String(Number(ms) + i * 3000)),
    'field',
    `value ${i}`,
    ...(i % 5 === 0 ? ['other', String(i)] : []),
  ]);
}

const STREAM_GROUPS: readonly Command[] = [
  ['XGROUP', 'CREATE', 'stream-groups', 'readers', '0'],
  ['XGROUP', 'CREATE', 'stream-groups', 'another', '2000-0', 'ENTRIESREAD', '7'],
  ['XGROUP', 'CREATECONSUMER', 'stream-groups', 'another', 'idle'],
  ['XREADGROUP', 'GROUP', 'readers', 'zoe', 'COUNT', '150', 'STREAMS', 'stream-groups', '>'],
  ['XREADGROUP', 'GROUP', 'readers', 'adam', 'COUNT', '3', 'STREAMS', 'stream-groups', '>'],
  ['XREADGROUP', 'GROUP', 'another', 'zoe', 'COUNT', '1', 'STREAMS', 'stream-groups', '>'],
];

export const everyValue: readonly NamedValue[] = [
  ...Object.entries(STRINGS).map(([name, text]) => ({
    key: `string-${name}`,
    commands: [['SET', `string-${name}`, text]],
  })),
  { key: 'string-raw', commands: [['APPEND', 'string-raw', '12']] },
  ...[1, 10, 500, 3000].map((count) => ({
    key: `list-${count}`,
    commands: inPortions(
      'RPUSH',
      `list-${count}`,
      numbered(count, (i) => [i % 3 === 0 ? String(i * 1000 - 5) : `value ${i}`]),
      500,
    ),
  })),
  { key: 'list-long', commands: [['RPUSH', 'list-long', 'y'.repeat(20_000), 'z', 'y'.repeat(300), '5']] },
  ...[1, 5, 512].map((count) => ({
    key: `intset-${count}`,
    commands: [['SADD', `intset-${count}`, ...numbered(count, (i) => [String(i * i * i * (i % 2 === 0 ? 1 : -1))])]],
  })),
  { key: 'intset-wide', commands: [['SADD', 'intset-wide', '9223372036854775807', '-9223372036854775808', '5']] },
  { key: 'list-of-long', commands: [['RPUSH', 'list-of-long', LONG_TEXT, 'short', LONG_NOISE, LONG_TEXT]] },
  { key: 'set-of-long', isUnordered: true, commands: [['SADD', 'set-of-long', LONG_TEXT, 'short', LONG_NOISE]] },
  {
    key: 'hash-of-long',
    isUnordered: true,
    commands: [['HSET', 'hash-of-long', LONG_TEXT, LONG_NOISE, 'short', LONG_TEXT, LONG_NOISE, 'short']],
  },
  { key: 'zset-of-long', commands: [['ZADD', 'zset-of-long', '1', LONG_TEXT, '2', 'short', '3', LONG_NOISE]] },
  {
    key: 'stream-of-long',
    commands: [
      ['XADD', 'stream-of-long', '1-1', 'f', LONG_TEXT],
      ['XADD', 'stream-of-long', '2-1', 'f', LONG_NOISE, 'g', 'short'],
    ],
  },
  { key: 'set-one', commands: [['SADD', 'set-one', 'a']] },
  { key: 'set', isUnordered: true, commands: [['SADD', 'set', ...numbered(700, (i) => [`member ${i}`, String(i)])]] },
  {
    key: 'hash-small',
    commands: [
      ['HSET', 'hash-small', 'f', 'v', 'n', '12', '-5', '-5000', 'big', '99999999999999', 'e', 'q'.repeat(64)],
    ],
  },
  { key: 'hash-512', commands: [['HSET', 'hash-512', ...numbered(512, (i) => [`f${i}`, String(i * 77)])]] },
  { key: 'hash-one', commands: [['HSET', 'hash-one', 'f', 'v'.repeat(65)]] },
  {
    key: 'hash',
    isUnordered: true,
    commands: [['HSET', 'hash', ...numbered(600, (i) => [`field ${i}`, `value ${i}`])]],
  },
  { key: 'zset-small', commands: [['ZADD', 'zset-small', ...SCORES.flatMap((score, i) => [score, `m${i % 3}${i}`])]] },
  {
    key: 'zset',
    commands: [['ZADD', 'zset', ...numbered(300, (i) => [String(((i * 37) % 50) / 4 - 3), `member ${i}`])]],
  },
  { key: 'zset-signs', commands: [['ZADD', 'zset-signs', '1', 'm'.repeat(65), '-0', 'b', 'inf', 'c', '-inf', 'd']] },
  { key: 'stream', commands: streamEntries('stream', 250) },
  {
    key: 'stream-deleted',
    commands: [
      ...streamEntries('stream-deleted', 120),
      ['XDEL', 'stream-deleted', '4001-3', '7002-5'],
      ['XTRIM', 'stream-deleted', 'MAXLEN', '=', '90'],
    ],
  },
  {
    key: 'stream-empty',
    commands: [
      ['XADD', 'stream-empty', '5-1', 'a', 'b'],
      ['XDEL', 'stream-empty', '5-1'],
      ['XGROUP', 'CREATE', 'stream-empty', 'g', '$'],
    ],
  },
  {
    key: 'stream-far',
    commands: [
      ['XADD', 'stream-far', '18446744073709551614-18446744073709551614', 'a', 'b'],
      ['XADD', 'stream-far', '18446744073709551615-1', 'a', 'b'],
    ],
  },
  { key: 'stream-groups', commands: [...streamEntries('stream-groups', 200), ...STREAM_GROUPS] },
];
