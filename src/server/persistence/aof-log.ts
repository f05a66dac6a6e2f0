/**
 * The stream of changes on its way into the increment that is being written: when it is written, when it is synced, and
 * how long replies wait for that (aof.c flushAppendOnlyFile).
 *
 * Changes collect in a buffer until the turn ends; then one write takes all of them, and the replies that were kept back
 * leave. So what was acknowledged survives the end of the process. What survives a power loss is `appendfsync`:
 *
 * - `everysec`: a sync in the background about once a second. Writing waits for a slow one, for up to two seconds;
 *   replies do not.
 * - `always`: replies wait for a sync, in the background too, that covers everything that was changed before them. What
 *   comes meanwhile shares the next one. That holds for replies to reads as well: they may tell of a change. A client
 *   that sends without pause and never reads would be held for ever, so after some rounds a sync is waited for.
 * - `no`: whenever the system likes.
 *
 * A failed write leaves the file as it was and the changes in the buffer; further commands that write are refused until
 * one succeeds. Under `always` there is no way back: replies are waiting, and the dataset has changed already.
 */
import type { Arguments } from '../../core/arguments.ts';
import { DiskError } from '../../host/host.ts';
import { CommandWriter } from '../../persistence/aof/command-writer.ts';
import type { ConfigValues } from '../config/parameters.ts';
import type { ReplyHold } from '../reply-hold.ts';
import type { Server } from '../server.ts';
import type { Session } from '../session.ts';
import type { AofOutput } from './aof-output.ts';

/** Writing waits so long for a sync in the background, in seconds. */
const POSTPONED_SECONDS_MAX = 2;
const ERROR_LOG_PERIOD_SECONDS = 30;
/** How long a sync waits for those whom the one before has answered, as a share of what that one took. */
const GATHERING_SHARE = 1 / 8;
/** After so many syncs that came too early for a session, the next one is waited for. */
const EARLY_SYNCS_MAX = 3;

interface Held {
  /** What was fed when the session last wanted to send. */
  target: number;
  /** Syncs that were completed before. */
  readonly since: number;
}

export class AofLog implements ReplyHold {
  readonly #server: Server;
  readonly #values: ConfigValues;
  readonly #isChildActive: () => boolean;
  readonly #buffer = new CommandWriter();
  #output: AofOutput | null = null;
  /** The database of the last command; -1: the next one says which it is. */
  #database = -1;
  #timestamp = 0;
  #isScheduled = false;
  /** Bytes since the beginning: fed, written, and what of that a sync covers. */
  #fed = 0;
  #written = 0;
  #synced = 0;
  #syncs = 0;
  #postponedSince = 0;
  #lastSyncSeconds: number;
  #lastErrorLogged = -Infinity;
  #writeError: string | null = null;
  #syncError: string | null = null;
  #isDead = false;
  #isGathering = false;
  readonly #held = new Map<Session, Held>();
  #leaving: Session | null = null;
  /** INFO aof_delayed_fsync. */
  delayedSyncs = 0;
  /** INFO aof_current_size. */
  totalBytes = 0;
  /** Called when `error` may have changed. */
  onErrorChange: (() => void) | null = null;

  constructor(server: Server, isChildActive: () => boolean) {
    this.#server = server;
    this.#values = server.config.values;
    this.#isChildActive = isChildActive;
    this.#lastSyncSeconds = this.#seconds;
    server.config.onChange('appendfsync', () => {
      this.#schedule();
      return null;
    });
  }

  get output(): AofOutput | null {
    return this.#output;
  }

  get bufferedBytes(): number {
    return this.#buffer.pendingBytes;
  }

  get bufferCapacity(): number {
    return this.#buffer.capacityBytes;
  }

  get pendingSyncs(): number {
    return this.#output?.isSyncing ? 1 : 0;
  }

  /** Why nothing can be written or synced, or null. */
  get error(): string | null {
    return this.#writeError ?? this.#syncError;
  }

  get #seconds(): number {
    return Math.floor(this.#server.host.clock.wallMs() / 1000);
  }

  // ------------------------------------------------------------------------------------------------------------- feeding

  feed(database: number, args: Arguments): void {
    const buffer = this.#buffer;
    const before = buffer.pendingBytes;
    if (this.#values['aof-timestamp-enabled']) this.#annotate();
    if (database !== this.#database) {
      this.#database = database;
      buffer.select(database);
    }
    buffer.arguments(args);
    this.#fed += buffer.pendingBytes - before;
    if (!this.#isScheduled) this.#schedule();
  }

  #annotate(): void {
    const seconds = Math.floor(this.#server.keyspace.nowMs / 1000);
    if (seconds <= this.#timestamp) return;
    this.#timestamp = seconds;
    this.#buffer.timestamp(seconds);
  }

  #schedule(): void {
    if (this.#isScheduled || this.#output === null) return;
    this.#isScheduled = true;
    this.#server.replyHold = this;
    this.#server.host.timers.soon(this.#endTurn);
  }

  readonly #endTurn = (): void => {
    this.#isScheduled = false;
    this.flush();
  };

  /** The next command names its database, and its time. */
  forgetDatabase(): void {
    this.#database = -1;
  }

  /** Forgets what was fed and not written. */
  discard(): void {
    this.#buffer.clear();
    this.#written = this.#synced = this.#fed;
    this.#release();
  }

  // ------------------------------------------------------------------------------------------------------------- opening

  /** Writes go to a file from now on. The one before is synced and closed in the background. */
  open(output: AofOutput): void {
    if (this.#output !== null) {
      this.#output.syncAndClose();
      this.#lastSyncSeconds = this.#seconds;
    }
    this.#output = output;
  }

  /** Writes and syncs what is left, and closes the file. */
  close(): void {
    this.flush(true);
    this.syncNow('Fail to fsync the AOF file:', '');
    this.#output?.close();
    this.#output = null;
    this.#database = -1;
    this.discard();
    this.resetErrors();
  }

  /** The server is closed: closes the file as it is. Replies that were kept back are lost. */
  abandon(): void {
    this.#isDead = true;
    this.#output?.close();
    this.#output = null;
    this.#held.clear();
  }

  /** What failed before does not count any more. @returns whether something had. */
  resetErrors(): { write: boolean; sync: boolean } {
    const had = { write: this.#writeError !== null, sync: this.#syncError !== null };
    this.#writeError = this.#syncError = null;
    this.#postponedSince = 0;
    this.onErrorChange?.();
    return had;
  }

  /** Syncs, and waits for it; a failure is logged. */
  syncNow(failure: string, end: string): void {
    const output = this.#output;
    if (output === null) return;
    try {
      output.syncNow();
      this.#synced = this.#written;
      this.#lastSyncSeconds = this.#seconds;
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.#server.log.warning(`${failure} ${error.message}${end}`);
    }
  }

  // ------------------------------------------------------------------------------------------------------------- writing

  /** Writes what has collected, and syncs if that is due. @param force whatever is under way. */
  flush(force = false): void {
    const output = this.#output;
    if (output === null || this.#isDead) return;
    const policy = this.#values.appendfsync;
    if (this.#buffer.pendingBytes > 0) {
      const waits = output.isSyncing && !force;
      // Under `always`, the end of the sync comes here again.
      if (policy === 'always' && (waits || (this.#isGathering && !force))) return;
      if ((waits && policy === 'everysec' && this.#postpones()) || !this.#write(output, policy === 'always')) {
        this.#release();
        return;
      }
    }
    this.#sync(output, policy, force);
    this.#release();
  }

  /** The cron comes by: what had to wait, or failed, is tried again. */
  retry(): void {
    const isIdle = this.#buffer.pendingBytes === 0 && this.#output?.syncStartedBytes === this.#output?.sizeBytes;
    if (!isIdle || this.#syncError !== null) this.flush();
  }

  /** @returns whether writing goes on waiting for a slow sync. */
  #postpones(): boolean {
    const now = this.#seconds;
    if (this.#postponedSince === 0) {
      this.#postponedSince = now;
      return true;
    }
    if (now - this.#postponedSince < POSTPONED_SECONDS_MAX) return true;
    this.delayedSyncs++;
    this.#server.log.notice(
      'Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without waiting for fsync to ' +
        'complete, this may slow down Redis.',
    );
    return false;
  }

  /** @returns whether it could be written. */
  #write(output: AofOutput, isAlways: boolean): boolean {
    const { host, debugging, latency } = this.#server;
    const buffer = this.#buffer;
    const bytes = buffer.pendingBytes;
    if (debugging.aofFlushSleepUs > 0) host.timers.sleep(debugging.aofFlushSleepUs / 1000);
    const isWatched = this.#values['latency-monitor-threshold'] > 0;
    const startUs = isWatched ? host.clock.monotonicUs() : 0;
    try {
      output.write(buffer.pending);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.#failWrite(error, isAlways);
      return false;
    } finally {
      if (isWatched) {
        const durationUs = host.clock.monotonicUs() - startUs;
        const circumstance = output.isSyncing ? 'pending-fsync' : this.#isChildActive() ? 'active-child' : 'alone';
        latency.note(`aof-write-${circumstance}`, durationUs);
        latency.note('aof-write', durationUs);
      }
      this.#postponedSince = 0;
    }
    buffer.clear();
    this.#written = this.#fed;
    this.totalBytes += bytes;
    if (this.#writeError !== null) {
      this.#server.log.warning('AOF write error looks solved, Redis can write again.');
      this.#writeError = null;
      this.onErrorChange?.();
    }
    return true;
  }

  #failWrite(error: DiskError, isAlways: boolean): void {
    const now = this.#seconds;
    const { log } = this.#server;
    if (now - this.#lastErrorLogged > ERROR_LOG_PERIOD_SECONDS) {
      this.#lastErrorLogged = now;
      log.warning(`Error writing to the AOF file: ${error.message}`);
    }
    this.#writeError = error.message;
    if (isAlways) {
      this.#die("Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...");
    } else this.onErrorChange?.();
  }

  // ------------------------------------------------------------------------------------------------------------- syncing

  #sync(output: AofOutput, policy: ConfigValues['appendfsync'], force: boolean): void {
    if (this.#values['no-appendfsync-on-rewrite'] && this.#isChildActive()) {
      // Nothing is promised meanwhile.
      this.#synced = this.#written;
      return;
    }
    const isDue = output.syncStartedBytes !== output.sizeBytes || this.#syncError !== null;
    if (policy === 'always') {
      if (this.#synced === this.#written && !isDue) return;
      if (force) this.#syncAlways(output);
      else if (!output.isSyncing && isDue) this.#syncInBackground(output, true);
      else if (!output.isSyncing) this.#synced = this.#written;
    } else if (policy === 'everysec' && isDue && this.#seconds !== this.#lastSyncSeconds) {
      // A clock that was set back must not put syncs off until it has caught up.
      if (!output.isSyncing) this.#syncInBackground(output, false);
      this.#lastSyncSeconds = this.#seconds;
    }
  }

  #syncAlways(output: AofOutput): void {
    const { clock } = this.#server.host;
    const startUs = clock.monotonicUs();
    try {
      output.syncNow();
      this.#synced = this.#written;
      this.#syncs++;
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.#failSync(error);
    }
    this.#lastSyncSeconds = this.#seconds;
    this.#server.latency.note('aof-fsync-always', clock.monotonicUs() - startUs);
  }

  #syncInBackground(output: AofOutput, isAlways: boolean): void {
    const { clock } = this.#server.host;
    const startUs = clock.monotonicUs();
    const covered = this.#written;
    output.sync((error) => {
      if (this.#isDead) return;
      if (isAlways) this.#server.latency.note('aof-fsync-always', clock.monotonicUs() - startUs);
      if (error !== null && isAlways) {
        this.#failSync(error);
        return;
      }
      this.#noteSync(error);
      if (error === null) {
        this.#synced = Math.max(this.#synced, covered);
        this.#syncs++;
      }
      const crowd = this.#held.size;
      this.#release();
      if (isAlways && crowd > 1) this.#gather((clock.monotonicUs() - startUs) * GATHERING_SHARE);
      // The file may be another one by now.
      else if (isAlways || this.#postponedSince !== 0) this.flush();
    });
  }

  /** Those who were just answered will send again: the next sync waits a little, to be theirs too. */
  #gather(durationUs: number): void {
    this.#isGathering = true;
    this.#server.host.timers.after(durationUs / 1000, () => {
      this.#isGathering = false;
      this.flush();
    });
  }

  /** Nobody may be told that all is well any more. */
  #die(text: string): void {
    this.#isDead = true;
    this.#server.replyHold = this;
    this.#server.shutdown.fail(text);
  }

  #failSync(error: DiskError): void {
    this.#die(`Can't persist AOF for fsync error when the AOF fsync policy is 'always': ${error.message}. Exiting...`);
  }

  #noteSync(error: DiskError | null): void {
    const before = this.#syncError;
    this.#syncError = error?.message ?? null;
    if (error !== null && before === null) this.#server.log.warning(`Fail to fsync the AOF file: ${error.message}`);
    if (before !== this.#syncError) this.onErrorChange?.();
  }

  // ------------------------------------------------------------------------------------------------------------- replies

  /** What is as safe as it is going to be. */
  get #safe(): number {
    if (this.#isDead) return -1;
    if (this.#output === null) return this.#fed;
    if (this.#values.appendfsync === 'always') return this.#synced;
    // What waits for a slow sync, or for a disk that has room, does not keep anybody waiting.
    const waits = this.#postponedSince !== 0 || this.#writeError !== null;
    return waits ? this.#fed : this.#written;
  }

  holds(session: Session): boolean {
    if (this.#leaving === session || this.#fed <= this.#safe) return false;
    const held = this.#held.get(session);
    if (held === undefined) this.#held.set(session, { target: this.#fed, since: this.#syncs });
    else held.target = this.#fed;
    return true;
  }

  /** Lets go the replies that are safe by now. */
  #release(): void {
    if (this.#isDead) return;
    const safe = this.#safe;
    if (this.#held.size > 0) this.#releaseUpTo(safe);
    if (this.#fed <= this.#safe && !this.#isScheduled) this.#server.replyHold = null;
  }

  #releaseUpTo(safe: number): void {
    let isTooLong = false;
    for (const [session, { target, since }] of this.#held) {
      if (target > safe) {
        isTooLong ||= this.#syncs - since >= EARLY_SYNCS_MAX;
        continue;
      }
      this.#held.delete(session);
      this.#leaving = session;
      session.flush();
    }
    this.#leaving = null;
    if (isTooLong) this.flush(true);
  }
}
