/**
 * What sentinels promise, judged by an observer who sees all of them at once.
 *
 * A state counts when the turn that made it is over: what power loss takes back before that, nobody has heard of.
 */
import { FAILOVER_ORDER, FLAG, type Instance } from '../../sentinel/state.ts';
import type { Sentinel } from '../../sentinel/sentinel.ts';
import type { MakeChecker } from '../checker.ts';
import type { EntryOf, HistoryEntry } from '../history.ts';
import type { Run } from '../run.ts';
import { MASTER_NAME, type SentinelTopology } from '../topologies/sentinel-topology.ts';
import { choiceProblem } from './best-replica.ts';
import { type Fail, group, type Judge } from './group.ts';

export const SENTINEL_PROMISES = {
  S1: 'A vote is for ever: a sentinel never votes for two in one epoch, over restarts either (sentinelVoteLeader).',
  S2: 'An epoch has one elected leader at most (sentinel.md, safety).',
  S3: 'A leader has the votes of more than half of all sentinels it knows, and of the quorum, given in that epoch.',
  S4: 'A configuration epoch stands for one address, whoever names it.',
  S5: 'Epochs never go back, over restarts either.',
  S6: 'Who sees the clock go back, or leap between two ticks, is in TILT, and does nothing then (sentinelCheckTiltCondition).',
  S7: 'A master is held for objectively down only when as many as the quorum have found it down of late.',
  S8: 'Nobody promotes a replica without the votes of a majority, given before.',
  S9: 'The replica that is promoted is the best of those that the leader may choose from (sentinelSelectSlave).',
  S10: 'When all is well again there is one master, which all replicas follow, and all sentinels name it.',
} as const;

/** Events of what only those do who trust their clock. */
const ACTIONS = new Set([
  '+sdown',
  '-sdown',
  '+odown',
  '-odown',
  '+try-failover',
  '+elected-leader',
  '+selected-slave',
  '+failover-state-send-slaveof-noone',
  '+failover-state-wait-promotion',
  '+promoted-slave',
  '+slave-reconf-sent',
  '+slave-reconf-sent-be',
  '+convert-to-slave',
  '+fix-slave-config',
  '+failover-end',
]);
/** More time than this between two ticks is suspicious. */
const TICK_MAX_MS = 2000;
/** What another sentinel said of a master is forgotten after that; it may have been on its way as long. */
const OPINION_MAX_MS = 5000;
const ON_ITS_WAY_MS = 2000;
const LATE_MESSAGES =
  /^(?:slow|stall|rate|cut|bridge|one-way|loss|flap|isolate|mute|pause|power-loss|on-event|clock-jump|drift)$/;

export function sentinelCheckers(): MakeChecker[] {
  return group(
    SENTINEL_PROMISES,
    (run: Run, fail: Fail): Judge => new SentinelJudge(run, run.topology as SentinelTopology, fail),
  );
}

const NOT_SAVED = 'was not able to save the new configuration on disk';
const AFTER_RESET = 'S4 SENTINEL RESET during a failover';

class SentinelJudge implements Judge {
  readonly #run: Run;
  readonly #topology: SentinelTopology;
  readonly #fail: Fail;
  readonly #isPunctual: boolean;
  /** An administrator orders failovers. */
  readonly #hasOrders: boolean;
  /** By voter and epoch, who got the vote. */
  readonly #votes = new Map<string, Map<bigint, string>>();
  readonly #leaders = new Map<bigint, string>();
  /** Epochs of failovers that an administrator wanted. */
  readonly #forced = new Set<bigint>();
  readonly #epochs = new Map<string, { current: bigint; config: bigint }>();
  readonly #addresses = new Map<bigint, string>();
  /** When each sentinel last ticked, by its own clock. */
  readonly #ticks = new WeakMap<Sentinel, number>();
  /** When each last ticked outside of TILT, by its own clock. */
  readonly #acted = new WeakMap<Sentinel, number>();
  /** When each last held the master with that address for down. */
  readonly #heldDown = new Map<string, number>();
  readonly #staleVotes = new Set<string>();
  /** The last epoch in which each has voted. */
  readonly #lastVoteEpoch = new Map<string, bigint>();
  /** Sentinels that went on with what their disk did not take. */
  readonly #unsaved = new Set<string>();
  /** Sentinels that an administrator has reset. */
  readonly #reset = new Set<string>();

  constructor(run: Run, topology: SentinelTopology, fail: Fail) {
    this.#run = run;
    this.#topology = topology;
    this.#fail = fail;
    this.#hasOrders = run.schedule.steps.some(({ fault }) => fault.kind === 'sentinel-failover');
    this.#isPunctual = !run.schedule.steps.some(({ fault }) => LATE_MESSAGES.test(fault.kind));
  }

  // -------------------------------------------------------------------------------------------------------------- events

  onEntry(entry: HistoryEntry): void {
    if (entry.kind === 'log' && entry.line.includes(NOT_SAVED)) this.#unsaved.add(entry.node);
    if (entry.kind !== 'event') return;
    const sentinel = this.#topology.sentinel(entry.node);
    if (sentinel !== null) this.#onEvent(entry, sentinel);
  }

  #onEvent({ node, event, payload }: EntryOf<'event'>, sentinel: Sentinel): void {
    const { state } = sentinel;
    if (event === '+reset-master') this.#reset.add(node);
    if (state.tilt && ACTIONS.has(event)) {
      // An order is taken down in TILT, and carried out when that is over.
      if (event === '+try-failover' && this.#hasOrders) this.#run.exemptions.add('S6 SENTINEL FAILOVER in TILT');
      else this.#fail('S6', `${node} acts in TILT: ${event} ${payload}`);
    }
    const master = state.masters.get(MASTER_NAME);
    if (master === undefined) return;
    if (event === '+selected-slave') {
      const problem = choiceProblem(sentinel, master, payload);
      if (problem !== null) this.#fail('S9', `${node} ${problem}`);
    } else if (event === '+odown' && payload.startsWith('master ')) this.#checkOpinions(node, master);
    else if (event === '+failover-state-send-slaveof-noone') this.#checkMandate(node, state.myid, master);
    this.#count(event, sentinel, master);
  }

  /** A sentinel whose disk fails says so and goes on (sentinelFlushConfig): what it has told is forgotten by its end. */
  #forgot(id: 'S1' | 'S5', node: string | undefined, text: string): void {
    if (node !== undefined && this.#unsaved.has(node)) this.#run.exemptions.add(`${id} disk that fails`);
    else this.#fail(id, text);
  }

  /** What follows where a sentinel has forgotten a vote or an epoch. */
  #failUnlessForgotten(id: 'S2' | 'S4', text: string): void {
    const { exemptions } = this.#run;
    if (exemptions.has('S1 disk that fails') || exemptions.has('S5 disk that fails')) {
      exemptions.add(`${id} disk that fails`);
    } else this.#fail(id, text);
  }

  /** What is worth reaching. */
  #count(event: string, { state }: Sentinel, master: Instance): void {
    const { coverage } = this.#run;
    if (event === '+tilt' && master.has(FLAG.failoverInProgress)) coverage.add('TILT during a failover');
    if (event === '+try-failover' && this.#leaders.size === 0 && this.#lastVoteEpoch.size > 0) {
      const earlier = [...this.#lastVoteEpoch.values()].some((epoch) => epoch > 0n && epoch < state.currentEpoch);
      if (earlier) coverage.add('two elections in one outage');
    }
    if (event === '-failover-abort-not-elected') coverage.add('election without a winner');
  }

  /** Whether enough sentinels have found the master down, each for itself. */
  #checkOpinions(node: string, master: Instance): void {
    const { nowMs } = this.#run.world;
    const maxAgeMs = this.#isPunctual ? OPINION_MAX_MS + ON_ITS_WAY_MS : Infinity;
    if (!this.#isPunctual) this.#run.exemptions.add('S7 late messages');
    this.#heldDown.set(`${node} ${master.addr.ip}`, nowMs);
    const voices = this.#topology.sentinelNames.filter((name) => {
      const since = this.#heldDown.get(`${name} ${master.addr.ip}`);
      return since !== undefined && nowMs - since <= maxAgeMs;
    });
    if (voices.length >= master.quorum) return;
    this.#fail('S7', `${node} holds ${master.addr.ip} for down where only ${voices.join(', ') || 'nobody'} does`);
  }

  /**
   * Whether those of whom it knows that they hold the master for down have said so of late, at each tick: what was said is
   * forgotten behind the look at it (sentinelAskMasterStateToOtherSentinels), so the first look after TILT sees what is old.
   */
  #checkVoices(node: string, sentinel: Sentinel, master: Instance): void {
    const { previousTime, tilt } = sentinel.state;
    if (tilt) this.#acted.delete(sentinel);
    const before = this.#acted.get(sentinel);
    if (tilt || before === previousTime) return;
    this.#acted.set(sentinel, previousTime);
    if (before === undefined || !master.has(FLAG.oDown)) return;
    const maxAgeMs = OPINION_MAX_MS + previousTime - before;
    let voices = 1;
    for (const other of master.sentinels.values()) {
      const ageMs = previousTime - other.lastMasterDownReplyTime;
      if (ageMs <= maxAgeMs && (other.has(FLAG.masterDown) || ageMs > OPINION_MAX_MS)) voices++;
    }
    if (voices >= master.quorum) return;
    this.#fail(
      'S7',
      `${node} holds ${master.addr.ip} for down with ${voices} voices of ${master.quorum} that are not old`,
    );
  }

  #checkMandate(node: string, id: string, master: Instance): void {
    if (master.has(FLAG.forceFailover)) return;
    const needed = Math.floor((master.sentinels.size + 1) / 2) + 1;
    const votes = this.#votesOf(id, master.failoverEpoch);
    if (votes < needed) this.#fail('S8', `${node} promotes a replica with ${votes} votes of ${needed}`);
  }

  // --------------------------------------------------------------------------------------------------------------- turns

  onTurn(node: string): void {
    const sentinel = this.#topology.sentinel(node);
    if (sentinel === null) return;
    const { state } = sentinel;
    this.#checkTilt(node, sentinel);
    const master = state.masters.get(MASTER_NAME);
    if (master === undefined) return;
    this.#checkEpochs(node, state.currentEpoch, master.configEpoch);
    if (master.leader !== null) this.#noteVote(state.myid, master.leaderEpoch, master.leader);
    for (const { runid, leader, leaderEpoch } of master.sentinels.values()) {
      if (leader !== null) this.#noteVote(runid!, leaderEpoch, leader);
    }
    if (master.has(FLAG.sDown)) this.#heldDown.set(`${node} ${master.addr.ip}`, this.#run.world.nowMs);
    this.#checkVoices(node, sentinel, master);
    this.#checkLeader(node, state.myid, master);
    this.#checkAddress(node, master);
    if (master.failoverState === 'wait_start') this.#countStaleVotes(state.myid, master);
  }

  /** Votes of an earlier epoch, which must not help to win this one. */
  #countStaleVotes(id: string, master: Instance): void {
    for (const { runid, leader, leaderEpoch } of master.sentinels.values()) {
      if (leader !== id || leaderEpoch >= master.failoverEpoch) continue;
      const vote = `${runid} ${leaderEpoch} ${master.failoverEpoch}`;
      if (!this.#staleVotes.has(vote)) this.#run.coverage.add('stale vote not counted');
      this.#staleVotes.add(vote);
    }
  }

  #checkTilt(node: string, sentinel: Sentinel): void {
    const { previousTime, tilt } = sentinel.state;
    const before = this.#ticks.get(sentinel) ?? previousTime;
    this.#ticks.set(sentinel, previousTime);
    const elapsed = previousTime - before;
    if ((elapsed < 0 || elapsed > TICK_MAX_MS) && !tilt) {
      this.#fail('S6', `${node} is not in TILT after ${elapsed} ms`);
    }
  }

  #noteVote(voter: string, epoch: bigint, leader: string): void {
    let votes = this.#votes.get(voter);
    if (votes === undefined) this.#votes.set(voter, (votes = new Map()));
    const before = votes.get(epoch);
    if (before === leader) return;
    if (before !== undefined)
      this.#forgot('S1', this.#nodeOf(voter), `${voter} voted in epoch ${epoch} for ${before} and for ${leader}`);
    votes.set(epoch, leader);
    this.#lastVoteEpoch.set(voter, epoch);
  }

  #nodeOf(id: string): string | undefined {
    return this.#topology.sentinelNames.find((name) => this.#topology.sentinel(name)?.state.myid === id);
  }

  #votesOf(id: string, epoch: bigint): number {
    let count = 0;
    for (const votes of this.#votes.values()) if (votes.get(epoch) === id) count++;
    return count;
  }

  #checkEpochs(node: string, current: bigint, config: bigint): void {
    const before = this.#epochs.get(node);
    if (before === undefined) {
      this.#epochs.set(node, { current, config });
      return;
    }
    if (current < before.current) {
      this.#forgot('S5', node, `the current epoch of ${node} went from ${before.current} to ${current}`);
    }
    if (config < before.config) {
      // SENTINEL RESET keeps the epoch of the configuration, and forgets nothing of this.
      this.#forgot('S5', node, `the configuration epoch of ${node} went from ${before.config} to ${config}`);
    }
    before.current = current;
    before.config = config;
  }

  #checkLeader(node: string, id: string, master: Instance): void {
    const isLeading = FAILOVER_ORDER[master.failoverState] >= FAILOVER_ORDER.select_slave;
    if (!isLeading) return;
    const epoch = master.failoverEpoch;
    if (master.has(FLAG.forceFailover)) {
      if (!this.#forced.has(epoch)) this.#run.exemptions.add('S2 SENTINEL FAILOVER asks nobody');
      this.#forced.add(epoch);
      return;
    }
    const leader = this.#leaders.get(epoch);
    if (leader === id) return;
    const known = master.sentinels.size + 1;
    const isShrunk = known < this.#topology.sentinelNames.length;
    if (leader !== undefined && isShrunk) this.#run.exemptions.add('S2 membership shrunk by SENTINEL RESET');
    else if (leader !== undefined) {
      this.#failUnlessForgotten('S2', `epoch ${epoch} has two leaders, ${leader} and ${id} (${node})`);
    }
    this.#leaders.set(epoch, id);
    const votes = this.#votesOf(id, epoch);
    const needed = Math.max(Math.floor(known / 2) + 1, master.quorum);
    if (votes < needed) this.#fail('S3', `${node} leads in epoch ${epoch} with ${votes} votes of ${needed}`);
  }

  #checkAddress(node: string, master: Instance): void {
    const promoted = FAILOVER_ORDER[master.failoverState] >= FAILOVER_ORDER.reconf_slaves && master.promotedReplica;
    const { ip } = promoted ? promoted.addr : master.addr;
    const before = this.#addresses.get(master.configEpoch);
    if (before === undefined) this.#addresses.set(master.configEpoch, ip);
    else if (before !== ip && this.#run.exemptions.has('S2 membership shrunk by SENTINEL RESET')) {
      this.#run.exemptions.add('S4 two leaders of one epoch');
    } else if (before !== ip && this.#run.exemptions.has('S2 SENTINEL FAILOVER asks nobody')) {
      this.#run.exemptions.add('S4 epoch that nobody was elected for');
    } else if (before !== ip && (this.#reset.has(node) || this.#run.exemptions.has(AFTER_RESET))) {
      // It forgets whom it has promoted in that epoch, and keeps the epoch (sentinelResetMaster).
      this.#run.exemptions.add(AFTER_RESET);
    } else if (before !== ip) {
      this.#failUnlessForgotten(
        'S4',
        `configuration epoch ${master.configEpoch} stands for ${before} and, says ${node}, for ${ip}`,
      );
    }
  }

  // ------------------------------------------------------------------------------------------------------------- the end

  atEnd(): void {
    const topology = this.#topology;
    const masters = topology.serverNames.filter((name) => topology.replication(name)?.isReplica === false);
    for (const name of topology.sentinelNames) {
      const reply = topology.call(name, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', MASTER_NAME);
      const address = Array.isArray(reply) ? String(reply[0]) : '';
      const named = topology.nodeAt(address);
      if (masters.length !== 1 || named !== masters[0]) {
        this.#fail('S10', `${name} names ${named} where the masters are ${masters.join(', ') || 'none'}`);
      }
    }
  }
}
