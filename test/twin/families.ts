/** Every family of twin tests, in the order in which they are played. */
import { aclFamily } from './families/acl.ts';
import { anyCommandFamily } from './families/any-command.ts';
import { bitmapFamily } from './families/bitmaps.ts';
import { blockingFamily } from './families/blocking.ts';
import { clusterFamily } from './families/cluster.ts';
import { dumpFamily } from './families/dumps.ts';
import { geoFamily } from './families/geo.ts';
import { hashFamily } from './families/hashes.ts';
import { hyperloglogFamily } from './families/hyperloglogs.ts';
import { introspectionFamily } from './families/introspection.ts';
import { listFamily } from './families/lists.ts';
import { protocolFamily } from './families/protocol.ts';
import { scanFamily } from './families/scan.ts';
import { luaFamily } from './families/lua.ts';
import { pauseFamily } from './families/pauses.ts';
import { pubsubFamily, transactionFamily } from './families/sessions.ts';
import { scriptFamily } from './families/scripts.ts';
import { setFamily } from './families/sets.ts';
import { sortFamily } from './families/sort.ts';
import { sortedSetFamily } from './families/sorted-sets.ts';
import { streamFamily } from './families/streams.ts';
import { genericFamily, stringFamily } from './families/strings.ts';
import { trackingFamily } from './families/tracking.ts';
import type { Family } from './suite.ts';

export const families: readonly Family[] = [
  anyCommandFamily,
  stringFamily,
  genericFamily,
  bitmapFamily,
  hyperloglogFamily,
  listFamily,
  hashFamily,
  setFamily,
  sortedSetFamily,
  streamFamily,
  dumpFamily,
  geoFamily,
  sortFamily,
  blockingFamily,
  transactionFamily,
  pubsubFamily,
  trackingFamily,
  pauseFamily,
  aclFamily,
  introspectionFamily,
  scriptFamily,
  luaFamily,
  scanFamily,
  protocolFamily,
  clusterFamily,
];
