/**
 * Keeps the real world out while a simulation runs. Lint catches `Date.now()` in this repository; this also catches it
 * in an embedder's code and in libraries, at the first call instead of as a seed that does not replay.
 *
 * A run is synchronous, so nothing but simulated code can meet the stubs; they are taken away before `run` returns.
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
  const timers = ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'];
  for (const name of timers) replace(world, name, refusal(name, 'host.timers'));
  replace(world['Math'], 'random', refusal('Math.random', 'host.random'));
  replace(world['performance'], 'now', refusal('performance.now', 'host.clock'));
  replace(world, 'Date', guardedDate(world['Date'] as DateConstructor));
}

function refusal(name: string, instead: string): () => never {
  return () => {
    throw new SimulationError(`${name} was called inside the simulation; use ${instead}`);
  };
}

/** `new Date(ms)` computes and stays; only asking for the present is forbidden. */
function guardedDate(original: DateConstructor): unknown {
  const now = refusal('Date.now', 'host.clock');
  return new Proxy(original, {
    construct: (target, values: unknown[]) => (values.length === 0 ? now() : new target(...(values as [number]))),
    apply: () => now(),
    get: (target, key, receiver) => (key === 'now' ? now : (Reflect.get(target, key, receiver) as unknown)),
  });
}
