/** `connect()`: a stream that behaves like a socket, without one. */
import { Redis, type RedisOptions } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { type ClientStream, startServer } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { readReply } from '../support/resp-reader.ts';

/** Everything that a stream says. */
class Ear {
  readonly chunks: Buffer[] = [];
  readonly events: string[] = [];

  constructor(stream: ClientStream) {
    stream.on('data', (chunk: Buffer) => this.chunks.push(chunk));
    for (const name of ['end', 'close', 'finish']) stream.on(name, () => this.events.push(name));
    stream.on('error', (error: NodeJS.ErrnoException) => this.events.push(`error ${error.code}`));
  }

  get length(): number {
    return this.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }
}

describe('an in-memory stream', () => {
  it('speaks RESP', async () => {
    await using server = await startServer();
    const stream = server.connect();
    const ear = new Ear(stream);
    stream.write('*1\r\n$4\r\nPING\r\nECHO hi\r\n');
    await eventually(() => ear.text === '+PONG\r\n$2\r\nhi\r\n');
    stream.destroy();
    await eventually(() => ear.events.includes('close'));
  });

  it('answers in a later turn, never within the write', async () => {
    await using server = await startServer();
    const stream = server.connect();
    const order: string[] = [];
    stream.on('data', () => order.push('data'));
    stream.write('PING\r\n');
    order.push('written');
    await eventually(() => order.length === 2);
    expect(order).toEqual(['written', 'data']);
    stream.destroy();
  });

  it('is a client like any other', async () => {
    await using server = await startServer({ password: 'secret', config: { maxclients: 1 } });
    const stream = server.connect();
    const ear = new Ear(stream);
    stream.write('PING\r\nAUTH secret\r\nPING\r\nCLIENT LIST\r\n');
    await eventually(() => ear.text.includes('cmd=client|list'));
    expect(ear.text).toContain('-NOAUTH Authentication required.\r\n+OK\r\n+PONG\r\n');
    const refused = new Ear(server.connect());
    await eventually(() => refused.events.includes('close'));
    expect(refused.text).toBe('-ERR max number of clients reached\r\n');
    stream.destroy();
    await eventually(async () => String(await server.execute('INFO', 'clients')).includes('connected_clients:0'));
  });

  it('gets the last reply before the end when the server closes', async () => {
    await using server = await startServer();
    const stream = server.connect();
    const ear = new Ear(stream);
    stream.write('SET k v\r\nQUIT\r\nGET k\r\n');
    await eventually(() => ear.events.includes('close'));
    expect(ear.text).toBe('+OK\r\n+OK\r\n');
    expect(ear.events[0]).toBe('end');
  });

  it('gets a protocol error, then the end', async () => {
    await using server = await startServer();
    const ear = new Ear(server.connect());
    const stream = server.connect();
    const broken = new Ear(stream);
    stream.write('*1\r\n$-5\r\n');
    await eventually(() => broken.events.includes('close'));
    expect(broken.text).toBe('-ERR Protocol error: invalid bulk length\r\n');
    expect(ear.events).toEqual([]);
  });

  it('can say goodbye', async () => {
    await using server = await startServer();
    const stream = server.connect();
    const ear = new Ear(stream);
    stream.end('SET k v\r\n');
    await eventually(() => ear.events.includes('close'));
    expect(ear.text).toBe('+OK\r\n');
    expect(await server.execute('GET', 'k')).toBe('v');
  });

  it('ends when the server is closed', async () => {
    const server = await startServer();
    const ear = new Ear(server.connect());
    await server.close();
    await eventually(() => ear.events.includes('close'));
    expect(ear.events).not.toContain('error');
  });

  it('delivers published messages', async () => {
    await using server = await startServer();
    const stream = server.connect();
    const ear = new Ear(stream);
    stream.write('SUBSCRIBE news\r\n');
    await eventually(() => ear.text.includes('subscribe'));
    expect(await server.execute('PUBLISH', 'news', 'hello')).toBe(1);
    await eventually(() => ear.text.includes('$5\r\nhello\r\n'));
    stream.destroy();
  });

  it('takes and gives megabytes in one piece', async () => {
    await using server = await startServer();
    const stream = server.connect();
    const ear = new Ear(stream);
    const value = Buffer.alloc(5_000_000, 'abcdefghij');
    stream.write(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${value.length}\r\n`);
    stream.write(value);
    stream.write('\r\nGET k\r\n');
    await eventually(() => ear.length > value.length + 10);
    const reply = readReply(Buffer.concat(ear.chunks).subarray('+OK\r\n'.length), true);
    expect(value.equals(reply?.reply as Buffer)).toBe(true);
    stream.destroy();
  });

  it('holds the server back while nobody reads, within its output limits', async () => {
    await using server = await startServer({ config: { 'client-output-buffer-limit': 'normal 1mb 0 0' } });
    await server.execute('SET', 'k', Buffer.alloc(100_000));
    const stream = server.connect();
    const closed: string[] = [];
    stream.on('close', () => closed.push('closed'));
    stream.write('CLIENT SETNAME deaf\r\n');
    stream.write('GET k\r\n'.repeat(100));
    await eventually(() => server.log.some((line) => line.includes('overcoming of output buffer limits')));
    expect(await server.execute('CLIENT', 'LIST')).not.toContain('deaf');
    stream.resume();
    await eventually(() => closed.length === 1);
  });

  it('goes on where it was when somebody reads again', async () => {
    await using server = await startServer();
    await server.execute('SET', 'k', Buffer.alloc(100_000, 'x'));
    const stream = server.connect();
    stream.write('GET k\r\n'.repeat(100));
    await eventually(async () => /omem=(?!0)\d+/.test(String(await server.execute('CLIENT', 'LIST'))));
    const ear = new Ear(stream);
    await eventually(() => ear.length === 100 * '$100000\r\n\r\n'.length + 100 * 100_000);
    stream.destroy();
  });
});

describe('ioredis on an in-memory stream', () => {
  function client(connect: () => ClientStream, options: RedisOptions = {}): Redis {
    class Connector {
      connect(): Promise<ClientStream> {
        return Promise.resolve(connect());
      }
      disconnect(): void {}
      check(): boolean {
        return true;
      }
    }
    return new Redis({ ...options, Connector: Connector as unknown as NonNullable<RedisOptions['Connector']> });
  }

  it('works as on a socket', async () => {
    await using server = await startServer({ password: 'secret' });
    const redis = client(() => server.connect(), { password: 'secret', db: 1 });
    expect(await redis.set('k', 'v')).toBe('OK');
    expect(await redis.getBuffer('k')).toEqual(Buffer.from('v'));
    const results = await redis.pipeline().incr('n').incr('n').get('missing').exec();
    expect(results).toEqual([
      [null, 1],
      [null, 2],
      [null, null],
    ]);
    await expect(redis.call('NOSUCH')).rejects.toThrow('unknown command');
    expect(await redis.quit()).toBe('OK');
  });

  it('receives messages on one while another publishes', async () => {
    await using server = await startServer();
    const subscriber = client(() => server.connect());
    const publisher = client(() => server.connect());
    const messages: string[] = [];
    subscriber.on('message', (channel, message) => messages.push(`${channel} ${message}`));
    await subscriber.subscribe('news');
    for (let i = 0; i < 100; i++) await publisher.publish('news', String(i));
    await eventually(() => messages.length === 100);
    expect(messages[99]).toBe('news 99');
    subscriber.disconnect();
    publisher.disconnect();
  });

  it('comes back after CLIENT KILL', async () => {
    await using server = await startServer();
    const redis = client(() => server.connect(), { retryStrategy: () => 1 });
    const id = await redis.client('ID');
    expect(await server.execute('CLIENT', 'KILL', 'ID', id)).toBe(1);
    await eventually(async () => (await redis.client('ID')) !== id);
    redis.disconnect();
  });
});
