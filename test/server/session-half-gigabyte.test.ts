/** The largest argument there can be: 512 MB go in, come out, and leave no memory behind. */
import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { oursCommand, type RedisProcess, startRedis } from '../support/redis-process.ts';

const MIB = 1024 * 1024;
const LENGTH = 512 * MIB;

describe('an argument of 512 MB', () => {
  it('is stored and read while others are served, and its memory is given back', async () => {
    await using redis = await startRedis({ command: oursCommand() });
    const before = await residentBytes(redis);
    const piece = Buffer.alloc(MIB);
    const socket = await openSocket(redis.port);
    const countServed = watchOthers(redis);
    const sent = createHash('sha1');
    await send(socket, Buffer.from(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${LENGTH}\r\n`));
    for (let at = 0; at < LENGTH; at += piece.length) {
      piece.writeUInt32LE(at, 1000);
      sent.update(piece);
      await send(socket, Buffer.from(piece));
    }
    await send(socket, Buffer.from('\r\n'));
    expect((await receive(socket, 5)).text).toBe('+OK\r\n');
    expect(await figureOf(redis, 'used_memory')).toBeGreaterThan(LENGTH);
    await send(socket, Buffer.from('STRLEN k\r\n'));
    expect((await receive(socket, 12)).text).toBe(`:${LENGTH}\r\n`);
    await send(socket, Buffer.from('GET k\r\n'));
    const head = `$${LENGTH}\r\n`;
    const { text, sha1 } = await receive(socket, head.length + LENGTH + 2, head.length);
    expect(text).toBe(head);
    expect(sha1).toBe(sent.digest('hex'));
    await send(socket, Buffer.from('DEL k\r\n'));
    expect((await receive(socket, 4)).text).toBe(':1\r\n');
    expect(await countServed()).toBeGreaterThan(20);
    expect(await figureOf(redis, 'used_memory')).toBeLessThan(16 * MIB);
    await eventually(async () => (await residentBytes(redis)) - before < 128 * MIB, {
      what: 'the memory is given back',
      timeoutMs: 20_000,
      everyMs: 100,
    });
    socket.destroy();
  }, 120_000);

  it('of one byte more is refused before it comes', async () => {
    await using redis = await startRedis({ command: oursCommand() });
    await using client = await redis.connect();
    client.sendRaw(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${LENGTH + 1}\r\n`);
    expect(await client.readUntilClose()).toBe('-ERR Protocol error: invalid bulk length\r\n');
  });

  it('that never ends is forgotten with its client', async () => {
    await using redis = await startRedis({ command: oursCommand() });
    const before = await residentBytes(redis);
    const socket = await openSocket(redis.port);
    await send(socket, Buffer.from(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${LENGTH}\r\n`));
    for (let i = 0; i < 256; i++) await send(socket, Buffer.alloc(MIB));
    await eventually(async () => (await residentBytes(redis)) - before > 200 * MIB);
    socket.destroy();
    await eventually(async () => (await residentBytes(redis)) - before < 128 * MIB, {
      timeoutMs: 20_000,
      everyMs: 100,
    });
  }, 60_000);
});

function openSocket(port: number): Promise<Socket> {
  return new Promise((done, fail) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => done(socket));
    socket.once('error', fail);
  });
}

/** Resolves when the kernel has taken the bytes. */
function send(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((done, fail) => {
    socket.write(bytes, (error) => (error ? fail(error) : done()));
  });
}

interface Received {
  /** The first bytes, as latin1 text. */
  readonly text: string;
  /** Of what follows them, without the line end. */
  readonly sha1: string;
}

function receive(socket: Socket, length: number, headLength = length): Promise<Received> {
  return new Promise((done, fail) => {
    const hash = createHash('sha1');
    let head = '';
    let left = length;
    const onData = (chunk: Buffer): void => {
      const headPart = Math.min(chunk.length, headLength - head.length);
      head += chunk.toString('latin1', 0, headPart);
      hash.update(chunk.subarray(headPart, Math.max(headPart, left - 2)));
      left -= chunk.length;
      if (left > 0) return;
      socket.off('data', onData);
      if (left < 0) fail(new Error(`${-left} bytes too many`));
      else done({ text: head, sha1: hash.digest('hex') });
    };
    socket.on('data', onData);
  });
}

/** Pings as another client until asked; then gives how many were answered. */
function watchOthers(redis: RedisProcess): () => Promise<number> {
  let served = 0;
  const stop = new AbortController();
  const watching = (async (): Promise<void> => {
    await using client = await redis.connect({ timeoutMs: 20_000 });
    for (; !stop.signal.aborted; served++) {
      await client.call('PING');
      await new Promise((done) => setTimeout(done, 5));
    }
  })();
  return async () => {
    stop.abort();
    await watching;
    return served;
  };
}

async function figureOf(redis: RedisProcess, name: string): Promise<number> {
  await using client = await redis.connect();
  return Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(String(await client.call('INFO', 'memory')))?.[1]);
}

function residentBytes(redis: RedisProcess): Promise<number> {
  return figureOf(redis, 'used_memory_rss');
}
