/** An in-memory duplex stream to a server, with the methods of a socket that clients such as ioredis call on it. */
import { Duplex } from 'node:stream';
import type { Server } from '../server/server.ts';
import { MemoryConnection } from './memory-connection.ts';

export class ClientStream extends Duplex {
  readonly remoteAddress = '127.0.0.1';
  readonly #connection: MemoryConnection;

  constructor(server: Server) {
    super({ allowHalfOpen: false });
    this.#connection = new MemoryConnection(
      server,
      (bytes) => this.push(bytes),
      () => {
        this.push(null);
        this.end();
      },
    );
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#connection.send(chunk);
    done();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#connection.disconnect();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#connection.disconnect();
    done(error);
  }

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
