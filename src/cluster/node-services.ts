/** What the cluster machine can ask of the server around it, with the means of that server. */
import type { Replication } from '../replication/replication.ts';
import { PAUSE } from '../server/pause.ts';
import type { Server } from '../server/server.ts';
import type { Bus } from './bus/bus.ts';
import type { Core, NodeServices } from './core.ts';
import { countKeysInSlot, deleteKeysInSlot } from './slot-keys.ts';
import type { ClusterNode } from './state.ts';

export class ServerServices implements NodeServices {
  readonly #server: Server;
  readonly #replication: Replication;
  /** Set when both are made. */
  core!: Core;
  bus!: Bus;

  constructor(server: Server, replication: Replication) {
    this.#server = server;
    this.#replication = replication;
  }

  get replicationOffset(): number {
    const { state, master } = this.#replication;
    return this.core.state.myself.isReplica ? Math.max(0, master.appliedOffset ?? 0) : state.offset;
  }

  get isFollowing(): boolean {
    return this.#replication.isReplica;
  }

  get dataAgeMs(): number {
    const { master } = this.#replication;
    const since = master.phase === 'connected' ? master.lastIoMs : master.downSinceMs;
    return (Math.floor(this.core.nowMs / 1000) - Math.floor(since / 1000)) * 1000;
  }

  follow(host: string, port: number): void {
    this.#replication.follow({ host, port });
  }

  promote(): void {
    this.#replication.promote();
  }

  emptyDataset(): void {
    this.#server.emptyDatabases();
    this.#server.scripting.functions.clear();
  }

  countKeysInSlot(slot: number): number {
    return countKeysInSlot(this.#server, slot);
  }

  deleteKeysInSlot(slot: number): void {
    deleteKeysInSlot(this.#server, slot);
  }

  pauseWrites(untilMs: number): void {
    this.#replication.standsStill = true;
    this.#server.pause.begin('failover', untilMs, PAUSE.writes);
  }

  resumeWrites(): void {
    this.#replication.standsStill = false;
    this.#server.pause.end('failover');
  }

  deliver(channel: Buffer, message: Buffer, isSharded: boolean): void {
    const { pubsub } = this.#server;
    if (isSharded) pubsub.publishSharded(channel, message);
    else pubsub.publish(channel, message);
  }

  connect(node: ClusterNode): void {
    this.bus.connect(node, this.core.nowMs);
  }
}
