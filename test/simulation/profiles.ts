/** What can be simulated, by name. */
import type { Profile } from './profile.ts';
import { sentinelProfile } from './sentinel/profile.ts';

export const profiles: readonly Profile[] = [sentinelProfile as Profile];
