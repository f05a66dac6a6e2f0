/**
 * What must hold at every moment, judged by an observer who sees all sentinels at once.
 *
 * - A vote is for ever: what a sentinel has once told about an epoch, it tells whenever it is asked, over restarts.
 * - An epoch has one leader at most, and it had the votes: more than half of all, and no fewer than the quorum, each
 *   given in that epoch.
 * - Epochs never go back, over restarts either.
 * - A configuration epoch stands for one address, whoever names it.
 * - Who sees the clock go back, or make a leap between two ticks, is in TILT; and who is in TILT does nothing.
 * - The replica that is promoted is the best of those that the leader may choose from.
 *
 * A state counts when the turn that made it is over: what power loss takes back before that, nobody has heard of.
 */
import type { Sentinel, SentinelEvent } from '../../../src/sentinel/sentinel.ts';
import { FAILOVER_ORDER, FLAG, type Instance } from '../../../src/sentinel/state.ts';
import { MASTER_NAME } from './sentinel-set.ts';

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

const OFFSET_MAX = 1e15;
/** More time than this between two ticks is suspicious. */
const TICK_MAX_MS = 2000;
/** Replicas are asked for INFO that often while the master is down; older news do not count. */
const NEWS_MAX_MS = 5000;

export class Checkers {
  readonly #sentinels: number;
  readonly #quorum: number;
  /** `voter epoch` to who got the vote. */
  readonly #votes = new Map<string, string>();
  readonly #leaders = new Map<bigint, string>();
  readonly #epochs = new Map<string, { current: bigint; config: bigint }>();
  readonly #addresses = new Map<bigint, string>();
  /** When each sentinel last ticked, by its own clock. */
  readonly #ticks = new WeakMap<Sentinel, number>();
  /** The first thing that was wrong. */
  violation: string | null = null;
  readonly counts = new Map<string, number>();

  constructor(sentinels: number, quorum: number) {
    this.#sentinels = sentinels;
    this.#quorum = quorum;
  }

  event(name: string, sentinel: Sentinel, { type, payload }: SentinelEvent): void {
    this.counts.set(type, (this.counts.get(type) ?? 0) + 1);
    if (sentinel.state.tilt && ACTIONS.has(type)) this.#fail(`${name} acts in TILT: ${type} ${payload}`);
    if (type === '+selected-slave') this.#checkChoice(name, sentinel, payload);
  }

  turn(name: string, sentinel: Sentinel): void {
    const { state } = sentinel;
    this.#checkTilt(name, sentinel);
    const master = state.masters.get(MASTER_NAME);
    if (master === undefined) return;
    this.#checkEpochs(name, state.currentEpoch, master.configEpoch);
    if (master.leader !== null) this.#noteVote(state.myid, master.leaderEpoch, master.leader);
    for (const { runid, leader, leaderEpoch } of master.sentinels.values()) {
      if (leader !== null) this.#noteVote(runid!, leaderEpoch, leader);
    }
    this.#checkLeader(name, state.myid, master);
    this.#checkAddress(name, master);
  }

  #checkTilt(name: string, sentinel: Sentinel): void {
    const { previousTime, tilt } = sentinel.state;
    const before = this.#ticks.get(sentinel) ?? previousTime;
    this.#ticks.set(sentinel, previousTime);
    const elapsed = previousTime - before;
    if ((elapsed < 0 || elapsed > TICK_MAX_MS) && !tilt) this.#fail(`${name} is not in TILT after ${elapsed} ms`);
  }

  #noteVote(voter: string, epoch: bigint, leader: string): void {
    const key = `${voter} ${epoch}`;
    const before = this.#votes.get(key);
    if (before === undefined) this.#votes.set(key, leader);
    else if (before !== leader) this.#fail(`${voter} voted in epoch ${epoch} for ${before} and for ${leader}`);
  }

  #checkEpochs(name: string, current: bigint, config: bigint): void {
    const before = this.#epochs.get(name);
    if (before === undefined) {
      this.#epochs.set(name, { current, config });
      return;
    }
    if (current < before.current) this.#fail(`current epoch of ${name} went from ${before.current} to ${current}`);
    if (config < before.config) this.#fail(`config epoch of ${name} went from ${before.config} to ${config}`);
    before.current = current;
    before.config = config;
  }

  #checkLeader(name: string, id: string, master: Instance): void {
    const isLeading = FAILOVER_ORDER[master.failoverState] >= FAILOVER_ORDER.select_slave;
    if (!isLeading || master.has(FLAG.forceFailover)) return;
    const epoch = master.failoverEpoch;
    const leader = this.#leaders.get(epoch);
    if (leader === id) return;
    if (leader !== undefined) this.#fail(`epoch ${epoch} has two leaders, ${leader} and ${id} (${name})`);
    this.#leaders.set(epoch, id);
    let votes = 0;
    for (const [key, candidate] of this.#votes) if (candidate === id && key.endsWith(` ${epoch}`)) votes++;
    const needed = Math.max(Math.floor(this.#sentinels / 2) + 1, this.#quorum);
    if (votes < needed) this.#fail(`${name} leads in epoch ${epoch} with ${votes} votes of ${needed}`);
  }

  #checkAddress(name: string, master: Instance): void {
    const promoted = FAILOVER_ORDER[master.failoverState] >= FAILOVER_ORDER.reconf_slaves && master.promotedReplica;
    const { ip } = promoted ? promoted.addr : master.addr;
    const before = this.#addresses.get(master.configEpoch);
    if (before === undefined) this.#addresses.set(master.configEpoch, ip);
    else if (before !== ip) {
      this.#fail(`config epoch ${master.configEpoch} stands for ${before} and, says ${name}, for ${ip}`);
    }
  }

  /** The rules of choice, told a second time. */
  #checkChoice(name: string, { state, machine }: Sentinel, payload: string): void {
    const master = state.masters.get(MASTER_NAME)!;
    const isDown = master.has(FLAG.sDown);
    const cutOffMaxMs = (isDown ? machine.nowMs - master.sDownSinceTime : 0) + 10 * master.downAfterPeriod;
    const eligible = [...master.replicas.values()].filter(
      (replica) =>
        !replica.isDown &&
        !replica.link.disconnected &&
        replica.slavePriority > 0 &&
        machine.nowMs - replica.link.lastAvailTime <= NEWS_MAX_MS &&
        machine.nowMs - replica.infoRefresh <= (isDown ? NEWS_MAX_MS : 30_000) &&
        replica.masterLinkDownTime <= cutOffMaxMs,
    );
    const key = (replica: Instance): string => {
      const priority = fieldOf(replica.info, 'slave_priority') ?? replica.slavePriority;
      const offset = fieldOf(replica.info, 'slave_repl_offset') ?? Number(replica.slaveReplOffset);
      return `${String(priority).padStart(10, '0')} ${String(OFFSET_MAX - offset).padStart(16, '0')} ${replica.runid}`;
    };
    const best = eligible
      .map((replica) => `${key(replica)}|${replica.name}`)
      .toSorted()[0]
      ?.split('|')[1];
    const chosen = payload.split(' ')[1];
    if (best !== chosen) this.#fail(`${name} chooses ${chosen} where ${best} is better`);
  }

  #fail(text: string): void {
    this.violation ??= text;
  }
}

/** Of INFO; a master that has been a replica says nothing of that any more. */
function fieldOf(info: string | null, name: string): number | null {
  const digits = new RegExp(`^${name}:(\\d+)\r$`, 'm').exec(info ?? '')?.[1];
  return digits === undefined ? null : Number(digits);
}
