/** A master, its replicas and the sentinels around them. */
import type { Host } from '../../host/host.ts';
import { attachSentinel } from '../../sentinel/attach.ts';
import type { SentinelNode } from '../../sentinel/commands/node.ts';
import { sentinelFamilies } from '../../sentinel/commands/table.ts';
import type { Sentinel } from '../../sentinel/sentinel.ts';
import type { Instance } from '../../sentinel/state.ts';
import { Config } from '../../server/config/config.ts';
import { loadConfiguration } from '../../server/config/grammar.ts';
import { Server } from '../../server/server.ts';
import type { World } from '../../sim/world.ts';
import { serverFamilies } from '../../topology/compose.ts';
import { openSentinel } from '../../topology/compose-sentinel.ts';
import type { Knobs, SentinelSpec } from '../schedule.ts';
import { NodeSet, range, SERVER_PORT, START_UP, writeLines } from './node-set.ts';
import type { TopologyWatcher } from './topology.ts';

export const MASTER_NAME = 'mymaster';
export const SENTINEL_PORT = 26_379;
const SENTINEL_FILE = '/data/sentinel.conf';
/** TILT, and what waits behind a cut. */
const DELAYS_MAX_MS = 120_000;

interface View {
  readonly name: string;
  readonly view: Instance;
}

export class SentinelTopology extends NodeSet {
  readonly kind = 'sentinel';
  readonly spec: SentinelSpec;
  readonly names: readonly string[];
  readonly serverNames: readonly string[];
  readonly sentinelNames: readonly string[];
  readonly #sentinels = new Map<string, Sentinel>();
  #wasReset = false;

  constructor(world: World, spec: SentinelSpec, knobs: Knobs, watcher: TopologyWatcher) {
    super(world, knobs, watcher);
    this.spec = spec;
    this.serverNames = range(spec.replicas + 1).map((i) => `redis${i}`);
    this.sentinelNames = range(spec.sentinels).map((i) => `sentinel${i}`);
    this.names = [...this.serverNames, ...this.sentinelNames];
  }

  boot(): void {
    const { world } = this;
    for (const [i, name] of this.serverNames.entries()) {
      const lines = i === 0 ? [] : [`replicaof ${this.process(this.serverNames[0]!).address} ${SERVER_PORT}`];
      world.boot(name, (host) => this.startServer(name, host, lines));
    }
    for (const name of this.sentinelNames) world.boot(name, (host) => this.#startSentinel(name, host));
  }

  get voterNames(): readonly string[] {
    return this.sentinelNames;
  }

  get quorum(): number {
    return Math.max(1, Math.floor(this.spec.sentinels / 2) + 1 - this.spec.belowMajority);
  }

  /**
   * A failover that has just begun may fail and be repeated after twice its timeout, TILT lasts 30 s, a replica that
   * follows somebody else is told so after the failover timeout, and what waits behind a cut comes late.
   */
  recoveryMaxMs(): number {
    return 5 * this.spec.failoverTimeoutMs + 4 * this.spec.downAfterMs + DELAYS_MAX_MS;
  }

  /** The sentinel that lives under that name now, if one does. */
  sentinel(name: string): Sentinel | null {
    return this.process(name).alive ? (this.#sentinels.get(name) ?? null) : null;
  }

  /** What a sentinel knows of the master. */
  view(name: string): Instance | null {
    return this.sentinel(name)?.state.masters.get(MASTER_NAME) ?? null;
  }

  tend(): string | null {
    const masters = this.serverNames.filter((name) => this.replication(name)?.isReplica === false);
    const views = this.sentinelNames.flatMap((name): View[] => {
      const view = this.view(name);
      return view?.failoverState === 'none' ? [{ name, view }] : [];
    });
    // Not while one is dead, or has something in hand.
    if (views.length < this.sentinelNames.length) return null;
    if (masters.length === 1) return this.#endTie(masters[0]!, views);
    return this.#wasReset ? this.#leadBack(masters, views) : null;
  }

  /**
   * A sentinel that is reset after it has promoted a replica names the old master in the epoch in which others name the new
   * one, and no hello tells it better: the next failover does (sentinelResetMaster). S4 sees to it that nothing else ends so.
   */
  #endTie(master: string, views: readonly View[]): string | null {
    const { address } = this.process(master);
    const right = views.find(({ view }) => view.addr.ip === address);
    if (right === undefined) return null;
    const isStuck = views.some(({ view }) => view.addr.ip !== address && view.configEpoch === right.view.configEpoch);
    if (!isStuck || this.call(right.name, 'SENTINEL', 'FAILOVER', MASTER_NAME) !== 'OK') return null;
    return 'agreement two addresses in one epoch after SENTINEL RESET';
  }

  /**
   * Sentinels that are all reset while a replica has just been promoted forget that they have done so, and that it was one:
   * it is nobody's replica now, so none of them hears of it again (sentinelResetMaster).
   */
  #leadBack(masters: readonly string[], views: readonly View[]): string | null {
    const { ip } = views[0]!.view.addr;
    if (views.some(({ view }) => view.addr.ip !== ip)) return null;
    const isKnown = (address: string): boolean =>
      views.some(({ view }) => [...view.replicas.values()].some(({ addr }) => addr.ip === address));
    const address = (name: string): string => this.process(name).address;
    const stray = masters.find((name) => address(name) !== ip && !isKnown(address(name)));
    if (stray === undefined || !masters.some((name) => address(name) === ip)) return null;
    if (this.call(stray, 'REPLICAOF', ip, SERVER_PORT) !== 'OK') return null;
    return 'agreement promoted, and forgotten by SENTINEL RESET';
  }

  #startSentinel(name: string, host: Host): void {
    const { downAfterMs, failoverTimeoutMs, parallelSyncs } = this.spec;
    if (host.disk.stat(SENTINEL_FILE) === null) {
      const master = this.process(this.serverNames[0]!).address;
      writeLines(host, SENTINEL_FILE, [
        `port ${SENTINEL_PORT}`,
        'bind 0.0.0.0',
        `sentinel monitor ${MASTER_NAME} ${master} ${SERVER_PORT} ${this.quorum}`,
        `sentinel down-after-milliseconds ${MASTER_NAME} ${downAfterMs}`,
        `sentinel failover-timeout ${MASTER_NAME} ${failoverTimeoutMs}`,
        `sentinel parallel-syncs ${MASTER_NAME} ${parallelSyncs}`,
      ]);
    }
    const config = new Config({ disk: host.disk, workingDirectory: '/data', sentinel: true, file: SENTINEL_FILE });
    const directives = loadConfiguration(config, { stdin: null, options: null });
    const node: { current: SentinelNode | null } = { current: null };
    const families = sentinelFamilies(serverFamilies, () => node.current!);
    const server = new Server({ host, config, directives, families });
    node.current = attachSentinel(server, { exit: () => server.shutdown.onFailure?.() });
    this.#watch(name, node.current.sentinel);
    this.adopt(name, server);
    openSentinel(server, START_UP, (error) => this.started(name, server, error === null ? null : String(error)));
  }

  #watch(name: string, sentinel: Sentinel): void {
    this.#sentinels.set(name, sentinel);
    const { watcher } = this;
    sentinel.observe(({ type, payload }) => {
      if (type === '+reset-master') this.#wasReset = true;
      watcher.event(name, type, payload);
    });
    sentinel.afterTurn = (): void => {
      // One that was struck in the midst of its turn has no end of it.
      if (this.sentinel(name) === sentinel) watcher.turn(name);
    };
  }

  // -------------------------------------------------------------------------------------------------------------- states

  /** Whether every sentinel knows all the others and all replicas. */
  get isReady(): boolean {
    const { replicas, sentinels } = this.spec;
    return this.sentinelNames.every((name) => {
      const view = this.view(name);
      return view !== null && view.replicas.size === replicas && view.sentinels.size === sentinels - 1;
    });
  }

  /** Why it is not so that there is one master which all follow and know; null if it is. */
  disagreement(): string | null {
    const masters = this.serverNames.filter((name) => this.replication(name)?.isReplica === false);
    if (masters.length !== 1) return `masters: ${masters.join(', ') || 'none'}`;
    const address = `${this.process(masters[0]!).address}:${SERVER_PORT}`;
    for (const name of this.sentinelNames) {
      const reason = this.#sentinelDisagrees(name, address);
      if (reason !== null) return reason;
    }
    const epochs = new Set(this.sentinelNames.map((name) => this.view(name)!.configEpoch));
    if (epochs.size > 1) return `config epochs: ${[...epochs].join(', ')}`;
    for (const name of this.serverNames) {
      const replication = this.replication(name);
      if (replication === null) return `${name} is dead`;
      if (name === masters[0]) continue;
      const followed = `${replication.state.master?.host}:${replication.state.master?.port}`;
      if (followed !== address) return `${name} follows ${followed}`;
      if (replication.master.phase !== 'connected') return `${name} has no link to its master`;
    }
    return null;
  }

  #sentinelDisagrees(name: string, address: string): string | null {
    const view = this.view(name);
    if (view === null) return `${name} is dead`;
    const believed = `${view.addr.ip}:${view.addr.port}`;
    if (believed !== address) return `${name} takes ${believed} for the master, which is ${address}`;
    if (view.failoverState !== 'none') return `${name} fails over (${view.failoverState})`;
    if (view.isDown) return `${name} holds the master for down`;
    return this.sentinel(name)!.state.tilt ? `${name} is in TILT` : null;
  }
}
