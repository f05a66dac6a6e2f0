/** A listening socket of a simulated node, with the kernel's queue of connections that wait to be accepted. */
import type { Accept, Address, ConnectionEvents, Listener } from '../host/host.ts';
import type { Acceptor, SimConnection } from './connection.ts';
import type { Life } from './life.ts';

export class SimListener implements Listener, Acceptor {
  readonly address: Address;
  readonly host: string;
  readonly port: number;
  readonly #life: Life;
  readonly #accept: Accept;
  readonly #backlog: number;
  readonly #release: (listener: SimListener) => void;
  readonly #waiting = new Set<SimConnection>();
  #closed = false;

  /** @param release frees the port. */
  constructor(
    life: Life,
    host: string,
    port: number,
    backlog: number,
    accept: Accept,
    release: (listener: SimListener) => void,
  ) {
    this.address = { kind: 'tcp', host, port };
    this.host = host;
    this.port = port;
    this.#life = life;
    this.#backlog = backlog;
    this.#accept = accept;
    this.#release = release;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Whether the kernel takes one more connection. A full queue drops the packet, and the peer tries again. */
  get hasRoom(): boolean {
    return this.#waiting.size <= this.#backlog;
  }

  /** A handshake has begun; the connection waits until the peer confirms it and this node gets to accept it. */
  enqueue(connection: SimConnection): void {
    this.#waiting.add(connection);
  }

  dequeue(connection: SimConnection): void {
    this.#waiting.delete(connection);
  }

  accept(connection: SimConnection): ConnectionEvents {
    this.#waiting.delete(connection);
    return this.#accept(connection);
  }

  close(done?: () => void): void {
    this.#life.check();
    this.shut();
    const { scheduler, index } = this.#life;
    if (done !== undefined) scheduler.at(scheduler.nowUs, index, this.#life, done);
  }

  /** The kernel closes the socket, also when the process was killed: those that wait will not be accepted. */
  shut(): void {
    const waiting = this.vanish();
    for (const connection of waiting) connection.refuse();
  }

  /** The machine lost power: nobody is told. @returns the connections that were waiting. */
  vanish(): SimConnection[] {
    if (this.#closed) return [];
    this.#closed = true;
    this.#release(this);
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    return waiting;
  }
}
