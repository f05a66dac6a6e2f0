/**
 * A simulated world: nodes on machines, a network between them, one virtual clock, one seed.
 *
 *     const world = new World({ seed: 42 });
 *     const server = world.boot('server', (host) => startNode(host));
 *     world.boot('client', (host) => { host.net.connect({ kind: 'tcp', host: 'server', port: 6379 }, events); });
 *     world.run({ until: () => done, maxMs: 10_000 });
 *     server.powerLoss();
 *     world.runFor(500);
 *     server.restart();
 *
 * `run` is synchronous: it executes events until a condition holds or virtual time is up. Everything that a node does
 * follows from the seed and the program; `traceHash` sums up the history. Faults are calls between runs, or
 * scheduled with `at`, or made by an observer of the trace when something particular happens.
 */
import type { Random } from '../host/host.ts';
import { Prng } from '../host/prng.ts';
import { withoutAmbientWorld } from './ambient-guard.ts';
import { SimulationError } from './errors.ts';
import { MachineClock } from './machine-clock.ts';
import { type DiskOptions, MachineDisk } from './machine-disk.ts';
import { Network, type NetworkOptions } from './network.ts';
import { type Main, SimProcess } from './process.ts';
import type { Program } from './programs.ts';
import { Scheduler } from './scheduler.ts';
import type { Kind, TraceEvent } from './trace.ts';

export interface WorldOptions {
  /** Any 32-bit integer. One seed, one history. */
  readonly seed: number;
  /** What the wall clocks show at first, in Unix milliseconds; by default the start of 2024. */
  readonly wallMs?: number;
  readonly network?: NetworkOptions;
  readonly disk?: DiskOptions;
  /** Events of different nodes on one microsecond run in an order drawn from the seed; by default they do. */
  readonly shuffleTies?: boolean;
  /** Checks the rules of ownership of bytes (see host.ts); by default it does. */
  readonly paranoid?: boolean;
  /** Lets `Date.now`, `Math.random` and timers throw while nodes run; by default it does. */
  readonly forbidAmbientWorld?: boolean;
  /** Environment variables that every node sees; by default none. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Programs that every node can start, by path; by default none. */
  readonly programs?: Readonly<Record<string, Program>>;
  /** Gets every log line of every node. */
  readonly onLog?: (process: SimProcess, line: string) => void;
}

export interface BootOptions {
  /** The machine's IPv4 address; by default the next of 10.0.0.0/16. */
  readonly address?: string;
  readonly disk?: DiskOptions;
}

export interface RunOptions {
  /** Stop as soon as this holds. Looked at before the first event and after each. */
  readonly until?: () => boolean;
  /** Stop at this time, in milliseconds since the world began. */
  readonly untilMs?: number;
  /** Stop after that much virtual time; ten minutes unless `untilMs` is given. */
  readonly maxMs?: number;
}

/** 2024-01-01T00:00:00Z. */
const START_WALL_MS = 1_704_067_200_000;
const LONGEST_RUN_MS = 600_000;

export class World {
  readonly seed: number;
  readonly network: Network;
  readonly #options: WorldOptions;
  readonly #random: Random;
  readonly #scheduler: Scheduler;
  readonly #processes = new Map<string, SimProcess>();
  readonly #guard: <T>(act: () => T) => T;
  #isGuarded = false;

  constructor(options: WorldOptions) {
    this.seed = options.seed;
    this.#options = options;
    this.#random = new Prng(options.seed);
    const shuffle = options.shuffleTies ?? true;
    this.#scheduler = new Scheduler(shuffle ? this.#random.fork('ties').u32() : null);
    this.network = new Network(this.#scheduler, this.#random.fork('network'), options.network ?? {});
    const guard = (options.forbidAmbientWorld ?? true) ? withoutAmbientWorld : runPlainly;
    this.#guard = (act) => {
      if (this.#isGuarded) return act();
      this.#isGuarded = true;
      try {
        return this.#annotated(() => guard(act));
      } finally {
        this.#isGuarded = false;
      }
    };
  }

  // ----------------------------------------------------------------------------------------------------------- nodes

  /** Adds a node and boots it. Its name is its host name. */
  boot(name: string, main: Main, options: BootOptions = {}): SimProcess {
    const scheduler = this.#scheduler;
    const machine = this.network.addMachine(name, options.address);
    scheduler.trace.nameNode(machine.index, name);
    const random = this.#random.fork(`node ${name}`);
    const process = new SimProcess(
      {
        scheduler,
        network: this.network,
        machine,
        clock: new MachineClock(this.#options.wallMs ?? START_WALL_MS),
        disk: new MachineDisk(random.fork('disk'), { ...this.#options.disk, ...options.disk }),
        random,
        paranoid: this.#options.paranoid ?? true,
        environment: this.#options.environment ?? {},
        programs: this.#options.programs ?? {},
        netOf: (other) => this.#processes.get(other.name)?.net ?? undefined,
        onLog: this.#options.onLog ?? (() => {}),
        guard: this.#guard,
      },
      main,
    );
    this.#processes.set(name, process);
    process.start();
    return process;
  }

  process(name: string): SimProcess {
    const process = this.#processes.get(name);
    if (process === undefined) throw new SimulationError(`there is no node named ${name}`);
    return process;
  }

  get processes(): readonly SimProcess[] {
    return [...this.#processes.values()];
  }

  // ------------------------------------------------------------------------------------------------------------ time

  /** Virtual milliseconds since the world began. */
  get nowMs(): number {
    return this.#scheduler.nowUs / 1000;
  }

  /** Events that have run so far. */
  get executedEvents(): number {
    return this.#scheduler.executed;
  }

  /** Runs events until a condition holds. @returns whether it came to that: `until` held, or `untilMs` was reached. */
  run(options: RunOptions): boolean {
    const scheduler = this.#scheduler;
    if (scheduler.current !== null) throw new SimulationError('run() was called inside an event');
    const { until, untilMs } = options;
    const maxMs = options.maxMs ?? (untilMs === undefined ? LONGEST_RUN_MS : Infinity);
    const endUs = Math.round(Math.min((untilMs ?? Infinity) * 1000, scheduler.nowUs + maxMs * 1000));
    return this.#guard(() => {
      for (;;) {
        if (until?.() === true) return true;
        if (scheduler.nextUs > endUs) break;
        scheduler.step();
      }
      scheduler.idleUntil(endUs);
      return until === undefined;
    });
  }

  /** Lets that much virtual time pass. */
  runFor(durationMs: number): void {
    this.run({ untilMs: this.nowMs + durationMs });
  }

  /** Runs one event. @returns false when there is none. */
  step(): boolean {
    return this.#guard(() => this.#scheduler.step());
  }

  /** Calls `act` at that time, in milliseconds since the world began: for faults. It belongs to no node. */
  at(timeMs: number, act: () => void): void {
    this.#scheduler.at(Math.round(timeMs * 1000), -1, null, act);
  }

  // ----------------------------------------------------------------------------------------------------------- trace

  /** The whole history so far as one 32-bit number. */
  get traceHash(): number {
    return this.#scheduler.trace.hash;
  }

  /** The trace hash after every 1024 events of the trace. */
  get checkpoints(): readonly number[] {
    return this.#scheduler.trace.checkpoints;
  }

  /** Events of the trace so far. One event of the scheduler makes none, one or several. */
  get tracedEvents(): number {
    return this.#scheduler.trace.count;
  }

  /**
   * Calls `observer` for each event of the trace, at the moment when it happens: in the midst of a node's event. It may
   * cause faults there (kill, cut, lose power), even to that very node, but not call ports.
   * @param kinds by default all, which costs time
   */
  observe(observer: (event: TraceEvent) => void, kinds?: readonly Kind[]): void {
    this.#scheduler.trace.observe(observer, kinds);
  }

  /** An error that leaves a run says where in which history it happened. */
  #annotated<T>(act: () => T): T {
    try {
      return act();
    } catch (error) {
      if (error instanceof Error && !error.message.includes('[seed ')) {
        error.message += ` [seed ${this.seed}, ${(this.#scheduler.nowUs / 1e6).toFixed(6)} s]`;
      }
      throw error;
    }
  }
}

function runPlainly<T>(act: () => T): T {
  return act();
}
