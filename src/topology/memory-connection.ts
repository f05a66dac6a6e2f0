/**
 * A connection without a socket, for clients in the same process: the server's end of `execute()` and `connect()`.
 *
 * What the server writes goes to an `Outlet`, which says what becomes of the bytes; what the client sends enters by
 * `send`. Nothing is queued here.
 */
import type { Address, Connection, ConnectionEvents } from '../host/host.ts';

/** The client's end. */
export interface Outlet {
  /** Bytes that `write` kept back and that the client has not taken yet. */
  readonly queuedBytes: number;
  /** Takes a copy of the bytes. @returns false if they were kept back: `drained` follows. */
  write(bytes: Uint8Array): boolean;
  /** The server stops, or goes on, taking what the client sends. */
  setPaused(paused: boolean): void;
  /** The server closed the connection. Called once; not after the client's own `disconnect`. */
  closed(byReset: boolean): void;
}

/** Takes the new connection: `server.accept` or `server.acceptInternal`. It may close it at once. */
export type Acceptor = (connection: Connection) => ConnectionEvents;

const HERE: Address = { kind: 'tcp', host: '127.0.0.1', port: 0 };

export class MemoryConnection implements Connection {
  readonly local = HERE;
  readonly remote = HERE;
  readonly #outlet: Outlet;
  #events: ConnectionEvents | null = null;
  #open = true;

  constructor(accept: Acceptor, outlet: Outlet) {
    this.#outlet = outlet;
    this.#events = accept(this);
  }

  get isOpen(): boolean {
    return this.#open;
  }

  get queuedBytes(): number {
    return this.#outlet.queuedBytes;
  }

  // ----------------------------------------------------------------------------------------------- the client's side

  send(bytes: Buffer): void {
    if (this.#open) this.#events?.data(bytes);
  }

  /** The client has taken what was kept back. */
  drained(): void {
    if (this.#open) this.#events?.drain?.();
  }

  /** The client goes away. */
  disconnect(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#events?.close(null);
  }

  // ----------------------------------------------------------------------------------------------- the server's side

  write(bytes: Uint8Array): boolean {
    return !this.#open || this.#outlet.write(bytes);
  }

  /** There is no half-closing: a client that gets no more is told to go. */
  end(): void {
    this.#close(false);
  }

  destroy(): void {
    this.#close(false);
  }

  reset(): void {
    this.#close(true);
  }

  #close(byReset: boolean): void {
    if (!this.#open) return;
    this.#open = false;
    this.#outlet.closed(byReset);
    this.#events?.close(null);
  }

  pause(): void {
    this.#outlet.setPaused(true);
  }

  resume(): void {
    this.#outlet.setPaused(false);
  }

  keepAlive(): void {}

  noDelay(): void {}
}
