/** Byte streams of clients: what is in them, or what is wrong with them. */
import { type DecodingOptions, multibulk } from './decoding.ts';

export interface Fixture extends DecodingOptions {
  readonly what: string;
  readonly bytes: string;
  readonly requests?: string[][];
  readonly error?: string;
  /** Redis' answer depends on how the network cuts the stream; ours does not. */
  readonly isUncertain?: true;
}

const KIB_64 = 64 * 1024;
const long = (length: number): string => 'x'.repeat(length);

export const wellFormed: Fixture[] = [
  { what: 'a multibulk request', bytes: multibulk('GET', 'k'), requests: [['GET', 'k']] },
  { what: 'an empty argument', bytes: multibulk('SET', 'k', ''), requests: [['SET', 'k', '']] },
  {
    what: 'arguments of any bytes',
    bytes: multibulk('SET', '\r\n*1\r\n', '\0\xff"'),
    requests: [['SET', '\r\n*1\r\n', '\0\xff"']],
  },
  {
    what: 'lengths of one, two and three digits',
    bytes: multibulk(long(9), long(10), long(99), long(100)),
    requests: [[long(9), long(10), long(99), long(100)]],
  },
  {
    what: 'pipelined requests',
    bytes: multibulk('A') + multibulk('B', 'c') + multibulk('D'),
    requests: [['A'], ['B', 'c'], ['D']],
  },
  { what: 'an inline request', bytes: 'GET k\r\n', requests: [['GET', 'k']] },
  {
    what: 'an inline request that ends with a line feed alone',
    bytes: 'GET k\nPING\n',
    requests: [['GET', 'k'], ['PING']],
  },
  {
    what: 'inline and multibulk in turn',
    bytes: `PING\r\n${multibulk('PING')}PING\n`,
    requests: [['PING'], ['PING'], ['PING']],
  },
  { what: 'blanks around inline words', bytes: ' \t GET  \v\f k \t\r\n', requests: [['GET', 'k']] },
  { what: 'a vertical tab inside an inline word', bytes: 'GET\vk\r\n', requests: [['GET\vk']] },
  { what: 'a carriage return inside an inline line', bytes: 'GET\rk\r\n', requests: [['GET', 'k']] },
  { what: 'double quotes', bytes: 'SET k "a b\\n\\x41\\"c"\r\n', requests: [['SET', 'k', 'a b\nA"c']] },
  { what: 'single quotes', bytes: "SET k 'a \\'b\\n'\r\n", requests: [['SET', 'k', "a 'b\\n"]] },
  { what: 'a quote in the middle of a word', bytes: 'SET k a"b c"\r\n', requests: [['SET', 'k', 'ab c']] },
  { what: 'an empty quoted word', bytes: 'SET k ""\r\n', requests: [['SET', 'k', '']] },
  {
    what: 'quotes before plain words in the next line',
    bytes: 'ECHO "a"\r\nECHO b\r\n',
    requests: [
      ['ECHO', 'a'],
      ['ECHO', 'b'],
    ],
  },
  { what: 'empty lines', bytes: '\r\n\n \r\nPING\r\n', requests: [['PING']] },
  { what: 'an empty multibulk', bytes: `*0\r\n${multibulk('PING')}`, requests: [['PING']] },
  {
    what: 'a negative multibulk length',
    bytes: `*-10\r\n*-9223372036854775808\r\n${multibulk('PING')}`,
    requests: [['PING']],
  },
  { what: 'any byte in place of the line feed', bytes: '*1x$4xPING\r\n'.replaceAll('x', '\rx'), requests: [['PING']] },
  {
    what: 'any bytes in place of the line end of an argument',
    bytes: '*2\r\n$3\r\nGETab$1\r\nkcd',
    requests: [['GET', 'k']],
  },
  { what: 'an inline request of 64 KiB', bytes: `${long(KIB_64)}\n`, requests: [[long(KIB_64)]] },
  {
    what: 'many arguments',
    bytes: multibulk(...Array.from({ length: 300 }, (_, i) => String(i))),
    requests: [Array.from({ length: 300 }, (_, i) => String(i))],
  },
  {
    what: 'a big argument',
    bytes: multibulk('SET', 'k', long(40_000)) + multibulk('PING'),
    requests: [['SET', 'k', long(40_000)], ['PING']],
  },
  {
    what: 'a big argument with others behind it',
    bytes: multibulk('SET', 'k', long(40_000), 'EX', '10'),
    requests: [['SET', 'k', long(40_000), 'EX', '10']],
  },
  {
    what: 'ten arguments of a client that has not logged in',
    bytes: multibulk(...long(10)),
    requests: [[...long(10)]],
    authenticated: false,
  },
  {
    what: '16 KiB of a client that has not logged in',
    bytes: multibulk('AUTH', long(16384)),
    requests: [['AUTH', long(16384)]],
    authenticated: false,
  },
  {
    what: 'a bulk above the limit from a trusted link',
    bytes: multibulk('SET', 'k', long(200)),
    requests: [['SET', 'k', long(200)]],
    limits: { bulkBytesMax: 100 },
    trusted: true,
  },
];

export const unfinished: Fixture[] = [
  { what: 'half a count', bytes: '*1', requests: [] },
  { what: 'a count without its line feed', bytes: '*1\r', requests: [] },
  { what: 'a count alone', bytes: '*1\r\n', requests: [] },
  { what: 'half an argument', bytes: '*2\r\n$3\r\nGET\r\n$5\r\nab', requests: [] },
  { what: 'an argument without its line end', bytes: '*1\r\n$4\r\nPING\r', requests: [] },
  { what: 'half a line', bytes: 'PING', requests: [] },
  { what: 'a line with a NUL, whose end nobody finds', bytes: 'PI\0NG\r\nPING\r\n', requests: [] },
  { what: 'a count with a NUL', bytes: '*\x001\r\n$4\r\nPING\r\n', requests: [] },
  { what: 'a length with a NUL', bytes: '*1\r\n$\x004\r\nPING\r\n', requests: [] },
  { what: 'a whole request before half a one', bytes: `${multibulk('PING')}*1\r\n$4\r\nPI`, requests: [['PING']] },
];

export const broken: Fixture[] = [
  { what: 'a count that is no number', bytes: '*abc\r\n', error: 'invalid multibulk length' },
  { what: 'a count of nothing', bytes: '*\r\n', error: 'invalid multibulk length' },
  { what: 'a count with a leading zero', bytes: '*01\r\n', error: 'invalid multibulk length' },
  { what: 'a count beyond INT_MAX', bytes: '*2147483648\r\n', error: 'invalid multibulk length' },
  { what: 'a count beyond 64 bits', bytes: '*99999999999999999999\r\n', error: 'invalid multibulk length' },
  { what: 'an argument without a dollar', bytes: '*1\r\nfoo\r\n', error: "expected '$', got 'f'" },
  { what: 'an argument that is a line end', bytes: '*1\r\n\r\n', error: "expected '$', got '\r'" },
  { what: 'a negative length', bytes: '*1\r\n$-1\r\n', error: 'invalid bulk length' },
  { what: 'a length that is no number', bytes: '*1\r\n$x\r\n', error: 'invalid bulk length' },
  { what: 'a length of nothing', bytes: '*1\r\n$\r\n', error: 'invalid bulk length' },
  { what: 'a length above the limit', bytes: '*1\r\n$536870913\r\n', error: 'invalid bulk length' },
  {
    what: 'a length above a lower limit',
    bytes: '*1\r\n$101\r\n',
    error: 'invalid bulk length',
    limits: { bulkBytesMax: 100 },
  },
  { what: 'open double quotes', bytes: 'SET k "a\r\n', error: 'unbalanced quotes in request' },
  { what: 'open single quotes', bytes: "SET k 'a\r\n", error: 'unbalanced quotes in request' },
  { what: 'text right behind a quote', bytes: 'SET k "a"b\r\n', error: 'unbalanced quotes in request' },
  { what: 'an inline request of more than 64 KiB', bytes: long(KIB_64 + 1), error: 'too big inline request' },
  {
    what: 'an inline request whose end comes too late',
    bytes: `${long(KIB_64 + 1)}\r\n`,
    error: 'too big inline request',
    isUncertain: true,
  },
  { what: 'a NUL and 64 KiB behind it', bytes: `\0\r\n${long(KIB_64)}`, error: 'too big inline request' },
  { what: 'a count of more than 64 KiB', bytes: `*${long(KIB_64)}`, error: 'too big mbulk count string' },
  { what: 'a length of more than 64 KiB', bytes: `*1\r\n$${long(KIB_64)}`, error: 'too big bulk count string' },
  {
    what: 'eleven arguments of a client that has not logged in',
    bytes: '*11\r\n',
    error: 'unauthenticated multibulk length',
    authenticated: false,
  },
  {
    what: '16 KiB and a byte of a client that has not logged in',
    bytes: '*2\r\n$4\r\nAUTH\r\n$16385\r\n',
    error: 'unauthenticated bulk length',
    authenticated: false,
  },
  {
    what: 'requests before the mistake',
    bytes: `${multibulk('PING')}PING\r\n*1\r\n!`,
    requests: [['PING'], ['PING']],
    error: '',
  },
  {
    what: 'requests before and behind the mistake',
    bytes: `${multibulk('PING')}*1\r\n:1\r\n${multibulk('PING')}`,
    requests: [['PING']],
    error: "expected '$', got ':'",
  },
];
