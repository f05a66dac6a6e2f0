/**
 * The time of a topology: the machine's, or one that passes when told.
 *
 *   await using set = await startReplicaSet({ clock: 'manual', timings: 'production' });
 *   await set.master.kill();
 *   await set.clock.advance(60_000);  down-after, votes, failover, resync: in a moment
 *
 * With a manual clock all nodes share one `ManualTime`, and so do delays of the network between them. Their sockets and
 * files are real, so `advance` goes from due timer to due timer and lets everything arrive in between that the timers
 * have sent: no time passes while a message is on its way. It passes too while one of the topology's own verbs waits for
 * the nodes (`stable`, `failover`, `stop`), because else that would wait for ever.
 *
 * What is on its way cannot be asked of the system. A turn of the event loop in which nothing reached any node says that
 * nothing is: loopback hands bytes over within the call that sends them. Work of the disk is counted instead.
 */
import { createManualTime } from '../host/node/host.ts';
import type { Host, Timers } from '../host/host.ts';
import type { ManualTime } from '../host/manual-time.ts';
import { ResplicaError } from './errors.ts';

/** What the embedder sees. */
export interface TopologyClock {
  /** Unix time of all nodes, in ms. */
  now(): number;
  /**
   * Lets time pass for every node: TTLs, timeouts, the protocols' timers. Resolves when all that happened then has
   * arrived. @throws ResplicaError ERR_MANUAL_CLOCK, ERR_BAD_ARGUMENT
   */
  advance(durationMs: number): Promise<void>;
}

/** Everything that reaches any node of a topology, counted. */
export class Pulse {
  beats = 0;
  /** Work that the disk has not finished. */
  pending = 0;
}

/** Turns of the event loop, one behind the other, in which nothing reached a node. */
const QUIET_TURNS = 2;
/** Real time between steps while somebody waits for what may need no virtual time at all: a socket that closes. */
const PATIENCE_MS = 1;
const STEP_MS = 10;

export interface TopologyTime {
  /** What hosts of nodes are made with. */
  readonly manual: ManualTime | null;
  readonly pulse: Pulse;
  advance(durationMs: number): Promise<void>;
  /** At least that much time has passed. */
  pass(durationMs: number): Promise<void>;
  /** Lets time pass as long as that work goes on. */
  during<T>(work: Promise<T>): Promise<T>;
}

/** @param timers of the machine. */
export function realTime(timers: Timers): TopologyTime {
  return {
    manual: null,
    pulse: new Pulse(),
    advance: () => {
      const text = "clock.advance needs startReplicaSet or startCluster with { clock: 'manual' }.";
      return Promise.reject(new ResplicaError('ERR_MANUAL_CLOCK', text));
    },
    pass: (durationMs) => waitFor(timers, durationMs),
    during: (work) => work,
  };
}

/** @param timers of the machine, which go on. */
export function manualTime(timers: Timers): TopologyTime {
  return new SharedManualTime(timers);
}

class SharedManualTime implements TopologyTime {
  readonly manual = createManualTime();
  readonly pulse = new Pulse();
  readonly #real: Timers;
  /** One after the other, whoever asks for it. */
  #last: Promise<void> = Promise.resolve();

  constructor(real: Timers) {
    this.#real = real;
  }

  async advance(durationMs: number): Promise<void> {
    checkAdvance(durationMs);
    const advanced = this.#last.then(() => this.#advance(durationMs));
    // An error of one timer is not one of whoever comes next.
    this.#last = advanced.catch(() => {});
    await advanced;
  }

  pass(durationMs: number): Promise<void> {
    return this.advance(durationMs);
  }

  async during<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    const done = (): void => void (isDone = true);
    work.then(done, done);
    for (;;) {
      await this.#settle();
      if (isDone) return work;
      await waitFor(this.#real, PATIENCE_MS);
      if (!isDone) await this.advance(STEP_MS);
    }
  }

  async #advance(durationMs: number): Promise<void> {
    const { manual } = this;
    const endUs = manual.clock.monotonicUs() + Math.round(durationMs * 1000);
    await this.#settle();
    for (;;) {
      const restUs = endUs - manual.clock.monotonicUs();
      const stepUs = Math.min(restUs, manual.nextDueUs ?? Infinity);
      manual.advance(stepUs / 1000);
      await this.#settle();
      if (restUs <= stepUs) return;
    }
  }

  /** Until all that is on its way has arrived. */
  async #settle(): Promise<void> {
    const { pulse } = this;
    for (let quiet = 0; quiet < QUIET_TURNS;) {
      const { beats } = pulse;
      await new Promise<void>((turned) => this.#real.soon(turned));
      quiet = pulse.beats === beats && pulse.pending === 0 ? quiet + 1 : 0;
    }
  }
}

/** @throws ResplicaError ERR_BAD_ARGUMENT */
export function checkAdvance(durationMs: number): void {
  if (durationMs >= 0 && Number.isFinite(durationMs)) return;
  throw new ResplicaError('ERR_BAD_ARGUMENT', `clock.advance(${durationMs}): time moves forward, in ms.`);
}

function waitFor(timers: Timers, durationMs: number): Promise<void> {
  return new Promise((done) => void timers.after(durationMs, done));
}

/** @param host whose clock is that of the nodes. */
export function clockOf({ clock }: Host, time: TopologyTime): TopologyClock {
  return { now: () => clock.wallMs(), advance: (durationMs) => time.advance(durationMs) };
}
