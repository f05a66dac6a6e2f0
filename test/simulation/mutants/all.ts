import { clusterMutants } from './cluster.ts';
import type { Mutant } from './mutant.ts';
import { replicationMutants } from './replication.ts';
import { sentinelMutants } from './sentinel.ts';

export const mutants: readonly Mutant[] = [...sentinelMutants, ...clusterMutants, ...replicationMutants];
