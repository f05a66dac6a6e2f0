/**
 * A master and replicas, directly or in a chain, and an administrator who alone says who follows whom. He remembers what he
 * wanted, and sees to it when the faults are over.
 */
import type { World } from '../../sim/world.ts';
import type { Knobs, ReplicationSpec } from '../schedule.ts';
import { NodeSet, range, SERVER_PORT } from './node-set.ts';
import type { TopologyWatcher } from './topology.ts';

/** What waits behind a cut comes with the next retransmission, which may be two minutes away. */
const RETRANSMISSION_MAX_MS = 120_000;

export class ReplicationTopology extends NodeSet {
  readonly kind = 'replication';
  readonly spec: ReplicationSpec;
  readonly names: readonly string[];
  /** Whom each is meant to follow; null for the master. A tree, always. */
  readonly #parents = new Map<string, string | null>();

  constructor(world: World, spec: ReplicationSpec, knobs: Knobs, watcher: TopologyWatcher) {
    super(world, knobs, watcher);
    this.spec = spec;
    this.names = range(spec.replicas + 1).map((i) => `redis${i}`);
    for (const [i, name] of this.names.entries()) {
      this.#parents.set(name, i === 0 ? null : this.names[spec.chained ? i - 1 : 0]!);
    }
  }

  boot(): void {
    for (const name of this.names) {
      const parent = this.#parents.get(name)!;
      const lines = parent === null ? [] : [`replicaof ${this.process(parent).address} ${SERVER_PORT}`];
      this.world.boot(name, (host) => this.startServer(name, host, lines));
    }
  }

  get serverNames(): readonly string[] {
    return this.names;
  }

  get voterNames(): readonly string[] {
    return this.names;
  }

  /** Who is meant to be the master. */
  get root(): string {
    return this.names.find((name) => this.#parents.get(name) === null)!;
  }

  get isReady(): boolean {
    return this.disagreement() === null;
  }

  recoveryMaxMs(): number {
    return RETRANSMISSION_MAX_MS + 6 * this.knobs.replTimeoutSeconds * 1000;
  }

  // ------------------------------------------------------------------------------------------------------ administration

  /** @returns whether it can be: not for the master, and not for one that follows `node` itself. */
  replicaOf(node: string, master: string): boolean {
    if (this.#parents.get(node) === null || this.#isBelow(master, node)) return false;
    if (this.#order(node, master) !== 'OK') return false;
    this.#parents.set(node, master);
    return true;
  }

  promote(node: string): boolean {
    if (this.#order(node, null) !== 'OK') return false;
    this.#parents.set(node, null);
    for (const name of this.names) {
      if (name === node) continue;
      this.#parents.set(name, node);
      this.#order(name, node);
    }
    return true;
  }

  /** FAILOVER of the master, to a replica of its choice. */
  failover(): boolean {
    return this.call(this.root, 'FAILOVER', 'TIMEOUT', 5000) === 'OK';
  }

  #order(node: string, master: string | null): unknown {
    if (master === null) return this.call(node, 'REPLICAOF', 'NO', 'ONE');
    return this.call(node, 'REPLICAOF', this.process(master).address, SERVER_PORT);
  }

  #isBelow(node: string, ancestor: string): boolean {
    for (let at: string | null = node; at !== null; at = this.#parents.get(at)!) if (at === ancestor) return true;
    return false;
  }

  tend(): null {
    this.#learnOfFailover();
    for (const name of this.names) {
      const replication = this.replication(name);
      if (replication === null || replication.failover.isActive) continue;
      const parent = this.#parents.get(name)!;
      if (this.#masterOf(name) !== parent) this.#order(name, parent);
    }
    return null;
  }

  /** The master has handed its role to a replica: that is the master now, and the old one follows it. */
  #learnOfFailover(): void {
    const { root } = this;
    const followed = this.#masterOf(root);
    if (followed === null || this.replication(root)?.failover.isActive !== false) return;
    if (this.#parents.get(followed) !== root || this.replication(followed)?.isReplica !== false) return;
    this.#parents.set(followed, null);
    this.#parents.set(root, followed);
  }

  /** Whom a server follows; null for a master, and for one that is dead. */
  #masterOf(node: string): string | null {
    const master = this.replication(node)?.state.master ?? null;
    return master === null ? null : this.nodeAt(master.host);
  }

  // -------------------------------------------------------------------------------------------------------------- states

  disagreement(): string | null {
    for (const name of this.names) {
      const replication = this.replication(name);
      if (replication === null) return `${name} is dead`;
      const parent = this.#parents.get(name)!;
      if (this.#masterOf(name) !== parent) return `${name} follows ${this.#masterOf(name)} instead of ${parent}`;
      if (parent === null) continue;
      const { phase } = replication.master;
      if (phase !== 'connected') return `${name} has no link to its master (${phase})`;
    }
    return null;
  }
}
