/** What can be done to a node: each is a master of its own, with files on a disk in memory or in a directory. */
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type NodeHandle, type ReplicaSet, type ReplicaSetOptions, startReplicaSet } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { RespClient } from '../support/resp-client.ts';

interface Alone extends AsyncDisposable {
  readonly node: NodeHandle;
  readonly set: ReplicaSet;
}

async function alone(options: ReplicaSetOptions = {}): Promise<Alone> {
  const set = await startReplicaSet({ replicas: 0, sentinels: 0, ...options });
  return { node: set.master, set, [Symbol.asyncDispose]: () => set.close() };
}

describe('a node', () => {
  it('serves at its address, and without a socket', async () => {
    await using it = await alone({ password: 'secret' });
    const { node } = it;
    await using client = await RespClient.connect({ port: node.port });
    expect(await client.call('AUTH', 'secret')).toBe('OK');
    expect(await client.call('SET', 'k', 'v')).toBe('OK');
    expect(await node.execute('GET', 'k')).toBe('v');
    expect(await node.executeBuffer('GET', 'k')).toEqual(Buffer.from('v'));
    expect([node.name, node.role, node.alive]).toEqual(['redis-1', 'master', true]);
    expect(node.url).toBe(`redis://:secret@127.0.0.1:${node.port}`);
    expect(node.log.some((line) => line.endsWith('* Ready to accept connections'))).toBe(true);
  });

  it('that is killed resets its connections, frees its port and forgets what was not in files', async () => {
    await using it = await alone();
    const { node } = it;
    await node.execute('SET', 'k', 'v');
    await using client = await RespClient.connect({ port: node.port });
    await client.call('PING');
    const waiting = node.execute('BLPOP', 'list', 0);
    const stream = node.connect();
    stream.write('PING\r\n');
    await once(stream, 'data');
    const [killed, refused, [error]] = await Promise.all([
      node.kill(),
      waiting.catch((reason: Error & { code: string }) => reason.code),
      once(stream, 'error') as Promise<[Error & { code: string }]>,
    ]);
    expect([killed, refused, error.code]).toEqual([undefined, 'ERR_CONNECTION_CLOSED', 'ECONNRESET']);
    await expect(client.call('PING')).rejects.toThrow();
    await expect(RespClient.connect({ port: node.port })).rejects.toThrow(/ECONNREFUSED/);
    expect([node.alive, node.role]).toEqual([false, 'master']);
    await expect(node.execute('PING')).rejects.toMatchObject({ code: 'ERR_NOT_RUNNING' });
    await node.kill();
    await node.restart();
    expect(await node.execute('DBSIZE')).toBe(0);
    await node.restart();
    expect(await node.execute('PING')).toBe('PONG');
  });

  it('keeps its files when it is killed, and what was not synced only until the power goes', async () => {
    await using it = await alone({ config: { appendonly: true, appendfsync: 'no' } });
    const { node } = it;
    await node.execute('SET', 'old', 1);
    // A rewrite syncs what it has written.
    await node.execute('BGREWRITEAOF');
    await eventually(async () =>
      String(await node.execute('INFO', 'persistence')).includes('aof_rewrite_in_progress:0'),
    );
    await node.execute('SET', 'new', 2);
    await node.kill();
    await node.restart();
    expect(await node.execute('MGET', 'old', 'new')).toEqual(['1', '2']);
    await node.execute('SET', 'newest', 3);
    await node.powerLoss();
    await node.restart();
    expect(await node.execute('GET', 'newest')).toBe(null);
    expect(await node.execute('GET', 'old')).toBe('1');
  });

  it('saves when it is stopped, if its configuration says so', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'node-'));
    try {
      await using it = await alone({ persistence: { dir, save: '3600 1' } });
      const { node } = it;
      await node.execute('SET', 'k', 'v');
      await node.stop();
      expect(node.alive).toBe(false);
      expect(existsSync(join(dir, 'redis-1', 'dump.rdb'))).toBe(true);
      await node.stop();
      await node.restart();
      expect(await node.execute('GET', 'k')).toBe('v');
      await node.execute('CONFIG', 'SET', 'maxmemory', '10mb');
      await node.execute('CONFIG', 'REWRITE');
      await node.restart();
      expect(await node.execute('CONFIG', 'GET', 'maxmemory')).toEqual(['maxmemory', '10485760']);
      expect(it.set.events.history.map((event) => event.type === 'node' && event.change)).toEqual([
        'started',
        'stopped',
        'started',
        'stopped',
        'started',
      ]);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('that is paused takes what comes, and answers when it goes on', async () => {
    await using it = await alone();
    const { node } = it;
    await using before = await RespClient.connect({ port: node.port });
    await before.call('SET', 'k', 0);
    const stream = node.connect();
    node.pause();
    expect([node.alive, node.isPaused]).toEqual([true, true]);
    await using after = await RespClient.connect({ port: node.port });
    let answers = 0;
    const replies = [before.call('INCR', 'k'), after.call('INCR', 'k'), node.execute('INCR', 'k')];
    for (const reply of replies) void reply.then(() => answers++);
    stream.write('INCR k\r\n');
    const read = once(stream, 'data').then(() => answers++);
    // Somebody else on the same machine is served meanwhile.
    await using other = await alone();
    for (let i = 0; i < 20; i++) await other.node.execute('PING');
    expect(answers).toBe(0);
    node.resume();
    await Promise.all([...replies, read]);
    expect(await node.execute('GET', 'k')).toBe('4');
    stream.destroy();
  });

  it('without power is not heard from, until it is back', async () => {
    await using it = await alone();
    const { node } = it;
    await using client = await RespClient.connect({ port: node.port, timeoutMs: 200 });
    await client.call('PING');
    await node.powerLoss();
    expect(node.alive).toBe(false);
    await expect(client.call('PING')).rejects.toThrow(/200 ms/);
    await using late = await RespClient.connect({ port: node.port, timeoutMs: 200 });
    await expect(late.call('PING')).rejects.toThrow(/200 ms/);
    await node.restart();
    await using again = await RespClient.connect({ port: node.port });
    expect(await again.call('PING')).toBe('PONG');
  });

  it('may be shut down by a client', async () => {
    await using it = await alone();
    await using client = await RespClient.connect({ port: it.node.port });
    client.send('SHUTDOWN');
    await eventually(() => !it.node.alive);
    await it.node.restart();
    expect(await it.node.execute('PING')).toBe('PONG');
  });

  it('does not start on a port that somebody else has taken meanwhile', async () => {
    await using one = await alone();
    await one.node.kill();
    const { createServer } = await import('node:net');
    const thief = createServer().listen(one.node.port, '127.0.0.1');
    await once(thief, 'listening');
    try {
      await expect(one.node.restart()).rejects.toMatchObject({ code: 'ERR_PORT_IN_USE' });
      expect(one.node.alive).toBe(false);
    } finally {
      await new Promise((done) => thief.close(done));
    }
    await one.node.restart();
    expect(one.node.alive).toBe(true);
  });
});
