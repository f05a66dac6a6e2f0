/**
 * maxmemory: before a command runs, memory is brought within its limit, if the policy lets keys go (evict.c).
 *
 * The work is bounded. A cycle evicts until memory is within the limit or its time is up, which
 * `maxmemory-eviction-tenacity` sets; then a timer goes on, a cycle per turn of the loop, and meanwhile commands run
 * although memory is above the limit. Only where nothing is left to evict are commands refused that need memory.
 *
 * Memory that is already on its way back counts first: large values are freed in slices, whoever removed them, and
 * while there are slices to free no further key has to go.
 *
 * Nothing is evicted while the dataset is loaded, while a script runs for too long, while clients are paused, and on a
 * replica, which is to be its master's copy, unless `replica-ignore-maxmemory` is off. Commands pass then.
 */
import { NOTIFY } from '../commands/notify-class.ts';
import type { Database } from '../data/database.ts';
import type { UsesOrdered } from '../data/keyspace.ts';
import { orderInSlices } from '../data/order-uses.ts';
import { Victims } from '../data/victims.ts';
import type { Timer } from '../host/host.ts';
import { CONDITION } from './gates.ts';
import type { Server } from './server.ts';
import { SliceQueue } from './slice-queue.ts';

/** The clock is read, and the cycle ended if its time is up, after so many keys. */
const KEYS_BETWEEN_CLOCK_READINGS = 16;
const UNSAFE = CONDITION.loading | CONDITION.asyncLoading | CONDITION.busy;

/** Memory is within its limit, above it for a moment, or above it with nothing left to evict. */
export type MemoryState = 'within' | 'evicting' | 'exhausted';

export class Eviction {
  readonly #server: Server;
  readonly #victims: Victims;
  /** Puts entries in the order of their use that were there before an LRU policy was set. */
  readonly #ordering: SliceQueue;
  #timer: Timer | null = null;
  #exceededSinceUs: number | null = null;
  #exceededUs = 0;
  /** As it was before the command that runs: scripts refuse writes by it. */
  state: MemoryState = 'within';

  constructor(server: Server) {
    this.#server = server;
    this.#victims = new Victims(server.keyspace);
    this.#ordering = new SliceQueue(server.host.timers, server.host.clock);
  }

  /** Follows the configuration. */
  configure(): void {
    const { config, keyspace, memory } = this.#server;
    const { maxmemory, 'maxmemory-policy': policy } = config.values;
    this.#victims.setPolicy(policy);
    keyspace.memoryAllows = maxmemory === 0 ? null : (bytes) => memory.allows(bytes);
    const ordered: UsesOrdered =
      maxmemory === 0 || !policy.endsWith('-lru') ? 'none' : policy === 'allkeys-lru' ? 'all' : 'volatile';
    if (ordered === keyspace.usesOrdered) return;
    keyspace.orderUses(ordered);
    this.#ordering.stop();
    this.#orderOthers();
  }

  /** Begins to order entries that are not, unless that goes on already. @returns whether there are any. */
  #orderOthers(): boolean {
    if (this.#ordering.pending > 0) return true;
    for (const database of this.#server.keyspace.databases) {
      const { recent, size, volatileSize } = database;
      if (recent === null || recent.size === (recent.onlyVolatile ? volatileSize : size)) continue;
      this.#ordering.add(orderInSlices(database));
    }
    return this.#ordering.pending > 0;
  }

  /** Starts to evict at once, not before the next command. */
  start(): void {
    this.#timer ??= this.#server.host.timers.after(0, this.#goOn);
  }

  readonly #goOn = (): void => {
    this.#timer = null;
    this.#server.enter(() => this.bringWithinLimit());
    // What clients are told of it counts while it waits, and would be the reason to evict more.
    this.#server.flushAll();
  };

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#ordering.stop();
  }

  /** Time during which memory was above its limit, in ms: now, and since the start. */
  get currentExceededMs(): number {
    const since = this.#exceededSinceUs;
    return since === null ? 0 : Math.floor((this.#server.host.clock.monotonicUs() - since) / 1000);
  }

  get totalExceededMs(): number {
    return Math.floor(this.#exceededUs / 1000) + this.currentExceededMs;
  }

  resetStatistics(): void {
    this.#exceededSinceUs = null;
    this.#exceededUs = 0;
  }

  /** Frees memory until it is within maxmemory or time is up. */
  bringWithinLimit(): MemoryState {
    if (!this.#isSafe()) return (this.state = 'within');
    const excess = this.#server.memory.excessBytes;
    this.state = excess <= 0 ? 'within' : this.#cycle(excess);
    this.#noteExceeded(this.state !== 'within');
    return this.state;
  }

  #isSafe(): boolean {
    const { conditions, pause, hooks, config } = this.#server;
    if ((conditions & UNSAFE) !== 0 || pause.isActive) return false;
    return hooks.replication?.isReplica !== true || !config.values['replica-ignore-maxmemory'];
  }

  #cycle(excess: number): MemoryState {
    const { host, keyspace, latency, propagation, statistics } = this.#server;
    const startUs = host.clock.monotonicUs();
    const before = statistics.evictedKeys;
    const state = this.#evict(keyspace.usedBytes - excess, startUs + this.#timeLimitUs);
    if (statistics.evictedKeys !== before) propagation.flushOneByOne();
    latency.note('eviction-cycle', host.clock.monotonicUs() - startUs);
    return state;
  }

  /** @param targetBytes of the keyspace: buffers that grow by what is told of the evictions do not count. */
  #evict(targetBytes: number, untilUs: number): MemoryState {
    const { host, keyspace, lazyFree, config } = this.#server;
    const samples = config.values['maxmemory-samples'];
    this.#ordering.runSlice();
    for (let evicted = 0; keyspace.usedBytes > targetBytes;) {
      if (lazyFree.pending > 0) {
        lazyFree.runUntil(untilUs, () => keyspace.usedBytes <= targetBytes);
        if (lazyFree.pending > 0) break;
        continue;
      }
      const database = this.#victims.next(samples);
      if (database !== null) this.#remove(database, this.#victims.entry);
      else if (this.#orderOthers()) this.#ordering.runSlice();
      else return 'exhausted';
      if (++evicted % KEYS_BETWEEN_CLOCK_READINGS === 0 && host.clock.monotonicUs() > untilUs) break;
    }
    if (keyspace.usedBytes > targetBytes) this.start();
    return this.#timer === null ? 'within' : 'evicting';
  }

  #remove(database: Database, entry: number): void {
    const server = this.#server;
    const { clock } = server.host;
    const key = database.keyOf(entry);
    const startUs = clock.monotonicUs();
    database.remove(entry, 'evict');
    server.latency.note('eviction-del', clock.monotonicUs() - startUs);
    server.statistics.evictedKeys++;
    server.keyModified(database, key, 0, key.length, true);
    server.notify(NOTIFY.evicted, 'evicted', database, key, 0, key.length);
    server.propagation.deletion(database.index, key, server.config.values['lazyfree-lazy-eviction']);
  }

  /** From tenacity to microseconds: up to 10 in steps of 50, then 15 % more with each, without end at 100. */
  get #timeLimitUs(): number {
    const tenacity = this.#server.config.values['maxmemory-eviction-tenacity'];
    if (tenacity <= 10) return 50 * tenacity;
    return tenacity < 100 ? Math.floor(500 * 1.15 ** (tenacity - 10)) : Infinity;
  }

  #noteExceeded(isExceeded: boolean): void {
    if (isExceeded === (this.#exceededSinceUs !== null)) return;
    const nowUs = this.#server.host.clock.monotonicUs();
    if (!isExceeded) this.#exceededUs += nowUs - this.#exceededSinceUs!;
    this.#exceededSinceUs = isExceeded ? nowUs : null;
  }
}
