/**
 * `startServer`: one server inside this process, for tests and for embedding.
 *
 *   await using server = await startServer();
 *   new Redis(server.url);
 *   await server.execute('SET', 'k', 'v');
 */
import { ErrorReply, ReplyParser, type ReplyValue } from '../client/reply-parser.ts';
import { encodeCommand } from '../client/encode-command.ts';
import type { Host } from '../host/host.ts';
import type { ManualTime } from '../host/manual-time.ts';
import { createManualTime, createNodeHost } from '../host/node/host.ts';
import { Config } from '../server/config/config.ts';
import { ConfigError } from '../server/config/config-error.ts';
import { loadConfiguration } from '../server/config/grammar.ts';
import { unsupportedReasons } from '../server/config/supported.ts';
import { standaloneFamilies } from '../server/families.ts';
import { Server } from '../server/server.ts';
import { startUp } from '../server/start-up.ts';
import { ClientStream } from './client-stream.ts';
import { ResplicaError } from './errors.ts';
import { MemoryConnection } from './memory-connection.ts';

export interface ServerOptions {
  /** Shown in logs and errors. */
  readonly name?: string;
  /** Address to listen on; 127.0.0.1 by default. */
  readonly host?: string;
  /** 0, the default, picks a free port. */
  readonly port?: number;
  /** Sets `requirepass`. */
  readonly password?: string;
  /** Any redis.conf directive by its own name: `{ 'maxmemory-policy': 'allkeys-lru' }`. */
  readonly config?: Readonly<Record<string, string | number | boolean>>;
  /** `manual`: time passes only by `clock.advance`. */
  readonly clock?: 'real' | 'manual';
  /** Takes log lines as they are written. The last ones are in `server.log` in any case. */
  readonly onLog?: (line: string) => void;
}

/** Time of a server. With a manual clock, `advance` moves TTLs and timers; with the real one it throws. */
export interface ServerClock {
  /** Unix time in ms, as the server sees it. */
  now(): number;
  advance(durationMs: number): void;
}

/** An argument of `execute`. Strings are sent as UTF-8. */
export type CommandArgument = string | number | Uint8Array;

const LOG_LINES_MAX = 10_000;

export class ServerHandle implements AsyncDisposable {
  readonly name: string;
  readonly host: string;
  readonly clock: ServerClock;
  /** The newest log lines, oldest first, as redis-server writes them. */
  readonly log: readonly string[];
  readonly #server: Server;
  readonly #password: string | undefined;
  #direct: DirectClient | null = null;
  #closed: Promise<void> | null = null;

  /** @internal Use `startServer`. */
  constructor(server: Server, options: ServerOptions, log: string[], clock: ServerClock) {
    this.#server = server;
    this.name = options.name ?? 'server';
    this.host = options.host ?? '127.0.0.1';
    this.log = log;
    this.clock = clock;
    this.#password = options.password;
  }

  get port(): number {
    return this.#server.config.values.port;
  }

  /** "redis://127.0.0.1:40123", with the password if there is one. */
  get url(): string {
    const credentials = this.#password === undefined ? '' : `:${encodeURIComponent(this.#password)}@`;
    const host = this.host.includes(':') ? `[${this.host}]` : this.host;
    return `redis://${credentials}${host}:${this.port}`;
  }

  get role(): 'master' | 'replica' {
    return this.#server.hooks.replication?.isReplica ? 'replica' : 'master';
  }

  get alive(): boolean {
    return this.#closed === null;
  }

  /**
   * Runs a command without a socket, on a connection of its own that is always authenticated.
   * @returns the decoded reply: strings, numbers, null, arrays. @throws ErrorReply when the server answers an error.
   */
  async execute(...args: CommandArgument[]): Promise<ReplyValue> {
    if (!this.alive) throw new ResplicaError('ERR_NOT_RUNNING', `${this.name} is closed: start another one.`);
    this.#direct ??= new DirectClient(this.#server);
    return this.#direct.execute(args);
  }

  /** An in-memory stream that speaks RESP to the server, for a client of this process. */
  connect(): ClientStream {
    if (!this.alive) throw new ResplicaError('ERR_NOT_RUNNING', `${this.name} is closed: start another one.`);
    return new ClientStream(this.#server);
  }

  /** Closes every connection and frees the port. Nothing of the server is left afterwards. Idempotent. */
  async close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#server.close(resolve);
    });
    await this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Runs commands over a memory connection; replies come in the order of the commands. */
class DirectClient {
  readonly #connection: MemoryConnection;
  readonly #waiting: { resolve(value: ReplyValue): void; reject(error: Error): void }[] = [];

  constructor(server: Server) {
    const parser = new ReplyParser({
      onReply: (reply) => {
        const waiter = this.#waiting.shift();
        if (reply instanceof ErrorReply) waiter?.reject(reply);
        else waiter?.resolve(reply);
      },
      onBroken: (error) => this.#fail(error),
    });
    this.#connection = new MemoryConnection(
      server,
      (bytes) => parser.feed(bytes),
      () => this.#fail(new ResplicaError('ERR_NOT_RUNNING', 'The server closed the connection.')),
      true,
    );
  }

  execute(args: readonly CommandArgument[]): Promise<ReplyValue> {
    return new Promise((resolve, reject) => {
      if (!this.#connection.isOpen) {
        reject(new ResplicaError('ERR_NOT_RUNNING', 'The server closed the connection.'));
        return;
      }
      this.#waiting.push({ resolve, reject });
      this.#connection.send(encodeCommand(args));
    });
  }

  #fail(error: Error): void {
    for (const waiter of this.#waiting.splice(0)) waiter.reject(error);
  }
}

/** Starts a server and resolves when it accepts connections. */
export async function startServer(options: ServerOptions = {}): Promise<ServerHandle> {
  const log: string[] = [];
  const time = options.clock === 'manual' ? createManualTime() : null;
  const host = createNodeHost({
    log: (line) => {
      if (log.push(line) > LOG_LINES_MAX) log.shift();
      options.onLog?.(line);
    },
    ...(time === null ? {} : { time }),
  });
  const server = composeServer(host, options);
  await new Promise<void>((resolve, reject) => {
    const startUpOptions = { anyPort: (options.port ?? 0) === 0, terminal: false, withoutConfiguration: null };
    startUp(server, startUpOptions, (error) => {
      if (error === null) resolve();
      else reject(listenError(options, log));
    });
  });
  return new ServerHandle(server, options, log, clockOf(host, time));
}

/** A configured server on a host; nothing is opened yet. @throws ResplicaError ERR_BAD_CONFIG */
export function composeServer(host: Host, options: ServerOptions): Server {
  const config = new Config({ disk: host.disk, workingDirectory: host.system.workingDirectory });
  try {
    const directives = loadConfiguration(config, { stdin: null, options: configText(options) });
    const reasons = unsupportedReasons(config, directives);
    if (reasons.length > 0) throw new ResplicaError('ERR_BAD_CONFIG', reasons.join(' '));
    return new Server({ host, config, families: standaloneFamilies, directives });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ResplicaError('ERR_BAD_CONFIG', `Option "config" is not valid: ${error.message.trim()}`, {
      cause: error,
    });
  }
}

/** The options as lines of redis.conf. */
function configText(options: ServerOptions): string {
  const port = options.port ?? 0;
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new ResplicaError('ERR_BAD_OPTION', `Option "port" must be an integer from 0 to 65535, not ${port}.`);
  }
  const lines = ['save ""', `bind ${options.host ?? '127.0.0.1'}`, `port ${port}`];
  if (options.password !== undefined) lines.push(`requirepass ${quote(options.password)}`);
  for (const [name, value] of Object.entries(options.config ?? {})) {
    const text = typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value);
    lines.push(`${name} ${quote(text)}`);
  }
  return lines.join('\n');
}

function quote(value: string): string {
  const bytes = Buffer.from(value, 'utf8').toString('latin1');
  const escaped = bytes.replaceAll(/["\\]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
  return `"${escaped}"`;
}

function listenError(options: ServerOptions, log: readonly string[]): ResplicaError {
  const line = log.find((entry) => entry.includes('Could not create server TCP listening socket')) ?? '';
  const inUse = line.includes('Address already in use');
  return inUse
    ? new ResplicaError('ERR_PORT_IN_USE', `Port ${options.port} is in use: leave out "port" to get a free one.`)
    : new ResplicaError('ERR_CANNOT_LISTEN', `Cannot listen: ${line}`);
}

function clockOf(host: Host, time: ManualTime | null): ServerClock {
  return {
    now: () => host.clock.wallMs(),
    advance: (durationMs) => {
      if (time === null) {
        throw new ResplicaError('ERR_MANUAL_CLOCK', "clock.advance needs startServer({ clock: 'manual' }).");
      }
      time.advance(durationMs);
    },
  };
}
