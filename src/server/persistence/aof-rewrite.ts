/**
 * BGREWRITEAOF: a new base for the append-only file, made of the dataset as it is now, while commands are served (aof.c
 * rewriteAppendOnlyFileBackground, backgroundRewriteDoneHandler).
 *
 * When it starts, a new increment is opened and named in the manifest; what is written from then on goes there. The base
 * is written under a temporary name. When it is whole and synced it is renamed, and one replacement of the manifest puts
 * it in its place and makes history of what it covers. If anything fails before that, the old base and all increments are
 * still the dataset.
 *
 * Where the file is being switched on there is no dataset on disk yet. The first increment then is a temporary file, too,
 * that gets its name together with the base; until that has worked, it is tried again.
 */
import { DiskError } from '../../host/host.ts';
import { AofBaseWriter } from '../../persistence/aof/base-writer.ts';
import type { AofManifest } from '../../persistence/aof/manifest.ts';
import { Snapshot, type SnapshotEncoder } from '../../persistence/snapshot.ts';
import type { Server } from '../server.ts';
import type { AofDirectory } from './aof-directory.ts';
import type { AofLog } from './aof-log.ts';
import { AofOutput } from './aof-output.ts';
import type { Child } from './children.ts';
import type { Persistence } from './persistence.ts';
import { SIGUSR1, type SnapshotFile, WriterEnded } from './snapshot-file.ts';
import { openSnapshotFile } from './snapshot-writer.ts';

/** `waiting`: it is being switched on, and the first base is not written yet. */
export type AofState = 'off' | 'on' | 'waiting';

/** After so many failures in a row, rewrites that nobody asked for are put off, twice as long each time. */
const FAILURES_TOLERATED = 3;
const LIMIT_MINUTES_MAX = 60;
const CHUNK_BYTES = 1 << 16;

export interface RewritePorts {
  readonly persistence: Persistence;
  readonly directory: AofDirectory;
  readonly log: AofLog;
  state: AofState;
}

interface Running {
  readonly child: Child;
  readonly file: SnapshotFile;
  readonly startedSeconds: number;
  readonly isRdb: boolean;
}

export class AofRewrite {
  /** Rewrites that were started. */
  count = 0;
  /** Failures since the last success. */
  failures = 0;
  lastSucceeded = true;
  lastDurationSeconds = -1;
  /** One is to be started as soon as no child is active. */
  isScheduled = false;
  /** Bytes of all files when the last one was complete. */
  baseBytes = 0;
  readonly #server: Server;
  readonly #ports: RewritePorts;
  #running: Running | null = null;
  #limitMinutes = 0;
  #limitedUntilSeconds = 0;

  constructor(server: Server, ports: RewritePorts) {
    this.#server = server;
    this.#ports = ports;
  }

  get isRunning(): boolean {
    return this.#running !== null;
  }

  /** How long the one that is under way has taken, or -1. */
  get runningSeconds(): number {
    return this.#running === null ? -1 : this.#nowSeconds - this.#running.startedSeconds;
  }

  get #nowSeconds(): number {
    return Math.floor(this.#server.host.clock.wallMs() / 1000);
  }

  #encoder(): SnapshotEncoder {
    const { persistence } = this.#ports;
    const { values } = this.#server.config;
    if (values['aof-use-rdb-preamble']) return persistence.encoder(true);
    const unixSeconds = values['aof-timestamp-enabled'] ? this.#nowSeconds : null;
    return new AofBaseWriter(unixSeconds, persistence.functions?.sources() ?? []);
  }

  // ------------------------------------------------------------------------------------------------------------- at once

  /** Writes the base of a dataset at the start, while everybody waits. @returns whether it is there. */
  writeNow(path: string): boolean {
    const { config, host, keyspace, log } = this.#server;
    const { disk } = this.#ports.persistence;
    const name = `temp-rewriteaof-${host.system.pid}.aof`;
    const temporary = config.path(name);
    let file;
    try {
      file = disk.open(temporary, 'create');
    } catch (error) {
      log.warning(`Opening the temp file for AOF rewrite in rewriteAppendOnlyFile(): ${reasonOf(error)}`);
      return false;
    }
    try {
      const encoder = this.#encoder();
      const snapshot = new Snapshot(keyspace, encoder, true);
      const look = (): boolean => {
        if (encoder.pendingBytes >= CHUNK_BYTES) {
          const bytes = encoder.take();
          file.appendNow(bytes);
          encoder.reuse(bytes);
        }
        return true;
      };
      while (!snapshot.run(look));
      if (snapshot.error !== null) throw snapshot.error;
      file.appendNow(encoder.take());
      file.syncNow();
      file.close();
    } catch (error) {
      file.close();
      this.#ports.directory.remove(temporary);
      log.warning(`Write error writing append only file on disk: ${reasonOf(error)}`);
      return false;
    }
    const reason = this.#ports.directory.rename(temporary, path);
    if (reason === null) return true;
    log.warning(`Error moving temp append only file on the final destination: ${reason}`);
    this.#ports.directory.remove(temporary);
    return false;
  }

  // ------------------------------------------------------------------------------------------------- in the background

  /** Starts one. @returns false if another child is active or it cannot be started. */
  start(): boolean {
    const { persistence, directory, log } = this.#ports;
    const { config } = this.#server;
    if (persistence.children.active !== null) return false;
    if (!directory.make()) return this.#failToStart();
    log.forgetDatabase();
    log.flush(true);
    if (!this.#openIncrement()) return this.#failToStart();
    this.count++;
    this.isScheduled = false;
    const isRdb = config.values['aof-use-rdb-preamble'];
    const opened = openSnapshotFile(this.#server, persistence.disk, {
      nameOf: (_writer, pid) => config.path(temporaryName(pid)),
      syncsNowAndThen: config.values['aof-rewrite-incremental-fsync'],
    });
    this.#server.log.notice(`Background append only file rewriting started by pid ${opened.pid}`);
    if (opened.error !== null) {
      const reason = opened.error.message;
      this.#server.log.warning(`Opening the temp file for AOF rewrite in rewriteAppendOnlyFile(): ${reason}`);
      this.#endInFailure(this.#nowSeconds);
      return true;
    }
    const { file } = opened;
    file.onError = (error): void => this.#fail(file, error);
    const child = persistence.children.start('aof', this.#encoder(), file, (error) => {
      if (error === null) file.finish((reason) => (reason === null ? this.#finish(file) : this.#fail(file, reason)));
      else this.#fail(file, error);
    });
    this.#running = { child, file, startedSeconds: this.#nowSeconds, isRdb };
    return true;
  }

  #failToStart(): false {
    this.lastSucceeded = false;
    return false;
  }

  /** What is written from now on belongs behind the new base. @returns whether it has a file. */
  #openIncrement(): boolean {
    const { directory, log, state, persistence } = this.#ports;
    if (state === 'off') return true;
    const manifest = state === 'waiting' ? null : directory.manifest.copy();
    const name = manifest === null ? directory.temporaryIncrement : manifest.addIncrement(directory.prefix).name;
    let output: AofOutput;
    try {
      output = new AofOutput(persistence.disk, directory.pathOf(name), 'create');
    } catch (error) {
      this.#server.log.warning(`Can't open the append-only file ${name}: ${reasonOf(error)}`);
      return false;
    }
    if (manifest !== null && !directory.persist(manifest)) {
      output.close();
      return false;
    }
    this.#server.log.notice(`Creating AOF incr file ${name} on background rewrite`);
    log.open(output);
    if (manifest !== null) directory.manifest = manifest;
    return true;
  }

  /** The base is written and synced. */
  #finish(file: SnapshotFile): void {
    const running = this.#running;
    if (running === null || running.file !== file) return;
    this.#running = null;
    running.child.end();
    const { directory } = this.#ports;
    const { log, host } = this.#server;
    const startUs = host.clock.monotonicUs();
    log.notice(`Successfully created the temporary AOF base file ${temporaryName(file.pid)}`);
    log.notice('Background AOF rewrite terminated with success');
    if (this.#install(running)) {
      this.lastSucceeded = true;
      this.failures = 0;
      log.notice('Background AOF rewrite finished successfully');
      if (this.#ports.state === 'waiting') this.#ports.state = 'on';
      log.verbose(`Background AOF rewrite signal handler took ${Math.round(host.clock.monotonicUs() - startUs)}us`);
    } else {
      this.#countFailure();
      directory.remove(file.path);
    }
    this.#cleanUp(running.startedSeconds);
  }

  /** Puts the new base in its place. @returns whether the manifest on disk says so. */
  #install({ file, isRdb }: Running): boolean {
    const { directory, log } = this.#ports;
    const temporary = temporaryName(file.pid);
    const manifest = directory.manifest.copy();
    const base = manifest.addBase(directory.prefix, isRdb).name;
    const basePath = directory.pathOf(base);
    const reason = directory.rename(file.path, basePath);
    if (reason !== null) {
      this.#server.log.warning(
        `Error trying to rename the temporary AOF base file ${temporary} into ${basePath}: ${reason}`,
      );
      return false;
    }
    this.#server.log.notice(`Successfully renamed the temporary AOF base file ${temporary} into ${base}`);
    const increment = this.#ports.state === 'waiting' ? this.#nameIncrement(manifest) : null;
    if (increment === undefined) {
      directory.remove(basePath);
      return false;
    }
    manifest.retireIncrements(log.output !== null);
    if (!directory.persist(manifest)) {
      directory.remove(basePath);
      if (increment !== null) directory.remove(directory.pathOf(increment));
      return false;
    }
    directory.manifest = manifest;
    if (this.#ports.state !== 'off') {
      this.baseBytes = log.totalBytes = directory.sizeOf(base) + (log.output?.sizeBytes ?? 0);
    }
    directory.removeHistory();
    return true;
  }

  /** Gives the first increment its name. @returns the name, or undefined if it could not be given. */
  #nameIncrement(manifest: AofManifest): string | undefined {
    const { directory } = this.#ports;
    const temporary = directory.temporaryIncrement;
    const { name } = manifest.addIncrement(directory.prefix);
    const reason = directory.rename(directory.pathOf(temporary), directory.pathOf(name));
    if (reason === null) {
      this.#server.log.notice(`Successfully renamed the temporary AOF incr file ${temporary} into ${name}`);
      return name;
    }
    this.#server.log.warning(
      `Error trying to rename the temporary AOF incr file ${directory.pathOf(temporary)} into ` +
        `${directory.pathOf(name)}: ${reason}`,
    );
    return undefined;
  }

  #fail(file: SnapshotFile, error: unknown): void {
    const running = this.#running;
    if (running === null || running.file !== file) return;
    this.#running = null;
    running.child.kill();
    file.discard();
    if (error instanceof WriterEnded && error.signal !== 0) {
      this.#endBySignal(running.startedSeconds, error.signal);
      return;
    }
    this.#server.log.warning(`Write error writing append only file on disk: ${reasonOf(error)}`);
    this.#endInFailure(running.startedSeconds);
  }

  #endInFailure(startedSeconds: number): void {
    this.#server.log.warning('Background AOF rewrite terminated with error');
    this.#countFailure();
    this.#cleanUp(startedSeconds);
  }

  /** A signal has ended the process that writes the base. */
  #endBySignal(startedSeconds: number, signal: number): void {
    this.#server.log.warning(`Background AOF rewrite terminated by signal ${signal}`);
    if (signal !== SIGUSR1) this.#countFailure();
    this.#cleanUp(startedSeconds);
  }

  #countFailure(): void {
    this.lastSucceeded = false;
    this.failures++;
  }

  #cleanUp(startedSeconds: number): void {
    const { directory, log, state } = this.#ports;
    if (state === 'waiting') {
      log.discard();
      this.#server.log.notice(`Removing the temp incr aof file ${directory.temporaryIncrement} in the background`);
      directory.remove(directory.pathOf(directory.temporaryIncrement));
      this.isScheduled = true;
    }
    this.lastDurationSeconds = this.#nowSeconds - startedSeconds;
  }

  /** Stops one that is under way; that counts as no failure. */
  kill(): void {
    const running = this.#running;
    if (running === null) return;
    this.#running = null;
    this.#server.log.notice(`Killing running AOF rewrite child: ${running.file.pid}`);
    running.child.kill();
    running.file.discard();
  }

  // ------------------------------------------------------------------------------------------------------ periodic work

  /** Starts what was scheduled, or what the growth of the file asks for. */
  cron(): void {
    const { persistence, log, state } = this.#ports;
    if (persistence.children.active !== null) return;
    if (this.isScheduled && !this.#isLimited()) {
      this.start();
      return;
    }
    const { values } = this.#server.config;
    const percentage = values['auto-aof-rewrite-percentage'];
    if (state !== 'on' || percentage === 0 || log.totalBytes <= values['auto-aof-rewrite-min-size']) return;
    const growth = Math.floor((log.totalBytes * 100) / (this.baseBytes || 1)) - 100;
    if (growth < percentage || this.#isLimited()) return;
    this.#server.log.notice(`Starting automatic rewriting of AOF on ${growth}% growth`);
    this.start();
  }

  /** Whether rewrites have failed too often to try again so soon. */
  #isLimited(): boolean {
    const now = this.#nowSeconds;
    if (this.failures < FAILURES_TOLERATED) {
      this.#limitMinutes = this.#limitedUntilSeconds = 0;
      return false;
    }
    if (this.#limitedUntilSeconds !== 0) {
      if (now < this.#limitedUntilSeconds) return true;
      this.#limitedUntilSeconds = 0;
      return false;
    }
    this.#limitMinutes = Math.min(Math.max(1, this.#limitMinutes * 2), LIMIT_MINUTES_MAX);
    this.#limitedUntilSeconds = now + this.#limitMinutes * 60;
    this.#server.log.warning(
      `Background AOF rewrite has repeatedly failed and triggered the limit, will retry in ${this.#limitMinutes} minutes`,
    );
    return true;
  }
}

function temporaryName(pid: number): string {
  return `temp-rewriteaof-bg-${pid}.aof`;
}

function reasonOf(error: unknown): string {
  if (error instanceof DiskError || error instanceof WriterEnded) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
