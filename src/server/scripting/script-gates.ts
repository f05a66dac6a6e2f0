/**
 * What can refuse a script before it runs (script.c scriptPrepareForRun), and how its header changes what the gates
 * think of EVAL (scriptFlagsToCmdFlags).
 *
 * A script without a header passes here: each of its commands is judged when it comes (script-run.ts).
 */
import { MASTER_DOWN } from '../../core/errors.ts';
import { FLAG } from '../command-table.ts';
import { CONDITION } from '../gates.ts';
import type { Server } from '../server.ts';
import { SESSION, type Session } from '../session.ts';
import { SCRIPT_FLAG } from './script-header.ts';

const STALE =
  "MASTERDOWN Link with MASTER is down, replica-serve-stale-data is set to 'no' and 'allow-stale' flag is not set on the script.";
const WRITER_ON_REPLICA = 'READONLY Can not run script with write flag on readonly replica';
const WRITES_BLOCKED = "Writable scripts are blocked. Use 'no-writes' flag for read only scripts.";
const SNAPSHOT_FAILED = `MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. ${WRITES_BLOCKED}`;
const LOG_FAILED = `MISCONF Redis is configured to persist data to AOF, but it's currently unable to persist to disk. ${WRITES_BLOCKED}`;
const WRITES_BY_RO = 'ERR Can not execute a script with write flag using *_ro command.';
const NO_MEMORY = "OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'";

/** The flags of EVAL or FCALL, given those that the script says about itself. */
export function commandFlagsOf(commandFlags: number, scriptFlags: number): number {
  if ((scriptFlags & SCRIPT_FLAG.compatible) !== 0) return commandFlags;
  let flags = commandFlags & ~(FLAG.stale | FLAG.denyoom | FLAG.write | FLAG.may_replicate);
  if ((scriptFlags & (SCRIPT_FLAG.allowOom | SCRIPT_FLAG.noWrites)) === 0) flags |= FLAG.denyoom;
  if ((scriptFlags & SCRIPT_FLAG.noWrites) === 0) flags |= FLAG.write;
  if ((scriptFlags & SCRIPT_FLAG.allowStale) !== 0) flags |= FLAG.stale;
  return flags;
}

/** The error reply if a script may not run, or null. @param isReadOnly run by EVAL_RO, EVALSHA_RO or FCALL_RO. */
export function refuseScript(server: Server, caller: Session, flags: number, isReadOnly: boolean): string | null {
  const { conditions } = server;
  const isStale = (conditions & CONDITION.stale) !== 0;
  if ((flags & SCRIPT_FLAG.compatible) !== 0) return isStale ? MASTER_DOWN : null;
  if ((flags & SCRIPT_FLAG.noCluster) !== 0 && (conditions & CONDITION.cluster) !== 0) {
    return "ERR Can not run script on cluster, 'no-cluster' flag is set.";
  }
  if (isStale && (flags & SCRIPT_FLAG.allowStale) === 0) return STALE;
  if ((flags & SCRIPT_FLAG.noWrites) === 0) {
    const refusal = refuseWriter(server, caller, isReadOnly);
    if (refusal !== null) return refusal;
  }
  const isFrugal = (flags & (SCRIPT_FLAG.allowOom | SCRIPT_FLAG.noWrites)) !== 0;
  return !isFrugal && isShortOfMemory(server) ? NO_MEMORY : null;
}

function refuseWriter(server: Server, caller: Session, isReadOnly: boolean): string | null {
  const { conditions, persistence, hooks } = server;
  const obeys = caller.has(SESSION.master);
  if ((conditions & CONDITION.readonlyReplica) !== 0 && !obeys) return WRITER_ON_REPLICA;
  if ((conditions & CONDITION.diskError) !== 0 && !obeys) {
    return persistence.saves.refusal !== null ? SNAPSHOT_FAILED : `${LOG_FAILED} ${aofError(persistence.aof.refusal)}`;
  }
  if (isReadOnly) return WRITES_BY_RO;
  return hooks.replication?.refuseForLackOfReplicas(FLAG.write) ?? null;
}

/** What the system said, which stands at the end of the refusal. */
function aofError(refusal: string | null): string {
  return `AOF error: ${refusal?.split(': ').at(-1) ?? ''}`;
}

/** Whether there was nothing left to evict before the command that runs. */
export function isShortOfMemory(server: Server): boolean {
  return (server.conditions & CONDITION.maxmemory) !== 0 && server.eviction.state === 'exhausted';
}
