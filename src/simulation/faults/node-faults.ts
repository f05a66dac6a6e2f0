/** What befalls single nodes: processes, clocks, disks. */
import type { SimProcess } from '../../sim/process.ts';
import type { Blow, DiskFault, NodeFault } from '../schedule.ts';
import type { FaultSite } from './site.ts';

/** @returns the nodes that were struck; none if it could not happen. */
export function strikeNode(site: FaultSite, fault: NodeFault | DiskFault): string[] {
  switch (fault.kind) {
    case 'kill':
    case 'power-loss':
    case 'isolate':
    case 'mute':
    case 'pause':
      return strike(site, site.nodeOf(fault.node), fault.kind, fault.forMs);
    case 'restart': {
      const process = site.process(fault.node);
      if (process.state !== 'running') return [];
      process.restart();
      return [process.name];
    }
    case 'rolling':
      return rollOver(site, fault);
    case 'kill-majority': {
      const voters = site.topology.voterNames;
      const majority = voters.slice(0, Math.floor(voters.length / 2) + 1);
      return majority.flatMap((name) => strike(site, name, 'kill', fault.forMs));
    }
    case 'clock-jump':
      site.process(fault.node).jumpClock(fault.byMs);
      return [site.nodeOf(fault.node)];
    case 'drift': {
      const process = site.process(fault.node);
      process.setDrift(fault.partsPerMillion);
      site.later(fault.forMs, 'the clock is right', [process.name], () => process.setDrift(0));
      return [process.name];
    }
    default:
      return harmDisk(site, fault);
  }
}

export function strike(site: FaultSite, name: string, act: Blow, forMs: number): string[] {
  const process = site.world.process(name);
  switch (act) {
    case 'isolate': {
      const cut = site.world.network.isolate(name);
      site.later(forMs, 'is heard again', [name], () => cut.heal());
      return [name];
    }
    case 'mute': {
      const { network, processes } = site.world;
      const others = processes.map((each) => each.name).filter((other) => other !== name);
      const us = forMs * 1000;
      network.shape(name, others, { latency: { minUs: us, meanUs: us, maxUs: us } }, { oneWay: true });
      site.later(forMs, 'is heard at once', [name], () => network.resetShape(name, others, { oneWay: true }));
      return [name];
    }
    case 'pause':
      if (process.state !== 'running') return [];
      process.pause();
      site.later(forMs, 'goes on', [name], () => process.resume());
      return [name];
    case 'kill':
    case 'power-loss':
      if (!process.alive) return [];
      if (act === 'kill') process.kill();
      else process.powerLoss();
      site.later(forMs, 'starts', [name], () => start(process));
      return [name];
  }
}

function start(process: SimProcess): void {
  if (!process.alive) process.start();
}

function rollOver(site: FaultSite, fault: Extract<NodeFault, { kind: 'rolling' }>): string[] {
  const count = Math.min(fault.count, site.nodeCount);
  const names = Array.from({ length: count }, (_, i) => site.nodeOf(fault.node + i));
  for (const [i, name] of names.entries()) {
    if (i === 0) strike(site, name, 'kill', fault.forMs);
    else site.goOn(i * fault.gapMs, () => strike(site, name, 'kill', fault.forMs));
  }
  return names;
}

function harmDisk(site: FaultSite, fault: DiskFault): string[] {
  const name = site.nodeOf(fault.node);
  const { disk } = site.world.process(name);
  switch (fault.kind) {
    case 'disk-stall':
      site.later(fault.forMs, 'the disk is quick again', [name], disk.stall(fault.delayMs));
      break;
    case 'sync-eio':
      disk.failSyncs(fault.count);
      break;
    case 'enospc':
      disk.capacityBytes = disk.usedBytes();
      site.later(fault.forMs, 'there is room on the disk', [name], () => {
        disk.capacityBytes = Infinity;
      });
      break;
    case 'while-saving':
      site.doom(name, fault.writes, fault.forMs);
  }
  return [name];
}
