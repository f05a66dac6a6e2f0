/**
 * One client: its connection, what it has sent and not yet been answered, and its state.
 *
 * A session is driven by its connection's events and by the server. Bytes that arrive are decoded and executed at
 * once; replies collect in `reply` and leave with one write at the end of the turn. Whatever is written to a session
 * outside of its own turn (a published message, a reply to a blocked command) is flushed by `flushSoon`.
 */
import type { Connection, ConnectionEvents, NetError } from '../host/host.ts';
import { Reply } from '../protocol/reply.ts';
import { RequestDecoder } from '../protocol/request-decoder.ts';
import type { Database } from '../data/database.ts';
import type { User } from './acl/user.ts';
import type { Command } from './command-table.ts';
import type { Server } from './server.ts';
import type { Transaction, WatchedKey } from './transactions.ts';

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
  pushing: 1 << 20,
  unixSocket: 1 << 21,
} as const;

const GATED = SESSION.multi | SESSION.subscribed | SESSION.unauthenticated | SESSION.restricted | SESSION.replica;

export class Session implements ConnectionEvents {
  readonly id: number;
  readonly server: Server;
  readonly connection: Connection;
  readonly decoder: RequestDecoder;
  readonly reply: Reply;
  db: Database;
  user: User;
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
  /** Number of the last argument bytes: CLIENT LIST argv-mem. */
  argumentBytes = 0;
  outputBytesTotal = 0;
  /** Called after the connection closed, in order. */
  readonly onClose: (() => void)[] = [];
  readonly #send = (bytes: Buffer): boolean => this.connection.write(bytes);

  constructor(server: Server, id: number, connection: Connection) {
    this.server = server;
    this.id = id;
    this.connection = connection;
    this.decoder = new RequestDecoder(server.decoderLimits);
    this.reply = new Reply(server.replyPool);
    this.reply.onError = server.countError;
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

  get protocol(): number {
    return this.reply.protocol;
  }

  get subscriptions(): number {
    return this.channels.size + this.patterns.size + this.shardChannels.size;
  }

  /** Bytes of replies that have not left. */
  get outputBytes(): number {
    return this.reply.pendingBytes + this.connection.queuedBytes;
  }

  /** "ip:port", or the unix socket's path with port 0, as CLIENT LIST shows the peer. */
  get peer(): string {
    const { remote, local } = this.connection;
    if (this.has(SESSION.unixSocket)) return `${local.kind === 'unix' ? local.path : ''}:0`;
    return formatAddress(remote);
  }

  get localAddress(): string {
    const { local } = this.connection;
    return this.has(SESSION.unixSocket) ? `${local.kind === 'unix' ? local.path : ''}:0` : formatAddress(local);
  }

  // ------------------------------------------------------------------------------------------- events of the connection

  data(chunk: Buffer): void {
    if (this.has(SESSION.closed | SESSION.closeAfterReply)) return;
    this.server.receive(this, chunk);
  }

  drain(): void {
    this.#finishIfDone();
  }

  end(): void {
    this.close();
  }

  close(error?: NetError | null): void {
    if (this.has(SESSION.closed)) return;
    this.set(SESSION.closed);
    this.reply.discard();
    this.server.forget(this, error ?? null);
    for (const run of this.onClose.splice(0)) run();
    this.connection.destroy();
  }

  // ------------------------------------------------------------------------------------------------------------ output

  /** Sends what was replied. */
  flush(): void {
    if (this.has(SESSION.closed)) return;
    const bytes = this.reply.pendingBytes;
    if (bytes > 0) {
      this.outputBytesTotal += bytes;
      this.server.statistics.outputBytes += bytes;
      this.server.statistics.writes++;
      this.reply.flush(this.#send);
      if (this.connection.queuedBytes > 0) this.server.outputLimits.check(this);
    }
    if (this.has(SESSION.closeAfterReply)) this.#finishIfDone();
  }

  /** Sends what was written outside of the session's own turn, at the end of this turn. */
  flushSoon(): void {
    this.server.flushLater(this);
  }

  /** Closes once the replies have left. */
  closeAfterReply(): void {
    this.set(SESSION.closeAfterReply);
    this.server.flushLater(this);
  }

  #finishIfDone(): void {
    if (this.has(SESSION.closeAfterReply) && this.reply.isEmpty && this.connection.queuedBytes === 0) this.close();
  }
}

export function formatAddress(address: import('../host/host.ts').Address): string {
  if (address.kind === 'unix') return `${address.path}:0`;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
