/** The parameters `cluster-*` of a server, as the machine reads them. */
import type { Server } from '../server/server.ts';
import type { ClusterSettings } from './core.ts';
import { REDIS_PACE } from './pace.ts';

export const BUS_PORT_DISTANCE = 10_000;

/** @param busPort gives the port of the bus that is open. */
export function settingsOf(server: Server, busPort: () => number): ClusterSettings {
  const { values } = server.config;
  return {
    get nodeTimeoutMs(): number {
      return values['cluster-node-timeout'];
    },
    get replicaValidityFactor(): number {
      return values['cluster-replica-validity-factor'];
    },
    get migrationBarrier(): number {
      return values['cluster-migration-barrier'];
    },
    get replicaNoFailover(): boolean {
      return values['cluster-replica-no-failover'];
    },
    get allowReplicaMigration(): boolean {
      return values['cluster-allow-replica-migration'];
    },
    get requireFullCoverage(): boolean {
      return values['cluster-require-full-coverage'];
    },
    get linkBufferLimitBytes(): number {
      return values['cluster-link-sendbuf-limit'];
    },
    get announceIp(): string {
      return values['cluster-announce-ip'];
    },
    get announceHostname(): string {
      return values['cluster-announce-hostname'];
    },
    get announcedPort(): number {
      return values['cluster-announce-port'] || server.listeners.port || values.port;
    },
    get announcedBusPort(): number {
      return values['cluster-announce-bus-port'] || busPort();
    },
    get replicationPingPeriodMs(): number {
      return values['repl-ping-replica-period'] * 1000;
    },
    pace: REDIS_PACE,
  };
}
