/**
 * The network between the machines: who has which address, and what lies on the ways between them. Faults are set here,
 * by the names of nodes, and take effect at once.
 *
 *     const cut = network.cut(['n1', 'n2'], ['n3', 'n4', 'n5']);   // both ways
 *     network.cut('n1', 'n2', { oneWay: true });                     // n1 is no longer heard by n2
 *     cut.heal();                                                    // lifts this cut; others stay
 *     network.heal();                                                // lifts all
 *     network.shape('n1', 'n2', { bytesPerSecond: 100_000 });        // slow, far or lossy
 *
 * Cuts may overlap; a link is open when none lies over it. A machine always reaches itself.
 */
import type { Random } from '../host/host.ts';
import { CHUNK_MODES, Chunker, type ChunkMode } from './chunking.ts';
import { SimulationError } from './errors.ts';
import { type Latency, Link, type LinkShape } from './link.ts';
import { isLoopback, Machine } from './machine.ts';
import { Pipe, type PipeSettings, type Tap } from './pipe.ts';
import type { Scheduler } from './scheduler.ts';
import { KIND } from './trace.ts';

export interface NetworkOptions {
  /** One-way latency between machines. */
  readonly latency?: Latency;
  /** How streams fall apart; `drawn` (the default) gives each direction of each connection a manner of its own. */
  readonly chunking?: ChunkMode | 'drawn';
  /** Send buffer of the kernels, in bytes; drawn per connection between the two. */
  readonly sendBufferBytes?: readonly [number, number];
  /** Receive window of the kernels, in bytes; drawn per connection between the two. */
  readonly windowBytes?: readonly [number, number];
}

/** One node, by name, or several. */
export type Nodes = string | readonly string[];

export interface Cut {
  /** Lifts this cut. Idempotent. */
  heal(): void;
}

/** Bytes that a kernel got from another machine, or from its own. */
export interface Arrival {
  /** The same for all bytes of one direction of one connection. */
  readonly stream: object;
  readonly from: string;
  readonly to: string;
  /** When they left, in microseconds since the world began. */
  readonly sentUs: number;
  /** To be read, and not to be kept. */
  readonly bytes: Buffer;
}

const USUAL_LATENCY: Latency = { minUs: 100, meanUs: 300, maxUs: 20_000 };
const LOOPBACK_LATENCY: Latency = { minUs: 20, meanUs: 30, maxUs: 200 };
const MACHINES_LIMIT = 65_000;

export class Network {
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #options: NetworkOptions;
  readonly #machines: Machine[] = [];
  readonly #byName = new Map<string, Machine>();
  readonly #byAddress = new Map<string, Machine>();
  readonly #links = new Map<number, Link>();
  readonly #cuts = new Set<Link[]>();
  readonly #stalled = new Set<Pipe>();
  readonly #tap: Tap = { onArrival: null };
  #connections = 0;

  constructor(scheduler: Scheduler, random: Random, options: NetworkOptions) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#options = options;
  }

  // ---------------------------------------------------------------------------------------------------------- faults

  /** Cuts every link from `from` to `to`; unless `oneWay`, also those back. */
  cut(from: Nodes, to: Nodes, options: { readonly oneWay?: boolean } = {}): Cut {
    const links = this.#linksBetween(from, to);
    if (options.oneWay !== true) links.push(...this.#linksBetween(to, from));
    return this.#layCut(links);
  }

  /** Splits the named groups from each other; who is in none keeps reaching all. */
  partition(...groups: Nodes[]): Cut {
    const links: Link[] = [];
    for (const from of groups) {
      for (const to of groups) if (from !== to) links.push(...this.#linksBetween(from, to));
    }
    return this.#layCut(links);
  }

  /** Cuts one node off from all others that exist now. */
  isolate(name: string): Cut {
    const others = this.#machines.filter((machine) => machine.name !== name).map((machine) => machine.name);
    return this.cut(name, others);
  }

  /** Lifts all cuts. */
  heal(): void {
    for (const links of this.#cuts) for (const link of links) link.cuts = 0;
    this.#cuts.clear();
    this.#noteFault(0);
    this.pathsChanged();
  }

  /** Makes the links between two groups slow, far or lossy, both ways unless `oneWay`. */
  shape(from: Nodes, to: Nodes, shape: LinkShape, options: { readonly oneWay?: boolean } = {}): void {
    const links = this.#linksBetween(from, to);
    if (options.oneWay !== true) links.push(...this.#linksBetween(to, from));
    for (const link of links) link.shape(shape);
    this.#noteFault(links.length);
  }

  /** Takes back `shape` between two groups, both ways unless `oneWay`. */
  resetShape(from: Nodes, to: Nodes, options: { readonly oneWay?: boolean } = {}): void {
    const links = this.#linksBetween(from, to);
    if (options.oneWay !== true) links.push(...this.#linksBetween(to, from));
    for (const link of links) link.resetShape();
    this.#noteFault(links.length);
  }

  /** Takes back all of `shape`. */
  resetShapes(): void {
    for (const link of this.#links.values()) link.resetShape();
    this.#noteFault(0);
  }

  /** Whether what `from` sends reaches `to`. */
  reaches(from: string, to: string): boolean {
    return this.link(this.#machine(from), this.#machine(to)).open;
  }

  /** Calls `onArrival` with all bytes that reach a kernel, in their pieces; before the node sees them. One listener. */
  tap(onArrival: (arrival: Arrival) => void): void {
    const nameOf = (index: number): string => this.#machines[index]!.name;
    this.#tap.onArrival = (stream, from, to, sentUs, bytes) =>
      onArrival({ stream, from: nameOf(from), to: nameOf(to), sentUs, bytes });
  }

  #layCut(links: Link[]): Cut {
    for (const link of links) link.cuts++;
    this.#cuts.add(links);
    this.#noteFault(links.length);
    return {
      heal: () => {
        if (!this.#cuts.delete(links)) return;
        for (const link of links) link.cuts--;
        this.#noteFault(links.length);
        this.pathsChanged();
      },
    };
  }

  #noteFault(links: number): void {
    this.#scheduler.note(-1, KIND.fault, this.#cuts.size, links);
  }

  #linksBetween(from: Nodes, to: Nodes): Link[] {
    const links: Link[] = [];
    for (const a of typeof from === 'string' ? [from] : from) {
      for (const b of typeof to === 'string' ? [to] : to) {
        if (a !== b) links.push(this.link(this.#machine(a), this.#machine(b)));
      }
    }
    return links;
  }

  #machine(name: string): Machine {
    const machine = this.#byName.get(name);
    if (machine === undefined) throw new SimulationError(`there is no node named ${name}`);
    return machine;
  }

  // ------------------------------------------------------------------------------------------------------- machinery

  addMachine(name: string, address: string | undefined): Machine {
    const index = this.#machines.length;
    if (this.#byName.has(name)) throw new SimulationError(`there is a node named ${name} already`);
    if (index >= MACHINES_LIMIT) throw new SimulationError(`more than ${MACHINES_LIMIT} nodes`);
    const given = address ?? `10.0.${(index + 1) >> 8}.${(index + 1) & 255}`;
    if (this.#byAddress.has(given)) throw new SimulationError(`${given} belongs to a node already`);
    const machine = new Machine(name, index, given, this.#random.fork(`machine ${name}`));
    this.#machines.push(machine);
    this.#byName.set(name, machine);
    this.#byAddress.set(given, machine);
    return machine;
  }

  /** The literal address that `name` stands for on `machine`, or null when nothing has that name. */
  resolve(machine: Machine, name: string): string | null {
    if (name === 'localhost') return '127.0.0.1';
    if (name === machine.name) return machine.address;
    if (isLiteral(name)) return name;
    return this.#byName.get(name)?.address ?? null;
  }

  /** The machine that has a literal address, seen from `machine`. */
  find(machine: Machine, address: string): Machine | undefined {
    return isLoopback(address) || machine.owns(address) ? machine : this.#byAddress.get(address);
  }

  link(from: Machine, to: Machine): Link {
    const key = from.index * 2 ** 16 + to.index;
    let link = this.#links.get(key);
    if (link === undefined) {
      const usual = from === to ? LOOPBACK_LATENCY : (this.#options.latency ?? USUAL_LATENCY);
      link = new Link(from, to, usual);
      this.#links.set(key, link);
    }
    return link;
  }

  /** The dice of the next connection over a link. Other connections' dice do not depend on it. */
  connectionRandom(from: Machine, to: Machine): Random {
    const number = this.link(from, to).connections++;
    return this.#random.fork(`connection ${from.name} ${to.name} ${number}`);
  }

  nextConnectionNumber(): number {
    return ++this.#connections;
  }

  /** Both directions of a new connection, ready to be attached. */
  pipes(from: Machine, to: Machine, random: Random): { there: Pipe; back: Pipe } {
    const there = this.link(from, to);
    const back = this.link(to, from);
    const make = (forward: Link, reverse: Link, label: string): Pipe =>
      new Pipe(this.#scheduler, this.#stalled, forward, reverse, this.#settings(random.fork(label)));
    return { there: make(there, back, 'there'), back: make(back, there, 'back') };
  }

  #settings(random: Random): PipeSettings {
    const {
      chunking = 'drawn',
      sendBufferBytes = [16 << 10, 4 << 20],
      windowBytes = [64 << 10, 1 << 20],
    } = this.#options;
    const mode = chunking === 'drawn' ? CHUNK_MODES[random.below(CHUNK_MODES.length)]! : chunking;
    return {
      sendBufferBytes: drawSize(random, sendBufferBytes),
      windowBytes: drawSize(random, windowBytes),
      chunker: new Chunker(mode, random),
      random,
      tap: this.#tap,
    };
  }

  /** A way may have opened: lets what waits for it go on. */
  pathsChanged(): void {
    for (const pipe of this.#stalled) pipe.retry();
  }
}

/** Evenly over the orders of magnitude, so that small buffers are as likely as large ones. */
function drawSize(random: Random, [least, most]: readonly [number, number]): number {
  if (least >= most) return least;
  return Math.round(least * (most / least) ** (random.u32() / 2 ** 32));
}

function isLiteral(name: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(name) || name.includes(':');
}
