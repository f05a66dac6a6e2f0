/**
 * The stream of changes from the master, being applied: what it sends is executed by a session that may do everything and
 * is never answered, and passed on to our own replicas byte for byte.
 *
 * Two offsets are kept. `readOffset` counts what has come; `appliedOffset` is the end of the last command that was executed
 * as a whole, a transaction being one command. Only what was applied enters our own stream, so that whoever goes on from
 * our place gets the rest from the new master. An acknowledgement that the stream itself asks for (GETACK) tells the offset
 * before that question.
 *
 * Keys do not expire by themselves while these commands run: the master says when they go.
 *
 * Facts: networking.c processInputBuffer, commandProcessed; replication.c replicationFeedStreamFromMasterStream.
 */
import type { Connection } from '../host/host.ts';
import { SESSION, type Session } from '../server/session.ts';
import type { Replication } from './replication.ts';

export interface StreamStart {
  /** Offset of the last byte before the stream. */
  readonly offset: number;
  readonly database: number;
  /** The master knows no offsets, and wants no acknowledgements. */
  readonly isOld: boolean;
}

export class MasterStream {
  readonly session: Session;
  readonly isOld: boolean;
  readonly #replication: Replication;
  readOffset: number;
  appliedOffset: number;
  /** Unix time in ms of the last byte that came. */
  lastIoMs: number;
  /** What came and did not enter our own stream yet. */
  readonly #unapplied: Buffer[] = [];
  /** Offset up to which it did. */
  #passedOffset: number;
  #isReading = false;

  constructor(replication: Replication, connection: Connection, { offset, database, isOld }: StreamStart) {
    const { server } = replication;
    this.#replication = replication;
    this.isOld = isOld;
    this.readOffset = this.appliedOffset = this.#passedOffset = offset;
    this.lastIoMs = server.host.clock.wallMs();
    this.session = server.clients.acceptMaster(connection, (session, text) => replication.noteLinkError(session, text));
    this.session.db = server.keyspace.databases[database] ?? this.session.db;
    this.session.afterCommand = (): void => this.#noteApplied();
  }

  /** Database in which the next command runs. */
  get database(): number {
    return this.session.db.index;
  }

  /** What came is no stream of commands. */
  get isBroken(): boolean {
    return this.session.decoder.error !== '';
  }

  data(chunk: Buffer): void {
    const { server } = this.#replication;
    const { keyspace, statistics, persistence } = server;
    const copy = Buffer.from(chunk);
    statistics.replicationInputBytes += copy.length;
    // The session counts them as a client's.
    statistics.inputBytes -= copy.length;
    this.readOffset += copy.length;
    this.lastIoMs = server.host.clock.wallMs();
    this.#unapplied.push(copy);
    this.#isReading = true;
    keyspace.frozen = true;
    try {
      this.session.data(copy);
    } finally {
      this.#isReading = false;
      keyspace.frozen = persistence.loading.isActive && !persistence.loading.isAsync;
      this.#passOn();
    }
  }

  /** A command was executed. */
  #noteApplied(): void {
    const { session } = this;
    if (!session.has(SESSION.multi)) this.appliedOffset = this.readOffset - session.decoder.undecodedBytes;
    // A command that was held back by a pause.
    if (!this.#isReading) this.#passOn();
  }

  /** Takes what was applied into our own stream. */
  #passOn(): void {
    const { state } = this.#replication;
    const queue = this.#unapplied;
    for (let left = this.appliedOffset - this.#passedOffset; left > 0;) {
      const first = queue[0]!;
      const count = Math.min(left, first.length);
      if (state.hasBacklog) state.buffer.append(first, 0, count);
      if (count === first.length) queue.shift();
      else queue[0] = first.subarray(count);
      left -= count;
      this.#passedOffset += count;
    }
    this.#replication.flushSoon();
  }

  /** Tells the master how far we are. */
  sendAck(): void {
    const { output } = this.session;
    output.bulkArray(['REPLCONF', 'ACK', String(this.appliedOffset)]);
    this.session.flushSoon();
  }
}
