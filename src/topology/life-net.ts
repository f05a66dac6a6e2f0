/**
 * The sockets of one life of a node. They belong to the kernel rather than to the process: while the node is paused they
 * take what comes until they are full, and when it dies they are reset, or fall silent.
 */
import type {
  Accept,
  Address,
  Connection,
  ConnectionEvents,
  ConnectOptions,
  Listener,
  ListenOptions,
  Net,
  NetError,
} from '../host/host.ts';
import { NOWHERE } from '../server/nowhere.ts';
import type { Gate } from './gate.ts';

export class LifeNet implements Net {
  readonly #outside: Net;
  readonly #gate: Gate;
  readonly #connections = new Set<LifeConnection>();
  readonly #listeners = new Set<Listener>();
  #isReleased = false;

  constructor(outside: Net, gate: Gate) {
    this.#outside = outside;
    this.#gate = gate;
  }

  listen(
    options: ListenOptions,
    accept: Accept,
    done: (error: NetError | null, listener: Listener | null) => void,
  ): void {
    if (this.#gate.isShut) return;
    const accepted = (inner: Connection): ConnectionEvents => {
      const connection = this.#add();
      connection.inner = inner;
      this.#gate.run(() => (connection.events = accept(connection)));
      if (!this.#gate.isOpen) inner.pause();
      return connection.fromSocket;
    };
    this.#outside.listen(options, accepted, (error, listener) => {
      if (listener === null) this.#gate.run(() => done(error, null));
      else if (this.#isReleased) listener.close();
      else {
        this.#listeners.add(listener);
        const own: Listener = { address: listener.address, close: (closed) => this.#close(listener, closed) };
        this.#gate.run(() => done(null, own));
      }
    });
  }

  #close(listener: Listener, done?: () => void): void {
    this.#listeners.delete(listener);
    listener.close(() => this.#gate.run(() => done?.()));
  }

  connect(address: Address, events: ConnectionEvents, options?: ConnectOptions): Connection {
    if (this.#gate.isShut) return NOWHERE;
    const connection = this.#add();
    connection.events = events;
    connection.inner = this.#outside.connect(address, connection.fromSocket, options);
    return connection;
  }

  resolve(name: string, done: (error: NetError | null, addresses: string[]) => void): void {
    const { pulse } = this.#gate;
    pulse.pending++;
    this.#outside.resolve(name, (error, addresses) => {
      pulse.pending--;
      this.#gate.run(() => done(error, addresses));
    });
  }

  #add(): LifeConnection {
    const connection = new LifeConnection(this.#gate, (gone) => this.#connections.delete(gone));
    this.#connections.add(connection);
    return connection;
  }

  pause(): void {
    for (const connection of this.#connections) connection.inner.pause();
  }

  resume(): void {
    for (const connection of this.#connections) connection.readOn();
  }

  /** Resets what is open. `done` when the ports are free. */
  release(done: () => void): void {
    this.#isReleased = true;
    for (const connection of this.#connections) connection.inner.reset();
    this.#connections.clear();
    let left = this.#listeners.size;
    if (left === 0) done();
    for (const listener of this.#listeners) {
      listener.close(() => {
        left--;
        if (left === 0) done();
      });
    }
    this.#listeners.clear();
  }
}

/** A connection as the node sees it; `fromSocket` is what the socket sees. */
class LifeConnection implements Connection {
  inner: Connection = NOWHERE;
  /** Those of the node; null until it has taken the connection. */
  events: ConnectionEvents | null = null;
  readonly fromSocket: ConnectionEvents;
  readonly #gate: Gate;
  #isPausedByNode = false;

  constructor(gate: Gate, gone: (connection: LifeConnection) => void) {
    this.#gate = gate;
    this.fromSocket = {
      open: () => gate.run(() => this.events?.open?.()),
      data: (chunk) => this.#data(chunk),
      drain: () => gate.run(() => this.events?.drain?.()),
      end: () => gate.run(() => this.#ended()),
      close: (error) => {
        gone(this);
        gate.run(() => this.events?.close(error));
      },
    };
  }

  #data(chunk: Buffer): void {
    this.#gate.pulse.beats++;
    if (this.#gate.isOpen) this.events?.data(chunk);
    else {
      // Read before it was paused.
      const copy = Buffer.from(chunk);
      this.#gate.run(() => this.events?.data(copy));
    }
  }

  /** The peer sends no more. */
  #ended(): void {
    if (this.events?.end !== undefined) this.events.end();
    else this.inner.end();
  }

  /** The node runs again. */
  readOn(): void {
    if (!this.#isPausedByNode) this.inner.resume();
  }

  get local(): Address {
    return this.inner.local;
  }

  get remote(): Address {
    return this.inner.remote;
  }

  get queuedBytes(): number {
    return this.inner.queuedBytes;
  }

  write(bytes: Uint8Array): boolean {
    return this.inner.write(bytes);
  }

  pause(): void {
    this.#isPausedByNode = true;
    this.inner.pause();
  }

  resume(): void {
    this.#isPausedByNode = false;
    if (this.#gate.isOpen) this.inner.resume();
  }

  end(): void {
    this.inner.end();
  }

  destroy(): void {
    this.inner.destroy();
  }

  reset(): void {
    this.inner.reset();
  }

  keepAlive(seconds: number): void {
    this.inner.keepAlive(seconds);
  }

  noDelay(enabled: boolean): void {
    this.inner.noDelay(enabled);
  }
}
