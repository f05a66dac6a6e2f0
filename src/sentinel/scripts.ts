/**
 * The scripts of an administrator: notification-script and client-reconfig-script.
 *
 * Jobs wait in a queue of limited length and run oldest first, a few at a time. A script that ends with status 1, or by
 * a signal, is run again later, with pauses that double; any other status is final. One that runs for too long is
 * killed, which counts as ended by a signal.
 *
 * `tick` is called by the sentinel's timer. The end of a program comes when it comes.
 */
import type { ChildProcess, ProcessEnd, Processes } from '../host/host.ts';
import type { LogLevel } from '../server/log.ts';
import type { Periods } from './state.ts';

const QUEUE_MAX = 256;
const RUNNING_MAX = 16;
const ATTEMPTS_MAX = 10;
/** The status by which a script asks to be run again. */
const RETRY_STATUS = 1;
/** What events call the signal where no process could be made. */
const NO_PROCESS_SIGNAL = 99;

export interface ScriptJob {
  /** The path, then the arguments. */
  readonly argv: readonly string[];
  /** The process while it runs. */
  child: ChildProcess | null;
  /** When it was started; of one that waits to be run again, when that will be; 0 before the first start. */
  startTime: number;
  /** How often it was started. */
  attempts: number;
}

export interface ScriptSurroundings {
  readonly processes: Pick<Processes, 'start'>;
  readonly periods: Pick<Periods, 'scriptMaxRuntime' | 'scriptRetryDelay'>;
  nowMs(): number;
  /** Runs what follows from the end of a program. */
  enter(run: () => void): void;
  /** An event that concerns no instance. */
  event(level: LogLevel, type: string, payload: string): void;
}

export class Scripts {
  readonly #around: ScriptSurroundings;
  #queue: ScriptJob[] = [];

  constructor(around: ScriptSurroundings) {
    this.#around = around;
  }

  /** What runs or waits, oldest first. */
  get jobs(): readonly ScriptJob[] {
    return this.#queue;
  }

  get running(): number {
    return this.#queue.reduce((count, { child }) => count + (child === null ? 0 : 1), 0);
  }

  schedule(argv: readonly string[]): void {
    this.#queue.push({ argv, child: null, startTime: 0, attempts: 0 });
    if (this.#queue.length > QUEUE_MAX) {
      const oldest = this.#queue.find(({ child }) => child === null);
      if (oldest !== undefined) this.#remove(oldest);
    }
  }

  tick(): void {
    this.#startPending();
    this.#killOverdue();
  }

  /** The sentinel ends. Programs go on, as those of redis-sentinel do, but nobody hears of them. */
  stop(): void {
    this.#queue = [];
  }

  #startPending(): void {
    const nowMs = this.#around.nowMs();
    let { running } = this;
    for (const job of this.#queue) {
      if (running >= RUNNING_MAX) return;
      if (job.child !== null || job.startTime > nowMs) continue;
      job.startTime = nowMs;
      job.attempts++;
      this.#start(job);
      if (job.child !== null) running++;
    }
  }

  #start(job: ScriptJob): void {
    const { processes, event, enter } = this.#around;
    const [path, ...args] = job.argv;
    job.child = processes.start(path!, args, (end) => enter(() => this.#ended(job, end)));
    if (job.child === null) event('warning', '-script-error', `${path} ${NO_PROCESS_SIGNAL} 0`);
    else event('debug', '+script-child', String(job.child.pid));
  }

  #ended(job: ScriptJob, { exitCode, signal }: ProcessEnd): void {
    if (!this.#queue.includes(job)) return;
    const { event, nowMs } = this.#around;
    event('debug', '-script-child', `${job.child?.pid ?? 0} ${exitCode} ${signal}`);
    job.child = null;
    if ((signal !== 0 || exitCode === RETRY_STATUS) && job.attempts !== ATTEMPTS_MAX) {
      job.startTime = nowMs() + this.#retryDelay(job.attempts);
      return;
    }
    if (signal !== 0 || exitCode !== 0) event('warning', '-script-error', `${job.argv[0]} ${signal} ${exitCode}`);
    this.#remove(job);
  }

  #retryDelay(attempts: number): number {
    return this.#around.periods.scriptRetryDelay * 2 ** Math.max(0, attempts - 1);
  }

  #killOverdue(): void {
    const nowMs = this.#around.nowMs();
    for (const { argv, child, startTime } of this.#queue) {
      if (child === null || nowMs - startTime <= this.#around.periods.scriptMaxRuntime) continue;
      this.#around.event('warning', '-script-timeout', `${argv[0]} ${child.pid}`);
      child.kill();
    }
  }

  #remove(job: ScriptJob): void {
    this.#queue = this.#queue.filter((other) => other !== job);
  }
}
