/**
 * What replicas have acknowledged, and who waits for it: WAIT, min-replicas-to-write, SHUTDOWN.
 *
 * A replica tells its offset once a second, and when it is asked to (REPLCONF GETACK in the stream). All who wait in one
 * turn cause one such question. While clients are paused nothing may enter the stream, so the question waits too.
 *
 * Facts: replication.c waitCommand, processClientsWaitingReplicas, refreshGoodSlavesCount.
 */
import type { Call } from '../server/call.ts';
import { deadlineOf, mayBlock } from '../server/blocking.ts';
import { fail } from '../core/errors.ts';
import type { Server } from '../server/server.ts';
import type { Session } from '../server/session.ts';
import type { ChangeFeed } from './change-feed.ts';
import type { ReplicaLinks } from './links.ts';
import type { ReplicationState } from './state.ts';

const NOT_ON_REPLICA =
  'ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a replica is configured to be ' +
  'writable (which is not the default) writes to replicas are just local and are not propagated.';

interface Waiter {
  readonly offset: number;
  readonly replicas: number;
}

export class Acknowledgements {
  readonly #server: Server;
  readonly #state: ReplicationState;
  readonly #links: ReplicaLinks;
  readonly #feed: ChangeFeed;
  readonly #waiters = new Map<Session, Waiter>();
  /** Replicas are to be asked at the end of this turn, or when clients are not paused any more. */
  #isWanted = false;
  /** Replicas that are online and gave a sign of life of late, as of the last look. */
  goodReplicas = 0;

  constructor(server: Server, state: ReplicationState, links: ReplicaLinks, feed: ChangeFeed) {
    this.#server = server;
    this.#state = state;
    this.#links = links;
    this.#feed = feed;
  }

  // --------------------------------------------------------------------------------------------------------------- wait

  wait(c: Call): void {
    const { session } = c;
    if (this.#state.isReplica) fail(NOT_ON_REPLICA);
    const replicas = c.integer(1);
    const deadlineMs = deadlineOf(c, 2);
    const offset = this.#server.streamOffsetOf(session);
    const count = this.#links.acknowledging(offset);
    if (count >= replicas || !mayBlock(session)) {
      c.reply.integer(count);
      return;
    }
    this.#waiters.set(session, { offset, replicas });
    c.server.blocking.block(session, {
      kind: 'replicas',
      deadlineMs,
      giveUp: (waiting) => waiting.reply.integer(this.#links.acknowledging(offset)),
      leave: (waiting) => this.#waiters.delete(waiting),
    });
    this.ask();
  }

  /** Replicas have acknowledged something: answers those who waited for it. */
  check(): void {
    for (const [session, { offset, replicas }] of this.#waiters) {
      const count = this.#links.acknowledging(offset);
      if (count < replicas) continue;
      session.reply.integer(count);
      this.#server.blocking.unblock(session);
    }
  }

  /** Asks all replicas for their offsets, at the end of this turn. */
  ask(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#server.host.timers.soon(() => this.askIfWanted());
  }

  /** What a pause has held back is asked once it is over. */
  askIfWanted(): void {
    if (!this.#isWanted || this.#server.pause.isActive) return;
    this.#isWanted = false;
    if (this.#state.hasBacklog && !this.#state.isReplica) this.#feed.requestAcks();
  }

  // ------------------------------------------------------------------------------------------------------- min-replicas

  get isMinimumSet(): boolean {
    const { values } = this.#server.config;
    return values['min-replicas-to-write'] > 0 && values['min-replicas-max-lag'] > 0;
  }

  refreshGoodReplicas(): void {
    const { config, host } = this.#server;
    if (!this.isMinimumSet) return;
    this.goodReplicas = this.#links.countWithin(config.values['min-replicas-max-lag'], host.clock.wallMs());
  }

  get hasEnoughReplicas(): boolean {
    return this.goodReplicas >= this.#server.config.values['min-replicas-to-write'];
  }
}
