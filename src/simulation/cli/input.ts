/**
 * What `replay` and `view` are given: the name of a scenario, a file, the text itself, or `-` for standard input. It holds a
 * schedule, something that has one as its `schedule` (a regression), or a history as lines of JSON.
 */
import type { HistoryEntry } from '../history.ts';
import { scenarios } from '../scenarios/all.ts';
import { parseSchedule, type Schedule } from '../schedule.ts';
import { type Terminal, UsageError } from './terminal.ts';

export type Input =
  | { readonly kind: 'schedule'; readonly schedule: Schedule }
  | { readonly kind: 'history'; readonly entries: readonly HistoryEntry[] };

export function readInput(positionals: readonly string[], terminal: Terminal): Input {
  const [source, ...others] = positionals;
  if (source === undefined || others.length > 0)
    throw new UsageError('One schedule is needed: a file, JSON, the name of a scenario, or -.');
  const scenario = scenarios.find(({ name }) => name === source);
  if (scenario !== undefined) return { kind: 'schedule', schedule: scenario.schedule };
  return parseInput(textFrom(source, terminal));
}

function textFrom(source: string, terminal: Terminal): string {
  if (source === '-') return terminal.readStdin();
  if (source.trimStart().startsWith('{')) return source;
  try {
    return terminal.readFile(source);
  } catch (error) {
    throw new UsageError(`${source} cannot be read: ${(error as Error).message}`);
  }
}

export function parseInput(text: string): Input {
  const history = historyOf(text);
  if (history !== null) return { kind: 'history', entries: history };
  try {
    const value = JSON.parse(text) as { schedule?: unknown } | null;
    const schedule = parseSchedule(value?.schedule === undefined ? text : JSON.stringify(value.schedule));
    return { kind: 'schedule', schedule };
  } catch (error) {
    throw new UsageError(`This is neither a schedule nor a history: ${(error as Error).message}`);
  }
}

/** Lines of JSON, each with a time and a kind; null if it is anything else. */
function historyOf(text: string): HistoryEntry[] | null {
  const end = text.indexOf('\n');
  if (!looksLikeEntry(end < 0 ? text : text.slice(0, end))) return null;
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line, at) => {
      try {
        return JSON.parse(line) as HistoryEntry;
      } catch (error) {
        throw new UsageError(`Line ${at + 1} of the history is no JSON: ${(error as Error).message}`);
      }
    });
}

function looksLikeEntry(line: string): boolean {
  try {
    const value = JSON.parse(line) as Partial<HistoryEntry> | null;
    return typeof value?.t === 'number' && typeof value.kind === 'string' && typeof value.node === 'string';
  } catch {
    return false;
  }
}
