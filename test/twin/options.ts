/** The command line of the twin tests. */
import { parseArgs } from 'node:util';

export const USAGE = `Plays random calls on this server and on redis-server 7.0, and compares what comes back.

  npm run twin [-- [family ...] [options]]

  family ...   default: all; --list names them
  --runs N     calls per family; default 100000
  --seed S     repeats a run; default: a new one
  --coverage   play nothing; count how often npm test draws each command and each option
  --list       print the names of the families

Exit status: 0, 1 if the servers differ or the coverage has a gap, 2 if the run could not be made.
`;

export interface Options {
  /** Names, each one known. */
  readonly families: readonly string[];
  readonly calls: number;
  readonly seed: number | undefined;
  readonly mode: 'play' | 'coverage' | 'list' | 'help';
}

export class UsageError extends Error {}

const SPECIFICATION = {
  runs: { type: 'string', default: '100000' },
  seed: { type: 'string' },
  coverage: { type: 'boolean', default: false },
  list: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

const CALLS_MAX = 1e9;

/** Throws UsageError for a command line that makes no sense. */
export function parseOptions(args: readonly string[], known: readonly string[]): Options {
  const { values, positionals } = parse(args);
  const modes = (['coverage', 'list', 'help'] as const).filter((mode) => values[mode]);
  const unknown = positionals.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new UsageError(`There is no family ${unknown.join(', ')}. There are: ${known.join(', ')}.`);
  }
  if (modes.length > 1) throw new UsageError('--coverage, --list and --help exclude each other.');
  if (modes.length === 1 && positionals.length > 0) throw new UsageError(`--${modes[0]} takes no families.`);
  return {
    families: positionals.length > 0 ? [...new Set(positionals)] : known,
    calls: integer('--runs', values.runs, 1, CALLS_MAX),
    seed: values.seed === undefined ? undefined : integer('--seed', values.seed, -(2 ** 31), 2 ** 31 - 1),
    mode: modes[0] ?? 'play',
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: SPECIFICATION, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function integer(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < min || value > max) {
    throw new UsageError(`${name} is a whole number from ${min} to ${max}.`);
  }
  return value;
}
