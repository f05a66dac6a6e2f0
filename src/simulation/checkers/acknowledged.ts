/** R8 to R11: what WAIT and min-replicas-to-write promise of writes, and what they do not. */
import type { MakeChecker } from '../checker.ts';
import type { EntryOf, HistoryEntry } from '../history.ts';
import { type Fates, isWithoutEffect, isWrite } from '../oracle/fate.ts';
import type { Ground } from '../oracle/ground.ts';
import type { Branch, Place } from '../oracle/lineage.ts';
import type { Watched } from '../oracle/watched.ts';
import type { Witness } from '../oracle/witness.ts';
import type { Run } from '../run.ts';
import { type Fail, group, type Judge } from './group.ts';
import { type Operation, Operations } from './operations.ts';

export const ACKNOWLEDGEMENT_PROMISES = {
  R8: 'WAIT answers no more than the number of replicas that have executed what its client wrote before (waitCommand).',
  R9: 'A write that a replica has acknowledged is not lost by its promotion, if it kept its memory until then.',
  R10: 'With min-replicas-to-write, no write is acknowledged later than the lag and a second after too few could acknowledge.',
  R11: 'A master without persistence that comes back empty empties its replicas: that is documented, and only counted.',
} as const;

const REFRESH_MS = 1000;
const SLACK_MS = 2000;
/** Links that are neither open nor cut, and clocks that are not to be trusted. */
const UNCLEAR = /^(?:flap|mute|slow|stall|rate|loss|clock-jump|drift|on-event)$/;

/** Makers for one run. @param ground what the oracle knows, which was made before. */
export function acknowledgementCheckers(ground: Ground): MakeChecker[] {
  return group(ACKNOWLEDGEMENT_PROMISES, (run: Run, fail: Fail): Judge => new AcknowledgementJudge(run, ground, fail));
}

/** A WAIT, and the write that it was for. */
interface Waited {
  readonly wait: Operation;
  readonly write: Operation;
  readonly place: Place;
}

class AcknowledgementJudge implements Judge {
  readonly #run: Run;
  readonly #ground: Ground;
  readonly #witness: Witness;
  readonly #fail: Fail;
  readonly #operations = new Operations();
  readonly #reach: ReachWatch | null;

  constructor(run: Run, ground: Ground, fail: Fail) {
    this.#run = run;
    this.#ground = ground;
    this.#witness = ground.witness;
    this.#fail = fail;
    this.#reach = run.schedule.knobs.minReplicas > 0 ? new ReachWatch(run, fail) : null;
  }

  onEntry(entry: HistoryEntry): void {
    if (entry.kind === 'op') this.#operations.take(entry);
    this.#reach?.onEntry(entry, this.#operations);
  }

  atEnd(): void {
    const fates = this.#ground.fates(this.#run);
    for (const waited of this.#waits(fates)) {
      this.#checkCount(waited);
      const fate = fates.of(waited.write);
      if (fate.kind === 'lost' && fate.taken?.origin.birth === 'promotion') this.#checkPromotion(waited, fate.taken);
    }
  }

  /** Each WAIT that was answered, with the write before it on the same connection. */
  *#waits({ executions }: Fates): Generator<Waited> {
    const last = new Map<string, Operation>();
    for (const operation of this.#operations.all) {
      const { client, outcome, at, words, reply } = operation;
      const before = last.get(client);
      if (outcome !== 'ok' || (before !== undefined && before.at !== at)) last.delete(client);
      if (outcome !== 'ok') continue;
      if (isWrite(operation) && !isWithoutEffect(operation)) last.set(client, operation);
      if (words[0] !== 'WAIT' || Number(reply) === 0) continue;
      const write = last.get(client);
      const place = write === undefined ? undefined : executions.of(write.id).at(-1);
      if (write === undefined || place === undefined || !this.#isOneEra(at, write.start, operation.end)) continue;
      this.#run.coverage.add('WAIT that was answered');
      yield { wait: operation, write, place };
    }
  }

  #isOneEra(node: string, fromMs: number, toMs: number): boolean {
    return this.#witness.of(node)?.eras.every((eraMs) => eraMs < fromMs || eraMs > toMs) ?? false;
  }

  #checkCount(waited: Waited): void {
    const { wait, write, place } = waited;
    const { lineage, all } = this.#witness;
    const had = [...all].filter(
      (watched) => watched.node !== wait.at && watched.firstBehind(lineage, place, wait.end) !== null,
    );
    const missing = Number(wait.reply) - had.length;
    if (missing <= 0) return;
    const forgotten = had.reduce((sum, watched) => sum + this.#forgottenLinks(watched, waited), 0);
    if (missing <= forgotten) {
      this.#run.exemptions.add('R8 a replica that lost power was counted again');
      return;
    }
    const who = had.map(({ node }) => node).join(', ') || 'nobody';
    this.#fail(
      'R8',
      `WAIT answered ${String(wait.reply as number)} for ${write.words.join(' ')}, which ${who} had executed`,
    );
  }

  /**
   * Who loses power does not say so. Until its master gives the link up, it counts what was acknowledged on it, and counts the
   * same replica once more when that is back (replicationCountAcksByOffset counts links).
   */
  #forgottenLinks(watched: Watched, { wait, place }: Waited): number {
    const executedMs = watched.firstBehind(this.#witness.lineage, place, wait.end) ?? Infinity;
    const sinceMs = Math.max(executedMs, wait.end - this.#run.schedule.knobs.replTimeoutSeconds * 1000 - SLACK_MS);
    return watched.deaths.filter(({ timeMs, lostPower }) => lostPower && timeMs >= sinceMs && timeMs <= wait.end)
      .length;
  }

  #checkPromotion({ wait, write, place }: Waited, taken: Branch): void {
    const { lineage } = this.#witness;
    const { node, timeMs } = taken.origin;
    const promoted = this.#witness.of(node)!;
    const stay = promoted.firstBehind(lineage, place, wait.end);
    // It may have had the write later, as the replica of somebody else.
    if (stay === null || stay > timeMs) {
      this.#run.exemptions.add('R9 somebody was promoted who had not acknowledged');
      return;
    }
    const hasLeapt = promoted.leaps.some((leap) => leap.timeMs >= stay && leap.timeMs <= timeMs);
    if (hasLeapt) this.#run.exemptions.add('R9 whoever was promoted had forgotten');
    else
      this.#fail('R9', `${write.words.join(' ')} was acknowledged by ${node}, which was promoted and does not have it`);
  }
}

/** R10: who could have acknowledged anything to whom, and when last. */
class ReachWatch {
  readonly #run: Run;
  readonly #fail: Fail;
  /** When the first of a pair has heard the second last. */
  readonly #heardMs = new Map<string, number>();
  readonly #resumedMs = new Map<string, number>();
  /** Pairs of whom the first heard the second when they were last looked at. */
  #open = new Set<string>();
  /** Pairs of whom the first is paused, and reads what the second has said meanwhile when it goes on. */
  readonly #unread = new Set<string>();
  /** Since when pairs have been cut off from each other. */
  readonly #cutMs = new Map<string, number>();
  /** Until when something can arrive that was held up by a cut, which is no more. */
  readonly #lateUntilMs = new Map<string, number>();
  /** Something changes: a healing is told before it is done, and a cut afterwards. */
  #isChanging = false;
  readonly #isUnclear: boolean;

  constructor(run: Run, fail: Fail) {
    this.#run = run;
    this.#fail = fail;
    this.#isUnclear = run.schedule.steps.some(({ fault }) => UNCLEAR.test(fault.kind));
    if (this.#isUnclear) run.exemptions.add('R10 links or clocks that are not to be trusted');
  }

  onEntry(entry: HistoryEntry, operations: Operations): void {
    // While nodes are being made, nobody can be asked for them.
    if (this.#isUnclear || this.#run.phase === 'start') return;
    if (this.#isChanging) {
      this.#isChanging = false;
      this.#look();
    }
    if (entry.kind === 'fault' || entry.kind === 'heal' || entry.kind === 'process' || entry.kind === 'phase') {
      if (entry.kind === 'process' && entry.state === 'resumed') this.#resumedMs.set(entry.node, entry.t);
      this.#look();
      this.#isChanging = true;
      if (entry.kind === 'process' && entry.state !== 'paused') this.#endUnread(entry.node, entry.state === 'resumed');
    } else if (entry.kind === 'op' && entry.phase === 'ok') this.#check(entry, operations);
  }

  #look(): void {
    const { topology, world } = this.#run;
    const open = new Set<string>();
    for (const a of topology.serverNames) {
      for (const b of topology.serverNames) {
        const pair = `${a} ${b}`;
        if (a === b) continue;
        this.#lookForCut(pair, world.network.reaches(a, b) && world.network.reaches(b, a));
        if (this.#hears(a, b)) open.add(pair);
        else if (this.#canLeaveWord(a, b)) this.#unread.add(pair);
      }
    }
    for (const pair of [...open, ...this.#open]) this.#heardMs.set(pair, world.nowMs);
    this.#open = open;
  }

  /** It goes on and reads what there is; or it has died, and what was said to it with it. */
  #endUnread(node: string, reads: boolean): void {
    for (const pair of [...this.#unread].filter((one) => one.startsWith(`${node} `))) {
      this.#unread.delete(pair);
      if (reads) this.#heardMs.set(pair, this.#run.world.nowMs);
    }
  }

  #canLeaveWord(a: string, b: string): boolean {
    const { topology, world } = this.#run;
    const isPaused = topology.process(a).state === 'paused' && topology.process(b).state === 'running';
    return isPaused && world.network.reaches(b, a);
  }

  /** What is sent during a cut arrives with a retransmission, up to as long after the cut as it has lasted. */
  #lookForCut(pair: string, isOpen: boolean): void {
    const { nowMs } = this.#run.world;
    const sinceMs = this.#cutMs.get(pair);
    if (!isOpen && sinceMs === undefined) this.#cutMs.set(pair, nowMs);
    if (sinceMs === undefined) return;
    const lateUntilMs = this.#lateUntilMs.get(pair);
    if (!isOpen) this.#lateUntilMs.delete(pair);
    else if (lateUntilMs === undefined) this.#lateUntilMs.set(pair, 2 * nowMs - sinceMs + SLACK_MS);
    else if (nowMs > lateUntilMs) this.#cutMs.delete(pair);
  }

  /** Whether a hears b. The way back may be cut: replicas acknowledge every second, whatever they hear. */
  #hears(a: string, b: string): boolean {
    const { topology, world } = this.#run;
    const isUp = topology.process(a).state === 'running' && topology.process(b).state === 'running';
    return isUp && world.network.reaches(b, a);
  }

  #check({ node, id, words, at, t }: EntryOf<'op'>, operations: Operations): void {
    const { topology, schedule } = this.#run;
    const { minReplicas, minReplicasMaxLagSeconds } = schedule.knobs;
    const operation = operations.all.findLast((one) => one.client === node && one.id === id);
    if (operation === undefined || at === undefined || !isWrite(operation)) return;
    if (t - (this.#resumedMs.get(at) ?? -Infinity) < SLACK_MS) return;
    const sinceMs = operation.start - minReplicasMaxLagSeconds * 1000 - REFRESH_MS - SLACK_MS;
    const others = topology.serverNames.filter((other) => other !== at);
    const silent = others.filter((other) => {
      return !this.#hears(at, other) && (this.#heardMs.get(`${at} ${other}`) ?? -Infinity) < sinceMs;
    });
    const count = others.length - silent.length;
    if (count >= minReplicas) {
      this.#run.coverage.add('write with enough replicas');
      return;
    }
    // A master notes when an acknowledgement has come, and not when it was sent (replconfCommand).
    const late = silent.filter((other) => (this.#lateUntilMs.get(`${at} ${other}`) ?? -Infinity) >= sinceMs);
    if (count + late.length >= minReplicas) {
      this.#run.exemptions.add('R10 acknowledgement that a cut has held up');
      return;
    }
    this.#fail('R10', `${words.join(' ')} was acknowledged by ${at} while ${count} replicas could acknowledge it`);
  }
}
