/**
 * Causes the faults of a schedule, and takes every one of them back when its time is up. Any fault can be asked for in any
 * topology at any moment: what cannot happen does not, and the history says so.
 */
import type { SimProcess } from '../../sim/process.ts';
import type { TraceEvent } from '../../sim/trace.ts';
import type { World } from '../../sim/world.ts';
import type { Run } from '../run.ts';
import type { AdminFault, Blow, DiskFault, Fault, NetworkFault, NodeFault } from '../schedule.ts';
import type { SimTopology } from '../topologies/topology.ts';
import { Administrator } from './admin.ts';
import { describeFault } from './describe.ts';
import { Ledger } from './ledger.ts';
import { strikeNetwork } from './network-faults.ts';
import { strike, strikeNode } from './node-faults.ts';
import type { FaultSite } from './site.ts';

const NETWORK_KINDS: ReadonlySet<string> = new Set<NetworkFault['kind']>([
  'cut',
  'bridge',
  'one-way',
  'client-cut',
  'slow',
  'stall',
  'rate',
  'loss',
  'flap',
]);
const ADMIN_KINDS: ReadonlySet<string> = new Set<AdminFault['kind']>([
  'sentinel-failover',
  'sentinel-reset',
  'cluster-failover',
  'reshard',
  'forget',
  'replicaof',
  'promote',
  'failover',
]);

/** A node is to be struck at the n-th event of a type. */
interface Target {
  readonly event: string;
  readonly act: Blow;
  readonly forMs: number;
  left: number;
}

export class Faults implements FaultSite {
  readonly clientNames: readonly string[];
  readonly #run: Run;
  readonly #ledger: Ledger;
  readonly #administrator: Administrator;
  #targets: Target[] = [];
  /** How many more times a node may sync before it loses power. */
  readonly #doomed = new Map<string, { writes: number; readonly forMs: number }>();

  constructor(run: Run, clientNames: readonly string[]) {
    this.#run = run;
    this.clientNames = clientNames;
    this.#ledger = new Ledger(run.world);
    this.#administrator = new Administrator(this);
    run.world.observe((event) => this.#onSync(event), ['sync']);
  }

  cause(fault: Fault): void {
    const text = describeFault(fault, (index) => this.nodeOf(index));
    const nodes = this.#strike(fault);
    const did = nodes.length > 0;
    const untilMs = 'forMs' in fault ? this.world.nowMs + fault.forMs : null;
    this.#run.history.add('', { kind: 'fault', fault, text, nodes, untilMs, did });
    if (did) this.#run.coverage.add(`fault ${fault.kind}`);
  }

  #strike(fault: Fault): string[] {
    if (fault.kind === 'on-event') {
      const { event, act, forMs, occurrence } = fault;
      this.#targets.push({ event, act, forMs, left: Math.max(1, occurrence) });
      return [event];
    }
    if (NETWORK_KINDS.has(fault.kind)) return strikeNetwork(this, fault as NetworkFault);
    if (ADMIN_KINDS.has(fault.kind)) return this.#administrator.order(fault as AdminFault);
    return strikeNode(this, fault as NodeFault | DiskFault);
  }

  // ------------------------------------------------------------------------------------------------------- aimed faults

  /** An event of a node, which some fault may have been waiting for. */
  onEvent(node: string, event: string): void {
    if (this.#targets.length === 0 || this.#ledger.isOver) return;
    for (const target of this.#targets) {
      if (target.event !== event || --target.left > 0) continue;
      this.#strikeAimed(node, target);
    }
    this.#targets = this.#targets.filter(({ left }) => left > 0);
  }

  #strikeAimed(node: string, { act, forMs, event }: Target): void {
    const nodes = strike(this, node, act, forMs);
    if (nodes.length === 0) return;
    const fault: Fault = { kind: act, node: this.topology.names.indexOf(node), forMs };
    const untilMs = this.world.nowMs + forMs;
    this.#run.history.add('', { kind: 'fault', fault, text: `${act} ${node} at ${event}`, nodes, untilMs, did: true });
    this.#run.coverage.add(`aimed ${act}`);
  }

  #onSync({ node }: TraceEvent): void {
    if (this.#doomed.size === 0 || this.#ledger.isOver) return;
    const doom = this.#doomed.get(node);
    if (doom === undefined || --doom.writes > 0) return;
    this.#doomed.delete(node);
    this.#strikeAimed(node, { event: 'sync', act: 'power-loss', forMs: doom.forMs, left: 0 });
  }

  // -------------------------------------------------------------------------------------------------------------- site

  get world(): World {
    return this.#run.world;
  }

  get topology(): SimTopology {
    return this.#run.topology;
  }

  get nodeCount(): number {
    return this.topology.names.length;
  }

  nodeOf(index: number): string {
    const { names } = this.topology;
    return names[Math.abs(Math.trunc(index)) % names.length]!;
  }

  process(index: number): SimProcess {
    return this.world.process(this.nodeOf(index));
  }

  later(forMs: number, text: string, nodes: readonly string[], undo: () => void): void {
    this.#ledger.later(forMs, () => {
      this.#run.history.add('', { kind: 'heal', text, nodes });
      undo();
    });
  }

  goOn(afterMs: number, next: () => void): void {
    this.#ledger.goOn(afterMs, next);
  }

  doom(node: string, writes: number, forMs: number): void {
    this.#doomed.set(node, { writes, forMs });
  }

  // --------------------------------------------------------------------------------------------------------------- end

  /** Takes everything back, now. */
  end(): void {
    this.#ledger.close();
    this.#targets = [];
    this.#doomed.clear();
    this.#endRing();
    const { world, topology } = this;
    for (const name of topology.names) {
      const { disk } = world.process(name);
      disk.failSyncs(0);
      if (!world.process(name).alive) world.process(name).start();
    }
    world.network.heal();
    world.network.resetShapes();
  }

  #endRing(): void {
    const master = this.#administrator.end();
    if (master === null) return;
    this.#run.history.add('', {
      kind: 'heal',
      text: 'is made a master: all servers follow each other',
      nodes: [master],
    });
    this.#run.exemptions.add('agreement replicas in a ring');
  }
}
