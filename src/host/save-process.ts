/**
 * A process beside the node that stands for its snapshots, as redis-server's child does: who looks sees it, who wants a save
 * to end kills it. It does no work. The node walks its keys and writes its files by itself.
 *
 * Only a node that has a process to itself has one: neither embedded nor simulated nodes do.
 */
import type { ProcessEnd } from './host.ts';

export interface SaveProcess {
  /** Sees to it that the process runs. @returns its number, or null if there can be none. */
  prepare(): number | null;
  /**
   * It stands for a save from now on; to be called after `prepare`, when it stands for none.
   * @param file absolute path of a file that it removes if the node dies meanwhile; null for none.
   * @param ended called once if the process ends before it was let go.
   * @returns lets it go. Idempotent.
   */
  attend(file: string | null, ended: (end: ProcessEnd) => void): () => void;
}
