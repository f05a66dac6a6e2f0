/** What the oracle knows of one server: where in the lineage its dataset stands, and where it has been. */
import type { Replication } from '../../replication/replication.ts';
import type { Branch, Place } from './lineage.ts';

/** From `timeMs` on the server stood there. */
export interface Stay {
  readonly timeMs: number;
  readonly place: Place;
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
  /** Where it stood, oldest first; the last one is where it stands now. */
  readonly stays: Stay[] = [];
  readonly leaps: Leap[] = [];
  /** How far it has come on each branch, ever. */
  readonly reached = new Map<Branch, number>();

  constructor(node: string, replication: Replication) {
    this.node = node;
    this.replication = replication;
  }

  moveTo(place: Place, timeMs: number): void {
    this.place = place;
    this.stays.push({ timeMs, place });
    if ((this.reached.get(place.branch) ?? -1) < place.offset) this.reached.set(place.branch, place.offset);
  }

  leapTo(place: Place, why: Leap['why'], timeMs: number, before = this.place): void {
    this.leaps.push({ timeMs, why, before, after: place });
    this.unfollowed = null;
    this.moveTo(place, timeMs);
  }
}
