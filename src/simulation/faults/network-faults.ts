/** What befalls the network. Clients have places in it, too: in masks their bits come behind those of the nodes. */
import type { LinkShape } from '../../sim/link.ts';
import type { NetworkFault } from '../schedule.ts';
import type { FaultSite } from './site.ts';

/** @returns the nodes that it concerns; none if it could not happen. */
export function strikeNetwork(site: FaultSite, fault: NetworkFault): string[] {
  switch (fault.kind) {
    case 'cut':
      return cutByMask(site, fault.mask, null, fault.forMs);
    case 'bridge':
      return cutByMask(site, fault.mask, site.nodeOf(fault.node), fault.forMs);
    case 'one-way': {
      const [from, to] = [site.nodeOf(fault.from), site.nodeOf(fault.to)];
      if (from === to) return [];
      const cut = site.world.network.cut(from, to, { oneWay: true });
      site.later(fault.forMs, 'is heard again', [from], () => cut.heal());
      return [from, to];
    }
    case 'client-cut': {
      const { clientNames } = site;
      if (clientNames.length === 0) return [];
      const client = clientNames[fault.client % clientNames.length]!;
      const node = site.nodeOf(fault.node);
      const cut = site.world.network.cut(client, node);
      site.later(fault.forMs, 'the client reaches the node again', [client, node], () => cut.heal());
      return [client, node];
    }
    case 'flap':
      return flap(site, site.nodeOf(fault.node), fault.periodMs, fault.forMs);
    case 'loss': {
      const name = site.nodeOf(fault.node);
      const { network } = site.world;
      const others = site.world.processes.map((process) => process.name).filter((other) => other !== name);
      network.shape(name, others, { lossProbability: Math.min(fault.percent, 95) / 100 });
      site.later(fault.forMs, 'no packet is lost', [name], () => network.resetShape(name, others));
      return [name];
    }
    default:
      return bend(site, fault);
  }
}

/** Names of both sides; clients count as nodes. */
function cutByMask(site: FaultSite, mask: number, bridge: string | null, forMs: number): string[] {
  const all = [...site.topology.names, ...site.clientNames].filter((name) => name !== bridge);
  const one = all.filter((_, i) => i < 31 && ((mask >> i) & 1) === 1);
  const rest = all.filter((name) => !one.includes(name));
  if (one.length === 0 || rest.length === 0) return [];
  const cut = site.world.network.cut(one, rest);
  site.later(forMs, 'the cut is healed', one, () => cut.heal());
  return one;
}

type Bending = Extract<NetworkFault, { kind: 'slow' | 'stall' | 'rate' }>;

function bend(site: FaultSite, fault: Bending): string[] {
  const [from, to] = [site.nodeOf(fault.from), site.nodeOf(fault.to)];
  if (from === to) return [];
  const { network } = site.world;
  network.shape(from, to, shapeOf(fault), { oneWay: true });
  site.later(fault.forMs, 'the way is quick again', [from, to], () => network.resetShape(from, to, { oneWay: true }));
  return [from, to];
}

function shapeOf(fault: Bending): LinkShape {
  switch (fault.kind) {
    case 'slow': {
      const us = fault.delayMs * 1000;
      return { latency: { minUs: us / 5, meanUs: us, maxUs: 2 * us } };
    }
    case 'stall': {
      const us = fault.forMs * 1000;
      return { latency: { minUs: us, meanUs: us, maxUs: us } };
    }
    case 'rate':
      return { bytesPerSecond: Math.max(1, fault.bytesPerSecond) };
  }
}

function flap(site: FaultSite, name: string, periodMs: number, forMs: number): string[] {
  const period = Math.max(100, periodMs);
  const again = (leftMs: number): void => {
    const cut = site.world.network.isolate(name);
    site.later(Math.min(period, leftMs), 'is heard again', [name], () => cut.heal());
    if (leftMs > 2 * period) site.goOn(2 * period, () => again(leftMs - 2 * period));
  };
  again(forMs);
  return [name];
}
