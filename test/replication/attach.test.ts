/** Servers that start from their own snapshot, and go on where they stopped. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ServerHandle, type ServerOptions, startServer } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';

const CONFIG = { 'enable-debug-command': 'yes', 'repl-ping-replica-period': 3600 };
let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'attach-'));
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

async function info(server: ServerHandle, section = 'replication'): Promise<Record<string, string>> {
  const lines = String(await server.execute('INFO', section)).split('\r\n');
  return Object.fromEntries(lines.filter((line) => line.includes(':')).map((line) => line.split(/:(.*)/s, 2)));
}

function start(options: ServerOptions, config: Record<string, string | number> = {}): Promise<ServerHandle> {
  return startServer({ ...options, config: { ...CONFIG, ...config } });
}

async function linked(replica: ServerHandle, master: ServerHandle): Promise<void> {
  await eventually(
    async () => {
      const { master_link_status: status, slave_repl_offset: offset } = await info(replica);
      return status === 'up' && offset === (await info(master))['master_repl_offset'];
    },
    { timeoutMs: 20_000 },
  );
}

describe('a server that starts from its own snapshot', () => {
  it('asks its master for what it has missed, and for no more', async () => {
    await using master = await start({});
    const options = { persistence: { dir, save: false }, replicaOf: master } as const;
    const first = await start(options);
    await linked(first, master);
    await master.execute('SET', 'k', '1');
    await linked(first, master);
    await first.execute('SAVE');
    await first.close();
    await master.execute('SET', 'k', '2');
    await using second = await start(options);
    await linked(second, master);
    expect(await second.execute('GET', 'k')).toBe('2');
    expect(await info(master, 'stats')).toMatchObject({ sync_full: '1', sync_partial_ok: '1' });
  });

  it('lets its replicas go on, with a history of its own from there', async () => {
    const options = { persistence: { dir, save: false }, port: 0 } as const;
    const first = await start(options);
    const { port } = first;
    await using replica = await start({ replicaOf: first });
    await first.execute('SET', 'k', '1');
    await linked(replica, first);
    const before = await info(first);
    await first.execute('SAVE');
    await first.close();
    await using second = await start({ ...options, port });
    expect(await info(second)).toMatchObject({
      role: 'master',
      master_replid2: before['master_replid'],
      second_repl_offset: String(Number(before['master_repl_offset']) + 1),
      master_repl_offset: before['master_repl_offset'],
    });
    await linked(replica, second);
    await second.execute('SET', 'k', '2');
    await linked(replica, second);
    expect(await replica.execute('GET', 'k')).toBe('2');
    expect(await info(second, 'stats')).toMatchObject({ sync_full: '0', sync_partial_ok: '1' });
  });

  it('has its replicas delete the keys that it left out because their time has passed', async () => {
    const options = { persistence: { dir, save: false }, port: 0 } as const;
    const first = await start(options);
    const { port } = first;
    await using replica = await start({ replicaOf: first });
    // However slow the machine is, the key is not deleted before it is saved.
    await first.execute('DEBUG', 'SET-ACTIVE-EXPIRE', '0');
    await first.execute('SET', 'short', '1', 'PX', 300);
    await first.execute('SET', 'long', '1');
    await linked(replica, first);
    const before = Number((await info(first))['master_repl_offset']);
    await first.execute('SAVE');
    await first.close();
    await eventually(async () => (await replica.execute('GET', 'short')) === null);
    expect(await replica.execute('DBSIZE')).toBe(2);
    await using second = await start({ ...options, port });
    const command = '*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*2\r\n$3\r\nDEL\r\n$5\r\nshort\r\n';
    expect((await info(second))['master_repl_offset']).toBe(String(before + command.length));
    await linked(replica, second);
    expect(await replica.execute('DBSIZE')).toBe(1);
    expect(await info(second, 'stats')).toMatchObject({ sync_full: '0', sync_partial_ok: '1' });
  });

  it('begins anew where the snapshot says nothing of a history', async () => {
    const options = { persistence: { dir, save: false } } as const;
    const first = await start(options);
    await first.execute('SET', 'k', '1');
    await first.execute('SAVE');
    await first.close();
    await using second = await start(options);
    expect(await info(second)).toMatchObject({
      master_repl_offset: '0',
      second_repl_offset: '-1',
      repl_backlog_active: '0',
    });
  });
});
