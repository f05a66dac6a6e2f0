/** INFO replication and ROLE, to the letter (server.c genRedisInfoString, replication.c roleCommand). */
import type { Call } from '../server/call.ts';
import type { LinkState, ReplicaLink } from './link.ts';
import type { Replication } from './replication.ts';

/** Of the states of a link those that INFO shows. */
const SHOWN: Readonly<Partial<Record<LinkState, string>>> = {
  'wait-start': 'wait_bgsave',
  'wait-end': 'wait_bgsave',
  'send-file': 'send_bulk',
  online: 'online',
};

export function replicationInfo(replication: Replication): string[] {
  const { state, links, failover, acknowledgements } = replication;
  const { config } = replication.server;
  const { buffer } = state;
  return [
    `role:${state.isReplica ? 'slave' : 'master'}`,
    ...(state.isReplica ? masterLines(replication) : []),
    `connected_slaves:${links.count}`,
    ...(acknowledgements.isMinimumSet ? [`min_slaves_good_slaves:${acknowledgements.goodReplicas}`] : []),
    ...replicaLines(replication),
    `master_failover_state:${failover.phase}`,
    `master_replid:${state.id}`,
    `master_replid2:${state.secondId}`,
    `master_repl_offset:${state.offset}`,
    `second_repl_offset:${state.secondOffset}`,
    `repl_backlog_active:${state.hasBacklog ? 1 : 0}`,
    `repl_backlog_size:${config.values['repl-backlog-size']}`,
    `repl_backlog_first_byte_offset:${state.hasBacklog ? buffer.firstOffset : 0}`,
    `repl_backlog_histlen:${state.hasBacklog ? buffer.historyBytes : 0}`,
  ];
}

function masterLines({ state, master, server }: Replication): string[] {
  const { values } = server.config;
  const { host, port } = state.master!;
  const isUp = master.phase === 'connected';
  const nowMs = server.host.clock.wallMs();
  const down = master.downSinceMs === 0 ? -1 : secondsBetween(master.downSinceMs, nowMs);
  return [
    `master_host:${host}`,
    `master_port:${port}`,
    `master_link_status:${isUp ? 'up' : 'down'}`,
    `master_last_io_seconds_ago:${master.isConnected ? secondsBetween(master.lastIoMs, nowMs) : -1}`,
    `master_sync_in_progress:${master.phase === 'sync' ? 1 : 0}`,
    `slave_read_repl_offset:${master.readOffset ?? 1}`,
    `slave_repl_offset:${master.appliedOffset ?? 1}`,
    ...transferLines(master.transfer, nowMs),
    ...(isUp ? [] : [`master_link_down_since_seconds:${down}`]),
    `slave_priority:${values['replica-priority']}`,
    `slave_read_only:${values['replica-read-only'] ? 1 : 0}`,
    `replica_announced:${values['replica-announced'] ? 1 : 0}`,
  ];
}

function transferLines(transfer: Replication['master']['transfer'], nowMs: number): string[] {
  if (transfer === null) return [];
  const { totalBytes, readBytes, lastIoMs } = transfer;
  const percent = totalBytes === 0 ? 0 : (readBytes / totalBytes) * 100;
  return [
    `master_sync_total_bytes:${totalBytes}`,
    `master_sync_read_bytes:${readBytes}`,
    `master_sync_left_bytes:${totalBytes - readBytes}`,
    `master_sync_perc:${percent.toFixed(2)}`,
    `master_sync_last_io_seconds_ago:${secondsBetween(lastIoMs, nowMs)}`,
  ];
}

function replicaLines({ links, server }: Replication): string[] {
  const nowMs = server.host.clock.wallMs();
  const lines: string[] = [];
  for (const link of links) {
    const { address, listeningPort, ackOffset, isOnline } = link;
    const state = SHOWN[link.state];
    if (address === null || state === undefined) continue;
    const lag = isOnline ? link.lagSeconds(nowMs) : 0;
    const place = `ip=${address},port=${listeningPort},state=${state}`;
    lines.push(`slave${lines.length}:${place},offset=${ackOffset},lag=${lag}`);
  }
  return lines;
}

function secondsBetween(fromMs: number, toMs: number): number {
  return Math.floor(toMs / 1000) - Math.floor(fromMs / 1000);
}

export function replyRole({ state, links, master }: Replication, c: Call): void {
  const { reply } = c;
  if (state.master === null) {
    const online = [...links].filter(({ isOnline, address }) => isOnline && address !== null);
    reply.array(3);
    reply.bulkBinary('master');
    reply.integer(state.offset);
    reply.array(online.length);
    for (const link of online) replyReplica(c, link);
    return;
  }
  reply.array(5);
  reply.bulkBinary('slave');
  reply.bulkBinary(state.master.host);
  reply.integer(state.master.port);
  reply.bulkBinary(master.phase);
  reply.integer(master.isConnected ? (master.appliedOffset ?? -1) : -1);
}

function replyReplica(c: Call, { address, listeningPort, ackOffset }: ReplicaLink): void {
  c.reply.bulkArray([address!, String(listeningPort), String(ackOffset)]);
}

/** As the log names the state of a replica that lags behind. */
export function shownState(link: ReplicaLink): string {
  return SHOWN[link.state] ?? '';
}
