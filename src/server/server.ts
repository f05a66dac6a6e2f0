/**
 * One server: the composition of its parts. It owns the keyspace, the sessions and the subsystems, and everything
 * that happens enters here: bytes of a client (`receive`), a timer (`cron`), the embedder's calls.
 */
import type { CommandSettings, Services } from '../commands/context.ts';
import type { Family } from '../commands/row.ts';
import type { NotifyClass } from '../commands/notify-class.ts';
import type { Database } from '../data/database.ts';
import { Keyspace } from '../data/keyspace.ts';
import type { Connection, ConnectionEvents, Host, NetError, Random } from '../host/host.ts';
import { ReplyPool } from '../protocol/reply.ts';
import { BROKEN, type DecoderLimits, REQUEST } from '../protocol/request-decoder.ts';
import { Acl } from './acl/acl.ts';
import type { Call } from './call.ts';
import { type Command, CommandTable, FLAG } from './command-table.ts';
import { RecentClientPeaks } from './client-memory.ts';
import type { Config } from './config/config.ts';
import { type PendingListen, wireConfig } from './config-wiring.ts';
import { Cron } from './cron.ts';
import type { Directives } from './config/grammar.ts';
import { Dispatcher } from './dispatch.ts';
import { type Hooks, noHooks } from './hooks.ts';
import { Identity } from './identity.ts';
import { Info } from './info/info.ts';
import { InstantaneousMetrics } from './instantaneous-metrics.ts';
import { LatencyMonitor } from './latency-monitor.ts';
import { Listeners } from './listeners.ts';
import { Log } from './log.ts';
import { Memory } from './memory.ts';
import { OutputLimits } from './output-limits.ts';
import { Pause } from './pause.ts';
import { refuseProtected } from './protected-commands.ts';
import { SESSION, Session } from './session.ts';
import { Shutdown } from './shutdown.ts';
import { SlowLog } from './slow-log.ts';
import { Statistics } from './statistics.ts';

export interface ServerOptions {
  readonly host: Host;
  readonly config: Config;
  readonly families: readonly Family[];
  /** What the configuration says besides parameters. */
  readonly directives?: Directives;
}

export class Server implements Services {
  readonly host: Host;
  readonly config: Config;
  readonly random: Random;
  readonly keyspace: Keyspace;
  readonly commands: CommandTable;
  readonly acl = new Acl();
  readonly statistics = new Statistics();
  readonly replyPool = new ReplyPool();
  readonly hooks: Hooks = noHooks();
  readonly memory: Memory;
  readonly outputLimits: OutputLimits;
  readonly pause = new Pause();
  readonly dispatcher: Dispatcher;
  readonly log: Log;
  readonly listeners: Listeners;
  readonly cron: Cron;
  readonly shutdown: Shutdown;
  readonly identity: Identity;
  readonly info: Info;
  readonly metrics: InstantaneousMetrics;
  readonly clientPeaks = new RecentClientPeaks();
  readonly slowLog: SlowLog;
  readonly latency: LatencyMonitor;
  /** Run by the cron, `hz` times per second, with the Unix time in ms. */
  readonly cronDuties: ((nowMs: number) => void)[] = [];
  readonly sessions = new Map<number, Session>();
  readonly monitors = new Set<Session>();
  readonly decoderLimits: DecoderLimits;
  readonly settings: CommandSettings;
  /** Bits of CONDITION. */
  conditions = 0;
  /** Changes of the dataset since the last save, as INFO rdb_changes_since_last_save. */
  changes = 0;
  latencyTracking = true;
  slowThresholdUs = 10000;
  /** While true each call is timed by itself (see dispatch.ts). */
  exactTiming = false;
  /** CONFIG SET changed the addresses to listen on; see config-wiring.ts. */
  pendingListen: PendingListen | null = null;
  /** Bits of OBSERVER: who looks at every executed command. */
  observers = 0;
  #nextSessionId = 1;
  #turnUs = 0;
  #turnMs = 0;
  readonly #toFlush = new Set<Session>();

  constructor(options: ServerOptions) {
    this.host = options.host;
    this.config = options.config;
    this.random = options.host.random;
    const { values } = this.config;
    this.keyspace = new Keyspace(values.databases, this.random);
    this.commands = new CommandTable(options.families);
    for (const { from, to } of options.directives?.renamedCommands ?? []) this.commands.rename(from, to);
    this.decoderLimits = {
      get bulkBytesMax(): number {
        return values['proto-max-bulk-len'];
      },
    };
    this.settings = {
      get bulkBytesMax(): number {
        return values['proto-max-bulk-len'];
      },
      get lazyUserDelete(): boolean {
        return values['lazyfree-lazy-user-del'];
      },
      get lazyServerDelete(): boolean {
        return values['lazyfree-lazy-server-del'];
      },
      get lazyUserFlush(): boolean {
        return values['lazyfree-lazy-user-flush'];
      },
    };
    this.memory = new Memory(this);
    this.outputLimits = new OutputLimits(this);
    this.dispatcher = new Dispatcher(this);
    this.log = new Log(this.host, () => values.loglevel);
    this.listeners = new Listeners(this.host.net, this.log, (connection) => this.accept(connection));
    this.cron = new Cron(this);
    this.shutdown = new Shutdown(this);
    const nowMs = this.host.clock.wallMs();
    this.keyspace.setTime(nowMs);
    this.identity = new Identity(this.random, nowMs);
    this.info = new Info(this);
    this.metrics = new InstantaneousMetrics(this.statistics, nowMs);
    this.slowLog = new SlowLog(values);
    this.latency = new LatencyMonitor(
      () => values['latency-monitor-threshold'],
      () => this.keyspace.nowMs,
    );
    this.cronDuties.push((now) => this.#observe(now));
    wireConfig(this);
  }

  /** Samples for INFO. */
  #observe(nowMs: number): void {
    this.metrics.sample(nowMs);
    this.memory.sample();
    this.clientPeaks.sample(this.sessions.values(), nowMs);
  }

  /** CONFIG RESETSTAT. */
  resetStatistics(): void {
    this.statistics.reset();
    Object.assign(this.keyspace.statistics, { hits: 0, misses: 0, expired: 0 });
    for (const command of this.commands.all) command.resetStatistics();
    this.metrics.reset(this.keyspace.nowMs);
  }

  readonly countError = (text: string): void => {
    const { statistics } = this;
    statistics.errorReplies++;
    const space = text.indexOf(' ');
    const code = space < 0 ? text : text.slice(0, space);
    statistics.errorsByCode.set(code, (statistics.errorsByCode.get(code) ?? 0) + 1);
  };

  accept(connection: Connection): ConnectionEvents {
    const session = new Session(this, this.#nextSessionId++, connection);
    this.sessions.set(session.id, session);
    connection.noDelay(true);
    this.statistics.connectionsReceived++;
    return session;
  }

  /** A client of the embedder's own: authenticated from the start, outside of all limits. */
  acceptInternal(connection: Connection): ConnectionEvents {
    const session = new Session(this, this.#nextSessionId++, connection);
    session.set(SESSION.internal);
    this.sessions.set(session.id, session);
    return session;
  }

  forget(session: Session, _error: NetError | null): void {
    this.sessions.delete(session.id);
    this.#toFlush.delete(session);
  }

  // ---------------------------------------------------------------------------------------------------------- turns

  receive(session: Session, chunk: Buffer): void {
    this.statistics.reads++;
    this.statistics.inputBytes += chunk.length;
    session.decoder.feed(chunk);
    this.#startTurn();
    session.lastInteractionMs = this.#turnMs;
    this.process(session);
  }

  /** Runs something that is not a client's request: a timer, a call of the embedder. */
  enter(run: () => void): void {
    this.#startTurn();
    this.advanceTime(this.#turnUs);
    try {
      run();
    } finally {
      this.dispatcher.endTurn();
    }
  }

  #startTurn(): void {
    const { clock } = this.host;
    this.#turnMs = clock.wallMs();
    this.#turnUs = clock.monotonicUs();
    this.dispatcher.startTurn(this.#turnUs);
  }

  /** Sets the keyspace's time for a command that starts at a monotonic time of this turn. */
  advanceTime(nowUs: number): void {
    const nowMs = this.#turnMs + Math.floor((nowUs - this.#turnUs) / 1000);
    if (nowMs !== this.keyspace.nowMs) this.keyspace.setTime(nowMs);
  }

  /** Executes what a session has sent, as far as it goes. */
  process(session: Session): void {
    const { decoder } = session;
    while (!session.has(SESSION.blocked | SESSION.closed | SESSION.closeAfterReply)) {
      const result = decoder.next();
      if (result === REQUEST) this.dispatcher.execute(session, decoder.args);
      else {
        if (result === BROKEN) this.#protocolError(session);
        break;
      }
    }
    decoder.retain();
    this.dispatcher.endTurn();
    session.flush();
  }

  #protocolError(session: Session): void {
    session.reply.error(`ERR ${session.decoder.error}`);
    session.closeAfterReply();
  }

  flushLater(session: Session): void {
    if (this.#toFlush.size === 0) this.host.timers.soon(this.#flushAll);
    this.#toFlush.add(session);
  }

  readonly #flushAll = (): void => {
    for (const session of this.#toFlush) session.flush();
    this.#toFlush.clear();
  };

  /** As INFO redis_mode and the log name it. */
  get mode(): string {
    if (this.config.sentinel) return 'sentinel';
    return this.config.values['cluster-enabled'] ? 'cluster' : 'standalone';
  }

  /** Closes every connection and listener; `done` when the ports are free again. */
  close(done: () => void): void {
    this.cron.stop();
    for (const session of this.sessions.values()) session.close();
    this.listeners.close(done);
  }

  // ------------------------------------------------------------------------------------------- services for handlers

  get propagates(): boolean {
    return this.hooks.changeSinks.length > 0;
  }

  keyModified(_database: Database, _bytes: Uint8Array, _start: number, _end: number): void {}

  notify(_type: NotifyClass, _event: string, _db: Database, _bytes: Uint8Array, _start: number, _end: number): void {}

  countChanges(count: number): void {
    this.changes += count;
  }

  freeLater(free: () => boolean): void {
    while (!free());
  }

  propagate(_call: Call, _changesBefore: number): void {}

  // ------------------------------------------------------------------------------------------- services for dispatch

  refuseProtected(session: Session, command: Command): string | null {
    return refuseProtected(this, session, command);
  }

  abortExec(session: Session, text: string): void {
    session.transaction = null;
    session.clear(SESSION.multi);
    session.reply.error(`EXECABORT Transaction discarded because of: ${text}`);
  }

  /** A call lasted long enough for the slow log or the latency monitor. */
  noteSlow(call: Call, durationUs: number): void {
    this.latency.note(call.command.has(FLAG.fast) ? 'fast-command' : 'command', durationUs);
    this.slowLog.note(call, durationUs);
  }

  observe(_call: Call): void {}

  /** A handler threw something that is not an answer: that is a bug. The command fails, the server goes on. */
  reportFault(_session: Session, command: Command, error: unknown): string {
    this.log.warning(`Fault in command '${command.fullName}': ${error instanceof Error ? error.stack : String(error)}`);
    return 'ERR internal error';
  }
}
