/**
 * A connection of the simulated network as a stream of Node's, for client libraries. The library runs outside of the world:
 * what arrives waits until the world stands still, and what it writes enters the world as an event of the client's node.
 */
import { Duplex } from 'node:stream';
import type { Connection, Host } from '../../host/host.ts';
import type { SimProcess } from '../../sim/process.ts';

export interface StreamTarget {
  /** Name of a node, or an address. */
  readonly host: string;
  readonly port: number;
}

/** Lets somebody outside of the world hear of something, as soon as it stands still. */
export type Tell = (act: () => void) => void;

export class SimStream extends Duplex {
  readonly #process: SimProcess;
  readonly #boots: number;
  #connection: Connection | null = null;
  #resume: (() => void) | null = null;
  #isOver = false;

  constructor(process: SimProcess, target: StreamTarget, tell: Tell) {
    super({ allowHalfOpen: false });
    this.#process = process;
    this.#boots = process.boots;
    this.#enter((host) => {
      this.#connection = this.#open(host, target, tell);
    });
  }

  #open(host: Host, { host: name, port }: StreamTarget, tell: Tell): Connection {
    return host.net.connect(
      { kind: 'tcp', host: name, port },
      {
        open: () => tell(() => this.emit('connect')),
        data: (chunk) => {
          const copy = Buffer.from(chunk);
          tell(() => this.push(copy));
        },
        drain: () => tell(() => this.#goOn()),
        end: () => tell(() => this.push(null)),
        close: (error) => {
          this.#isOver = true;
          tell(() => {
            if (error === null) this.push(null);
            else this.destroy(Object.assign(new Error(`${error.code}: ${error.message}`), { code: error.code }));
          });
        },
      },
    );
  }

  /** As streams of sockets have it. There is nothing to set. */
  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    let isTaken = true;
    const copy = Buffer.from(chunk);
    const isAlive = this.#enter(() => {
      isTaken = this.#connection!.write(copy);
    });
    if (isTaken || !isAlive) done();
    else this.#resume = done;
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#enter(() => this.#connection!.end());
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#enter(() => this.#connection?.destroy());
    this.#goOn();
    done(error);
  }

  #goOn(): void {
    const resume = this.#resume;
    this.#resume = null;
    resume?.();
  }

  /** @returns whether the connection is still there. */
  #enter(act: (host: Host) => void): boolean {
    const process = this.#process;
    if (this.#isOver || !process.alive || process.boots !== this.#boots) return false;
    process.enter(act);
    return true;
  }
}
