// The command line of `npm run bench`, and what each mode measures unless told otherwise.

import { parseArgs } from 'node:util';

export const MODES = [
  'throughput',
  'memory',
  'types',
  'types-memory',
  'latency',
  'startup',
  'stall',
  'removal',
  'persistence',
  'append-only',
  'replication',
  'scripts',
  'cluster',
  'cluster-failover',
  'sentinel-failover',
  'cluster-size',
  'simulation',
] as const;
export type Mode = (typeof MODES)[number];

export const TESTS = ['ping_mbulk', 'set', 'get', 'incr', 'mset'] as const;
export const TYPE_TESTS = [
  'lpush',
  'rpop',
  'lrange_100',
  'lrange_600',
  'sadd',
  'spop',
  'hset',
  'zadd',
  'zpopmin',
  'xadd',
  'mset',
] as const;
export const SCRIPT_TESTS = ['evalsha_get', 'additions', 'bullmq_add'] as const;
export const REMOVALS = [
  'del-list',
  'del-hash',
  'del-set',
  'del-stream',
  'del-zset',
  'unlink-zset',
  'set-zset',
  'rename-zset',
  'expire-zset',
  'evict-zset',
  'flushdb',
  'flushall',
  'flushall-async',
  'expire-keys',
  'evict-keys',
] as const;
export type Removal = (typeof REMOVALS)[number];
export const SHAPES = [
  'list',
  'hash',
  'small-hashes',
  'set',
  'small-sets',
  'small-integer-sets',
  'zset',
  'small-zsets',
  'stream',
] as const;

export interface Options {
  modes: readonly Mode[];
  help: boolean;
  /** Null: each mode's own default. */
  rounds: number | null;
  requests: number;
  keys: number | null;
  /** Empty, as the next: all that the mode has; `optionsFor` fills them in. */
  tests: readonly string[];
  pipelines: readonly number[];
  ours: string | null;
  /** --a or --b: two servers of the user's choice. */
  compare: boolean;
  a: string | null;
  b: string | null;
  peer: boolean;
  pin: boolean;
  build: boolean;
}

export const HELP = `npm run bench -- [mode] [options]

Compares this server with redis-server in one run, in alternating rounds.

Modes
  throughput   requests per second and server CPU per request: PING, SET, GET, INCR, MSET at P = 1, 16, 64 (default)
  memory       bytes per key: growth of resident memory and of used_memory over 1 000 000 keys of 16 + 32 bytes
  types        as throughput, at P = 1 and 16, of commands on lists, hashes, sets, sorted sets and streams, and MSET
  types-memory bytes per element: growth over 1 000 000 elements of each type, in one key or in 100 000 small ones
  latency      p50, p99, p99.9 at P = 1, 50 clients
  startup      embedded server ready (await startServer()), process ready (spawn to first PONG)
  stall        longest wait of a probing client while another one sets 5 000 000 keys
  removal      longest wait of a probing client while 10 000 000 elements, or 1 000 000 keys, go at once
  append-only  CPU per SET with an append-only file and without, and of a start with it
  replication  CPU per SET with a replica and without, and of a full synchronization of 1 000 000 keys
  persistence  CPU of SAVE and of a start with 1 000 000 keys, longest wait beside a BGSAVE
  scripts      CPU per EVALSHA of a GET, of a million additions and of BullMQ's adding of a job; an engine's time and memory
  cluster      CPU per GET, SET, INCR of a node that owns all slots, beside the same server outside of a cluster
  cluster-failover  from the SIGKILL of a master to the promotion of its replica, node timeout 3000 ms
  sentinel-failover from +sdown to +promoted-slave, three sentinels over a master and two replicas
  cluster-size      a hundred nodes in one process: time to serve, to notice a death, memory (--keys for another number)
  simulation   simulated seconds per CPU second, with all judges; drawn schedules per CPU second
  compare      throughput of two commands: needs --a and --b
  all          the modes above, one after the other

Options
  --rounds N        alternating rounds (throughput 9, latency 5, memory, types and stall 3, startup 20, types-memory and removal 1)
  --requests N      requests of one throughput run at P = 1 (50000); deeper pipelines get more, MSET a fifth
  --keys N          keys for memory and stall, elements for types-memory and removal
  --tests LIST      of ${TESTS.join(',')};
                    in types: ${TYPE_TESTS.join(',')};
                    in types-memory: ${SHAPES.join(',')};
                    in removal: ${REMOVALS.join(',')};
                    in scripts: ${SCRIPT_TESTS.join(',')}
  --pipelines LIST  of pipeline depths, such as 1,16
  --ours CMD        the server to measure (default: node dist/cli.js --port {port} --save '', built if stale)
  --a CMD --b CMD   two servers to compare, in any mode, instead of ours and redis-server
  --no-peer         leave js-redis-server out
  --no-pin          do not pin servers to one core and load to another (taskset, where there is one)
  --no-build        take dist as it is
  --help            this text

CMD is one line: NAME=value environment, program, arguments; {port} is replaced, or --port N appended where it is
missing. js-redis-server takes part where it is installed (npm install --no-save js-redis-server); it gets a tenth of
the requests. Results are also written to bench/results as JSON.
`;

const FLAGS = {
  rounds: { type: 'string' },
  requests: { type: 'string' },
  keys: { type: 'string' },
  tests: { type: 'string' },
  pipelines: { type: 'string' },
  ours: { type: 'string' },
  a: { type: 'string' },
  b: { type: 'string' },
  'no-peer': { type: 'boolean' },
  'no-pin': { type: 'boolean' },
  'no-build': { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

/** Throws an Error whose message is meant for the user. */
export function parseArguments(argv: readonly string[]): Options {
  const { values, positionals } = parseArgs({ args: [...argv], options: FLAGS, allowPositionals: true });
  if (positionals.length > 1) throw new Error(`one mode at a time, not ${positionals.join(' ')}`);
  const mode = positionals[0] ?? 'throughput';
  if (mode === 'compare' && (values.a === undefined || values.b === undefined)) {
    throw new Error('compare needs --a CMD and --b CMD');
  }
  const modes = modesOf(mode);
  return {
    modes,
    help: values.help ?? false,
    rounds: values.rounds === undefined ? null : count('--rounds', values.rounds),
    requests: values.requests === undefined ? 50_000 : count('--requests', values.requests),
    keys: values.keys === undefined ? null : count('--keys', values.keys),
    tests: values.tests === undefined ? [] : values.tests.split(',').map((name) => knownTest(name, modes)),
    pipelines:
      values.pipelines === undefined ? [] : values.pipelines.split(',').map((depth) => count('--pipelines', depth)),
    ours: values.ours ?? null,
    compare: values.a !== undefined || values.b !== undefined,
    a: values.a ?? null,
    b: values.b ?? null,
    peer: values['no-peer'] !== true,
    pin: values['no-pin'] !== true,
    build: values['no-build'] !== true,
  };
}

function modesOf(word: string): readonly Mode[] {
  if (word === 'all') return MODES;
  if (word === 'compare') return ['throughput'];
  const mode = MODES.find((known) => known === word);
  if (mode === undefined) throw new Error(`unknown mode ${word}: one of ${MODES.join(', ')}, compare, all`);
  return [mode];
}

function count(flag: string, text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new Error(`${flag} needs a whole number of at least 1, not ${text}`);
  return Number(text);
}

function knownTest(name: string, modes: readonly Mode[]): string {
  const known = new Set(modes.flatMap(testsOf));
  if (!known.has(name)) throw new Error(`unknown test ${name}: of ${[...known].join(', ')}`);
  return name;
}

function testsOf(mode: Mode): readonly string[] {
  if (mode === 'types') return TYPE_TESTS;
  if (mode === 'removal') return REMOVALS;
  if (mode === 'scripts') return SCRIPT_TESTS;
  return mode === 'types-memory' ? SHAPES : TESTS;
}

function depthsOf(mode: Mode): readonly number[] {
  if (mode === 'scripts' || mode === 'cluster' || mode === 'replication') return [16];
  return mode === 'types' ? [1, 16] : [1, 16, 64];
}

/** The options as one mode takes them: with its own tests and depths where none of these are given. */
export function optionsFor(mode: Mode, options: Options): Options {
  const known = testsOf(mode);
  const tests = options.tests.filter((name) => known.includes(name));
  const depths = depthsOf(mode);
  return {
    ...options,
    tests: tests.length === 0 ? known : tests,
    pipelines: options.pipelines.length === 0 ? depths : options.pipelines,
  };
}
