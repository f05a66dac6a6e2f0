/**
 * FAILOVER: a master hands its role to a replica without losing a write.
 *
 *   no-failover -> waiting-for-sync -> failover-in-progress -> no-failover
 *
 * Writes are paused until the target has acknowledged everything. Then the master becomes its replica and asks it with
 * `PSYNC <id> <offset> FAILOVER` to become master. When the target has agreed, by whatever kind of synchronisation, the
 * pause ends; if it refuses, the old master is master again. With FORCE the time limit ends the waiting instead of the
 * failover.
 *
 * Facts: replication.c failoverCommand, updateFailoverStatus.
 */
import { fail, SYNTAX_ERROR } from '../core/errors.ts';
import type { Call } from '../server/call.ts';
import { PAUSE } from '../server/pause.ts';
import type { Server } from '../server/server.ts';
import type { ReplicaLinks } from './links.ts';
import type { MasterAddress, ReplicationState } from './state.ts';

export type FailoverPhase = 'no-failover' | 'waiting-for-sync' | 'failover-in-progress';

/** Changes of role, which belong to `Replication`. */
export interface Roles {
  follow(master: MasterAddress): void;
  promote(): void;
}

interface FailoverRequest {
  readonly timeoutMs: number;
  readonly target: MasterAddress | null;
  readonly force: boolean;
}

export class Failover {
  readonly #server: Server;
  readonly #state: ReplicationState;
  readonly #links: ReplicaLinks;
  readonly #roles: Roles;
  phase: FailoverPhase = 'no-failover';
  #target: MasterAddress | null = null;
  /** Unix time in ms; 0 for no limit. */
  #deadlineMs = 0;
  #isForced = false;

  constructor(server: Server, state: ReplicationState, links: ReplicaLinks, roles: Roles) {
    this.#server = server;
    this.#state = state;
    this.#links = links;
    this.#roles = roles;
  }

  get isActive(): boolean {
    return this.phase !== 'no-failover';
  }

  /** Offsets must stand still: no PING may enter the stream. */
  get holdsStream(): boolean {
    return this.#deadlineMs > 0 && this.#server.pause.isActive;
  }

  command(c: Call): void {
    const { server, args } = c;
    if (server.config.values['cluster-enabled']) {
      fail('ERR FAILOVER not allowed in cluster mode. Use CLUSTER FAILOVER command instead.');
    }
    if (args.count === 2 && args.is(1, 'abort')) {
      if (!this.isActive) fail('ERR No failover in progress.');
      this.abort('Failover manually aborted');
    } else this.#begin(parse(c), c.now);
    c.reply.ok();
  }

  #begin(request: FailoverRequest, nowMs: number): void {
    const { timeoutMs, target, force } = request;
    if (this.isActive) fail('ERR FAILOVER already in progress.');
    if (this.#state.isReplica) fail('ERR FAILOVER is not valid when server is a replica.');
    if (this.#links.count === 0) fail('ERR FAILOVER requires connected replicas.');
    if (force && (timeoutMs === 0 || target === null)) {
      fail('ERR FAILOVER with force option requires both a timeout and target HOST and IP.');
    }
    if (target !== null) {
      const link = this.#links.find(target.host, target.port);
      if (link === null) return fail('ERR FAILOVER target HOST and PORT is not a replica.');
      if (!link.isOnline) fail('ERR FAILOVER target replica is not online.');
    }
    const whom = target === null ? 'any replica' : `${target.host}:${target.port}`;
    this.#server.log.notice(`FAILOVER requested to ${whom}.`);
    this.#target = target;
    this.#deadlineMs = timeoutMs === 0 ? 0 : nowMs + timeoutMs;
    this.#isForced = force;
    this.phase = 'waiting-for-sync';
    this.#server.pause.begin('failover', Infinity, PAUSE.writes);
  }

  /** To be called ten times a second while a failover is on. */
  tick(nowMs: number): void {
    if (this.phase !== 'waiting-for-sync') return;
    if (this.#deadlineMs > 0 && this.#deadlineMs <= nowMs) {
      if (this.#isForced) this.#switchTo(this.#target!, 'time out exceeded');
      else this.abort('Replica never caught up before timeout');
      return;
    }
    this.#target ??= this.#anyInSync();
    const target = this.#target;
    if (target === null) return;
    const link = this.#links.find(target.host, target.port);
    if (link?.ackOffset === this.#state.offset) this.#switchTo(target, 'is synced');
  }

  #anyInSync(): MasterAddress | null {
    for (const { ackOffset, address, listeningPort } of this.#links) {
      if (ackOffset === this.#state.offset && address !== null) return { host: address, port: listeningPort };
    }
    return null;
  }

  #switchTo(target: MasterAddress, reason: 'time out exceeded' | 'is synced'): void {
    const who = `${target.host}:${target.port}`;
    this.#server.log.notice(
      reason === 'is synced'
        ? `Failover target ${who} is synced, failing over.`
        : `FAILOVER to ${who} time out exceeded, failing over.`,
    );
    this.phase = 'failover-in-progress';
    this.#roles.follow(target);
  }

  /** Ends the failover without success; a master that has given up its role takes it again. */
  abort(reason: string): void {
    if (!this.isActive) return;
    const whom = this.#target === null ? 'any replica' : `${this.#target.host}:${this.#target.port}`;
    this.#server.log.notice(`FAILOVER to ${whom} aborted: ${reason}`);
    if (this.phase === 'failover-in-progress') this.#roles.promote();
    this.clear();
  }

  /** The target has agreed, or the failover was aborted. */
  clear(): void {
    this.phase = 'no-failover';
    this.#target = null;
    this.#deadlineMs = 0;
    this.#isForced = false;
    this.#server.pause.end('failover');
  }
}

function parse(c: Call): FailoverRequest {
  const { args } = c;
  let timeoutMs = 0;
  let target: MasterAddress | null = null;
  let force = false;
  for (let i = 1; i < args.count; i++) {
    if (args.is(i, 'timeout') && i + 1 < args.count && timeoutMs === 0) {
      timeoutMs = c.integer(++i);
      if (timeoutMs <= 0) fail('ERR FAILOVER timeout must be greater than 0');
    } else if (args.is(i, 'to') && i + 2 < args.count && target === null) {
      target = { host: args.binary(i + 1), port: c.integer(i + 2) };
      i += 2;
    } else if (args.is(i, 'force') && !force) force = true;
    else fail(SYNTAX_ERROR);
  }
  return { timeoutMs, target, force };
}
