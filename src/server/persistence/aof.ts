/**
 * The append-only file of a server: every change of the dataset, in the order in which it happened, so that the dataset
 * comes back when the files are played from the beginning (aof.c).
 *
 * It takes part in the stream of changes (`feed`) and hands it to the increment that is being written (aof-log.ts). From
 * time to time a rewrite makes a new base (aof-rewrite.ts). At the start the files are loaded (aof-load.ts) before
 * anything is written. CONFIG SET appendonly switches it on and off at any time.
 */
import type { Arguments } from '../../core/arguments.ts';
import { fail } from '../../core/errors.ts';
import { DiskError } from '../../host/host.ts';
import { mayBlock } from '../blocking.ts';
import type { Call } from '../call.ts';
import type { ChangeSink } from '../hooks.ts';
import type { Server } from '../server.ts';
import type { Session } from '../session.ts';
import type { ShutdownRequest } from '../shutdown.ts';
import { AofDirectory } from './aof-directory.ts';
import { AofLoad, type AofLoadResult } from './aof-load.ts';
import { AofLog } from './aof-log.ts';
import { AofOutput } from './aof-output.ts';
import { AofRewrite, type AofState } from './aof-rewrite.ts';
import type { Persistence } from './persistence.ts';

/** A replica that has a new dataset tries so often to write it down. */
const RESTART_ATTEMPTS = 10;

export class Aof implements ChangeSink {
  readonly takesMessages = false;
  readonly persistence: Persistence;
  readonly directory: AofDirectory;
  readonly log: AofLog;
  readonly rewrite: AofRewrite;
  readonly #server: Server;
  #state: AofState = 'off';
  #load: AofLoad | null = null;

  constructor(server: Server, persistence: Persistence) {
    this.#server = server;
    this.persistence = persistence;
    const { children } = persistence;
    this.directory = new AofDirectory(server, persistence.disk);
    this.log = new AofLog(server, () => children.active !== null);
    this.rewrite = new AofRewrite(server, this);
    this.log.onErrorChange = (): void => persistence.stateChanged();
    server.memory.addSource('aofBuffer', () => (this.#state === 'off' ? 0 : this.log.bufferedBytes));
    // What is scheduled comes before snapshots that save points ask for.
    server.cronDuties.unshift(() => this.#cron());
    server.config.onChange('appendonly', (on) => {
      if (!on && this.#state !== 'off') this.stop();
      return on && this.#state === 'off' && !this.#start() ? 'Unable to turn on AOF. Check server logs.' : null;
    });
    server.config.onChange('aof-disable-auto-gc', () => {
      this.directory.removeHistory();
      return null;
    });
  }

  // --------------------------------------------------------------------------------------------------------------- state

  get state(): AofState {
    return this.#state;
  }

  set state(state: AofState) {
    this.#state = state;
    const { changeSinks } = this.#server.hooks;
    const index = changeSinks.indexOf(this);
    if (state === 'off' && index >= 0) changeSinks.splice(index, 1);
    else if (state !== 'off' && index < 0) changeSinks.unshift(this);
  }

  /** Whether it is switched on. */
  get isOn(): boolean {
    return this.#server.config.values.appendonly;
  }

  feed(database: number, args: Arguments): void {
    // Before the first base is begun, nothing is to be kept: the base will have it.
    if (this.#state === 'waiting' && !this.rewrite.isRunning) return;
    this.log.feed(database, args);
  }

  get refusal(): string | null {
    const { error } = this.log;
    return this.#state === 'off' || error === null ? null : `MISCONF Errors writing to the AOF file: ${error}`;
  }

  #cron(): void {
    if (this.persistence.loading.isActive) return;
    this.rewrite.cron();
    if (this.#state !== 'off') this.log.retry();
  }

  /** BGREWRITEAOF. */
  rewriteInBackground(c: Call): void {
    const { rewrite } = this;
    if (rewrite.isRunning) fail('ERR Background append only file rewriting already in progress');
    if (this.persistence.children.active !== null || this.#server.dispatcher.depth > 1) {
      rewrite.isScheduled = true;
      rewrite.failures = 0;
      c.reply.simple('Background append only file rewriting scheduled');
    } else if (rewrite.start()) c.reply.simple('Background append only file rewriting started');
    else fail("ERR Can't execute an AOF background rewriting. Please check the server logs for more information.");
  }

  // ----------------------------------------------------------------------------------------------------- on and off again

  /** Switches it off: what was fed is on disk. */
  stop(): void {
    if (this.#state === 'off') return;
    this.state = 'off';
    this.rewrite.isScheduled = false;
    this.log.close();
    this.rewrite.kill();
  }

  /** Switches it on: a rewrite begins, or is scheduled. @returns whether that worked. */
  #start(): boolean {
    const { log } = this.#server;
    const { rewrite } = this;
    this.state = 'waiting';
    if (this.persistence.children.isActive('rdb')) {
      rewrite.isScheduled = true;
      log.warning(
        'AOF was enabled but there is already another background operation. An AOF background was scheduled to start when possible.',
      );
    } else if (this.#server.dispatcher.depth > 1) {
      rewrite.isScheduled = true;
      log.warning('AOF was enabled during a transaction. An AOF background was scheduled to start when possible.');
    } else {
      if (rewrite.isRunning) {
        log.warning(
          'AOF was enabled but there is already an AOF rewriting in background. Stopping background AOF and starting a rewrite now.',
        );
        rewrite.kill();
      }
      if (!rewrite.start()) {
        this.state = 'off';
        log.warning(
          "Redis needs to enable the AOF but can't trigger a background AOF rewrite operation. Check the above logs for more info about the error.",
        );
        return false;
      }
    }
    const { write, sync } = this.log.resetErrors();
    if (sync) log.warning('AOF reopen, just ignore the AOF fsync error in bio job');
    if (write) log.warning('AOF reopen, just ignore the last error.');
    return true;
  }

  /** A replica has another dataset: it is written down anew. */
  restart(): void {
    this.stop();
    if (!this.isOn) return;
    const { log } = this.#server;
    for (let attempts = RESTART_ATTEMPTS; attempts > 0; attempts--) {
      if (this.#start()) return;
      log.warning('Failed enabling the AOF after successful master synchronization! Trying it again in one second.');
    }
    this.#server.shutdown.fail(
      "FATAL: this replica instance finished the synchronization with its master, but the AOF can't be turned on. " +
        'Exiting now.',
    );
  }

  // ------------------------------------------------------------------------------------------------------- start and end

  load(done: (error: string | null) => void): void {
    const { host, log } = this.#server;
    const startUs = host.clock.monotonicUs();
    const reason = this.directory.load();
    if (reason !== null) {
      done(reason);
      return;
    }
    if (!this.directory.upgrade()) {
      done('The append-only file of an older server cannot be taken over.');
      return;
    }
    const load = (this.#load = new AofLoad(this.#server, this.directory, this.persistence.loading, (result) => {
      this.#load = null;
      if (result === 'failed') {
        done('The append-only file cannot be loaded.');
        return;
      }
      if (result !== 'missing') {
        const seconds = (host.clock.monotonicUs() - startUs) / 1_000_000;
        log.notice(`DB loaded from append only file: ${seconds.toFixed(3)} seconds`);
      }
      done(this.#open(load, result) ? null : 'The append-only file cannot be written.');
    }));
    load.start();
  }

  /** Begins to write, behind what was loaded. @returns whether it can be written. */
  #open(load: AofLoad, result: AofLoadResult): boolean {
    const { directory, log } = this;
    const { manifest } = directory;
    if (!directory.make()) return false;
    if (manifest.isEmpty) {
      const { name } = manifest.addBase(directory.prefix, this.#server.config.values['aof-use-rdb-preamble']);
      if (!this.rewrite.writeNow(directory.pathOf(name))) return false;
      this.#server.log.notice(`Creating AOF base file ${name} on server start`);
    }
    const last = manifest.lastIncrement;
    const { name } = last ?? manifest.addIncrement(directory.prefix);
    let output: AofOutput;
    try {
      output = new AofOutput(this.persistence.disk, directory.pathOf(name), 'append');
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.#server.log.warning(`Can't open the append-only file ${name}: ${error.message}`);
      return false;
    }
    if (!directory.persist(manifest)) {
      output.close();
      return false;
    }
    log.open(output);
    if (result === 'loaded') {
      log.totalBytes = load.totalBytes;
      this.rewrite.baseBytes = load.baseBytes;
    }
    this.#server.log.notice(`${last === null ? 'Creating' : 'Opening'} AOF incr file ${name} on server start`);
    this.state = 'on';
    directory.removeHistory();
    return true;
  }

  finish(request: ShutdownRequest): boolean {
    const { log } = this.#server;
    if (this.rewrite.isRunning) {
      if (this.#state === 'waiting') {
        log.warning(request.force ? 'Writing initial AOF. Exit anyway.' : "Writing initial AOF, can't exit.");
        if (!request.force) return false;
      }
      log.warning('There is a child rewriting the AOF. Killing it!');
      this.rewrite.kill();
    }
    if (this.#state === 'off') return true;
    log.notice('Calling fsync() on the AOF file.');
    this.log.flush(true);
    this.log.syncNow('Fail to fsync the AOF file:', '.');
    return true;
  }

  /** The server is closed: nothing is written any more. */
  close(): void {
    this.#load?.stop();
    this.rewrite.kill();
    this.log.flush(true);
    this.log.abandon();
  }

  /** DEBUG LOADAOF: the dataset is emptied and loaded again. The client waits, the others are told -LOADING. */
  reload(c: Call): void {
    const server = this.#server;
    const { session } = c;
    if (this.#state !== 'off') this.log.flush(true);
    const { changes } = server;
    for (const database of server.keyspace.databases) server.databaseChanges(database, null);
    server.keyspace.clear();
    this.persistence.functions?.clear();
    if (this.directory.load() !== null) {
      server.shutdown.fail('The append-only file cannot be loaded by DEBUG LOADAOF');
      return;
    }
    const waits = mayBlock(session);
    const load = new AofLoad(server, this.directory, this.persistence.loading, (result) => {
      this.#load = null;
      // The command itself is no change.
      server.changes = changes;
      this.persistence.saves.markSaved();
      this.#endReload(load, result, session);
      if (waits) server.blocking.unblock(session);
    });
    this.directory.removeHistory();
    if (waits) server.blocking.block(session, { kind: 'configuration', deadlineMs: 0, giveUp: null });
    this.#load = load;
    load.start(!waits);
  }

  #endReload(load: AofLoad, result: AofLoadResult, session: Session): void {
    if (result === 'failed' || result === 'missing') {
      this.#server.shutdown.fail('The append-only file cannot be loaded by DEBUG LOADAOF');
      return;
    }
    this.log.totalBytes = load.totalBytes;
    this.rewrite.baseBytes = load.baseBytes;
    this.#server.log.warning('Append Only File loaded by DEBUG LOADAOF');
    session.reply.ok();
  }

  // ---------------------------------------------------------------------------------------------------------------- info

  infoLines(): string[] {
    const { rewrite, log, persistence } = this;
    return [
      `aof_enabled:${this.#state === 'off' ? 0 : 1}`,
      `aof_rewrite_in_progress:${rewrite.isRunning ? 1 : 0}`,
      `aof_rewrite_scheduled:${rewrite.isScheduled ? 1 : 0}`,
      `aof_last_rewrite_time_sec:${rewrite.lastDurationSeconds}`,
      `aof_current_rewrite_time_sec:${rewrite.runningSeconds}`,
      `aof_last_bgrewrite_status:${rewrite.lastSucceeded ? 'ok' : 'err'}`,
      `aof_rewrites:${rewrite.count}`,
      `aof_rewrites_consecutive_failures:${rewrite.failures}`,
      `aof_last_write_status:${log.error === null ? 'ok' : 'err'}`,
      `aof_last_cow_size:${persistence.children.lastHandedOverBytes.aof}`,
    ];
  }

  sizeLines(): string[] {
    const { rewrite, log } = this;
    return [
      `aof_current_size:${log.totalBytes}`,
      `aof_base_size:${rewrite.baseBytes}`,
      `aof_pending_rewrite:${rewrite.isScheduled ? 1 : 0}`,
      `aof_buffer_length:${log.bufferedBytes}`,
      `aof_pending_bio_fsync:${log.pendingSyncs}`,
      `aof_delayed_fsync:${log.delayedSyncs}`,
    ];
  }

  resetStatistics(): void {
    this.rewrite.count = 0;
    this.rewrite.failures = 0;
    this.log.delayedSyncs = 0;
  }
}
