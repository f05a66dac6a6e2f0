/**
 * What nodes of a cluster promise, judged by an observer who sees all of them at once.
 *
 * What happens in a turn counts when the turn is over: what power loss takes back before that, nobody has heard of.
 */
import type { Cluster } from '../../cluster/cluster.ts';
import type { ClusterEvent } from '../../cluster/events.ts';
import { type ClusterNode, type ClusterState, NODE, SLOTS } from '../../cluster/state.ts';
import type { MakeChecker } from '../checker.ts';
import type { HistoryEntry } from '../history.ts';
import type { Run } from '../run.ts';
import type { ClusterTopology } from '../topologies/cluster-topology.ts';
import { ClusterServing } from './cluster-serving.ts';
import { type Fail, group, type Judge } from './group.ts';

export const CLUSTER_PROMISES = {
  C1: 'A vote is for ever: a master votes for one replica in an epoch at most, over restarts (clusterSendFailoverAuthIfNeeded).',
  C2: 'An epoch has one winner at most, and a majority of masters has voted for it in that epoch.',
  C3: 'Epochs never go back: not the clock of a node while it lives, and over restarts not its last vote or its claims.',
  C4: 'The epoch of an election is the configuration epoch of its winner, and of nobody else.',
  C5: 'In the end no two masters with slots share a configuration epoch (clusterHandleConfigEpochCollision).',
  C6: 'In the end every slot has one owner, of whom all nodes know, and whose claim is the newest.',
  C7: 'Two masters that can reach each other do not serve one slot for long (clusterUpdateSlotsConfigWith).',
  C8: 'Who declares a node failed has fresh reports of a majority, from masters that have indeed found so.',
  C9: 'A master that has not heard from a majority for one and a half node timeouts does not serve.',
  C10: 'In the end the cluster serves all slots.',
} as const;

interface Epochs {
  /** The life that it has, or had last. */
  cluster: Cluster;
  current: number;
  lastVote: number;
  /** The highest that it has had as a master. */
  config: number;
}

export function clusterCheckers(): MakeChecker[] {
  return group(
    CLUSTER_PROMISES,
    (run: Run, fail: Fail): Judge => new ClusterJudge(run, run.topology as ClusterTopology, fail),
  );
}

class ClusterJudge implements Judge {
  readonly #run: Run;
  readonly #topology: ClusterTopology;
  readonly #fail: Fail;
  readonly #serving: ClusterServing;
  /** `voter epoch` to who got the vote. */
  readonly #votes = new Map<string, string>();
  /** By `epoch candidate`, the voters. */
  readonly #voters = new Map<string, Set<string>>();
  /** Ids of winners. */
  readonly #winners = new Map<number, string>();
  readonly #epochs = new Map<string, Epochs>();
  /** `observer node` for each that was ever found unreachable. */
  readonly #suspicions = new Set<string>();
  /** `observer node` for each that was ever held for unreachable, where nodes are forgotten. */
  readonly #hearsay = new Set<string>();
  readonly #hasForget: boolean;
  /** Ids of all that were masters at some time. */
  readonly #everMasters = new Set<string>();
  /** By node, what it has done in the turn that is not over. */
  readonly #thisTurn = new Map<string, (() => void)[]>();
  /** The epoch of each master's claim, as of its last turn. */
  readonly #claims = new Map<string, number>();
  /** `node epoch`, where another master had the same. */
  readonly #collided = new Set<string>();
  /** Somebody gives out epochs without asking anybody; the order is in the history only after its turn. */
  readonly #hasTakeover: boolean;

  constructor(run: Run, topology: ClusterTopology, fail: Fail) {
    this.#run = run;
    this.#topology = topology;
    this.#fail = fail;
    this.#serving = new ClusterServing(run, topology, fail);
    this.#hasForget = run.schedule.steps.some(({ fault }) => fault.kind === 'forget');
    this.#hasTakeover = run.schedule.steps.some(
      ({ fault }) => fault.kind === 'reshard' || (fault.kind === 'cluster-failover' && fault.mode === 'takeover'),
    );
  }

  // -------------------------------------------------------------------------------------------------------------- events

  onEntry(entry: HistoryEntry): void {
    if (entry.kind === 'event') this.#onEvent(entry.node, entry.event, entry.payload);
    else if (entry.kind === 'process' && entry.state !== 'paused' && entry.state !== 'resumed') {
      // Whatever a node has done in a turn that it did not live to the end of has not happened.
      this.#thisTurn.delete(entry.node);
    }
    this.#serving.onEntry(entry);
  }

  #onEvent(name: string, kind: string, payload: string): void {
    const cluster = this.#topology.cluster(name);
    if (cluster === null) return;
    const event = { kind, ...(JSON.parse(payload) as object) } as ClusterEvent;
    const { myself } = cluster.state;
    if (event.kind === 'unreachable' || event.kind === 'failed') this.#suspicions.add(`${myself.name} ${event.node}`);
    if (event.kind === 'vote') {
      const { epoch, replica } = event;
      this.#later(name, () => this.#noteVote(myself.name, epoch, replica));
    } else if (event.kind === 'elected') {
      const majority = Math.floor(cluster.state.size / 2) + 1;
      const { epoch } = event;
      this.#later(name, () => this.#noteWinner(name, myself.name, epoch, majority));
    } else if (event.kind === 'failed' && !event.told) this.#checkReports(name, cluster, event.node);
    else if (event.kind === 'election') this.#countElection(event.epoch);
  }

  #countElection(epoch: number): void {
    const before = this.#lastElection;
    this.#lastElection = { epoch, isWon: false };
    if (before !== null && !before.isWon && before.epoch < epoch) this.#run.coverage.add('two elections in one outage');
  }
  #lastElection: { epoch: number; isWon: boolean } | null = null;

  #later(name: string, note: () => void): void {
    const notes = this.#thisTurn.get(name);
    if (notes === undefined) this.#thisTurn.set(name, [note]);
    else notes.push(note);
  }

  #noteVote(voter: string, epoch: number, replica: string): void {
    const key = `${voter} ${epoch}`;
    const before = this.#votes.get(key);
    if (before !== undefined)
      this.#fail('C1', `${voter} voted twice in epoch ${epoch}, for ${before} and for ${replica}`);
    this.#votes.set(key, replica);
    const voters = this.#voters.get(`${epoch} ${replica}`);
    if (voters === undefined) this.#voters.set(`${epoch} ${replica}`, new Set([voter]));
    else voters.add(voter);
  }

  #noteWinner(name: string, id: string, epoch: number, majority: number): void {
    const before = this.#winners.get(epoch);
    if (before !== undefined && this.#haveOtherVoters(epoch, before, id)) {
      this.#run.exemptions.add('C2 voter that has taken over without asking');
    } else if (before !== undefined) this.#fail('C2', `epoch ${epoch} has two winners, ${before} and ${name}`);
    this.#winners.set(epoch, id);
    if (this.#lastElection?.epoch === epoch) this.#lastElection.isWon = true;
    const votes = this.#voters.get(`${epoch} ${id}`)?.size ?? 0;
    if (votes < majority) this.#fail('C2', `${name} won epoch ${epoch} with ${votes} votes of ${majority}`);
  }

  /**
   * CLUSTER FAILOVER TAKEOVER makes a master of a replica while others still count the old one: then there are more masters
   * than anybody knows of, and two majorities without a common voter.
   */
  #haveOtherVoters(epoch: number, one: string, other: string): boolean {
    const isOrdered = this.#run.schedule.steps.some(
      ({ fault }) => fault.kind === 'cluster-failover' && fault.mode === 'takeover',
    );
    const voters = this.#voters.get(`${epoch} ${one}`) ?? new Set();
    return isOrdered && [...(this.#voters.get(`${epoch} ${other}`) ?? [])].every((voter) => !voters.has(voter));
  }

  #checkReports(name: string, { state, settings, nowMs }: Cluster, id: string): void {
    const node = state.find(id)!;
    const majority = Math.floor(state.size / 2) + 1;
    let voices = Number(state.myself.isMaster);
    for (const { reporter, timeMs } of node.failureReports) {
      if (nowMs - timeMs > settings.nodeTimeoutMs * 2) continue;
      // What a replica says of others does not count.
      if (!this.#everMasters.has(reporter.name)) continue;
      voices++;
      if (this.#suspicions.has(`${reporter.name} ${id}`)) continue;
      if (this.#hearsay.has(`${reporter.name} ${id}`))
        this.#run.exemptions.add('C8 failure that the reporter was told of');
      else this.#fail('C8', `${name} has a report of ${reporter.name} about ${id} that it never made`);
    }
    if (voices < majority) this.#fail('C8', `${name} declared ${id} failed with ${voices} voices of ${majority}`);
  }

  /**
   * A node may hold another one for unreachable that it has never reached itself: one that it learns of by gossip comes with
   * the flags that the sender has for it (clusterProcessGossipSection), and is passed on with them.
   */
  #noteHearsay({ myself, nodes }: ClusterState): void {
    for (const { name, flags } of nodes.values()) {
      if ((flags & (NODE.pfail | NODE.fail)) !== 0) this.#hearsay.add(`${myself.name} ${name}`);
    }
  }

  // --------------------------------------------------------------------------------------------------------------- turns

  onTurn(name: string): void {
    const cluster = this.#topology.cluster(name);
    if (cluster === null) return;
    const notes = this.#thisTurn.get(name);
    if (notes !== undefined) {
      this.#thisTurn.delete(name);
      for (const note of notes) note();
    }
    if (cluster.state.myself.isMaster) this.#everMasters.add(cluster.state.myself.name);
    if (this.#hasForget) this.#noteHearsay(cluster.state);
    this.#checkEpochs(name, cluster);
    this.#checkClaim(name, cluster.state.myself);
    this.#serving.onTurn(name, cluster);
  }

  #checkEpochs(name: string, cluster: Cluster): void {
    const { currentEpoch, lastVoteEpoch, myself, nodes } = cluster.state;
    const config = myself.isMaster ? myself.configEpoch : 0;
    let before = this.#epochs.get(name);
    if (before === undefined) this.#epochs.set(name, (before = { cluster, current: 0, lastVote: 0, config: 0 }));
    if (currentEpoch < before.current) {
      // Redis saves an epoch when it uses it, and not when it has only heard of it.
      if (before.cluster !== cluster) this.#run.exemptions.add('C3 epoch that was heard of and not used');
      else this.#fail('C3', `the epoch of ${name} went from ${before.current} to ${currentEpoch}`);
    }
    if (lastVoteEpoch < before.lastVote) {
      this.#fail('C3', `the last vote of ${name} went from ${before.lastVote} to ${lastVoteEpoch}`);
    }
    if (myself.isMaster && config < before.config) {
      this.#fail('C3', `the configuration of ${name} went from epoch ${before.config} to ${config}`);
    }
    for (const node of nodes.values()) {
      if (node.configEpoch > currentEpoch) {
        this.#fail('C3', `${name} is in epoch ${currentEpoch} and knows of configuration epoch ${node.configEpoch}`);
      }
    }
    if (lastVoteEpoch > currentEpoch) {
      this.#fail('C3', `${name} is in epoch ${currentEpoch} and has voted in ${lastVoteEpoch}`);
    }
    before.cluster = cluster;
    before.current = currentEpoch;
    before.lastVote = lastVoteEpoch;
    before.config = Math.max(config, before.config);
  }

  #checkClaim(name: string, myself: ClusterNode): void {
    if (!myself.isMaster || myself.slotCount === 0) return;
    this.#countCollision(name, myself.configEpoch);
    const winner = this.#winners.get(myself.configEpoch);
    if (winner === undefined || winner === myself.name) return;
    if (this.#hasTakeover) this.#run.exemptions.add('C4 epoch that nobody was elected for');
    else this.#fail('C4', `${name} has configuration epoch ${myself.configEpoch}, which ${winner} was elected for`);
  }

  /** Counts masters that have had the epoch of another one, and have it no more. */
  #countCollision(name: string, epoch: number): void {
    const before = this.#claims.get(name);
    if (before === epoch) return;
    this.#claims.set(name, epoch);
    if (before !== undefined && this.#collided.delete(`${name} ${before}`)) {
      this.#run.coverage.add('epoch collision resolved');
    }
    for (const [other, claim] of this.#claims) {
      if (other === name || claim !== epoch) continue;
      for (const node of [name, other]) this.#collided.add(`${node} ${epoch}`);
    }
  }

  // ------------------------------------------------------------------------------------------------------------- the end

  atEnd(): void {
    const topology = this.#topology;
    const states = topology.names.map((name) => topology.state(name)).filter((state) => state !== null);
    const masters = states.map(({ myself }) => myself).filter(({ isMaster, slotCount }) => isMaster && slotCount > 0);
    const epochs = new Set(masters.map(({ configEpoch }) => configEpoch));
    if (epochs.size < masters.length) this.#fail('C5', `masters share an epoch: ${masters.map(claimOf).join(', ')}`);
    const claimants = Array.from({ length: SLOTS }, (_, slot) => masters.filter((master) => hasSlot(master, slot)));
    for (const { owners, myself, isOk } of states) {
      const name = topology.nameOfId(myself.name);
      if (!isOk) this.#fail('C10', `for ${name} the cluster is down`);
      for (let slot = 0; slot < SLOTS; slot++) {
        const owner = owners[slot];
        const claims = claimants[slot]!;
        if (claims.length === 1 && owner?.name === claims[0]!.name) continue;
        const who = owner === undefined || owner === null ? 'nobody' : topology.nameOfId(owner.name);
        this.#fail(
          'C6',
          `for ${name} slot ${slot} is that of ${who}; it is claimed by ${claims.map(claimOf).join(', ')}`,
        );
        return;
      }
    }
  }
}

function hasSlot({ slots }: ClusterNode, slot: number): boolean {
  return (slots[slot >> 3]! & (1 << (slot & 7))) !== 0;
}

function claimOf({ name, configEpoch }: ClusterNode): string {
  return `${name.slice(0, 8)} (${configEpoch})`;
}
