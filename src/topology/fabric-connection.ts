/**
 * A connection that one node has opened to another, with what is wrong between the two: cuts and delays.
 *
 * Only the end that opened it is wrapped, since all bytes of both directions pass there. The real socket stays whole
 * whatever happens: across a cut neither data nor an end nor a reset travels, so what one node does to the connection
 * is done to the socket when the other may learn of it.
 */
import { netErrorOf } from '../host/error-texts.ts';
import type {
  Address,
  Clock,
  Connection,
  ConnectionEvents,
  ConnectOptions,
  NetError,
  Timer,
  Timers,
} from '../host/host.ts';
import { Lane, type LaneFault } from './fabric-lane.ts';

export interface FabricPath {
  readonly from: string;
  readonly to: string;
  readonly timers: Timers;
  readonly clock: Clock;
  /** What is wrong on the way from one node to another, as it is now. */
  fault(from: string, to: string): LaneFault | undefined;
  open(events: ConnectionEvents, options?: ConnectOptions): Connection;
  gone(connection: FabricConnection): void;
}

const NOT_YET: Address = { kind: 'tcp', host: '', port: 0 };

export class FabricConnection implements Connection {
  readonly path: FabricPath;
  readonly #events: ConnectionEvents;
  readonly #there: Lane;
  readonly #back: Lane;
  /** The real one; null while its first packets do not get through. */
  #socket: Connection | null = null;
  #patience: Timer | null = null;
  #isClosed = false;
  #isPausedByNode = false;
  #isDrainDue = false;

  constructor(path: FabricPath, events: ConnectionEvents, options: ConnectOptions | undefined) {
    const { from, to, timers, clock } = path;
    this.path = path;
    this.#events = events;
    this.#there = new Lane(timers, clock, () => path.fault(from, to));
    this.#back = new Lane(timers, clock, () => path.fault(to, from));
    if (this.#there.isFree && this.#back.isFree) this.#connect(options);
    else this.#connectLater(options);
  }

  #connect(options?: ConnectOptions): void {
    this.#socket = this.path.open(
      {
        open: () => this.#back.push(0, () => !this.#isClosed && this.#events.open?.()),
        data: (chunk) => this.#receive(chunk),
        drain: () => this.#drained(),
        end: () => this.#back.push(0, () => this.#ended()),
        close: (error) => this.#back.push(0, () => this.#closed(error)),
      },
      options,
    );
    if (this.#isPausedByNode) this.#socket.pause();
  }

  /** SYN and SYN-ACK have to get through first. */
  #connectLater(options: ConnectOptions | undefined): void {
    const { timeoutMs = 0, ...others } = options ?? {};
    const { timers } = this.path;
    if (timeoutMs > 0) this.#patience = timers.after(timeoutMs, () => this.#closed(netErrorOf('ETIMEDOUT')));
    this.#there.shut();
    const answer = new Lane(timers, this.path.clock, () => this.path.fault(this.path.from, this.path.to));
    this.#attempt = answer;
    answer.push(0, () =>
      this.#back.push(0, () => {
        this.#attempt = null;
        this.#patience?.cancel();
        if (this.#isClosed) return;
        this.#connect(others);
        this.#there.open();
      }),
    );
  }

  /** The first packet, while it is on its way. */
  #attempt: Lane | null = null;

  // -------------------------------------------------------------------------------------------------- from the socket

  #receive(chunk: Buffer): void {
    if (this.#isClosed) return;
    if (this.#back.isFree) {
      this.#events.data(chunk);
      return;
    }
    const copy = Buffer.from(chunk);
    this.#back.push(copy.length, () => !this.#isClosed && this.#events.data(copy));
  }

  #ended(): void {
    if (this.#isClosed) return;
    if (this.#events.end !== undefined) this.#events.end();
    else this.end();
  }

  #closed(error: NetError | null): void {
    this.#patience?.cancel();
    this.#attempt?.clear();
    this.#there.clear();
    this.#back.clear();
    this.path.gone(this);
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#events.close(error);
  }

  #drained(): void {
    if (!this.#there.isEmpty || this.#isClosed) return;
    this.#isDrainDue = false;
    this.#events.drain?.();
  }

  // ----------------------------------------------------------------------------------------------------- from the node

  get local(): Address {
    return this.#socket?.local ?? NOT_YET;
  }

  get remote(): Address {
    return this.#socket?.remote ?? NOT_YET;
  }

  get queuedBytes(): number {
    return this.#there.bytes + (this.#socket?.queuedBytes ?? 0);
  }

  write(bytes: Uint8Array): boolean {
    if (this.#isClosed) return true;
    if (this.#there.isFree) return this.#socket!.write(bytes);
    this.#isDrainDue = true;
    this.#there.push(bytes.length, () => {
      const isTaken = this.#socket!.write(bytes);
      if (isTaken && this.#isDrainDue && this.#there.isEmpty) this.#drained();
    });
    return false;
  }

  pause(): void {
    this.#isPausedByNode = true;
    this.#socket?.pause();
  }

  resume(): void {
    this.#isPausedByNode = false;
    this.#readOn();
  }

  /** A direction that is cut backs up: the socket is not read. */
  #readOn(): void {
    if (this.#isPausedByNode || this.#back.isCut) this.#socket?.pause();
    else this.#socket?.resume();
  }

  end(): void {
    if (!this.#isClosed) this.#there.push(0, () => this.#socket?.end());
  }

  destroy(): void {
    this.#leave((socket) => socket.destroy());
  }

  reset(): void {
    this.#leave((socket) => socket.reset());
  }

  /** To the node it is closed; its peer learns of it when something gets through. */
  #leave(act: (socket: Connection) => void): void {
    if (this.#isClosed) return;
    const socket = this.#socket;
    if (socket !== null && this.#there.isFree && this.#back.isFree) {
      act(socket);
      return;
    }
    this.#isClosed = true;
    this.path.timers.soon(() => this.#events.close(null));
    this.#there.clear();
    if (socket === null) {
      this.#closed(null);
      return;
    }
    socket.pause();
    this.#there.push(0, () => act(socket));
  }

  keepAlive(seconds: number): void {
    this.#socket?.keepAlive(seconds);
  }

  noDelay(enabled: boolean): void {
    this.#socket?.noDelay(enabled);
  }

  // --------------------------------------------------------------------------------------------------- from the fabric

  /** A fault came or went. */
  update(): void {
    this.#attempt?.pump();
    this.#back.pump();
    this.#there.pump();
    if (!this.#isClosed) this.#readOn();
  }

  /** The topology closes: nothing stays. */
  drop(): void {
    this.#isClosed = true;
    this.#patience?.cancel();
    this.#attempt?.clear();
    this.#there.clear();
    this.#back.clear();
    this.#socket?.destroy();
  }
}
