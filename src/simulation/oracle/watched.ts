/** What the oracle knows of one server: where in the lineage its dataset stands, and where it has been. */
import type { Replication } from '../../replication/replication.ts';
import { lowerBound } from '../lower-bound.ts';
import type { Branch, Lineage, Place } from './lineage.ts';

/** While a server went along a branch: from `times[i]` on it stood at `offsets[i]`. Both grow. */
interface Walk {
  readonly branch: Branch;
  readonly times: number[];
  readonly offsets: number[];
}

/** The server stood at `before` and found itself elsewhere, by something else than its stream. */
export interface Leap {
  readonly timeMs: number;
  readonly why: 'replaced' | 'restart';
  readonly before: Place | null;
  readonly after: Place;
}

export class Watched {
  readonly node: string;
  /** Of the life that it has now. */
  replication: Replication;
  /** Null while nobody can say: it loads. */
  place: Place | null = null;
  /** It has not loaded its files yet. */
  isBooting = true;
  /** What entered its stream while it loaded. */
  early: Buffer[] = [];
  /** Branch that takes what it changes while nobody follows it. */
  unfollowed: Branch | null = null;
  unfollowedDatabase = -1;
  /** When its role or its history has changed. */
  readonly eras: number[] = [];
  /** When its process has ended, and whether the machine did. */
  readonly deaths: { readonly timeMs: number; readonly lostPower: boolean }[] = [];
  /** When its process was paused; the last time may not be over. */
  readonly pauses: { readonly fromMs: number; toMs: number }[] = [];
  /** Where it stood, oldest first; the last one ends where it stands now. */
  readonly #walks: Walk[] = [];
  readonly leaps: Leap[] = [];
  /** How far it has come on each branch, ever. */
  readonly reached = new Map<Branch, number>();

  constructor(node: string, replication: Replication) {
    this.node = node;
    this.replication = replication;
  }

  moveTo(place: Place, timeMs: number): void {
    this.place = place;
    this.#walk(place, timeMs);
    if ((this.reached.get(place.branch) ?? -1) < place.offset) this.reached.set(place.branch, place.offset);
  }

  leapTo(place: Place, why: Leap['why'], timeMs: number, before = this.place): void {
    this.leaps.push({ timeMs, why, before, after: place });
    this.unfollowed = null;
    this.moveTo(place, timeMs);
  }

  #walk({ branch, offset }: Place, timeMs: number): void {
    const last = this.#walks.at(-1);
    if (last === undefined || last.branch !== branch || last.offsets.at(-1)! > offset) {
      this.#walks.push({ branch, times: [timeMs], offsets: [offset] });
      return;
    }
    last.times.push(timeMs);
    last.offsets.push(offset);
  }

  /** When it first stood behind a place, until a time; null if it did not. */
  firstBehind(lineage: Lineage, place: Place, untilMs: number): number | null {
    for (const { branch, times, offsets } of this.#walks) {
      if (times[0]! > untilMs) return null;
      // On another branch than that of the place, all or none of what is there lies behind it.
      const isHere = branch === place.branch;
      if (!isHere && !lineage.covers({ branch, offset: offsets[0]! }, place)) continue;
      const timeMs = isHere ? times[lowerBound(offsets.length, (at) => offsets[at]! >= place.offset)] : times[0];
      if (timeMs !== undefined) return timeMs <= untilMs ? timeMs : null;
    }
    return null;
  }
}
