/**
 * Keeps the real world out while a simulation runs. Lint catches `Date.now()` in this repository; this also catches it
 * in an embedder's code and in libraries, at the first call instead of as a seed that does not replay.
 *
 * A run is synchronous, so nothing but simulated code can meet the stubs; they are taken away before `run` returns.
 * `process.nextTick` is left alone: writing to the console needs it. What no stub can catch shows when a schedule is played
 * twice (determinism.ts).
 */
import { SimulationError } from './errors.ts';

interface Replaced {
  readonly target: Record<string, unknown>;
  readonly name: string;
  readonly original: unknown;
}

/** Runs `act` while the ambient clock, dice and timers throw. */
export function withoutAmbientWorld<T>(act: () => T): T {
  const replaced: Replaced[] = [];
  try {
    forbid(replaced);
    return act();
  } finally {
    for (const { target, name, original } of replaced.toReversed()) target[name] = original;
  }
}

function forbid(replaced: Replaced[]): void {
  const world = globalThis as unknown as Record<string, unknown>;
  const replace = (target: unknown, name: string, stub: unknown): void => {
    const holder = target as Record<string, unknown>;
    replaced.push({ target: holder, name, original: holder[name] });
    holder[name] = stub;
  };
  for (const [name, stub] of GLOBALS) replace(world, name, stub);
  replace(world['Math'], 'random', RANDOM);
  replace(world['performance'], 'now', MONOTONIC);
  replace(world['process'], 'hrtime', HIGH_RESOLUTION);
  replace(world['AbortSignal'], 'timeout', TIMEOUT);
  const dice: unknown = Object.getPrototypeOf(world['crypto']);
  for (const [name, stub] of DICE) replace(dice, name, stub);
  replace(world, 'Date', guardedDate(world['Date'] as DateConstructor));
}

function refusal(name: string, instead: string): () => never {
  return () => {
    throw new SimulationError(`${name} was called inside the simulation; use ${instead}`);
  };
}

type Stub = readonly [name: string, stub: () => never];

const TIMERS = ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'];
const GLOBALS: readonly Stub[] = [
  ...TIMERS.map((name): Stub => [name, refusal(name, 'host.timers')]),
  ['fetch', refusal('fetch', 'host.net')],
];
const DICE = ['randomUUID', 'getRandomValues'].map((name): Stub => [name, refusal(`crypto.${name}`, 'host.random')]);
const RANDOM = refusal('Math.random', 'host.random');
const MONOTONIC = refusal('performance.now', 'host.clock');
const HIGH_RESOLUTION = Object.assign(refusal('process.hrtime', 'host.clock'), {
  bigint: refusal('process.hrtime.bigint', 'host.clock'),
});
const TIMEOUT = refusal('AbortSignal.timeout', 'host.timers');
const NOW = refusal('Date.now', 'host.clock');

/** `new Date(ms)` computes and stays; only asking for the present is forbidden. */
function guardedDate(original: DateConstructor): unknown {
  return new Proxy(original, {
    construct: (target, values: unknown[]) => (values.length === 0 ? NOW() : new target(...(values as [number]))),
    apply: () => NOW(),
    get: (target, key, receiver) => (key === 'now' ? NOW : (Reflect.get(target, key, receiver) as unknown)),
  });
}
