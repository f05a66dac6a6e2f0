/** The command line of the conformance runner. */
import { parseArgs } from 'node:util';
import { SUITES, type Suite } from './suites.ts';

export const USAGE = `Runs Redis' own test suite against this server.

  npm run conformance [-- [unit ...] [options]]

  unit ...             e.g. unit/type/string; a trailing * stands for any rest. Without units: the CI share
  --all                every unit of the suite
  --ci                 the CI share, of all suites
  --suite SUITE        unit (with integration), sentinel or cluster; default unit
  --server COMMAND     the server under test; default: node dist/cli.js, built first if it is stale
  --source PATH        Redis' source: a tarball or an unpacked folder; default: Debian's source package
  --jobs N             units at a time; default 2, of sentinel and cluster, which fill a machine alone, 1
  --limit SECONDS      for one unit; default 600
  --out FOLDER         full outputs, and the servers' logs of failed units; default .cache/conformance
  --json FILE          write the results there
  --update-ratchet     raise the counts in ratchet.json
  --readme             rewrite the table in README.md from ratchet.json; alone, nothing is run
Partial runs, which the ratchet does not judge (unit suite only):
  --only NAME          only the test of that name; may be repeated; /REGEX matches
  --tags TAGS          only or without tags, as the suite understands it: "-slow"
  --durable            go on after a script error instead of ending the unit

Exit status: 0, 1 if a unit lost tests against the ratchet, 2 if the run could not be made.
`;

export interface Options {
  readonly units: readonly string[];
  readonly suite: Suite;
  /** `ci` where neither units nor --all are given. */
  readonly selection: 'units' | 'all' | 'ci' | 'none';
  readonly server: string | undefined;
  readonly source: string | undefined;
  readonly jobs: number;
  readonly limitSeconds: number;
  readonly out: string | undefined;
  readonly json: string | undefined;
  readonly updateRatchet: boolean;
  readonly readme: boolean;
  /** Passed on to `runtest`. Where there are any, the ratchet does not judge. */
  readonly suiteOptions: readonly string[];
}

export class UsageError extends Error {}

const SPECIFICATION = {
  all: { type: 'boolean', default: false },
  ci: { type: 'boolean', default: false },
  suite: { type: 'string', default: 'unit' },
  server: { type: 'string' },
  source: { type: 'string' },
  jobs: { type: 'string' },
  limit: { type: 'string', default: '600' },
  out: { type: 'string' },
  json: { type: 'string' },
  'update-ratchet': { type: 'boolean', default: false },
  readme: { type: 'boolean', default: false },
  only: { type: 'string', multiple: true, default: [] as string[] },
  tags: { type: 'string' },
  durable: { type: 'boolean', default: false },
} as const;

/** Throws UsageError for a command line that makes no sense. */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parse(args);
  if (!SUITES.includes(values.suite as Suite)) throw new UsageError(`--suite is one of ${SUITES.join(', ')}.`);
  const suiteOptions = [
    ...values.only.flatMap((name) => ['--only', name]),
    ...(values.tags === undefined ? [] : ['--tags', values.tags]),
    ...(values.durable ? ['--durable'] : []),
  ];
  const options: Options = {
    units: positionals,
    suite: values.suite as Suite,
    selection: chooseSelection(values, positionals),
    server: values.server,
    source: values.source,
    jobs: positiveInteger('--jobs', values.jobs ?? (values.suite === 'unit' ? '2' : '1'), 8),
    limitSeconds: positiveInteger('--limit', values.limit, 86_400),
    out: values.out,
    json: values.json,
    updateRatchet: values['update-ratchet'],
    readme: values.readme,
    suiteOptions,
  };
  refuseContradictions(options);
  return options;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: SPECIFICATION, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function chooseSelection(
  values: { all: boolean; ci: boolean; readme: boolean },
  units: readonly string[],
): Options['selection'] {
  if (Number(values.all) + Number(values.ci) + Number(units.length > 0) > 1) {
    throw new UsageError('Units, --all and --ci exclude each other.');
  }
  if (units.length > 0) return 'units';
  if (values.all) return 'all';
  return values.readme && !values.ci ? 'none' : 'ci';
}

function refuseContradictions(options: Options): void {
  const writes = options.updateRatchet || options.readme;
  if (writes && options.server !== undefined) {
    throw new UsageError("The ratchet and the README tell of this project's own server: leave --server away.");
  }
  if (options.updateRatchet && options.suiteOptions.length > 0) {
    throw new UsageError('A partial run cannot raise the ratchet.');
  }
  if (options.suiteOptions.length > 0 && options.suite !== 'unit') {
    throw new UsageError('--only, --tags and --durable exist in the unit suite only.');
  }
}

function positiveInteger(name: string, text: string, max: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > max)
    throw new UsageError(`${name} is a number from 1 to ${max}.`);
  return value;
}
