/**
 * What the server does for its keyspace: removes keys whose time has passed, frees large values later where the
 * lazyfree options ask for it, and counts how often keys are used while an LFU policy is set.
 */
import { ActiveExpiry } from '../data/expire-cycle.ts';
import { Frequency } from '../data/frequency.ts';
import type { Removal } from '../data/value.ts';
import type { Timer } from '../host/host.ts';
import type { ConfigValues } from './config/parameters.ts';
import { CONDITION } from './gates.ts';
import type { Server } from './server.ts';

/** A fast cycle is not repeated sooner. */
const FAST_CYCLE_PERIOD_MS = 2;

/** @returns a function that ends what goes on by itself. */
export function takeOnKeyspaceDuties(server: Server): () => void {
  const { values } = server.config;
  server.keyspace.reclaimer = {
    isLazy: (removal) => isLazy(removal, values),
    freeLater(free) {
      server.statistics.lazyFreedObjects++;
      server.lazyFree.add(free);
    },
    freeRest: (free) => server.lazyFree.add(free),
  };
  countUses(server);
  server.config.onChange('maxmemory-policy', () => {
    countUses(server);
    return null;
  });
  const stopExpiring = expireActively(server);
  return () => {
    stopExpiring();
    server.lazyFree.stop();
    server.eviction.stop();
  };
}

function isLazy(removal: Removal, values: ConfigValues): boolean {
  switch (removal) {
    case 'unlink':
      return true;
    case 'user':
      return values['lazyfree-lazy-user-del'];
    case 'server':
      return values['lazyfree-lazy-server-del'];
    case 'expire':
      return values['lazyfree-lazy-expire'];
    case 'evict':
      return values['lazyfree-lazy-eviction'];
  }
}

function countUses({ config: { values }, keyspace }: Server): void {
  if (!values['maxmemory-policy'].endsWith('lfu')) keyspace.frequency = null;
  else {
    keyspace.frequency ??= new Frequency(keyspace.random.fork('frequency'), {
      get logFactor(): number {
        return values['lfu-log-factor'];
      },
      get decayMinutes(): number {
        return values['lfu-decay-time'];
      },
    });
  }
}

/** A slow cycle with each run of the cron; after one that ran out of time, fast ones until the next. */
function expireActively(server: Server): () => void {
  const { values } = server.config;
  const { clock, timers } = server.host;
  const expiry = new ActiveExpiry(server.keyspace, clock, {
    get effort(): number {
      return values['active-expire-effort'];
    },
    get hz(): number {
      return values.hz;
    },
  });
  let fastCycle: Timer | null = null;
  const report = (): void => {
    const { statistics } = server;
    statistics.expiredStalePercent = expiry.staleShare * 100;
    statistics.expireTimeCapsReached += expiry.timeCapReachedCount;
    statistics.expireCycleUs += expiry.timeUsedUs;
    server.latency.note('expire-cycle', expiry.timeUsedUs);
    expiry.timeCapReachedCount = expiry.timeUsedUs = 0;
    if (expiry.isBehind) fastCycle ??= timers.after(FAST_CYCLE_PERIOD_MS, runFastCycle);
  };
  const runFastCycle = (): void => {
    fastCycle = null;
    if (!server.debugging.activeExpiry || (server.conditions & CONDITION.busy) !== 0) return;
    server.enter(() => expiry.fastCycle());
    report();
  };
  server.cronDuties.push(() => {
    if (!server.debugging.activeExpiry) return;
    expiry.slowCycle();
    report();
  });
  return () => {
    fastCycle?.cancel();
    fastCycle = null;
  };
}
