/**
 * Plays a schedule in two acts. In the first, faults happen while clients work, and checkers look on at every turn. In the
 * second all faults are over, and in bounded time all nodes must be well and of one mind, and nothing may be missing that
 * was promised. The first violation ends the run; it can be played again, to the bit.
 */
import type { Random } from '../core/random.ts';
import { Prng } from '../host/prng.ts';
import type { Kind } from '../sim/trace.ts';
import { World } from '../sim/world.ts';
import { type Checker, Counts, type Violation } from './checker.ts';
import { usualCheckers } from './checkers/usual.ts';
import { Faults } from './faults/faults.ts';
import { type Fact, History, type HistoryEntry, type RunPhase } from './history.ts';
import { MessageLog } from './message-log.ts';
import { Recorder } from './recorder.ts';
import type { LostWrite, Outcome, PlayOptions, Run, Workload } from './run.ts';
import type { Schedule } from './schedule.ts';
import { ClusterTopology } from './topologies/cluster-topology.ts';
import { makeTopology } from './topologies/make.ts';
import type { SimTopology, TopologyWatcher } from './topologies/topology.ts';
import { usualWorkload } from './workload.ts';

/** Everybody finds everybody within that time, while nothing is wrong. */
const START_MAX_MS = 60_000;
/** Agreement must hold for so long. */
const STABLE_MS = 2000;
const LOOK_EVERY_MS = 500;
/** The checker that speaks when nodes do not come to agree. */
const LIVENESS = 'agreement';

type ProcessState = Extract<Fact, { kind: 'process' }>['state'];

const PROCESS_STATES: Readonly<Partial<Record<Kind, ProcessState>>> = {
  boot: 'up',
  kill: 'killed',
  powerLoss: 'lost-power',
  pause: 'paused',
  resume: 'resumed',
};

/** Somebody outside of the world who takes part. */
export interface Guest {
  /** Whether the run may not end yet. */
  isWaitedFor(): boolean;
  /** Faults are over, and all agree. */
  agreed(): void;
}

export function play(schedule: Schedule, options: PlayOptions = {}): Outcome {
  const player = new Player(schedule, options);
  const acts = player.play();
  for (;;) {
    const { done, value } = acts.next();
    if (done) return value;
  }
}

/** One run. Its acts are a generator, which stops where somebody outside of the world (`wake`) wants to be heard. */
export class Player implements Run, TopologyWatcher {
  readonly schedule: Schedule;
  readonly world: World;
  readonly topology: SimTopology;
  readonly history: History;
  readonly coverage = new Counts();
  readonly exemptions = new Counts();
  readonly lost: LostWrite[] = [];
  phase: RunPhase = 'start';
  violation: Violation | null = null;
  readonly #random: Random;
  readonly #recorder: Recorder;
  readonly #checkers: readonly Checker[];
  readonly #eachEvent: readonly Checker[];
  readonly #workload: Workload;
  /** Null while nodes are made. */
  readonly #faults: Faults | null = null;
  /** Who wants to be waited for. */
  guest: Guest | null = null;
  #recoveryMs = 0;
  #isAwake = false;

  constructor(schedule: Schedule, options: PlayOptions) {
    this.schedule = schedule;
    const { knobs, seed, topology } = schedule;
    this.#random = new Prng(seed);
    this.world = new World({
      seed,
      paranoid: knobs.paranoid,
      network: { chunking: knobs.chunking },
      onLog: (process, line) => this.#onLog(process.name, line),
    });
    this.history = new History(() => this.world.nowMs, options.keep);
    this.world.observe(
      ({ node, kind }) => this.history.add(node, { kind: 'process', state: PROCESS_STATES[kind]! }),
      Object.keys(PROCESS_STATES) as Kind[],
    );
    this.topology = makeTopology(this.world, topology, knobs, this);
    this.#recorder = new Recorder(this.topology, this.history);
    if (this.history.keepsAll) this.#logMessages();
    const makers = [...(options.checkers ?? usualCheckers(topology.kind)), ...(options.moreCheckers ?? [])];
    this.#checkers = makers.map((make) => make(this));
    this.#eachEvent = this.#checkers.filter(({ onEvent }) => onEvent !== undefined);
    for (const checker of this.#checkers) {
      if (checker.onEntry !== undefined) this.history.listen((entry) => checker.onEntry!(entry));
    }
    this.history.listen((entry) => this.#onEntry(entry));
    this.topology.boot();
    this.#workload = (options.workload ?? usualWorkload)(this);
    const nodes = new Set(this.topology.names);
    const clients = this.world.processes.map(({ name }) => name).filter((name) => !nodes.has(name));
    this.#faults = new Faults(this, clients);
    options.observe?.(this);
  }

  // ---------------------------------------------------------------------------------------------------------------- acts

  *play(): Generator<void, Outcome> {
    const { world, coverage, exemptions, history, lost } = this;
    this.#begin('start');
    if (yield* this.#start()) yield* this.#suffer();
    if (this.violation === null) yield* this.#recover();
    if (this.violation === null) for (const checker of this.#checkers) checker.atEnd?.();
    this.#begin('end');
    return {
      violation: this.violation,
      simulatedMs: world.nowMs,
      recoveryMs: this.#recoveryMs,
      traceHash: world.traceHash,
      events: world.executedEvents,
      coverage,
      exemptions,
      history,
      lost,
    };
  }

  /** @returns whether all nodes have found each other. */
  *#start(): Generator<void, boolean> {
    const { topology } = this;
    for (const endMs = START_MAX_MS; !topology.isReady;) {
      if (this.world.nowMs > endMs)
        this.fail(LIVENESS, `no start: ${topology.disagreement() ?? 'they do not find each other'}`);
      if (yield* this.#run(100)) return false;
      this.#tend();
    }
    return true;
  }

  /** Faults happen. */
  *#suffer(): Generator<void, void> {
    const { steps, ops, tailMs } = this.schedule;
    this.#begin('faults');
    this.wake();
    this.#workload.begin();
    let timeMs = this.world.nowMs;
    for (const { afterMs, client, op } of ops) {
      timeMs += afterMs;
      this.world.at(timeMs, () => {
        if (this.phase === 'faults') this.#workload.perform(client, op);
      });
    }
    for (const { afterMs, fault } of steps) {
      if (yield* this.#run(afterMs)) return;
      this.#faults?.cause(fault);
    }
    yield* this.#run(tailMs);
  }

  /** Faults are over: all must come to agree, and operations to their ends. */
  *#recover(): Generator<void, void> {
    const { world, topology } = this;
    this.#begin('healed');
    this.#faults?.end();
    this.#workload.end();
    const healedMs = world.nowMs;
    const boundMs = topology.recoveryMaxMs(this.schedule.steps);
    const endMs = healedMs + boundMs;
    let agreedSinceMs = Infinity;
    let hasAgreed = false;
    for (;;) {
      if (this.violation !== null) return;
      this.#tend();
      const reason = topology.disagreement() ?? (this.#workload.pending > 0 ? 'clients wait' : null);
      if (reason !== null) agreedSinceMs = Infinity;
      else if (agreedSinceMs === Infinity) agreedSinceMs = world.nowMs;
      else if (world.nowMs - agreedSinceMs >= STABLE_MS) {
        if (!hasAgreed) this.guest?.agreed();
        hasAgreed = true;
        if (this.guest?.isWaitedFor() !== true) break;
      }
      if (world.nowMs > endMs) {
        const last = hasAgreed ? 'the script has not ended' : 'it does not last';
        this.fail(LIVENESS, `no agreement within ${boundMs} ms: ${reason ?? last}`);
        return;
      }
      yield* this.#run(LOOK_EVERY_MS);
    }
    this.#recoveryMs = world.nowMs - healedMs;
  }

  #tend(): void {
    const exemption = this.topology.tend();
    if (exemption === null) return;
    this.exemptions.add(exemption);
    this.history.add('', { kind: 'heal', text: `an administrator helps: ${exemption}`, nodes: [] });
  }

  #begin(phase: RunPhase): void {
    this.phase = phase;
    this.history.add('', { kind: 'phase', phase });
  }

  /** Lets time pass. @returns whether something is wrong. */
  *#run(durationMs: number): Generator<void, boolean> {
    const { world } = this;
    const untilMs = world.nowMs + durationMs;
    while (world.nowMs < untilMs && this.violation === null) {
      world.run({ until: this.#afterEvent, untilMs });
      if (!this.#isAwake) continue;
      this.#isAwake = false;
      yield;
    }
    return this.violation !== null;
  }

  readonly #afterEvent = (): boolean => {
    if (this.#recorder.isDue) this.#recorder.look();
    for (const checker of this.#eachEvent) checker.onEvent!();
    return this.#isAwake || this.violation !== null;
  };

  /** Somebody outside of the world has heard something: he may act before time goes on. */
  wake(): void {
    this.#isAwake = true;
  }

  // ------------------------------------------------------------------------------------------------------------- watcher

  boot(node: string): void {
    for (const checker of this.#checkers) checker.onBoot?.(node);
  }

  event(node: string, event: string, payload: string): void {
    this.coverage.add(event);
    this.#recorder.changed(node);
    this.history.add(node, { kind: 'event', event, payload });
    this.#faults?.onEvent(node, event);
  }

  turn(node: string): void {
    this.#recorder.turn(node);
    for (const checker of this.#checkers) checker.onTurn?.(node);
  }

  #logMessages(): void {
    const { topology } = this;
    const log = new MessageLog(this.history, (id) =>
      topology instanceof ClusterTopology ? topology.nameOfId(id) : id,
    );
    this.world.network.tap((arrival) => log.arrived(arrival));
  }

  /** What servers do has no events of its own, but faults may wait for it. */
  #onEntry(entry: HistoryEntry): void {
    if (entry.kind === 'sync') this.coverage.add(`sync ${entry.how}`);
    if (entry.kind === 'sync' || entry.kind === 'role') this.#faults?.onEvent(entry.node, entry.kind);
  }

  #onLog(node: string, line: string): void {
    this.history.add(node, { kind: 'log', line });
    this.#recorder.line(node, line);
  }

  // ----------------------------------------------------------------------------------------------------------------- run

  random(label: string): Random {
    return this.#random.fork(label);
  }

  fail(checker: string, text: string): void {
    if (this.violation !== null) return;
    this.violation = { checker, text };
    this.history.add('', { kind: 'check', checker, text });
  }
}
