/**
 * A machine: what stays when the process on it is killed. Its kernel closes connections and refuses new ones in the
 * process' name, its clock goes on, its disk keeps what was written. Without power it is silent.
 *
 * One node runs on one machine. To model two that share one, put both into the same group of a partition.
 */
import type { Random } from '../host/host.ts';
import type { Site } from './link.ts';
import type { SimListener } from './listener.ts';

const FIRST_EPHEMERAL_PORT = 32_768;
const LAST_EPHEMERAL_PORT = 60_999;

export class Machine implements Site {
  readonly name: string;
  readonly index: number;
  /** IPv4 address. */
  readonly address: string;
  powered = true;
  readonly #listeners = new Map<number, SimListener[]>();
  #nextPort: number;

  constructor(name: string, index: number, address: string, random: Random) {
    this.name = name;
    this.index = index;
    this.address = address;
    this.#nextPort = FIRST_EPHEMERAL_PORT + random.below(LAST_EPHEMERAL_PORT - FIRST_EPHEMERAL_PORT);
  }

  /** Whether this machine answers to `host`, a literal address. */
  owns(host: string): boolean {
    return host === this.address || isLoopback(host) || isWildcard(host);
  }

  ephemeralPort(): number {
    const port = this.#nextPort;
    this.#nextPort = port === LAST_EPHEMERAL_PORT ? FIRST_EPHEMERAL_PORT : port + 1;
    return port;
  }

  freePort(): number {
    let port = this.ephemeralPort();
    while (this.#listeners.has(port)) port = this.ephemeralPort();
    return port;
  }

  /** Whether a listener on `host` would collide with one that exists. */
  isTaken(host: string, port: number): boolean {
    return this.#on(port).some((other) => overlap(other.host, host));
  }

  addListener(listener: SimListener): void {
    const { port } = listener;
    this.#listeners.set(port, [...this.#on(port), listener]);
  }

  removeListener(listener: SimListener): void {
    const rest = this.#on(listener.port).filter((other) => other !== listener);
    if (rest.length === 0) this.#listeners.delete(listener.port);
    else this.#listeners.set(listener.port, rest);
  }

  /** The listener that takes a connection to `host` (a literal address) and `port`. */
  findListener(host: string, port: number): SimListener | undefined {
    const candidates = this.#on(port);
    return candidates.find((one) => one.host === host) ?? candidates.find((one) => overlap(one.host, host));
  }

  listeners(): SimListener[] {
    return [...this.#listeners.values()].flat();
  }

  #on(port: number): SimListener[] {
    return this.#listeners.get(port) ?? [];
  }
}

export function isLoopback(host: string): boolean {
  return host === '::1' || host === 'localhost' || host.startsWith('127.');
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

/** Whether two bound addresses meet: the same one, or one is the wildcard of the other's family. */
function overlap(a: string, b: string): boolean {
  if (a.includes(':') !== b.includes(':')) return false;
  return a === b || isWildcard(a) || isWildcard(b);
}
