/**
 * The configuration beside redis-server's: the fixtures of test/server/config are what the real server does, and
 * thousands of CONFIG SETs, valid and not, get the same answers from both.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { NodeDisk } from '../../src/host/node/disk.ts';
import { Config } from '../../src/server/config/config.ts';
import { parametersByName } from '../../src/server/config/parameters.ts';
import { forcedLine, rewriteConfigText } from '../../src/server/config/rewrite.ts';
import { acceptedFiles, acceptedStarts } from '../server/config/fixtures/accepted-starts.ts';
import { FATAL_HEAD, mistakes, refusedStarts } from '../server/config/fixtures/refused-starts.ts';
import { DEFAULT_USER, rewriteCases, type RewriteCase } from '../server/config/fixtures/rewrite-cases.ts';
import { setCases } from '../server/config/fixtures/set-cases.ts';
import type { StartCase } from '../server/config/fixtures/start-cases.ts';
import { localClient, startConfig } from '../server/config/run-fixture.ts';
import { eventually } from '../support/eventually.ts';
import { findFreePort } from '../support/redis-process.ts';
import { describeWith } from '../support/requires.ts';
import { RespClient, RespError, type Reply } from '../support/resp-client.ts';
import { attemptsFor } from './config-attempts.ts';

const REFUSAL_TIMEOUT_MS = 10_000;

let root: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'twin-config-'));
});

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

/** A redis-server with exactly these arguments, and a client of it. */
class RealServer implements AsyncDisposable {
  readonly client: RespClient;
  readonly #child: ChildProcess;

  constructor(child: ChildProcess, client: RespClient) {
    this.#child = child;
    this.client = client;
  }

  static async start(args: readonly string[], port: number, folder: string, stdin = ''): Promise<RealServer> {
    const child = spawn('redis-server', args, { cwd: folder, stdio: ['pipe', 'ignore', 'ignore'] });
    child.stdin!.end(stdin, 'latin1');
    const connect = (): Promise<RespClient> => RespClient.connect({ port, bulkAsBuffer: true });
    try {
      const client = await eventually(connect, { what: `redis-server ${args.join(' ')} answers`, everyMs: 5 });
      return new RealServer(child, client);
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  /** The reply with binary strings, errors as "-text". */
  async call(...args: readonly string[]): Promise<unknown> {
    return toText(await this.client.call(...args.map((arg) => Buffer.from(arg, 'latin1'))));
  }

  async get(...patterns: string[]): Promise<Map<string, string>> {
    const flat = (await this.call('CONFIG', 'GET', ...patterns)) as string[];
    return new Map(flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1]!]] : [])));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }
}

function toText(reply: Reply): unknown {
  if (reply instanceof RespError) return `-${reply.message}`;
  if (reply instanceof Uint8Array) return Buffer.from(reply).toString('latin1');
  return Array.isArray(reply) ? reply.map(toText) : reply;
}

function makeFolder(files: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(root, 'x'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text, 'latin1');
  }
  return folder;
}

/** A server that allows everything, and our configuration in the same state. */
async function startPair(folder: string): Promise<{ real: RealServer; ours: Config; port: number }> {
  const port = await findFreePort();
  const args = ['--port', String(port), '--save', '', '--enable-protected-configs', 'yes'];
  const real = await RealServer.start(args, port, folder);
  const ours = new Config({ disk: new NodeDisk(folder), workingDirectory: folder });
  ours.assign('port', String(port));
  ours.assign('save', '');
  ours.assign('enable-protected-configs', 'yes');
  return { real, ours, port };
}

describeWith('redis-server', 'CONFIG GET beside redis-server', () => {
  it('shows the same names and defaults', async () => {
    const folder = makeFolder();
    const { real, ours } = await startPair(folder);
    await using _ = real;
    expect(new Map(ours.get(['*']).sort())).toEqual(new Map([...(await real.get('*'))].sort()));
    const hidden = ['use-exit-on-panic', 'rdb-key-save-delay', 'key-load-delay', 'watchdog-period'];
    hidden.push('loading-process-events-interval-bytes', 'KEY-load-delay', 'key-load*', 'nope');
    expect(new Map(ours.get(hidden).sort())).toEqual(new Map([...(await real.get(...hidden))].sort()));
  });
});

describeWith('redis-server', 'CONFIG GET of patterns beside redis-server', () => {
  it.each([
    [['*slave*', 'slave-priority', 'SLAVE-priority', 'replica-priorit?']],
    [['[m-n]ax*', 'MAX*', '*-[!a]*', 'max\\memory', 'max\\memor*']],
    [['', 'port\0', 'por*\0x', '[', '?', 'key-load-*', '*key-load-delay']],
  ])('shows the same for %j', async (patterns) => {
    const { real, ours } = await startPair(makeFolder());
    await using _ = real;
    expect(new Map(ours.get(patterns).sort())).toEqual(new Map([...(await real.get(...patterns))].sort()));
  });
});

describeWith('redis-server', 'CONFIG SET beside redis-server', () => {
  it('gives the replies of the fixtures', async () => {
    const folder = makeFolder();
    const { real, port } = await startPair(folder);
    await using _ = real;
    for (const [name, value, reason, shown] of setCases) {
      const label = `${name} ${JSON.stringify(value)}`;
      const reply = await real.call('CONFIG', 'SET', name, value);
      if (reason === null) expect(reply, label).toBe('OK');
      else expect(String(reply).endsWith(reason), `${label}: ${String(reply)}`).toBe(true);
      const [found] = (await real.get(name)).values();
      expect(found?.replaceAll(folder, '/srv').replace(String(port), '6379') ?? null, label).toBe(shown);
    }
  });

  it('answers every attempt on every parameter alike, and shows the same afterwards', async () => {
    const folder = makeFolder();
    const { real, ours, port } = await startPair(folder);
    await using _ = real;
    const different: string[] = [];
    let attempts = 0;
    for (const [name, { parameter }] of parametersByName) {
      const initial = ours.text(parameter.name);
      for (const value of [...attemptsFor(parameter, { folder, port }), initial]) {
        attempts++;
        const reply = real.call('CONFIG', 'SET', name, value);
        const [theirs, shown] = [await reply, await real.get(name)];
        const error = ours.set([name, value], localClient);
        const our = [error === null ? 'OK' : `-${error}`, ...ours.get([name])[0]!];
        const their = [theirs, ...[...shown][0]!];
        if (JSON.stringify(our) !== JSON.stringify(their)) different.push(`${value}: ours ${our}, theirs ${their}`);
      }
    }
    expect(different).toEqual([]);
    expect(attempts).toBeGreaterThan(15_000);
  }, 120_000);

  it('sets several parameters or none', async () => {
    const { real, ours } = await startPair(makeFolder());
    await using _ = real;
    const sets = [
      ['timeout', '5', 'TIMEOUT', '6'],
      ['timeout', '5', 'nope', '6', 'databases', '1'],
      ['timeout', '5', 'DataBases', '1', 'nope', '1'],
      ['timeout', '5', 'hz', 'x', 'save', 'y'],
      ['save', '5 5', 'notify-keyspace-events', 'KEA', 'client-output-buffer-limit', 'pubsub 1gb 1gb 1', 'hz', ''],
      ['replica-priority', '5', 'slave-priority', '6'],
      ['slave-priority', '7', 'replica-priority', 'x'],
      ['timeout'],
      ['timeout', '1', 'hz'],
      ['hz', '1000', 'repl-backlog-size', '1', 'tls-port', '1'],
      ['maxmemory-clients', '3%', 'latency-tracking-info-percentiles', '1 2', 'dbfilename', 'a/b'],
    ];
    for (const args of sets) {
      const their = await real.call('CONFIG', 'SET', ...args);
      // One argument alone is refused for its number before the configuration is asked.
      if (args.length > 1) {
        const error = ours.set(args, localClient);
        expect(error === null ? 'OK' : `-${error}`, args.join(' ')).toBe(their);
      }
      expect(new Map(ours.get(['*']).sort()), args.join(' ')).toEqual(new Map([...(await real.get('*'))].sort()));
    }
  });
});

describeWith('redis-server', 'a start of redis-server', () => {
  it('is refused for the mistakes of the fixtures, in the same words', () => {
    for (const [text, line, reason] of mistakes) {
      const shown = text.split('\n')[line - 1]!.trim();
      const place = `Reading the configuration file, at line ${line}\n>>> '${shown}'\n`;
      expect(refusalOf({ files: { 'r.conf': text }, args: ['r.conf'] })).toEqual({
        status: 1,
        stderr: `${FATAL_HEAD}${place}${reason}\n`,
        log: '',
      });
    }
  }, 60_000);

  it('is refused with the texts of the fixtures', () => {
    for (const start of refusedStarts) {
      const [stderr, log] = start.channel === 'stderr' ? [FATAL_HEAD + start.text, ''] : ['', start.text];
      expect(refusalOf(start), JSON.stringify(start)).toEqual({ status: 1, stderr, log });
    }
  }, 60_000);

  it('gives the parameters of the fixtures', async () => {
    const files = acceptedFiles.map(([text, shown]) => ({ files: { 'r.conf': text }, args: ['r.conf'], shown }));
    for (const { shown, ...start } of [...files, ...acceptedStarts]) {
      expect(await parametersOf(start), JSON.stringify(start)).toEqual(shown);
    }
  }, 60_000);
});

function refusalOf(start: StartCase): { status: number | null; stderr: string; log: string } {
  const folder = makeFolder(start.files);
  const options = { cwd: folder, input: start.stdin ?? '', encoding: 'latin1', timeout: REFUSAL_TIMEOUT_MS } as const;
  const { status, stdout, stderr } = spawnSync('redis-server', start.args, options);
  const log = stdout.replace(/^\d+:C .*? # /gm, '').replace(/^Reading config from stdin\n/m, '');
  return { status, stderr: stderr.replaceAll(folder, '/srv'), log: log.trimEnd().replaceAll(folder, '/srv') };
}

/** What differs from our defaults, without port and second names. */
async function parametersOf(start: StartCase): Promise<Record<string, string>> {
  const folder = makeFolder(start.files);
  const port = await findFreePort();
  const withPort = [...start.args.filter((arg) => arg !== '-'), '--port', String(port)];
  const args = start.args.includes('-') ? [...withPort, '-'] : withPort;
  await using real = await RealServer.start(args, port, folder, start.stdin);
  const changed = [...(await real.get('*'))].filter(([name, text]) => {
    const { spelling, parameter } = parametersByName.get(name)!;
    const initial = name === 'dir' ? folder : parameter.initial.text;
    return spelling === parameter.name && name !== 'port' && text !== initial;
  });
  return Object.fromEntries(changed.map(([name, text]) => [name, text.replaceAll(folder, '/srv')]));
}

describeWith('redis-server', 'CONFIG REWRITE of redis-server', () => {
  it('writes the files of the fixtures, apart from the order of what it appends', async () => {
    for (const row of rewriteCases) {
      expect(sortAppended(await rewriteForReal(row)), row.title).toEqual(sortAppended(row.result));
    }
  }, 60_000);

  it('writes what we write when nothing is left to append', async () => {
    const folder = makeFolder();
    const port = await findFreePort();
    const file = join(folder, 'r.conf');
    writeFileSync(file, `# mine\nport ${port}\nsave 5 6\nmaxmemory 1gb\nhash-max-ziplist-entries 7\n`);
    await using real = await RealServer.start(['r.conf'], port, folder);
    await real.call('CONFIG', 'REWRITE');
    const complete = readFileSync(file, 'latin1');
    await real.call('CONFIG', 'SET', 'timeout', '9', 'save', '1 1 2 2', 'maxmemory', '1000');
    await real.call('CONFIG', 'REWRITE');

    const ours = new Config({ disk: new NodeDisk(folder), workingDirectory: folder, file });
    ours.assign('port', String(port));
    ours.assign('hash-max-listpack-entries', '7');
    expect(ours.set(['timeout', '9', 'save', '1 1 2 2', 'maxmemory', '1000'], localClient)).toBeNull();
    const text = rewriteConfigText(complete, ours, [forcedLine('user', DEFAULT_USER)]);
    const appended = (all: string): string[] =>
      all
        .split('\n')
        .slice(complete.split('\n').length - 1)
        .sort();
    const kept = (all: string): string[] => all.split('\n').slice(0, complete.split('\n').length - 1);
    const theirs = readFileSync(file, 'latin1');
    expect(kept(text)).toEqual(kept(theirs));
    expect(appended(text)).toEqual(appended(theirs));
  });
});

describeWith('redis-server', 'the file that a real sentinel writes', () => {
  it('is ours when we are given its sentinel lines', async () => {
    const port = await findFreePort();
    const text = `port ${port}\n# mine\nsave 1 2\nprotected-mode yes\nsentinel monitor m 127.0.0.1 1 2\n`;
    const folder = makeFolder({ 's.conf': text });
    const file = join(folder, 's.conf');
    await using real = await RealServer.start(['s.conf', '--sentinel'], port, folder);
    expect(await real.call('SENTINEL', 'FLUSHCONFIG')).toBe('OK');
    const theirs = readFileSync(file, 'latin1');

    writeFileSync(file, text);
    const ours = startConfig({ args: ['s.conf', '--sentinel'] }, new NodeDisk(folder), folder);
    const sentinelLines = theirs.split('\n').filter((line) => line.startsWith('sentinel '));
    const extra = sentinelLines.map((line) => forcedLine(line.split(' ').slice(0, 2).join(' '), line));
    const written = rewriteConfigText(text, ours, [forcedLine('user', DEFAULT_USER), ...extra]);
    // It writes more than once, and each time one more empty line comes in before what it appends.
    const linesOf = (all: string): string[] => all.split('\n').filter((line) => line !== '');
    expect(linesOf(written).sort()).toEqual(linesOf(theirs).sort());
    expect(written).toContain(`port ${port}\n# mine\n\nprotected-mode yes\nsentinel monitor m 127.0.0.1 1 2\n`);
    expect(theirs).toContain(`port ${port}\n# mine\n\nprotected-mode yes\nsentinel monitor m 127.0.0.1 1 2\n`);
  });
});

async function rewriteForReal(row: RewriteCase): Promise<string> {
  const port = await findFreePort();
  const withPort = (text: string): string => text.replace('port 7000', `port ${port}`);
  const folder = makeFolder({ 'r.conf': withPort(row.file), 'sub.conf': 'timeout 9\n', 'users.acl': '' });
  const file = join(folder, 'r.conf');
  await using real = await RealServer.start(['r.conf'], port, folder);
  if (row.set) expect(await real.call('CONFIG', 'SET', ...row.set), row.title).toBe('OK');
  if (row.onDisk !== undefined) writeFileSync(file, withPort(row.onDisk), 'latin1');
  expect(await real.call('CONFIG', 'REWRITE'), row.title).toBe('OK');
  return readFileSync(file, 'latin1').replaceAll(folder, '/srv').replace(`port ${port}`, 'port 7000');
}

/** What stands behind the signature, ordered by option; lines of one option keep their order. */
function sortAppended(text: string): string[] {
  const lines = text.split('\n');
  const start = lines.indexOf('# Generated by CONFIG REWRITE') + 1;
  const option = (line: string): string => line.split(' ')[0]!;
  const appended = lines.slice(start).sort((a, b) => (option(a) < option(b) ? -1 : option(a) > option(b) ? 1 : 0));
  return [...lines.slice(0, start), ...appended];
}
