/**
 * used_memory, what it is made of, and maxmemory.
 *
 * `usedBytes` is the server's own account, not the process': the heap of keys and values and its tables, to the byte;
 * the buffers of clients, to the byte under maxmemory and else as the cron last saw them; what subsystems report
 * (`sources`); and a constant for the empty server. It depends on nothing but what clients did, so it is the same on any
 * machine and under simulation.
 *
 * A command meets maxmemory at its gate, which lets `Eviction` bring memory within the limit: by `excessBytes`.
 */
import { type ClientMemory, clientMemory } from './client-memory.ts';
import type { Server } from './server.ts';

/** What an empty server counts as: close to redis-server's own figure, so that limits set by habit fit here too. */
const EMPTY_SERVER_BYTES = 850 * 1024;
/** Of a key's record, without key and value; see data/record.ts. */
const RECORD_HEADER_BYTES = 16;
const EXPIRY_BYTES = 16;
/** Of the stream for replicas, as Redis estimates it. */
const STREAM_BLOCK_BYTES = 16 * 1024;
const STREAM_BLOCK_OVERHEAD_BYTES = 80;

/** Parts of used_memory that subsystems report. */
export type MemorySource =
  'replicationBacklog' | 'replicas' | 'clusterLinks' | 'aofBuffer' | 'scripts' | 'functions' | 'tracking' | 'pubsub';

export interface DatabaseOverhead {
  readonly index: number;
  readonly mainBytes: number;
  readonly expiresBytes: number;
}

/** The figures of MEMORY STATS and INFO memory, of one moment. */
export interface MemoryReport {
  readonly peak: number;
  readonly used: number;
  readonly startup: number;
  readonly clients: ClientMemory;
  readonly databases: readonly DatabaseOverhead[];
  readonly overhead: number;
  readonly dataset: number;
  readonly datasetPercent: number;
  readonly peakPercent: number;
  readonly keys: number;
  readonly bytesPerKey: number;
  /** What the allocator has given out, has taken for it, and has in memory. */
  readonly allocated: number;
  readonly active: number;
  readonly resident: number;
  readonly processResident: number;
}

export class Memory {
  readonly #server: Server;
  readonly #sources = new Map<MemorySource, () => number>();
  readonly startupBytes = EMPTY_SERVER_BYTES;
  #peakBytes = EMPTY_SERVER_BYTES;
  #clients: ClientMemory = { normal: 0, replicas: 0 };

  constructor(server: Server) {
    this.#server = server;
  }

  /** Lets a subsystem report its memory, a figure that it has at hand: it is asked before each command under maxmemory. */
  addSource(name: MemorySource, bytes: () => number): void {
    this.#sources.set(name, bytes);
  }

  from(name: MemorySource): number {
    return this.#sources.get(name)?.() ?? 0;
  }

  /** Bytes in use by the dataset, the clients and the server itself. */
  get usedBytes(): number {
    const { clientEviction, keyspace } = this.#server;
    const clients = clientEviction.isCounting ? clientEviction.totalBytes : this.#clients.normal;
    let used = EMPTY_SERVER_BYTES + keyspace.usedBytes + clients + this.#clients.replicas;
    for (const bytes of this.#sources.values()) used += bytes();
    if (used > this.#peakBytes) this.#peakBytes = used;
    return used;
  }

  get peakBytes(): number {
    return Math.max(this.#peakBytes, this.usedBytes);
  }

  /**
   * What maxmemory leaves out, since it grows by eviction itself, which would then never end (evict.c): the AOF buffer,
   * the links of replicas, and of the stream for them what is more than the backlog, also while it is being trimmed
   * after the last replica has gone.
   */
  get notCountedBytes(): number {
    const backlogBytes = this.#server.config.values['repl-backlog-size'];
    const blocksBytes = (Math.floor(backlogBytes / STREAM_BLOCK_BYTES) + 1) * STREAM_BLOCK_OVERHEAD_BYTES;
    const stream = this.from('replicationBacklog') + this.from('replicas');
    return this.#clients.replicas + Math.max(0, stream - backlogBytes - blocksBytes) + this.from('aofBuffer');
  }

  /** Looks at the clients; the cron calls it ten times a second. */
  sample(): void {
    this.#clients = clientMemory(this.#server.sessions.values());
    void this.usedBytes;
  }

  /** By how much memory is above maxmemory; negative while it is below. */
  get excessBytes(): number {
    const limit = this.#server.config.values.maxmemory;
    if (limit === 0) return -Infinity;
    const above = this.usedBytes - limit;
    // Asked before each command: what does not count matters only where it decides.
    return above <= 0 ? above : above - this.notCountedBytes;
  }

  /** Whether memory would be within maxmemory with so many bytes more. */
  allows(bytes: number): boolean {
    const limit = this.#server.config.values.maxmemory;
    return limit === 0 || this.usedBytes - this.notCountedBytes + bytes <= limit;
  }

  report(): MemoryReport {
    this.sample();
    const { keyspace, host } = this.#server;
    const { heap } = keyspace;
    const used = this.usedBytes;
    const peak = this.peakBytes;
    const databases = this.#databases();
    const tables = databases.reduce((sum, { mainBytes, expiresBytes }) => sum + mainBytes + expiresBytes, 0);
    const sources = [...this.#sources.values()].reduce((sum, bytes) => sum + bytes(), 0);
    const overhead = EMPTY_SERVER_BYTES + this.#clients.normal + this.#clients.replicas + sources + tables;
    const net = used > EMPTY_SERVER_BYTES ? used - EMPTY_SERVER_BYTES : 1;
    const keys = keyspace.size;
    const active = used - heap.usedBytes + heap.reservedBytes;
    return {
      peak,
      used,
      startup: EMPTY_SERVER_BYTES,
      clients: this.#clients,
      databases,
      overhead,
      dataset: used - overhead,
      datasetPercent: ((used - overhead) * 100) / net,
      peakPercent: (used * 100) / peak,
      keys,
      bytesPerKey: keys === 0 ? 0 : Math.floor(net / keys),
      allocated: used,
      active,
      resident: active,
      processResident: host.system.residentBytes(),
    };
  }

  #databases(): DatabaseOverhead[] {
    return this.#server.keyspace.databases
      .filter((database) => database.size > 0)
      .map((database) => ({
        index: database.index,
        mainBytes: database.dict.tableBytes + database.size * RECORD_HEADER_BYTES + (database.recent?.bytes ?? 0),
        expiresBytes: database.volatile.bytes + database.volatileSize * EXPIRY_BYTES,
      }));
  }
}
