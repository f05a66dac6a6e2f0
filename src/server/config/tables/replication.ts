/** Parameters of masters and replicas, and of cluster nodes. */
import { bool, choice, integer, INT_MAX, LONG_MAX, memory, optionalText, special, text } from '../parameter.ts';
import { ULONG_MAX } from '../parameter.ts';
import { replicaOfType } from '../special-types.ts';

const HOSTNAME_LIMIT = 256;

function refuseHostname(name: string): string | null {
  if (name.length >= HOSTNAME_LIMIT) return `Hostnames must be less than ${HOSTNAME_LIMIT} characters`;
  if (/[^A-Za-z0-9.-]/.test(name)) return 'Hostnames may only contain alphanumeric characters, hyphens or dots';
  return null;
}

const replicaOfRules = { alias: 'slaveof', immutable: true, multiArgument: true } as const;

export const replicationParameters = [
  special('replicaof', replicaOfType, { value: null, text: '' }, replicaOfRules),
  optionalText('masteruser', { sensitive: true }),
  optionalText('masterauth', { sensitive: true, binary: true }),
  bool('replica-serve-stale-data', true, { alias: 'slave-serve-stale-data' }),
  bool('replica-read-only', true, { alias: 'slave-read-only' }),
  bool('replica-lazy-flush', false, { alias: 'slave-lazy-flush' }),
  bool('replica-ignore-maxmemory', true, { alias: 'slave-ignore-maxmemory' }),
  bool('replica-ignore-disk-write-errors', false),
  integer('replica-priority', 100, 0, INT_MAX, { alias: 'slave-priority' }),
  bool('replica-announced', true),
  optionalText('replica-announce-ip', { alias: 'slave-announce-ip' }),
  integer('replica-announce-port', 0, 0, 65535, { alias: 'slave-announce-port' }),
  integer('repl-timeout', 60, 1, INT_MAX),
  integer('repl-ping-replica-period', 10, 1, INT_MAX, { alias: 'repl-ping-slave-period' }),
  memory('repl-backlog-size', 1024 ** 2, 1, LONG_MAX),
  integer('repl-backlog-ttl', 3600, 0, LONG_MAX),
  bool('repl-disable-tcp-nodelay', false),
  bool('repl-diskless-sync', true),
  integer('repl-diskless-sync-delay', 5, 0, INT_MAX),
  integer('repl-diskless-sync-max-replicas', 0, 0, INT_MAX),
  choice('repl-diskless-load', 'disabled', ['disabled', 'on-empty-db', 'swapdb'], { deniedWhileLoading: true }),
  integer('min-replicas-to-write', 0, 0, INT_MAX, { alias: 'min-slaves-to-write' }),
  integer('min-replicas-max-lag', 10, 0, INT_MAX, { alias: 'min-slaves-max-lag' }),
  choice('propagation-error-behavior', 'ignore', ['ignore', 'panic', 'panic-on-replicas']),
] as const;

export const clusterParameters = [
  bool('cluster-enabled', false, { immutable: true }),
  text('cluster-config-file', 'nodes.conf', { immutable: true }),
  integer('cluster-port', 0, 0, 65535, { immutable: true }),
  integer('cluster-node-timeout', 15000, 0, LONG_MAX),
  optionalText('cluster-announce-ip'),
  optionalText('cluster-announce-hostname', { refuse: refuseHostname }),
  integer('cluster-announce-port', 0, 0, 65535),
  integer('cluster-announce-tls-port', 0, 0, 65535),
  integer('cluster-announce-bus-port', 0, 0, 65535),
  choice('cluster-preferred-endpoint-type', 'ip', ['ip', 'hostname', 'unknown-endpoint']),
  memory('cluster-link-sendbuf-limit', 0, 0, ULONG_MAX, { unsigned: true }),
  integer('cluster-migration-barrier', 1, 0, INT_MAX),
  integer('cluster-replica-validity-factor', 10, 0, INT_MAX, { alias: 'cluster-slave-validity-factor' }),
  bool('cluster-replica-no-failover', false, { alias: 'cluster-slave-no-failover' }),
  bool('cluster-allow-replica-migration', true),
  bool('cluster-require-full-coverage', true),
  bool('cluster-allow-reads-when-down', false),
  bool('cluster-allow-pubsubshard-when-down', true),
] as const;
