/**
 * Servers and sentinels of either make, on files in folders: each can be killed, started again from its files, and its
 * files can be given to the other make. Ours live in this process.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNodeHost } from '../../src/host/node/host.ts';
import { NodeHandle } from '../../src/topology/node-handle.ts';
import { sentinelProgram, serverProgram } from '../../src/topology/node-program.ts';
import { findFreePort, type RedisProcess, startRedis } from '../support/redis-process.ts';
import { type Reply, RespClient } from '../support/resp-client.ts';

export type Make = 'ours' | 'real';

/**
 * So that a second holds much. redis-sentinel's own timer still runs ten to twenty times a second. A machine that stands
 * still for seconds shall not make them distrust their clocks for half a minute.
 */
const PERIODS = {
  'info-period': 200,
  'ping-period': 100,
  'ask-period': 100,
  'publish-period': 200,
  'tilt-trigger': 10_000,
  'tilt-period': 1000,
};

export class Participant {
  readonly name: string;
  readonly kind: 'server' | 'sentinel';
  readonly port: number;
  readonly folder: string;
  make: Make;
  #ours: NodeHandle | null = null;
  #real: RedisProcess | null = null;

  constructor(name: string, kind: 'server' | 'sentinel', make: Make, port: number, folder: string) {
    this.name = name;
    this.kind = kind;
    this.make = make;
    this.port = port;
    this.folder = folder;
  }

  get file(): string {
    return join(this.folder, this.kind === 'server' ? 'redis.conf' : 'sentinel.conf');
  }

  get alive(): boolean {
    return this.#ours !== null || this.#real !== null;
  }

  async start(): Promise<void> {
    if (this.make === 'ours') await this.#startOurs();
    else await this.#startReal();
    if (this.kind === 'sentinel') await this.ask('SENTINEL', 'DEBUG', ...Object.entries(PERIODS).flat().map(String));
  }

  async #startOurs(): Promise<void> {
    const program = this.kind === 'server' ? serverProgram({}) : sentinelProgram('', { periods: [], hz: null });
    const host = createNodeHost();
    const setup = {
      name: this.name,
      address: '127.0.0.1',
      port: this.port,
      program,
      directory: this.folder,
      disk: host.disk,
      outside: (log: (line: string) => void) => createNodeHost({ log, workingDirectory: this.folder }),
    };
    this.#ours = new NodeHandle(setup, program.initialRole);
    await this.#ours.start();
  }

  async #startReal(): Promise<void> {
    this.#real = await startRedis({
      command: ['redis-server', this.file],
      options: { logfile: '' },
      args: this.kind === 'sentinel' ? ['--sentinel'] : [],
      port: this.port,
      folder: this.folder,
    });
  }

  /** What it has logged in this life. */
  get log(): string {
    return this.#ours?.log.join('\n') ?? this.#real?.log ?? '';
  }

  async ask(...words: string[]): Promise<Reply> {
    await using client = await RespClient.connect({ port: this.port, timeoutMs: 20_000 });
    return await client.call(...words);
  }

  /** A field of INFO, '' if there is none. */
  async info(section: string, field: string): Promise<string> {
    return new RegExp(`^${field}:(.*?)\r?$`, 'm').exec(String(await this.ask('INFO', section)))?.[1] ?? '';
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    const [ours, real] = [this.#ours, this.#real];
    this.#ours = this.#real = null;
    await ours?.kill();
    real?.signal('SIGKILL');
    await real?.exited;
  }
}

export interface Plan {
  /** Makes of the servers; the first one is the master. */
  readonly servers: readonly Make[];
  readonly sentinels: readonly Make[];
}

/** A master with replicas, and sentinels that know each other. */
export class MixedSet implements AsyncDisposable {
  readonly servers: Participant[] = [];
  readonly sentinels: Participant[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), 'mixed-'));

  static async start(plan: Plan): Promise<MixedSet> {
    const set = new MixedSet();
    for (const [index, make] of plan.servers.entries()) await set.#addServer(make, index);
    for (const [index, make] of plan.sentinels.entries()) await set.#addSentinel(make, index);
    return set;
  }

  async #addServer(make: Make, index: number): Promise<void> {
    const server = await this.#participant(`server-${index + 1}`, 'server', make, [
      'repl-diskless-sync-delay 0',
      'save ""',
      ...(index === 0 ? [] : [`replicaof 127.0.0.1 ${this.servers[0]!.port}`]),
    ]);
    this.servers.push(server);
  }

  async #addSentinel(make: Make, index: number): Promise<void> {
    const sentinel = await this.#participant(`sentinel-${index + 1}`, 'sentinel', make, [
      '# a comment that stays',
      `sentinel monitor mymaster 127.0.0.1 ${this.servers[0]!.port} 2`,
      'sentinel down-after-milliseconds mymaster 1500',
      'sentinel failover-timeout mymaster 2000',
    ]);
    this.sentinels.push(sentinel);
  }

  async #participant(
    name: string,
    kind: 'server' | 'sentinel',
    make: Make,
    lines: readonly string[],
  ): Promise<Participant> {
    const folder = join(this.#folder, name);
    mkdirSync(folder);
    const participant = new Participant(name, kind, make, await findFreePort(), folder);
    const head = [`port ${participant.port}`, 'bind 127.0.0.1', `dir ${folder}`];
    writeFileSync(participant.file, `${[...head, ...lines].join('\n')}\n`);
    await participant.start();
    return participant;
  }

  get living(): Participant[] {
    return [...this.servers, ...this.sentinels].filter(({ alive }) => alive);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const participant of this.living) await participant.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
