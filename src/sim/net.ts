/** The `Net` port of one life of a node. It keeps what has to be closed when that life ends. */
import { netErrorOf } from '../host/error-texts.ts';
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
  NetErrorCode,
  Random,
} from '../host/host.ts';
import { ConnectAttempt, failUnreachable, type Greeting } from './connect-attempt.ts';
import { SimConnection } from './connection.ts';
import type { Life } from './life.ts';
import { SimListener } from './listener.ts';
import { isLoopback, type Machine } from './machine.ts';
import type { Network } from './network.ts';
import { hashText, KIND } from './trace.ts';

const USUAL_BACKLOG = 511;
const RESOLVE_US = 200;

type TcpAddress = Extract<Address, { kind: 'tcp' }>;

export class SimNet implements Net {
  readonly #network: Network;
  readonly #life: Life;
  readonly #machine: Machine;
  readonly #random: Random;
  readonly #paranoid: boolean;
  readonly #connections = new Set<SimConnection>();
  readonly #listeners = new Set<SimListener>();
  /** Finds the net of the node on a machine, to hand it a connection. */
  readonly #netOf: (machine: Machine) => SimNet | undefined;

  constructor(
    network: Network,
    life: Life,
    machine: Machine,
    random: Random,
    paranoid: boolean,
    netOf: (machine: Machine) => SimNet | undefined,
  ) {
    this.#network = network;
    this.#life = life;
    this.#machine = machine;
    this.#random = random;
    this.#paranoid = paranoid;
    this.#netOf = netOf;
  }

  // ------------------------------------------------------------------------------------------------------- listening

  listen(
    options: ListenOptions,
    accept: Accept,
    done: (error: NetError | null, listener: Listener | null) => void,
  ): void {
    this.#life.check();
    const { address } = options;
    const result = address.kind === 'tcp' ? this.#bind(address, options.backlog, accept) : netErrorOf('EAFNOSUPPORT');
    const error = result instanceof SimListener ? null : result;
    const listener = result instanceof SimListener ? result : null;
    this.#note(KIND.listen, listener?.port ?? 0);
    // Both are allowed, so callers must cope with both.
    if (this.#random.below(2) === 0) done(error, listener);
    else this.#later(0, () => done(error, listener));
  }

  #bind(address: TcpAddress, backlog: number | undefined, accept: Accept): SimListener | NetError {
    const host = this.#network.resolve(this.#machine, address.host === '' ? '0.0.0.0' : address.host);
    if (host === null) return netErrorOf('ENOTFOUND');
    if (!this.#machine.owns(host)) return netErrorOf('EADDRNOTAVAIL');
    const port = address.port === 0 ? this.#machine.freePort() : address.port;
    if (this.#machine.isTaken(host, port)) return netErrorOf('EADDRINUSE');
    const listener = new SimListener(this.#life, host, port, backlog ?? USUAL_BACKLOG, accept, (closed) => {
      this.#machine.removeListener(closed);
      this.#listeners.delete(closed);
    });
    this.#machine.addListener(listener);
    this.#listeners.add(listener);
    return listener;
  }

  // ------------------------------------------------------------------------------------------------------ connecting

  connect(address: Address, events: ConnectionEvents, options: ConnectOptions = {}): Connection {
    this.#life.check();
    const name = address.kind === 'tcp' ? address.host : '';
    const host = this.#network.resolve(this.#machine, name);
    const peer = host === null ? undefined : this.#network.find(this.#machine, host);
    const random = this.#network.connectionRandom(this.#machine, peer ?? this.#machine);
    const connection = this.#newConnection(this.#localEnd(host ?? '', options), withHost(address, host), random);
    this.#note(KIND.connect, connection.number);
    const cancel = this.#dial(connection, address, host, peer, random, options);
    connection.open(events, cancel);
    const { timeoutMs = 0 } = options;
    if (timeoutMs > 0) {
      this.#later(Math.ceil(timeoutMs * 1000), () => {
        if (connection.opening && !connection.gone) connection.fail('ETIMEDOUT');
      });
    }
    return connection;
  }

  #localEnd(host: string, options: ConnectOptions): TcpAddress {
    const own = isLoopback(host) ? '127.0.0.1' : this.#machine.address;
    return { kind: 'tcp', host: options.sourceHost ?? own, port: this.#machine.ephemeralPort() };
  }

  /** @returns a function that stops the attempt. */
  #dial(
    connection: SimConnection,
    address: Address,
    host: string | null,
    peer: Machine | undefined,
    random: Random,
    options: ConnectOptions,
  ): () => void {
    const failure = this.#cannotDial(address, host, options);
    if (failure !== null) return this.#failLater(connection, failure);
    if (peer === undefined) return failUnreachable(this.#life.scheduler, this.#life.index, connection);
    const { port } = address as TcpAddress;
    const links = { there: this.#network.link(this.#machine, peer), back: this.#network.link(peer, this.#machine) };
    const attempt = new ConnectAttempt(this.#life.scheduler, connection, links, random, () =>
      this.#greet(connection, peer, host!, port, random),
    );
    return () => attempt.cancel();
  }

  #cannotDial(address: Address, host: string | null, options: ConnectOptions): NetErrorCode | null {
    if (address.kind === 'unix') return 'EAFNOSUPPORT';
    const { sourceHost } = options;
    if (sourceHost !== undefined && !this.#machine.owns(sourceHost)) return 'EADDRNOTAVAIL';
    return host === null ? 'ENOTFOUND' : null;
  }

  #failLater(connection: SimConnection, code: NetErrorCode): () => void {
    const { scheduler, index } = this.#life;
    const entry = scheduler.at(scheduler.nowUs, index, null, () => connection.fail(code));
    return () => scheduler.cancel(entry);
  }

  /** The peer's kernel meets the first packet. */
  #greet(connection: SimConnection, peer: Machine, host: string, port: number, random: Random): Greeting {
    const listener = peer.findListener(host, port);
    const net = this.#netOf(peer);
    if (listener === undefined || net === undefined) return 'refused';
    if (!listener.hasRoom) return 'ignored';
    const { there, back } = this.#network.pipes(this.#machine, peer, random);
    const local = { kind: 'tcp', host, port } as const;
    const accepted = net.#newConnection(local, connection.local, random.fork('accepted'));
    there.attach(connection, accepted);
    back.attach(accepted, connection);
    accepted.await(listener, back, there);
    listener.enqueue(accepted);
    return {
      complete: () => connection.establish(there, back),
      abandon: () => accepted.abandon(),
    };
  }

  #newConnection(local: Address, remote: Address, random: Random): SimConnection {
    const connection = new SimConnection({
      number: this.#network.nextConnectionNumber(),
      life: this.#life,
      local,
      remote,
      random,
      paranoid: this.#paranoid,
      onClosed: (closed) => void this.#connections.delete(closed),
    });
    this.#connections.add(connection);
    return connection;
  }

  // --------------------------------------------------------------------------------------------------------- resolve

  resolve(name: string, done: (error: NetError | null, addresses: string[]) => void): void {
    this.#life.check();
    this.#note(KIND.resolve, hashText(name));
    const address = this.#network.resolve(this.#machine, name);
    this.#later(RESOLVE_US, () => {
      if (address === null) done(netErrorOf('ENOTFOUND'), []);
      else done(null, [address]);
    });
  }

  // ------------------------------------------------------------------------------------------------------ end of life

  /** Connections that are not closed, for checks against leaks. */
  get openConnections(): number {
    return this.#connections.size;
  }

  /** The process was killed: its kernel closes everything. */
  closeByKernel(): void {
    for (const listener of this.#listeners) listener.shut();
    for (const connection of this.#connections) connection.closeByKernel();
  }

  /** The machine lost power: everything is gone and nobody hears of it. */
  vanish(): void {
    for (const listener of this.#listeners) listener.vanish();
    for (const connection of this.#connections) connection.vanish();
  }

  #later(delayUs: number, run: () => void): void {
    const { scheduler, index } = this.#life;
    scheduler.at(scheduler.nowUs + delayUs, index, this.#life, run);
  }

  #note(kind: number, value: number): void {
    this.#life.scheduler.note(this.#life.index, kind, 0, value);
  }
}

function withHost(address: Address, host: string | null): Address {
  return address.kind === 'tcp' && host !== null ? { kind: 'tcp', host, port: address.port } : address;
}
