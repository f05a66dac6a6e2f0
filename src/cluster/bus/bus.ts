/**
 * The sockets of the bus: the port on which other nodes call, and the links in both directions. Whatever happens on a link
 * is passed on to the observer; when a link is over, nobody refers to it any more.
 */
import type { Connection, ConnectionEvents, Host, NetError } from '../../host/host.ts';
import { Listeners, type ListenPlan } from '../../server/listeners.ts';
import type { Log } from '../../server/log.ts';
import type { ClusterNode } from '../state.ts';
import { BusLink, type LinkObserver } from './bus-link.ts';

export interface BusSettings {
  readonly nodeTimeoutMs: number;
  /** Local address for links that we open, or ''. */
  readonly sourceHost: string;
  /** Nobody may call now: UPDATE frames and a dataset that is being loaded do not go together. */
  readonly isClosedToOthers: boolean;
}

/** Links of callers that have not said who they are. */
const STRANGERS_MAX = 20_000;

export class Bus {
  readonly #host: Host;
  readonly #log: Log;
  readonly #settings: BusSettings;
  readonly #observer: LinkObserver;
  readonly #listeners: Listeners;
  readonly #links = new Set<BusLink>();

  constructor(host: Host, log: Log, settings: BusSettings, observer: LinkObserver) {
    this.#host = host;
    this.#log = log;
    this.#settings = settings;
    this.#observer = observer;
    this.#listeners = new Listeners(host.net, log, (connection) => this.#accept(connection));
  }

  get port(): number {
    return this.#listeners.port;
  }

  /** Bytes that the links hold. */
  get memoryBytes(): number {
    let bytes = 0;
    for (const link of this.#links) bytes += link.memoryBytes;
    return bytes;
  }

  listen(plan: ListenPlan, done: (error: string | null) => void): void {
    this.#listeners.openTcp(plan, (error) => {
      done(error === null ? null : `Failed listening on port ${plan.port} (cluster), aborting.`);
    });
  }

  /** Opens a link to a node, which is its link at once. */
  connect(node: ClusterNode, nowMs: number): void {
    const link = new BusLink(node, nowMs, this.#observer, this.#onClosed);
    const { sourceHost } = this.#settings;
    const address = { kind: 'tcp', host: node.ip, port: node.busPort } as const;
    link.attach(this.#host.net.connect(address, link.events, sourceHost === '' ? {} : { sourceHost }));
    this.#links.add(link);
    node.link = link;
  }

  #accept(connection: Connection): ConnectionEvents {
    const link = new BusLink(null, this.#host.clock.wallMs(), this.#observer, this.#onClosed);
    link.attach(connection);
    this.#links.add(link);
    if (this.#settings.isClosedToOthers || this.#links.size > STRANGERS_MAX) {
      link.close();
      return link.events;
    }
    connection.noDelay(true);
    connection.keepAlive(Math.floor(this.#settings.nodeTimeoutMs / 1000) * 2);
    const { remote } = connection;
    if (remote.kind === 'tcp') {
      this.#log.verbose(`Accepting cluster node connection from ${remote.host}:${remote.port}`);
    }
    return link.events;
  }

  readonly #onClosed = (link: BusLink): void => {
    this.#links.delete(link);
  };

  close(done: () => void): void {
    for (const link of this.#links) link.close();
    this.#listeners.close(done);
  }
}

/** As it is logged. */
export function errorText(error: NetError | null): string {
  return error?.message ?? 'connection closed';
}
