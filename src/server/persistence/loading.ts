/**
 * The state of a server that fills its keyspace from a file or a link: what the -LOADING gate and INFO look at. Whoever
 * loads says when it begins and ends, and how far it is.
 */
import { CONDITION } from '../gates.ts';
import type { Server } from '../server.ts';

export class Loading {
  isActive = false;
  /** The old dataset is served meanwhile: a replica that loads into another keyspace. */
  isAsync = false;
  /** Unix time in ms. */
  startedMs = 0;
  /** 0 where nobody knows. */
  totalBytes = 0;
  loadedBytes = 0;
  /** used_memory of the server that wrote the file, as the file says. */
  originalMemoryBytes = 0;
  /** Of the last RDB file that was loaded, or is being loaded. */
  keysLoaded = 0;
  keysExpired = 0;
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
  }

  start(totalBytes: number, isAsync = false): void {
    this.isActive = true;
    this.isAsync = isAsync;
    this.startedMs = this.#server.host.clock.wallMs();
    this.totalBytes = totalBytes;
    this.loadedBytes = this.originalMemoryBytes = this.keysLoaded = this.keysExpired = 0;
    this.#apply();
  }

  stop(): void {
    this.isActive = this.isAsync = false;
    this.#apply();
  }

  #apply(): void {
    const server = this.#server;
    server.setCondition(CONDITION.loading, this.isActive && !this.isAsync);
    server.setCondition(CONDITION.asyncLoading, this.isActive && this.isAsync);
    // What was expired when the file was written is as it was: it is the loader that decides.
    server.keyspace.frozen = this.isActive && !this.isAsync;
  }

  /** Lines of INFO that are there only while something is loaded. */
  infoLines(): string[] {
    if (!this.isActive) return [];
    const { totalBytes, loadedBytes, originalMemoryBytes } = this;
    // Where the size is not known, the memory that it once took is the best guess, and a bad one.
    const isGuess = totalBytes === 0;
    const expected = isGuess ? originalMemoryBytes : totalBytes;
    const percent = expected === 0 ? 0 : (loadedBytes * 100) / expected;
    const remaining = expected === 0 ? 1 : Math.max(isGuess ? 1 : 0, expected - loadedBytes);
    const startedSeconds = Math.floor(this.startedMs / 1000);
    const elapsed = Math.floor(this.#server.host.clock.wallMs() / 1000) - startedSeconds;
    return [
      `loading_start_time:${startedSeconds}`,
      `loading_total_bytes:${totalBytes}`,
      `loading_rdb_used_mem:${originalMemoryBytes}`,
      `loading_loaded_bytes:${loadedBytes}`,
      `loading_loaded_perc:${(isGuess ? Math.min(percent, 99.99) : percent).toFixed(2)}`,
      `loading_eta_seconds:${elapsed === 0 ? 1 : Math.floor((elapsed * remaining) / (loadedBytes + 1))}`,
    ];
  }
}
