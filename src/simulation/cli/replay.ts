/** `resplica sim replay`: one schedule once more, as a log that people read. */
import type { HistoryEntry } from '../history.ts';
import { replay } from '../replay.ts';
import type { Outcome } from '../run.ts';
import { describe, type Group, groupOf } from '../view/describe.ts';
import { EXIT } from './exit.ts';
import { readInput } from './input.ts';
import { parseOptions } from './options.ts';
import { type Terminal, UsageError } from './terminal.ts';

/** Without --all: what changes. */
const CHANGES: ReadonlySet<Group> = new Set(['faults', 'state', 'votes', 'flags', 'syncs']);

export function replayCommand(args: readonly string[], terminal: Terminal): number {
  const parsed = parseOptions(args, { values: ['history'], flags: ['all', 'quiet'] });
  const input = readInput(parsed.positionals, terminal);
  if (input.kind === 'history') throw new UsageError('A history has been played already: sim view shows it.');
  const outcome = replay(input.schedule);
  if (!parsed.flags.has('quiet')) {
    const isAll = parsed.flags.has('all');
    const entries = outcome.history.entries.filter((entry) => isAll || CHANGES.has(groupOf(entry)));
    terminal.out(entries.map((entry) => `${logLine(entry)}\n`).join(''));
  }
  const file = parsed.values.get('history');
  if (file !== undefined) terminal.writeFile(file, outcome.history.toJsonLines());
  terminal.out(verdict(outcome));
  return outcome.violation === null ? EXIT.fine : EXIT.broken;
}

/** `  13.427607 s  sentinel0  +elected-leader master mymaster`. */
export function logLine(entry: HistoryEntry): string {
  return `${(entry.t / 1000).toFixed(6).padStart(12)} s  ${(entry.node || '·').padEnd(9)}  ${describe(entry)}`;
}

function verdict({ violation, simulatedMs, recoveryMs, traceHash, events, lost }: Outcome): string {
  const lines = lost.map(({ client, words, reason }) => `lost: ${words.join(' ')} of ${client}: ${reason}`);
  const hash = (traceHash >>> 0).toString(16).padStart(8, '0');
  const figures = `${(simulatedMs / 1000).toFixed(1)} simulated seconds, ${events} events, trace ${hash}`;
  if (violation !== null) lines.push(`${violation.checker}: ${violation.text}`, `after ${figures}`);
  else
    lines.push(`every promise was kept; all agreed ${(recoveryMs / 1000).toFixed(1)} s after the faults; ${figures}`);
  return `${lines.join('\n')}\n`;
}
