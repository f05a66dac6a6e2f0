/** How clients are told to reach a node (cluster-preferred-endpoint-type). */
import type { ClusterNode } from './state.ts';

export type EndpointType = 'ip' | 'hostname' | 'unknown-endpoint';

/** '' means: at the address by which the client has reached this node. */
export function endpointOf(node: ClusterNode, type: EndpointType): string {
  if (type === 'hostname') return node.hostname === '' ? '?' : node.hostname;
  return type === 'ip' ? node.ip : '';
}
