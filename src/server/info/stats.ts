/** INFO stats: counters since the start or CONFIG RESETSTAT, and rates of now. */
import { type Metric } from '../instantaneous-metrics.ts';
import type { Server } from '../server.ts';

export function statsInfo(server: Server): string[] {
  return [...trafficLines(server), ...keyspaceLines(server), ...channelLines(server), ...replyLines(server)];
}

function trafficLines({ statistics: s, metrics }: Server): string[] {
  const kilobytes = (metric: Metric): string => (metrics.rate(metric) / 1024).toFixed(2);
  return [
    `total_connections_received:${s.connectionsReceived}`,
    `total_commands_processed:${s.commands}`,
    `instantaneous_ops_per_sec:${metrics.rate('commands')}`,
    `total_net_input_bytes:${s.inputBytes + s.replicationInputBytes}`,
    `total_net_output_bytes:${s.outputBytes + s.replicationOutputBytes}`,
    `total_net_repl_input_bytes:${s.replicationInputBytes}`,
    `total_net_repl_output_bytes:${s.replicationOutputBytes}`,
    `instantaneous_input_kbps:${kilobytes('inputBytes')}`,
    `instantaneous_output_kbps:${kilobytes('outputBytes')}`,
    `instantaneous_input_repl_kbps:${kilobytes('replicationInputBytes')}`,
    `instantaneous_output_repl_kbps:${kilobytes('replicationOutputBytes')}`,
    `rejected_connections:${s.connectionsRejected}`,
    `sync_full:${s.fullSyncs}`,
    `sync_partial_ok:${s.partialSyncsAccepted}`,
    `sync_partial_err:${s.partialSyncsRefused}`,
  ];
}

function keyspaceLines({ statistics: s, keyspace, eviction }: Server): string[] {
  return [
    `expired_keys:${keyspace.statistics.expired}`,
    `expired_stale_perc:${s.expiredStalePercent.toFixed(2)}`,
    `expired_time_cap_reached_count:${s.expireTimeCapsReached}`,
    `expire_cycle_cpu_milliseconds:${Math.floor(s.expireCycleUs / 1000)}`,
    `evicted_keys:${s.evictedKeys}`,
    `evicted_clients:${s.evictedClients}`,
    `total_eviction_exceeded_time:${eviction.totalExceededMs}`,
    `current_eviction_exceeded_time:${eviction.currentExceededMs}`,
    `keyspace_hits:${keyspace.statistics.hits}`,
    `keyspace_misses:${keyspace.statistics.misses}`,
  ];
}

function channelLines({ pubsub }: Server): string[] {
  return [
    `pubsub_channels:${pubsub.channelCount}`,
    `pubsub_patterns:${pubsub.patternCount}`,
    `pubsubshard_channels:${pubsub.shardChannelCount}`,
  ];
}

function replyLines({ statistics: s, hooks, migrations, persistence, tracking }: Server): string[] {
  return [
    'latest_fork_usec:0',
    `total_forks:${persistence.children.count}`,
    `migrate_cached_sockets:${migrations.keptLinks}`,
    `slave_expires_tracked_keys:${hooks.replication?.localExpiries ?? 0}`,
    'active_defrag_hits:0',
    'active_defrag_misses:0',
    'active_defrag_key_hits:0',
    'active_defrag_key_misses:0',
    'total_active_defrag_time:0',
    'current_active_defrag_time:0',
    `tracking_total_keys:${tracking.keyCount}`,
    `tracking_total_items:${tracking.itemCount}`,
    `tracking_total_prefixes:${tracking.prefixCount}`,
    `unexpected_error_replies:${s.unexpectedErrorReplies}`,
    `total_error_replies:${s.errorReplies}`,
    `dump_payload_sanitizations:${s.dumpPayloadSanitizations}`,
    `total_reads_processed:${s.reads}`,
    `total_writes_processed:${s.writes}`,
    'io_threaded_reads_processed:0',
    'io_threaded_writes_processed:0',
    'reply_buffer_shrinks:0',
    'reply_buffer_expands:0',
  ];
}
