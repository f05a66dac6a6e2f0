/**
 * Bytes that are no requests, or not yet, or too many: the answer, to the byte, and that nobody else notices. The same
 * tests run against the real server, which is what the answers are taken from.
 */
import { randomBytes, createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { startRedis } from '../support/redis-process.ts';
import { describeWith } from '../support/requires.ts';
import { encodeCommand, RespClient } from '../support/resp-client.ts';

interface Target extends AsyncDisposable {
  readonly port: number;
}

type Options = Readonly<Record<string, string | number>>;
type Start = (options: Options) => Promise<Target>;

const startOurs: Start = (options) => startServer({ config: options });
const startReal: Start = (options) => startRedis({ options });

describe('bad input to this server', () => badInput(startOurs));
describeWith('redis-server', 'bad input to redis-server', () => badInput(startReal));
describeWith('redis-server', 'bad input to both', () => sameAnswers());

/** Sends bytes and the end of the stream; gives all that is answered until the server closes. */
async function answerTo(port: number, bytes: string | Buffer, chunkBytes = Infinity): Promise<string> {
  await using client = await RespClient.connect({ port });
  const all = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
  if (all.length <= chunkBytes) client.sendRaw(all);
  else {
    for (let at = 0; at < all.length; at += chunkBytes) {
      client.sendRaw(all.subarray(at, at + chunkBytes));
      await new Promise((done) => setImmediate(done));
    }
  }
  client.end();
  return await client.readUntilClose();
}

const FATAL: readonly (readonly [string, string])[] = [
  ['*2147483648\r\n', 'invalid multibulk length'],
  ['*9223372036854775808\r\n', 'invalid multibulk length'],
  ['*abc\r\n', 'invalid multibulk length'],
  ['*\r\n', 'invalid multibulk length'],
  ['* 1\r\n', 'invalid multibulk length'],
  ['*1.5\r\n', 'invalid multibulk length'],
  [`*${'1'.repeat(70_000)}`, 'too big mbulk count string'],
  ['*1\r\n$-1\r\n', 'invalid bulk length'],
  ['*1\r\n$-9223372036854775808\r\n', 'invalid bulk length'],
  ['*1\r\n$536870913\r\n', 'invalid bulk length'],
  ['*1\r\n$9223372036854775808\r\n', 'invalid bulk length'],
  ['*1\r\n$\r\n', 'invalid bulk length'],
  ['*1\r\n$4x\r\n', 'invalid bulk length'],
  [`*1\r\n$${'1'.repeat(70_000)}`, 'too big bulk count string'],
  ['*1\r\n:4\r\n', "expected '$', got ':'"],
  ['*1\r\n*1\r\n', "expected '$', got '*'"],
  ['*2\r\n$4\r\nECHO\r\nxyz\r\n', "expected '$', got 'x'"],
  ['*1\r\n \r\n', "expected '$', got ' '"],
  ['"', 'unbalanced quotes in request'],
  ['SET k "unbalanced', 'unbalanced quotes in request'],
  ["SET k 'unbalanced\\'", 'unbalanced quotes in request'],
  ['SET k "a"b', 'unbalanced quotes in request'],
  ['x'.repeat(70_000), 'too big inline request'],
];

function badInput(start: Start): void {
  let target: Target;
  let bystander: RespClient;
  beforeAll(async () => {
    target = await start({});
    bystander = await RespClient.connect({ port: target.port });
    await bystander.call('SET', 'witness', 'well');
  });
  afterAll(async () => {
    expect(await bystander.call('GET', 'witness')).toBe('well');
    await bystander.close();
    await target[Symbol.asyncDispose]();
  });

  it.each(FATAL.map(([bytes, text]) => [bytes.slice(0, 30), bytes, text]))('%j ends it', async (_, bytes, text) => {
    const line = bytes.startsWith('*') || bytes.length > 1000 ? bytes : `${bytes}\r\n`;
    expect(await answerTo(target.port, `PING\r\n${line}`)).toBe(`+PONG\r\n-ERR Protocol error: ${text}\r\n`);
    expect(await bystander.call('PING')).toBe('PONG');
  });

  it('closes after a protocol error although the client goes on', async () => {
    await using client = await RespClient.connect({ port: target.port });
    client.sendRaw('SET before 1\r\n*1\r\n$-1\r\nSET after 1\r\n*2\r\n$3\r\nDEL\r\n$6\r\nbefore\r\n');
    expect(await client.readUntilClose()).toBe('+OK\r\n-ERR Protocol error: invalid bulk length\r\n');
    expect(await bystander.call('EXISTS', 'before', 'after')).toBe(1);
  });

  const HARMLESS: readonly (readonly [string, string])[] = [
    ['\r\n\r\n\n\nPING\r\n', '+PONG\r\n'],
    ['*0\r\n*-1\r\n*-2147483648\r\n*-9223372036854775808\r\nPING\r\n', '+PONG\r\n'],
    ['PING\n', '+PONG\r\n'],
    ['  \t PING \t \r\n', '+PONG\r\n'],
    ['ping "a \\x41\\n\\t\\"" \r\n', '$6\r\na A\n\t"\r\n'],
    ["pInG 'it\\'s'\r\n", "$4\r\nit's\r\n"],
    ['ECHO ""\r\n', '$0\r\n\r\n'],
    ['*2\r\n$4\r\nECHO\r\n$0\r\n\r\n', '$0\r\n\r\n'],
    ['*2\r\n$4\r\nECHO\r\n$4\r\n\r\n\0\xff\r\n', '$4\r\n\r\n\0\xff\r\n'],
    ['*1\r\n$0\r\n\r\n', "-ERR unknown command '', with args beginning with: \r\n"],
    ['""\r\n', "-ERR unknown command '', with args beginning with: \r\n"],
    ['*1\r\n$2147483648\r\n', '-ERR Protocol error: invalid bulk length\r\n'],
    ['no\r\nsuch\r\n', unknown('no') + unknown('such')],
    ['GET\r\nGET a b\r\n', "-ERR wrong number of arguments for 'get' command\r\n".repeat(2)],
    ['POST / HTTP/1.1\r\nPING\r\n', ''],
    ['Host: localhost:6379\r\nPING\r\n', ''],
    ['PING\r\nquit\r\nPING\r\n', '+PONG\r\n+OK\r\n'],
  ];
  it.each(HARMLESS)('%j is answered as it should be', async (bytes, answer) => {
    expect(await answerTo(target.port, bytes)).toBe(answer);
    expect(await answerTo(target.port, bytes, 1)).toBe(answer);
  });

  it('drops what a web browser was answered so far, and the browser', async () => {
    const request = 'GET / HTTP/1.1\r\nHost: localhost:6379\r\nAccept: text/html\r\n\r\n';
    expect(await answerTo(target.port, request)).toBe('');
  });

  it('waits for the rest of a request that was cut anywhere, and forgets it when the client goes', async () => {
    const request = Buffer.from('*3\r\n$3\r\nSET\r\n$3\r\ncut\r\n$5\r\nvalue\r\n');
    for (let length = 0; length < request.length; length++) {
      expect(await answerTo(target.port, request.subarray(0, length))).toBe('');
    }
    expect(await bystander.call('EXISTS', 'cut')).toBe(0);
    for (let length = 1; length < request.length; length++) {
      await using client = await RespClient.connect({ port: target.port });
      client.sendRaw(request.subarray(0, length));
      await bystander.call('PING');
      client.sendRaw(Buffer.concat([request.subarray(length), Buffer.from('PING\r\n')]));
      expect([await client.nextReply(), await client.nextReply()]).toEqual(['OK', 'PONG']);
    }
  });

  it('takes a request byte by byte from a hundred clients while others are served', async () => {
    const request = encodeCommand(['SET', 'slow', 'x'.repeat(50)]);
    const slow = await Promise.all(Array.from({ length: 100 }, () => RespClient.connect({ port: target.port })));
    for (const byte of request) {
      for (const client of slow) client.sendRaw(Buffer.of(byte));
      expect(await bystander.call('PING')).toBe('PONG');
    }
    for (const client of slow) {
      expect(await client.nextReply()).toBe('OK');
      await client.close();
    }
  });

  it('sees a half-closed socket as a client that is gone', async () => {
    await using client = await RespClient.connect({ port: target.port });
    client.sendRaw('SET half 1\r\nGET half\r\nSUBSCRIBE news\r\n');
    client.end();
    const text = await client.readUntilClose();
    expect(text).toBe('+OK\r\n$1\r\n1\r\n*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n');
    await eventually(async () => (await bystander.call('PUBLISH', 'news', 'x')) === 0);
  });

  it('comes through a storm of resets', async () => {
    const value = 'x'.repeat(10_000);
    await bystander.call('SET', 'big', value);
    for (let round = 0; round < 10; round++) {
      const clients = await Promise.all(Array.from({ length: 20 }, () => RespClient.connect({ port: target.port })));
      for (const [index, client] of clients.entries()) {
        for (let i = 0; i < 50; i++) client.send('GET', 'big');
        client.sendRaw(encodeCommand(['SET', 'big', value]).subarray(0, 5000));
        if (index % 2 === 0) client.reset();
        else void client.close();
      }
      expect(await bystander.call('STRLEN', 'big')).toBe(value.length);
    }
    await eventually(async () => String(await bystander.call('INFO', 'clients')).includes('connected_clients:1\r'));
  });

  it('limits what clients may send that have not logged in', async () => {
    await using locked = await start({ requirepass: 'secret' });
    const noAuth = '-NOAUTH Authentication required.\r\n';
    const args = (count: number): string => `*${count}\r\n${'$1\r\nx\r\n'.repeat(count)}`;
    expect(await answerTo(locked.port, args(10))).toContain("-ERR unknown command 'x'");
    const tooMany = '-ERR Protocol error: unauthenticated multibulk length\r\n';
    expect(await answerTo(locked.port, args(11))).toBe(tooMany);
    const echo = (length: number): string => `*2\r\n$4\r\nECHO\r\n$${length}\r\n${'x'.repeat(length)}\r\n`;
    expect(await answerTo(locked.port, echo(16_384))).toBe(noAuth);
    const tooLong = '-ERR Protocol error: unauthenticated bulk length\r\n';
    expect(await answerTo(locked.port, echo(16_385))).toBe(tooLong);
    const loggedIn = await answerTo(locked.port, `AUTH secret\r\n${echo(16_385)}${args(11)}`);
    expect(loggedIn.startsWith('+OK\r\n$16385\r\nx')).toBe(true);
    expect(loggedIn).toContain("-ERR unknown command 'x'");
  });

  it('closes a client that sends more than its query buffer may hold', async () => {
    await using limited = await start({ 'client-query-buffer-limit': '1mb' });
    await using client = await RespClient.connect({ port: limited.port });
    client.sendRaw('*2\r\n$3\r\nGET\r\n$3000000\r\n');
    for (let i = 0; i < 30; i++) client.sendRaw(Buffer.alloc(100_000));
    expect(await client.readUntilClose().catch(() => '')).toBe('');
    expect(client.isClosed).toBe(true);
    expect(await answerTo(limited.port, 'PING\r\n')).toBe('+PONG\r\n');
  });

  it('refuses arguments beyond proto-max-bulk-len, and values that grow beyond it', async () => {
    await using limited = await start({ 'proto-max-bulk-len': '1mb' });
    const refusal = '-ERR Protocol error: invalid bulk length\r\n';
    expect(await answerTo(limited.port, '*2\r\n$4\r\nECHO\r\n$1048577\r\n')).toBe(refusal);
    const full = encodeCommand(['SET', 'k', Buffer.alloc(1_048_576, 'x')]);
    const more = Buffer.from('APPEND k y\r\nSETRANGE k 1048576 y\r\nSTRLEN k\r\n');
    const tooLong = '-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n';
    expect(await answerTo(limited.port, Buffer.concat([full, more]))).toBe(`+OK\r\n${tooLong}${tooLong}:1048576\r\n`);
  });
}

function sameAnswers(): void {
  let ours: Target;
  let real: Target;
  beforeAll(async () => {
    ours = await startOurs({});
    real = await startReal({});
  });
  afterAll(async () => {
    await ours[Symbol.asyncDispose]();
    await real[Symbol.asyncDispose]();
  });

  async function expectSame(bytes: Buffer): Promise<void> {
    const [answer, wanted] = await Promise.all([answerTo(ours.port, bytes), answerTo(real.port, bytes)]);
    expect(answer, JSON.stringify(bytes.toString('latin1'))).toBe(wanted);
  }

  it('random bytes get the same answer', async () => {
    for (let round = 0; round < 300; round++) await expectSame(randomBytes(1 + (round % 400)));
  });

  it('random lines get the same answer', async () => {
    const alphabet = Buffer.from('\r\n\r\n\n  \t"\'\\x4*$:-019abPINGpg\0\xff\v\f#', 'latin1');
    for (let round = 0; round < 400; round++) {
      const dice = randomBytes(1 + (round % 80));
      await expectSame(Buffer.from(dice.map((byte) => alphabet[byte % alphabet.length]!)));
    }
  });

  it('requests with one byte changed get the same answer', async () => {
    const request = encodeCommand(['SET', 'key', 'val"ue']);
    const all = Buffer.concat([request, Buffer.from('GET "key"\r\n'), encodeCommand(['DEL', 'key']), request]);
    for (let round = 0; round < 400; round++) {
      const dice = randomBytes(3);
      const changed = Buffer.from(all);
      changed[dice[0]! % all.length] = [dice[1]!, 13, 10, 48, 57, 42, 36, 45][dice[2]! % 8]!;
      await expectSame(Buffer.concat([Buffer.from('DEL key\r\n'), changed]));
    }
  });

  it('the hash of a value is the same after a way through both', async () => {
    const value = randomBytes(1_000_000);
    const digest = (bytes: unknown): string =>
      createHash('sha1')
        .update(bytes as Buffer)
        .digest('hex');
    for (const { port } of [ours, real]) {
      await using client = await RespClient.connect({ port, bulkAsBuffer: true });
      await client.call('SET', 'random', value);
      expect(digest(await client.call('GET', 'random'))).toBe(digest(value));
    }
  });
}

function unknown(name: string): string {
  return `-ERR unknown command '${name}', with args beginning with: \r\n`;
}
