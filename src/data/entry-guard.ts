/**
 * What a dict of the keyspace tells a snapshot that is being taken of it (persistence/snapshot.ts). A snapshot walks the
 * dict in slices while commands run; it has to see each entry as it was when it began, so it hears of a change before
 * the change is made.
 *
 * `Database` calls this wherever entries come, go, move or change; a dict without a guard costs one comparison with
 * null. A handler that changes a value has looked its entry up with `Database.write`, which counts as the announcement
 * of a change: so whoever changes what `read`, `peek` or `look` found says `Database.willChange` first.
 */
export interface EntryGuard {
  /** An entry is about to be changed or removed, or may be. */
  beforeChange(address: number): void;
  /**
   * An entry will be changed soon: it is seen to before others, in slices.
   * @returns whether that is needed; false once it is done.
   */
  prefer(address: number): boolean;
  /** An entry was added; its value may not be complete yet. */
  added(address: number): void;
  /** The record of an entry stands at another address now. */
  moved(from: number, to: number): void;
  /** The record of an entry is about to be freed. */
  removed(address: number): void;
  /**
   * The database does not use the dict any more.
   * @param free frees its records in slices; the guard calls it when it does not need them any longer.
   */
  detached(free: () => () => boolean): void;
}
