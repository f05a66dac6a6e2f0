// Keeps the server under test and the load generator out of each other's way.
//
// With one core for the server and another for the load, neither is moved in the middle of a measurement and no cache is
// shared below the last level. `taskset` (util-linux) does it; without it, or with one core only, nothing is pinned.
// All threads of a server share its core, which is the comparison that is asked for: what one core delivers.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Pinning {
  serverCore: number;
  clientCore: number;
}

/** "0-2,5" as in Cpus_allowed_list: [0, 1, 2, 5]. */
export function parseCoreList(text: string): number[] {
  const cores: number[] = [];
  for (const part of text.trim().split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (match === null) continue;
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    for (let core = first; core <= last; core++) cores.push(core);
  }
  return cores;
}

/** The first core for the server; for the load the first one that is not a hyperthread of it. */
export function choosePinning(allowed: readonly number[], siblings: readonly number[]): Pinning | null {
  const serverCore = allowed[0];
  if (serverCore === undefined || allowed.length < 2) return null;
  const clientCore = allowed.find((core) => core !== serverCore && !siblings.includes(core)) ?? allowed[1]!;
  return { serverCore, clientCore };
}

export function detectPinning(): Pinning | null {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' });
    const status = readFileSync('/proc/self/status', 'utf8');
    const allowed = parseCoreList(/^Cpus_allowed_list:\s*(.*)$/m.exec(status)?.[1] ?? '');
    const topology = `/sys/devices/system/cpu/cpu${allowed[0] ?? 0}/topology/thread_siblings_list`;
    return choosePinning(allowed, parseCoreList(readFileSync(topology, 'utf8')));
  } catch {
    return null;
  }
}

/** Moves this process, all its threads, and so every later child that is not pinned elsewhere. */
export function pinSelf(core: number): void {
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', String(core), String(process.pid)], {
    stdio: 'ignore',
  });
}

/** The command line that runs `argv` on one core; exec keeps the process id, so the child's pid is the server's. */
export function pinned(argv: readonly string[], core: number | null): string[] {
  return core === null ? [...argv] : ['taskset', '--cpu-list', String(core), ...argv];
}
