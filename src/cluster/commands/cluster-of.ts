/** From a command to the cluster node that it runs on, and to the nodes that it names. */
import { fail } from '../../core/errors.ts';
import type { Call } from '../../server/call.ts';
import type { ClusterControl } from '../control.ts';
import type { ClusterNode } from '../state.ts';

const DISABLED = 'ERR This instance has cluster support disabled';

/** The composition root puts a `ClusterControl` in the place of the hook. @throws if this is no cluster node. */
export function clusterOf(c: Call): ClusterControl {
  const { cluster } = c.server.hooks;
  return cluster === null ? fail(DISABLED) : (cluster as unknown as ClusterControl);
}

/** The node with the id that is an argument. */
export function nodeAt(c: Call, index: number, unknown = 'ERR Unknown node '): ClusterNode {
  return clusterOf(c).state.find(c.args.binary(index)) ?? fail(unknown + c.args.cString(index));
}
