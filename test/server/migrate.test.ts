import { createServer, type Server, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startRedis } from '../support/redis-process.ts';
import { describeWith } from '../support/requires.ts';
import { serve } from '../support/serving.ts';

/** A server that does what it is told with what comes. */
class Stub implements AsyncDisposable {
  readonly #server: Server;
  readonly sockets: Socket[] = [];
  received = '';

  private constructor(onData: (stub: Stub, socket: Socket) => void) {
    this.#server = createServer((socket) => {
      this.sockets.push(socket);
      socket.on('error', () => {});
      socket.on('data', (chunk) => {
        this.received += chunk.toString('latin1');
        onData(this, socket);
      });
    });
  }

  static async listen(onData: (stub: Stub, socket: Socket) => void = () => {}): Promise<Stub> {
    const stub = new Stub(onData);
    await new Promise<void>((done) => stub.#server.listen(0, '127.0.0.1', done));
    return stub;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((done) => this.#server.close(done));
  }
}

function textOf(reply: unknown): string {
  return reply instanceof Error || (typeof reply === 'object' && reply !== null && 'message' in reply)
    ? String((reply as Error).message)
    : String(reply);
}

describe('MIGRATE', () => {
  it('moves a key to a database of another server, with its expire time', async () => {
    await using source = await serve();
    await using target = await serve();
    const [client, other] = [await source.connect(), await target.connect()];
    await client.call('SET', 'k', 'value', 'PX', 100_000);
    expect(await client.call('MIGRATE', '127.0.0.1', target.server.port, 'k', 9, 5000)).toBe('OK');
    expect(await client.call('EXISTS', 'k')).toBe(0);
    await other.call('SELECT', 9);
    expect(await other.call('GET', 'k')).toBe('value');
    expect(await other.call('PTTL', 'k')).toBeGreaterThan(90_000);
  });

  it('leaves the key with COPY, and overwrites with REPLACE', async () => {
    await using source = await serve();
    await using target = await serve();
    const [client, other] = [await source.connect(), await target.connect()];
    await client.call('RPUSH', 'k', 'a', 'b');
    const migrate = (...options: string[]): Promise<unknown> =>
      client.call('MIGRATE', '127.0.0.1', target.server.port, 'k', 0, 5000, ...options);
    expect(await migrate('COPY')).toBe('OK');
    expect(await client.call('LLEN', 'k')).toBe(2);
    expect(textOf(await migrate())).toBe(
      'ERR Target instance replied with error: BUSYKEY Target key name already exists.',
    );
    expect(await client.call('LLEN', 'k')).toBe(2);
    expect(await migrate('REPLACE')).toBe('OK');
    expect(await client.call('EXISTS', 'k')).toBe(0);
    expect(await other.call('LRANGE', 'k', 0, -1)).toEqual(['a', 'b']);
  });

  it('moves those of several keys that are there, and says if none is', async () => {
    await using source = await serve();
    await using target = await serve();
    const [client, other] = [await source.connect(), await target.connect()];
    await client.call('MSET', 'a', '1', 'b', '2');
    const migrate = (...keys: string[]): Promise<unknown> =>
      client.call('MIGRATE', '127.0.0.1', target.server.port, '', 0, 5000, 'KEYS', ...keys);
    expect(await migrate('x', 'y')).toBe('NOKEY');
    expect(await migrate('a', 'x', 'b')).toBe('OK');
    expect(await client.call('DBSIZE')).toBe(0);
    expect(await other.call('MGET', 'a', 'b')).toEqual(['1', '2']);
    await client.call('MSET', 'a', '1', 'c', '2');
    expect(textOf(await migrate('a', 'c'))).toContain('BUSYKEY');
    expect(await client.call('KEYS', '*')).toEqual(['a']);
    expect(await other.call('GET', 'c')).toBe('2');
  });

  it('authenticates, by password or by name and password', async () => {
    await using source = await serve();
    await using target = await serve({ config: { requirepass: 'secret' } });
    const client = await source.connect();
    const migrate = async (...options: string[]): Promise<string> => {
      await client.call('SET', 'k', 'v');
      return textOf(await client.call('MIGRATE', '127.0.0.1', target.server.port, 'k', 0, 5000, ...options));
    };
    expect(await migrate()).toBe('ERR Target instance replied with error: NOAUTH Authentication required.');
    expect(await migrate('AUTH', 'wrong')).toMatch(/^ERR Target instance replied with error: WRONGPASS/);
    expect(await migrate('AUTH', 'secret')).toBe('OK');
    expect(await migrate('AUTH2', 'default', 'secret', 'REPLACE')).toBe('OK');
  });

  it('refuses what it does not understand', async () => {
    await using source = await serve();
    const client = await source.connect();
    const migrate = async (...args: (string | number)[]): Promise<string> =>
      textOf(await client.call('MIGRATE', '127.0.0.1', 1, ...args));
    expect(await migrate('k', 0, 10, 'NONSENSE')).toBe('ERR syntax error');
    expect(await migrate('k', 0, 10, 'AUTH')).toBe('ERR syntax error');
    expect(await migrate('k', 0, 10, 'AUTH2', 'x')).toBe('ERR syntax error');
    expect(await migrate('k', 0, 10, 'KEYS', 'x')).toBe(
      'ERR When using MIGRATE KEYS option, the key argument must be set to the empty string',
    );
    expect(await migrate('k', 'x', 10)).toBe('ERR value is not an integer or out of range');
    expect(await migrate('k', 0, 'x')).toBe('ERR value is not an integer or out of range');
    await client.call('SET', 'k', 'v');
    expect(await migrate('k', 0, 1000)).toBe('IOERR error or timeout connecting to the client');
  });

  it('gives up when the other end says nothing for so long', async () => {
    await using source = await serve();
    await using stub = await Stub.listen();
    const client = await source.connect();
    await client.call('SET', 'k', 'v');
    expect(textOf(await client.call('MIGRATE', '127.0.0.1', stub.port, 'k', 0, 50))).toBe(
      'IOERR error or timeout reading to target instance',
    );
    expect(await client.call('GET', 'k')).toBe('v');
    expect(stub.sockets.length).toBe(1);
  });

  it('tries once more with a new link when one is lost', async () => {
    await using source = await serve();
    await using stub = await Stub.listen((_, socket) => socket.destroy());
    const client = await source.connect();
    await client.call('SET', 'k', 'v');
    expect(textOf(await client.call('MIGRATE', '127.0.0.1', stub.port, 'k', 0, 5000))).toBe(
      'IOERR error or timeout reading to target instance',
    );
    expect(stub.sockets.length).toBe(2);
  });

  it('keeps its links for a while', async () => {
    await using source = await serve({ clock: 'manual' });
    await using target = await serve();
    const client = await source.connect();
    const links = async (): Promise<string> =>
      /migrate_cached_sockets:(\d+)/.exec((await client.call('INFO', 'stats')) as string)![1]!;
    for (const key of ['a', 'b']) {
      await client.call('SET', key, 'v');
      expect(await client.call('MIGRATE', '127.0.0.1', target.server.port, key, 0, 5000)).toBe('OK');
      expect(await links()).toBe('1');
    }
    source.server.clock.advance(11_000);
    await eventually(async () => (await links()) === '0');
  });

  it('moves a key that is written all the time, and loses none of the writes', async () => {
    await using source = await serve();
    await using target = await serve();
    const [writer, client, other] = [await source.connect(), await source.connect(), await target.connect()];
    let written = 0;
    const end = new AbortController();
    const writing = (async (): Promise<void> => {
      for (; !end.signal.aborted; written++) await writer.call('INCR', 'k');
    })();
    await eventually(() => written > 5);
    expect(await client.call('MIGRATE', '127.0.0.1', target.server.port, 'k', 0, 60_000)).toBe('OK');
    end.abort();
    await writing;
    const [moved, begunAnew] = [await other.call('GET', 'k'), await client.call('GET', 'k')];
    expect(Number(moved) + Number(begunAnew ?? 0)).toBe(written);
    expect(Number(moved)).toBeGreaterThan(5);
  });

  it('lets nobody wait for long where the other end takes its time', async () => {
    const held: Socket[] = [];
    await using stub = await Stub.listen((self, socket) => {
      if (self.received.includes('RESTORE') && held.length === 0) held.push(socket);
    });
    await using source = await serve({ clock: 'manual' });
    const [client, writer] = [await source.connect(), await source.connect()];
    await client.call('SET', 'k', 'before');
    client.send('MIGRATE', '127.0.0.1', stub.port, 'k', 0, 60_000);
    await eventually(() => held.length > 0);
    await writer.call('SET', 'k', 'after');
    // What is confirmed is no longer what is here, and what is sent now never is.
    held[0]!.write('+OK\r\n+OK\r\n');
    await eventually(() => stub.received.includes('after'), { what: 'it is sent again' });
    const waiting = writer.call('SET', 'k', 'later');
    const now = (): Promise<unknown> => Promise.race([waiting, new Promise((done) => setTimeout(done, 1, 'waits'))]);
    expect(await now()).toBe('waits');
    await eventually(async () => {
      source.server.clock.advance(100);
      return (await now()) === 'OK';
    });
    expect(await writer.call('GET', 'k')).toBe('later');
  });

  it('serves others meanwhile, and sends again what they change', async () => {
    await using source = await serve();
    const held: Socket[] = [];
    await using stub = await Stub.listen((self, socket) => {
      if (self.received.includes('RESTORE') && held.length === 0) held.push(socket);
    });
    const [client, writer] = [await source.connect(), await source.connect()];
    await client.call('SET', 'k', 'old');
    client.send('MIGRATE', '127.0.0.1', stub.port, 'k', 0, 5000);
    await eventually(() => held.length > 0);
    expect(await writer.call('SET', 'k', 'newer')).toBe('OK');
    stub.received = '';
    held[0]!.write('+OK\r\n+OK\r\n');
    await eventually(() => stub.received.includes('REPLACE'));
    expect(stub.received).toContain('newer');
    expect(await writer.call('GET', 'k')).toBe('newer');
    held[0]!.write('+OK\r\n');
    expect(await client.nextReply()).toBe('OK');
    expect(await writer.call('EXISTS', 'k')).toBe(0);
  });

  it('goes on when the client is gone', async () => {
    await using source = await serve();
    const held: Socket[] = [];
    await using stub = await Stub.listen((self, socket) => {
      if (self.received.includes('RESTORE') && held.length === 0) held.push(socket);
    });
    const [client, other] = [await source.connect(), await source.connect()];
    await client.call('SET', 'k', 'v');
    client.send('MIGRATE', '127.0.0.1', stub.port, 'k', 0, 5000);
    await eventually(() => held.length > 0);
    await client.close();
    held[0]!.write('+OK\r\n+OK\r\n');
    await eventually(async () => (await other.call('EXISTS', 'k')) === 0);
  });

  it('cannot be part of a transaction, for it waits', async () => {
    await using source = await serve();
    const client = await source.connect();
    await client.call('SET', 'k', 'v');
    await client.call('MULTI');
    await client.call('MIGRATE', '127.0.0.1', 1, 'k', 0, 10);
    expect(textOf(((await client.call('EXEC')) as unknown[])[0])).toMatch(/^ERR MIGRATE waits for another server/);
  });
});

describeWith('redis-server', 'MIGRATE between redis-server and this one', () => {
  it('moves keys in both directions', async () => {
    await using ours = await serve();
    await using redis = await startRedis();
    const [client, other] = [await ours.connect(), await redis.connect()];
    await client.call('ZADD', 'z', 1, 'a', 2, 'b');
    await client.call('XADD', 'x', '1-1', 'f', 'v');
    expect(await client.call('MIGRATE', '127.0.0.1', redis.port, '', 0, 5000, 'KEYS', 'z', 'x')).toBe('OK');
    expect(await other.call('ZRANGE', 'z', 0, -1)).toEqual(['a', 'b']);
    expect(await other.call('MIGRATE', '127.0.0.1', ours.server.port, '', 3, 5000, 'KEYS', 'z', 'x')).toBe('OK');
    expect(await other.call('DBSIZE')).toBe(0);
    await client.call('SELECT', 3);
    expect(await client.call('XLEN', 'x')).toBe(1);
  });
});
