/** Causes the faults of a schedule, and takes every one of them back when its time is up. */
import type { TraceEvent } from '../../../src/sim/index.ts';
import type { ClusterSet } from './cluster-set.ts';
import { reshard } from './reshard.ts';
import type { Fault } from './schedule.ts';

type Blow = 'kill' | 'power-loss' | 'isolate' | 'pause';

interface PendingTarget {
  readonly event: string;
  readonly act: Blow;
  readonly forMs: number;
}

export class Faults {
  readonly #set: ClusterSet;
  readonly #targets: PendingTarget[] = [];
  /** How many more times a node may sync before it loses power. */
  readonly #doomed = new Map<string, { writes: number; readonly forMs: number }>();
  /** What is to be taken back, and has not been. */
  readonly #open = new Set<() => void>();
  readonly #count: (what: string) => void;
  #isOver = false;
  #hasForgotten = false;

  constructor(set: ClusterSet, count: (what: string) => void) {
    this.#set = set;
    this.#count = count;
    set.world.observe((event) => this.#onTrace(event));
  }

  cause(fault: Fault): void {
    const set = this.#set;
    const { network } = set.world;
    switch (fault.kind) {
      case 'kill':
      case 'power-loss':
      case 'isolate':
      case 'pause':
        this.#strike(set.nameAt(fault.node), fault.kind, fault.forMs);
        return;
      case 'cut': {
        const one = set.names.filter((_, i) => ((fault.mask >> i) & 1) === 1);
        const cut = network.cut(
          one,
          set.names.filter((name) => !one.includes(name)),
        );
        this.#later(fault.forMs, () => cut.heal());
        return;
      }
      case 'one-way': {
        const cut = network.cut(set.nameAt(fault.from), set.nameAt(fault.to), { oneWay: true });
        this.#later(fault.forMs, () => cut.heal());
        return;
      }
      case 'slow':
        this.#slowDown(set.nameAt(fault.from), set.nameAt(fault.to), fault.delayMs, fault.forMs);
        return;
      case 'on-event':
        this.#targets.push(fault);
        return;
      case 'while-saving':
        this.#doomed.set(set.nameAt(fault.node), { writes: fault.writes, forMs: fault.forMs });
        return;
      default:
        this.#command(fault);
    }
  }

  /** What an administrator does in the midst of all that. */
  #command(fault: Extract<Fault, { kind: 'failover' | 'takeover' | 'reshard' | 'forget' }>): void {
    const set = this.#set;
    if (fault.kind === 'reshard') {
      if (reshard(set, set.nameAt(fault.from), set.nameAt(fault.to), fault.slots)) this.#count('resharded');
      return;
    }
    const name = set.nameAt(fault.node);
    if (fault.kind === 'forget') {
      // A node that all others forget within a minute is gone for good: that is what FORGET is for.
      const id = set.state(set.nameAt(fault.other))?.myself.name;
      if (id === undefined || this.#hasForgotten) return;
      if (set.call(name, 'CLUSTER', 'FORGET', id) !== 'OK') return;
      this.#hasForgotten = true;
      this.#count('forgotten');
      return;
    }
    const mode = fault.kind === 'takeover' ? ['TAKEOVER'] : fault.force ? ['FORCE'] : [];
    if (set.call(name, 'CLUSTER', 'FAILOVER', ...mode) === 'OK') this.#count(`failover ${mode.join('')}`.trim());
  }

  #slowDown(from: string, to: string, delayMs: number, forMs: number): void {
    const { network } = this.#set.world;
    const latency = { minUs: delayMs * 200, meanUs: delayMs * 1000, maxUs: delayMs * 2000 };
    network.shape(from, to, { latency }, { oneWay: true });
    const usual = { minUs: 100, meanUs: 300, maxUs: 20_000 };
    this.#later(forMs, () => network.shape(from, to, { latency: usual }, { oneWay: true }));
  }

  /** An event of a node, which some fault may have been waiting for. */
  onEvent(name: string, kind: string): void {
    const at = this.#targets.findIndex(({ event }) => event === kind);
    if (at < 0 || this.#isOver) return;
    const [{ act, forMs }] = this.#targets.splice(at, 1) as [PendingTarget];
    this.#strike(name, act, forMs);
  }

  #onTrace(event: TraceEvent): void {
    if (event.kind !== 'sync' || this.#isOver) return;
    const doom = this.#doomed.get(event.node);
    if (doom === undefined || --doom.writes > 0) return;
    this.#doomed.delete(event.node);
    this.#strike(event.node, 'power-loss', doom.forMs);
  }

  #strike(name: string, act: Blow, forMs: number): void {
    const { world } = this.#set;
    const process = world.process(name);
    if (act === 'isolate') {
      const cut = world.network.isolate(name);
      this.#later(forMs, () => cut.heal());
    } else if (act === 'pause') {
      if (process.state !== 'running') return;
      process.pause();
      this.#later(forMs, () => process.resume());
    } else {
      if (!process.alive) return;
      if (act === 'kill') process.kill();
      else process.powerLoss();
      this.#later(forMs, () => {
        if (!process.alive) process.start();
      });
    }
  }

  #later(forMs: number, undo: () => void): void {
    this.#open.add(undo);
    const { world } = this.#set;
    world.at(world.nowMs + forMs, () => {
      if (this.#open.delete(undo)) undo();
    });
  }

  /** Takes everything back, now. */
  end(): void {
    this.#isOver = true;
    for (const undo of this.#open) undo();
    this.#open.clear();
    const { world, names } = this.#set;
    for (const name of names) if (!world.process(name).alive) world.process(name).start();
    world.network.heal();
    world.network.resetShapes();
  }
}
