/**
 * An in-memory duplex stream to a server: `connect()`. It has the methods of a socket that clients such as ioredis
 * call, and behaves like one where they could tell: bytes arrive in a later turn of the event loop, never within the
 * write that caused them, and a reader that does not read holds the server back.
 *
 * From the server to the client, the first `TAKEN_BYTES` stand for what a kernel would buffer: they arrive even if the
 * server closes at once. What comes beyond is kept back; it counts against the client's output limits and is dropped
 * when the server closes.
 */
import { Duplex } from 'node:stream';
import type { Timers } from '../host/host.ts';
import { type Acceptor, MemoryConnection } from './memory-connection.ts';

const TAKEN_BYTES = 64 * 1024;

type Done = (error?: Error | null) => void;

export class ClientStream extends Duplex {
  readonly remoteAddress = '127.0.0.1';
  readonly connecting = false;
  readonly #timers: Timers;
  readonly #connection: MemoryConnection;
  readonly #fromServer = new Inbox();
  /** The reader wants more. */
  #isWanted = true;
  #isScheduled = false;
  /** Nothing comes after what is in the inbox. */
  #hasEnded = false;
  #isPaused = false;
  /** A chunk of the client that waits for the server to read on. */
  #held: (() => void) | null = null;

  constructor(accept: Acceptor, timers: Timers) {
    super({ allowHalfOpen: false });
    this.#timers = timers;
    const inbox = this.#fromServer;
    this.#connection = new MemoryConnection(accept, {
      get queuedBytes() {
        return inbox.keptBytes;
      },
      write: (bytes) => {
        this.#deliverSoon();
        return inbox.add(bytes);
      },
      setPaused: (paused) => this.#setPaused(paused),
      closed: (byReset) => this.#onClosed(byReset),
    });
  }

  // --------------------------------------------------------------------------------------------- from server to client

  override _read(): void {
    this.#isWanted = true;
    this.#deliverSoon();
  }

  #deliverSoon(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#timers.soon(() => this.#deliver());
  }

  #deliver(): void {
    this.#isScheduled = false;
    const inbox = this.#fromServer;
    const wasBehind = inbox.keptBytes > 0;
    while (this.#isWanted && !this.destroyed && inbox.length > 0) {
      const chunk = inbox.take();
      // A listener that throws takes the process down, or not; the bytes after this chunk arrive in any case.
      if (inbox.length > 0) this.#deliverSoon();
      this.#isWanted = this.push(chunk);
    }
    if (inbox.length > 0) return;
    if (wasBehind) this.#connection.drained();
    if (this.#hasEnded && !this.destroyed && !this.readableEnded) this.push(null);
  }

  #onClosed(byReset: boolean): void {
    this.#fromServer.dropKept();
    if (byReset) this.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
    else this.#end();
  }

  #end(): void {
    this.#hasEnded = true;
    this.#deliverSoon();
  }

  // --------------------------------------------------------------------------------------------- from client to server

  override _write(chunk: Buffer, _encoding: string, done: Done): void {
    this.#timers.soon(() => this.#pass(chunk, done));
  }

  override _writev(chunks: { chunk: Buffer }[], done: Done): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), '', done);
  }

  #pass(chunk: Buffer, done: Done): void {
    if (this.#isPaused) {
      this.#held = (): void => this.#pass(chunk, done);
      return;
    }
    this.#connection.send(chunk);
    done();
  }

  #setPaused(paused: boolean): void {
    this.#isPaused = paused;
    const held = this.#held;
    if (paused || held === null) return;
    this.#held = null;
    this.#timers.soon(held);
  }

  override _final(done: Done): void {
    this.#connection.disconnect();
    this.#end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#connection.disconnect();
    this.#fromServer.dropAll();
    this.#held = null;
    done(error);
  }

  // ------------------------------------------------------------------------------------------------ as if on a socket

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

/** Bytes on their way to the client: those that count as sent, then those that were kept back. */
class Inbox {
  #taken: Buffer[] = [];
  #takenBytes = 0;
  #kept: Buffer[] = [];
  keptBytes = 0;

  get length(): number {
    return this.#taken.length + this.#kept.length;
  }

  /** @returns false if the bytes are kept back. */
  add(bytes: Uint8Array): boolean {
    const copy = Buffer.from(bytes);
    if (this.#kept.length === 0 && this.#takenBytes + copy.length <= TAKEN_BYTES) {
      this.#taken.push(copy);
      this.#takenBytes += copy.length;
      return true;
    }
    this.#kept.push(copy);
    this.keptBytes += copy.length;
    return false;
  }

  take(): Buffer {
    const taken = this.#taken.shift();
    if (taken !== undefined) {
      this.#takenBytes -= taken.length;
      return taken;
    }
    const kept = this.#kept.shift()!;
    this.keptBytes -= kept.length;
    return kept;
  }

  dropKept(): void {
    this.#kept = [];
    this.keptBytes = 0;
  }

  dropAll(): void {
    this.dropKept();
    this.#taken = [];
    this.#takenBytes = 0;
  }
}
