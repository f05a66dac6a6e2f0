/**
 * `startServer`: one server inside this process, for tests and for embedding.
 *
 *   await using server = await startServer();
 *   new Redis(server.url);
 *   await server.execute('SET', 'k', 'v');
 */
import type { ReplyValue } from '../client/reply-parser.ts';
import type { Host } from '../host/host.ts';
import type { ManualTime } from '../host/manual-time.ts';
import type { ChunkCache } from '../lua/compiler/chunk-cache.ts';
import { MemoryDisk } from '../host/memory-disk.ts';
import { createManualTime, createNodeHost } from '../host/node/host.ts';
import { CommandTable } from '../server/command-table.ts';
import { Config } from '../server/config/config.ts';
import { ConfigError } from '../server/config/config-error.ts';
import { type DirectiveChecks, loadConfiguration } from '../server/config/grammar.ts';
import { unsupportedReasons } from '../server/config/supported.ts';
import { userLineCheck } from '../server/acl/user-lines.ts';
import { Server } from '../server/server.ts';
import { PLAIN_SHUTDOWN } from '../server/shutdown.ts';
import { startUp } from '../server/start-up.ts';
import { ClientStream } from './client-stream.ts';
import { composeNode, serverFamilies } from './compose.ts';
import { type CommandArgument, DirectClients } from './direct-client.ts';
import { ResplicaError } from './errors.ts';
import { checkOptions, configText, type ServerOptions, usesDisk } from './options.ts';
import { checkAdvance } from './topology-time.ts';

export type { CommandArgument, ServerOptions };

/** Time of a server. With a manual clock, `advance` moves TTLs and timers; with the real one it throws. */
export interface ServerClock {
  /** Unix time in ms, as the server sees it. */
  now(): number;
  advance(durationMs: number): void;
}

const LOG_LINES_MAX = 10_000;
/** In one `clock.advance`: a month passes in a tenth of a second. */
const CRON_CALLS_MAX = 10_000;

export class ServerHandle implements AsyncDisposable {
  readonly name: string;
  /** Where clients of this machine reach the server. */
  readonly host: string;
  readonly port: number;
  readonly clock: ServerClock;
  /** The newest log lines, oldest first, as redis-server writes them. */
  readonly log: readonly string[];
  readonly #server: Server;
  readonly #direct: DirectClients;
  #closed: Promise<void> | null = null;

  /** @internal Use `startServer`. */
  constructor(server: Server, name: string, log: readonly string[], clock: ServerClock) {
    this.#server = server;
    this.#direct = new DirectClients(server);
    this.name = name;
    this.host = reachableHost(server.config.values.bind[0] ?? '*');
    this.port = server.listeners.port;
    this.log = log;
    this.clock = clock;
    // A client that says SHUTDOWN is still being served here.
    server.shutdown.onReady = (): void => server.host.timers.soon(() => void this.close());
    server.shutdown.onFailure = (): void => server.host.timers.soon(() => void this.close());
  }

  /** "redis://127.0.0.1:40123", with the password if there is one. */
  get url(): string {
    const password = this.#server.config.values.requirepass;
    const credentials = password === '' ? '' : `:${encodeURIComponent(textOf(password))}@`;
    const host = this.host.includes(':') ? `[${this.host}]` : this.host;
    return `redis://${credentials}${host}:${this.port}`;
  }

  get role(): 'master' | 'replica' {
    return this.#server.hooks.replication?.isReplica ? 'replica' : 'master';
  }

  /** False once it was closed, by `close` or by the command SHUTDOWN. */
  get alive(): boolean {
    return this.#closed === null;
  }

  /**
   * Runs a command without a socket, on a connection of the server's own that is always authenticated.
   * @returns the decoded reply: strings, numbers (bigints beyond 2^53), null, arrays.
   * @throws ErrorReply when the server answers an error; within an array (EXEC), errors are values.
   */
  async execute(...args: CommandArgument[]): Promise<ReplyValue> {
    return this.#running().#direct.execute(args, false);
  }

  /** As `execute`, with Buffers in the place of bulk strings, which may hold any bytes. */
  async executeBuffer(...args: CommandArgument[]): Promise<ReplyValue> {
    return this.#running().#direct.execute(args, true);
  }

  /** An in-memory stream that speaks RESP to the server, for a client of this process. */
  connect(): ClientStream {
    const server = this.#running().#server;
    return new ClientStream((connection) => server.accept(connection), server.host.timers);
  }

  #running(): this {
    if (this.alive) return this;
    throw new ResplicaError('ERR_NOT_RUNNING', `${this.name} is closed: start another one.`);
  }

  /**
   * Saves what its `persistence` says, closes every connection and frees the port. Nothing of the server is left in the
   * process afterwards. Idempotent.
   */
  async close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      const { shutdown, persistence } = this.#server;
      if (!shutdown.isOver) persistence.finish({ ...PLAIN_SHUTDOWN, force: true });
      this.#server.close(resolve);
    });
    await this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Starts a server and resolves when it accepts connections. @throws ResplicaError */
export async function startServer(options: ServerOptions = {}): Promise<ServerHandle> {
  checkOptions(options);
  const log: string[] = [];
  const time = options.clock === 'manual' ? createManualTime({ periodicCallsMax: CRON_CALLS_MAX }) : null;
  const host = createNodeHost({
    log: (line) => {
      if (log.push(line) > LOG_LINES_MAX) log.shift();
      // In a turn of its own: the callback may call the server, and its faults are not the server's.
      if (options.onLog !== undefined) void Promise.resolve(line).then(options.onLog);
    },
    ...(time === null ? {} : { time }),
  });
  const server = composeServer(host, options);
  const startUpOptions = { anyPort: true, terminal: false, withoutConfiguration: null };
  await new Promise<void>((resolve, reject) => {
    startUp(server, startUpOptions, (error) => {
      if (error === null) resolve();
      // Some addresses may be bound already.
      else {
        const reason = startError(server, log, error);
        server.close(() => reject(reason));
      }
    });
  });
  return new ServerHandle(server, options.name ?? 'The server', log, clockOf(host, time));
}

/**
 * A configured server on a host; nothing is opened yet.
 * @param file configuration on the host's disk that stands in the place of the options.
 * @param chunks compiled scripts that it shares with other servers.
 * @throws ResplicaError ERR_BAD_CONFIG
 */
export function composeServer(
  host: Host,
  options: ServerOptions,
  file: string | null = null,
  chunks?: ChunkCache,
): Server {
  const config = new Config({ disk: host.disk, workingDirectory: host.system.workingDirectory, file });
  try {
    const directives = loadConfiguration(
      config,
      { stdin: null, options: file === null ? configText(options) : null },
      directiveChecks(config),
    );
    const reasons = unsupportedReasons(config, directives);
    if (reasons.length > 0) throw new ResplicaError('ERR_BAD_CONFIG', reasons.join(' '));
    const dataDisk = file !== null || usesDisk(options) ? host.disk : new MemoryDisk((run) => host.timers.soon(run));
    return composeNode({ host, config, directives, dataDisk, ...(chunks === undefined ? {} : { chunks }) });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ResplicaError('ERR_BAD_CONFIG', `Option "config" is not valid: ${textOf(error.message).trim()}`, {
      cause: error,
    });
  }
}

/** Renames and users are tried out on a table of their own, so that a wrong one is reported with its line. */
function directiveChecks(config: Config): DirectiveChecks {
  let commands: CommandTable | null = null;
  let checkUser: DirectiveChecks['user'];
  const table = (): CommandTable => (commands ??= new CommandTable(serverFamilies));
  return {
    renameCommand: (from, to) => table().rename(from, to),
    user: (args) => (checkUser ??= userLineCheck(table(), config))!(args),
  };
}

const LISTEN_FAILURE = / bind: |Unix socket|not listen/;

function startError(server: Server, log: readonly string[], error: string): ResplicaError {
  if (/\bACL/.test(error)) return new ResplicaError('ERR_BAD_CONFIG', `The users cannot be loaded: ${textOf(error)}`);
  if (/cluster config/.test(error)) return new ResplicaError('ERR_CANNOT_LOAD', textOf(error));
  const listens = server.listeners.hasTcp || server.listeners.hasUnix;
  if (listens && !log.some((line) => LISTEN_FAILURE.test(line)))
    return new ResplicaError('ERR_CANNOT_LOAD', `The dataset cannot be loaded: ${textOf(error)}`);
  return listenError(server.config.values.port, log);
}

function listenError(port: number, log: readonly string[]): ResplicaError {
  const reason = log.findLast((line) => LISTEN_FAILURE.test(line)) ?? log.at(-1) ?? '';
  return reason.includes('Address already in use')
    ? new ResplicaError('ERR_PORT_IN_USE', `Port ${port} is in use: leave out "port" to get a free one.`)
    : new ResplicaError('ERR_CANNOT_LISTEN', `Cannot listen: ${reason.replace(/^.*? # /, '')}`);
}

/** An address for clients of this machine: the wildcards mean all of it. */
export function reachableHost(bind: string): string {
  const address = bind.replace(/^-/, '');
  if (address === '*' || address === '0.0.0.0') return '127.0.0.1';
  return address === '::' || address === '::*' ? '::1' : address;
}

/** Of a binary string, one character per byte. */
export function textOf(binary: string): string {
  return Buffer.from(binary, 'latin1').toString('utf8');
}

function clockOf(host: Host, time: ManualTime | null): ServerClock {
  return {
    now: () => host.clock.wallMs(),
    advance: (durationMs) => {
      if (time === null) {
        throw new ResplicaError('ERR_MANUAL_CLOCK', "clock.advance needs startServer({ clock: 'manual' }).");
      }
      checkAdvance(durationMs);
      time.advance(durationMs);
    },
  };
}
