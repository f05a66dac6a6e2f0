/** Whoever starts and closes servers in a process finds it as it was. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startServer } from '../../src/index.ts';
import { liveBytes } from '../support/collect-garbage.ts';
import { eventually } from '../support/eventually.ts';
import { projectRoot } from '../support/project.ts';
import { RespClient } from '../support/resp-client.ts';

/** What keeps the process alive, counted by kind. */
function resources(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

/** Sockets, servers and timers; what the test runner itself has open changes besides. */
function watched(): Record<string, number> {
  const counts = resources();
  const kinds = ['TCPSERVERWRAP', 'TCPSocketWrap', 'TCPServerWrap', 'TCPSOCKETWRAP', 'PipeServerWrap', 'Immediate'];
  return Object.fromEntries(kinds.map((kind) => [kind, counts[kind] ?? 0]));
}

describe('after close', () => {
  it('neither socket nor timer is left in the process', async () => {
    await useAndClose();
    const before = watched();
    const timers = resources()['Timeout'] ?? 0;
    for (let round = 0; round < 5; round++) await useAndClose();
    await eventually(() => {
      expect(watched()).toEqual(before);
      return (resources()['Timeout'] ?? 0) <= timers + 1; // The one that polls here.
    });
  });

  it('no memory is left of a hundred servers with data', async () => {
    for (let round = 0; round < 20; round++) await useAndClose();
    const before = liveBytes();
    for (let round = 0; round < 100; round++) await useAndClose();
    await eventually(() => liveBytes() - before < 2 * 1024 * 1024, { everyMs: 200 });
  }, 60_000);

  it('no memory is left of thousands of clients', async () => {
    await using server = await startServer({ password: 'secret' });
    const lines =
      'AUTH secret\r\nSET k v\r\nWATCH k\r\nMULTI\r\nGET k\r\nEXEC\r\nSUBSCRIBE a\r\nPSUBSCRIBE b*\r\n*2\r\n$3\r\nGE';
    const come = async (): Promise<void> => {
      const stream = server.connect();
      stream.write(lines);
      await once(stream, 'data');
      stream.destroy();
      await once(stream, 'close');
    };
    for (let client = 0; client < 500; client++) await come();
    const before = liveBytes();
    for (let client = 0; client < 3000; client++) await come();
    expect(await server.execute('INFO', 'clients')).toContain('connected_clients:0');
    // A session is some kilobytes, so a leak of any part of it is megabytes; compiled code comes and goes meanwhile.
    await eventually(() => liveBytes() - before < 2 * 1024 * 1024, { everyMs: 200, timeoutMs: 20_000 });
  }, 60_000);

  it('no file is left', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'embedded-'));
    try {
      await using server = await startServer({ config: { dir: folder } });
      await server.execute('SET', 'k', 'v');
      await server.close();
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('a process that used servers', () => {
  it('ends by itself', () => {
    const { status, stdout, stderr } = run(`
      const servers = await Promise.all([startServer(), startServer({ clock: 'manual' }), startServer()]);
      for (const server of servers) await server.execute('SET', 'k', 'v', 'EX', 100);
      const stream = servers[0].connect();
      stream.write('PING\\r\\n');
      await new Promise((done) => stream.once('data', done));
      servers[1].clock.advance(5000);
      await Promise.all(servers.map((server) => server.close()));
      console.log('closed');
    `);
    expect([status, stdout, stderr]).toEqual([0, 'closed\n', '']);
  });

  it('ends by itself after a start that failed', () => {
    const { status, stdout, stderr } = run(`
      await startServer({ config: { nonsense: 1 } }).catch((error) => console.log(error.code));
      await startServer({ host: '192.0.2.1' }).catch((error) => console.log(error.code));
    `);
    expect([status, stdout, stderr]).toEqual([0, 'ERR_BAD_CONFIG\nERR_CANNOT_LISTEN\n', '']);
  });

  it('goes on while a server runs', () => {
    const { status } = run('await startServer(); setTimeout(() => process.exit(7), 300).unref();');
    expect(status).toBe(7);
  });
});

async function useAndClose(): Promise<void> {
  await using server = await startServer();
  await using client = await RespClient.connect({ port: server.port });
  await client.call('SET', 'k', Buffer.alloc(100_000));
  await client.call('GET', 'k');
  const stream = server.connect();
  stream.write('SUBSCRIBE news\r\n');
  await server.execute('EXPIRE', 'k', 100);
  await server.execute('PUBLISH', 'news', 'x');
}

function run(program: string): ReturnType<typeof spawnSync> {
  const folder = mkdtempSync(join(tmpdir(), 'embedding-'));
  try {
    const file = join(folder, 'program.mts');
    writeFileSync(file, `import { startServer } from '${join(projectRoot, 'src/index.ts')}';\n${program}`);
    const args = ['--import', import.meta.resolve('tsx'), file];
    return spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 20_000 });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
