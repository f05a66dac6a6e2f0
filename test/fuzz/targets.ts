/** What is fuzzed. */
import type * as fc from 'fast-check';
import { appendOnlyProperty } from './append-only-property.ts';
import { busProperty } from './bus-property.ts';
import { configProperty } from './config-property.ts';
import { decoderProperty } from './decoder-property.ts';
import { dumpProperty } from './dump-property.ts';
import { rdbProperty } from './rdb-property.ts';
import { replicationProperty } from './replication-property.ts';
import { sentinelProperty } from './sentinel-property.ts';
import { serverProperty } from './server-property.ts';

export interface Target {
  readonly name: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- properties of different arguments stand in one list
  readonly property: fc.IRawProperty<any, false>;
}

export const targets: readonly Target[] = [
  { name: 'decoder', property: decoderProperty },
  { name: 'server', property: serverProperty },
  { name: 'config', property: configProperty },
  { name: 'dump', property: dumpProperty },
  { name: 'rdb', property: rdbProperty },
  { name: 'append-only', property: appendOnlyProperty },
  { name: 'replication', property: replicationProperty },
  { name: 'sentinel', property: sentinelProperty },
  { name: 'bus', property: busProperty },
];
