/** A redis-server or redis-sentinel as a node of a recorded topology: what befalls it goes into the history. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Fact, History } from '../../../src/simulation/history.ts';
import { findFreePort, type RedisProcess, startRedis } from '../../support/redis-process.ts';
import { RespClient } from '../../support/resp-client.ts';

export class RealNode implements AsyncDisposable {
  readonly name: string;
  readonly port: number;
  readonly #history: History;
  readonly #folder = mkdtempSync(join(tmpdir(), 'recorded-'));
  readonly #args: readonly string[];
  #process: RedisProcess | null = null;

  /** @param config lines of its configuration file, which it may rewrite. @param args such as `--sentinel`. */
  constructor(name: string, port: number, history: History, config: readonly string[], args: readonly string[] = []) {
    this.name = name;
    this.port = port;
    this.#history = history;
    this.#args = args;
    const lines = [`port ${port}`, 'bind 127.0.0.1', `dir ${this.#folder}`, ...config];
    writeFileSync(this.#file, `${lines.join('\n')}\n`);
  }

  static async make(name: string, history: History, config: readonly string[], args?: readonly string[]) {
    const node = new RealNode(name, await findFreePort(), history, config, args);
    await node.start();
    return node;
  }

  get #file(): string {
    return join(this.#folder, 'redis.conf');
  }

  get isAlive(): boolean {
    return this.#process !== null && this.#process.ending === null;
  }

  get log(): string {
    return this.#process?.log ?? '';
  }

  /** From its file, as it is by now. */
  async start(): Promise<void> {
    const place = { port: this.port, folder: this.#folder, options: { logfile: '' } };
    this.#process = await startRedis({ ...place, command: ['redis-server', this.#file], args: this.#args });
    this.#note('up');
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    this.#process!.signal('SIGKILL');
    await this.#process!.exited;
    this.#note('killed');
  }

  pause(): void {
    this.#process!.signal('SIGSTOP');
    this.#note('paused');
  }

  resume(): void {
    this.#process!.signal('SIGCONT');
    this.#note('resumed');
  }

  connect(timeoutMs: number): Promise<RespClient> {
    return RespClient.connect({ port: this.port, timeoutMs });
  }

  #note(state: Extract<Fact, { kind: 'process' }>['state']): void {
    this.#history.add(this.name, { kind: 'process', state });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
