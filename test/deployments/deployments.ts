/** The deployments by name. */
import { floatingAddress } from './floating-address.ts';
import { masterAndReplica } from './master-and-replica.ts';
import type { Binaries } from './programs.ts';
import { sixNodes } from './six-nodes.ts';
import { twoFrontEnds } from './two-front-ends.ts';

export const deployments: Readonly<Record<string, (binaries: Binaries) => Promise<void>>> = {
  'master-and-replica': masterAndReplica,
  'floating-address': floatingAddress,
  'two-front-ends': twoFrontEnds,
  'six-nodes': sixNodes,
};
