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
  const found = new Set<number>();
  for (let attempt = 0; found.size < wish.count; attempt++) {
    if (attempt === ATTEMPTS_MAX + wish.count) {
      throw new ResplicaError('ERR_CANNOT_LISTEN', `There are no free ports on ${wish.host}: try another "host".`);
    }
    const port = FIRST + random.below(COUNT);
    if (found.has(port) || !(await canListen(net, wish.host, port))) continue;
    if (wish.withBus === true && !(await canListen(net, wish.host, port + BUS_OFFSET))) continue;
    found.add(port);
  }
  return [...found];
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
