/**
 * What all topologies have in common: nodes that can be killed, a network between them that can be cut, one stream of
 * events, an end that leaves nothing.
 *
 * A topology of its own kind extends this: it asks for ports, makes its nodes (a name, a program, a port), starts them, and
 * says in `disagreement` what is missing until all is well.
 */
import { MemoryDisk } from '../host/memory-disk.ts';
import { createNodeHost } from '../host/node/host.ts';
import type { ReplyValue } from '../client/reply-parser.ts';
import type { Disk, Host, Timer, Timers } from '../host/host.ts';
import { ResplicaError } from './errors.ts';
import { Fabric } from './fabric.ts';
import { NodeHandle } from './node-handle.ts';
import type { NodeProgram } from './node-program.ts';
import { findPorts } from './ports.ts';
import { reachableHost } from './server.ts';
import type { StreamGoals } from './views.ts';
import { type LineReader, TopologyEvents } from './topology-events.ts';
import { clockOf, manualTime, realTime, type TopologyClock, type TopologyTime } from './topology-time.ts';

/** A node or its name. */
export type NodeReference = string | { readonly name: string };

export interface StableOptions {
  /** 10 000 by default. */
  readonly timeoutMs?: number;
}

export interface NodePlan {
  readonly name: string;
  readonly port: number;
  readonly program: NodeProgram;
  /** Events that its log tells of. */
  readonly read: LineReader;
}

export interface TopologyOptions {
  /** Address that the nodes listen on. */
  readonly host: string;
  /** Where each node gets a directory of its own name; null for disks in memory. */
  readonly directory: string | null;
  /** `manual`: time of the nodes passes only by `clock.advance`, and while a verb of the topology waits. */
  readonly clock?: 'real' | 'manual';
  readonly onLog?: (node: string, line: string) => void;
}

export const STABLE_TIMEOUT_MS = 10_000;
const LOOK_PERIOD_MS = 10;
const ANSWER_TIMEOUT_MS = 5000;

export abstract class Topology implements AsyncDisposable {
  readonly events: TopologyEvents;
  readonly #nodes: NodeHandle[] = [];
  readonly #options: TopologyOptions;
  /** Time of all nodes. */
  readonly clock: TopologyClock;
  readonly #time: TopologyTime;
  /** Its time is that of the nodes. */
  readonly #world: Host;
  /** Of the machine: for patience with nodes that do not answer. */
  readonly #realTimers: Timers;
  readonly #fabric: Fabric;
  #closed: Promise<void> | null = null;

  protected constructor(options: TopologyOptions) {
    this.#options = options;
    const real = createNodeHost();
    this.#realTimers = real.timers;
    this.#time = options.clock === 'manual' ? manualTime(real.timers) : realTime(real.timers);
    const { manual } = this.#time;
    this.#world = manual === null ? real : { ...real, clock: manual.clock, timers: manual.timers };
    this.clock = clockOf(this.#world, this.#time);
    const { clock, timers } = this.#world;
    this.events = new TopologyEvents(() => clock.wallMs());
    this.#fabric = new Fabric(timers, clock, (change) => this.events.note(null, { type: 'network', change }));
  }

  /** Every node, also those that are down. */
  get nodes(): readonly NodeHandle[] {
    return this.#nodes;
  }

  node(reference: NodeReference): NodeHandle {
    const name = typeof reference === 'string' ? reference : reference.name;
    const found = this.#nodes.find((node) => node.name === name);
    if (found !== undefined) return found;
    const known = this.#nodes.map((node) => node.name).join(', ');
    throw new ResplicaError('ERR_BAD_ARGUMENT', `There is no node "${name}"; there are ${known}.`);
  }

  // ------------------------------------------------------------------------------------------------- for those who extend

  protected get world(): Host {
    return this.#world;
  }

  /** Free ports, which the system does not give to anybody else. */
  protected findPorts(count: number, withBus = false): Promise<number[]> {
    const { net, random } = this.#world;
    return findPorts(net, random, { host: this.#options.host, count, withBus });
  }

  /** A further node. It is started by its `start()`. */
  protected makeNode(plan: NodePlan): NodeHandle {
    const { name, port, program, read } = plan;
    const { host, directory, onLog } = this.#options;
    const ownDirectory = directory === null ? `/${name}` : `${directory}/${name}`;
    const node = new NodeHandle(
      {
        name,
        address: host,
        port,
        program,
        directory: ownDirectory,
        disk: this.#diskOf(),
        outside: (log) => {
          const { manual } = this.#time;
          const time = manual === null ? {} : { time: manual };
          const outside = createNodeHost({ log, workingDirectory: ownDirectory, ...time });
          return { ...outside, net: this.#fabric.net(name, outside.net) };
        },
        time: this.#time,
        onChange: (changed, change) => this.events.note(changed.name, { type: 'node', change }),
        onLine: (from, line) => {
          this.events.readLine(from.name, line, read);
          onLog?.(from.name, line);
        },
      },
      program.initialRole,
    );
    this.#nodes.push(node);
    return node;
  }

  /** Nodes also find at `port` of an address what listens on `actualPort`. */
  protected translate(ip: string, port: number, actualPort: number): void {
    const actual = reachableHost(this.#options.host);
    if (ip === actual && port === actualPort) return;
    this.#fabric.translate({ kind: 'tcp', host: ip, port }, { kind: 'tcp', host: actual, port: actualPort });
  }

  #diskOf(): Disk {
    return this.#options.directory === null ? new MemoryDisk((run) => this.#realTimers.soon(run)) : this.#world.disk;
  }

  /** A node is not wanted any more. */
  protected async removeFromNodes(node: NodeHandle): Promise<void> {
    await node.close();
    this.#nodes.splice(this.#nodes.indexOf(node), 1);
  }

  /** What keeps the topology from being as it should be, in a sentence that names a node; null if nothing does.
   * @param goals belong to one call of `stable`. */
  protected abstract disagreement(goals: StreamGoals): Promise<string | null>;

  // ----------------------------------------------------------------------------------------------------------- network

  /**
   * Cuts every connection between nodes of different groups. Nodes that are in no group form one together. Clients outside
   * stay connected to all of them.
   */
  partition(...groups: readonly (readonly NodeReference[])[]): void {
    const named = groups.map((group) => group.map((reference) => this.node(reference).name));
    const rest = this.#nodes.map(({ name }) => name).filter((name) => !named.flat().includes(name));
    this.#fabric.partition(rest.length === 0 ? named : [...named, rest]);
  }

  /** Nothing that `a` and `b` send each other arrives; with `oneWay`, nothing that `a` sends. */
  cut(a: NodeReference, b: NodeReference, options: { readonly oneWay?: boolean } = {}): void {
    this.#fabric.cut(this.node(a).name, this.node(b).name, options);
  }

  /** Bytes between the two take that much longer, each way. */
  delay(a: NodeReference, b: NodeReference, delayMs: number): void {
    if (!(delayMs >= 0 && Number.isFinite(delayMs))) {
      throw new ResplicaError('ERR_BAD_ARGUMENT', `delay(…, ${delayMs}): give milliseconds, 0 for none.`);
    }
    this.#fabric.delay(this.node(a).name, this.node(b).name, delayMs);
  }

  /** Ends all cuts and delays, or those between two nodes. What was held up arrives. */
  heal(a?: NodeReference, b?: NodeReference): void {
    if (a === undefined || b === undefined) this.#fabric.heal();
    else this.#fabric.heal(this.node(a).name, this.node(b).name);
  }

  // -------------------------------------------------------------------------------------------------------------- state

  /** Resolves when all living nodes agree, and replicas have what was written before. @throws ResplicaError ERR_NOT_STABLE, which says who does not about what. */
  async stable(options: StableOptions = {}): Promise<void> {
    const { timeoutMs = STABLE_TIMEOUT_MS } = options;
    const { clock } = this.#world;
    const deadlineUs = clock.monotonicUs() + timeoutMs * 1000;
    const goals: StreamGoals = new Map();
    for (;;) {
      // Looked at once more after the deadline: a machine that stood still for a moment is no disagreement.
      const isLast = clock.monotonicUs() >= deadlineUs;
      const reason = await this.#reason(goals);
      if (reason === null) return;
      if (isLast) throw new ResplicaError('ERR_NOT_STABLE', `Not stable within ${timeoutMs} ms: ${reason}.`);
      await this.pass(LOOK_PERIOD_MS);
    }
  }

  /** A node that dies or errs while it is asked is a disagreement too. */
  async #reason(goals: StreamGoals): Promise<string | null> {
    try {
      return await this.disagreement(goals);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** A command to a node, which is not waited for for ever. */
  protected async ask(node: NodeHandle, ...args: string[]): Promise<ReplyValue> {
    let patience: Timer | null = null;
    const silence = new Promise<never>((_, reject) => {
      patience = this.#realTimers.after(ANSWER_TIMEOUT_MS, () => {
        reject(new ResplicaError('ERR_NOT_STABLE', `${node.name} does not answer ${args.join(' ')}`));
      });
    });
    try {
      return await Promise.race([node.execute(...args), silence]);
    } finally {
      patience!.cancel();
    }
  }

  /** Lets time pass. */
  protected pass(durationMs: number): Promise<void> {
    return this.#time.pass(durationMs);
  }

  /** Ends every node. Nothing is left in the process: no socket, no timer. Idempotent. */
  async close(): Promise<void> {
    this.#closed ??= this.#close();
    await this.#closed;
  }

  async #close(): Promise<void> {
    await this.closing();
    for (const node of this.#nodes) await node.close();
    this.#fabric.close();
    this.events.close();
  }

  /** What a topology has besides its nodes. */
  protected async closing(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
