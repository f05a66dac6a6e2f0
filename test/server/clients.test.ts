import { connect, type Socket } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { RespClient } from '../support/resp-client.ts';
import { clientFields, serve } from '../support/serving.ts';

/** Everything that a socket receives until it is closed. */
function received(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
  });
}

describe('At the door', () => {
  it('nobody gets in beyond maxclients, until somebody leaves', async () => {
    await using serving = await serve({ config: { maxclients: 2 } });
    const [one] = [await serving.connect(), await serving.connect()];
    const refused = await serving.connect();
    expect(await refused.readUntilClose()).toBe('-ERR max number of clients reached\r\n');
    expect(await serving.server.execute('INFO', 'stats')).toContain('rejected_connections:1');
    await one!.close();
    await eventually(async () => {
      await using late = await RespClient.connect({ port: serving.server.port });
      return (await late.call('PING')) === 'PONG';
    });
  });

  it('the embedder does not count', async () => {
    await using serving = await serve({ config: { maxclients: 1 } });
    await serving.server.execute('PING');
    const client = await serving.connect();
    expect(await client.call('PING')).toBe('PONG');
    expect(await serving.server.execute('PING')).toBe('PONG');
  });

  it('protected mode turns strangers away, with an explanation', async () => {
    await using serving = await serve({ host: '0.0.0.0' });
    const stranger = connect({ port: serving.server.port, host: '127.0.0.2', localAddress: '127.0.0.2' });
    const text = await received(stranger);
    expect(text).toMatch(/^-DENIED Redis is running in protected mode because .* from the outside\.\r\n$/);
    expect(text).toHaveLength(1067);
    const local = await serving.connect();
    expect(await local.call('PING')).toBe('PONG');
  });

  it.each([
    ['switched off', { config: { 'protected-mode': 'no' } }],
    ['not needed because of a password', { password: 'secret' }],
  ])('protected mode can be %s', async (_, options) => {
    await using serving = await serve({ host: '0.0.0.0', ...options });
    const stranger = connect({ port: serving.server.port, host: '127.0.0.2', localAddress: '127.0.0.2' });
    stranger.end('QUIT\r\n');
    expect(await received(stranger)).toBe('+OK\r\n');
  });

  it('clients of a unix socket show its path and are at home', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'socket-'));
    try {
      const path = join(folder, 'redis.sock');
      await using serving = await serve({ config: { unixsocket: path } });
      const client = await serving.connect({ path });
      const fields = clientFields((await client.call('CLIENT', 'INFO')) as string);
      expect(fields).toMatchObject({ addr: `${path}:0`, laddr: `${path}:0`, flags: 'U' });
      await client.call('MONITOR');
      await client.call('PING');
      expect(await client.nextReply()).toContain(` [0 unix:${path}] "PING"`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('An idle client', () => {
  it('is closed after timeout, unless it listens', async () => {
    await using serving = await serve({ clock: 'manual', config: { timeout: 10, loglevel: 'verbose' } });
    const [idle, busy, subscriber] = [await serving.connect(), await serving.connect(), await serving.connect()];
    await subscriber.call('SUBSCRIBE', 'news');
    for (let i = 0; i < 3; i++) {
      serving.server.clock.advance(4000);
      expect(await busy.call('PING')).toBe('PONG');
    }
    expect(await idle.readUntilClose()).toBe('');
    expect(serving.log).toContain('- Closing idle client');
    expect(await subscriber.call('PING')).toEqual(['pong', '']);
  });

  it('stays for good without one', async () => {
    await using serving = await serve({ clock: 'manual' });
    const client = await serving.connect();
    serving.server.clock.advance(3_600_000);
    expect(await client.call('PING')).toBe('PONG');
  });
});

describe('Requests that take too much', () => {
  it('close the connection at client-query-buffer-limit, and the log shows how they began', async () => {
    await using serving = await serve({ config: { 'client-query-buffer-limit': 1048576 } });
    const client = await serving.connect();
    client.sendRaw('*2\r\n$3\r\nGET\r\n$2000000\r\n\x01"x');
    client.sendRaw(Buffer.alloc(1_500_000, 'x'));
    expect(await client.readUntilClose()).toBe('');
    const line = serving.log.find((entry) => entry.includes('max query buffer length'))!;
    expect(line).toMatch(/^# Closing client that reached max query buffer length: id=\d+ addr=127\.0\.0\.1:\d+ .*/);
    expect(line).toMatch(/ \(qbuf initial bytes: "\\x01\\"x{62}"\)$/);
    const other = await serving.connect();
    expect(await other.call('PING')).toBe('PONG');
  });

  it('do not if they are executed as they come', async () => {
    await using serving = await serve({ config: { 'client-query-buffer-limit': 1048576 } });
    const client = await serving.connect();
    for (let i = 0; i < 4; i++) expect(await client.call('SET', 'k', Buffer.alloc(900_000))).toBe('OK');
  });
});

describe('The log', () => {
  it('shows what was wrong with a request, at level verbose', async () => {
    await using serving = await serve({ config: { loglevel: 'verbose' } });
    const client = await serving.connect();
    client.sendRaw('*1\r\nfoo\x01\r\n');
    expect(await client.readUntilClose()).toBe("-ERR Protocol error: expected '$', got 'f'\r\n");
    const line = serving.log.find((entry) => entry.includes('Protocol error'))!;
    expect(line).toMatch(
      /^- Protocol error \(expected \$ but got something else\) from client: id=\d+ addr=.* resp=2\. /,
    );
    expect(line).toMatch(/ Query buffer during protocol error: 'foo\.\.\.'$/);
  });

  it('shows the two ends of a long one', async () => {
    await using serving = await serve({ config: { loglevel: 'verbose' } });
    const client = await serving.connect();
    client.sendRaw(`*1\r\n${'a'.repeat(100)}${'b'.repeat(100)}\r\n`);
    await client.readUntilClose();
    const line = serving.log.find((entry) => entry.includes('Protocol error'))!;
    expect(line).toContain(`'${'a'.repeat(64)}' (... more 74 bytes ...) '${'b'.repeat(62)}..'`);
  });

  it('tells who comes and goes, at level verbose only', async () => {
    await using talkative = await serve({ config: { loglevel: 'verbose' } });
    await using quiet = await serve();
    for (const serving of [talkative, quiet]) {
      const client = await serving.connect();
      client.end();
      await client.readUntilClose();
    }
    expect(talkative.log.some((line) => /^- Accepted 127\.0\.0\.1:\d+$/.test(line))).toBe(true);
    expect(talkative.log.some((line) => /^- Client closed connection id=\d+ addr=.* cmd=NULL /.test(line))).toBe(true);
    expect(quiet.log.some((line) => line.startsWith('-'))).toBe(false);
  });
});
