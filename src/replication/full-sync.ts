/**
 * Full synchronisation: the snapshots that replicas wait for (replication.c startBgsaveForReplication and around it).
 *
 * A snapshot serves all replicas that wait when it begins and want the same of it. It goes one of two ways: into the dump
 * file, which is then sent to each of them as `$<length>\r\n` and the bytes; or, where `repl-diskless-sync` is set and they
 * can find the end of it by a mark, straight into their connections, as `$EOF:<mark>\r\n`, the bytes and the mark again. The
 * second way pays off most when many replicas share one snapshot, so its start waits for some seconds for others to come.
 *
 * Only one snapshot is made at a time, whatever for. A replica that comes while a file is saved for another one joins it:
 * it gets the same file, and the stream from the same offset on. One that comes while connections are written to waits for
 * the next snapshot.
 *
 * Who makes snapshots is not known here, see `SnapshotMaker`.
 */
import { randomId } from '../core/ids.ts';
import { DiskError } from '../host/host.ts';
import type { Server } from '../server/server.ts';
import type { ReplicaLink, SnapshotFilter } from './link.ts';
import type { ReplicaLinks } from './links.ts';
import { NO_DATABASE, type ReplicationState } from './state.ts';
import { SnapshotStream } from './snapshot-stream.ts';

/** Takes the bytes of a snapshot as they are made. */
export interface SnapshotSink {
  write(bytes: Buffer): void;
  /** Bytes that were not taken on yet: whoever makes the snapshot waits while these are many. */
  readonly queuedBytes: number;
  /** Called when there are fewer again. */
  onDrain: (() => void) | null;
}

/** Makes snapshots of the dataset; persistence does. `done` is called once, after the call returned. */
export interface SnapshotMaker {
  /** What is being made now, for whatever purpose; `other` is a rewrite of the append-only file. */
  readonly active: 'file' | 'stream' | 'other' | null;
  /** Begins to save the dataset as it is now to the dump file. @returns false if it cannot. */
  saveFile(done: (ok: boolean) => void): boolean;
  /** Begins to write the dataset as it is now to a sink. @returns false if it cannot. */
  saveStream(filter: SnapshotFilter, sink: SnapshotSink, done: (ok: boolean) => void): boolean;
  /** Gives up the file that is being saved; `done(false)` follows. */
  cancelFile(): void;
  /** The stream is over, whether it was complete or not: another snapshot may begin. */
  endStream(): void;
  /** Path of the dump file. */
  readonly path: string;
}

export class FullSync {
  readonly #server: Server;
  readonly #state: ReplicationState;
  readonly #links: ReplicaLinks;
  readonly #snapshots: SnapshotMaker;
  /** The snapshot that goes straight into connections. */
  #stream: SnapshotStream | null = null;
  /** The file that is saved now is for replicas. */
  #savesForReplicas = false;
  /** The dump file is there because of replicas (rdb-del-sync-files). */
  #madeFile = false;

  constructor(server: Server, state: ReplicationState, links: ReplicaLinks, snapshots: SnapshotMaker) {
    this.#server = server;
    this.#snapshots = snapshots;
    this.#state = state;
    this.#links = links;
  }

  get isStreaming(): boolean {
    return this.#stream !== null;
  }

  // ------------------------------------------------------------------------------------------------------- who waits

  /** A replica asks for a full synchronisation; it was attached. */
  request(link: ReplicaLink): void {
    const { log, config } = this.#server;
    link.state = 'wait-start';
    link.askedMs = this.#server.keyspace.nowMs;
    const active = this.#snapshots.active;
    if (active === 'file') this.#join(link);
    else if (active === 'stream') log.notice('Current BGSAVE has socket target. Waiting for next BGSAVE for SYNC');
    else if (
      config.values['repl-diskless-sync'] &&
      link.takesEndMark &&
      config.values['repl-diskless-sync-delay'] > 0
    ) {
      log.notice('Delay next BGSAVE for diskless SYNC');
    } else if (active === null) this.#start([link], link.filter);
    else log.notice('No BGSAVE in progress, but another BG operation is active. BGSAVE for replication delayed');
  }

  /** Shares the file that is being saved for another replica, if it suits. */
  #join(link: ReplicaLink): void {
    const { log } = this.#server;
    const other = [...this.#links].find(
      (candidate) => candidate.state === 'wait-end' && (!candidate.isSnapshotOnly || link.isSnapshotOnly),
    );
    if (other === undefined || !link.canAllThat(other) || !link.hasFilterOf(other)) {
      log.notice("Can't attach the replica to the current BGSAVE. Waiting for next BGSAVE for SYNC");
      return;
    }
    const reader = link.isSnapshotOnly || other.reader === null ? null : this.#state.buffer.copyReader(other.reader);
    this.#admit(link, other.initialOffset);
    if (link.reader !== null) this.#state.buffer.release(link.reader);
    link.reader = reader;
    log.notice('Waiting for end of BGSAVE for SYNC');
  }

  /** The snapshot that a replica gets has begun: the stream from here on is for it. */
  #admit(link: ReplicaLink, offset: number): void {
    link.initialOffset = offset;
    link.state = 'wait-end';
    link.reader = link.isSnapshotOnly ? null : this.#state.buffer.reader();
    this.#state.database = NO_DATABASE;
    if (!link.isOld) link.say(`+FULLRESYNC ${this.#state.id} ${offset}\r\n`);
  }

  /** Begins with the next snapshot, if it is wanted and time for it. To be called once a second. */
  startPending(): void {
    if (this.#snapshots.active !== null) return;
    const { values } = this.#server.config;
    const waiting = [...this.#links].filter(({ state }) => state === 'wait-start');
    const first = waiting[0];
    if (first === undefined) return;
    const group = waiting.filter((link) => link.hasFilterOf(first));
    const now = Math.floor(this.#server.keyspace.nowMs / 1000);
    const waited = Math.max(...group.map(({ askedMs }) => now - Math.floor(askedMs / 1000)));
    const crowd = values['repl-diskless-sync-max-replicas'];
    if (
      !values['repl-diskless-sync'] ||
      (crowd > 0 && group.length >= crowd) ||
      waited >= values['repl-diskless-sync-delay']
    ) {
      this.#start(group, first.filter);
    }
  }

  /** Whatever ended the last snapshot is to be over before the next one begins: FLUSHALL, the loading of a dataset. */
  #startPendingSoon(): void {
    const server = this.#server;
    server.host.timers.soon(() => {
      if (!server.isClosed) server.enter(() => this.startPending());
    });
  }

  // -------------------------------------------------------------------------------------------------------------- start

  /** @param candidates decide by what they can how the snapshot goes to all that wait for one like it. */
  #start(candidates: readonly ReplicaLink[], filter: SnapshotFilter): void {
    const { log, config } = this.#server;
    const wantsPart = filter.leavesOutData || filter.leavesOutFunctions;
    const takesMark = candidates.every(({ takesEndMark }) => takesEndMark);
    const straight = (config.values['repl-diskless-sync'] || wantsPart) && takesMark;
    log.notice(`Starting BGSAVE for SYNC with target: ${straight ? 'replicas sockets' : 'disk'}`);
    const waiting = [...this.#links].filter(
      (link) => link.state === 'wait-start' && link.hasFilterOf(candidates[0]!) && (!straight || link.takesEndMark),
    );
    const begun = straight ? this.#startStream(waiting, filter) : this.#startFile();
    if (!begun) {
      log.warning('BGSAVE for replication failed');
      this.#refuseWaiting();
      return;
    }
    for (const link of waiting) this.#admit(link, this.#state.offset);
    this.#stream?.begin();
  }

  #startStream(links: readonly ReplicaLink[], filter: SnapshotFilter): boolean {
    const stream = new SnapshotStream(links, randomId(this.#server.random), (ok) => this.#onStreamEnd(stream, ok));
    this.#stream = stream;
    const begun = this.#snapshots.saveStream(filter, stream, (ok) => stream.end(ok));
    if (!begun) this.#stream = null;
    return begun;
  }

  #startFile(): boolean {
    const begun = this.#snapshots.saveFile((ok) => this.#onFileSaved(ok));
    if (begun) {
      this.#savesForReplicas = true;
      this.#madeFile = this.#server.config.values['rdb-del-sync-files'];
    }
    return begun;
  }

  #refuseWaiting(): void {
    for (const link of this.#links) {
      if (link.state !== 'wait-start') continue;
      link.say("-ERR BGSAVE failed, replication can't continue\r\n");
      link.session.closeAfterReply();
    }
  }

  // ---------------------------------------------------------------------------------------------------------------- end

  #onFileSaved(ok: boolean): void {
    this.#savesForReplicas = false;
    for (const link of this.#links) {
      if (link.state !== 'wait-end') continue;
      if (ok) this.#sendFile(link);
      else this.#fail(link, 'SYNC failed. BGSAVE child returned an error');
    }
    this.#startPendingSoon();
  }

  #fail(link: ReplicaLink, reason: string): void {
    this.#server.log.warning(reason);
    link.session.close();
  }

  #sendFile(link: ReplicaLink): void {
    try {
      const file = this.#server.persistence.disk.open(this.#snapshots.path, 'read');
      link.sendFile(file, (error) => {
        if (error === null) this.#putOnline(link);
        else this.#fail(link, `Read error sending DB to replica: ${error}`);
      });
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.#fail(link, `SYNC failed. Can't open/stat DB after BGSAVE: ${error.message}`);
    }
  }

  #onStreamEnd(stream: SnapshotStream, ok: boolean): void {
    if (this.#stream !== stream) return;
    this.#stream = null;
    this.#snapshots.endStream();
    const { log } = this.#server;
    if (ok) log.warning(`Diskless rdb transfer, done reading from pipe, ${stream.links.length} replicas still up.`);
    for (const link of stream.links) {
      if (!ok) {
        this.#fail(link, 'SYNC failed. BGSAVE child returned an error');
        continue;
      }
      log.notice(
        `Streamed RDB transfer with replica ${link.name} succeeded (socket). ` +
          'Waiting for REPLCONF ACK from slave to enable streaming',
      );
      link.startsOnAck = true;
      this.#putOnline(link);
    }
    this.#startPendingSoon();
  }

  #putOnline(link: ReplicaLink): void {
    const { log, keyspace } = this.#server;
    if (link.isSnapshotOnly) {
      link.state = 'transmitted';
      log.notice(`RDB transfer completed, rdb only replica (${link.name}) should be disconnected asap`);
      link.session.closeAfterReply();
      return;
    }
    link.state = 'online';
    link.ackMs = keyspace.nowMs;
    this.onOnline?.();
    log.notice(`Synchronization with replica ${link.name} succeeded`);
  }

  /** Called when a replica has come online. */
  onOnline: (() => void) | null = null;

  /** An acknowledgement may come before it was noticed that all of the snapshot has left. */
  checkStream(): void {
    this.#stream?.check();
  }

  /** The snapshot that goes straight into connections is given up, and those who wait for it. */
  abandon(): void {
    this.#stream?.end(false);
  }

  /** A replica has gone. Nobody may be left who wants the snapshot that is made. */
  onDetached(link: ReplicaLink): void {
    const stream = this.#stream;
    if (stream !== null && stream.remove(link) && stream.links.length === 0) {
      this.#stream = null;
      this.#server.log.warning('Diskless rdb transfer, last replica dropped, killing fork child.');
      this.#snapshots.endStream();
      return;
    }
    const isLast = link.state === 'wait-end' && ![...this.#links].some(({ state }) => state === 'wait-end');
    if (isLast && this.#savesForReplicas && this.#server.config.values.save.length === 0) this.#snapshots.cancelFile();
  }

  // --------------------------------------------------------------------------------------------------------- once a second

  /** Removes a dump file that is only there because of replicas, from a server that is to keep nothing. */
  removeFile(): void {
    const { config, persistence, log } = this.#server;
    const { values } = config;
    if (!values['rdb-del-sync-files']) this.#madeFile = false;
    if (!this.#madeFile || values.appendonly || values.save.length > 0) return;
    if ([...this.#links].some(({ state }) => state !== 'online' && state !== 'transmitted')) return;
    this.#madeFile = false;
    if (persistence.disk.stat(this.#snapshots.path) === null) return;
    log.notice('Removing the RDB file used to feed replicas in a persistence-less instance');
    persistence.disk.unlink(this.#snapshots.path);
  }
}
