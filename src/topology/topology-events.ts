/**
 * What happens in a topology, in one stream: what a test does to nodes and network, and what the nodes make of it.
 *
 *   for await (const event of set.events) console.log(event.sinceStartMs, event.node, event.type);
 *
 * What nodes do is read off their logs, whose lines are those of redis-server and therefore stable. An iteration begins
 * with the oldest event that is kept and ends when the topology closes. The newest are in `history` as well.
 */
import type { FabricChange } from './fabric.ts';
import type { NodeChange } from './node-handle.ts';

export type TopologyEventBody =
  /** Something was done to a node. */
  | { readonly type: 'node'; readonly change: NodeChange }
  /** Something was done to the network between nodes. */
  | { readonly type: 'network'; readonly change: FabricChange }
  /** A server took another role. @property master "host:port" of the one that a replica follows; its name in a cluster. */
  | { readonly type: 'role'; readonly role: 'master' | 'replica'; readonly master?: string }
  /** A replica and its master: in step by a snapshot, in step by the part that was missing, apart. */
  | { readonly type: 'sync'; readonly state: 'full' | 'partial' | 'lost' }
  /** What a sentinel announces, as on its pub/sub channels: `+sdown`, "master mymaster 127.0.0.1 6379". */
  | { readonly type: 'sentinel'; readonly event: string; readonly payload: string }
  | ClusterEventBody;

/** What a node of a cluster sees and does. Others are named by their names, or by their ids if they are of another make. */
export type ClusterEventBody =
  /** It knows a further node. */
  | { readonly type: 'joined'; readonly about: string }
  /** It cannot reach another one (PFAIL). */
  | { readonly type: 'pfail'; readonly about: string }
  /**
   * Another one has failed (FAIL).
   * @property voices how many masters say so; null if somebody has told.
   */
  | { readonly type: 'fail'; readonly about: string; readonly voices: number | null }
  /** A failed one is well again. */
  | { readonly type: 'recovered'; readonly about: string }
  /** It asks for votes. */
  | { readonly type: 'election'; readonly epoch: number }
  /** It votes. */
  | { readonly type: 'vote'; readonly epoch: number; readonly for: string }
  /** It has the votes of a majority. */
  | { readonly type: 'elected'; readonly epoch: number; readonly votes: number }
  /** It has another current epoch, or another one of its configuration. */
  | { readonly type: 'epoch'; readonly currentEpoch: number; readonly configEpoch: number }
  /** It has gained or lost slots, by its own account: first and last of each range. */
  | { readonly type: 'slots'; readonly gained: readonly SlotRange[]; readonly lost: readonly SlotRange[] }
  /** In its view the cluster serves, or does not. */
  | { readonly type: 'state'; readonly ok: boolean };

export type SlotRange = readonly [first: number, last: number];

export type TopologyEvent = TopologyEventBody & {
  /** Unix time in ms. */
  readonly timeMs: number;
  readonly sinceStartMs: number;
  /** Name of the node, or null for what concerns several. */
  readonly node: string | null;
};

const KEPT_MAX = 10_000;
/** Process, role and time in front of a log line. */
const LINE_HEAD = /^\d+:\w \d+ \w+ \d+ \S+ [.\-*#] /;

/** What a log line tells, without its head; null if nothing. */
export type LineReader = (text: string) => TopologyEventBody | null;

export class TopologyEvents implements AsyncIterable<TopologyEvent> {
  readonly #now: () => number;
  readonly #startMs: number;
  readonly #history: TopologyEvent[] = [];
  /** Events that were dropped from the beginning of the history. */
  #dropped = 0;
  #isOver = false;
  #waiting: (() => void)[] = [];

  /** @internal */
  constructor(now: () => number) {
    this.#now = now;
    this.#startMs = now();
  }

  /** The newest events, oldest first. */
  get history(): readonly TopologyEvent[] {
    return this.#history;
  }

  /** @internal */
  note(node: string | null, body: TopologyEventBody): void {
    const timeMs = this.#now();
    this.#history.push({ ...body, timeMs, sinceStartMs: timeMs - this.#startMs, node });
    if (this.#history.length > KEPT_MAX) {
      this.#history.shift();
      this.#dropped++;
    }
    this.#wake();
  }

  /** @internal A line of a node's log. */
  readLine(node: string, line: string, read: LineReader): void {
    const head = LINE_HEAD.exec(line)?.[0];
    const body = head === undefined ? null : read(line.slice(head.length));
    if (body !== null) this.note(node, body);
  }

  /** @internal Iterations end. */
  close(): void {
    this.#isOver = true;
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const go of waiting) go();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TopologyEvent, void> {
    for (let next = this.#dropped; ; next++) {
      // A reader that is too slow misses what is not kept any more.
      next = Math.max(next, this.#dropped);
      while (next - this.#dropped >= this.#history.length) {
        if (this.#isOver) return;
        await new Promise<void>((go) => this.#waiting.push(go));
      }
      yield this.#history[next - this.#dropped]!;
    }
  }
}

/** Servers: roles and synchronisation. */
export function readServerLine(text: string): TopologyEventBody | null {
  if (text.startsWith('MASTER MODE enabled')) return { type: 'role', role: 'master' };
  const followed = /^REPLICAOF (\S+) enabled/.exec(text)?.[1];
  if (followed !== undefined) return { type: 'role', role: 'replica', master: followed };
  if (text === 'MASTER <-> REPLICA sync: Finished with success') return { type: 'sync', state: 'full' };
  if (text === 'Successful partial resynchronization with master.') return { type: 'sync', state: 'partial' };
  if (text === 'Connection with master lost.') return { type: 'sync', state: 'lost' };
  return null;
}

/** Sentinels: everything that they announce. */
export function readSentinelLine(text: string): TopologyEventBody | null {
  const match = /^([+-][a-z][a-z-]*) (.*)$/.exec(text);
  return match === null ? null : { type: 'sentinel', event: match[1]!, payload: match[2]! };
}
