/** Options of `startCluster`, checked, and what each node's configuration says. */
import { normalIp } from '../core/ip-address.ts';
import { type ClusterPace, REDIS_PACE } from '../cluster/pace.ts';
import { ResplicaError } from './errors.ts';
import { checkByRules, CLOCK_RULE, isPeriod, isRecord, isString, type OptionRules } from './option-rules.ts';
import { type DirectiveValue, isPersistence, type PersistenceOptions, type ServerOptions } from './options.ts';
import { reachableHost } from './server.ts';

export interface ClusterOptions {
  /** Masters, among whom the slots are divided; 3 by default. */
  readonly masters?: number;
  /** Replicas of each master; 1 by default. */
  readonly replicas?: number;
  /** How long a node has to be silent to count as unreachable, in ms (`cluster-node-timeout`). */
  readonly nodeTimeoutMs?: number;
  /**
   * How long what waits that redis-server has no option for: elections above all. `test`, the default: a master that was
   * killed is replaced in little more than the node timeout, which is half a second then. `production`: as redis-server.
   */
  readonly timings?: 'test' | 'production';
  /** Password of every node, also among themselves. */
  readonly password?: string;
  /** Numeric address that all nodes listen on; 127.0.0.1 by default. */
  readonly host?: string;
  /** What nodes say of themselves, where clients reach them otherwise than they listen. */
  readonly announce?: AnnounceOptions;
  /** Directives of every node by their own names. */
  readonly config?: Readonly<Record<string, DirectiveValue>>;
  /** Where datasets are kept: each node has a directory of its name in `dir`. By default, in memory. */
  readonly persistence?: 'none' | PersistenceOptions;
  /**
   * `manual`: time passes for the nodes only by `clock.advance`, and while `stable` and other verbs wait for them.
   * Sockets and files are real all the same.
   */
  readonly clock?: 'real' | 'manual';
  /** Takes the log lines of all nodes as they are written. The newest are in each node's `log` in any case. */
  readonly onLog?: (node: string, line: string) => void;
}

/** Directives `cluster-announce-*`. Lists have an entry for each node: masters first, then replicas, then those added. */
export interface AnnounceOptions {
  /** A numeric address. */
  readonly ip?: string;
  /** With `cluster-preferred-endpoint-type hostname` in `config` it is what clients are told. */
  readonly hostname?: string | readonly string[];
  readonly ports?: readonly number[];
  readonly busPorts?: readonly number[];
}

const NODES_MAX = 1000;
const PORT_MAX = 65_535;
const TEST_NODE_TIMEOUT_MS = 500;
const REDIS_NODE_TIMEOUT_MS = 15_000;
/** Of the node timeout of a large cluster: some hundred PINGs in a second are enough. */
const MS_PER_PAIR = 3;
const TEST_PACE: ClusterPace = {
  writableDelayMs: 500,
  electionDelayMs: 40,
  electionRandomMs: 80,
  electionRankMs: 200,
  votingMinMs: 500,
};

const RULES: OptionRules<ClusterOptions> = {
  masters: { wanted: `an integer from 1 to ${NODES_MAX}`, accepts: (value) => isCount(value, 1) },
  replicas: { wanted: `an integer from 0 to ${NODES_MAX}`, accepts: (value) => isCount(value, 0) },
  nodeTimeoutMs: { wanted: 'milliseconds, at least 1', accepts: isPeriod },
  timings: { wanted: "'test' or 'production'", accepts: (value) => value === 'test' || value === 'production' },
  password: { wanted: 'a string', accepts: isString },
  host: {
    wanted: 'one numeric address, or * for all',
    accepts: (value) => value === '*' || (isString(value) && normalIp(value) !== null),
  },
  announce: { wanted: '{ ip, hostname, ports, busPorts }', accepts: isAnnouncement },
  config: {
    wanted: "an object of redis.conf directives, such as { 'maxmemory-policy': 'noeviction' }",
    accepts: isRecord,
  },
  persistence: { wanted: "'none' or { dir, aof, save }", accepts: isPersistence },
  clock: CLOCK_RULE,
  onLog: { wanted: 'a function', accepts: (value) => typeof value === 'function' },
};

/** @throws ResplicaError ERR_BAD_OPTION */
export function checkClusterOptions(options: ClusterOptions): void {
  checkByRules('startCluster', RULES, options);
  const count = nodeCountOf(options);
  if (count > NODES_MAX) {
    throw new ResplicaError(
      'ERR_BAD_OPTION',
      `"masters" and "replicas" make ${count} nodes; ${NODES_MAX} are possible.`,
    );
  }
}

function isCount(value: unknown, least: number): boolean {
  return Number.isInteger(value) && Number(value) >= least && Number(value) <= NODES_MAX;
}

function isAnnouncement(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { ip, hostname, ports, busPorts, ...others } = value as Partial<Record<string, unknown>>;
  const names = hostname === undefined ? [] : [hostname].flat();
  const numbers = [ports ?? [], busPorts ?? []];
  return (
    Object.keys(others).length === 0 &&
    (ip === undefined || (isString(ip) && normalIp(ip) !== null)) &&
    names.every((name) => isString(name) && /^[\w.-]+$/.test(name)) &&
    numbers.every((list) => Array.isArray(list) && list.every((port) => isCountedPort(port)))
  );
}

function isCountedPort(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= PORT_MAX;
}

export function nodeCountOf({ masters = 3, replicas = 1 }: ClusterOptions): number {
  return masters * (1 + replicas);
}

/** Every node asks every other one twice in a node timeout: large clusters need more time for it. */
export function nodeTimeoutOf(options: ClusterOptions): number {
  const { nodeTimeoutMs, timings } = options;
  if (nodeTimeoutMs !== undefined) return nodeTimeoutMs;
  if (timings === 'production') return REDIS_NODE_TIMEOUT_MS;
  const wantedMs = MS_PER_PAIR * nodeCountOf(options) ** 2;
  return Math.min(REDIS_NODE_TIMEOUT_MS, Math.max(TEST_NODE_TIMEOUT_MS, wantedMs));
}

/**
 * @param isFirst the first life of a node that the cluster began with: nothing can have happened before, so that it need
 *   not wait for news.
 */
export function clusterPaceOf({ timings }: ClusterOptions, isFirst: boolean): ClusterPace {
  const pace = timings === 'production' ? REDIS_PACE : TEST_PACE;
  return isFirst ? { ...pace, writableDelayMs: 0 } : pace;
}

/** Where others reach a node, by its own word. */
export interface AnnouncedAddress {
  readonly ip: string;
  readonly port: number;
  readonly busPort: number;
  readonly hostname: string;
}

/** @param index of the node among all */
export function announcedAddress(
  options: ClusterOptions,
  index: number,
  port: number,
  busPort: number,
): AnnouncedAddress {
  const { host = '127.0.0.1', announce = {} } = options;
  const { ip, hostname = '', ports = [], busPorts = [] } = announce;
  return {
    ip: normalIp(ip ?? reachableHost(host))!,
    port: ports[index] ?? port,
    busPort: busPorts[index] ?? busPort,
    hostname: isString(hostname) ? hostname : (hostname[index] ?? ''),
  };
}

export interface ClusterNodePlan {
  readonly name: string;
  readonly port: number;
  readonly busPort: number;
  readonly address: AnnouncedAddress;
}

/** A node of the cluster, as `startServer` would take it. */
export function nodeOptionsOf(options: ClusterOptions, plan: ClusterNodePlan): ServerOptions {
  const { host = '127.0.0.1', password, announce = {}, config = {}, persistence = 'none' } = options;
  const { name, port, busPort, address } = plan;
  return {
    name,
    host,
    port,
    persistence: persistence === 'none' ? 'none' : { ...persistence, dir: `${persistence.dir}/${name}` },
    ...(password === undefined ? {} : { password }),
    config: {
      'cluster-enabled': true,
      'cluster-node-timeout': nodeTimeoutOf(options),
      ...(password === undefined ? {} : { masterauth: password }),
      ...(announce.ip === undefined ? {} : { 'cluster-announce-ip': announce.ip }),
      ...(address.hostname === '' ? {} : { 'cluster-announce-hostname': address.hostname }),
      ...(address.port === port ? {} : { 'cluster-announce-port': address.port }),
      ...(address.busPort === busPort ? {} : { 'cluster-announce-bus-port': address.busPort }),
      ...config,
    },
  };
}
