/**
 * A process beside the node that writes its snapshots into files. Who looks sees it as a child of the node, who wants to
 * can kill it, and a save ends with it. It writes one file at a time, takes bytes as they come, and ends with the node.
 *
 * Only a node that has a process to itself has one: neither embedded nor simulated nodes do. They write files by
 * themselves.
 */
import type { DiskError, ProcessEnd } from './host.ts';

export interface Saver {
  /** Sees to it that the process runs. @returns its number, or null if there can be none. */
  prepare(): number | null;
  /** Begins with a file; to be called after `prepare`, while no other one is being written. */
  begin(order: SaveOrder, events: SaveEvents): Saving;
  /**
   * The process stands for work that has no file: who kills it wants that to end; to be called after `prepare`.
   * @param ended called once, if the process ends before the returned function was called.
   */
  attend(ended: (end: ProcessEnd) => void): () => void;
}

export interface SaveOrder {
  /** A file that is there and empty. If the node dies before it is whole, the process removes it. */
  readonly path: string;
  /** How the process calls itself meanwhile. */
  readonly title: string;
  /** How much is written before what was written is synced; 0 to sync only at the end. */
  readonly syncEveryBytes: number;
}

/** Nothing is called before `begin` returns, and nothing after `ended`. */
export interface SaveEvents {
  /** Bytes that were written have left the node, and are the caller's again. */
  sent(bytes: Buffer): void;
  /** With null, everything is written and synced. Else the disk failed, or the process ended before that. */
  ended(failure: DiskError | ProcessEnd | null): void;
}

export interface Saving {
  /** Bytes that have not left the node yet. */
  readonly queuedBytes: number;
  /** `bytes` are the saver's until they are sent. */
  write(bytes: Buffer): void;
  /** There is no more. `ended` follows. */
  finish(): void;
  /** The file is not wanted any more; whoever made it removes it. Nothing is called afterwards. Idempotent. */
  abandon(): void;
}
