/**
 * Replication of one server: its parts, and the changes of its role.
 *
 * Any server can be the master of others (`links`, `fullSync`, `feed`) and the replica of one (`master`), both at once in a
 * chain. Both sides meet in the `state`: which history the dataset belongs to, and the stream since then.
 *
 * The server calls it through `hooks.replication`, and, while it is a master that keeps the stream, through
 * `hooks.changeSinks`. What happens once a second stands in `tick`, in Redis' order (replication.c replicationCron).
 */
import { Arguments } from '../core/arguments.ts';
import { repr } from '../core/repr.ts';
import type { Call } from '../server/call.ts';
import { FLAG } from '../server/command-table.ts';
import { CONDITION } from '../server/gates.ts';
import type { ReplicationHook, ReplicationPosition } from '../server/hooks.ts';
import type { Server } from '../server/server.ts';
import { SESSION, type Session } from '../server/session.ts';
import { Acknowledgements } from './acknowledgements.ts';
import { ChangeFeed } from './change-feed.ts';
import { Failover } from './failover.ts';
import { FullSync } from './full-sync.ts';
import { ReplicaLinks } from './links.ts';
import { LocalExpiry } from './local-expiry.ts';
import type { MasterConnection } from './master-connection.ts';
import { replicationInfo, replyRole, shownState } from './reports.ts';
import { PersistenceSnapshots } from './snapshot-maker.ts';
import { type MasterAddress, NO_DATABASE, ReplicationState } from './state.ts';

const TICK_MS = 1000;
/** A failover is to end soon after the replica has caught up. */
const FAILOVER_TICK_MS = 100;
const LOGGED_BACKLOG_BYTES = 256;
const NOT_ENOUGH_REPLICAS = 'NOREPLICAS Not enough good replicas to write.';

/** Makes the replica side. */
export type ConnectMaster = (replication: Replication) => MasterConnection;

export class Replication implements ReplicationHook {
  readonly server: Server;
  readonly state: ReplicationState;
  readonly links: ReplicaLinks;
  readonly feed: ChangeFeed;
  readonly fullSync: FullSync;
  readonly acknowledgements: Acknowledgements;
  readonly failover: Failover;
  readonly master: MasterConnection;
  readonly #localExpiry: LocalExpiry;
  /** Somebody waits for the stream to come to its end: no PING may enter it. */
  standsStill = false;
  #flushIsDue = false;
  #tickedMs = -Infinity;
  #ticks = 0;

  constructor(server: Server, connectMaster: ConnectMaster) {
    const { config, keyspace } = server;
    this.server = server;
    this.state = new ReplicationState(server.identity, () => config.values['repl-backlog-size']);
    this.links = new ReplicaLinks(server, this.state.buffer);
    this.feed = new ChangeFeed(this.state, () => this.flushSoon());
    this.fullSync = new FullSync(server, this.state, this.links, new PersistenceSnapshots(server));
    this.acknowledgements = new Acknowledgements(server, this.state, this.links, this.feed);
    this.#localExpiry = new LocalExpiry(server);
    this.failover = new Failover(server, this.state, this.links, this);
    this.master = connectMaster(this);
    this.state.buffer.onGrowth = (): void => this.#checkOutputLimits();
    this.links.onDetached = (link): void => {
      this.fullSync.onDetached(link);
      this.acknowledgements.refreshGoodReplicas();
    };
    this.links.onError = (session, text): void => this.noteLinkError(session, text);
    this.fullSync.onOnline = (): void => this.acknowledgements.refreshGoodReplicas();
    this.#plugIn();
    this.state.master = config.values.replicaof;
    keyspace.expires = !this.isReplica;
    this.update();
  }

  #plugIn(): void {
    const { server } = this;
    server.hooks.replication = this;
    server.cronDuties.push((nowMs) => this.#onCron(nowMs));
    server.info.provide('replication', () => replicationInfo(this));
    server.memory.addSource('replicationBacklog', () => this.#backlogMemory);
    server.memory.addSource('replicas', () => this.state.buffer.memoryBytes - this.#backlogMemory);
    server.debugging.provide('change-repl-id', { min: 2, max: 2, run: (c) => this.#changeId(c) });
    server.debugging.provide('replicate', { min: 3, max: Infinity, run: (c) => this.#replicate(c) });
    const update = (): null => {
      this.update();
      return null;
    };
    const watched = ['replica-read-only', 'replica-serve-stale-data', 'min-replicas-to-write', 'min-replicas-max-lag'];
    for (const name of watched) server.config.onChange(name as 'replica-read-only', update);
    server.config.onChange('repl-backlog-size', () => {
      this.state.buffer.trim();
      return null;
    });
  }

  // ---------------------------------------------------------------------------------------------------------- the hook

  get isReplica(): boolean {
    return this.state.isReplica;
  }

  get offset(): number {
    return this.state.offset;
  }

  get position(): ReplicationPosition | null {
    const { state, master } = this;
    if (!state.isReplica) {
      if (!state.hasBacklog) return null;
      return { id: state.id, offset: state.offset, database: Math.max(0, state.database) };
    }
    if (master.database === null) return null;
    return { id: state.id, offset: state.offset, database: Math.max(0, master.database) };
  }

  refuseForLackOfReplicas(flags: number): string | null {
    return (flags & FLAG.write) === 0 || this.acknowledgements.hasEnoughReplicas ? null : NOT_ENOUGH_REPLICAS;
  }

  abandonSnapshot(): void {
    this.fullSync.abandon();
  }

  stop(): void {
    this.master.disconnect();
  }

  get localExpiries(): number {
    return this.#localExpiry.count;
  }

  replyRole(c: Call): void {
    replyRole(this, c);
  }

  get isInSync(): boolean {
    return this.links.allAt(this.state.offset);
  }

  requestAcks(): void {
    if (!this.isReplica && this.state.hasBacklog) this.feed.requestAcks();
  }

  logLag(): void {
    const { log, host } = this.server;
    let inSync = 0;
    for (const link of this.links) {
      const behind = this.state.offset - link.ackOffset;
      if (behind === 0) inSync++;
      else {
        const lag = link.isOnline ? link.lagSeconds(host.clock.wallMs()) : 0;
        log.warning(
          `Lagging replica ${link.name} reported offset ${behind} behind master, lag=${lag}, state=${shownState(link)}.`,
        );
      }
    }
    if (this.links.count > 0) {
      log.notice(`${inSync} of ${this.links.count} replicas are in sync when shutting down.`);
    }
  }

  /** Derives from role, link and configuration what the gates look at, and whether changes enter the stream. */
  update(): void {
    const { server, state, acknowledgements } = this;
    const { values } = server.config;
    const isStale = state.isReplica && this.master.phase !== 'connected' && !values['replica-serve-stale-data'];
    server.setCondition(CONDITION.stale, isStale);
    server.setCondition(CONDITION.readonlyReplica, state.isReplica && values['replica-read-only']);
    server.setCondition(CONDITION.minReplicas, !state.isReplica && acknowledgements.isMinimumSet);
    this.#localExpiry.watch(state.isReplica && !values['replica-read-only']);
    acknowledgements.refreshGoodReplicas();
    if (server.log.role !== 'C') server.log.role = state.isReplica ? 'S' : 'M';
    const { changeSinks } = server.hooks;
    const at = changeSinks.indexOf(this.feed);
    const feeds = !state.isReplica && state.hasBacklog;
    if (feeds && at < 0) changeSinks.push(this.feed);
    else if (!feeds && at >= 0) changeSinks.splice(at, 1);
  }

  // -------------------------------------------------------------------------------------------------------------- roles

  /** Becomes the replica of a master, or of another one. */
  follow(master: MasterAddress): void {
    const { server, state } = this;
    const wasMaster = !state.isReplica;
    state.master = null;
    this.master.disconnect();
    server.blocking.disconnectAll();
    state.master = master;
    server.config.assign('replicaof', master.host, String(master.port));
    if (wasMaster) {
      server.log.notice(
        'Before turning into a replica, using my own master parameters to synthesize a cached master: ' +
          'I may be able to synchronize with the new master with just a partial transfer.',
      );
      this.master.keepOwnPlace();
    }
    this.update();
    server.log.notice(`Connecting to MASTER ${master.host}:${master.port}`);
    this.master.connect();
    this.update();
  }

  /** The server starts as the replica of a master: what it is about to load is that master's. */
  startAsReplica(master: MasterAddress): void {
    this.state.master = master;
    this.server.config.assign('replicaof', master.host, String(master.port));
    this.update();
  }

  /** Becomes a master, with a history of its own from here on. */
  promote(): void {
    const { server, state, links } = this;
    if (!state.isReplica) return;
    state.master = null;
    server.config.assign('replicaof', 'no', 'one');
    this.master.disconnect();
    this.master.retire();
    state.shiftId();
    server.log.warning(
      `Setting secondary replication ID to ${state.secondId}, valid up to offset: ${state.secondOffset}. ` +
        `New replication ID is ${state.id}`,
    );
    links.disconnectAll();
    state.database = NO_DATABASE;
    links.lonelySinceMs = server.host.clock.wallMs();
    this.update();
  }

  /** The first replica has come: from now on the stream is kept, as a new history. */
  ensureBacklog(): void {
    const { state, server } = this;
    if (state.hasBacklog) return;
    state.beginHistory();
    state.createBacklog();
    this.update();
    server.log.notice(`Replication backlog created, my new replication IDs are '${state.id}' and '${state.secondId}'`);
  }

  #changeId(c: Call): void {
    this.server.log.warning('Changing replication IDs after receiving DEBUG change-repl-id');
    this.state.beginHistory();
    c.reply.ok();
  }

  /** DEBUG REPLICATE: a command for the replicas alone. */
  #replicate(c: Call): void {
    const { state, feed } = this;
    const words = Array.from({ length: c.args.count - 2 }, (_, i) => c.args.view(i + 2));
    if (!state.isReplica && state.hasBacklog) feed.feed(state.database, Arguments.ofBuffers(words));
    c.reply.ok();
  }

  /** Something is wrong that cannot be said over a link: the dataset of master and replica may differ. */
  noteLinkError(session: Session, text: string): void {
    const { config, log, shutdown, statistics } = this.server;
    const fromMaster = session.has(SESSION.master);
    const [from, to] = fromMaster ? ['replica', 'master'] : ['master', 'replica'];
    const command = session.lastCommand?.fullName ?? '<unknown>';
    log.warning(
      `== CRITICAL == This ${from} is sending an error to its ${to}: '-${text}' after processing the command '${command}'`,
    );
    statistics.unexpectedErrorReplies++;
    if (!fromMaster) return;
    const { buffer } = this.state;
    if (buffer.historyBytes > 0) {
      log.warning(`Latest backlog is: '${repr(buffer.tail(LOGGED_BACKLOG_BYTES).toString('latin1'))}'`);
    }
    const { values } = config;
    if (values['propagation-error-behavior'] === 'ignore' || !values['replica-read-only']) return;
    shutdown.fail(`This replica panicked sending an error to its master after processing the command '${command}'`);
  }

  // ------------------------------------------------------------------------------------------------------------- output

  /** Sends replicas what entered the stream, at the end of this turn. */
  flushSoon(): void {
    if (this.#flushIsDue) return;
    this.#flushIsDue = true;
    this.server.host.timers.soon(() => this.flush());
  }

  flush(): void {
    this.#flushIsDue = false;
    for (const { session } of this.links) session.flush();
  }

  #checkOutputLimits(): void {
    for (const { session, reader } of this.links) if (reader !== null) this.server.outputLimits.check(session);
  }

  /** What of the buffers would be there without replicas that lag behind. */
  get #backlogMemory(): number {
    const { memoryBytes } = this.state.buffer;
    const size = this.server.config.values['repl-backlog-size'];
    return this.links.count > 0 ? Math.min(memoryBytes, size) : memoryBytes;
  }

  // --------------------------------------------------------------------------------------------------------------- time

  #onCron(nowMs: number): void {
    if (this.isReplica && this.server.debugging.activeExpiry) this.#localExpiry.expire();
    const periodMs = this.failover.isActive ? FAILOVER_TICK_MS : TICK_MS;
    // The cron is not exact to the millisecond, and a period is.
    if (nowMs - this.#tickedMs < periodMs - 10 && nowMs >= this.#tickedMs) return;
    this.#tickedMs = nowMs;
    this.tick(nowMs);
  }

  tick(nowMs: number): void {
    this.failover.tick(nowMs);
    if (this.isReplica) this.master.tick(nowMs);
    this.#ping();
    this.#keepWaitingReplicasAlive();
    this.#disconnectSilentReplicas(nowMs);
    this.#freeUnusedBacklog(nowMs);
    this.fullSync.startPending();
    this.fullSync.removeFile();
    this.acknowledgements.refreshGoodReplicas();
    this.acknowledgements.askIfWanted();
    this.state.buffer.trim();
    this.#ticks++;
  }

  #ping(): void {
    const periodTicks = this.server.config.values['repl-ping-replica-period'];
    // The first tick comes with the start: nobody can be waiting for a sign of life.
    if (this.#ticks === 0 || this.#ticks % periodTicks !== 0 || this.links.count === 0 || this.isReplica) return;
    if (!this.failover.holdsStream && !this.standsStill) this.feed.ping();
  }

  /** Those who wait for a snapshot hear nothing else for a while. */
  #keepWaitingReplicasAlive(): void {
    for (const link of this.links) {
      const waits = link.state === 'wait-start' || (link.state === 'wait-end' && !this.fullSync.isStreaming);
      if (waits) link.say('\n');
    }
  }

  #disconnectSilentReplicas(nowMs: number): void {
    const { log, config } = this.server;
    const timeoutSeconds = config.values['repl-timeout'];
    for (const link of this.links) {
      const { emptyRequests } = link.session.decoder;
      if (emptyRequests !== link.emptyRequestsSeen) {
        link.emptyRequestsSeen = emptyRequests;
        link.ackMs = nowMs;
      }
      if (link.isOnline && !link.isOld && link.lagSeconds(nowMs) > timeoutSeconds) {
        log.warning(`Disconnecting timedout replica (streaming sync): ${link.name}`);
        link.session.close();
      } else if (link.state === 'wait-end' && this.fullSync.isStreaming && link.isStalled(nowMs, timeoutSeconds)) {
        log.warning(`Disconnecting timedout replica (full sync): ${link.name}`);
        link.session.close();
      }
    }
  }

  /** Without replicas the stream is not kept forever; what happens then belongs to another history. */
  #freeUnusedBacklog(nowMs: number): void {
    const { state, links, server } = this;
    const ttlSeconds = server.config.values['repl-backlog-ttl'];
    if (links.count > 0 || ttlSeconds === 0 || !state.hasBacklog || this.isReplica) return;
    if (Math.floor(nowMs / 1000) - Math.floor(links.lonelySinceMs / 1000) <= ttlSeconds) return;
    state.beginHistory();
    state.freeBacklog();
    this.update();
    server.log.notice(`Replication backlog freed after ${ttlSeconds} seconds without connected replicas.`);
  }
}
