/** One connection of the bus. It knows how to cut frames and when it is closed; what they say is for others. */
import type { Connection, ConnectionEvents, NetError } from '../../host/host.ts';
import type { RemoteLink } from '../handshake.ts';
import type { ClusterNode } from '../state.ts';
import { FrameReader } from './frame-reader.ts';
import type { WritableLink } from './outbox.ts';

/** What happens on a link. All of it comes from the network, in turns of their own. */
export interface LinkObserver {
  opened(link: BusLink): void;
  /** Whole frames come; `read` gives them to `frame`, until one of them ends the link. */
  received(link: BusLink, read: () => boolean): void;
  frame(link: BusLink, bytes: Buffer): void;
  /** It is over, without our doing. */
  lost(link: BusLink, error: NetError | null): void;
}

export class BusLink implements RemoteLink, WritableLink {
  readonly direction: 'to' | 'from';
  readonly createdMs: number;
  node: ClusterNode | null;
  isConnected: boolean;
  isClosed = false;
  #connection!: Connection;
  readonly #reader = new FrameReader();
  readonly #observer: LinkObserver;
  readonly #onClosed: (link: BusLink) => void;
  readonly events: ConnectionEvents;

  /**
   * @param node the one to which it is opened; null for an accepted one.
   * @param onClosed is called once, whoever closed it.
   */
  constructor(node: ClusterNode | null, createdMs: number, observer: LinkObserver, onClosed: (link: BusLink) => void) {
    this.direction = node === null ? 'from' : 'to';
    this.node = node;
    this.createdMs = createdMs;
    this.isConnected = node === null;
    this.#observer = observer;
    this.#onClosed = onClosed;
    this.events = {
      open: () => {
        this.isConnected = true;
        if (!this.isClosed) observer.opened(this);
      },
      data: (chunk) => this.#onData(chunk),
      end: () => this.#onLost(null),
      close: (error) => this.#onLost(error),
    };
  }

  attach(connection: Connection): void {
    this.#connection = connection;
  }

  get queuedBytes(): number {
    return this.isClosed ? 0 : this.#connection.queuedBytes;
  }

  /** Bytes that the link holds. */
  get memoryBytes(): number {
    return this.queuedBytes + this.#reader.heldBytes;
  }

  get localIp(): string {
    const { local } = this.#connection;
    return local.kind === 'tcp' ? local.host : '';
  }

  get remoteIp(): string {
    const { remote } = this.#connection;
    return remote.kind === 'tcp' ? remote.host : '';
  }

  write(frame: Buffer): void {
    if (!this.isClosed) this.#connection.write(frame);
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    const { node } = this;
    if (node?.link === this) node.link = null;
    if (node?.inboundLink === this) node.inboundLink = null;
    this.#connection.destroy();
    this.#onClosed(this);
  }

  #onData(chunk: Buffer): void {
    if (this.isClosed) return;
    const onFrame = (bytes: Buffer): boolean => {
      this.#observer.frame(this, bytes);
      return !this.isClosed;
    };
    this.#observer.received(this, () => this.#reader.feed(chunk, onFrame));
  }

  #onLost(error: NetError | null): void {
    if (this.isClosed) return;
    this.#observer.lost(this, error);
  }
}
