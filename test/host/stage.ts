/**
 * What the conformance suite plays on: a server's and a client's host, and a way to wait. On the real host both are this
 * process, and waiting means polling; in the simulator they are two nodes, and waiting means running virtual time.
 *
 * Bodies of tests touch a host only through `act`, because the simulator insists on knowing whose event it is.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Address, Host } from '../../src/host/host.ts';
import { createNodeHost } from '../../src/host/node/host.ts';
import { type SimProcess, World, type WorldOptions } from '../../src/sim/index.ts';
import { eventually } from '../support/eventually.ts';

export interface StageNode {
  /** Its address, as others dial it. */
  readonly address: string;
  act<T>(use: (host: Host) => T): T;
}

export interface Stage {
  readonly server: StageNode;
  readonly client: StageNode;
  /** An empty directory that the server's disk may use. */
  readonly directory: string;
  /** Waits until the condition holds; fails, with `what`, when it does not come to that. */
  eventually(what: string, condition: () => boolean): Promise<void>;
  /** Lets time pass in which something must not happen. */
  rest(durationMs: number): Promise<void>;
  close(): Promise<void>;
}

export type MakeStage = () => Promise<Stage>;

export async function realStage(): Promise<Stage> {
  const directory = await mkdtemp(join(tmpdir(), 'resplica-host-'));
  const host = createNodeHost({ workingDirectory: directory });
  const node: StageNode = { address: '127.0.0.1', act: (use) => use(host) };
  return {
    server: node,
    client: node,
    directory,
    eventually: async (what, condition) => {
      await eventually(condition, { what, timeoutMs: 10_000, everyMs: 1 });
    },
    rest: (durationMs) =>
      new Promise((resolve) => {
        setTimeout(resolve, durationMs);
      }),
    close: () => rm(directory, { recursive: true, force: true }),
  };
}

export function simulatedStage(options: WorldOptions): MakeStage {
  return async () => simulatedPair(options).stage;
}

export interface SimulatedPair {
  readonly world: World;
  readonly server: SimProcess;
  readonly client: SimProcess;
  readonly stage: Stage;
}

/** Two simulated nodes that do nothing by themselves, named `server` and `client`. */
export function simulatedPair(options: WorldOptions): SimulatedPair {
  const world = new World(options);
  const toNode = (process: SimProcess): StageNode => ({
    address: process.address,
    act: (use) => process.enter(use),
  });
  const idle = (): void => {};
  const server = world.boot('server', idle);
  const client = world.boot('client', idle);
  const stage: Stage = {
    server: toNode(server),
    client: toNode(client),
    directory: '/data',
    eventually: async (what, condition) => {
      if (!world.run({ until: condition, maxMs: 60_000 })) throw new Error(`never in 60 s: ${what}`);
    },
    rest: async (durationMs) => world.runFor(durationMs),
    close: async () => {},
  };
  return { world, server, client, stage };
}

export function tcp(host: string, port: number): Address {
  return { kind: 'tcp', host, port };
}

export function portOf(address: Address): number {
  if (address.kind !== 'tcp') throw new Error('not a TCP address');
  return address.port;
}
