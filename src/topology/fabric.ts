/**
 * The network between the nodes of a topology within one process: real sockets of this machine, and between any two
 * nodes what a test puts there. Clients do not pass here; they stay connected to both sides of a partition.
 *
 *   fabric.partition(['a'], ['b', 'c']);  a is alone
 *   fabric.cut('a', 'b', { oneWay: true });  what a sends does not reach b
 *   fabric.delay('a', 'b', 50);  each way takes 50 ms longer
 *   fabric.heal();
 *
 * A node is known by the addresses on which it listens. Each gets its own `Net` from `net()`.
 */
import type { Accept, Address, Clock, Connection, ConnectionEvents, ConnectOptions } from '../host/host.ts';
import type { Listener, ListenOptions, Net, NetError, Timers } from '../host/host.ts';
import { FabricConnection } from './fabric-connection.ts';
import type { LaneFault } from './fabric-lane.ts';

/** What was done to the network, for whoever writes it down. */
export type FabricChange =
  | { readonly kind: 'cut'; readonly from: string; readonly to: string; readonly oneWay: boolean }
  | { readonly kind: 'delay'; readonly from: string; readonly to: string; readonly delayMs: number }
  | { readonly kind: 'partition'; readonly groups: readonly (readonly string[])[] }
  | { readonly kind: 'heal'; readonly from?: string; readonly to?: string };

export class Fabric {
  readonly #timers: Timers;
  readonly #clock: Clock;
  readonly #changed: (change: FabricChange) => void;
  /** Who listens where: by "host:port", and by ":port" for all addresses. */
  readonly #listening = new Map<string, string>();
  /** By "from>to". */
  readonly #faults = new Map<string, LaneFault>();
  readonly #connections = new Set<FabricConnection>();
  /** Where nodes listen who say that they are elsewhere: by "host:port". */
  readonly #translations = new Map<string, Address>();

  constructor(timers: Timers, clock: Clock, changed: (change: FabricChange) => void = () => {}) {
    this.#timers = timers;
    this.#clock = clock;
    this.#changed = changed;
  }

  /** The net of one node. */
  net(name: string, outside: Net): Net {
    return new FabricNet(this, name, outside);
  }

  /** Nodes reach each other at the announced address too, as through a router that translates addresses. */
  translate(announced: Address, actual: Address): void {
    this.#translations.set(keysOf(announced)[0]!, actual);
  }

  // ----------------------------------------------------------------------------------------------------------- faults

  cut(a: string, b: string, options: { readonly oneWay?: boolean } = {}): void {
    const oneWay = options.oneWay === true;
    this.#fault(a, b, { isCut: true });
    if (!oneWay) this.#fault(b, a, { isCut: true });
    this.#update();
    this.#changed({ kind: 'cut', from: a, to: b, oneWay });
  }

  /** Each way between two nodes takes that much longer; 0 ends it. */
  delay(a: string, b: string, delayMs: number): void {
    this.#fault(a, b, { delayMs });
    this.#fault(b, a, { delayMs });
    this.#update();
    this.#changed({ kind: 'delay', from: a, to: b, delayMs });
  }

  /** Cuts every connection between nodes of different groups. */
  partition(groups: readonly (readonly string[])[]): void {
    for (const [index, group] of groups.entries()) {
      for (const other of groups.slice(index + 1)) {
        for (const a of group) {
          for (const b of other) {
            this.#fault(a, b, { isCut: true });
            this.#fault(b, a, { isCut: true });
          }
        }
      }
    }
    this.#update();
    this.#changed({ kind: 'partition', groups });
  }

  /** Ends all faults, or those between two nodes. What was held back arrives. */
  heal(a?: string, b?: string): void {
    if (a === undefined || b === undefined) this.#faults.clear();
    else {
      this.#faults.delete(`${a}>${b}`);
      this.#faults.delete(`${b}>${a}`);
    }
    this.#update();
    this.#changed(a === undefined || b === undefined ? { kind: 'heal' } : { kind: 'heal', from: a, to: b });
  }

  #fault(from: string, to: string, change: Partial<LaneFault>): void {
    const key = `${from}>${to}`;
    const fault = { ...(this.#faults.get(key) ?? { isCut: false, delayMs: 0 }), ...change };
    if (fault.isCut || fault.delayMs > 0) this.#faults.set(key, fault);
    else this.#faults.delete(key);
  }

  #update(): void {
    for (const connection of this.#connections) connection.update();
  }

  /** Nothing of the network is left. */
  close(): void {
    this.#faults.clear();
    for (const connection of this.#connections) connection.drop();
    this.#connections.clear();
  }

  // --------------------------------------------------------------------------------------------------- for FabricNet

  listens(name: string, address: Address): void {
    for (const key of keysOf(address)) this.#listening.set(key, name);
  }

  connect(from: string, outside: Net, wanted: Address, events: ConnectionEvents, options?: ConnectOptions): Connection {
    const address = this.#translations.get(keysOf(wanted)[0]!) ?? wanted;
    const to = this.#nodeAt(address);
    if (to === null || to === from) return outside.connect(address, events, options);
    const connection: FabricConnection = new FabricConnection(
      {
        from,
        to,
        timers: this.#timers,
        clock: this.#clock,
        fault: (a, b) => this.#faults.get(`${a}>${b}`),
        open: (seen, how) => outside.connect(address, seen, how),
        gone: (it) => this.#connections.delete(it),
      },
      events,
      options,
    );
    this.#connections.add(connection);
    return connection;
  }

  #nodeAt(address: Address): string | null {
    for (const key of keysOf(address)) {
      const name = this.#listening.get(key);
      if (name !== undefined) return name;
    }
    return null;
  }
}

/** A port belongs to one node, whatever address of this machine it is reached by. */
function keysOf(address: Address): string[] {
  return address.kind === 'unix' ? [address.path] : [`${address.host}:${address.port}`, `:${address.port}`];
}

class FabricNet implements Net {
  readonly #fabric: Fabric;
  readonly #name: string;
  readonly #outside: Net;

  constructor(fabric: Fabric, name: string, outside: Net) {
    this.#fabric = fabric;
    this.#name = name;
    this.#outside = outside;
  }

  listen(
    options: ListenOptions,
    accept: Accept,
    done: (error: NetError | null, listener: Listener | null) => void,
  ): void {
    this.#outside.listen(options, accept, (error, listener) => {
      if (listener !== null) this.#fabric.listens(this.#name, listener.address);
      done(error, listener);
    });
  }

  connect(address: Address, events: ConnectionEvents, options?: ConnectOptions): Connection {
    return this.#fabric.connect(this.#name, this.#outside, address, events, options);
  }

  resolve(name: string, done: (error: NetError | null, addresses: string[]) => void): void {
    this.#outside.resolve(name, done);
  }
}
