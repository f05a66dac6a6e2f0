/**
 * Timers and the clock of code that runs beside a world, such as a client library: while it is installed, `setTimeout`,
 * `setInterval` and `Date` follow the world's time. What does not wait for time (`setImmediate`, promises) is left alone.
 */
import type { Tell } from './stream.ts';

interface WorldTime {
  readonly nowMs: number;
  at(timeMs: number, act: () => void): void;
}

/** 2024-01-01T00:00:00Z, as worlds begin. */
const START_WALL_MS = 1_704_067_200_000;

type Global = Record<string, unknown>;

/** @returns takes it away again. */
export function installTimers(world: WorldTime, tell: Tell): () => void {
  const globals = globalThis as unknown as Global;
  const names = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'];
  const originals = names.map((name) => globals[name]);
  const start = (run: (...args: unknown[]) => void, delayMs: unknown, isPeriodic: boolean, args: unknown[]): Alarm => {
    const alarm = new Alarm(world, tell, () => run(...args), Math.max(1, Number(delayMs) || 0), isPeriodic);
    alarm.set();
    return alarm;
  };
  type Callback = (...args: unknown[]) => void;
  const clear = (alarm: unknown): void => {
    if (alarm instanceof Alarm) alarm.cancel();
  };
  globals['setTimeout'] = (run: Callback, delayMs?: unknown, ...args: unknown[]) => start(run, delayMs, false, args);
  globals['setInterval'] = (run: Callback, delayMs?: unknown, ...args: unknown[]) => start(run, delayMs, true, args);
  globals['clearTimeout'] = clear;
  globals['clearInterval'] = clear;
  globals['Date'] = worldDate(globals['Date'] as DateConstructor, world);
  return () => {
    for (const [i, name] of names.entries()) globals[name] = originals[i];
  };
}

/** What `setTimeout` returns. */
class Alarm {
  readonly #world: WorldTime;
  readonly #tell: Tell;
  readonly #run: () => void;
  readonly #delayMs: number;
  readonly #isPeriodic: boolean;
  #generation = 0;

  constructor(world: WorldTime, tell: Tell, run: () => void, delayMs: number, isPeriodic: boolean) {
    this.#world = world;
    this.#tell = tell;
    this.#run = run;
    this.#delayMs = delayMs;
    this.#isPeriodic = isPeriodic;
  }

  set(): void {
    const generation = ++this.#generation;
    this.#world.at(this.#world.nowMs + this.#delayMs, () => {
      if (generation !== this.#generation) return;
      this.#tell(() => {
        // Cancelled by what was told before.
        if (generation !== this.#generation) return;
        if (this.#isPeriodic) this.set();
        this.#run();
      });
    });
  }

  cancel(): void {
    this.#generation++;
  }

  refresh(): this {
    this.set();
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return false;
  }

  close(): this {
    this.cancel();
    return this;
  }

  [Symbol.dispose](): void {
    this.cancel();
  }
}

function worldDate(original: DateConstructor, world: WorldTime): unknown {
  const now = (): number => Math.floor(START_WALL_MS + world.nowMs);
  return new Proxy(original, {
    construct: (target, values: unknown[]) =>
      values.length === 0 ? new target(now()) : new target(...(values as [number])),
    apply: (target) => new target(now()).toString(),
    get: (target, key, receiver) => (key === 'now' ? now : (Reflect.get(target, key, receiver) as unknown)),
  });
}
