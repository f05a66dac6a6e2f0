import type { World } from '../../sim/world.ts';
import type { Knobs, TopologySpec } from '../schedule.ts';
import { ClusterTopology } from './cluster-topology.ts';
import { ReplicationTopology } from './replication-topology.ts';
import { SentinelTopology } from './sentinel-topology.ts';
import type { SimTopology, TopologyWatcher } from './topology.ts';

/** Boots all nodes of a topology. */
export function makeTopology(world: World, spec: TopologySpec, knobs: Knobs, watcher: TopologyWatcher): SimTopology {
  switch (spec.kind) {
    case 'replication':
      return new ReplicationTopology(world, spec, knobs, watcher);
    case 'sentinel':
      return new SentinelTopology(world, spec, knobs, watcher);
    case 'cluster':
      return new ClusterTopology(world, spec, knobs, watcher);
  }
}
