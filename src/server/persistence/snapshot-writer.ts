/** Opens the file of a snapshot, with the process that stands for it, where the host has one. */
import { type Disk, DiskError } from '../../host/host.ts';
import type { Server } from '../server.ts';
import { SnapshotFile } from './snapshot-file.ts';

export interface SnapshotFileOrder {
  /**
   * The absolute path of the file, by who writes it.
   * @param writer tells that one from all others that may write into the directory.
   */
  readonly nameOf: (writer: string, pid: number) => string;
  /** Whether to sync already while it is being written. */
  readonly syncsNowAndThen: boolean;
}

/** `pid` is the process that stands for it, or would have. */
export type OpenedSnapshotFile =
  | { readonly pid: number; readonly file: SnapshotFile; readonly error: null }
  | { readonly pid: number; readonly error: DiskError };

export function openSnapshotFile(server: Server, disk: Disk, order: SnapshotFileOrder): OpenedSnapshotFile {
  const { host, identity } = server;
  // What is on a disk in memory is out of sight for everybody else.
  const process = disk === host.disk ? host.processes.saveProcess : undefined;
  const number = process?.prepare() ?? null;
  const pid = number ?? host.system.pid;
  // Several servers may live in this process.
  const writer = number === null ? `${pid}-${identity.runId.slice(0, 8)}` : String(pid);
  const path = order.nameOf(writer, pid);
  const attend = (ended: (signal: number) => void): (() => void) =>
    process!.attend(path, ({ signal }) => ended(signal));
  try {
    const file = new SnapshotFile(disk, path, pid, order.syncsNowAndThen, number === null ? null : attend);
    return { pid, file, error: null };
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    return { pid, error };
  }
}
