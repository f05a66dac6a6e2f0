/** What an administrator does in the midst of all that. What does not belong to a topology is not done. */
import type { AdminFault } from '../schedule.ts';
import { ClusterTopology } from '../topologies/cluster-topology.ts';
import { ReplicationTopology } from '../topologies/replication-topology.ts';
import { MASTER_NAME, SentinelTopology } from '../topologies/sentinel-topology.ts';
import { reshard } from './reshard.ts';
import type { FaultSite } from './site.ts';

export class Administrator {
  readonly #site: FaultSite;
  #hasForgotten = false;
  /** The last server of sentinels that was made the replica of another one, against their will. */
  #demoted: string | null = null;

  constructor(site: FaultSite) {
    this.#site = site;
  }

  /** @returns the nodes that obeyed; none if it could not be. */
  order(fault: AdminFault): string[] {
    const { topology } = this.#site;
    if (topology instanceof ClusterTopology) return this.#orderCluster(topology, fault);
    if (topology instanceof SentinelTopology) return this.#orderSentinel(topology, fault);
    return topology instanceof ReplicationTopology ? this.#orderServers(topology, fault) : [];
  }

  /**
   * Takes a mistake back. Servers that follow each other in a ring, and lose their links at one moment, never get them back,
   * since each waits for the other's; and none is promoted that has had no link for so long (sentinelSelectSlave).
   *
   * @returns the server that is a master again; null if there was no such ring.
   */
  end(): string | null {
    const { topology } = this.#site;
    const demoted = this.#demoted;
    if (demoted === null || topology.replication(demoted)?.isReplica !== true) return null;
    if (topology.serverNames.some((name) => topology.replication(name)?.isReplica === false)) return null;
    return topology.call(demoted, 'REPLICAOF', 'NO', 'ONE') === 'OK' ? demoted : null;
  }

  #orderServers(topology: ReplicationTopology, fault: AdminFault): string[] {
    const site = this.#site;
    switch (fault.kind) {
      case 'promote': {
        const node = site.nodeOf(fault.node);
        return topology.promote(node) ? [node] : [];
      }
      case 'replicaof': {
        const [node, master] = [site.nodeOf(fault.node), site.nodeOf(fault.master)];
        return topology.replicaOf(node, master) ? [node, master] : [];
      }
      case 'failover':
        return topology.failover() ? [topology.root] : [];
      default:
        return [];
    }
  }

  #orderSentinel(topology: SentinelTopology, fault: AdminFault): string[] {
    if (fault.kind === 'replicaof') {
      // Against the sentinels' will: they take it back.
      const names = topology.serverNames;
      const [node, master] = [names[fault.node % names.length]!, names[fault.master % names.length]!];
      if (node === master) return [];
      const { address } = topology.process(master);
      if (topology.call(node, 'REPLICAOF', address, topology.port) !== 'OK') return [];
      this.#demoted = node;
      return [node, master];
    }
    if (fault.kind !== 'sentinel-failover' && fault.kind !== 'sentinel-reset') return [];
    const names = topology.sentinelNames;
    const name = names[fault.node % names.length]!;
    const words = fault.kind === 'sentinel-reset' ? ['RESET', '*'] : ['FAILOVER', MASTER_NAME];
    const reply = topology.call(name, 'SENTINEL', ...words);
    return reply === 'OK' || typeof reply === 'number' ? [name] : [];
  }

  #orderCluster(topology: ClusterTopology, fault: AdminFault): string[] {
    const site = this.#site;
    switch (fault.kind) {
      case 'reshard': {
        // Numbers of masters: hardly any two nodes would be such.
        const masters = topology.voterNames;
        const from = masters[fault.from % masters.length];
        const others = masters.filter((name) => name !== from);
        const to = others[fault.to % others.length];
        if (from === undefined || to === undefined) return [];
        return reshard(topology, from, to, fault.slots) ? [from, to] : [];
      }
      case 'forget': {
        const [name, other] = [site.nodeOf(fault.node), site.nodeOf(fault.other)];
        // A node that all others forget within a minute is gone for good: that is what FORGET is for.
        const id = topology.state(other)?.myself.name;
        if (id === undefined || this.#hasForgotten) return [];
        if (topology.call(name, 'CLUSTER', 'FORGET', id) !== 'OK') return [];
        this.#hasForgotten = true;
        return [name, other];
      }
      case 'cluster-failover': {
        const name = site.nodeOf(fault.node);
        const words = fault.mode === 'normal' ? [] : [fault.mode.toUpperCase()];
        return topology.call(name, 'CLUSTER', 'FAILOVER', ...words) === 'OK' ? [name] : [];
      }
      default:
        return [];
    }
  }
}
