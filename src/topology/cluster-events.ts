/** What the node of a cluster sees and does, as events of the topology: said by its machine, or seen when a turn is over. */
import type { Cluster as ClusterMachine } from '../cluster/cluster.ts';
import type { ClusterEvent } from '../cluster/events.ts';
import { SLOT_BITMAP_BYTES, SLOTS } from '../cluster/state.ts';
import type { SlotRange, TopologyEventBody } from './topology-events.ts';

/** Between two runs of a node's cron. */
const STALL_MIN_MS = 150;

export interface ClusterWatch {
  /** The name of the node with an id. */
  readonly nameOf: (id: string) => string;
  readonly note: (body: TopologyEventBody) => void;
}

/** To be called before the node starts. */
export function watchCluster(machine: ClusterMachine, { nameOf, note }: ClusterWatch): void {
  machine.observe((event) => {
    const body = toBody(event, nameOf);
    if (body !== null) note(body);
  });
  let currentEpoch = 0;
  let configEpoch = 0;
  const slots = new Uint8Array(SLOT_BITMAP_BYTES);
  let isKnown = false;
  machine.afterTurn = (): void => {
    const { state } = machine;
    const { myself } = state;
    if (!isKnown) {
      // What it comes with is no news.
      isKnown = true;
      ({ currentEpoch } = state);
      ({ configEpoch } = myself);
      slots.set(myself.slots);
    }
    if (state.currentEpoch !== currentEpoch || myself.configEpoch !== configEpoch) {
      ({ currentEpoch } = state);
      ({ configEpoch } = myself);
      note({ type: 'epoch', currentEpoch, configEpoch });
    }
    if (Buffer.compare(slots, myself.slots) !== 0) {
      note({ type: 'slots', gained: rangesIn(myself.slots, slots), lost: rangesIn(slots, myself.slots) });
      slots.set(myself.slots);
    }
  };
}

/**
 * A process that stands still for a moment (garbage, a busy machine) stops all nodes in it, and each of them would take
 * that for the silence of the others. What a node has not listened to does not count as silence. To be called before the
 * node starts.
 */
export function forgiveStalls(machine: ClusterMachine): void {
  let lookedMs = Infinity;
  machine.server.cronDuties.unshift((nowMs) => {
    const stalledMs = nowMs - lookedMs - STALL_MIN_MS;
    lookedMs = nowMs;
    if (!(stalledMs > 0)) return;
    for (const node of machine.state.nodes.values()) {
      if (node.pingSentMs !== 0) node.pingSentMs = Math.min(nowMs, node.pingSentMs + stalledMs);
      node.dataReceivedMs = Math.min(nowMs, node.dataReceivedMs + stalledMs);
    }
  });
}

function toBody(event: ClusterEvent, nameOf: (id: string) => string): TopologyEventBody | null {
  switch (event.kind) {
    case 'joined':
      return { type: 'joined', about: nameOf(event.node) };
    case 'unreachable':
      return { type: 'pfail', about: nameOf(event.node) };
    case 'failed':
      return { type: 'fail', about: nameOf(event.node), voices: event.told ? null : event.voices };
    case 'recovered':
      return { type: 'recovered', about: nameOf(event.node) };
    case 'election':
      return { type: 'election', epoch: event.epoch };
    case 'vote':
      return { type: 'vote', epoch: event.epoch, for: nameOf(event.replica) };
    case 'elected':
      return { type: 'elected', epoch: event.epoch, votes: event.votes };
    case 'promoted':
      return { type: 'role', role: 'master' };
    case 'follows':
      return { type: 'role', role: 'replica', master: nameOf(event.master) };
    case 'state':
      return { type: 'state', ok: event.isOk };
    default:
      return null;
  }
}

/** The ranges of slots that are in a bitmap and not in another one. */
export function rangesIn(bitmap: Uint8Array, without: Uint8Array): SlotRange[] {
  const ranges: [number, number][] = [];
  for (let slot = 0; slot < SLOTS; slot++) {
    const bits = bitmap[slot >> 3]! & ~without[slot >> 3]!;
    if (bits === 0) slot |= 7;
    if ((bits & (1 << (slot & 7))) === 0) continue;
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === slot - 1) last[1] = slot;
    else ranges.push([slot, slot]);
  }
  return ranges;
}
