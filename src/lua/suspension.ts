/**
 * How a script gives way.
 *
 * A script runs in one go, so that its effects are atomic. But one that runs too long must not stop the server from
 * answering -BUSY, or from killing it. So functions with loops are generators, and each loop counts `fuel` down at its
 * back edge. When that is used up, the clock is read, and there is as much of it again as lasts for about a millisecond.
 * Past its time, the script yields to whoever runs it, through all its calls, and goes on when it is told to. A script
 * within its time never leaves the synchronous way.
 *
 * A call that waits is a generator. Where a caller cannot wait itself (a comparator of `table.sort`, a metamethod, a
 * function without a loop of its own), the call is finished on the spot by `drain`: loops in there do not give way, but
 * whoever set the pace can end them.
 */
import { LuaTable } from './table.ts';
import { LuaError } from './lua-error.ts';
import type { LuaValue, Opaque, Results, Suspendable } from './value.ts';

/** Loop turns between two looks at the clock, at most. */
const FUEL = 10_000;
/** Turns may take long: a script starts with fewer, and has as many as take about so long. */
const FIRST_FUEL = 100;
const SHORT_US = 200;
const LONG_US = 1000;

/** What a coroutine hands to who resumed it. */
export class Yielded {
  readonly values: readonly LuaValue[];

  constructor(values: readonly LuaValue[]) {
    this.values = values;
  }
}

export interface PaceWatcher {
  /**
   * Called when fuel is used up, to end the script by a `ScriptKilled`, or to say whether it has to give way now.
   * @param canGiveWay false in a call that has to be finished on the spot: what it returns has no effect then.
   */
  onExhausted(canGiveWay: boolean): boolean;
  /** How long it was since the clock had been read before; absent where nobody knows. */
  readonly fuelUs?: number;
}

/** Counts what scripts of one engine consume. */
export class Pace {
  /** Loop turns before the clock is read. */
  fuel = FUEL;
  /** Null lets scripts run for as long as they want. */
  watcher: PaceWatcher | null = null;
  /** What `fuel` began with. */
  #given = FUEL;
  /** Calls that cannot wait, one in another. */
  #drains = 0;

  /** Whether the script is where it can give way, and stop. */
  get canGiveWay(): boolean {
    return this.#drains === 0;
  }

  isOver(): boolean {
    const { canGiveWay, watcher } = this;
    const isOver = watcher !== null && watcher.onExhausted(canGiveWay) && canGiveWay;
    this.fuel = this.#given = nextFuel(this.#given, watcher?.fuelUs);
    return isOver;
  }

  /** A script begins. */
  start(watcher: PaceWatcher | null): void {
    this.watcher = watcher;
    this.fuel = this.#given = FIRST_FUEL;
  }

  /** Lets the clock be read at the next turn of a loop. */
  exhaust(): void {
    this.fuel = 0;
  }

  /** Finishes a call without giving way. */
  drain(call: Suspendable): LuaValue | readonly LuaValue[] {
    this.#drains++;
    try {
      for (;;) {
        let step = call.next();
        while (step.done !== true && step.value instanceof Yielded) {
          step = call.throw(yieldError());
        }
        if (step.done === true) return step.value;
      }
    } finally {
      this.#drains--;
    }
  }
}

function nextFuel(given: number, tookUs: number | undefined): number {
  if (tookUs === undefined) return FUEL;
  if (tookUs < SHORT_US) return Math.min(4 * given, FUEL);
  return tookUs <= LONG_US ? given : Math.max(1, Math.floor((given * LONG_US) / tookUs));
}

/**
 * A call through a library function that cannot be yielded through, though a script may give way in it.
 * @param first what the call has given so far, if it was begun.
 */
export function* withoutYields(call: Suspendable, first = call.next()): Suspendable {
  let step = first;
  for (;;) {
    if (step.done === true) return step.value;
    step = step.value instanceof Yielded ? call.throw(yieldError()) : call.next(yield step.value);
  }
}

/**
 * What a function that does not wait itself gives where it ends with a call that does: it has left the stack then, but
 * in Lua it counts as a level. The name matters: see stack.ts.
 */
export function* waitInTail(call: Suspendable): Suspendable {
  return yield* call;
}

function yieldError(): LuaError {
  return new LuaError('attempt to yield across metamethod/C-call boundary', null);
}

/** A value that stands for itself: neither a list nor a call that waits, nor opaque. */
export function plain(result: Results): boolean {
  return typeof result !== 'object' || result instanceof LuaTable;
}

/** Whether a call has come to its end. */
export function settled(result: Results): boolean {
  return typeof result !== 'object' || result instanceof LuaTable || Array.isArray(result) || isOpaque(result);
}

export function isOpaque(result: unknown): result is Opaque {
  return typeof result === 'object' && result !== null && 'luaType' in result;
}
