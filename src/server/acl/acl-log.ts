/**
 * ACL LOG: what was refused lately, newest first. The same thing refused to the same user again within a minute is
 * counted in its entry, if that is among the last few, and moves it to the front.
 */

export type Reason = 'command' | 'key' | 'channel' | 'auth';
export type Place = 'toplevel' | 'multi' | 'lua';

export interface Refusal {
  readonly reason: Reason;
  readonly context: Place;
  /** The command, key or channel that was refused; the command that failed to log in. */
  readonly object: string;
  readonly username: string;
  /** The client as CLIENT LIST shows it. */
  readonly clientInfo: string;
}

export interface AclLogEntry extends Refusal {
  readonly count: number;
  readonly atMs: number;
}

const GROUPING_MS = 60_000;
const SEARCHED_ENTRIES = 10;

export class AclLog {
  /** Newest first. */
  #entries: AclLogEntry[] = [];
  readonly #limit: () => number;

  /** @param limit acllog-max-len */
  constructor(limit: () => number) {
    this.#limit = limit;
  }

  get entries(): readonly AclLogEntry[] {
    return this.#entries;
  }

  add(refusal: Refusal, nowMs: number): void {
    const entries = this.#entries;
    const known = entries.slice(0, SEARCHED_ENTRIES).findIndex((entry) => isSame(entry, refusal, nowMs));
    const count = known < 0 ? 1 : entries[known]!.count + 1;
    if (known >= 0) entries.splice(known, 1);
    entries.unshift({ ...refusal, count, atMs: nowMs });
    // Redis shortens the log when it grows, not when the limit is lowered.
    if (known < 0 && entries.length > this.#limit()) entries.length = this.#limit();
  }

  clear(): void {
    this.#entries = [];
  }
}

function isSame(entry: AclLogEntry, refusal: Refusal, nowMs: number): boolean {
  return (
    entry.reason === refusal.reason &&
    entry.context === refusal.context &&
    Math.abs(entry.atMs - nowMs) <= GROUPING_MS &&
    entry.object === refusal.object &&
    entry.username === refusal.username
  );
}
