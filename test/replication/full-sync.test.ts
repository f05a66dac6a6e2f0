import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ServerHandle, startServer } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { command } from './fake-master.ts';
import { RawReplica } from './raw-replica.ts';

const KEYS = 300;
const CONFIG = { 'enable-debug-command': 'yes', 'repl-ping-replica-period': 3600 };

/** A master with some keys. @param slowly it takes a while to save them. */
async function masterWith(config: Record<string, string | number>, slowly = true): Promise<ServerHandle> {
  const all = { ...CONFIG, ...(slowly ? { 'rdb-key-save-delay': 3000 } : {}), ...config };
  const master = await startServer({ config: all });
  await master.execute('DEBUG', 'POPULATE', KEYS, 'key', 100);
  return master;
}

async function replica(master: ServerHandle, ...capabilities: string[]): Promise<RawReplica> {
  const raw = new RawReplica(master.port);
  for (const capability of capabilities) await raw.tell('capa', capability);
  return raw;
}

async function logged(master: ServerHandle, text: string): Promise<void> {
  await eventually(() => master.log.some((line) => line.includes(text)), { what: `the log says ${text}` });
}

describe('a full synchronisation', () => {
  it('is shared by replicas that come while the file is saved: one file, and the stream from its offset on', async () => {
    await using master = await masterWith({ 'repl-diskless-sync': 'no' });
    await using first = await replica(master, 'psync2');
    first.say('PSYNC', '?', '-1');
    const answer = await first.line();
    await master.execute('SET', 'during', '1');
    await using second = await replica(master, 'eof', 'psync2');
    second.say('PSYNC', '?', '-1');
    expect(await second.line()).toBe(answer);
    await logged(master, 'Waiting for end of BGSAVE for SYNC');
    await master.execute('SET', 'during', '2');
    const snapshots = [await first.snapshot(), await second.snapshot()];
    expect(snapshots[0]!.equals(snapshots[1]!)).toBe(true);
    expect(snapshots[0]!.includes('during')).toBe(false);
    const last = command('SET', 'during', '2');
    const stream = await first.until(last);
    expect(await second.until(last)).toBe(stream);
    // The PING of the first second may be among them.
    expect(stream.replace(command('ping'), '')).toBe(
      command('SELECT', '0') + command('SET', 'during', '1') + command('SELECT', '0') + last,
    );
    expect(master.log.filter((line) => line.includes('Background saving started'))).toHaveLength(1);
  });

  it('is not shared with a replica that can do less', async () => {
    await using master = await masterWith({ 'repl-diskless-sync': 'no' });
    await using first = await replica(master, 'psync2', 'eof');
    first.say('PSYNC', '?', '-1');
    await first.line();
    await using second = await replica(master);
    second.say('PSYNC', '?', '-1');
    await logged(master, "Can't attach the replica to the current BGSAVE. Waiting for next BGSAVE for SYNC");
    await first.snapshot();
    expect(await second.until('+FULLRESYNC')).toMatch(/^\n*\+FULLRESYNC$/);
    await second.line();
    expect((await second.snapshot()).subarray(0, 9).toString()).toBe('REDIS0010');
    expect(master.log.filter((line) => line.includes('Background saving started'))).toHaveLength(2);
  });

  it('waits for others to come before it goes straight into connections, and signs of life come meanwhile', async () => {
    await using master = await masterWith({ 'repl-diskless-sync-delay': 2 });
    await using first = await replica(master, 'eof');
    await using second = await replica(master, 'eof');
    first.say('PSYNC', '?', '-1');
    await logged(master, 'Delay next BGSAVE for diskless SYNC');
    second.say('PSYNC', '?', '-1');
    expect(await first.until('+FULLRESYNC')).toMatch(/^\n+\+FULLRESYNC$/);
    await second.until('+FULLRESYNC');
    const offsets = [await first.line(), await second.line()];
    expect(offsets[0]).toBe(offsets[1]);
    await using third = await replica(master, 'eof');
    third.say('PSYNC', '?', '-1');
    await logged(master, 'Current BGSAVE has socket target. Waiting for next BGSAVE for SYNC');
    await master.execute('SET', 'during', '1');
    expect((await first.snapshot()).equals(await second.snapshot())).toBe(true);
    first.say('REPLCONF', 'ACK', '0');
    expect(await first.until(command('SET', 'during', '1'))).toContain(command('SELECT', '0'));
    // Nothing comes before the first acknowledgement.
    expect(second.text).toBe('');
    second.say('REPLCONF', 'ACK', '0');
    await second.until(command('SET', 'during', '1'));
    await third.until('+FULLRESYNC');
  });

  it('begins at once when as many have come as can be expected', async () => {
    await using master = await masterWith(
      { 'repl-diskless-sync-delay': 1000, 'repl-diskless-sync-max-replicas': 2 },
      false,
    );
    await using first = await replica(master, 'eof');
    await using second = await replica(master, 'eof');
    first.say('PSYNC', '?', '-1');
    second.say('PSYNC', '?', '-1');
    await first.until('+FULLRESYNC');
    await second.until('+FULLRESYNC');
  });

  it('goes on for the others when one replica leaves, and ends when the last one does', async () => {
    await using master = await masterWith({ 'repl-diskless-sync-delay': 1 });
    await using first = await replica(master, 'eof');
    await using second = await replica(master, 'eof');
    first.say('PSYNC', '?', '-1');
    second.say('PSYNC', '?', '-1');
    await first.until('$EOF');
    first.hangUp();
    await second.until('+FULLRESYNC');
    await second.line();
    expect((await second.snapshot()).subarray(0, 9).toString()).toBe('REDIS0010');
    await using third = await replica(master, 'eof');
    third.say('PSYNC', '?', '-1');
    await third.until('$EOF');
    third.hangUp();
    await logged(master, 'Diskless rdb transfer, last replica dropped, killing fork child.');
    expect(String(await master.execute('INFO', 'persistence'))).toContain('rdb_bgsave_in_progress:0');
  });

  it('closes the connection of who wants nothing but the snapshot', async () => {
    for (const diskless of ['yes', 'no']) {
      await using master = await masterWith({ 'repl-diskless-sync': diskless, 'repl-diskless-sync-delay': 0 }, false);
      await using raw = await replica(master, 'eof');
      await raw.tell('rdb-only', '1');
      raw.say('SYNC');
      expect((await raw.snapshot()).length).toBeGreaterThan(KEYS);
      await raw.closed();
    }
  });

  it('leaves out what a replica does not want', async () => {
    await using master = await masterWith({ 'repl-diskless-sync': 'no' }, false);
    await using raw = await replica(master, 'eof');
    await raw.tell('rdb-filter-only', 'functions');
    raw.say('SYNC');
    const snapshot = await raw.snapshot();
    expect(snapshot.subarray(0, 9).toString()).toBe('REDIS0010');
    expect(snapshot.includes('key:')).toBe(false);
  });

  it('is refused when the dataset cannot be saved', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'full-sync-'));
    await using master = await masterWith({ 'repl-diskless-sync': 'no', dir }, false);
    rmSync(dir, { recursive: true });
    await using raw = await replica(master);
    raw.say('SYNC');
    expect(await raw.line()).toBe("-ERR BGSAVE failed, replication can't continue");
    await raw.closed();
    await logged(master, 'BGSAVE for replication failed');
  });

  it('is over for all who wait when the dataset is emptied', async () => {
    await using master = await masterWith({ 'repl-diskless-sync': 'no' });
    await using raw = await replica(master);
    raw.say('SYNC');
    await logged(master, 'Background saving started');
    await master.execute('FLUSHALL');
    await raw.closed();
    await logged(master, 'SYNC failed. BGSAVE child returned an error');
  });

  it('begins anew, where it goes straight into connections, when the dataset is emptied', async () => {
    await using master = await masterWith({ 'repl-diskless-sync-delay': 0 });
    await using first = await replica(master, 'eof');
    first.say('PSYNC', '?', '-1');
    await first.until('$EOF');
    await using second = await replica(master, 'eof');
    second.say('PSYNC', '?', '-1');
    await logged(master, 'Current BGSAVE has socket target');
    await master.execute('FLUSHALL');
    await first.closed();
    await second.until('+FULLRESYNC');
    await second.line();
    expect((await second.snapshot()).length).toBeLessThan(300);
  });

  it('lets a replica that does not read hold up nobody but itself', async () => {
    const config = { ...CONFIG, 'repl-diskless-sync-delay': 0, 'repl-timeout': 2, rdbcompression: 'no' };
    await using master = await startServer({ config });
    await master.execute('DEBUG', 'POPULATE', 400, 'key', 100_000);
    await using stuck = await replica(master, 'eof');
    stuck.pause();
    stuck.say('PSYNC', '?', '-1');
    await logged(master, 'Starting BGSAVE for SYNC');
    expect(await master.execute('SET', 'k', 'v')).toBe('OK');
    await eventually(() => master.log.some((line) => line.includes('Disconnecting timedout replica (full sync)')), {
      timeoutMs: 20_000,
    });
    expect(String(await master.execute('INFO', 'replication'))).toContain('connected_slaves:0');
  }, 30_000);

  it.each([
    ['yes', [], []],
    ['no', ['dump.rdb'], ['dump.rdb']],
  ])('leaves no file on either side with rdb-del-sync-files: %s', async (deletes, onMaster, onReplica) => {
    const folder = mkdtempSync(join(tmpdir(), 'resplica-sync-'));
    const dirs = ['master', 'replica'].map((name) => join(folder, name)) as [string, string];
    for (const dir of dirs) mkdirSync(dir);
    const config = { ...CONFIG, 'repl-diskless-sync': 'no', 'rdb-del-sync-files': deletes, save: '' };
    {
      await using master = await startServer({ persistence: { dir: dirs[0] }, config });
      await master.execute('SET', 'k', 'v');
      await using follower = await startServer({ persistence: { dir: dirs[1] }, config, replicaOf: master });
      await eventually(async () => (await follower.execute('GET', 'k')) === 'v');
      await logged(master, 'succeeded');
      const removed = deletes === 'yes' ? [master, follower] : [];
      for (const server of removed) await logged(server, 'Removing the RDB file');
      expect(readdirSync(dirs[0])).toEqual(onMaster);
      expect(readdirSync(dirs[1])).toEqual(onReplica);
    }
    rmSync(folder, { recursive: true });
  });
});
