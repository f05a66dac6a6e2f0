/**
 * A process' claim to a file, in the place of flock(2), which Node does not have: a file beside it, `<path>.lock`, names
 * the process. It is made with O_EXCL, so one of several has it; and it holds as long as that process lives.
 *
 * - A process is a pid and the moment of its start, within one boot of the machine and one pid namespace: a pid that
 *   another process got later, or that a container before this one had, claims nothing. Nor does a zombie.
 * - Whoever replaces the claim of the dead holds `<path>.lock.next` meanwhile, and looks once more. So of several that
 *   start at once after a crash, one succeeds.
 * - Others may lock the file itself (redis-server does). Linux tells of these locks in /proc/locks.
 *
 * Where there is no /proc, a living process of that pid is taken for the owner.
 */
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import type { ReleaseClaim } from '../host.ts';

const ATTEMPTS = 20;
/** A claim that was not written to its end by then never will be. */
const WRITING_MS = 2000;
const START_TIME_FIELD = 22;

/** @returns lets go of it, or null if another process, or another part of this one, has it. */
export function claimFile(path: string): ReleaseClaim | null {
  const lock = `${path}.lock`;
  const own = `${process.pid} ${birthOf(process.pid) ?? '-'} ${randomUUID()}\n`;
  if (isLocked(path)) return null;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (create(lock, own)) return () => removeOwn(lock, own);
    const found = readIfAny(lock);
    if (found === null) continue;
    if (isHeld(lock, found)) return null;
    if (takeOver(lock, found, own)) return () => removeOwn(lock, own);
  }
  return null;
}

/** @returns whether there was none. */
function create(path: string, content: string): boolean {
  try {
    fs.writeFileSync(path, content, { flag: 'wx', mode: 0o644 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readIfAny(path: string): string | null {
  try {
    return fs.readFileSync(path, 'latin1');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** @param dead the claim that is to be replaced. @returns false if another look is needed. */
function takeOver(lock: string, dead: string, own: string): boolean {
  const next = `${lock}.next`;
  if (!create(next, own)) {
    const other = readIfAny(next);
    if (other !== null && !isHeld(next, other)) fs.rmSync(next, { force: true });
    return false;
  }
  if (readIfAny(lock) !== dead) {
    fs.rmSync(next, { force: true });
    return false;
  }
  fs.renameSync(next, lock);
  return true;
}

function removeOwn(lock: string, own: string): void {
  try {
    if (readIfAny(lock) === own) fs.unlinkSync(lock);
  } catch {
    // It is nobody's claim as soon as this process is gone.
  }
}

function isHeld(lock: string, claim: string): boolean {
  if (!claim.endsWith('\n')) {
    const stat = fs.statSync(lock, { throwIfNoEntry: false });
    return stat !== undefined && Date.now() - stat.mtimeMs < WRITING_MS;
  }
  const [pidText, birth] = claim.split(' ');
  const pid = Number(pidText);
  if (!Number.isInteger(pid) || pid <= 0 || !isRunning(pid)) return false;
  const now = birthOf(pid);
  // Of processes of other users nothing may be known but that they are.
  return now !== GONE && (now === null || birth === '-' || birth === now);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

const GONE = 'gone';

/** What tells a process from all others that had its pid; null where that cannot be told. */
function birthOf(pid: number): string | null {
  try {
    const boot = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    const namespace = fs.readlinkSync('/proc/self/ns/pid');
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name of the program, in parentheses, may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const state = fields[0]!;
    return state === 'Z' || state === 'X' ? GONE : `${boot}/${namespace}/${fields[START_TIME_FIELD - 3]}`;
  } catch {
    return null;
  }
}

/** Whether somebody has an flock on the file. */
function isLocked(path: string): boolean {
  const stat = fs.statSync(path, { bigint: true, throwIfNoEntry: false });
  const locks = stat === undefined ? null : readLocks();
  if (stat === undefined || locks === null) return false;
  const { dev, ino } = stat;
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn);
  const hex = (part: bigint): string => part.toString(16).padStart(2, '0');
  const place = ` ${hex(major)}:${hex(minor)}:${ino} `;
  return locks.split('\n').some((line) => line.includes(' FLOCK ') && line.includes(place));
}

function readLocks(): string | null {
  try {
    return fs.readFileSync('/proc/locks', 'latin1');
  } catch {
    return null;
  }
}
