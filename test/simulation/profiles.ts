/** What can be simulated, by name. */
import { clusterProfile } from './cluster/profile.ts';
import type { Profile } from './profile.ts';
import { sentinelProfile } from './sentinel/profile.ts';

export const profiles: readonly Profile[] = [clusterProfile as Profile, sentinelProfile as Profile];
