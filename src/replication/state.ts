/**
 * What a server knows about the history of its dataset, whatever its role.
 *
 * A history is named by a replication id, and a place in it by an offset: the number of bytes of the replication stream up
 * to there. Two servers with the same id have the same data at the same offset. A replica takes over the id and the offset
 * of its master; a replica that is promoted begins a history of its own, and remembers the old id as its second one, valid
 * up to the offset at which the two part (`secondOffset` is that of the first byte that they do not share).
 *
 * The offset moves only while there is a backlog: without one (no replica has ever come) nobody could ask for the bytes.
 * That is why a backlog that is created anew on a master begins a new history, and one that is freed ends it.
 *
 * Both sides of replication share this: the master side appends what its clients changed, the replica side what its master
 * has sent, byte for byte. There is no I/O here.
 *
 * Facts: replication.c shiftReplicationId, changeReplicationId, createReplicationBacklog, freeReplicationBacklog.
 */
import { ID_LENGTH } from '../core/ids.ts';
import { ReplicationBuffer } from './replication-buffer.ts';

/** Stands for "no second id". */
export const NO_ID = '0'.repeat(ID_LENGTH);
/** No database is selected in the stream: the next command is preceded by a SELECT. */
export const NO_DATABASE = -1;

/** Holds the current id; the server's `Identity`, which INFO shows also without replication. */
export interface IdHolder {
  replicationId: string;
  changeReplicationId(): void;
}

export interface MasterAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * How the history has changed: another id for what is here, one that a promotion made, that of a master who lets us go on,
 * that of a dataset which came whole; or the stream is kept from now on, or no longer.
 */
export type HistoryChange = 'new-id' | 'promoted' | 'continued' | 'replaced' | 'kept' | 'freed';

export class ReplicationState {
  readonly #ids: IdHolder;
  /** Hears of each change, once it is made: for whoever judges simulations. */
  observer: ((change: HistoryChange) => void) | null = null;
  secondId = NO_ID;
  /** Offset of the first byte that the second history does not have; -1 without one. */
  secondOffset = -1;
  readonly buffer: ReplicationBuffer;
  /** Whether the stream is kept. */
  hasBacklog = false;
  /** The master's address, of a replica; null on a master. */
  master: MasterAddress | null = null;
  /** The database that is selected at the end of the stream (slaveseldb). */
  database = NO_DATABASE;

  /** @param backlogBytes gives `repl-backlog-size`. */
  constructor(ids: IdHolder, backlogBytes: () => number) {
    this.#ids = ids;
    this.buffer = new ReplicationBuffer(backlogBytes);
  }

  get isReplica(): boolean {
    return this.master !== null;
  }

  get id(): string {
    return this.#ids.replicationId;
  }

  set id(id: string) {
    this.#ids.replicationId = id;
  }

  /** Bytes of the stream so far (master_repl_offset). */
  get offset(): number {
    return this.buffer.endOffset;
  }

  // --------------------------------------------------------------------------------------------------------------- ids

  /** The dataset goes its own way from now on, and nobody may follow from an earlier place. */
  beginHistory(): void {
    this.#ids.changeReplicationId();
    this.clearSecond();
    this.observer?.('new-id');
  }

  changeId(): void {
    this.#ids.changeReplicationId();
    this.observer?.('new-id');
  }

  clearSecond(): void {
    this.secondId = NO_ID;
    this.secondOffset = -1;
  }

  /** Begins a history of its own that others can follow who have the old one up to here. */
  shiftId(): void {
    this.keepAsSecond();
    this.#ids.changeReplicationId();
    this.observer?.('promoted');
  }

  /** The master goes on from our place in a history, under an id of its own. */
  continueAs(id: string, from: string): void {
    this.keepAsSecond();
    this.secondId = from;
    this.id = id;
    this.observer?.('continued');
  }

  /** The current id becomes the second one, valid up to here. */
  keepAsSecond(): void {
    this.secondId = this.id;
    this.secondOffset = this.offset + 1;
  }

  /** Whether a history is ours up to before an offset. Ids are compared without regard to case. */
  shares(id: string, offset: number): boolean {
    const wanted = id.toLowerCase();
    return wanted === this.id || (wanted === this.secondId && offset <= this.secondOffset);
  }

  // ----------------------------------------------------------------------------------------------------------- backlog

  /** Begins to keep the stream. */
  createBacklog(): void {
    this.hasBacklog = true;
    this.buffer.restart(this.offset);
    this.observer?.('kept');
  }

  freeBacklog(): void {
    this.hasBacklog = false;
    this.buffer.restart(this.offset);
    this.observer?.('freed');
  }

  /** The dataset was replaced by one of another place, of which nothing before is known. */
  moveTo(id: string, offset: number): void {
    this.id = id;
    this.clearSecond();
    this.buffer.restart(offset);
    this.hasBacklog = true;
    this.observer?.('replaced');
  }
}
