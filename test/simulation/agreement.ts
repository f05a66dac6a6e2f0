/** What every simulated topology does once its faults are over: wait until all agree, and show the logs if they do not. */
import type { World } from '../../src/sim/index.ts';

/** Agreement must hold for so long. */
const STABLE_MS = 2000;
const LOOK_EVERY_MS = 500;
const SHOWN_LINES = 120;

export interface Agreeing {
  readonly world: World;
  readonly names: readonly string[];
  /** Who disagrees about what, or null. */
  disagreement(): string | null;
}

/**
 * @param failed whether a checker has found something, which ends the wait.
 * @param tend called before each look.
 * @returns why there is no lasting agreement within that time, or null.
 */
export function waitForAgreement(
  set: Agreeing,
  failed: () => boolean,
  maxMs: number,
  tend: () => void = () => {},
): string | null {
  const { world } = set;
  const endMs = world.nowMs + maxMs;
  let agreedSinceMs = Infinity;
  for (;;) {
    if (failed()) return null;
    tend();
    const reason = set.disagreement();
    if (reason !== null) agreedSinceMs = Infinity;
    else if (agreedSinceMs === Infinity) agreedSinceMs = world.nowMs;
    else if (world.nowMs - agreedSinceMs >= STABLE_MS) return null;
    if (world.nowMs > endMs) return `no agreement within ${maxMs} ms: ${reason ?? 'it does not last'}`;
    world.run({ until: failed, maxMs: LOOK_EVERY_MS });
  }
}

/** The last lines that each node wrote. */
export function logsOf({ world, names }: Agreeing): string {
  const processes = names.map((name) => world.process(name));
  return processes
    .map(({ address, log }, at) => `--- ${names[at]} (${address})\n${log.slice(-SHOWN_LINES).join('\n')}`)
    .join('\n');
}
