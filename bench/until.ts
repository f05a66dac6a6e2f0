// Waits for what a bench needs before it goes on.

import { setTimeout as sleep } from 'node:timers/promises';

const TIMEOUT_MS = 60_000;
const LOOK_EVERY_MS = 5;

/** @param what names the condition where it does not come true in time. */
export async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + TIMEOUT_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not in time: ${what}`);
    await sleep(LOOK_EVERY_MS);
  }
}
