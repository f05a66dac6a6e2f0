/**
 * Ports for nodes that may be killed and started again on the same one.
 *
 * The system gives free ports from a range out of which it also serves outgoing connections, so the port of a node that is
 * down for a moment may be gone. These come from below that range.
 */
import type { Net, Random } from '../host/host.ts';
import { ResplicaError } from './errors.ts';

const FIRST = 12_000;
const COUNT = 10_000;
const ATTEMPTS_MAX = 200;
/** A node of a cluster listens that far above its port too. */
export const BUS_OFFSET = 10_000;

export interface PortWish {
  readonly host: string;
  readonly count: number;
  /** The port of the cluster's bus has to be free as well. */
  readonly withBus?: boolean;
}

export async function findPorts(net: Net, random: Random, wish: PortWish): Promise<number[]> {
  const { host, count, withBus = false } = wish;
  const tried = new Set<number>();
  const found: number[] = [];
  while (found.length < count) {
    const candidates: number[] = [];
    for (let left = count - found.length; left > 0; left--) {
      if (tried.size === ATTEMPTS_MAX + count) {
        throw new ResplicaError('ERR_CANNOT_LISTEN', `There are no free ports on ${host}: try another "host".`);
      }
      candidates.push(draw(random, tried));
    }
    const areFree = await Promise.all(candidates.map((port) => isFree(net, host, port, withBus)));
    found.push(...candidates.filter((_, index) => areFree[index]));
  }
  return found;
}

function draw(random: Random, tried: Set<number>): number {
  for (;;) {
    const port = FIRST + random.below(COUNT);
    if (tried.has(port)) continue;
    tried.add(port);
    return port;
  }
}

async function isFree(net: Net, host: string, port: number, withBus: boolean): Promise<boolean> {
  const ports = withBus ? [port, port + BUS_OFFSET] : [port];
  const areFree = await Promise.all(ports.map((each) => canListen(net, host, each)));
  return areFree.every(Boolean);
}

function canListen(net: Net, host: string, port: number): Promise<boolean> {
  return new Promise((done) => {
    const refuse = { data: () => {}, close: () => {} };
    net.listen(
      { address: { kind: 'tcp', host, port } },
      () => refuse,
      (_, listener) => {
        if (listener === null) done(false);
        else listener.close(() => done(true));
      },
    );
  });
}
