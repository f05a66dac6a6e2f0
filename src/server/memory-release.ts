/**
 * Gives memory back after large values are gone.
 *
 * Large blocks are buffers of the JavaScript engine, which collects them when it needs room. A server that has just
 * dropped half a gigabyte and has little to do since may not need room for hours. So once a second the memory that
 * the process has is compared with what the dataset and the clients use; where the difference has grown a lot since
 * it was last found to be no garbage, the host is asked to collect it.
 */
import type { Server } from './server.ts';

const PERIOD_MS = 1000;
const GROWTH_BYTES = 128 * 1024 * 1024;
/** Less than this part of what is in use is not worth a pause. */
const GROWTH_OF_USED = 0.25;

export class MemoryRelease {
  readonly #server: Server;
  #nextMs = 0;
  /** Memory beyond what is in use that is needed all the same: code, heaps that grow in steps, fragments. */
  #neededBytes: number;
  /** The same when memory was last released, until it is seen what came of that. */
  #releasedAtBytes: number | null = null;

  constructor(server: Server) {
    this.#server = server;
    const { system } = server.host;
    this.#neededBytes = system.releaseMemory === undefined ? 0 : system.residentBytes();
  }

  /** For the cron. */
  check(nowMs: number): void {
    const { system } = this.#server.host;
    if (system.releaseMemory === undefined || nowMs < this.#nextMs) return;
    this.#nextMs = nowMs + PERIOD_MS;
    const used = this.#server.memory.usedBytes;
    const beyond = system.residentBytes() - used;
    // What is still there a period after a release is no garbage; what has come since may be.
    if (this.#releasedAtBytes !== null) this.#neededBytes = this.#releasedAtBytes;
    this.#releasedAtBytes = null;
    this.#neededBytes = Math.min(this.#neededBytes, beyond);
    if (beyond - this.#neededBytes < Math.max(GROWTH_BYTES, used * GROWTH_OF_USED)) return;
    system.releaseMemory();
    this.#releasedAtBytes = beyond;
  }
}
