/**
 * Debugs a script on a copy of the dataset, which nobody else sees and which is forgotten afterwards. redis-server forks for
 * that; here a second server in the same process has the copy, and nothing else: no port, no disk, no replicas.
 *
 * The copy is the dataset of the moment of EVAL: it is taken as a snapshot in slices, while others are served, from one
 * server's heap into the other's. Then the copy's server is given the connection and the EVAL, which it runs in sync
 * mode: it has no other client that could wait for that. It costs the memory of a second dataset as long as it lasts,
 * and no snapshot of another kind may be under way while the copy is made.
 */
import { fail } from '../../../core/errors.ts';
import type { ConnectionEvents } from '../../../host/host.ts';
import { encodeCommand } from '../../../client/encode-command.ts';
import { DatasetLoader } from '../../../persistence/rdb/dataset-loader.ts';
import { RdbReader } from '../../../persistence/rdb/rdb-reader.ts';
import type { SnapshotSink } from '../../../persistence/snapshot-pump.ts';
import type { Child } from '../../persistence/children.ts';
import type { Call } from '../../call.ts';
import type { Server } from '../../server.ts';
import { SESSION, type Session } from '../../session.ts';

const CANNOT_COPY = "ERR Fork() failed: can't run EVAL in debugging mode: a snapshot is under way";
/** Of the snapshot, between two looks at whether the client is still there. */
const STEP_BYTES = 1 << 16;

export class IsolatedSession implements ConnectionEvents, SnapshotSink {
  readonly queuedBytes = 0;
  onDrain: (() => void) | null = null;
  readonly #server: Server;
  readonly #session: Session;
  readonly #request: Buffer;
  readonly #copy: Server;
  readonly #reader: RdbReader;
  #child: Child | null = null;
  /** The client, at the copy; null while that is made. */
  #heir: Session | null = null;
  /** What the client has sent before. */
  readonly #early: Buffer[] = [];

  constructor({ server, session, args }: Call) {
    if (server.persistence.children.active !== null) fail(CANNOT_COPY);
    this.#server = server;
    this.#session = session;
    this.#request = encodeCommand(Array.from({ length: args.count }, (_, index) => args.copy(index)));
    this.#copy = server.sibling();
    const { keyspace, settings } = this.#copy;
    const loader = new DatasetLoader(keyspace, { dropsExpired: false, allowsDuplicates: false });
    this.#reader = new RdbReader(keyspace, settings, loader, { checksums: false });
  }

  start(): void {
    const server = this.#server;
    const session = this.#session;
    const { persistence, log, blocking } = server;
    log.warning('Redis forked for debugging eval');
    session.debugMode = 'off';
    session.successor = this;
    session.onClose.push(() => this.#stop());
    blocking.block(session, { kind: 'script', deadlineMs: 0, giveUp: null });
    this.#child = persistence.children.start('debug', persistence.encoder(false, false), this, (error) => {
      this.#endChild();
      if (error === null) this.#open();
      else this.#fail(error);
    });
  }

  // ------------------------------------------------------------------------------------------------------------ the copy

  write(bytes: Buffer): void {
    this.#reader.push(bytes);
    while (this.#reader.step(STEP_BYTES) === 'more');
  }

  #endChild(): void {
    this.#child?.end();
    this.#child = null;
  }

  #fail(error: unknown): void {
    this.#server.log.warning(`Can't copy the dataset for debugging: ${String(error)}`);
    this.#session.close();
  }

  #open(): void {
    const { connection, output, db, user, flags } = this.#session;
    const heir = this.#copy.acceptInternal(connection);
    heir.db = this.#copy.keyspace.databases[db.index]!;
    heir.user = user;
    heir.assign(SESSION.restricted, (flags & SESSION.restricted) !== 0);
    heir.output.protocol = output.protocol;
    heir.debugMode = 'copy';
    heir.onClose.push(() => this.#session.close());
    this.#heir = heir;
    heir.data(this.#request);
    for (const chunk of this.#early.splice(0)) heir.data(chunk);
  }

  #stop(): void {
    this.#child?.kill();
    this.#child = null;
    this.#heir?.close();
    this.#reader.abandon();
    this.#copy.close(() => {});
  }

  // ---------------------------------------------------------------------------------------------------------- the client

  data(chunk: Buffer): void {
    if (this.#heir === null) this.#early.push(Buffer.from(chunk));
    else this.#heir.data(chunk);
  }

  drain(): void {
    this.#heir?.drain();
  }

  close(): void {
    this.#stop();
  }
}
