/**
 * Promotions that master and replica have agreed upon: CLUSTER FAILOVER, FAILOVER. The master lets writes wait until the
 * replica has everything, so nothing is lost. That is promised where nothing else goes wrong meanwhile: once the master's
 * patience is over it serves again, and does not know what became of its replica.
 */
import type { EntryOf, HistoryEntry } from '../history.ts';
import type { Fault } from '../schedule.ts';

/** An order is carried out within that time, or given up. */
const CARRIED_OUT_MS = 6000;
/** What a fault leaves behind: late messages, elections that are under way, timeouts. */
const AFTERMATH_MS = 20_000;
/** Until the old master has heard of it. */
const HEARD_MS = 3000;

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export class Handovers {
  readonly #orders: number[] = [];
  readonly #troubles: Span[] = [];

  onEntry(entry: HistoryEntry): void {
    if (entry.kind === 'fault') this.#onFault(entry);
    else if (entry.kind === 'process' && entry.state !== 'up' && entry.state !== 'resumed') {
      this.#troubles.push({ fromMs: entry.t, toMs: entry.t + AFTERMATH_MS });
    }
  }

  #onFault({ fault, did, t, untilMs }: EntryOf<'fault'>): void {
    if (!did || fault.kind === 'client-cut') return;
    if (isOrder(fault)) this.#orders.push(t);
    else this.#troubles.push({ fromMs: t, toMs: (untilMs ?? t) + AFTERMATH_MS });
  }

  /** Whether a promotion was agreed upon, and nothing has disturbed it. */
  isClean(promotedMs: number): boolean {
    const orders = this.#orders.filter((orderMs) => orderMs <= promotedMs && promotedMs - orderMs <= CARRIED_OUT_MS);
    // Two at once may come in each other's way.
    if (orders.length !== 1) return false;
    const [fromMs, toMs] = [orders[0]!, promotedMs + HEARD_MS];
    if (this.#orders.some((orderMs) => orderMs !== fromMs && Math.abs(orderMs - fromMs) < AFTERMATH_MS)) return false;
    return !this.#troubles.some((trouble) => trouble.fromMs <= toMs && trouble.toMs >= fromMs);
  }
}

function isOrder(fault: Fault): boolean {
  return fault.kind === 'failover' || (fault.kind === 'cluster-failover' && fault.mode === 'normal');
}
