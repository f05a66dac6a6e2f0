/**
 * One client: its connection, what it has sent and not yet been answered, and its state.
 *
 * A session is driven by its connection's events and by the server. Bytes that arrive are decoded and executed at
 * once; replies collect in `output` and leave with one write at the end of the turn. Whatever is written to a session
 * outside of its own turn (a published message, a reply to a blocked command) is flushed by `flushSoon`. While the
 * connection still holds bytes that the peer has not taken, output waits here, where it is counted and compact.
 *
 * Commands write to `reply`, which is `output` unless the client wants no replies (CLIENT REPLY) or is about to be
 * closed; then it leads nowhere. Pushes (messages, invalidations) always go to `output`.
 */
import type { Address, Connection, ConnectionEvents, NetError } from '../host/host.ts';
import { Reply } from '../protocol/reply.ts';
import { RequestDecoder } from '../protocol/request-decoder.ts';
import type { Database } from '../data/database.ts';
import type { User } from './acl/user.ts';
import { BufferGauge } from './buffer-gauge.ts';
import type { Command } from './command-table.ts';
import type { Server } from './server.ts';
import type { DebugMode } from './scripting/debugger/debug-mode.ts';
import type { Transaction } from './transactions.ts';
import type { WatchedKey } from './watches.ts';

/** State bits. Those in GATED make the gates look at every command of the session. */
export const SESSION = {
  /** Between MULTI and EXEC. */
  multi: 1 << 0,
  /** RESP2 client with subscriptions: only some commands are allowed. */
  subscribed: 1 << 1,
  /** Not authenticated. */
  unauthenticated: 1 << 2,
  /** Its user is subject to ACL rules. */
  restricted: 1 << 3,
  monitor: 1 << 4,
  /** Link to a replica. */
  replica: 1 << 5,
  /** Link to our master. */
  master: 1 << 6,
  blocked: 1 << 7,
  /** Close once the replies have left. */
  closeAfterReply: 1 << 8,
  closed: 1 << 9,
  /** CLIENT REPLY OFF. */
  replyOff: 1 << 10,
  /** CLIENT REPLY SKIP was just called: the next command is not answered. */
  replySkipNext: 1 << 11,
  replySkip: 1 << 12,
  readonly: 1 << 13,
  asking: 1 << 14,
  tracking: 1 << 15,
  noEvict: 1 << 16,
  /** Its commands run inside EXEC. */
  inExec: 1 << 17,
  /** Its commands come from a script. */
  inScript: 1 << 18,
  /** No connection: execute() of the embedding API, the server itself. */
  internal: 1 << 19,
  /** Close at the end of this turn; what was not sent is lost. */
  closing: 1 << 20,
  unixSocket: 1 << 21,
  /** A watched key changed: EXEC will not run. */
  dirty: 1 << 22,
  /** Was blocked, and is served again at the end of this turn. */
  unblocked: 1 << 23,
  /** Client-side caching: the mode, and what holds for the next command. */
  trackingBroadcast: 1 << 24,
  trackingOptIn: 1 << 25,
  trackingOptOut: 1 << 26,
  trackingNoLoop: 1 << 27,
  /** CLIENT CACHING was called. */
  trackingCaching: 1 << 28,
  /** The client that invalidations are redirected to is gone. */
  brokenRedirect: 1 << 29,
  /** Its scripts run in one go, however long they take. */
  inOneGo: 1 << 30,
} as const;

const GATED =
  SESSION.multi | SESSION.subscribed | SESSION.unauthenticated | SESSION.restricted | SESSION.replica | SESSION.monitor;

/** What a session sends besides replies: the replication stream, a snapshot. */
export interface OutputSource {
  /** Memory of what waits to be sent, as output limits count it. */
  readonly waitingBytes: number;
  /** Hands bytes to `send` until it says false or there are no more. Called by `flush`, when no reply waits. */
  pump(send: (bytes: Buffer) => boolean): void;
}

/** No further request is executed. */
export const HALTED = SESSION.blocked | SESSION.closed | SESSION.closeAfterReply | SESSION.closing;
/** Something holds for one command only, or it is a link: the end of a command has to be looked at. */
export const PASSING =
  SESSION.replyOff |
  SESSION.replySkip |
  SESSION.replySkipNext |
  SESSION.trackingCaching |
  SESSION.asking |
  SESSION.replica |
  SESSION.master;
const MUTED = SESSION.replyOff | SESSION.replySkip | SESSION.closeAfterReply | SESSION.closing;

/** Classes of clients: output limits differ by them, CLIENT LIST and KILL select by them. */
export type ClientClass = 'normal' | 'replica' | 'pubsub' | 'master';

export class Session implements ConnectionEvents {
  readonly id: number;
  readonly server: Server;
  readonly connection: Connection;
  readonly decoder: RequestDecoder;
  /** What leaves for the client. */
  readonly output: Reply;
  /** Where commands reply to. */
  reply: Reply;
  db: Database;
  user: User;
  /** Whether the client logged in, or did not have to when it came. See `updateAccess`. */
  authenticated = false;
  name = '';
  /** Bits of SESSION. */
  flags = 0;

  readonly createdMs: number;
  lastInteractionMs: number;
  lastCommand: Command | null = null;
  /** Set when soft output limits were first exceeded, else 0. */
  softLimitSinceMs = 0;
  /** Queued commands, between MULTI and EXEC. */
  transaction: Transaction | null = null;
  watched: WatchedKey[] = [];
  /** Channels, patterns and shard channels, as binary strings. */
  readonly channels = new Set<string>();
  readonly patterns = new Set<string>();
  readonly shardChannels = new Set<string>();
  /** Client-side caching: the id of the client that gets the invalidations, or 0; and the prefixes of its broadcasts. */
  trackingRedirect = 0;
  trackingPrefixes: readonly string[] = [];
  /** What the prefixes add to tot-mem. */
  trackingPrefixBytes = 0;
  /** Stands for the number of a file descriptor in CLIENT LIST. */
  descriptor = -1;
  readonly gauge = new BufferGauge();
  /** What the client was last found to cost; see client-eviction.ts. */
  countedBytes = 0;
  outputBytesTotal = 0;
  source: OutputSource | null = null;
  /** Where replies go that must not be heard: those to a replica or to our master. */
  #unheard: Reply | null = null;
  /** Who takes what the client sends, in the place of the session. */
  successor: ConnectionEvents | null = null;
  /** SCRIPT DEBUG: how the next EVAL runs. */
  debugMode: DebugMode = 'off';
  /** Called after each command of a link. */
  afterCommand: (() => void) | null = null;
  /** Offset of the replication stream after the client's last command: what WAIT waits for. */
  streamOffset = 0;
  /** The connection holds bytes; `drain` will be called. */
  #backedUp = false;
  /** Called after the connection closed, in order. */
  readonly onClose: (() => void)[] = [];
  readonly #send = (bytes: Buffer): boolean => {
    const done = this.connection.write(bytes);
    if (!done) this.#backedUp = true;
    return done;
  };

  constructor(server: Server, id: number, connection: Connection) {
    this.server = server;
    this.id = id;
    this.connection = connection;
    this.decoder = new RequestDecoder(server.decoderLimits);
    this.output = this.reply = new Reply(server.replyPool);
    this.output.onError = server.countError;
    this.output.onGrowth = (): void => server.outputLimits.check(this);
    this.db = server.keyspace.databases[0]!;
    this.user = server.acl.defaultUser;
    this.createdMs = this.lastInteractionMs = server.keyspace.nowMs;
  }

  has(flags: number): boolean {
    return (this.flags & flags) !== 0;
  }

  set(flags: number): void {
    this.flags |= flags;
  }

  clear(flags: number): void {
    this.flags &= ~flags;
  }

  /** Bits that make the gates look. */
  get gated(): number {
    return this.flags & GATED;
  }

  /** 2 or 3. */
  get protocol(): number {
    return this.output.protocol;
  }

  get clientClass(): ClientClass {
    if (this.has(SESSION.master)) return 'master';
    if (this.has(SESSION.replica)) return 'replica';
    return this.has(SESSION.subscribed) ? 'pubsub' : 'normal';
  }

  /** `trackingRedirect`, or -1 while the client does not track. */
  get shownRedirect(): number {
    return this.has(SESSION.tracking) ? this.trackingRedirect : -1;
  }

  /** Bytes of arguments that wait for the rest of their request, or for EXEC. */
  get argumentBytes(): number {
    return this.decoder.argumentBytes + (this.transaction?.bytes ?? 0);
  }

  get subscriptions(): number {
    return this.channels.size + this.patterns.size + this.shardChannels.size;
  }

  /** Bytes of replies that have not left. */
  get outputBytes(): number {
    return this.output.pendingBytes + this.connection.queuedBytes;
  }

  /** "ip:port", or the unix socket's path with port 0, as CLIENT LIST shows the peer. */
  get peer(): string {
    return this.has(SESSION.unixSocket) ? this.#socketPath : formatAddress(this.connection.remote);
  }

  get localAddress(): string {
    return this.has(SESSION.unixSocket) ? this.#socketPath : formatAddress(this.connection.local);
  }

  get #socketPath(): string {
    return `${this.server.config.values.unixsocket}:0`;
  }

  /** Connected from this machine. */
  get isLocal(): boolean {
    const { remote } = this.connection;
    return remote.kind === 'unix' || remote.host === '127.0.0.1' || remote.host === '::1';
  }

  // ------------------------------------------------------------------------------------------------------------ access

  logIn(user: User): void {
    this.user = user;
    this.authenticated = true;
    this.updateAccess();
  }

  /** Back to the user and the rights of a connection that was just made. */
  logOut(): void {
    const { acl } = this.server;
    this.user = acl.defaultUser;
    this.authenticated = !acl.requiresLogin || this.has(SESSION.internal);
    this.updateAccess();
  }

  /** Puts into bits what the gates and the decoder look at. Called when the user, or what it may do, changes. */
  updateAccess(): void {
    const isLockedOut = this.server.acl.requiresLogin && !this.authenticated;
    this.assign(SESSION.unauthenticated, isLockedOut);
    // The embedder needs no rights, until it logs in as somebody.
    const isOwner = this.has(SESSION.internal) && this.user === this.server.acl.defaultUser;
    this.assign(SESSION.restricted, !isOwner && !this.user.isUnrestricted);
    this.decoder.authenticated = !isLockedOut;
  }

  assign(flag: number, on: boolean): void {
    if (on) this.set(flag);
    else this.clear(flag);
  }

  // ------------------------------------------------------------------------------------------- events of the connection

  data(chunk: Buffer): void {
    if (this.has(SESSION.closed | SESSION.closeAfterReply | SESSION.closing)) return;
    if (this.successor !== null) this.successor.data(chunk);
    else this.server.receive(this, chunk);
  }

  drain(): void {
    if (this.successor?.drain !== undefined) {
      this.successor.drain();
      return;
    }
    this.#backedUp = false;
    this.flush();
  }

  /** The peer will send no more. Redis makes no difference between that and a peer that is gone. */
  end(): void {
    this.server.clients.noteEnd(this);
    this.close();
  }

  close(error?: NetError | null): void {
    if (this.has(SESSION.closed)) return;
    if (error) this.server.log.verbose(`Reading from client: ${error.message}`);
    this.set(SESSION.closed);
    this.output.discard();
    this.decoder.discard();
    this.server.forget(this);
    for (const run of this.onClose.splice(0)) run();
    this.connection.destroy();
  }

  // ------------------------------------------------------------------------------------------------------------ output

  /** Sends what was replied. */
  flush(): void {
    const { output } = this;
    if (this.has(SESSION.closed | SESSION.closing)) {
      if (this.has(SESSION.closing)) this.close();
      return;
    }
    const bytes = output.pendingBytes;
    if (bytes > 0) {
      const { replyHold } = this.server;
      if (replyHold !== null && replyHold.holds(this)) return;
      this.gauge.sent(bytes);
      if (bytes > this.gauge.replyBytes || this.#backedUp) this.server.outputLimits.check(this);
      if (!this.#backedUp) this.#flushNow(bytes);
      if (this.server.clientEviction.isCounting) this.server.clientEviction.update(this);
    }
    if (this.source !== null && !this.#backedUp) this.source.pump(this.#send);
    if (this.has(SESSION.closeAfterReply | SESSION.closing)) this.#finish();
  }

  #flushNow(bytes: number): void {
    const { statistics, keyspace } = this.server;
    this.outputBytesTotal += bytes;
    statistics.outputBytes += bytes;
    statistics.writes++;
    this.lastInteractionMs = keyspace.nowMs;
    this.output.flush(this.#send);
  }

  /** Sends what was written outside of the session's own turn, at the end of this turn. */
  flushSoon(): void {
    this.server.flushLater(this);
  }

  /** Closes once the replies have left. What commands still reply is not sent. */
  closeAfterReply(): void {
    this.set(SESSION.closeAfterReply);
    this.updateReply();
    this.server.flushLater(this);
  }

  /** Closes at the end of this turn, without sending anything more. For use while a command runs. */
  closeSoon(): void {
    if (this.has(SESSION.closed | SESSION.closing)) return;
    this.set(SESSION.closing);
    this.output.drop();
    this.updateReply();
    this.server.flushLater(this);
  }

  /** The client can still be written to. */
  get isOpen(): boolean {
    return !this.has(SESSION.closed | SESSION.closeAfterReply | SESSION.closing);
  }

  /** Leads replies to the client or nowhere, after one of the flags has changed that decide about it. */
  updateReply(): void {
    this.reply = this.has(MUTED) ? this.server.silence : (this.#unheard ?? this.output);
  }

  /**
   * From now on the client is a replica, or our master: commands do not answer it.
   * @param onError called with an error that it would have been answered.
   */
  becomeLink(flag: typeof SESSION.replica | typeof SESSION.master, onError: (text: string) => void): void {
    this.set(flag);
    this.#unheard = new Reply(this.server.replyPool);
    this.#unheard.onError = (text): void => {
      this.server.countError(text);
      onError(text);
    };
    this.updateReply();
  }

  /** The end of a command during which something held that passes with it. */
  finishCommand(): void {
    this.clear(SESSION.replySkip);
    if (this.has(SESSION.replySkipNext)) {
      this.clear(SESSION.replySkipNext);
      this.set(SESSION.replySkip);
    }
    // CLIENT CACHING holds for the next command, or for the whole of a transaction.
    if (!this.has(SESSION.multi) && this.lastCommand?.parent?.row.name !== 'client')
      this.clear(SESSION.trackingCaching);
    if (this.has(SESSION.asking) && !this.has(SESSION.multi) && this.lastCommand?.row.name !== 'asking')
      this.clear(SESSION.asking);
    this.server.silence.discard();
    if (this.#unheard !== null && !this.#unheard.isEmpty) this.#dropUnheard(this.#unheard);
    this.afterCommand?.();
    this.updateReply();
  }

  /** An empty line does nothing and is not answered, but it is a command to what holds for the next one. */
  finishEmptyRequest(): void {
    if (!this.has(SESSION.multi)) this.clear(SESSION.trackingCaching);
    this.finishCommand();
  }

  /** A replica has no business with commands that answer. */
  #dropUnheard(unheard: Reply): void {
    unheard.discard();
    if (!this.has(SESSION.replica)) return;
    this.server.clients.noteReplicaReply(this);
    this.closeSoon();
  }

  #finish(): void {
    if (this.has(SESSION.closing) || (this.output.isEmpty && this.connection.queuedBytes === 0)) this.close();
  }
}

export function formatAddress(address: Address): string {
  if (address.kind === 'unix') return `${address.path}:0`;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
