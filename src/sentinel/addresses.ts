/**
 * Addresses of instances, and names that stand for them.
 *
 * Redis resolves names while everybody waits. Here a name is resolved beside the turn: whoever needs its address and does
 * not have it comes back when it is known (`Names.withAddress`), at once if it is an address already. What was once
 * resolved is remembered, and asked again each time that we connect there.
 */
import type { Net } from '../host/host.ts';
import type { Machine } from './machine.ts';
import type { InstanceAddress, SentinelState } from './state.ts';

/** Names of which the addresses are remembered; the eldest is forgotten. */
const NAMES_MAX = 4096;
const PORT_MAX = 65_535;

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;
const IPV6 = /^(?=.*:.*:)[0-9a-f:]+(?:\.\d{1,3}){0,3}(?:%\w+)?$/i;

const HOST = /^[\w.:%-]{1,255}$/;

export function isAddress(host: string): boolean {
  return IPV4.test(host) || IPV6.test(host);
}

/** Whether it could be a name or an address at all. */
export function isHost(text: string): boolean {
  return HOST.test(text);
}

export class Names {
  readonly #net: Pick<Net, 'resolve'>;
  readonly #enter: (run: () => void) => void;
  readonly #known = new Map<string, string>();

  /** @param enter runs a turn of its own. */
  constructor(net: Pick<Net, 'resolve'>, enter: (run: () => void) => void) {
    this.#net = net;
    this.#enter = enter;
  }

  /** The address, as far as it is known without asking. */
  lookUp(host: string): string | null {
    return isAddress(host) ? host : (this.#known.get(host) ?? null);
  }

  /** Calls `use` with the address, or with null if there is none: at once if it is known, else in a turn to come. */
  withAddress(host: string, use: (ip: string | null) => void): void {
    const known = this.lookUp(host);
    if (known !== null) use(known);
    else this.refresh(host, use);
  }

  /** As `withAddress`, but asks in any case, unless the host is an address. */
  refresh(host: string, use: (ip: string | null) => void): void {
    if (isAddress(host)) {
      use(host);
      return;
    }
    this.#net.resolve(host, (error, addresses) => {
      const ip = error === null ? (addresses[0] ?? null) : null;
      if (ip !== null) this.#remember(host, ip);
      this.#enter(() => use(ip));
    });
  }

  #remember(host: string, ip: string): void {
    this.#known.delete(host);
    this.#known.set(host, ip);
    for (const eldest of this.#known.keys()) {
      if (this.#known.size <= NAMES_MAX) break;
      this.#known.delete(eldest);
    }
  }
}

/** @returns null if the port is none, or if the host is a name that nobody knows and may not stay unresolved. */
export function createAddress(
  machine: Machine,
  host: string,
  port: number,
  acceptUnresolved: boolean,
): InstanceAddress | null {
  if (!(port >= 0 && port <= PORT_MAX) || !isHost(host)) return null;
  const resolves = machine.state.resolveHostnames;
  const ip = resolves ? machine.names.lookUp(host) : isAddress(host) ? host : null;
  if (ip !== null) return { hostname: host, ip, port };
  machine.log('warning', `Failed to resolve hostname '${host}'`);
  return resolves && acceptUnresolved ? { hostname: host, ip: '', port } : null;
}

/** Runs `use` once the host's address is known, or is known not to be found out. */
export function whenResolved(machine: Machine, host: string, use: () => void): void {
  if (machine.state.resolveHostnames) machine.names.withAddress(host, use);
  else use();
}

export function isSameAddress(a: InstanceAddress, b: InstanceAddress): boolean {
  return a.port === b.port && (a.ip === b.ip || a.hostname.toLowerCase() === b.hostname.toLowerCase());
}

/** Whether a host, as INFO or a hello names it, is that of the address. */
export function isHostOf(machine: Machine, address: InstanceAddress, host: string): boolean {
  const resolves = machine.state.resolveHostnames;
  const ip = resolves ? machine.names.lookUp(host) : isAddress(host) ? host : null;
  if (ip !== null) return address.ip.toLowerCase() === ip.toLowerCase();
  return (resolves ? address.hostname : address.ip).toLowerCase() === host.toLowerCase();
}

/** The host as others are told it. */
export function announcedHost(state: SentinelState, address: InstanceAddress): string {
  return state.announceHostnames ? address.hostname : address.ip;
}

/** Name of a replica: `ip:port`, `[ip]:port` for IPv6. */
export function announcedName(state: SentinelState, address: InstanceAddress): string {
  const host = announcedHost(state, address);
  return host.includes(':') ? `[${host}]:${address.port}` : `${host}:${address.port}`;
}
