/**
 * A connection without a socket, for clients in the same process: `execute()` and `connect()`. What the server writes
 * goes to `onBytes`; `send` hands bytes to the server. Both are synchronous, there is no queue.
 */
import type { Address, Connection, ConnectionEvents } from '../host/host.ts';
import type { Server } from '../server/server.ts';

const NOWHERE: Address = { kind: 'tcp', host: '127.0.0.1', port: 0 };

export class MemoryConnection implements Connection {
  readonly local = NOWHERE;
  readonly remote = NOWHERE;
  readonly queuedBytes = 0;
  readonly #events: ConnectionEvents;
  #onBytes: ((bytes: Buffer) => void) | null;
  #onClose: (() => void) | null;

  /** @param trusted the client is the embedder: authenticated from the start, not counted against limits. */
  constructor(server: Server, onBytes: (bytes: Buffer) => void, onClose: () => void, trusted = false) {
    this.#onBytes = onBytes;
    this.#onClose = onClose;
    this.#events = trusted ? server.acceptInternal(this) : server.accept(this);
  }

  get isOpen(): boolean {
    return this.#onClose !== null;
  }

  /** From the client to the server. */
  send(bytes: Buffer): void {
    if (this.isOpen) this.#events.data(bytes);
  }

  /** The client goes away. */
  disconnect(): void {
    if (!this.isOpen) return;
    this.#closed();
    this.#events.close(null);
  }

  /** The server reuses the bytes, so the receiver gets a copy. */
  write(bytes: Uint8Array): boolean {
    this.#onBytes?.(Buffer.from(bytes));
    return true;
  }

  end(): void {
    this.destroy();
  }

  destroy(): void {
    if (!this.isOpen) return;
    this.#closed();
    this.#events.close(null);
  }

  reset(): void {
    this.destroy();
  }

  #closed(): void {
    const onClose = this.#onClose;
    this.#onBytes = this.#onClose = null;
    onClose?.();
  }

  pause(): void {}

  resume(): void {}

  keepAlive(): void {}

  noDelay(): void {}
}
