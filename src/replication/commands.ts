/** The commands of replication. ROLE stands with the server's own, since it answers without replication too. */
import { fail } from '../core/errors.ts';
import type { Family } from '../commands/row.ts';
import type { Call } from '../server/call.ts';
import { clientInfo } from '../server/client-info.ts';
import { serverFamily } from '../server/rows.ts';
import { SESSION } from '../server/session.ts';
import type { Replication } from './replication.ts';
import { psync, replconf, sync } from './synchronize.ts';

/** Finds the replication of the server that a command runs on. */
function of(c: Call): Replication {
  return c.server.hooks.replication as Replication;
}

function replicaOf(c: Call): void {
  const { args, server, session } = c;
  const replication = of(c);
  const { log } = server;
  if (server.config.values['cluster-enabled']) fail('ERR REPLICAOF not allowed in cluster mode.');
  if (replication.failover.isActive) fail('ERR REPLICAOF not allowed while failing over.');
  if (args.is(1, 'no') && args.is(2, 'one')) {
    if (replication.isReplica) {
      replication.promote();
      log.notice(`MASTER MODE enabled (user request from '${clientInfo(session)}')`);
    }
    c.reply.ok();
    return;
  }
  if (session.has(SESSION.replica)) fail('ERR Command is not valid when client is a replica.');
  const port = c.integerWithin(2, 0, 65535, 'ERR Invalid master port');
  const host = args.binary(1);
  const current = replication.state.master;
  if (current !== null && current.host.toLowerCase() === host.toLowerCase() && current.port === port) {
    log.notice(
      'REPLICAOF would result into synchronization with the master we are already connected with. No operation performed.',
    );
    c.reply.simple('OK Already connected to specified master');
    return;
  }
  replication.follow({ host, port });
  log.notice(`REPLICAOF ${host}:${port} enabled (user request from '${clientInfo(session)}')`);
  c.reply.ok();
}

const ROLE_SYNTAX = 'args=<host-port=<host port:integer> | no-one=<NO ONE>>';
const ROLE_FLAGS = ['admin', 'noscript', 'stale', 'no_async_loading'] as const;
const SYNC_FLAGS = ['admin', 'noscript', 'no_async_loading', 'no_multi'] as const;

export const replicationCommands: readonly Family<Call>[] = [
  serverFamily('server', [
    {
      name: 'failover',
      arity: -1,
      flags: ['admin', 'noscript', 'stale'],
      since: '6.2.0',
      summary: 'Hands the role of master to a replica once that has everything',
      complexity: 'O(1)',
      syntax: 'target=[TO <host port:integer [FORCE]>] [ABORT] [TIMEOUT milliseconds:integer]',
      run: (c) => of(c).failover.command(c),
    },
    {
      name: 'psync',
      arity: -3,
      flags: SYNC_FLAGS,
      since: '2.8.0',
      summary: 'Makes the client a replica that goes on from a place in the history, if it can',
      syntax: 'replicationid offset:integer',
      run: (c) => psync(of(c), c),
    },
    {
      name: 'replconf',
      arity: -1,
      flags: ['admin', 'noscript', 'loading', 'stale', 'allow_busy'],
      since: '3.0.0',
      summary: 'Lets a master and its replicas talk about their link',
      complexity: 'O(1)',
      internal: true,
      run: (c) => replconf(of(c), c),
    },
    {
      name: 'replicaof',
      arity: 3,
      flags: ROLE_FLAGS,
      since: '5.0.0',
      summary: 'Makes the server a replica of another one, or a master',
      complexity: 'O(1)',
      syntax: ROLE_SYNTAX,
      run: replicaOf,
    },
    {
      name: 'slaveof',
      arity: 3,
      flags: ROLE_FLAGS,
      since: '1.0.0',
      summary: 'Makes the server a replica of another one, or a master',
      complexity: 'O(1)',
      syntax: ROLE_SYNTAX,
      deprecated: { since: '5.0.0', instead: '`REPLICAOF`' },
      run: replicaOf,
    },
    {
      name: 'sync',
      arity: 1,
      flags: SYNC_FLAGS,
      since: '1.0.0',
      summary: 'Makes the client a replica of the kind before PSYNC',
      run: (c) => sync(of(c), c),
    },
  ]),
  serverFamily('generic', [
    {
      name: 'wait',
      arity: 3,
      flags: ['noscript'],
      acl: ['connection'],
      tips: ['request_policy:all_shards', 'response_policy:agg_min'],
      since: '3.0.0',
      summary: 'Waits until replicas have acknowledged all that the connection has written',
      complexity: 'O(1)',
      syntax: 'numreplicas:integer timeout:integer',
      run: (c) => of(c).acknowledgements.wait(c),
    },
  ]),
];
