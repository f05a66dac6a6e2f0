/** Every command of a standalone server: the families of data commands and those of the server itself. */
import { bitmapCommands } from '../commands/bitmap.ts';
import { hyperloglogCommands } from '../commands/hyperloglog.ts';
import type { Family } from '../commands/row.ts';
import { genericCommands } from '../commands/generic.ts';
import { geoCommands } from '../commands/geo.ts';
import { hashCommands } from '../commands/hash.ts';
import { listCommands } from '../commands/list.ts';
import { sortCommands } from '../commands/sort.ts';
import { sortedSetCommands } from '../commands/sorted-set.ts';
import { setCommands } from '../commands/set.ts';
import { streamCommands } from '../commands/stream.ts';
import { streamGroupCommands } from '../commands/stream-groups.ts';
import { stringCommands } from '../commands/string.ts';
import { aclCommands } from './acl/acl-commands.ts';
import { blockingListCommands } from './blocking-lists.ts';
import { blockingSortedSetCommands } from './blocking-sorted-sets.ts';
import { commandCommands } from './command-commands.ts';
import { configCommands } from './config-commands.ts';
import { dumpCommands, restoreAskingCommands } from './dump-commands.ts';
import { debugCommands } from './debug/debug-commands.ts';
import { latencyCommands } from './latency-commands.ts';
import { memoryCommands } from './memory-commands.ts';
import { moduleCommands } from './module-commands.ts';
import { connectionCommands } from './connection-commands.ts';
import { migrateCommands } from './migrate/migrate-commands.ts';
import { monitorCommands } from './monitor-commands.ts';
import { aofCommands } from './persistence/aof-commands.ts';
import { persistenceCommands } from './persistence/persistence-commands.ts';
import { pubsubCommands } from './pubsub-commands.ts';
import { functionCommands } from './scripting/function-commands.ts';
import { scriptCommands } from './scripting/script-commands.ts';
import { serverCommands } from './server-commands.ts';
import { slowLogCommands } from './slow-log-commands.ts';
import { streamReadingCommands } from './stream-reading.ts';
import { transactionCommands } from './transaction-commands.ts';

export const standaloneFamilies: readonly Family[] = [
  bitmapCommands,
  hyperloglogCommands,
  genericCommands,
  geoCommands,
  hashCommands,
  listCommands,
  setCommands,
  streamCommands,
  streamGroupCommands,
  stringCommands,
  sortCommands,
  sortedSetCommands,
  blockingListCommands,
  blockingSortedSetCommands,
  aclCommands,
  commandCommands,
  configCommands,
  debugCommands,
  dumpCommands,
  restoreAskingCommands,
  latencyCommands,
  memoryCommands,
  moduleCommands,
  serverCommands,
  slowLogCommands,
  streamReadingCommands,
  connectionCommands,
  migrateCommands,
  monitorCommands,
  aofCommands,
  persistenceCommands,
  pubsubCommands,
  functionCommands,
  scriptCommands,
  transactionCommands,
];
