/** Options of `startReplicaSet`, checked, and what each node's configuration says. */
import { ResplicaError } from './errors.ts';
import { checkByRules, CLOCK_RULE, isPeriod, isRecord, isString, type OptionRules } from './option-rules.ts';
import { type DirectiveValue, isPersistence, type PersistenceOptions, type ServerOptions, toWord } from './options.ts';
import { reachableHost } from './server.ts';

export interface ReplicaSetOptions {
  /** The name by which sentinels and clients know the master; "mymaster" by default. */
  readonly name?: string;
  /** Replicas besides the master; 2 by default. */
  readonly replicas?: number;
  /** Sentinels that watch the set; 3 by default, 0 for none. */
  readonly sentinels?: number;
  /** Sentinels that have to agree that the master is down; by default the majority. */
  readonly quorum?: number;
  /** How long a server has to be silent to count as down, in ms. */
  readonly downAfterMs?: number;
  /** How long a failover may take, in ms; after twice that time another one is tried. */
  readonly failoverTimeoutMs?: number;
  /**
   * How quick sentinels are. `test`, the default: a master that was killed is replaced well within a second. `production`:
   * as redis-sentinel. An object changes single periods of `test`, by the names that SENTINEL DEBUG has for them.
   */
  readonly timings?: 'test' | 'production' | Partial<Record<SentinelPeriod, number>>;
  /**
   * Directives of sentinel.conf by their own names, those of a master without its name:
   * `{ 'parallel-syncs': 2, 'announce-hostnames': 'yes' }`.
   */
  readonly sentinelConfig?: Readonly<Record<string, string | number | boolean>>;
  /** Password of every server, and what its replicas and sentinels log in with. */
  readonly password?: string;
  /** Address that all nodes listen on; 127.0.0.1 by default. */
  readonly host?: string;
  /** Directives of every server by their own names. */
  readonly config?: Readonly<Record<string, DirectiveValue>>;
  /** Where datasets are kept: each server has a directory of its name in `dir`. By default, in memory. */
  readonly persistence?: 'none' | PersistenceOptions;
  /**
   * `manual`: time passes for the nodes only by `clock.advance`, and while `stable` and other verbs wait for them.
   * Sockets and files are real all the same.
   */
  readonly clock?: 'real' | 'manual';
  /** Takes the log lines of all nodes as they are written. The newest are in each node's `log` in any case. */
  readonly onLog?: (node: string, line: string) => void;
}

/** Periods of a sentinel, as SENTINEL DEBUG names them. */
export type SentinelPeriod = keyof typeof TEST_PERIODS;

/** A second holds many rounds of everything; the machine is not kept busy by a set that rests. */
const TEST_PERIODS = {
  'info-period': 100,
  'ping-period': 50,
  'ask-period': 50,
  'publish-period': 200,
  'tilt-trigger': 2000,
  'tilt-period': 1000,
  'slave-reconf-timeout': 2000,
  'min-link-reconnect-period': 15_000,
  'election-timeout': 1000,
  'script-max-runtime': 60_000,
  'script-retry-delay': 30_000,
} as const;
const TEST_HZ = 40;
const TEST_DOWN_AFTER_MS = 450;
/** In one process all would notice at once, and each would vote for itself. */
const TEST_STAGGER_MS = 50;
const TEST_FAILOVER_TIMEOUT_MS = 1000;

const NODES_MAX = 100;

const RULES: OptionRules<ReplicaSetOptions> = {
  name: {
    wanted: 'a word of letters, digits, ".", "-" and "_"',
    accepts: (value) => typeof value === 'string' && /^[A-Za-z0-9._-]+$/.test(value),
  },
  replicas: { wanted: `an integer from 0 to ${NODES_MAX}`, accepts: (value) => isCount(value, 0) },
  sentinels: { wanted: `an integer from 0 to ${NODES_MAX}`, accepts: (value) => isCount(value, 0) },
  quorum: { wanted: 'a number of sentinels, at least 1', accepts: (value) => isCount(value, 1) },
  downAfterMs: { wanted: 'milliseconds, at least 1', accepts: isPeriod },
  failoverTimeoutMs: { wanted: 'milliseconds, at least 1', accepts: isPeriod },
  timings: {
    wanted: `'test', 'production' or an object with any of ${Object.keys(TEST_PERIODS).join(', ')}, in ms`,
    accepts: (value) => value === 'test' || value === 'production' || isPeriods(value),
  },
  sentinelConfig: { wanted: "an object of directives, such as { 'parallel-syncs': 2 }", accepts: isRecord },
  password: { wanted: 'a string', accepts: isString },
  host: {
    wanted: 'one address',
    accepts: (value) => typeof value === 'string' && /^[\w.:%][\w.:%-]*$/.test(value),
  },
  config: {
    wanted: "an object of redis.conf directives, such as { 'maxmemory-policy': 'noeviction' }",
    accepts: isRecord,
  },
  persistence: { wanted: "'none' or { dir, aof, save }", accepts: isPersistence },
  clock: CLOCK_RULE,
  onLog: { wanted: 'a function', accepts: (value) => typeof value === 'function' },
};

/** @throws ResplicaError ERR_BAD_OPTION */
export function checkReplicaSetOptions(options: ReplicaSetOptions): void {
  checkByRules('startReplicaSet', RULES, options);
}

function isPeriods(value: unknown): boolean {
  if (!isRecord(value)) return false;
  return Object.entries(value as object).every(([name, ms]) => Object.hasOwn(TEST_PERIODS, name) && isPeriod(ms));
}

function isCount(value: unknown, least: number): boolean {
  return Number.isInteger(value) && Number(value) >= least && Number(value) <= NODES_MAX;
}

/** How a sentinel of the set runs. */
export interface SentinelPace {
  /** Words of SENTINEL DEBUG behind its name; none for those of redis-sentinel. */
  readonly periods: readonly string[];
  /** Of its timer; null for that of redis-sentinel. */
  readonly hz: number | null;
}

export function paceOf({ timings = 'test' }: ReplicaSetOptions): SentinelPace {
  if (timings === 'production') return { periods: [], hz: null };
  const periods = { ...TEST_PERIODS, ...(timings === 'test' ? {} : timings) };
  return { periods: Object.entries(periods).flatMap(([name, ms]) => [name, String(ms)]), hz: TEST_HZ };
}

/** Directives that do not belong to a master. */
const GLOBAL_DIRECTIVES = new Set(
  'announce-ip announce-port deny-scripts-reconfig resolve-hostnames announce-hostnames sentinel-user sentinel-pass'.split(
    ' ',
  ),
);

/**
 * What a node has to say about its address so that others find it. Whoever connects from one loopback address to another
 * is seen as 127.0.0.1.
 */
function announcedAddress(host: string): string | null {
  const isNamed = !/^[\d.]+$|:/.test(host);
  return isNamed || reachableHost(host) !== host || host === '127.0.0.1' || host === '::1' ? null : host;
}

/** What sentinel.conf says at first. @param index of the sentinel among all */
export function sentinelText(options: ReplicaSetOptions, index: number, port: number, masterPort: number): string {
  const { name = 'mymaster', host = '127.0.0.1', sentinels = 3, password, timings, sentinelConfig = {} } = options;
  const isQuick = timings !== 'production';
  const downAfterMs = options.downAfterMs ?? (isQuick ? TEST_DOWN_AFTER_MS + index * TEST_STAGGER_MS : null);
  const failoverTimeoutMs = options.failoverTimeoutMs ?? (isQuick ? TEST_FAILOVER_TIMEOUT_MS : null);
  const lines = [
    `bind ${host}`,
    `port ${port}`,
    // Verbose is the level of changes of role, which the events of the set tell of.
    'loglevel verbose',
    `sentinel monitor ${name} ${reachableHost(host)} ${masterPort} ${options.quorum ?? Math.floor(sentinels / 2) + 1}`,
  ];
  const announced = announcedAddress(host);
  if (announced !== null) lines.push(`sentinel announce-ip ${announced}`);
  const add = (directive: string, value: string | number | null): void => {
    if (value !== null) lines.push(`sentinel ${directive} ${name} ${value}`);
  };
  add('down-after-milliseconds', downAfterMs);
  add('failover-timeout', failoverTimeoutMs);
  add('auth-pass', password === undefined ? null : toWord(password));
  for (const [directive, value] of Object.entries(sentinelConfig)) {
    if (!/^[\w-]+$/.test(directive)) {
      throw new ResplicaError('ERR_BAD_CONFIG', `"${directive}" is no name of a directive.`);
    }
    if (GLOBAL_DIRECTIVES.has(directive)) lines.push(`sentinel ${directive} ${toWord(value, directive)}`);
    else add(directive, toWord(value, directive));
  }
  return `${lines.join('\n')}\n`;
}

/** A server of the set, as `startServer` would take it. */
export function serverOptionsOf(
  options: ReplicaSetOptions,
  name: string,
  port: number,
  masterPort: number | null,
): ServerOptions {
  const { host = '127.0.0.1', password, config = {}, persistence = 'none' } = options;
  const master = { host: reachableHost(host), port: masterPort ?? 0, password: password ?? '' };
  const announced = announcedAddress(host);
  return {
    name,
    host,
    port,
    persistence: persistence === 'none' ? 'none' : { ...persistence, dir: `${persistence.dir}/${name}` },
    ...(password === undefined ? {} : { password }),
    ...(masterPort === null ? {} : { replicaOf: master }),
    // A master that comes back follows another one, so it has to know the password as well.
    config: {
      ...(masterPort === null && password !== undefined ? { masterauth: password } : {}),
      ...(announced === null ? {} : { 'replica-announce-ip': announced }),
      ...config,
    },
  };
}
