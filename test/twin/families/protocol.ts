/**
 * Streams of bytes: requests in both forms, whole, empty, quoted and damaged, one behind the other. Everything that
 * the server answers until it closes must be the same.
 *
 * Streams are short enough for one read of redis-server, and no line has a NUL: its answers to others depend on how the
 * network cuts them. Streams that are written down, and long ones, are in protocol-fixtures.test.ts.
 */
import * as fc from 'fast-check';
import { startServer, type ServerHandle } from '../../../src/topology/server.ts';
import { type RedisProcess, startRedis } from '../../support/redis-process.ts';
import { encodeCommand, RespClient } from '../../support/resp-client.ts';
import { comparableSession } from '../comparable.ts';
import { type Call, type Family, makeSuite, type Player } from '../suite.ts';

const text = fc.oneof(
  fc.constantFrom('a', 'k', '', '\r\n', '$3\r\nfoo\r\n', '\0\xff', 'x'.repeat(100), '"', "'", '*1'),
  fc.string({ unit: fc.constantFrom(...'ab"\\\'\x80 \t\r\n*$+-1'), maxLength: 12 }),
);
const command: fc.Arbitrary<Call> = fc.oneof(
  text.map((value) => ['ECHO', value]),
  text.map((value) => ['SET', 'k', value]),
  text.map((value) => [value]),
  fc.constantFrom(
    ['PING'],
    ['GET', 'k'],
    ['DEL', 'k'],
    ['MULTI'],
    ['EXEC'],
    ['HELLO', '3'],
    ['GET'],
    ['LPUSH', 'k', ''],
  ),
  fc.constantFrom(['QUIT'], ['RESET'], ['CLIENT', 'REPLY', 'SKIP'], ['SUBSCRIBE', 'a'], ['POST', 'x'], ['nosuch', 'a']),
);
const multibulk = command.map((call) =>
  encodeCommand(call.map((arg) => Buffer.from(arg, 'latin1'))).toString('latin1'),
);

const inlineWord = fc.oneof(
  fc.constantFrom(
    'a',
    '"a b"',
    "'a b'",
    '""',
    "''",
    '"\\x41\\n\\t\\q"',
    "'\\'\\n'",
    'a"b"',
    '"a"b',
    '"a',
    "'",
    '\\n',
    '$1',
  ),
  fc.string({ unit: fc.constantFrom(...'ab"\\\'\x80'), minLength: 1, maxLength: 8 }),
);
const lineEnd = fc.constantFrom('\r\n', '\n', '\r\n', '\r\r\n');
const inline = fc
  .tuple(
    fc.constantFrom('PING', 'ECHO', 'get', '  ECHO', 'SET k', '', ' ', '"PING"', 'nosuch'),
    fc.array(inlineWord, { maxLength: 2 }),
    fc.constantFrom(' ', '  ', '\t'),
    lineEnd,
  )
  .map(([name, words, blank, end]) => [name, ...words].join(blank) + end);

const number = fc.constantFrom(
  ...'0 -1 1 2 3 +1 01 x 1x -0 -2 1048577 2147483647 2147483648 9223372036854775807 9223372036854775808'.split(' '),
  ...'536870913 99999999999999999999 0x1 1e1 1.5'.split(' '),
  '',
  ' 1',
  '1 ',
);
/** Headers with numbers that are not theirs. */
const damaged = fc.oneof(
  fc.tuple(number, lineEnd).map(([count, end]) => `*${count}${end}`),
  fc.tuple(number, text).map(([length, value]) => `*1\r\n$${length}\r\n${value.replaceAll('\0', '')}\r\n`),
  fc.constantFrom(
    '*1\r\n:1\r\n',
    '*1\r\nPING\r\n',
    '*1\r\n$4\r\nPING',
    '*2\r\n$4\r\nECHO\r\n',
    '$4\r\nPING\r\n',
    '*\r\n',
  ),
  fc.constantFrom('*1\r\n$4\nPING\r\n', '*1\n$4\r\nPING\r\n', '*1\r\n\r\n', '\r\n', '\n', '*1\r\n$4\r\nPINGxx', '*1\r'),
);
const piece = fc.oneof(
  { weight: 8, arbitrary: multibulk },
  { weight: 6, arbitrary: inline },
  { weight: 1, arbitrary: damaged },
);

type Script = readonly string[];

class Wires implements Player<Script> {
  readonly #ours: ServerHandle;
  readonly #theirs: RedisProcess;

  constructor(ours: ServerHandle, theirs: RedisProcess) {
    this.#ours = ours;
    this.#theirs = theirs;
  }

  async play(script: Script): Promise<void> {
    const bytes = script.join('');
    const [mine, real] = await Promise.all([answersTo(this.#ours.port, bytes), answersTo(this.#theirs.port, bytes)]);
    if (mine === real) return;
    throw new Error(
      [
        'differs: the answers to a stream of bytes',
        `  redis-server: ${JSON.stringify(real)}`,
        `  this server:  ${JSON.stringify(mine)}`,
        `the stream, as bytes of latin1: ${JSON.stringify(bytes)}`,
      ].join('\n'),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ours.close();
    await this.#theirs.stop();
  }
}

/** Everything that a server answers to the bytes until it closes, which it does at the latest when we do. */
async function answersTo(port: number, bytes: string): Promise<string> {
  await using client = await RespClient.connect({ port });
  const answers = client.readUntilClose();
  client.sendRaw(`*2\r\n$3\r\nDEL\r\n$1\r\nk\r\n${bytes}`);
  client.end();
  return comparableSession(await answers).replace(/\r\nid\r\n:\d+/g, '\r\nid\r\n:N');
}

export const protocolFamily: Family = {
  name: 'protocol',
  suites: [
    makeSuite({
      title: 'streams of bytes',
      runs: 150,
      scripts: fc.array(piece, { minLength: 1, maxLength: 12, size: 'max' }),
      callsOf: (script) => script.map((bytes): Call => bytes.trim().split(/\s+/)),
      open: async () => new Wires(await startServer(), await startRedis()),
    }),
  ],
};
