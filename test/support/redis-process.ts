/**
 * Starts servers as processes: the real redis-server, or this project's command from source.
 *
 *   await using redis = await startRedis({ options: { appendonly: 'yes' } });
 *   await using ours = await startRedis({ command: oursCommand(), args: ['--sentinel'] });
 *
 * Each gets a temporary folder as its `dir`, no save points, and a free port of 127.0.0.1 below the range that the
 * system gives to outgoing connections. It counts as ready when it answers a PING, with whatever reply. `stop` ends it
 * by its process id and removes the folder; a server that a failed test forgot ends with the test process.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { projectRoot } from './project.ts';
import { RespClient, type RespClientOptions, RespError } from './resp-client.ts';

export interface RedisProcessOptions {
  /** Program and its first arguments; default `redis-server`. */
  readonly command?: readonly string[];
  /** Configuration directives. A list gives a directive with several arguments: `{ save: ['900', '1'] }`. */
  readonly options?: Readonly<Record<string, string | number | readonly (string | number)[]>>;
  /** Further arguments, as they are. */
  readonly args?: readonly string[];
  /** Lines of a configuration file; where given, the server starts from a file, which it can rewrite. */
  readonly config?: string;
  /** A port instead of a free one. */
  readonly port?: number;
  /** A folder instead of a temporary one; it is left in place. */
  readonly folder?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly startTimeoutMs?: number;
}

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const LOG_MAX_CHARS = 4 * 1024 * 1024;
const STOP_TIMEOUT_MS = 10_000;
const FIRST_PORT = 23_000;
const PORTS = 9000;
const START_ATTEMPTS = 5;

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export class RedisProcess implements AsyncDisposable {
  readonly host = '127.0.0.1';
  readonly port: number;
  readonly folder: string;
  /** Resolves when the process is gone. */
  readonly exited: Promise<Ending>;
  readonly #child: ChildProcess;
  readonly #ownsFolder: boolean;
  #log = '';
  #ending: Ending | null = null;

  constructor(child: ChildProcess, port: number, folder: string, ownsFolder: boolean) {
    this.#child = child;
    this.port = port;
    this.folder = folder;
    this.#ownsFolder = ownsFolder;
    running.add(child);
    const collect = (chunk: Buffer): void => {
      this.#log = (this.#log + chunk.toString('utf8')).slice(-LOG_MAX_CHARS);
    };
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    this.exited = new Promise((done) => {
      const end = (code: number | null, signal: NodeJS.Signals | null): void => {
        running.delete(child);
        this.#ending = { code, signal };
        done(this.#ending);
      };
      child.once('close', end);
      child.once('error', (error) => {
        this.#log += error.message;
        end(null, null);
      });
    });
  }

  /** Process id; 0 if the program could not be started. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Standard output and standard error so far. */
  get log(): string {
    return this.#log;
  }

  /** How it ended, or null while it runs. */
  get ending(): Ending | null {
    return this.#ending;
  }

  connect(options: RespClientOptions = {}): Promise<RespClient> {
    return RespClient.connect({ host: this.host, port: this.port, ...options });
  }

  /** SIGKILL is a crash, SIGSTOP a pause, SIGCONT its end. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** SIGTERM, and SIGKILL if that does not end it in time. Removes the temporary folder. Idempotent. */
  async stop(): Promise<Ending> {
    if (this.#ending === null) {
      this.signal('SIGTERM');
      this.signal('SIGCONT');
      const giveUp = setTimeout(() => this.signal('SIGKILL'), STOP_TIMEOUT_MS);
      await this.exited;
      clearTimeout(giveUp);
    }
    if (this.#ownsFolder) rmSync(this.folder, { recursive: true, force: true });
    return this.#ending!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** This project's command, run from its source: `[node, --import tsx, src/cli.ts]`. */
export function oursCommand(): string[] {
  return [process.execPath, '--import', import.meta.resolve('tsx'), join(projectRoot, 'src/cli.ts')];
}

/** Starts a server and waits until it answers. Throws with its log if it ends or stays silent. */
export async function startRedis(options: RedisProcessOptions = {}): Promise<RedisProcess> {
  for (let attempt = 1; ; attempt++) {
    const redis = spawnRedis(options, options.port ?? (await findFreePort()));
    try {
      await untilReady(redis, options.startTimeoutMs ?? 15_000);
      return redis;
    } catch (error) {
      await redis.stop();
      const portWasTaken = /Address already in use/.test(redis.log) && options.port === undefined;
      if (!portWasTaken || attempt === START_ATTEMPTS) throw error;
    }
  }
}

/** As `startRedis`, but waits for nothing: for servers that are expected to refuse to start. */
export async function launchRedis(options: RedisProcessOptions = {}): Promise<RedisProcess> {
  return spawnRedis(options, options.port ?? (await findFreePort()));
}

/** A port that nobody listens on, with its cluster bus port 10 000 above free too. */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS);
    if ((await canListen(port)) && (await canListen(port + 10_000))) return port;
  }
}

function spawnRedis(options: RedisProcessOptions, port: number): RedisProcess {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'redis-'));
  const [program = 'redis-server', ...first] = options.command ?? [];
  const directives = { port, bind: '127.0.0.1', dir: folder, save: '', ...options.options };
  const args = [...first];
  if (options.config === undefined) args.push(...Object.entries(directives).flatMap(toArguments));
  else args.push(writeConfig(folder, directives, options.config));
  args.push(...(options.args ?? []));
  const env = { ...process.env, ...options.env };
  const child = spawn(program, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  return new RedisProcess(child, port, folder, options.folder === undefined);
}

type Directive = string | number | readonly (string | number)[];

function toArguments([name, value]: [string, Directive]): string[] {
  return [`--${name}`, ...(typeof value === 'object' ? value.map(String) : [String(value)])];
}

function writeConfig(folder: string, directives: Readonly<Record<string, Directive>>, config: string): string {
  const lines = Object.entries(directives).map(([name, value]) => {
    const words = typeof value === 'object' ? value : [value];
    return [name, ...words.map((word) => JSON.stringify(String(word)))].join(' ');
  });
  const file = join(folder, 'redis.conf');
  writeFileSync(file, `${lines.join('\n')}\n${config}\n`);
  return file;
}

async function untilReady(redis: RedisProcess, timeoutMs: number): Promise<void> {
  const isReady = async (): Promise<boolean> => {
    if (redis.ending !== null) return true;
    await using client = await redis.connect({ timeoutMs: 1000 });
    const reply = await client.call('PING');
    return !(reply instanceof RespError && reply.message.startsWith('LOADING'));
  };
  try {
    await eventually(isReady, { what: 'the server answers', timeoutMs, everyMs: 20 });
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${redis.log}`, { cause: error });
  }
  if (redis.ending !== null) throw new Error(`The server ended at once: ${JSON.stringify(redis.ending)}\n${redis.log}`);
}

function canListen(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', () => done(false));
    server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
  });
}
