/** Subcommands of DEBUG that disturb the bus, for tests. */
import { fail } from '../core/errors.ts';
import type { Call } from '../server/call.ts';
import type { Cluster } from './cluster.ts';

const KILL_USAGE = "ERR Unknown subcommand or wrong number of arguments for 'CLUSTERLINK'. Try DEBUG HELP.";

export function provideClusterDebugCommands(cluster: Cluster): void {
  const { debugging } = cluster.server;
  debugging.provide('drop-cluster-packet-filter', {
    min: 3,
    max: 3,
    run: (c) => {
      cluster.droppedType = c.integer(2);
      c.reply.ok();
    },
  });
  debugging.provide('clusterlink', { min: 5, max: 5, run: (c) => killLinks(cluster, c) });
}

function killLinks({ state }: Cluster, c: Call): void {
  const { args } = c;
  if (!args.is(2, 'kill')) fail(KILL_USAGE);
  const isTo = args.is(3, 'to') || args.is(3, 'all');
  const isFrom = args.is(3, 'from') || args.is(3, 'all');
  const node = state.find(args.binary(4));
  if (node === null) return fail(`ERR Unknown node ${args.cString(4)}`);
  if (!isTo && !isFrom) fail(`ERR Unknown direction ${args.cString(3)}`);
  if (isTo) node.link?.close();
  if (isFrom) node.inboundLink?.close();
  c.reply.ok();
}
