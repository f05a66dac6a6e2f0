/** Saves that a process beside the server stands for: what the server makes of its end. The process is a stand-in here. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Host, ProcessEnd } from '../../../src/host/host.ts';
import { createNodeHost } from '../../../src/host/node/host.ts';
import type { SaveProcess } from '../../../src/host/save-process.ts';
import { composeServer } from '../../../src/topology/server.ts';
import { TestClient } from '../../support/in-process.ts';
import { eventually } from '../../support/eventually.ts';

const PID = 4242;

class StandIn implements SaveProcess {
  pid: number | null = PID;
  /** The files that it has stood for. */
  readonly files: (string | null)[] = [];
  #ended: ((end: ProcessEnd) => void) | null = null;

  prepare(): number | null {
    return this.pid;
  }

  attend(file: string | null, ended: (end: ProcessEnd) => void): () => void {
    this.files.push(file);
    this.#ended = ended;
    return () => (this.#ended = null);
  }

  /** Whether it stands for a save now. */
  get isAttending(): boolean {
    return this.#ended !== null;
  }

  end(end: ProcessEnd): void {
    const ended = this.#ended;
    this.#ended = null;
    ended?.(end);
  }
}

let dir: string;
let standIn: StandIn;
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
      saveProcess: standIn,
    },
  };
  const server = composeServer(host, { persistence: { dir, save: '100 1000' }, config });
  client = new TestClient(server);
  client.call('SET', 'k', 'v');
}

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'resplica-'));
  standIn = new StandIn();
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

/** A save that does not get on. */
function startSlowly(command: 'BGSAVE' | 'BGREWRITEAOF'): void {
  client.call('CONFIG', 'SET', 'rdb-key-save-delay', 1_000_000);
  client.call(command);
  client.call('CONFIG', 'SET', 'rdb-key-save-delay', 0);
  expect(standIn.isAttending).toBe(true);
}

const temporaryFiles = (): string[] => readdirSync(dir).filter((name) => name.startsWith('temp-'));

describe('BGSAVE with a process that stands for it', () => {
  it('names it, and lets it go when the file is whole', async () => {
    expect(client.call('BGSAVE')).toBe('Background saving started');
    const temporary = join(dir, `temp-${PID}.rdb`);
    expect(existsSync(temporary)).toBe(true);
    expect(standIn.files).toEqual([temporary]);
    await untilSaved();
    expect(standIn.isAttending).toBe(false);
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
    startSlowly('BGSAVE');
    standIn.end({ exitCode: 0, signal });
    expect(info()).toMatchObject({ rdb_bgsave_in_progress: '0', rdb_last_bgsave_status: status });
    expect(info()['rdb_changes_since_last_save']).toBe('1');
    expect(logged(`# Background saving terminated by signal ${signal}`)).toBe(true);
    expect(readdirSync(dir)).toEqual([]);
    expect(client.call('SET', 'k', 'w')).toMatch(status === 'ok' ? /^OK$/ : /^-MISCONF /);
    client.call('BGSAVE');
    await untilSaved();
    expect(client.call('SET', 'k', 'w')).toBe('OK');
  });

  it('fails when the process ends by itself', () => {
    startSlowly('BGSAVE');
    standIn.end({ exitCode: 1, signal: 0 });
    expect(info()).toMatchObject({ rdb_bgsave_in_progress: '0', rdb_last_bgsave_status: 'err' });
    expect(logged('# Write error saving DB on disk(rdbSaveRio): The process that stands for it has ended')).toBe(true);
    expect(logged('# Background saving error')).toBe(true);
    expect(readdirSync(dir)).toEqual([]);
  });

  it('fails before the process hears of it when the file cannot be made', () => {
    mkdirSync(join(dir, `temp-${PID}.rdb`));
    client.call('BGSAVE');
    expect(info()['rdb_last_bgsave_status']).toBe('err');
    expect(logged(`# Failed opening the temp RDB file temp-${PID}.rdb`)).toBe(true);
    expect(standIn.files).toEqual([]);
  });

  it('lets go of the process when FLUSHALL makes the file pointless', () => {
    startSlowly('BGSAVE');
    client.call('FLUSHALL');
    expect(standIn.isAttending).toBe(false);
    expect(info()).toMatchObject({ rdb_bgsave_in_progress: '0', rdb_last_bgsave_status: 'ok' });
    expect(readdirSync(dir)).toEqual(['dump.rdb']);
  });

  it('goes by the number of the server where there is no process to be had', async () => {
    standIn.pid = null;
    client.call('BGSAVE');
    await untilSaved();
    expect(info()['rdb_last_bgsave_status']).toBe('ok');
    expect(logged(`Background saving started by pid ${process.pid}`)).toBe(true);
    expect(standIn.files).toEqual([]);
    expect(readdirSync(dir)).toEqual(['dump.rdb']);
  });
});

describe('BGREWRITEAOF with a process that stands for it', () => {
  it('names it, and lets it go when the base is whole', async () => {
    client.call('BGREWRITEAOF');
    expect(standIn.files).toEqual([join(dir, `temp-rewriteaof-bg-${PID}.aof`)]);
    await untilSaved();
    expect(standIn.isAttending).toBe(false);
    expect(info()['aof_last_bgrewrite_status']).toBe('ok');
    expect(readdirSync(join(dir, 'appendonlydir'))).toContain('appendonly.aof.1.base.rdb');
    expect(readdirSync(dir)).toEqual(['appendonlydir']);
  });

  it.each([
    [9, 'err'],
    [10, 'ok'],
  ])('that is ended by signal %i has the status %s afterwards', (signal, status) => {
    startSlowly('BGREWRITEAOF');
    standIn.end({ exitCode: 0, signal });
    expect(info()).toMatchObject({ aof_rewrite_in_progress: '0', aof_last_bgrewrite_status: status });
    expect(logged(`# Background AOF rewrite terminated by signal ${signal}`)).toBe(true);
    expect(temporaryFiles()).toEqual([]);
  });
});

it('a server that keeps nothing saves without a process', async () => {
  const host = createNodeHost({ workingDirectory: dir });
  const processes = { isExecutable: () => false, start: () => null, saveProcess: standIn };
  client = new TestClient(composeServer({ ...host, processes }, {}));
  client.call('BGSAVE');
  await untilSaved();
  expect(info()['rdb_last_bgsave_status']).toBe('ok');
  expect(standIn.files).toEqual([]);
  expect(readdirSync(dir)).toEqual([]);
});
