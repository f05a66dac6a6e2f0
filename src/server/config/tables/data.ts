/** Parameters of the dataset: limits, encodings, expiry, eviction, scripts, notifications. */
import { bool, choice, integer, INT_MAX, INT_MIN, LONG_MAX, memory, special, ULONG_MAX } from '../parameter.ts';
import { keyspaceEventsType } from '../special-types.ts';

const NO_DEFRAGMENTATION =
  'Active defragmentation cannot be enabled: it requires a Redis server compiled with a modified Jemalloc ' +
  'like the one shipped by default with the Redis source distribution';

const evictionPolicies = [
  'volatile-lru',
  'volatile-lfu',
  'volatile-random',
  'volatile-ttl',
  'allkeys-lru',
  'allkeys-lfu',
  'allkeys-random',
  'noeviction',
] as const;

export const memoryParameters = [
  memory('maxmemory', 0, 0, ULONG_MAX, { unsigned: true }),
  choice('maxmemory-policy', 'noeviction', evictionPolicies),
  integer('maxmemory-samples', 5, 1, INT_MAX),
  integer('maxmemory-eviction-tenacity', 10, 0, 100),
  memory('maxmemory-clients', 0, -100, LONG_MAX, { notation: 'memoryOrPercent' }),
  integer('lfu-log-factor', 10, 0, INT_MAX),
  integer('lfu-decay-time', 1, 0, INT_MAX),
  bool('lazyfree-lazy-eviction', false),
  bool('lazyfree-lazy-expire', false),
  bool('lazyfree-lazy-server-del', false),
  bool('lazyfree-lazy-user-del', false),
  bool('lazyfree-lazy-user-flush', false),
  bool('jemalloc-bg-thread', true),
  bool('activedefrag', false, { refusal: NO_DEFRAGMENTATION }),
  memory('active-defrag-ignore-bytes', 100 * 1024 ** 2, 1, LONG_MAX, { unsigned: true }),
  integer('active-defrag-threshold-lower', 10, 0, 1000),
  integer('active-defrag-threshold-upper', 100, 0, 1000),
  integer('active-defrag-cycle-min', 1, 1, 99),
  integer('active-defrag-cycle-max', 25, 1, 99),
  integer('active-defrag-max-scan-fields', 1000, 1, LONG_MAX),
] as const;

export const dataParameters = [
  integer('databases', 16, 1, INT_MAX, { immutable: true }),
  bool('activerehashing', true),
  integer('active-expire-effort', 1, 1, 10),
  integer('hash-max-listpack-entries', 512, 0, LONG_MAX, { alias: 'hash-max-ziplist-entries', unsigned: true }),
  memory('hash-max-listpack-value', 64, 0, LONG_MAX, { alias: 'hash-max-ziplist-value', unsigned: true }),
  integer('list-max-listpack-size', -2, INT_MIN, INT_MAX, { alias: 'list-max-ziplist-size' }),
  integer('list-compress-depth', 0, 0, INT_MAX),
  integer('set-max-intset-entries', 512, 0, LONG_MAX, { unsigned: true }),
  integer('zset-max-listpack-entries', 128, 0, LONG_MAX, { alias: 'zset-max-ziplist-entries', unsigned: true }),
  memory('zset-max-listpack-value', 64, 0, LONG_MAX, { alias: 'zset-max-ziplist-value', unsigned: true }),
  memory('hll-sparse-max-bytes', 3000, 0, LONG_MAX, { unsigned: true }),
  memory('stream-node-max-bytes', 4096, 0, LONG_MAX, { unsigned: true }),
  integer('stream-node-max-entries', 100, 0, LONG_MAX),
  special('notify-keyspace-events', keyspaceEventsType, { value: 0, text: '' }),
  integer('tracking-table-max-keys', 1000000, 0, LONG_MAX, { unsigned: true }),
  integer('busy-reply-threshold', 5000, 0, LONG_MAX, { alias: 'lua-time-limit' }),
] as const;
