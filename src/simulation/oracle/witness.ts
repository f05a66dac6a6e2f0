/**
 * The oracle: it watches what enters each server's stream and how histories change, keeps the lineage, and finds out at once
 * when somebody has bytes or a dataset that cannot be his. It asks the servers nothing that would change them.
 *
 * What it judges (see checkers/replication.ts for the promises): R1 to R7. What it knows (`places`, `leaps`, `promotions`) is
 * the ground on which others judge what became of writes.
 */
import type { Arguments } from '../../core/arguments.ts';
import { encodeCommand } from '../../client/encode-command.ts';
import type { HistoryChange } from '../../replication/state.ts';
import { NO_ID } from '../../replication/state.ts';
import type { Fail } from '../checkers/group.ts';
import type { Run } from '../run.ts';
import { type Birth, type Branch, formatPlace, Lineage, type Place } from './lineage.ts';
import { digestOfServer, sizeOfServer } from './model.ts';
import { findState, Replay } from './replay.ts';
import { encodeChange } from './stream-commands.ts';
import { Watched } from './watched.ts';

/** A replica has become a master. */
export interface Promotion {
  readonly node: string;
  readonly timeMs: number;
  readonly from: Place;
  readonly branch: Branch;
}

export class Witness {
  readonly lineage = new Lineage();
  readonly promotions: Promotion[] = [];
  readonly #run: Run;
  readonly #fail: Fail;
  readonly #watched = new Map<string, Watched>();
  readonly #replay = new Replay(this.lineage);

  constructor(run: Run, fail: Fail) {
    this.#run = run;
    this.#fail = fail;
  }

  of(node: string): Watched | null {
    return this.#watched.get(node) ?? null;
  }

  get all(): IterableIterator<Watched> {
    return this.#watched.values();
  }

  // ------------------------------------------------------------------------------------------------------------- watching

  boot(node: string): void {
    const replication = this.#run.topology.replication(node);
    if (replication === null || !this.#run.topology.serverNames.includes(node)) return;
    let watched = this.#watched.get(node);
    if (watched === undefined) this.#watched.set(node, (watched = new Watched(node, replication)));
    const mine = watched;
    mine.replication = replication;
    mine.isBooting = true;
    mine.early = [];
    mine.unfollowed = null;
    const { state, server } = replication;
    const isHeard = (): boolean => mine.replication === replication;
    state.observer = (change): void => {
      if (isHeard()) this.#historyChanged(mine, change);
    };
    state.buffer.observer = (bytes, from, to): void => {
      if (isHeard()) this.#appended(mine, bytes, from, to);
    };
    server.hooks.changeSinks.push({
      takesMessages: false,
      feed: (database, args) => {
        if (isHeard() && !state.hasBacklog && !state.isReplica) this.#changedUnfollowed(mine, database, args);
      },
    });
  }

  died(node: string, lostPower: boolean): void {
    this.resumed(node);
    this.#watched.get(node)?.deaths.push({ timeMs: this.#nowMs, lostPower });
  }

  paused(node: string): void {
    this.#watched.get(node)?.pauses.push({ fromMs: this.#nowMs, toMs: Infinity });
  }

  resumed(node: string): void {
    const pause = this.#watched.get(node)?.pauses.at(-1);
    if (pause?.toMs === Infinity) pause.toMs = this.#nowMs;
  }

  get #nowMs(): number {
    return this.#run.world.nowMs;
  }

  // ----------------------------------------------------------------------------------------------------------- start-up

  /** A server says that it has loaded its files. */
  ready(node: string): void {
    const watched = this.#watched.get(node);
    if (watched !== undefined && watched.isBooting) this.#settle(watched);
  }

  /** Finds out where the dataset stands that was loaded at the start. */
  #settle(watched: Watched): void {
    watched.isBooting = false;
    const { state, server } = watched.replication;
    const before = watched.place;
    const { offset } = state;
    const place = this.#claimedPlace(watched);
    if (place !== null) {
      if (!state.isReplica) for (const bytes of watched.early) place.branch.append(bytes);
      watched.leapTo(state.isReplica ? place : place.branch.tip, 'restart', this.#nowMs, before);
      this.#checkDataset(watched, 'R7', 'loaded');
    } else {
      const isEmpty = sizeOfServer(server) === 0;
      // Who has deleted all that it had comes back with its files, and without a key.
      const mayRemember = !isEmpty || this.#run.schedule.knobs.appendOnly !== 'off';
      const found = mayRemember ? this.#findPast(watched, digestOfServer(server)) : null;
      if (found !== null) this.#begin(watched, 'restart', null, found, 0);
      else if (isEmpty) {
        if (before !== null && before.offset > 0) this.#run.exemptions.add('R11 empty restart');
        this.#begin(watched, 'empty', null, null, 0);
      } else {
        this.#fail('R7', `${watched.node} has loaded a dataset that it never had`);
        this.#begin(watched, 'restart', null, null, 0);
      }
    }
    if (watched.leaps.length === 0 || watched.leaps.at(-1)!.timeMs !== this.#nowMs) {
      watched.leaps.push({ timeMs: this.#nowMs, why: 'restart', before, after: watched.place! });
    }
    if (offset !== state.offset) this.#fail('R3', `${watched.node} moves while it is looked at`);
    this.#newEra(watched);
  }

  /** The place that the server takes itself to be at, if a file of its own said so. */
  #claimedPlace({ replication: { state }, node }: Watched): Place | null {
    if (state.isReplica) {
      const branch = this.lineage.find(state.id);
      return branch === null ? null : this.#placeOn(branch, state.offset);
    }
    const parent = state.secondId === NO_ID ? null : this.lineage.find(state.secondId);
    if (parent === null) return null;
    const start = state.secondOffset - 1;
    return this.#grow(node, 'restart', state.id, this.#placeOn(parent, start), start).tip;
  }

  /** The latest place, of those that the node has been on the way to, at which its dataset was that. */
  #findPast(watched: Watched, digest: string): Place | null {
    const ends = [watched.place, ...watched.leaps.toReversed().map(({ before }) => before)];
    for (const end of ends) {
      const found = end === null ? null : findState(this.lineage, end, digest);
      if (found !== null) return found;
    }
    return null;
  }

  // ----------------------------------------------------------------------------------------------------------- branches

  #grow(node: string, birth: Birth, name: string | null, parent: Place | null, start: number): Branch {
    return this.lineage.add(name, start, { birth, node, timeMs: this.#nowMs, parent });
  }

  /** A new branch, at whose beginning the server stands. */
  #begin(watched: Watched, birth: Birth, name: string | null, parent: Place | null, start: number): void {
    const branch = this.#grow(watched.node, birth, name, parent, start);
    watched.unfollowed = name === null ? branch : null;
    watched.unfollowedDatabase = -1;
    watched.moveTo(branch.tip, this.#nowMs);
  }

  /** The place that somebody means who names a history and an offset: it may lie before the history began. */
  #placeOn(branch: Branch, offset: number): Place {
    let at = branch;
    while (offset < at.start && at.origin.parent !== null && !at.origin.parent.branch.name.includes('#')) {
      at = at.origin.parent.branch;
    }
    return { branch: at, offset };
  }

  /** The branch that an id stands for; if nobody has seen it begin, it begins here. */
  #branchOf(watched: Watched, offset: number): Branch {
    const { id } = watched.replication.state;
    const known = this.lineage.find(id);
    if (known !== null) return known;
    this.#run.exemptions.add('history of unknown origin');
    return this.#grow(watched.node, 'unknown', id, watched.place, offset);
  }

  #newEra(watched: Watched): void {
    watched.eras.push(this.#nowMs);
  }

  // ------------------------------------------------------------------------------------------------------------ changes

  #historyChanged(watched: Watched, change: HistoryChange): void {
    const { state, server } = watched.replication;
    if (watched.isBooting) {
      if (server.persistence.loading.isActive || change === 'kept' || change === 'freed') return;
      this.#settle(watched);
    }
    this.#newEra(watched);
    switch (change) {
      case 'new-id':
        this.#begin(watched, 'new-id', state.id, watched.place, state.offset);
        return;
      case 'promoted':
        this.#promoted(watched);
        return;
      case 'continued':
        this.#continued(watched);
        return;
      case 'replaced': {
        const { offset } = state;
        watched.leapTo(this.#placeOn(this.#branchOf(watched, offset), offset), 'replaced', this.#nowMs);
        this.#checkDataset(watched, 'R6', 'came to');
        return;
      }
      case 'freed':
        // What is here goes, for a dataset that comes; or the stream is not kept any more.
        watched.unfollowed = null;
        return;
      case 'kept':
    }
  }

  #promoted(watched: Watched): void {
    const { state } = watched.replication;
    const { node, place } = watched;
    if (place === null) return;
    if (state.hasBacklog) {
      const { branch, offset } = place;
      const isRight = state.secondOffset === offset + 1 && this.#isOn(state.secondId, branch);
      if (!isRight) {
        const claimed = `${state.secondId.slice(0, 8)}…:${state.secondOffset - 1}`;
        this.#fail('R5', `${node} was promoted at ${formatPlace(place)} and says that it was at ${claimed}`);
      }
    }
    this.#begin(watched, 'promotion', state.id, place, state.offset);
    this.promotions.push({ node, timeMs: this.#nowMs, from: place, branch: watched.place!.branch });
  }

  /** Whether an id stands for a branch, or for one that grew out of it. */
  #isOn(id: string, branch: Branch): boolean {
    for (let at = this.lineage.find(id); at !== null; at = at.origin.parent?.branch ?? null) {
      if (at === branch) return true;
    }
    return false;
  }

  #continued(watched: Watched): void {
    const { state } = watched.replication;
    const { node, place } = watched;
    const next = this.#placeOn(this.#branchOf(watched, state.offset), state.offset);
    if (place === null || !this.lineage.isSame(place, next)) {
      const where = place === null ? 'nowhere' : formatPlace(place);
      this.#fail(
        'R4',
        `${node} stands at ${where} and was let go on at ${formatPlace(next)}, which is another dataset`,
      );
    }
    watched.moveTo(next, this.#nowMs);
    this.#run.coverage.add('partial resynchronisation under another id');
  }

  // ------------------------------------------------------------------------------------------------------------- streams

  #appended(watched: Watched, bytes: Buffer, from: number, to: number): void {
    const { state, server } = watched.replication;
    if (watched.isBooting) {
      if (server.persistence.loading.isActive) {
        watched.early.push(Buffer.from(bytes.subarray(from, to)));
        return;
      }
      this.#settle(watched);
    }
    const { place, node } = watched;
    let offset = state.offset - (to - from);
    const branch = this.#branchOf(watched, offset);
    if (place !== null && (!this.#isOn(state.id, place.branch) || place.offset !== offset)) {
      const text = `${node} stands at ${formatPlace(place)} and goes on at ${branch.name.slice(0, 8)}…:${offset}`;
      this.#fail('R3', text);
    }
    // What is told twice may lie on several branches: before the promotion, and after.
    for (let at = from; at < to;) {
      const part = this.#placeOn(branch, offset);
      const isOld = part.branch !== branch;
      const count = isOld ? Math.min(to - at, this.#endOnWayTo(branch, part.branch) - offset) : to - at;
      if (count <= 0) {
        // It stands where the branch begins, by its older name.
        this.#write(watched, { branch, offset }, bytes, at, to);
        return;
      }
      if (!this.#write(watched, part, bytes, at, at + count)) return;
      at += count;
      offset += count;
    }
  }

  /** Where the way to a branch leaves an older one. */
  #endOnWayTo(branch: Branch, older: Branch): number {
    let at = branch;
    while (at.origin.parent!.branch !== older) at = at.origin.parent!.branch;
    return at.origin.parent!.offset;
  }

  /** @returns whether it may be so. */
  #write(watched: Watched, place: Place, bytes: Buffer, from: number, to: number): boolean {
    const { branch, offset } = place;
    const { state } = watched.replication;
    const difference = branch.firstDifference(offset, bytes, from, to);
    if (difference > branch.end && !state.isReplica) branch.append(bytes, from + branch.end - offset, to);
    else if (difference > 0) {
      const isAhead = difference > branch.end;
      this.#fail(
        isAhead ? 'R2' : 'R1',
        isAhead
          ? `${watched.node} is ahead of its master at ${formatPlace({ branch, offset: difference })}`
          : `${watched.node} has another byte at ${formatPlace({ branch, offset: difference })} than was written there`,
      );
      return false;
    }
    watched.moveTo({ branch, offset: offset + to - from }, this.#nowMs);
    if (!state.isReplica) this.#checkAcknowledgements(watched);
    return true;
  }

  /** A master changes what nobody follows. */
  #changedUnfollowed(watched: Watched, database: number, args: Arguments): void {
    if (watched.isBooting) this.#settle(watched);
    if (watched.unfollowed === null) this.#begin(watched, 'unfollowed', null, watched.place, 0);
    const branch = watched.unfollowed!;
    if (watched.unfollowedDatabase !== database) branch.append(encodeCommand(['SELECT', database]));
    watched.unfollowedDatabase = database;
    branch.append(encodeChange(args));
    watched.moveTo(branch.tip, this.#nowMs);
  }

  /** Nobody acknowledges what he has not executed. */
  #checkAcknowledgements(master: Watched): void {
    const { links, state } = master.replication;
    for (const link of links) {
      if (!link.isOnline || link.address === null || link.ackOffset === 0) continue;
      const replica = this.#watched.get(this.#run.topology.nodeAt(link.address));
      if (replica === undefined) continue;
      let reached = -1;
      for (let at = this.lineage.find(state.id); at !== null; at = at.origin.parent?.branch ?? null) {
        reached = Math.max(reached, replica.reached.get(at) ?? -1);
      }
      if (reached >= 0 && link.ackOffset > reached) {
        const text = `${replica.node} has acknowledged ${link.ackOffset} to ${master.node} and executed ${reached}`;
        this.#fail('R2', text);
      }
    }
  }

  // ------------------------------------------------------------------------------------------------------------- the end

  /** Faults are over and all stand still. */
  judgeAll(): void {
    for (const watched of this.#watched.values()) {
      if (this.#run.topology.replication(watched.node) !== watched.replication) continue;
      if (watched.isBooting) this.#settle(watched);
      this.#checkDataset(watched, 'R7', 'ended with');
      this.#checkBacklog(watched);
    }
  }

  #checkDataset({ node, place, replication }: Watched, checker: string, verb: string): void {
    if (place === null) return;
    const model = this.#replay.at(place);
    if (model.unknown !== null || !this.#isWhole(place)) {
      this.#run.exemptions.add(
        model.unknown === null ? 'history of unknown origin' : 'command that the model does not know',
      );
      return;
    }
    if (model.digest === digestOfServer(replication.server)) return;
    const sizes = `${sizeOfServer(replication.server)} keys where ${model.size} are right`;
    this.#fail(checker, `${node} ${verb} another dataset at ${formatPlace(place)} than its history makes: ${sizes}`);
  }

  /** Whether the way to a place is known from its beginning. */
  #isWhole(place: Place): boolean {
    return this.lineage.path(place)[0]!.branch.origin.birth === 'empty';
  }

  #checkBacklog(watched: Watched): void {
    const { state } = watched.replication;
    const { buffer } = state;
    const { place, node } = watched;
    if (!state.hasBacklog || place === null) return;
    if (place.offset !== state.offset) {
      this.#fail('R3', `${node} is at ${state.offset}, and its stream at ${formatPlace(place)}`);
      return;
    }
    const held = buffer.tail(buffer.historyBytes);
    const known = this.lineage
      .path(place)
      .flatMap(({ branch, from, to }) => (branch.name.includes('#') ? [] : [branch.bytes(from, to)]));
    const expected = Buffer.concat(known).subarray(-held.length || undefined);
    const shared = Math.min(held.length, expected.length);
    if (shared > 0 && !held.subarray(held.length - shared).equals(expected.subarray(expected.length - shared))) {
      this.#fail('R3', `the backlog of ${node} is not the end of its stream up to ${formatPlace(place)}`);
    }
  }
}
