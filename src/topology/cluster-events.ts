/** What the node of a cluster sees and does, as events of the topology: said by its machine, or seen when a turn is over. */
import type { Cluster as ClusterMachine } from '../cluster/cluster.ts';
import type { ClusterEvent } from '../cluster/events.ts';
import { SLOT_BITMAP_BYTES, SLOTS } from '../cluster/state.ts';
import type { SlotRange, TopologyEventBody } from './topology-events.ts';

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
  machine.afterTurn = (): void => {
    const { state } = machine;
    const { myself } = state;
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
    const bit = 1 << (slot & 7);
    if ((bitmap[slot >> 3]! & bit) === 0 || (without[slot >> 3]! & bit) !== 0) continue;
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === slot - 1) last[1] = slot;
    else ranges.push([slot, slot]);
  }
  return ranges;
}
