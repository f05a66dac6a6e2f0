/**
 * One MIGRATE: keys are sent as RESTORE commands, and each is deleted here once the other end has confirmed it.
 *
 * redis-server serves nobody else meanwhile. Here only the client that asked waits, so a key may change while it is under
 * way: then what it holds now is sent over it, until what was confirmed is what is here, and those who would change it
 * once more wait (migration-waits.ts). A client that goes away does not stop the transfer.
 *
 * | happens | while | then |
 * |---|---|---|
 * | the link opens | connecting | everything is sent, as far as the link takes it |
 * | an answer comes | sending, waiting | it belongs to AUTH, SELECT or the next RESTORE |
 * | the link is lost | no key is confirmed | once more, with a new link |
 * | nothing for the timeout, or the link is lost | otherwise | IOERR |
 */
import { encodeCommand } from '../../client/encode-command.ts';
import { ErrorReply, type ReplyValue } from '../../client/reply-parser.ts';
import { NOTIFY } from '../../commands/notify-class.ts';
import { type Database, NO_EXPIRY } from '../../data/database.ts';
import { NONE } from '../../data/heap.ts';
import type { Timer } from '../../host/host.ts';
import { encodeDump } from '../../persistence/rdb/dump-payload.ts';
import type { Server } from '../server.ts';
import type { LinkUser, MigrationLink } from './migration-link.ts';

export interface MigrationOptions {
  readonly address: string;
  readonly port: string;
  readonly database: number;
  readonly timeoutMs: number;
  readonly copies: boolean;
  readonly replaces: boolean;
  readonly user: Buffer | null;
  readonly password: Buffer | null;
}

/** A key that was sent and not confirmed. */
interface Sent {
  readonly key: Buffer;
  /** What tells its value and expire time from others: the end of the payload, and the time. */
  readonly checksum: Buffer;
  readonly expireMs: number | bigint;
}

type Expected = 'auth' | 'select' | Sent;

/** What is sent ahead of the other end. */
const QUEUED_BYTES_MAX = 1 << 20;
const CHECKSUM_BYTES = 8;
/** A key that goes on changing is sent so many times more. */
const RESENDS_MAX = 100;

export class Migration implements LinkUser {
  readonly #server: Server;
  readonly #db: Database;
  readonly #options: MigrationOptions;
  readonly #keys: readonly Buffer[];
  /** Answers the client: null for OK, or the text of an error. */
  readonly #done: (error: string | null) => void;
  #link: MigrationLink | null = null;
  #timer: Timer | null = null;
  #mayRetry = true;
  /** The next key to be sent. */
  #next = 0;
  #expected: Expected[] = [];
  #confirmed = 0;
  #resends = 0;
  /** Of AUTH or SELECT: then nothing counts as confirmed. */
  #setupError: string | null = null;
  #targetError: string | null = null;

  constructor(
    server: Server,
    db: Database,
    keys: readonly Buffer[],
    options: MigrationOptions,
    done: (error: string | null) => void,
  ) {
    this.#server = server;
    this.#db = db;
    this.#keys = keys;
    this.#options = options;
    this.#done = done;
  }

  start(): void {
    const { address, port } = this.#options;
    const link = this.#server.migrations.acquire(address, port);
    this.#link = link;
    link.user = this;
    this.#arm();
    if (link.isOpen) this.#begin();
  }

  #arm(): void {
    this.#timer?.cancel();
    this.#timer = this.#server.host.timers.after(this.#options.timeoutMs, () => this.#enter(() => this.#timedOut()));
  }

  /** Everything happens at one instant each, as commands do. */
  #enter(run: () => void): void {
    this.#server.enter(run);
  }

  opened(): void {
    this.#enter(() => this.#begin());
  }

  #begin(): void {
    const { user, password, database } = this.#options;
    const link = this.#link!;
    this.#next = 0;
    this.#expected = [];
    if (password !== null) {
      link.send(encodeCommand(user === null ? ['AUTH', password] : ['AUTH', user, password]));
      this.#expected.push('auth');
    }
    if (link.database !== database) {
      link.send(encodeCommand(['SELECT', database]));
      this.#expected.push('select');
    }
    this.#pump();
  }

  /** Sends keys until enough is under way. */
  #pump(): void {
    const link = this.#link!;
    this.#arm();
    while (this.#next < this.#keys.length && link.queuedBytes < QUEUED_BYTES_MAX) {
      this.#sendKey(this.#keys[this.#next++]!, this.#options.replaces);
    }
    this.#finishIfDone();
  }

  #sendKey(key: Buffer, replaces: boolean): void {
    const db = this.#db;
    const entry = db.peek(key, 0, key.length);
    if (entry === NONE) return;
    const expireMs = db.exactExpiryOf(entry);
    const payload = encodeDump(db, entry, this.#server.config.values.rdbcompression);
    // Of a node of a cluster: the slot is on its way, and not the other one's yet.
    const command = this.#server.settings.isClusterNode ? 'RESTORE-ASKING' : 'RESTORE';
    const restore = [command, key, this.#ttlOf(expireMs), payload];
    this.#link!.send(encodeCommand(replaces ? [...restore, 'REPLACE'] : restore));
    const checksum = Buffer.from(payload.subarray(payload.length - CHECKSUM_BYTES));
    this.#expected.push({ key, checksum, expireMs });
  }

  #ttlOf(expireMs: number | bigint): string {
    if (expireMs === NO_EXPIRY) return '0';
    const ttl = BigInt(expireMs) - BigInt(this.#db.keyspace.nowMs);
    return String(ttl < 1n ? 1n : ttl);
  }

  drained(): void {
    this.#enter(() => this.#pump());
  }

  // ------------------------------------------------------------------------------------------------------------ answers

  replied(reply: ReplyValue): void {
    this.#enter(() => this.#take(reply));
  }

  #take(reply: ReplyValue): void {
    const expected = this.#expected.shift();
    if (expected === undefined) return;
    this.#arm();
    const error = reply instanceof ErrorReply ? reply.message : null;
    if (typeof expected === 'string') {
      this.#setupError ??= error;
      if (expected === 'select' && error === null) this.#link!.database = this.#options.database;
    } else this.#takeKey(expected, this.#setupError ?? error);
    this.#finishIfDone();
  }

  #takeKey(sent: Sent, error: string | null): void {
    this.#confirmed++;
    if (error !== null) {
      this.#targetError ??= error;
      this.#link!.database = -1;
      return;
    }
    if (this.#options.copies) return;
    const { key } = sent;
    const entry = this.#db.peek(key, 0, key.length);
    if (entry === NONE) return;
    if (this.#isStill(entry, sent)) this.#delete(key, entry);
    else if (this.#resends++ < RESENDS_MAX) {
      this.#server.migrations.waits.hold(this.#db, key);
      this.#sendKey(key, true);
      return;
    } else this.#targetError ??= 'the key changes faster than it can be sent';
    this.#server.migrations.waits.release(this.#db, key);
  }

  /** Whether an entry holds what was sent. */
  #isStill(entry: number, { checksum, expireMs }: Sent): boolean {
    if (this.#db.exactExpiryOf(entry) !== expireMs) return false;
    const payload = encodeDump(this.#db, entry, this.#server.config.values.rdbcompression);
    return payload.subarray(payload.length - CHECKSUM_BYTES).equals(checksum);
  }

  #delete(key: Buffer, entry: number): void {
    const server = this.#server;
    const db = this.#db;
    db.remove(entry, 'server');
    server.keyModified(db, key, 0, key.length, true);
    server.notify(NOTIFY.generic, 'del', db, key, 0, key.length);
    server.countChanges(1);
    server.propagation.deletion(db.index, key, false);
  }

  // ---------------------------------------------------------------------------------------------------------------- ends

  #finishIfDone(): void {
    if (this.#link === null || this.#next < this.#keys.length || this.#expected.length > 0) return;
    const link = this.#link;
    this.#detach();
    this.#server.migrations.giveBack(link);
    this.#done(this.#targetError === null ? null : `ERR Target instance replied with error: ${this.#targetError}`);
  }

  #detach(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#link = null;
    for (const key of this.#keys) this.#server.migrations.waits.release(this.#db, key);
  }

  #timedOut(): void {
    const link = this.#link;
    if (link === null) return;
    const { isOpen, queuedBytes } = link;
    link.close();
    this.#fail(isOpen, queuedBytes > 0);
  }

  lost(): void {
    this.#enter(() => this.#lost());
  }

  #lost(): void {
    const link = this.#link;
    if (link === null) return;
    if (link.isOpen && this.#mayRetry && this.#confirmed === 0) {
      // Kept links are often closed at the other end: a new one may do.
      this.#mayRetry = false;
      this.#setupError = null;
      this.#detach();
      this.start();
      return;
    }
    this.#fail(link.isOpen, this.#next < this.#keys.length);
  }

  #fail(wasOpen: boolean, wasWriting: boolean): void {
    this.#detach();
    if (!wasOpen) this.#done('IOERR error or timeout connecting to the client');
    else if (this.#targetError !== null) this.#done(`ERR Target instance replied with error: ${this.#targetError}`);
    else this.#done(`IOERR error or timeout ${wasWriting ? 'writing' : 'reading'} to target instance`);
  }
}
