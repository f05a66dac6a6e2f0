/**
 * One life of a node, from boot to death: its event loop, its clock and its timers.
 *
 * A restarted node is a new life. Whatever an old one had scheduled finds `alive` false and falls away; a call of a port
 * by a dead life throws. So does a call from outside an event of this very node: code that real I/O resumed, or another
 * node's code that got hold of this host. `check` is that guard, and every port begins with it.
 *
 * - Paused (SIGSTOP): events are parked in the order in which they came and run, in that order, on resume. A periodic
 *   timer is parked once, because it is set again only when it runs.
 * - Busy: a node that blocks, in a synchronous disk call or a spinning loop, spends virtual time. Its own clock runs
 *   ahead and its events wait until the world has caught up. A loop that polls the clock inside one event would never
 *   end if time stood still, so after many reads each further read costs a microsecond.
 */
import { QueueEntry } from '../host/event-queue.ts';
import type { Clock, Timer, Timers } from '../host/host.ts';
import { toDelayUs } from '../host/manual-time.ts';
import { TurnQueue } from '../host/turn-queue.ts';
import { DeadNodeError, SimulationError } from './errors.ts';
import type { MachineClock } from './machine-clock.ts';
import type { Entry, Owner, Scheduler } from './scheduler.ts';
import { KIND } from './trace.ts';

/** Reads of the clock within one event that cost no time. */
const FREE_CLOCK_READS = 1000;
/** What one round of an event loop takes when it only goes on with its own `soon` calls. */
const TURN_US = 20;

export class Life implements Owner, Clock, Timers {
  readonly scheduler: Scheduler;
  readonly name: string;
  /** Number of the node, its lane in the scheduler and its place in the trace. */
  readonly index: number;
  readonly #machineClock: MachineClock;
  /** Subtracted from the machine's local time: the monotonic clock starts anew with each life, anywhere. */
  readonly #monotonicStartUs: number;
  readonly #turns = new TurnQueue(() => {});
  #alive = true;
  #paused = false;
  #parked: (() => void)[] = [];
  #busyUntilUs = 0;
  #clockReads = 0;
  #timerCount = 0;

  constructor(scheduler: Scheduler, name: string, index: number, machineClock: MachineClock, monotonicUs: number) {
    this.scheduler = scheduler;
    this.name = name;
    this.index = index;
    this.#machineClock = machineClock;
    this.#monotonicStartUs = machineClock.localUs(scheduler.nowUs) - monotonicUs;
  }

  get alive(): boolean {
    return this.#alive;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** The guard of every port: only this node's own code, inside one of its events, may call. */
  check(): void {
    if (this.scheduler.current !== this) this.#refuse();
  }

  #refuse(): never {
    if (!this.#alive) throw new DeadNodeError(this.name);
    const current = this.scheduler.current;
    const caller = current instanceof Life ? `code of ${current.name}` : 'code outside the simulation';
    throw new SimulationError(`${caller} called a port of ${this.name}; use process.enter(...)`);
  }

  // -------------------------------------------------------------------------------------------------- running events

  deliver(run: () => void): void {
    if (!this.#alive) return;
    if (this.#paused) this.#parked.push(run);
    else if (this.#busyUntilUs > this.scheduler.nowUs) this.#wait(this.#busyUntilUs, run);
    else this.enter(run);
  }

  /** Runs `run` as an event of this node, now. */
  enter(run: () => void): void {
    const scheduler = this.scheduler;
    if (scheduler.current !== null) throw new SimulationError(`${this.name} was entered in the midst of an event`);
    scheduler.current = this;
    this.#clockReads = 0;
    try {
      run();
      if (this.#turns.size > 0) this.#endTurn();
    } catch (error) {
      if (!(error instanceof DeadNodeError && !this.#alive)) throw error;
    } finally {
      scheduler.current = null;
    }
  }

  #endTurn(): void {
    if (!this.#alive) return;
    this.#turns.drain();
    if (this.#turns.size > 0) this.#wait(this.scheduler.nowUs + TURN_US, () => {});
  }

  #wait(untilUs: number, run: () => void): void {
    this.scheduler.at(untilUs, this.index, this, run);
  }

  /** Blocks the node for that long: it runs no event, and its clock is ahead of the world meanwhile. */
  spend(durationUs: number): void {
    this.#busyUntilUs = this.#localNowUs() + durationUs;
  }

  get aheadMs(): number {
    return Math.max(0, this.#busyUntilUs - this.scheduler.nowUs) / 1000;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    const parked = this.#parked;
    this.#parked = [];
    for (const run of parked) this.#wait(this.scheduler.nowUs, run);
  }

  die(): void {
    this.#alive = false;
    this.#parked = [];
    this.#turns.clear();
    if (this.scheduler.current === this) this.scheduler.current = null;
  }

  // ----------------------------------------------------------------------------------------------------------- clock

  wallMs(): number {
    this.#countClockRead();
    return this.#machineClock.wallMs(this.#localNowUs());
  }

  monotonicUs(): number {
    this.#countClockRead();
    return this.#machineClock.localUs(this.#localNowUs()) - this.#monotonicStartUs;
  }

  #countClockRead(): void {
    this.check();
    if (++this.#clockReads > FREE_CLOCK_READS) this.spend(1);
  }

  /** The world's time as far as this node has got. */
  #localNowUs(): number {
    const nowUs = this.scheduler.nowUs;
    return this.#busyUntilUs > nowUs ? this.#busyUntilUs : nowUs;
  }

  // ---------------------------------------------------------------------------------------------------------- timers

  after(delayMs: number, run: () => void): Timer {
    this.check();
    return new SimTimer(this, ++this.#timerCount, toDelayUs(delayMs), run, false);
  }

  every(periodMs: number, run: () => void): Timer {
    this.check();
    return new SimTimer(this, ++this.#timerCount, toDelayUs(periodMs), run, true);
  }

  soon(run: () => void): void {
    this.check();
    this.#turns.add(run);
  }

  sleep(): void {}

  /** For timers: puts `entry` where it is due. */
  scheduleIn(entry: Entry, localUs: number): void {
    this.scheduler.schedule(entry, this.#localNowUs() + this.#machineClock.toWorldUs(localUs), this.index);
  }

  /** For timers: what `soon` collected earlier goes before them. */
  endTurnFirst(): void {
    if (this.#turns.size > 0) this.#turns.drain();
  }
}

class SimTimer implements Timer {
  readonly #life: Life;
  readonly #number: number;
  readonly #delayUs: number;
  readonly #run: () => void;
  readonly #periodic: boolean;
  readonly #entry: Entry;
  #cancelled = false;

  constructor(life: Life, number: number, delayUs: number, run: () => void, periodic: boolean) {
    this.#life = life;
    this.#number = number;
    this.#delayUs = delayUs;
    this.#run = run;
    this.#periodic = periodic;
    this.#entry = new QueueEntry<Owner | null>(life, () => this.#fire());
    life.scheduleIn(this.#entry, delayUs);
  }

  cancel(): void {
    this.#life.check();
    this.#cancelled = true;
    this.#life.scheduler.cancel(this.#entry);
  }

  #fire(): void {
    const life = this.#life;
    life.endTurnFirst();
    // Cancelled while it was parked, or by the turn that ended just now.
    if (this.#cancelled) return;
    life.scheduler.note(life.index, KIND.timer, this.#number, 0);
    this.#run();
    if (this.#periodic && !this.#cancelled && life.alive) life.scheduleIn(this.#entry, this.#delayUs);
  }
}
