/** Causes the faults of a schedule, and takes every one of them back when its time is up. */
import type { TraceEvent } from '../../../src/sim/index.ts';
import type { Fault } from './schedule.ts';
import type { SentinelSet } from './sentinel-set.ts';

interface PendingTarget {
  readonly event: string;
  readonly act: 'kill' | 'power-loss' | 'isolate';
  readonly forMs: number;
}

export class Faults {
  readonly #set: SentinelSet;
  readonly #targets: PendingTarget[] = [];
  /** How many more times a sentinel may sync before it loses power. */
  readonly #doomed = new Map<string, { writes: number; readonly forMs: number }>();
  /** What is to be taken back, and has not been. */
  readonly #open = new Set<() => void>();
  #isOver = false;

  constructor(set: SentinelSet) {
    this.#set = set;
    set.world.observe((event) => this.#onTrace(event));
  }

  cause(fault: Fault): void {
    const { world, names, sentinelNames } = this.#set;
    const { network } = world;
    const nameOf = (index: number): string => names[index % names.length]!;
    switch (fault.kind) {
      case 'kill':
      case 'power-loss':
      case 'isolate':
        this.#strike(nameOf(fault.node), fault.kind, fault.forMs);
        return;
      case 'pause': {
        const process = world.process(nameOf(fault.node));
        if (process.state !== 'running') return;
        process.pause();
        this.#later(fault.forMs, () => process.resume());
        return;
      }
      case 'cut': {
        const one = names.filter((_, i) => ((fault.mask >> i) & 1) === 1);
        const cut = network.cut(
          one,
          names.filter((name) => !one.includes(name)),
        );
        this.#later(fault.forMs, () => cut.heal());
        return;
      }
      case 'one-way': {
        const cut = network.cut(nameOf(fault.from), nameOf(fault.to), { oneWay: true });
        this.#later(fault.forMs, () => cut.heal());
        return;
      }
      case 'slow': {
        const [from, to] = [nameOf(fault.from), nameOf(fault.to)];
        const [minUs, maxUs] = [fault.delayMs * 200, fault.delayMs * 2000];
        const latency = { minUs, meanUs: fault.delayMs * 1000, maxUs };
        network.shape(from, to, { latency }, { oneWay: true });
        const usual = { minUs: 100, meanUs: 300, maxUs: 20_000 };
        this.#later(fault.forMs, () => network.shape(from, to, { latency: usual }, { oneWay: true }));
        return;
      }
      case 'clock-jump':
        world.process(nameOf(fault.node)).jumpClock(fault.byMs);
        return;
      case 'on-event':
        this.#targets.push(fault);
        return;
      case 'while-saving': {
        const name = sentinelNames[fault.node % sentinelNames.length]!;
        this.#doomed.set(name, { writes: fault.writes, forMs: fault.forMs });
      }
    }
  }

  /** An event of a sentinel, which some fault may have been waiting for. */
  onEvent(name: string, type: string): void {
    const at = this.#targets.findIndex(({ event }) => event === type);
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

  #strike(name: string, act: 'kill' | 'power-loss' | 'isolate', forMs: number): void {
    const process = this.#set.world.process(name);
    if (act === 'isolate') {
      const cut = this.#set.world.network.isolate(name);
      this.#later(forMs, () => cut.heal());
      return;
    }
    if (!process.alive) return;
    if (act === 'kill') process.kill();
    else process.powerLoss();
    this.#later(forMs, () => {
      if (!process.alive) process.start();
    });
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
