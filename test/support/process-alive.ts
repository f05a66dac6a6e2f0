/** Tells whether a process runs. One that has ended but that nobody has waited for yet (a zombie) does not. */
import { existsSync, readFileSync } from 'node:fs';

export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = `/proc/${pid}/stat`;
  if (!existsSync(stat)) return true;
  // The name in parentheses may hold anything; the state is the letter after it.
  return readFileSync(stat, 'utf8').replace(/^.*\) /s, '')[0] !== 'Z';
}
