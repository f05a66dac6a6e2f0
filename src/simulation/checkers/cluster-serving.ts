/**
 * C7 and C9: who serves which slots, and may. A master serves while it takes the cluster for well; whether it may is judged
 * by what it has really heard of the others, and by what the network lets through.
 */
import type { Cluster } from '../../cluster/cluster.ts';
import type { HistoryEntry } from '../history.ts';
import type { Run } from '../run.ts';
import type { ClusterTopology } from '../topologies/cluster-topology.ts';
import type { Fail } from './group.ts';

/** The cron finds what it looks for a tenth of a second later, and a message takes its time. */
const SLACK_MS = 400;
/** A node that did nothing for so long was held up: what it knows is old, and it has not looked yet. */
const HELD_UP_MS = 350;
const LOOK_EVERY_MS = 250;
/** Two masters may serve a slot together for so many node timeouts, and two seconds. */
const OVERLAP_TIMEOUTS = 2;
const OVERLAP_MS = 2000;

interface Life {
  cluster: Cluster;
  lastTurnMs: number;
  /** Since when it has not been held up. */
  awakeSinceMs: number;
}

export class ClusterServing {
  readonly #run: Run;
  readonly #topology: ClusterTopology;
  readonly #fail: Fail;
  readonly #timeoutMs: number;
  readonly #lives = new Map<string, Life>();
  /** Clocks that leap make what they measure worthless. */
  readonly #hasLeaps: boolean;
  /** When the last fault is over, as far as anybody knows. */
  #quietFromMs = 0;
  #lookedMs = 0;
  /** By pair, since when both serve a slot of the other. */
  readonly #overlaps = new Map<string, number>();

  constructor(run: Run, topology: ClusterTopology, fail: Fail) {
    this.#run = run;
    this.#topology = topology;
    this.#fail = fail;
    this.#timeoutMs = topology.spec.nodeTimeoutMs;
    this.#hasLeaps = run.schedule.steps.some(({ fault }) => fault.kind === 'clock-jump' || fault.kind === 'drift');
  }

  onEntry({ t, ...fact }: HistoryEntry): void {
    if (fact.kind === 'fault') this.#quietFromMs = Math.max(this.#quietFromMs, fact.untilMs ?? t, t);
    else if (fact.kind === 'heal' || fact.kind === 'process' || fact.kind === 'phase') {
      this.#quietFromMs = Math.max(this.#quietFromMs, t);
    }
  }

  onTurn(name: string, cluster: Cluster): void {
    const { nowMs } = this.#run.world;
    const life = this.#lives.get(name);
    if (life === undefined || life.cluster !== cluster) {
      this.#lives.set(name, { cluster, lastTurnMs: nowMs, awakeSinceMs: nowMs });
      return;
    }
    // Several commands in a row, each of which waits for the disk, hold it up as one long one does.
    const { aheadMs } = this.#topology.process(name);
    if (aheadMs > HELD_UP_MS || nowMs - life.lastTurnMs > HELD_UP_MS) life.awakeSinceMs = nowMs + aheadMs;
    life.lastTurnMs = nowMs;
    this.#checkMajority(name, cluster, nowMs - life.awakeSinceMs);
    if (nowMs - this.#lookedMs < LOOK_EVERY_MS) return;
    this.#lookedMs = nowMs;
    this.#checkOverlaps(nowMs);
  }

  /** In the future for one that is held up now: it serves nobody until then. */
  #awakeSinceMs(name: string): number {
    const { aheadMs } = this.#topology.process(name);
    const sinceMs = this.#lives.get(name)?.awakeSinceMs ?? 0;
    return aheadMs > HELD_UP_MS ? Math.max(sinceMs, this.#run.world.nowMs + aheadMs) : sinceMs;
  }

  #checkMajority(name: string, { state, server }: Cluster, awakeMs: number): void {
    const { myself, isOk, nodes, size } = state;
    const boundMs = 1.5 * this.#timeoutMs + SLACK_MS;
    if (!isOk || !myself.isMaster || awakeMs < boundMs) return;
    const nowMs = server.host.clock.wallMs();
    let heard = Number(myself.slotCount > 0);
    for (const node of nodes.values()) {
      if (node === myself || !node.isMaster || node.slotCount === 0) continue;
      if (nowMs - Math.max(node.pongReceivedMs, node.dataReceivedMs) <= boundMs) heard++;
    }
    if (heard >= Math.floor(size / 2) + 1) return;
    if (this.#hasLeaps) this.#run.exemptions.add('C9 clocks that leap');
    else this.#fail('C9', `${name} serves, and has heard of ${heard} masters of ${size} in ${boundMs} ms`);
  }

  #checkOverlaps(nowMs: number): void {
    const topology = this.#topology;
    const serving = topology.names.filter((name) => {
      const state = topology.state(name);
      return state !== null && state.isOk && state.myself.isMaster && topology.process(name).state === 'running';
    });
    const seen = new Set<string>();
    for (const [at, a] of serving.entries()) {
      for (const b of serving.slice(at + 1)) {
        if (!shareSlots(topology.state(a)!.myself.slots, topology.state(b)!.myself.slots)) continue;
        seen.add(pairOf(a, b));
        this.#checkOverlap(a, b, nowMs);
      }
    }
    for (const pair of this.#overlaps.keys()) if (!seen.has(pair)) this.#overlaps.delete(pair);
  }

  /**
   * Whether the one with the older claim was told to forget the other one: for a minute it takes nothing that concerns it
   * from anybody, neither its heartbeats nor an UPDATE about it (clusterProcessPacket).
   */
  #cannotLearn(a: string, b: string): boolean {
    const [one, two] = [this.#topology.state(a)!, this.#topology.state(b)!];
    const [older, newer] = one.myself.configEpoch < two.myself.configEpoch ? [one, two] : [two, one];
    const { name } = newer.myself;
    return older.find(name) === null && older.blacklist.has(name);
  }

  #checkOverlap(a: string, b: string, nowMs: number): void {
    const pair = pairOf(a, b);
    const began = this.#overlaps.get(pair);
    if (began === undefined) {
      this.#overlaps.set(pair, nowMs);
      this.#run.coverage.add('two masters serve one slot');
      return;
    }
    if (this.#cannotLearn(a, b)) {
      // It begins to count when they know each other again.
      this.#run.exemptions.add('C7 a master that was forgotten');
      this.#overlaps.set(pair, nowMs);
      return;
    }
    const sinceMs = Math.max(began, this.#quietFromMs, this.#awakeSinceMs(a), this.#awakeSinceMs(b));
    if (nowMs - sinceMs <= OVERLAP_TIMEOUTS * this.#timeoutMs + OVERLAP_MS) return;
    this.#fail('C7', `${pair} serve one slot for ${Math.round(nowMs - sinceMs)} ms, and reach each other`);
  }
}

function pairOf(a: string, b: string): string {
  return `${a} and ${b}`;
}

function shareSlots(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < a.length; i++) if ((a[i]! & b[i]!) !== 0) return true;
  return false;
}
