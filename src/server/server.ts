/**
 * One server: the composition of its parts. It owns the keyspace, the sessions and the subsystems, and everything
 * that happens enters here: bytes of a client (`receive`), a timer (`cron`), the embedder's calls.
 */
import type { Arguments } from '../core/arguments.ts';
import type { CommandSettings, Context, Services } from '../commands/context.ts';
import type { Family } from '../commands/row.ts';
import type { NotifyClass } from '../commands/notify-class.ts';
import type { Database } from '../data/database.ts';
import { Keyspace } from '../data/keyspace.ts';
import type { Connection, ConnectionEvents, Disk, Host, Random } from '../host/host.ts';
import { ChunkCache } from '../lua/compiler/chunk-cache.ts';
import { Reply, ReplyPool } from '../protocol/reply.ts';
import { BROKEN, type DecoderLimits, REQUEST } from '../protocol/request-decoder.ts';
import { Acl } from './acl/acl.ts';
import { Blocking } from './blocking.ts';
import type { Call } from './call.ts';
import { ClientEviction } from './client-eviction.ts';
import { Clients } from './clients.ts';
import { settingsOf } from './command-settings.ts';
import { type Command, CommandTable, FLAG } from './command-table.ts';
import { RecentClientPeaks } from './client-memory.ts';
import type { Config } from './config/config.ts';
import { type PendingListen, wireConfig } from './config-wiring.ts';
import { Cron } from './cron.ts';
import type { Directives } from './config/grammar.ts';
import { provideDebugCommands } from './debug/debug-commands.ts';
import { Debugging } from './debug/debugging.ts';
import { Dispatcher } from './dispatch.ts';
import { Migrations } from './migrate/migrations.ts';
import { Eviction } from './eviction.ts';
import { CONDITION } from './gates.ts';
import { type Hooks, noHooks } from './hooks.ts';
import { Identity } from './identity.ts';
import { Info } from './info/info.ts';
import { InstantaneousMetrics } from './instantaneous-metrics.ts';
import { takeOnKeyspaceDuties } from './keyspace-duties.ts';
import { KeyWaits } from './key-waits.ts';
import { LatencyMonitor } from './latency-monitor.ts';
import { Listeners } from './listeners.ts';
import { Log } from './log.ts';
import { Memory } from './memory.ts';
import { MemoryRelease } from './memory-release.ts';
import { Monitors, OBSERVER } from './monitor.ts';
import { Notifications } from './notifications.ts';
import { provideLoadAof } from './persistence/aof-commands.ts';
import { provideReload } from './persistence/debug-reload.ts';
import { Persistence } from './persistence/persistence.ts';
import { OutputLimits } from './output-limits.ts';
import { Pause } from './pause.ts';
import { Propagation } from './propagation.ts';
import { refuseProtected } from './protected-commands.ts';
import { PubSub } from './pubsub.ts';
import type { ReplyHold } from './reply-hold.ts';
import { HALTED, PASSING, SESSION, type Session } from './session.ts';
import { Shutdown } from './shutdown.ts';
import { Scripting } from './scripting/scripting.ts';
import { SlowLog } from './slow-log.ts';
import { SliceQueue } from './slice-queue.ts';
import { Statistics } from './statistics.ts';
import { abortTransaction } from './transactions.ts';
import { Tracking } from './tracking.ts';
import { Watches } from './watches.ts';

export interface ServerOptions {
  readonly host: Host;
  readonly config: Config;
  readonly families: readonly Family[];
  /** What the configuration says besides parameters. */
  readonly directives?: Directives;
  /** Where snapshots go and come from; the host's disk if absent. */
  readonly dataDisk?: Disk;
  /** Compiled scripts that it shares with other servers. */
  readonly chunks?: ChunkCache;
}

export class Server implements Services {
  readonly host: Host;
  readonly config: Config;
  readonly random: Random;
  readonly keyspace: Keyspace;
  readonly commands: CommandTable;
  readonly sessions = new Map<number, Session>();
  readonly acl: Acl;
  /** What the configuration says besides parameters. */
  readonly directives: Directives | null;
  readonly statistics = new Statistics();
  readonly replyPool = new ReplyPool();
  readonly hooks: Hooks = noHooks();
  readonly memory: Memory;
  readonly outputLimits: OutputLimits;
  readonly clients = new Clients(this);
  readonly clientEviction = new ClientEviction(this);
  readonly pause = new Pause(this);
  readonly blocking = new Blocking(this);
  readonly keyWaits = new KeyWaits(this);
  readonly watches = new Watches();
  readonly tracking: Tracking;
  readonly pubsub = new PubSub(this);
  readonly notifications: Notifications;
  readonly monitors = new Monitors(this);
  readonly propagation = new Propagation(this);
  /** Where replies go that nobody wants. */
  readonly silence = new Reply(this.replyPool);
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
  /** Frees large values and emptied databases. */
  readonly lazyFree: SliceQueue;
  readonly persistence: Persistence;
  readonly eviction: Eviction;
  readonly migrations: Migrations;
  readonly debugging = new Debugging();
  readonly scripting = new Scripting(this);
  readonly chunks: ChunkCache;
  /** Run by the cron, `hz` times per second, with the Unix time in ms. */
  readonly cronDuties: ((nowMs: number) => void)[] = [];
  readonly decoderLimits: DecoderLimits;
  readonly settings: CommandSettings;
  /** Bits of CONDITION. */
  conditions = 0;
  isClosed = false;
  /** Changes of the dataset since the start. */
  changes = 0;
  latencyTracking = true;
  slowThresholdUs = 10000;
  /** While true each call is timed by itself (see dispatch.ts). */
  exactTiming = false;
  /** CONFIG SET changed the addresses to listen on; see config-wiring.ts. */
  pendingListen: PendingListen | null = null;
  /** Keeps replies back until what they acknowledge is safe. */
  replyHold: ReplyHold | null = null;
  /** Bits of OBSERVER: who looks at every executed command. */
  observers = 0;
  #turnUs = 0;
  #turnMs = 0;
  /** Commands executed before this turn. */
  #turnCommands = 0;
  readonly #toFlush = new Set<Session>();
  readonly #stopKeyspaceDuties: () => void;

  readonly #options: ServerOptions;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.host = options.host;
    this.chunks = options.chunks ?? new ChunkCache(0);
    this.config = options.config;
    this.random = options.host.random;
    const { values } = this.config;
    this.keyspace = new Keyspace(values.databases, this.random);
    this.notifications = new Notifications(this);
    this.keyspace.observer = this.notifications;
    this.silence.onError = this.countError;
    this.commands = new CommandTable(options.families);
    this.directives = options.directives ?? null;
    for (const { from, to } of this.directives?.renamedCommands ?? []) this.commands.rename(from, to);
    this.decoderLimits = {
      get bulkBytesMax(): number {
        return values['proto-max-bulk-len'];
      },
    };
    this.settings = settingsOf(values, this.debugging);
    this.memory = new Memory(this);
    this.tracking = new Tracking(this);
    this.outputLimits = new OutputLimits(this);
    this.dispatcher = new Dispatcher(this);
    this.log = new Log(this.host, () => values.loglevel);
    this.acl = new Acl(this);
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
    this.lazyFree = new SliceQueue(this.host.timers, this.host.clock);
    this.eviction = new Eviction(this);
    this.migrations = new Migrations(this);
    this.cronDuties.push((now) => this.#observe(now));
    this.persistence = new Persistence(this, options.dataDisk ?? this.host.disk);
    const release = new MemoryRelease(this);
    this.cronDuties.push((now) => release.check(now));
    this.#stopKeyspaceDuties = takeOnKeyspaceDuties(this);
    provideDebugCommands(this.debugging);
    provideReload(this.debugging);
    provideLoadAof(this.debugging);
    this.scripting.provide();
    wireConfig(this);
  }

  /** A server with the same commands and a copy of the configuration: empty, and known to nobody. */
  sibling(): Server {
    return new Server({ ...this.#options, config: this.config.copy(), chunks: this.chunks });
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
    this.eviction.resetStatistics();
    this.persistence.resetStatistics();
    Object.assign(this.keyspace.statistics, { hits: 0, misses: 0, expired: 0 });
    for (const command of this.commands.all) command.resetStatistics();
    this.metrics.reset(this.keyspace.nowMs);
    this.persistence.saves.count = 0;
    this.persistence.aof.resetStatistics();
  }

  readonly countError = (text: string): void => this.statistics.countError(text);

  accept(connection: Connection): ConnectionEvents {
    return this.clients.accept(connection);
  }

  /** A client of the embedder's own: authenticated from the start, outside of all limits. */
  acceptInternal(connection: Connection): Session {
    return this.clients.acceptInternal(connection);
  }

  /** A session was closed: nothing refers to it any more. */
  forget(session: Session): void {
    this.clients.forget(session);
    this.#toFlush.delete(session);
    this.blocking.forget(session);
    this.watches.unwatch(session);
    this.pubsub.leave(session);
    this.tracking.forget(session);
    this.monitors.remove(session);
  }

  // ---------------------------------------------------------------------------------------------------------- turns

  receive(session: Session, chunk: Buffer): void {
    this.statistics.reads++;
    this.statistics.inputBytes += chunk.length;
    const { decoder } = session;
    decoder.feed(chunk);
    session.gauge.received(decoder.bufferedBytes, decoder.awaitedBytes);
    this.#startTurn();
    session.lastInteractionMs = this.#turnMs;
    if (this.clients.withinQueryLimit(session)) this.process(session);
  }

  /** Serves a session that was parked, or its client's requests that came meanwhile. */
  resume(session: Session): void {
    this.#startTurn();
    this.process(session);
  }

  /** Runs something that is not a client's request: a timer, a call of the embedder. */
  enter(run: () => void): void {
    this.#startTurn();
    this.advanceTime(this.#turnUs);
    try {
      run();
    } finally {
      this.propagation.flushOneByOne();
      if ((this.observers & OBSERVER.readyKeys) !== 0) this.keyWaits.serve();
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
    // To a script no time passes.
    if (nowMs !== this.keyspace.nowMs && (this.conditions & CONDITION.busy) === 0) this.keyspace.setTime(nowMs);
  }

  /** Executes what a session has sent, as far as it goes. */
  process(session: Session): void {
    const { decoder } = session;
    this.#turnCommands = this.statistics.commands;
    while ((session.flags & HALTED) === 0) {
      const { emptyRequests } = decoder;
      const result = decoder.next();
      if (decoder.emptyRequests !== emptyRequests && (session.flags & PASSING) !== 0) session.finishEmptyRequest();
      if (result !== REQUEST) {
        if (result === BROKEN) this.#protocolError(session);
        break;
      }
      if (!this.dispatcher.execute(session, decoder.args)) {
        decoder.putBack();
        this.pause.hold(session);
      } else if ((session.flags & PASSING) !== 0 && !session.has(SESSION.blocked)) session.finishCommand();
    }
    if (this.hooks.replication !== null) session.streamOffset = this.hooks.replication.offset;
    decoder.retain();
    if (decoder.heldBytes > 0) session.gauge.received(decoder.bufferedBytes, decoder.awaitedBytes);
    this.dispatcher.endTurn();
    if (this.clientEviction.isCounting) {
      this.clientEviction.update(session);
      this.clientEviction.evict();
    }
    session.flush();
  }

  /** Offset of the replication stream after the last command of the session that is served, its current one left out. */
  streamOffsetOf(session: Session): number {
    const { replication } = this.hooks;
    const isFirst = this.statistics.commands === this.#turnCommands;
    return isFirst || replication === null ? session.streamOffset : replication.offset;
  }

  #protocolError(session: Session): void {
    this.clients.noteProtocolError(session);
    session.reply.error(`ERR ${session.decoder.error}`);
    session.closeAfterReply();
  }

  /** Writes something to a client that is no reply to a command of its own. */
  push(session: Session, write: (output: Reply) => void): void {
    if (!session.isOpen) return;
    const { output } = session;
    if (!this.dispatcher.isServing(session)) {
      write(output);
      if (this.clientEviction.isCounting) this.clientEviction.update(session);
      this.flushLater(session);
      return;
    }
    const from = output.mark();
    write(output);
    this.dispatcher.notePush(from, output.mark());
  }

  flushLater(session: Session): void {
    if (this.#toFlush.size === 0) this.host.timers.soon(this.flushAll);
    this.#toFlush.add(session);
  }

  /** Sends what was left to the end of the turn. */
  readonly flushAll = (): void => {
    for (const session of this.#toFlush) session.flush();
    this.#toFlush.clear();
  };

  setCondition(condition: number, on: boolean): void {
    this.conditions = on ? this.conditions | condition : this.conditions & ~condition;
    this.keyspace.expires = !this.pause.isActive && this.hooks.replication?.isReplica !== true;
  }

  setObserver(observer: number, on: boolean): void {
    this.observers = on ? this.observers | observer : this.observers & ~observer;
  }

  /** As INFO redis_mode and the log name it. */
  get mode(): string {
    if (this.config.sentinel) return 'sentinel';
    return this.config.values['cluster-enabled'] ? 'cluster' : 'standalone';
  }

  /** Closes every connection and listener; `done` when the ports are free again. Nothing is saved. */
  close(done: () => void): void {
    this.isClosed = true;
    this.cron.stop();
    this.hooks.replication?.stop();
    this.hooks.sentinel?.stop();
    this.persistence.stop();
    this.#stopKeyspaceDuties();
    this.pause.stop();
    this.migrations.close();
    this.scripting.stop();
    const { cluster } = this.hooks;
    this.listeners.close(cluster === null ? done : () => cluster.stop(done));
    for (const session of this.sessions.values()) session.close();
  }

  // ------------------------------------------------------------------------------------------- services for handlers

  get propagates(): boolean {
    return this.hooks.changeSinks.length > 0 && (this.conditions & CONDITION.loading) === 0;
  }

  /** @param spontaneous no command asked for it: the key has expired. */
  keyModified(database: Database, bytes: Uint8Array, start: number, end: number, spontaneous = false): void {
    if (this.watches.count > 0) this.watches.touch(database, bytes, start, end);
    if (this.tracking.watches) this.tracking.changed(bytes, start, end, spontaneous);
    if (this.keyWaits.streamCount > 0) this.keyWaits.changed(database, bytes, start, end);
  }

  notify(type: NotifyClass, event: string, database: Database, bytes: Uint8Array, start: number, end: number): void {
    const { notifications } = this;
    if ((notifications.classes & type) === 0) return;
    notifications.publish(type, event, database.index, bytes.subarray(start, end));
  }

  /** A database is about to be emptied, or to be given the contents of another one. */
  databaseChanges(database: Database, replacement: Database | null): void {
    this.watches.touchAll(database, replacement);
    this.keyWaits.replaced(database, replacement);
  }

  /** Empties every database, and tells those who watch, wait for or have cached what was there. */
  emptyDatabases(): void {
    for (const database of this.keyspace.databases) this.databaseChanges(database, null);
    this.tracking.flushed();
    this.keyspace.clear();
  }

  countChanges(count: number): void {
    this.changes += count;
  }

  readsAnyKey(context: Context): boolean {
    const { session, command, args } = context as Call;
    return this.acl.readsAnyKey(session, command, args);
  }

  isScripted(context: Context): boolean {
    return (context as Call).session.has(SESSION.inScript);
  }

  freeLater(free: () => boolean): void {
    this.lazyFree.add(free);
  }

  propagate(call: Call, changesBefore: number): void {
    if (this.propagates) this.propagation.collect(call, this.changes !== changesBefore);
  }

  // ------------------------------------------------------------------------------------------- services for dispatch

  refuseProtected(session: Session, command: Command): string | null {
    return refuseProtected(this, session, command);
  }

  /** EXEC was refused. Monitors that were told of the MULTI are told that it is over. */
  abortExec(session: Session, args: Arguments, text: string): void {
    abortTransaction(this, session, text);
    if (this.monitors.count > 0) this.monitors.tell(session, args);
  }

  /** A call lasted long enough for the slow log or the latency monitor. */
  noteSlow(call: Call, durationUs: number): void {
    this.latency.note(call.command.has(FLAG.fast) ? 'fast-command' : 'command', durationUs);
    this.slowLog.note(call, durationUs);
  }

  /** Somebody looks at every executed command. */
  observe(call: Call): void {
    if ((this.observers & OBSERVER.monitor) !== 0) this.monitors.feed(call);
    const isOver = this.dispatcher.depth === 0;
    if (isOver && (this.observers & OBSERVER.propagation) !== 0) {
      this.propagation.flush(!call.command.has(FLAG.touches_arbitrary_keys));
    }
    if ((this.observers & OBSERVER.tracking) !== 0) this.tracking.observe(call);
    if (isOver && (this.observers & OBSERVER.readyKeys) !== 0) this.keyWaits.serve();
  }

  /** A handler threw something that is not an answer: that is a bug. The command fails, the server goes on. */
  reportFault(_session: Session, command: Command, error: unknown): string {
    this.log.warning(`Fault in command '${command.fullName}': ${error instanceof Error ? error.stack : String(error)}`);
    return 'ERR internal error';
  }
}
