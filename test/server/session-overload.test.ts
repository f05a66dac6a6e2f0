/**
 * Clients that are many, that do not read, or that ask for too much: each meets its limit, memory stays bounded, and
 * the others are served meanwhile. The server is a process of its own, so that its memory can be told from the test's.
 */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { oursCommand, type RedisProcess, startRedis } from '../support/redis-process.ts';
import { describeWith } from '../support/requires.ts';
import { RespClient } from '../support/resp-client.ts';

const MIB = 1024 * 1024;
/** Connects at once: fewer than a listener's backlog, which drops the others for a second. */
const BATCH = 200;
const IDLE_CLIENTS = Math.min(10_000, openFilesMax() - 1000);
const TITLE =
  IDLE_CLIENTS === 10_000 ? '10000 idle connections' : `${IDLE_CLIENTS} idle connections (open files allow no more)`;

describe(`${TITLE} of this server`, () => idleConnections(oursCommand()));
describeWith('redis-server', '1000 idle connections of redis-server', () => idleConnections(['redis-server'], 1000));

function idleConnections(command: readonly string[], count = IDLE_CLIENTS): void {
  it('are accepted, the next one is refused with a text, and room is made by those that leave', async () => {
    await using redis = await startRedis({ command, options: { maxclients: count } });
    const sockets: Socket[] = [];
    try {
      for (let at = 0; at < count; at += BATCH) {
        const batch = Array.from({ length: Math.min(BATCH, count - at) }, () => openSocket(redis.port));
        sockets.push(...(await Promise.all(batch)));
      }
      expect(await Promise.all([sockets[0]!, sockets.at(-1)!].map(ping))).toEqual(['+PONG\r\n', '+PONG\r\n']);
      for (let i = 0; i < 3; i++) {
        await using late = await RespClient.connect({ port: redis.port });
        expect(await late.readUntilClose()).toBe('-ERR max number of clients reached\r\n');
      }
      for (const socket of sockets.splice(0, 10)) socket.destroy();
      await eventually(() => isServed(redis.port), { what: 'there is room again' });
      expect(await ping(sockets[0]!)).toBe('+PONG\r\n');
    } finally {
      for (const socket of sockets) socket.destroy();
    }
    await eventually(async () => (await connectedClients(redis)) === 0, { timeoutMs: 15_000 });
  }, 90_000);
}

describe('clients that do not read', () => {
  let redis: RedisProcess;
  let witness: RespClient;
  beforeAll(async () => {
    const limits = ['normal', '16mb', '0', '0', 'pubsub', '8mb', '0', '0'];
    redis = await startRedis({ command: oursCommand(), options: { 'client-output-buffer-limit': limits } });
    witness = await redis.connect();
    await witness.call('SET', 'big', Buffer.alloc(MIB, 'x'));
  });
  afterAll(async () => {
    await witness.close();
    await redis.stop();
  });

  it('are closed when their replies exceed the limit, and others are served meanwhile', async () => {
    const before = await residentBytes(redis);
    const deaf = await Promise.all(Array.from({ length: 5 }, () => redis.connect()));
    let slowestMs = 0;
    for (const client of deaf) client.pause();
    for (let round = 0; round < 40; round++) {
      for (const client of deaf) client.send('GET', 'big');
      const started = performance.now();
      expect(await witness.call('PING')).toBe('PONG');
      slowestMs = Math.max(slowestMs, performance.now() - started);
    }
    await eventually(async () => (await connectedClients(redis)) === 1);
    expect(redis.log.match(/scheduled to be closed ASAP for overcoming of output buffer limits/g)?.length).toBe(5);
    expect((await residentBytes(redis)) - before).toBeLessThan(200 * MIB);
    expect(slowestMs).toBeLessThan(3000);
    await Promise.all(deaf.map((client) => client.close()));
  });

  it('are closed when they subscribe and never listen', async () => {
    const subscriber = await redis.connect();
    await subscriber.call('SUBSCRIBE', 'news');
    subscriber.pause();
    const message = Buffer.alloc(MIB, 'm');
    await eventually(async () => (await witness.call('PUBLISH', 'news', message)) === 0, { timeoutMs: 15_000 });
    await subscriber.close();
    expect(await witness.call('PING')).toBe('PONG');
    await eventually(async () => (await figureOf(redis, 'used_memory')) < 16 * MIB);
  });

  it('get everything in the end if they stay below it', async () => {
    await using slow = await redis.connect({ timeoutMs: 15_000 });
    slow.pause();
    for (let i = 0; i < 10; i++) slow.send('GET', 'big');
    await eventually(async () => /name=slow|omem=[1-9]/.test(String(await witness.call('CLIENT', 'LIST'))));
    slow.resume();
    for (let i = 0; i < 10; i++) expect(String(await slow.nextReply()).length).toBe(MIB);
    expect(await slow.call('PING')).toBe('PONG');
  });

  it('are closed before a pipeline of a hundred thousand requests has filled the memory', async () => {
    const before = await residentBytes(redis);
    const deaf = await redis.connect();
    deaf.pause();
    deaf.sendRaw('GET big\r\n'.repeat(100_000));
    await eventually(async () => (await connectedClients(redis)) === 1, { timeoutMs: 15_000 });
    expect((await residentBytes(redis)) - before).toBeLessThan(200 * MIB);
    await deaf.close();
  });

  it('may promise a lot: memory is taken for what came, not for what was announced', async () => {
    const before = await residentBytes(redis);
    const clients = await Promise.all(Array.from({ length: 50 }, () => redis.connect()));
    for (const client of clients) client.sendRaw('*2147483647\r\n$3\r\nSET\r\n$536870912\r\nx');
    expect(await witness.call('PING')).toBe('PONG');
    expect((await residentBytes(redis)) - before).toBeLessThan(400 * MIB);
    await Promise.all(clients.map((client) => client.close()));
  });
});

function openSocket(port: number): Promise<Socket> {
  return new Promise((done, fail) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.once('error', fail);
    socket.once('connect', () => {
      socket.off('error', fail);
      socket.on('error', () => {});
      done(socket);
    });
  });
}

function ping(socket: Socket): Promise<string> {
  return new Promise((done) => {
    socket.once('data', (chunk: Buffer) => done(chunk.toString('latin1')));
    socket.write('PING\r\n');
  });
}

async function isServed(port: number): Promise<boolean> {
  await using client = await RespClient.connect({ port });
  return (await client.call('PING')) === 'PONG';
}

/** Those who ask here do not count. */
async function connectedClients(redis: RedisProcess): Promise<number> {
  return (await figureOf(redis, 'connected_clients')) - 1;
}

/** A figure of INFO; used_memory_rss is what the system says of the process. */
async function figureOf(redis: RedisProcess, name: string): Promise<number> {
  await using client = await redis.connect();
  const info = String(await client.call('INFO'));
  return Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1]);
}

function residentBytes(redis: RedisProcess): Promise<number> {
  return figureOf(redis, 'used_memory_rss');
}

/** Node raises its own limit as far as it may. */
function openFilesMax(): number {
  try {
    const line = /Max open files\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'));
    return Number(line?.[1] ?? 1024 * 8);
  } catch {
    return 1024 * 8;
  }
}
