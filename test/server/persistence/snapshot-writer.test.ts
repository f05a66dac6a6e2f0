/** Saves by a process beside the server: what the server makes of how it goes. The process is a stand-in here. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { diskErrorOf } from '../../../src/host/error-texts.ts';
import type { Host } from '../../../src/host/host.ts';
import { createNodeHost } from '../../../src/host/node/host.ts';
import type { SaveEvents, SaveOrder, Saver, Saving } from '../../../src/host/saver.ts';
import { composeServer } from '../../../src/topology/server.ts';
import { TestClient } from '../../support/in-process.ts';
import { eventually } from '../../support/eventually.ts';

const PID = 4242;

/** Writes at once what it is given, and ends when a test says so. */
class StandIn implements Saver, Saving {
  pid: number | null = PID;
  /** What comes of a file that is finished; undefined to keep silent. */
  outcome: Parameters<SaveEvents['ended']>[0] | undefined = null;
  queuedBytes = 0;
  orders: SaveOrder[] = [];
  abandoned = 0;
  events: SaveEvents | null = null;
  readonly #written: Buffer[] = [];

  prepare(): number | null {
    return this.pid;
  }

  begin(order: SaveOrder, events: SaveEvents): Saving {
    this.orders.push(order);
    this.events = events;
    this.#written.length = 0;
    return this;
  }

  attend(): () => void {
    return () => {};
  }

  write(bytes: Buffer): void {
    this.#written.push(Buffer.from(bytes));
    setImmediate(() => this.events?.sent(bytes));
  }

  finish(): void {
    const { outcome } = this;
    if (outcome === undefined) return;
    writeFileSync(this.orders.at(-1)!.path, Buffer.concat(this.#written));
    setImmediate(() => this.end(outcome));
  }

  abandon(): void {
    if (this.events !== null) this.abandoned++;
    this.events = null;
  }

  end(outcome: Parameters<SaveEvents['ended']>[0]): void {
    const { events } = this;
    this.events = null;
    events?.ended(outcome);
  }
}

let dir: string;
let saver: StandIn;
let log: string[];
let client: TestClient;

function open(config: Record<string, string> = {}): void {
  const real = createNodeHost({ workingDirectory: dir, log: (line) => log.push(line) });
  const { processes } = real;
  const host: Host = {
    ...real,
    processes: {
      isExecutable: (path) => processes.isExecutable(path),
      start: (...args) => processes.start(...args),
      saver,
    },
  };
  const server = composeServer(host, { persistence: { dir, save: '100 1000' }, config });
  client = new TestClient(server);
  client.call('SET', 'k', 'v');
}

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'resplica-'));
  saver = new StandIn();
  log = [];
  open();
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

const info = (): Record<string, string> =>
  Object.fromEntries(
    String(client.call('INFO', 'persistence'))
      .split('\r\n')
      .map((line) => line.split(':') as [string, string]),
  );
const logged = (text: string): boolean => log.some((line) => line.includes(text));

async function untilSaved(): Promise<void> {
  await eventually(() => info()['rdb_bgsave_in_progress'] === '0' && info()['aof_rewrite_in_progress'] === '0');
}

describe('BGSAVE by a process', () => {
  it('puts what it wrote in the place of the old file', async () => {
    expect(client.call('BGSAVE')).toBe('Background saving started');
    const temporary = join(dir, `temp-${PID}.rdb`);
    expect(existsSync(temporary)).toBe(true);
    expect(saver.orders).toEqual([{ path: temporary, title: 'redis-rdb-bgsave', syncEveryBytes: 4 << 20 }]);
    await untilSaved();
    expect(readdirSync(dir)).toEqual(['dump.rdb']);
    expect(readFileSync(join(dir, 'dump.rdb'), 'latin1')).toContain('\0\u0001k\u0001v');
    expect(info()).toMatchObject({ rdb_last_bgsave_status: 'ok', rdb_changes_since_last_save: '0' });
    expect(logged(`Background saving started by pid ${PID}`)).toBe(true);
    expect(logged('Background saving terminated with success')).toBe(true);
  });

  it.each([
    [9, 'err'],
    [15, 'err'],
    [10, 'ok'],
  ])('that is ended by signal %i has the status %s afterwards', async (signal, status) => {
    saver.outcome = undefined;
    client.call('BGSAVE');
    saver.end({ exitCode: 0, signal });
    expect(info()).toMatchObject({ rdb_bgsave_in_progress: '0', rdb_last_bgsave_status: status });
    expect(info()['rdb_changes_since_last_save']).toBe('1');
    expect(logged(`# Background saving terminated by signal ${signal}`)).toBe(true);
    expect(readdirSync(dir)).toEqual([]);
    expect(client.call('SET', 'k', 'w')).toMatch(status === 'ok' ? /^OK$/ : /^-MISCONF /);
    saver.outcome = null;
    client.call('BGSAVE');
    await untilSaved();
    expect(client.call('SET', 'k', 'w')).toBe('OK');
  });

  it.each([
    ['the disk is full', diskErrorOf('ENOSPC'), 'No space left on device'],
    ['the device fails', diskErrorOf('EIO'), 'Input/output error'],
    ['it cannot be run', { exitCode: 127, signal: 0 }, 'The process that writes it has failed'],
  ])('fails when %s', async (_case, outcome, text) => {
    saver.outcome = outcome;
    client.call('BGSAVE');
    await untilSaved();
    expect(info()['rdb_last_bgsave_status']).toBe('err');
    expect(logged(`# Write error saving DB on disk(rdbSaveRio): ${text}`)).toBe(true);
    expect(logged('# Background saving error')).toBe(true);
    expect(readdirSync(dir)).toEqual([]);
  });

  it('fails when the disk does, in the middle', () => {
    saver.outcome = undefined;
    client.call('BGSAVE');
    saver.end(diskErrorOf('ENOSPC'));
    expect(info()).toMatchObject({ rdb_bgsave_in_progress: '0', rdb_last_bgsave_status: 'err' });
    expect(logged('No space left on device')).toBe(true);
  });

  it('fails before the process hears of it when the file cannot be made', () => {
    mkdirSync(join(dir, `temp-${PID}.rdb`));
    client.call('BGSAVE');
    expect(info()['rdb_last_bgsave_status']).toBe('err');
    expect(logged(`# Failed opening the temp RDB file temp-${PID}.rdb`)).toBe(true);
    expect(saver.orders).toEqual([]);
  });

  it('waits while too much is on its way', async () => {
    for (let i = 0; i < 200; i++) client.call('SET', `long:${i}`, 'x'.repeat(50_000));
    client.call('CONFIG', 'SET', 'rdbcompression', 'no');
    saver.queuedBytes = 4 << 20;
    client.call('BGSAVE');
    for (let turn = 0; turn < 100; turn++) await new Promise<void>((done) => void setImmediate(done));
    expect(Number(info()['current_save_keys_processed'])).toBeLessThan(10);
    saver.queuedBytes = 0;
    saver.events!.sent(Buffer.alloc(0));
    await untilSaved();
    expect(info()['rdb_last_bgsave_status']).toBe('ok');
  });

  it('lets go of the process when FLUSHALL makes the file pointless', () => {
    saver.outcome = undefined;
    client.call('CONFIG', 'SET', 'rdb-key-save-delay', 1_000_000);
    client.call('BGSAVE');
    client.call('FLUSHALL');
    expect(saver.abandoned).toBe(1);
    expect(info()).toMatchObject({ rdb_bgsave_in_progress: '0', rdb_last_bgsave_status: 'ok' });
    expect(readdirSync(dir)).toEqual(['dump.rdb']);
  });

  it('is done by the server itself where there is no process to be had', async () => {
    saver.pid = null;
    client.call('BGSAVE');
    await untilSaved();
    expect(info()['rdb_last_bgsave_status']).toBe('ok');
    expect(logged(`Background saving started by pid ${process.pid}`)).toBe(true);
    expect(logged('* No process can be started for saving: the server writes the file itself.')).toBe(true);
    expect(saver.orders).toEqual([]);
    expect(readdirSync(dir)).toEqual(['dump.rdb']);
  });
});

describe('BGREWRITEAOF by a process', () => {
  it('puts what it wrote in the place of the base', async () => {
    client.call('BGREWRITEAOF');
    expect(saver.orders).toMatchObject([
      { path: join(dir, `temp-rewriteaof-bg-${PID}.aof`), title: 'redis-aof-rewrite' },
    ]);
    await untilSaved();
    expect(info()['aof_last_bgrewrite_status']).toBe('ok');
    expect(readdirSync(join(dir, 'appendonlydir'))).toContain('appendonly.aof.1.base.rdb');
    expect(readdirSync(dir)).toEqual(['appendonlydir']);
  });

  it.each([
    [9, 'err'],
    [10, 'ok'],
  ])('that is ended by signal %i has the status %s afterwards', (signal, status) => {
    saver.outcome = undefined;
    client.call('BGREWRITEAOF');
    saver.end({ exitCode: 0, signal });
    expect(info()).toMatchObject({ aof_rewrite_in_progress: '0', aof_last_bgrewrite_status: status });
    expect(logged(`# Background AOF rewrite terminated by signal ${signal}`)).toBe(true);
    expect(readdirSync(dir).filter((name) => name.startsWith('temp-'))).toEqual([]);
  });

  it('fails when the disk is full', async () => {
    saver.outcome = diskErrorOf('ENOSPC');
    client.call('BGREWRITEAOF');
    await untilSaved();
    expect(info()['aof_last_bgrewrite_status']).toBe('err');
    expect(logged('# Write error writing append only file on disk: No space left on device')).toBe(true);
    expect(logged('# Background AOF rewrite terminated with error')).toBe(true);
  });
});

it('a server that keeps nothing saves without a process', async () => {
  const host = createNodeHost({ workingDirectory: dir });
  const withSaver: Host = { ...host, processes: { isExecutable: () => false, start: () => null, saver } };
  client = new TestClient(composeServer(withSaver, {}));
  client.call('BGSAVE');
  await untilSaved();
  expect(info()['rdb_last_bgsave_status']).toBe('ok');
  expect(saver.orders).toEqual([]);
  expect(readdirSync(dir)).toEqual([]);
});
