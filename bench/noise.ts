// What else the machine was doing, as far as Linux tells.
//
// Two questions. Over a whole run: how much CPU time went to processes that are none of ours; a run beside a compiler is
// not worth keeping, and the report says so. Over one probe: for how long the server wanted to run and its core was given
// to someone else; such a wait looks like a stall and is none. The kernel counts the time that each thread spends waiting
// for a core (second field of schedstat). A garbage collector's helper threads make the main thread wait too, on a core
// that they share; that is the server's own doing, so their running time is taken off.

import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import os from 'node:os';
import { TICK_US } from './process-meter.ts';

/** Running time of all cores, from the first line of /proc/stat: user, nice, system, irq, softirq, steal; not idle, iowait. */
export function parseBusyTicks(text: string): number {
  const fields = text.slice(0, text.indexOf('\n')).split(/ +/).slice(1).map(Number);
  return [0, 1, 2, 5, 6, 7].reduce((sum, field) => sum + (fields[field] ?? 0), 0);
}

/** Own running time and that of all children which have ended: utime, stime, cutime, cstime. */
export function parseTreeTicks(text: string): number {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]), 0);
}

function readTicks(): { foreign: number; at: number } | null {
  try {
    const busy = parseBusyTicks(readFileSync('/proc/stat', 'utf8'));
    return { foreign: busy - parseTreeTicks(readFileSync('/proc/self/stat', 'utf8')), at: performance.now() };
  } catch {
    return null;
  }
}

/** Begins to watch; the returned function, called when every child has ended, tells the share of all cores that others used. */
export function watchMachine(): () => number | null {
  const before = readTicks();
  return () => {
    const after = readTicks();
    if (before === null || after === null) return null;
    const capacityTicks = (((after.at - before.at) * 1000) / TICK_US) * os.cpus().length;
    return Math.max(0, (after.foreign - before.foreign) / capacityTicks);
  };
}

export interface CoreWait {
  /** Milliseconds, of use only as a difference: time that the main thread waited for a core, less what its own helper threads ran. */
  readMs(): number;
  close(): void;
}

/** Null where the system does not count. Files stay open, so that a reading each millisecond is cheap. */
export function openCoreWait(pid: number): CoreWait | null {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const files = threads.map((thread) => openSync(`/proc/${pid}/task/${thread}/schedstat`, 'r'));
    const main = threads.indexOf(String(pid));
    const buffer = Buffer.alloc(96);
    const readMs = (): number => {
      let waitedNs = 0;
      for (const [index, file] of files.entries()) {
        const length = readSync(file, buffer, 0, buffer.length, 0);
        const [ranNs, queuedNs] = buffer.toString('latin1', 0, length).split(' ').map(Number);
        waitedNs += index === main ? queuedNs! : -ranNs!;
      }
      return waitedNs / 1e6;
    };
    readMs();
    return { readMs, close: () => files.forEach((file) => closeSync(file)) };
  } catch {
    return null;
  }
}
