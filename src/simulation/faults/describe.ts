/** Faults in a few words, for histories. */
import type { Fault } from '../schedule.ts';

/** @param nameOf of the node with that number */
export function describeFault(fault: Fault, nameOf: (index: number) => string): string {
  switch (fault.kind) {
    case 'kill':
    case 'power-loss':
    case 'isolate':
    case 'mute':
    case 'pause':
    case 'restart':
    case 'sentinel-failover':
    case 'sentinel-reset':
    case 'promote':
    case 'failover':
    case 'enospc':
      return `${fault.kind} ${nameOf(fault.node)}`;
    case 'rolling':
      return `kill ${fault.count} nodes from ${nameOf(fault.node)} on, one every ${fault.gapMs} ms`;
    case 'kill-majority':
      return 'kill a majority';
    case 'clock-jump':
      return `the clock of ${nameOf(fault.node)} jumps by ${fault.byMs} ms`;
    case 'drift':
      return `the clock of ${nameOf(fault.node)} gains ${fault.partsPerMillion} ppm`;
    case 'disk-stall':
      return `the disk of ${nameOf(fault.node)} takes ${fault.delayMs} ms for everything`;
    case 'sync-eio':
      return `the next ${fault.count} syncs of ${nameOf(fault.node)} fail`;
    case 'while-saving':
      return `power-loss ${nameOf(fault.node)} at its sync number ${fault.writes} from now`;
    case 'on-event':
      return `${fault.act} at ${fault.event} number ${fault.occurrence} from now`;
    default:
      return describeBetween(fault, nameOf);
  }
}

type Between = Extract<
  Fault,
  {
    kind:
      | 'cut'
      | 'bridge'
      | 'one-way'
      | 'client-cut'
      | 'slow'
      | 'stall'
      | 'rate'
      | 'loss'
      | 'flap'
      | 'cluster-failover'
      | 'reshard'
      | 'forget'
      | 'replicaof';
  }
>;

function describeBetween(fault: Between, nameOf: (index: number) => string): string {
  switch (fault.kind) {
    case 'cut':
      return 'cut';
    case 'bridge':
      return `cut, but for ${nameOf(fault.node)}`;
    case 'one-way':
      return `${nameOf(fault.to)} does not hear ${nameOf(fault.from)}`;
    case 'client-cut':
      return `cut a client from ${nameOf(fault.node)}`;
    case 'slow':
      return `${nameOf(fault.to)} hears ${nameOf(fault.from)} ${fault.delayMs} ms late`;
    case 'stall':
      return `${nameOf(fault.to)} hears ${nameOf(fault.from)} later`;
    case 'rate':
      return `${nameOf(fault.from)} sends ${fault.bytesPerSecond} bytes a second to ${nameOf(fault.to)}`;
    case 'loss':
      return `${fault.percent} % of packets of ${nameOf(fault.node)} are lost`;
    case 'flap':
      return `isolate ${nameOf(fault.node)} on and off`;
    case 'cluster-failover':
      return `CLUSTER FAILOVER ${fault.mode === 'normal' ? '' : `${fault.mode.toUpperCase()} `}at ${nameOf(fault.node)}`;
    case 'reshard':
      return `${fault.slots} slots go from a master to another one`;
    case 'forget':
      return `${nameOf(fault.node)} forgets ${nameOf(fault.other)}`;
    case 'replicaof':
      return `${nameOf(fault.node)} follows ${nameOf(fault.master)}`;
  }
}
