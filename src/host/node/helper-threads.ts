/**
 * Makes the threads of Node.js that compile and collect give way to the event loop.
 *
 * A server that begins with something new, such as its first BGSAVE under load, has V8 compile on up to four threads at
 * once. Where they share a core with the loop, as in a container that has one, each of them gets as much of it, and a
 * turn of 4 ms takes 20. So the helpers are made nicer, and no more than a little: the loop waits for them while they
 * collect garbage, and on a machine that others keep busy a niceness of 10 made it wait for 70 ms (docs/benchmarks.md).
 *
 * Linux counts niceness by thread, and tells threads by number as it does processes. Threads that are started later, such
 * as those that write files, are as nice as the main thread, which stays as it was.
 */
import { readdirSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

const NICER_BY = 5;

/** To be called early, by a process that does nothing but serve. Does nothing where threads have no niceness. */
export function letHelpersGiveWay(): void {
  if (process.platform !== 'linux') return;
  try {
    const niceness = Math.min(getPriority(process.pid) + NICER_BY, 19);
    for (const thread of readdirSync('/proc/self/task')) {
      if (Number(thread) !== process.pid) setPriority(Number(thread), niceness);
    }
  } catch {
    // No /proc, or none of our business: then they are as important as the loop is.
  }
}
