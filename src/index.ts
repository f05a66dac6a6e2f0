/** resplica: a Redis server that you can embed. See the README for a tour, docs/ARCHITECTURE.md for the house. */
export { ErrorReply, type ReplyValue } from './client/reply-parser.ts';
export type { Host } from './host/host.ts';
export { bootSentinel, type SentinelConfiguration } from './topology/boot-sentinel.ts';
export { bootServer, type BootServerOptions } from './topology/boot-server.ts';
export {
  type AddNodeOptions,
  type Cluster,
  type FailoverOptions,
  type MoveSlotsOptions,
  startCluster,
} from './topology/cluster.ts';
export type { AnnounceOptions, ClusterOptions } from './topology/cluster-options.ts';
export type { SlotSelection } from './topology/cluster-slots.ts';
export type { ClientStream } from './topology/client-stream.ts';
export type { CommandArgument } from './topology/direct-client.ts';
export { type ErrorCode, ResplicaError } from './topology/errors.ts';
export type { Endpoint } from './topology/endpoint.ts';
export type { FabricChange } from './topology/fabric.ts';
export type { NodeChange, NodeHandle } from './topology/node-handle.ts';
export type { NodeRole } from './topology/node-program.ts';
export type { DirectiveValue, MasterOption, PersistenceOptions, ServerOptions } from './topology/options.ts';
export { type ReplicaSet, startReplicaSet } from './topology/replica-set.ts';
export type { ReplicaSetOptions, SentinelPeriod } from './topology/replica-set-options.ts';
export type { WatchedMaster } from './topology/sentinel-options.ts';
export { type ServerClock, ServerHandle, startServer } from './topology/server.ts';
export type { NodeReference, StableOptions } from './topology/topology.ts';
export type { TopologyClock } from './topology/topology-time.ts';
export type {
  ClusterEventBody,
  SlotRange,
  TopologyEvent,
  TopologyEventBody,
  TopologyEvents,
} from './topology/topology-events.ts';
