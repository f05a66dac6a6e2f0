/** Waits for a condition instead of for a time: `await eventually(() => replica.isConnected)`. */
import { setTimeout as delay } from 'node:timers/promises';

export interface EventuallyOptions {
  /** What is waited for, for the message: "the replica is connected". */
  readonly what?: string;
  readonly timeoutMs?: number;
  readonly everyMs?: number;
}

type Truthy<T> = Exclude<T, false | null | undefined | 0 | ''>;

/**
 * Calls `check` until it gives something truthy and returns that. A check that throws counts as "not yet", so that
 * `expect(...)` can be used in it; at the deadline its last error becomes the cause of the one that is thrown.
 */
export async function eventually<T>(check: () => T | Promise<T>, options: EventuallyOptions = {}): Promise<Truthy<T>> {
  const { what = 'the condition holds', timeoutMs = 5000, everyMs = 10 } = options;
  // The time runs from the first look on, and a look that begins in time counts however late it ends: a machine that is
  // slow for a moment must not turn a condition that holds into one that does not.
  let deadline: number | undefined;
  for (;;) {
    const isLast = deadline !== undefined && performance.now() >= deadline;
    let failure: unknown;
    try {
      const value = await check();
      if (value) return value as Truthy<T>;
      failure = new Error(`last value: ${String(value)}`);
    } catch (error) {
      failure = error;
    }
    if (isLast) {
      const reason = failure instanceof Error ? failure.message : String(failure);
      throw new Error(`Not within ${timeoutMs} ms: ${what} (${reason})`, { cause: failure });
    }
    deadline ??= performance.now() + timeoutMs;
    await delay(everyMs);
  }
}
