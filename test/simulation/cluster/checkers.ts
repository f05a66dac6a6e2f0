/**
 * What must hold at every moment, judged by an observer who sees all nodes at once.
 *
 * - A vote is for ever: a master votes for one replica in an epoch at most, over restarts.
 * - An epoch has one winner at most, and a majority of masters has voted for it in that epoch.
 * - Epochs never go back, over restarts either: not the clock of a node, not its last vote, not what it claims as a master.
 * - Who declares a node failed has fresh reports of a majority, from masters that have indeed found so.
 *
 * What happens in a turn counts when the turn is over: what power loss takes back before that, nobody has heard of.
 */
import type { Cluster } from '../../../src/cluster/cluster.ts';
import type { ClusterEvent } from '../../../src/cluster/events.ts';

interface Epochs {
  current: number;
  lastVote: number;
  /** The highest that it has had as a master. */
  config: number;
}

export class Checkers {
  /** `voter epoch` to who got the vote. */
  readonly #votes = new Map<string, string>();
  /** By `epoch candidate`, the voters. */
  readonly #voters = new Map<string, Set<string>>();
  readonly #winners = new Map<number, string>();
  readonly #epochs = new Map<string, Epochs>();
  /** `observer node` for each that was ever found unreachable. */
  readonly #suspicions = new Set<string>();
  readonly #thisTurn: (() => void)[] = [];
  /** The first thing that was wrong. */
  violation: string | null = null;
  readonly counts = new Map<string, number>();

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  event(name: string, cluster: Cluster, event: ClusterEvent): void {
    this.count(event.kind === 'failed' && event.told ? 'failed (told)' : event.kind);
    const { myself } = cluster.state;
    if (event.kind === 'unreachable' || event.kind === 'failed') this.#suspicions.add(`${myself.name} ${event.node}`);
    if (event.kind === 'vote') {
      const { epoch, replica } = event;
      this.#thisTurn.push(() => this.#noteVote(myself.name, epoch, replica));
    } else if (event.kind === 'elected') {
      const majority = Math.floor(cluster.state.size / 2) + 1;
      const { epoch } = event;
      const id = myself.name;
      this.#thisTurn.push(() => this.#noteWinner(name, id, epoch, majority));
    } else if (event.kind === 'failed' && !event.told) this.#checkReports(name, cluster, event.node);
  }

  /** Whatever this node has done in a turn that it did not live to the end of has not happened. */
  died(): void {
    this.#thisTurn.length = 0;
  }

  turn(name: string, cluster: Cluster): void {
    const { state } = cluster;
    for (const note of this.#thisTurn.splice(0)) note();
    const { currentEpoch, lastVoteEpoch, myself } = state;
    const config = myself.isMaster ? myself.configEpoch : 0;
    const before = this.#epochs.get(name) ?? { current: 0, lastVote: 0, config: 0 };
    if (currentEpoch < before.current)
      this.#fail(`the epoch of ${name} went from ${before.current} to ${currentEpoch}`);
    if (lastVoteEpoch < before.lastVote)
      this.#fail(`the last vote of ${name} went from ${before.lastVote} to ${lastVoteEpoch}`);
    if (myself.isMaster && config < before.config) {
      this.#fail(`the configuration of ${name} went from epoch ${before.config} to ${config}`);
    }
    this.#epochs.set(name, {
      current: currentEpoch,
      lastVote: lastVoteEpoch,
      config: Math.max(config, before.config),
    });
  }

  #noteVote(voter: string, epoch: number, replica: string): void {
    const key = `${voter} ${epoch}`;
    const before = this.#votes.get(key);
    if (before !== undefined) this.#fail(`${voter} voted twice in epoch ${epoch}, for ${before} and for ${replica}`);
    this.#votes.set(key, replica);
    const voters = this.#voters.get(`${epoch} ${replica}`);
    if (voters === undefined) this.#voters.set(`${epoch} ${replica}`, new Set([voter]));
    else voters.add(voter);
  }

  #noteWinner(name: string, id: string, epoch: number, majority: number): void {
    const before = this.#winners.get(epoch);
    if (before !== undefined) this.#fail(`epoch ${epoch} has two winners, ${before} and ${name}`);
    this.#winners.set(epoch, name);
    const votes = this.#voters.get(`${epoch} ${id}`)?.size ?? 0;
    if (votes < majority) this.#fail(`${name} won epoch ${epoch} with ${votes} votes of ${majority}`);
  }

  #checkReports(name: string, { state, settings, nowMs }: Cluster, id: string): void {
    const node = state.find(id)!;
    const majority = Math.floor(state.size / 2) + 1;
    let voices = Number(state.myself.isMaster);
    for (const { reporter, timeMs } of node.failureReports) {
      if (nowMs - timeMs > settings.nodeTimeoutMs * 2) continue;
      voices++;
      if (!this.#suspicions.has(`${reporter.name} ${id}`)) {
        this.#fail(`${name} has a report of ${reporter.name} about ${id} that it never made`);
      }
    }
    if (voices < majority) this.#fail(`${name} declared ${id} failed with ${voices} voices of ${majority}`);
  }

  #fail(text: string): void {
    this.violation ??= text;
  }
}
