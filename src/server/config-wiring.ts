/**
 * What a change of the configuration does to a running server.
 *
 * Most parameters are read where they are needed, each time, and take effect by themselves. The ones here change
 * something that was derived from them: a bit that makes gates look, a threshold of the hot path, the users, the
 * addresses that are listened on. Subsystems of higher floors add hooks of their own with `config.onChange`.
 *
 * Listening is not done when CONFIG SET's hooks return. A change of `port` or `bind` therefore leaves a
 * `PendingListen`; the command waits for it (config-commands.ts), and takes everything back if it fails.
 */
import type { ParameterName } from './config/parameters.ts';
import { CONDITION } from './gates.ts';
import type { Server } from './server.ts';

/** A change of the addresses that was accepted and is not carried out yet. */
export interface PendingListen {
  readonly parameter: 'port' | 'bind';
  /** Why the change is refused, if it cannot be carried out. */
  readonly reason: string;
}

/** Derives what depends on the configuration, now and after each change. */
export function wireConfig(server: Server): void {
  derive(server, ['slowlog-log-slower-than', 'latency-monitor-threshold'], deriveThresholds);
  derive(server, ['latency-tracking'], () => {
    server.latencyTracking = server.config.values['latency-tracking'];
  });
  derive(server, ['maxmemory'], () => {
    server.setCondition(CONDITION.maxmemory, server.config.values.maxmemory > 0);
  });
  derive(server, ['maxmemory', 'maxmemory-policy'], () => server.eviction.configure());
  derive(server, ['requirepass'], () => server.acl.setDefaultPassword(server.config.values.requirepass));
  derive(server, ['notify-keyspace-events'], () => {
    server.notifications.setClasses(server.config.values['notify-keyspace-events']);
  });
  derive(server, ['maxmemory-clients', 'maxmemory'], () => {
    const { values } = server.config;
    server.clientEviction.configure(values['maxmemory-clients'], values.maxmemory);
    server.setCondition(CONDITION.maxmemoryClients, server.clientEviction.isOn);
  });
  enforceMemoryLimit(server);
  watchAddresses(server);
}

function derive(server: Server, names: readonly ParameterName[], apply: (server: Server) => void): void {
  const hook = (): null => {
    apply(server);
    return null;
  };
  hook();
  for (const name of names) server.config.onChange(name, hook);
}

/** From which duration on a call is worth a look, and whether each call has to be timed by itself for it. */
function deriveThresholds(server: Server): void {
  const { values } = server.config;
  const slowlogUs = values['slowlog-log-slower-than'];
  const monitorMs = values['latency-monitor-threshold'];
  server.slowThresholdUs = Math.min(
    slowlogUs < 0 ? Infinity : slowlogUs,
    monitorMs === 0 ? Infinity : monitorMs * 1000,
  );
  server.exactTiming = (slowlogUs >= 0 && slowlogUs < EXACT_BELOW_US) || monitorMs > 0;
}

const EXACT_BELOW_US = 1000;

/** A lower limit is brought about at once, not with the next command. */
function enforceMemoryLimit(server: Server): void {
  server.config.onChange('maxmemory', (limit) => {
    const used = server.memory.usedBytes - server.memory.notCountedBytes;
    if (limit > 0 && limit < used) {
      server.log.warning(
        `WARNING: the new maxmemory value set via CONFIG SET (${limit}) is smaller than the current memory usage ` +
          `(${used}). This will result in key eviction and/or the inability to accept new write commands depending on ` +
          'the maxmemory-policy.',
      );
    }
    if (limit > 0) server.eviction.start();
    return null;
  });
}

function watchAddresses(server: Server): void {
  const leave = (pending: PendingListen) => (): null => {
    server.pendingListen = pending;
    return null;
  };
  const { config } = server;
  config.onChange('port', leave({ parameter: 'port', reason: 'Unable to listen on this port. Check server logs.' }));
  config.onChange('bind', leave({ parameter: 'bind', reason: 'Failed to bind to specified addresses.' }));
}
