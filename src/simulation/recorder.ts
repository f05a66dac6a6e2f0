/**
 * Writes down what can be seen of nodes: roles, epochs, what they think of each other, slots, synchronisations. It looks at
 * a node when something in it has changed (a line of its log, the end of a turn), at the end of that event, and notes the
 * differences to what it saw last.
 */
import { NODE } from '../cluster/state.ts';
import { FLAG, type Instance } from '../sentinel/state.ts';
import type { Fact, History } from './history.ts';
import { ClusterTopology } from './topologies/cluster-topology.ts';
import { SentinelTopology } from './topologies/sentinel-topology.ts';
import type { SimTopology } from './topologies/topology.ts';

const HEAD_OF_LINE = /^\d+:\w \d+ \w+ \d+ \S+ [.\-*#] /;

/** What was seen last. */
interface Seen {
  role: string;
  currentEpoch: number;
  configEpoch: number;
  vote: string;
  slotCount: number;
  slots: Uint8Array | null;
  /** By the other's name, bits that say how it is. */
  readonly flags: Map<string, number>;
}

export class Recorder {
  readonly #topology: SimTopology;
  readonly #history: History;
  readonly #seen = new Map<string, Seen>();
  readonly #changed = new Set<string>();
  readonly #synced = new Map<string, 'full' | 'partial'>();

  constructor(topology: SimTopology, history: History) {
    this.#topology = topology;
    this.#history = history;
  }

  /** Whether there is something to look at. */
  get isDue(): boolean {
    return this.#changed.size > 0;
  }

  /** Something has happened in a node. */
  changed(node: string): void {
    this.#changed.add(node);
  }

  /** A turn of a cluster node is over. Epochs and slots change without an event, and turns are many. */
  turn(node: string): void {
    const topology = this.#topology;
    if (!(topology instanceof ClusterTopology)) return;
    const { currentEpoch, myself } = topology.state(node)!;
    const seen = this.#seenOf(node);
    const isAsSeen =
      seen.currentEpoch === currentEpoch &&
      seen.configEpoch === myself.shownConfigEpoch &&
      seen.slotCount === myself.slotCount;
    if (!isAsSeen) this.#changed.add(node);
  }

  line(node: string, line: string): void {
    const text = line.replace(HEAD_OF_LINE, '');
    if (text === 'MASTER <-> REPLICA sync: Finished with success') this.#synced.set(node, 'full');
    else if (text.startsWith('Successful partial resynchronization with master')) this.#synced.set(node, 'partial');
    this.#changed.add(node);
  }

  /** Looks at all nodes that have changed. To be called between events. */
  look(): void {
    for (const node of this.#changed) this.#look(node);
    this.#changed.clear();
  }

  #look(node: string): void {
    const topology = this.#topology;
    if (topology.server(node) === null) return;
    const seen = this.#seenOf(node);
    if (topology instanceof SentinelTopology && topology.sentinel(node) !== null) {
      this.#lookAtSentinel(topology, node, seen);
      return;
    }
    this.#lookAtServer(node, seen);
    if (topology instanceof ClusterTopology) this.#lookAtClusterNode(topology, node, seen);
  }

  #lookAtServer(node: string, seen: Seen): void {
    const replication = this.#topology.replication(node);
    if (replication === null) return;
    const { master, id, offset } = replication.state;
    const of = master === null ? null : this.#topology.nodeAt(master.host);
    if (seen.role !== (of ?? '')) {
      seen.role = of ?? '';
      this.#note(node, { kind: 'role', role: of === null ? 'master' : 'replica', of });
    }
    const how = this.#synced.get(node);
    if (how === undefined) return;
    this.#synced.delete(node);
    this.#note(node, { kind: 'sync', how, with: of ?? '', replid: id, offset });
  }

  // ----------------------------------------------------------------------------------------------------------- sentinels

  #lookAtSentinel(topology: SentinelTopology, node: string, seen: Seen): void {
    const { state } = topology.sentinel(node)!;
    const view = topology.view(node);
    if (view === null) return;
    this.#noteEpochs(node, seen, Number(state.currentEpoch), Number(view.configEpoch));
    const vote = view.leader === null ? '' : `${view.leaderEpoch} ${view.leader}`;
    if (seen.vote !== vote) {
      seen.vote = vote;
      const candidate = topology.sentinelNames.find((name) => topology.sentinel(name)?.state.myid === view.leader);
      if (view.leader !== null)
        this.#note(node, { kind: 'vote', epoch: Number(view.leaderEpoch), for: candidate ?? view.leader });
    }
    this.#noteFlags(node, seen, node, state.tilt ? 1 : 0, tiltFlags);
    this.#noteInstance(node, seen, view);
    for (const replica of view.replicas.values()) this.#noteInstance(node, seen, replica);
    for (const sentinel of view.sentinels.values()) this.#noteInstance(node, seen, sentinel);
  }

  #noteInstance(node: string, seen: Seen, instance: Instance): void {
    const bits = instance.flags & (FLAG.sDown | FLAG.oDown);
    // Nearly always nothing has changed, and then nobody needs the name of the node.
    const key = instance.addr.ip;
    if ((seen.flags.get(key) ?? 0) === bits) return;
    seen.flags.set(key, bits);
    this.#note(node, { kind: 'flags', about: this.#topology.nodeAt(key), flags: sentinelFlags(bits) });
  }

  // ------------------------------------------------------------------------------------------------------------ clusters

  #lookAtClusterNode(topology: ClusterTopology, node: string, seen: Seen): void {
    const state = topology.state(node);
    // A fault may have waited for what was noted of it just now.
    if (state === null) return;
    const { myself } = state;
    this.#noteEpochs(node, seen, state.currentEpoch, myself.shownConfigEpoch);
    this.#noteFlags(node, seen, node, state.isOk ? 0 : 1, downFlags);
    for (const other of state.nodes.values()) {
      const bits = other.flags & (NODE.pfail | NODE.fail | NODE.handshake);
      if ((seen.flags.get(other.name) ?? 0) === bits) continue;
      seen.flags.set(other.name, bits);
      this.#note(node, { kind: 'flags', about: topology.nameOfId(other.name), flags: clusterFlags(bits) });
    }
    if (seen.slotCount === myself.slotCount && seen.slots !== null && Buffer.compare(seen.slots, myself.slots) === 0)
      return;
    seen.slotCount = myself.slotCount;
    seen.slots = myself.slots.slice();
    this.#note(node, { kind: 'slots', slots: rangesOf(myself.slots) });
  }

  #noteEpochs(node: string, seen: Seen, current: number, config: number): void {
    if (seen.currentEpoch === current && seen.configEpoch === config) return;
    seen.currentEpoch = current;
    seen.configEpoch = config;
    this.#note(node, { kind: 'epoch', current, config });
  }

  #noteFlags(node: string, seen: Seen, about: string, bits: number, name: (bits: number) => readonly string[]): void {
    if ((seen.flags.get(about) ?? 0) === bits) return;
    seen.flags.set(about, bits);
    this.#note(node, { kind: 'flags', about, flags: name(bits) });
  }

  #seenOf(node: string): Seen {
    let seen = this.#seen.get(node);
    if (seen === undefined) {
      seen = {
        role: 'unknown',
        currentEpoch: -1,
        configEpoch: -1,
        vote: '',
        slotCount: -1,
        slots: null,
        flags: new Map(),
      };
      this.#seen.set(node, seen);
    }
    return seen;
  }

  #note(node: string, fact: Fact): void {
    this.#history.add(node, fact);
  }
}

function tiltFlags(bits: number): readonly string[] {
  return bits === 0 ? [] : ['tilt'];
}

function downFlags(bits: number): readonly string[] {
  return bits === 0 ? [] : ['cluster-down'];
}

function sentinelFlags(bits: number): readonly string[] {
  return [...((bits & FLAG.sDown) === 0 ? [] : ['sdown']), ...((bits & FLAG.oDown) === 0 ? [] : ['odown'])];
}

function clusterFlags(bits: number): readonly string[] {
  return [
    ...((bits & NODE.pfail) === 0 ? [] : ['pfail']),
    ...((bits & NODE.fail) === 0 ? [] : ['fail']),
    ...((bits & NODE.handshake) === 0 ? [] : ['handshake']),
  ];
}

function rangesOf(slots: Uint8Array): [number, number][] {
  const ranges: [number, number][] = [];
  for (let slot = 0; slot < slots.length * 8; slot++) {
    if ((slots[slot >> 3]! & (1 << (slot & 7))) === 0) continue;
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === slot - 1) last[1] = slot;
    else ranges.push([slot, slot]);
  }
  return ranges;
}
