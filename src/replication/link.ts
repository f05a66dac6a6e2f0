/**
 * One replica, as its master sees it: what it has told about itself, how far its synchronisation has come, what it has
 * acknowledged, and what is still to be sent to it.
 *
 *   none -> wait-start -> wait-end -> send-file -> online        a snapshot by way of a file
 *   none -> wait-start -> wait-end --------------> online        a snapshot straight into the connection
 *   none ----------------------------------------> online        a partial resynchronisation
 *
 * A link is the output source of its session: first the snapshot, then the stream from where its reader stands. From
 * `wait-end` on the reader holds its place in the stream, so that nothing is lost that happens meanwhile. After a snapshot
 * that went straight into the connection the stream is held back until the replica's first acknowledgement: it must be
 * able to tell the end of the snapshot by a mark (`startsOnAck`).
 *
 * Facts: replication.c, the states SLAVE_STATE_*, sendBulkToSlave, replicaStartCommandStream.
 */
import type { DiskFile } from '../host/host.ts';
import { formatAddress, type OutputSource, type Session } from '../server/session.ts';
import type { ReplicationBuffer, StreamReader } from './replication-buffer.ts';

export type LinkState = 'none' | 'wait-start' | 'wait-end' | 'send-file' | 'online' | 'transmitted';

const FILE_READ_BYTES = 64 * 1024;

/** What a replica does not want of a snapshot (REPLCONF rdb-filter-only). */
export interface SnapshotFilter {
  readonly leavesOutData: boolean;
  readonly leavesOutFunctions: boolean;
}

export const WHOLE: SnapshotFilter = { leavesOutData: false, leavesOutFunctions: false };

/** A file on its way to a replica. */
interface FileTransfer {
  readonly file: DiskFile;
  readonly sizeBytes: number;
  at: number;
  readonly done: (error: string | null) => void;
}

export class ReplicaLink implements OutputSource {
  readonly session: Session;
  readonly #buffer: ReplicationBuffer;
  state: LinkState = 'none';

  // What REPLCONF has told.
  listeningPort = 0;
  announcedAddress: string | null = null;
  /** It can find the end of a snapshot by a mark. */
  takesEndMark = false;
  /** It understands a new replication id in +CONTINUE. */
  takesNewId = false;
  /** It wants a snapshot and nothing after that. */
  isSnapshotOnly = false;
  filter: SnapshotFilter = WHOLE;

  /** It came by SYNC, and acknowledges nothing. */
  isOld = false;
  /** Unix time in ms when it asked for a full synchronisation. */
  askedMs = 0;
  /** The offset of the snapshot that it gets. */
  initialOffset = 0;
  ackOffset = 0;
  /** Unix time in ms of the last sign of life. */
  ackMs = 0;
  /** Value of the decoder's counter when it was last looked at. */
  emptyRequestsSeen = 0;
  startsOnAck = false;
  reader: StreamReader | null = null;

  #chunks: Buffer[] = [];
  #chunkBytes = 0;
  /** Called when all of `#chunks` was taken by the connection. */
  onChunksSent: (() => void) | null = null;
  /** Unix time in ms when a part of the snapshot last left, while more of it waits. */
  stalledSinceMs = 0;
  #transfer: FileTransfer | null = null;

  constructor(session: Session, buffer: ReplicationBuffer) {
    this.session = session;
    this.#buffer = buffer;
  }

  /** Its address: the one that it announces, or that of its connection; null for a unix socket. */
  get address(): string | null {
    if (this.announcedAddress !== null) return this.announcedAddress;
    const { remote } = this.session.connection;
    return remote.kind === 'tcp' ? remote.host : null;
  }

  /** As log lines name it. */
  get name(): string {
    const host = this.address;
    if (host === null) return `client id #${this.session.id}`;
    if (this.listeningPort === 0) return `${host}:<unknown-replica-port>`;
    return formatAddress({ kind: 'tcp', host, port: this.listeningPort });
  }

  get isOnline(): boolean {
    return this.state === 'online';
  }

  /** Whether it can do everything that another one can. */
  canAllThat(other: ReplicaLink): boolean {
    return (this.takesEndMark || !other.takesEndMark) && (this.takesNewId || !other.takesNewId);
  }

  hasFilterOf({ filter }: ReplicaLink): boolean {
    return (
      filter.leavesOutData === this.filter.leavesOutData && filter.leavesOutFunctions === this.filter.leavesOutFunctions
    );
  }

  /** Whole seconds since the last sign of life. */
  lagSeconds(nowMs: number): number {
    return Math.floor(nowMs / 1000) - Math.floor(this.ackMs / 1000);
  }

  /** Sends a text at once, ahead of everything else. */
  say(text: string): void {
    this.session.connection.write(Buffer.from(text, 'latin1'));
  }

  // -------------------------------------------------------------------------------------------------------------- output

  /** Of the stream only: how much of a snapshot waits is up to whoever makes it. */
  get waitingBytes(): number {
    return this.reader === null ? 0 : this.#buffer.pendingMemory(this.reader);
  }

  /** Bytes of a snapshot that wait here or in the connection. */
  get snapshotBytesWaiting(): number {
    return this.#chunkBytes + this.session.connection.queuedBytes;
  }

  /** Whether a part of a snapshot has been waiting for so long that the replica must be stuck. */
  isStalled(nowMs: number, timeoutSeconds: number): boolean {
    const stalledSeconds = Math.floor(nowMs / 1000) - Math.floor(this.stalledSinceMs / 1000);
    return this.snapshotBytesWaiting > 0 && stalledSeconds > timeoutSeconds;
  }

  /** Adds to the snapshot that goes straight into the connection. The bytes may be kept. */
  sendChunk(bytes: Buffer): void {
    if (this.#chunks.length === 0) this.stalledSinceMs = this.session.server.keyspace.nowMs;
    this.#chunks.push(bytes);
    this.#chunkBytes += bytes.length;
    this.session.flush();
  }

  /** Begins to send a file, with its length before it. */
  sendFile(file: DiskFile, done: (error: string | null) => void): void {
    this.state = 'send-file';
    this.#transfer = { file, sizeBytes: file.sizeBytes, at: 0, done };
    this.#chunks.push(Buffer.from(`$${file.sizeBytes}\r\n`, 'latin1'));
    this.session.flush();
  }

  pump(send: (bytes: Buffer) => boolean): void {
    const { statistics, keyspace } = this.session.server;
    for (let bytes = this.#next(); bytes !== null; bytes = this.#next()) {
      statistics.replicationOutputBytes += bytes.length;
      this.stalledSinceMs = keyspace.nowMs;
      if (!send(bytes)) return;
    }
  }

  #next(): Buffer | null {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#chunkBytes = Math.max(0, this.#chunkBytes - chunk.length);
      return chunk;
    }
    if (this.#transfer !== null) return this.#nextOfFile(this.#transfer);
    if (this.state === 'wait-end') this.onChunksSent?.();
    if (this.#chunks.length > 0) return this.#next();
    return this.isOnline && !this.startsOnAck && this.reader !== null ? this.#buffer.read(this.reader) : null;
  }

  #nextOfFile(transfer: FileTransfer): Buffer | null {
    if (transfer.at === transfer.sizeBytes) {
      this.#endTransfer(null);
      return this.#next();
    }
    try {
      const bytes = transfer.file.read(transfer.at, Math.min(FILE_READ_BYTES, transfer.sizeBytes - transfer.at));
      if (bytes.length === 0) throw new Error('premature EOF');
      transfer.at += bytes.length;
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    } catch (error) {
      this.#endTransfer((error as Error).message);
      return null;
    }
  }

  #endTransfer(error: string | null): void {
    const transfer = this.#transfer!;
    this.#transfer = null;
    transfer.file.close();
    transfer.done(error);
  }

  /** The connection is gone. */
  close(): void {
    this.#chunks = [];
    this.#chunkBytes = 0;
    this.#transfer?.file.close();
    this.#transfer = null;
    this.session.source = null;
    if (this.reader !== null) this.#buffer.release(this.reader);
    this.reader = null;
  }
}
