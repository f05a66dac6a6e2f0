/** HAProxy finds the master with its tcp-check, in the forms that deployments use, and passes traffic to it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { findFreePort, oursCommand, type RedisProcess, startRedis } from '../support/redis-process.ts';
import { describeWith } from '../support/requires.ts';
import { RespClient } from '../support/resp-client.ts';

const PASSWORD = 'pw1';
const INTERVAL_MS = 100;

/** Each send is answered before the next one. */
const STEP_BY_STEP = ['AUTH\\ pw1', '+OK', 'PING', '+PONG', 'info\\ replication', 'role:master', 'QUIT', '+OK'];
/** Sends without an expect between them leave in one segment. */
const MERGED = ['AUTH\\ default\\ pw1', '', 'PING', '+PONG', 'info\\ replication', 'role:master', 'QUIT', '+OK'];

function checkLines(steps: readonly string[]): string[] {
  return steps.flatMap((step, index) => {
    if (index % 2 === 0) return [`  tcp-check send ${step}\\r\\n`];
    return step === '' ? [] : [`  tcp-check expect string ${step}`];
  });
}

class HaProxy implements AsyncDisposable {
  readonly port: number;
  readonly #folder: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, folder: string, port: number) {
    this.#child = child;
    this.#folder = folder;
    this.port = port;
  }

  static async start(targets: readonly number[], steps: readonly string[]): Promise<HaProxy> {
    const folder = mkdtempSync(join(tmpdir(), 'haproxy-'));
    const port = await findFreePort();
    const config = [
      'global',
      `  stats socket ${join(folder, 'stats')} mode 600 level admin`,
      'defaults',
      '  mode tcp',
      '  timeout connect 1s',
      '  timeout client 30s',
      '  timeout server 30s',
      'listen redis',
      `  bind 127.0.0.1:${port}`,
      '  option tcp-check',
      '  tcp-check connect',
      ...checkLines(steps),
      ...targets.map((target, index) => `  server r${index} 127.0.0.1:${target} check inter ${INTERVAL_MS}ms`),
    ];
    const file = join(folder, 'haproxy.cfg');
    writeFileSync(file, `${config.join('\n')}\n`);
    const child = spawn('haproxy', ['-db', '-f', file], { stdio: 'ignore' });
    const proxy = new HaProxy(child, folder, port);
    await eventually(() => proxy.statistics(), { what: 'haproxy answers' });
    return proxy;
  }

  /** `show stat`: the row of each server, by column. */
  async statistics(): Promise<Record<string, string>[]> {
    const text = await new Promise<string>((done, fail) => {
      const socket = connect(join(this.#folder, 'stats'), () => socket.write('show stat\n'));
      let answer = '';
      socket.on('data', (chunk) => (answer += chunk.toString()));
      socket.on('end', () => done(answer));
      socket.on('error', fail);
    });
    const [head = '', ...rows] = text.trim().split('\n');
    const columns = head.replace('# ', '').split(',');
    return rows
      .map((row) => Object.fromEntries(row.split(',').map((value, index) => [columns[index] ?? '', value])))
      .filter((row) => /^r\d$/.test(row['svname'] ?? ''));
  }

  /** Waits until the servers are in these states: UP or DOWN, with the reason of the last check. */
  async untilStates(...wanted: readonly string[]): Promise<void> {
    let states: string[] = [];
    const check = async (): Promise<boolean> => {
      states = (await this.statistics()).map((row) => `${row['status']} ${row['check_status']}`);
      expect(states).toEqual(wanted);
      return true;
    };
    await eventually(check, { timeoutMs: 8000, everyMs: 50 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((done) => this.#child.once('exit', done));
    this.#child.kill('SIGKILL');
    await ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

describeWith('haproxy', 'HAProxy', () => {
  const running: RedisProcess[] = [];
  afterEach(async () => {
    for (const redis of running.splice(0)) await redis.stop();
  });

  async function start(password = PASSWORD): Promise<RedisProcess> {
    const redis = await startRedis({ command: oursCommand(), options: { requirepass: password, loglevel: 'verbose' } });
    running.push(redis);
    return redis;
  }

  describe.each([
    ['step by step', STEP_BY_STEP],
    ['in merged sends', MERGED],
  ])('asking %s', (_, steps) => {
    it('finds the server up, and passes clients to it', async () => {
      const redis = await start();
      await using proxy = await HaProxy.start([redis.port], steps);
      await proxy.untilStates('UP L7OK');
      await using client = await RespClient.connect({ port: proxy.port });
      expect(await client.call('AUTH', PASSWORD)).toBe('OK');
      expect(await client.call('SET', 'k', 'v')).toBe('OK');
      expect(await client.call('GET', 'k')).toBe('v');
    });

    it('finds a server with another password down', async () => {
      const [good, bad] = [await start(), await start('other')];
      await using proxy = await HaProxy.start([good.port, bad.port], steps);
      await proxy.untilStates('UP L7OK', expect.stringMatching(/^DOWN L7(?:TOUT|RSP)$/) as unknown as string);
    });

    it('notices when a server goes and comes back', async () => {
      const redis = await start();
      await using proxy = await HaProxy.start([redis.port], steps);
      await proxy.untilStates('UP L7OK');
      await redis.stop();
      await proxy.untilStates('DOWN L4CON');
      const options = { requirepass: PASSWORD };
      running.push(await startRedis({ command: oursCommand(), port: redis.port, options }));
      await proxy.untilStates('UP L7OK');
    });
  });

  it('asking for a replica resets the connection at each interval, which nobody minds', async () => {
    const redis = await start();
    await using witness = await redis.connect();
    await witness.call('AUTH', PASSWORD);
    const steps = STEP_BY_STEP.map((step) => step.replace('role:master', 'role:slave'));
    await using proxy = await HaProxy.start([redis.port], steps);
    await proxy.untilStates('DOWN L7TOUT');
    const checks = async (): Promise<number> => {
      const info = String(await witness.call('INFO', 'stats'));
      return Number(/total_connections_received:(\d+)/.exec(info)?.[1]);
    };
    const before = await checks();
    await eventually(async () => (await checks()) >= before + 10, { timeoutMs: 10_000 });
    expect(redis.log).not.toMatch(/Fault|rror:/);
    const clients = String(await witness.call('INFO', 'clients'));
    expect(Number(/connected_clients:(\d+)/.exec(clients)?.[1])).toBeLessThanOrEqual(3);
  });
});
