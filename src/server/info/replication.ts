/** INFO replication of a master without replicas. Replication provides its own lines. */
import { ID_LENGTH } from '../../core/ids.ts';
import type { Server } from '../server.ts';

export function replicationInfo(server: Server): string[] {
  return [
    'role:master',
    'connected_slaves:0',
    'master_failover_state:no-failover',
    `master_replid:${server.identity.replicationId}`,
    `master_replid2:${'0'.repeat(ID_LENGTH)}`,
    'master_repl_offset:0',
    'second_repl_offset:-1',
    'repl_backlog_active:0',
    `repl_backlog_size:${server.config.text('repl-backlog-size')}`,
    'repl_backlog_first_byte_offset:0',
    'repl_backlog_histlen:0',
  ];
}
