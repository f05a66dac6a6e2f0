/**
 * Who writes the file of a snapshot: a process beside the server, where the host has one to give, or the server itself.
 */
import { type Disk, DiskError } from '../../host/host.ts';
import type { Server } from '../server.ts';
import { OwnSnapshotFile, ProcessSnapshotFile, type SnapshotFile } from './snapshot-file.ts';

export interface SnapshotFileOrder {
  /**
   * The path of the file, by who writes it.
   * @param writer tells that one from all others that may write into the directory.
   */
  readonly nameOf: (writer: string, pid: number) => string;
  /** How the process calls itself meanwhile. */
  readonly title: string;
  /** Whether to sync already while it is being written. */
  readonly syncsNowAndThen: boolean;
}

/** `pid` is the process that writes it, or would have. */
export type OpenedSnapshotFile =
  | { readonly pid: number; readonly file: SnapshotFile; readonly error: null }
  | { readonly pid: number; readonly error: DiskError };

export function openSnapshotFile(server: Server, disk: Disk, order: SnapshotFileOrder): OpenedSnapshotFile {
  const { host, identity, log } = server;
  // What is on a disk in memory is out of reach for a process.
  const saver = disk === host.disk ? host.processes.saver : undefined;
  const process = saver?.prepare() ?? null;
  if (saver !== undefined && process === null)
    log.notice('No process can be started for saving: the server writes the file itself.');
  const pid = process ?? host.system.pid;
  // Several servers may live in this process.
  const writer = process === null ? `${pid}-${identity.runId.slice(0, 8)}` : String(pid);
  const path = order.nameOf(writer, pid);
  try {
    const file =
      process === null
        ? new OwnSnapshotFile(disk, path, pid, order.syncsNowAndThen)
        : new ProcessSnapshotFile(disk, path, pid, saver!, order.title, order.syncsNowAndThen);
    return { pid, file, error: null };
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    return { pid, error };
  }
}
