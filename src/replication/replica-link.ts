/**
 * The replica side of a server: its connection to the master. A thin driver: the handshake (replica-handshake.ts), the
 * transfer of a snapshot (replica-transfer.ts, replica-load.ts) and the stream (replica-stream.ts) are machines of their
 * own; here bytes come in, effects are performed, and time passes.
 *
 *   none -> connect -> connecting -> handshake -> (sync ->) connected
 *
 * Any failure leads back to `connect`. When a link is lost, its place in the history is kept, to go on from there with a
 * partial resynchronisation; it is forgotten when another dataset begins to be loaded, and after a protocol error, which
 * nobody can tell the cause of.
 *
 * Facts: replication.c connectWithMaster, replicationHandleMasterDisconnection, replicationCron.
 */
import { encodeCommand } from '../client/encode-command.ts';
import type { Connection, ConnectionEvents, NetError } from '../host/host.ts';
import { DiskError } from '../host/host.ts';
import type { MasterConnection, MasterPhase, TransferProgress } from './master-connection.ts';
import {
  type HandshakeEffect,
  type HandshakeEvent,
  type HandshakePhase,
  type HandshakeSettings,
  type Place,
  stepHandshake,
} from './replica-handshake.ts';
import { FileReceiver, MemoryReceiver, type ReceiverEvents, type SnapshotReceiver } from './replica-load.ts';
import { MasterStream } from './replica-stream.ts';
import { parseTransferHeader, TransferEnd } from './replica-transfer.ts';
import type { Replication } from './replication.ts';

const LINE_FEED = 10;
const LINE_BYTES_MAX = 1024;
/** Where the stream of a master begins that has no offsets. */
const OFFSET_OF_OLD_MASTERS = -1;

interface CachedPlace extends Place {
  /** Database in which the master's next command runs. */
  readonly database: number;
}

/** A transfer under way. */
interface Transfer {
  /** The place of the snapshot; null if the master does not know it. */
  readonly place: Place | null;
  end: TransferEnd | null;
  receiver: SnapshotReceiver | null;
  /** Bytes of the stream that came behind the snapshot. */
  readonly rest: Buffer[];
  /** The link was lost after all of the snapshot had come. */
  isOrphaned: boolean;
}

export class MasterLink implements MasterConnection {
  readonly #replication: Replication;
  #phase: MasterPhase = 'none';
  #handshake: HandshakePhase = 'over';
  #connection: Connection | null = null;
  /** Bytes of a line that has not ended. */
  #line: Buffer = Buffer.alloc(0);
  #transfer: Transfer | null = null;
  #stream: MasterStream | null = null;
  #place: CachedPlace | null = null;
  /** Unix time in ms of the last byte before the stream. */
  #lastIoMs = 0;
  #aliveSaidMs = 0;
  downSinceMs = 0;

  constructor(replication: Replication) {
    this.#replication = replication;
  }

  get phase(): MasterPhase {
    return this.#phase;
  }

  get isConnected(): boolean {
    return this.#stream !== null;
  }

  get appliedOffset(): number | null {
    return this.#stream?.appliedOffset ?? this.#place?.offset ?? null;
  }

  get readOffset(): number | null {
    return this.#stream?.readOffset ?? this.#place?.offset ?? null;
  }

  get database(): number | null {
    return this.#stream?.database ?? this.#place?.database ?? null;
  }

  get lastIoMs(): number {
    return this.#stream?.lastIoMs ?? this.#lastIoMs;
  }

  get transfer(): TransferProgress | null {
    if (this.#phase !== 'sync') return null;
    const end = this.#transfer?.end ?? null;
    return { totalBytes: end?.totalBytes ?? 0, readBytes: end?.readBytes ?? 0, lastIoMs: this.#lastIoMs };
  }

  get #nowMs(): number {
    return this.#replication.server.host.clock.wallMs();
  }

  // ---------------------------------------------------------------------------------------------------------- connecting

  connect(): void {
    const { server, state } = this.#replication;
    const { host, port } = state.master!;
    this.#enter('connecting');
    this.#handshake = 'connecting';
    this.#line = Buffer.alloc(0);
    this.#lastIoMs = this.#nowMs;
    server.log.notice('MASTER <-> REPLICA sync started');
    const attempt = { isOver: false };
    this.#attempt = attempt;
    server.host.net.resolve(host, (error, addresses) => {
      if (attempt.isOver) return;
      const address = addresses[0];
      if (error !== null || address === undefined) {
        server.log.warning(`Unable to connect to MASTER: ${error?.message ?? 'no address'}`);
        this.#close();
        return;
      }
      const sourceHost = server.config.values['bind-source-addr'];
      this.#open({ kind: 'tcp', host: address, port }, sourceHost);
    });
  }

  /** The attempt that is under way: what comes of an earlier one is not heard. */
  #attempt: { isOver: boolean } = { isOver: true };

  #open(address: { kind: 'tcp'; host: string; port: number }, sourceHost: string): void {
    const attempt = this.#attempt;
    const { server } = this.#replication;
    const heard =
      <A extends unknown[]>(run: (...args: A) => void) =>
      (...args: A): void => {
        if (!attempt.isOver) server.enter(() => run(...args));
      };
    const events: ConnectionEvents = {
      open: heard(() => this.#onOpen()),
      data: (chunk) => {
        if (attempt.isOver) return;
        if (this.#stream !== null) this.#stream.data(chunk);
        else server.enter(() => this.#onData(chunk));
      },
      drain: () => this.#stream?.session.drain(),
      end: heard(() => this.#onLost(null)),
      close: heard((error: NetError | null) => this.#onLost(error)),
    };
    this.#connection = server.host.net.connect(address, events, sourceHost === '' ? {} : { sourceHost });
  }

  #onOpen(): void {
    this.#connection!.noDelay(true);
    this.#step({ kind: 'opened' });
  }

  /** The connection ended by itself. */
  #onLost(error: NetError | null): void {
    const { log } = this.#replication.server;
    const phase = this.#phase;
    if (phase === 'connected') {
      this.#stream?.session.close();
      return;
    }
    if (phase === 'connecting') {
      log.warning(`Error condition on socket for SYNC: ${error?.message ?? 'Connection reset by peer'}`);
    } else if (phase === 'sync') {
      // The snapshot is worth having: from its place on, what is missing can be asked for.
      if (this.#transfer?.receiver?.isComplete === true) {
        this.#transfer.isOrphaned = true;
        return;
      }
      log.warning(`I/O error trying to sync with MASTER: ${error?.message ?? 'connection lost'}`);
      this.#reconnect();
      return;
    } else {
      log.warning(`Failed to read response from the server: ${error?.message ?? 'Connection reset by peer'}`);
      log.warning('Master did not respond to command during SYNC handshake');
    }
    this.#close();
  }

  /** Gives up the attempt or the transfer; the next attempt comes with the next tick. */
  #close(): void {
    this.#attempt.isOver = true;
    this.#connection?.destroy();
    this.#connection = null;
    this.#transfer?.receiver?.abort();
    this.#transfer = null;
    this.#enter(this.#replication.isReplica ? 'connect' : 'none');
  }

  /** Gives up, and tries again at once. */
  #reconnect(): void {
    this.#close();
    const { server, state } = this.#replication;
    if (state.master === null) return;
    server.log.notice(`Reconnecting to MASTER ${state.master.host}:${state.master.port} after failure`);
    this.connect();
  }

  #enter(phase: MasterPhase): void {
    this.#phase = phase;
    this.#replication.update();
  }

  // ----------------------------------------------------------------------------------------------------------- handshake

  #onData(chunk: Buffer): void {
    this.#lastIoMs = this.#nowMs;
    this.#replication.server.statistics.replicationInputBytes += chunk.length;
    let from = 0;
    while (from < chunk.length && this.#stream === null && this.#connection !== null) {
      const transfer = this.#transfer;
      if (transfer !== null && transfer.end !== null) {
        this.#takeSnapshot(transfer, transfer.end, chunk.subarray(from));
        return;
      }
      const end = chunk.indexOf(LINE_FEED, from);
      const upTo = end < 0 ? chunk.length : end;
      this.#line = Buffer.concat([this.#line, chunk.subarray(from, upTo)]);
      from = upTo + 1;
      if (this.#line.length > LINE_BYTES_MAX) {
        this.#replication.server.log.warning('Failed to read response from the server: line too long');
        this.#close();
        return;
      }
      if (end >= 0) this.#onLine(this.#takeLine());
    }
    if (from < chunk.length) this.#stream?.data(chunk.subarray(from));
  }

  #takeLine(): string {
    const line = this.#line;
    this.#line = Buffer.alloc(0);
    const length = line.at(-1) === 13 ? line.length - 1 : line.length;
    return line.toString('latin1', 0, length);
  }

  #onLine(line: string): void {
    if (this.#transfer !== null) this.#onHeader(this.#transfer, line);
    else this.#step({ kind: 'line', line });
  }

  #step(event: HandshakeEvent): void {
    if (this.#phase === 'connecting') this.#enter('handshake');
    const { phase, effects } = stepHandshake(this.#handshake, event, this.#settings);
    this.#handshake = phase;
    for (const effect of effects) this.#perform(effect);
  }

  get #settings(): HandshakeSettings {
    const { server, failover } = this.#replication;
    const { values } = server.config;
    return {
      user: values.masteruser,
      password: values.masterauth,
      port: values['replica-announce-port'] || server.listeners.port || values.port,
      address: values['replica-announce-ip'],
      place: this.#place,
      isFailover: failover.phase === 'failover-in-progress',
    };
  }

  #perform(effect: HandshakeEffect): void {
    const { server, failover } = this.#replication;
    switch (effect.kind) {
      case 'log':
        server.log[effect.level](effect.text);
        return;
      case 'command':
        this.#connection?.write(encodeCommand(effect.words.map((word) => Buffer.from(word, 'latin1'))));
        return;
      case 'inline':
        this.#connection?.write(Buffer.from(effect.text, 'latin1'));
        return;
      case 'retry':
        this.#close();
        return;
      case 'failover':
        if (effect.accepted) failover.clear();
        else failover.abort('Failover target rejected psync request');
        return;
      case 'continue':
        this.#goOn(effect.id);
        return;
      case 'receive':
        this.#transfer = { place: effect.place, end: null, receiver: null, rest: [], isOrphaned: false };
        this.#enter('sync');
    }
  }

  /** The master goes on from our place. */
  #goOn(id: string | null): void {
    const { server, state, links } = this.#replication;
    const place = this.#place!;
    this.#place = null;
    if (id !== null && id !== place.id) {
      server.log.warning(`Master replication ID changed to ${id}`);
      state.continueAs(id, place.id);
      links.disconnectAll();
    }
    if (!state.hasBacklog) state.createBacklog();
    this.#attach(place.offset, place.database);
  }

  // ------------------------------------------------------------------------------------------------------------ transfer

  #onHeader(transfer: Transfer, line: string): void {
    const { log } = this.#replication.server;
    const header = parseTransferHeader(line);
    if (header.kind === 'empty') return;
    if (header.kind === 'error') {
      log.warning(header.log);
      this.#reconnect();
      return;
    }
    const end = (transfer.end = new TransferEnd(header));
    const viaMemory = this.#loadsAsItComes;
    const what = end.hasMark ? 'streamed RDB from master with EOF' : `${end.totalBytes} bytes from master`;
    log.notice(`MASTER <-> REPLICA sync: receiving ${what} ${viaMemory ? 'to parser' : 'to disk'}`);
    try {
      transfer.receiver = this.#receiver(transfer, end, viaMemory);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      log.warning(`Opening the temp file needed for MASTER <-> REPLICA synchronization: ${error.message}`);
      this.#close();
    }
  }

  get #loadsAsItComes(): boolean {
    const { config, keyspace } = this.#replication.server;
    const mode = config.values['repl-diskless-load'];
    return mode === 'swapdb' || (mode === 'on-empty-db' && keyspace.size === 0);
  }

  #receiver(transfer: Transfer, end: TransferEnd, viaMemory: boolean): SnapshotReceiver {
    const { server, state } = this.#replication;
    const events: ReceiverEvents = {
      onReplace: () => this.#abandonHistory(),
      onCaughtUp: () => {
        this.#lastIoMs = this.#nowMs;
        this.#connection?.resume();
      },
      onEnd: (reason, database) => {
        if (this.#transfer === transfer) server.enter(() => this.#onLoaded(transfer, reason, database));
      },
    };
    if (!viaMemory) return new FileReceiver(server, end, events);
    const swaps = server.config.values['repl-diskless-load'] === 'swapdb';
    return new MemoryReceiver(server, end, swaps, transfer.place?.id === state.id, events);
  }

  #takeSnapshot(transfer: Transfer, end: TransferEnd, chunk: Buffer): void {
    const count = end.take(chunk);
    if (count < chunk.length) transfer.rest.push(Buffer.from(chunk.subarray(count)));
    if (count > 0) transfer.receiver!.take(chunk.subarray(0, count));
    // The stream waits in the connection until the snapshot is loaded.
    const isComplete = !end.hasMark && end.isReached;
    if (this.#transfer === transfer && (transfer.receiver!.isBehind || isComplete)) this.#connection?.pause();
  }

  /** Another dataset comes: nobody can go on from the one that was here. */
  #abandonHistory(): void {
    const { links, state } = this.#replication;
    this.forgetPlace();
    links.disconnectAll();
    state.freeBacklog();
  }

  #onLoaded(transfer: Transfer, reason: string | null, database: number): void {
    const { server, state } = this.#replication;
    if (reason !== null) {
      server.log.warning(reason);
      transfer.receiver = null;
      this.#reconnect();
      return;
    }
    this.#transfer = null;
    const { place } = transfer;
    if (place === null) {
      // The master knows no history: this one is our own, so that others can follow us in it.
      state.changeId();
      state.moveTo(state.id, OFFSET_OF_OLD_MASTERS);
    } else state.moveTo(place.id, place.offset);
    this.#attach(state.offset, database, place === null);
    server.log.notice('MASTER <-> REPLICA sync: Finished with success');
    if (transfer.end!.hasMark) this.sendAck();
    server.persistence.aof.restart();
    for (const chunk of transfer.rest) this.#stream?.data(chunk);
    if (transfer.isOrphaned) this.#stream?.session.close();
    else this.#connection?.resume();
  }

  // -------------------------------------------------------------------------------------------------------------- stream

  #attach(offset: number, database: number, isOld = false): void {
    const stream = new MasterStream(this.#replication, this.#connection!, { offset, database, isOld });
    this.#stream = stream;
    this.downSinceMs = 0;
    stream.session.onClose.push(() => this.#onStreamClosed(stream));
    this.#enter('connected');
  }

  #onStreamClosed(stream: MasterStream): void {
    if (this.#stream !== stream) return;
    const { server, state } = this.#replication;
    const { log } = server;
    this.#stream = null;
    this.#attempt.isOver = true;
    this.#connection = null;
    log.warning('Connection with master lost.');
    if (!stream.isBroken) {
      log.notice('Caching the disconnected master state.');
      const { appliedOffset, database } = stream;
      this.#place = { id: state.id, offset: appliedOffset, database };
    }
    this.downSinceMs = this.#nowMs;
    this.#enter(state.isReplica ? 'connect' : 'none');
    if (state.master === null || server.isClosed) return;
    log.notice(`Reconnecting to MASTER ${state.master.host}:${state.master.port}`);
    this.connect();
  }

  sendAck(): void {
    this.#stream?.sendAck();
  }

  // --------------------------------------------------------------------------------------------------------------- roles

  disconnect(): void {
    if (this.#stream !== null) this.#stream.session.close();
    else if (this.#phase !== 'none') this.#close();
  }

  keepOwnPlace(): void {
    const { state } = this.#replication;
    this.forgetPlace();
    this.#place = { id: state.id, offset: state.offset, database: 0 };
  }

  forgetPlace(): void {
    if (this.#place === null) return;
    this.#replication.server.log.notice('Discarding previously cached master state.');
    this.#place = null;
  }

  retire(): void {
    this.forgetPlace();
    this.#enter('none');
    this.downSinceMs = 0;
  }

  /** Goes on from a place that a file of ours told, at the start. */
  startFrom(place: Place, database: number): void {
    this.#place = { ...place, database };
  }

  // ---------------------------------------------------------------------------------------------------------------- time

  tick(nowMs: number): void {
    const { server, state } = this.#replication;
    const { log, config } = server;
    const timeoutSeconds = config.values['repl-timeout'];
    const silentSeconds = Math.floor(nowMs / 1000) - Math.floor(this.lastIoMs / 1000);
    const isSilent = silentSeconds > timeoutSeconds;
    if (isSilent && (this.#phase === 'connecting' || this.#phase === 'handshake')) {
      log.warning('Timeout connecting to the MASTER...');
      this.#reconnect();
    } else if (isSilent && this.#phase === 'sync' && this.#isMastersTurn) {
      log.warning(
        'Timeout receiving bulk data from MASTER... If the problem persists try to set the ' +
          "'repl-timeout' parameter in redis.conf to a larger value.",
      );
      this.#reconnect();
    } else if (isSilent && this.#phase === 'connected') {
      log.warning('MASTER timeout: no data nor PING received...');
      this.#stream?.session.close();
    } else if (this.#phase === 'none' || this.#phase === 'connect') {
      if (server.persistence.loading.isActive) return;
      log.notice(`Connecting to MASTER ${state.master!.host}:${state.master!.port}`);
      this.connect();
    }
    if (this.#stream !== null && !this.#stream.isOld) this.sendAck();
    this.#sayAlive(nowMs);
  }

  /** Whether more of a snapshot is to come, and it is not we who keep it waiting. */
  get #isMastersTurn(): boolean {
    const receiver = this.#transfer?.receiver ?? null;
    return receiver === null || !(receiver.isComplete || receiver.isBehind);
  }

  /** While we load, the master must not take us for dead. */
  #sayAlive(nowMs: number): void {
    if (this.#phase !== 'sync' || !this.#replication.server.persistence.loading.isActive) return;
    if (Math.floor(nowMs / 1000) === Math.floor(this.#aliveSaidMs / 1000)) return;
    this.#aliveSaidMs = nowMs;
    this.#connection?.write(Buffer.from('\n'));
  }
}
