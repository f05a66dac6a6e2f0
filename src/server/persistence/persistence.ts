/**
 * What a server keeps on disk: snapshots (rdb-saves.ts) and an append-only file, and how its dataset comes back from
 * them. The append-only file, replication and libraries of functions take part through the interfaces here; each sets
 * its own field.
 */
import type { Disk } from '../../host/host.ts';
import type { UsageForm } from '../../persistence/rdb/rdb-writer.ts';
import { RdbSnapshotEncoder } from '../../persistence/rdb-snapshot.ts';
import { REDIS_VERSION } from '../config/config-error.ts';
import { type Command, FLAG } from '../command-table.ts';
import { CONDITION } from '../gates.ts';
import type { ReplicationPosition } from '../hooks.ts';
import type { Server } from '../server.ts';
import type { ShutdownRequest } from '../shutdown.ts';
import { Aof } from './aof.ts';
import { Children } from './children.ts';
import { Loading } from './loading.ts';
import { explainFailure, RdbFileLoad } from './rdb-file-load.ts';
import { RdbSaves } from './rdb-saves.ts';

/** What replication has to do with the file of the start. What is written into files is `ReplicationHook.position`. */
export interface ReplicationFiles {
  /** The file of the start is about to be loaded. */
  loading(): void;
  /** A key of that file was left out because its time has passed: replicas have to delete it. */
  droppedAtStart(database: number, key: Uint8Array): void;
  /** The file is loaded, or there was none. @param position what the file said. */
  loaded(position: ReplicationPosition | null): void;
}

/** Libraries of functions, which are part of the dataset. */
export interface FunctionLibraries {
  /** Their sources. */
  sources(): Uint8Array[];
  /** Loads a library out of a file. @throws RdbError */
  load(source: Buffer, replaces: boolean): void;
  /** The dataset is emptied. */
  clear(): void;
}

const UNSAVED_LOG_PERIOD_MS = 10_000;

export class Persistence {
  readonly #server: Server;
  /** Unix time in ms when the log last told that something is applied that cannot be kept. */
  #unsavedLoggedMs = -Infinity;
  /** Where snapshots go. */
  readonly disk: Disk;
  readonly children: Children;
  readonly saves: RdbSaves;
  readonly loading: Loading;
  readonly aof: Aof;
  replication: ReplicationFiles | null = null;
  functions: FunctionLibraries | null = null;

  constructor(server: Server, disk: Disk) {
    this.#server = server;
    this.disk = disk;
    this.children = new Children(server);
    this.loading = new Loading(server);
    this.saves = new RdbSaves(server, {
      disk,
      children: this.children,
      encoder: () => this.encoder(false),
      stateChanged: () => this.stateChanged(),
    });
    this.aof = new Aof(server, this);
    server.cronDuties.push(() => {
      if (!this.loading.isActive) this.saves.cron();
    });
    const reconsider = (): null => {
      this.stateChanged();
      return null;
    };
    server.config.onChange('save', reconsider);
    server.config.onChange('stop-writes-on-bgsave-error', reconsider);
  }

  /**
   * What makes an RDB file of the dataset.
   * @param isAofBase for the base of an append-only file, which says nothing of replication.
   */
  encoder(isAofBase: boolean, hasFunctions = true): RdbSnapshotEncoder {
    const { values } = this.#server.config;
    return new RdbSnapshotEncoder({
      compresses: values.rdbcompression,
      checksums: values.rdbchecksum,
      usage: usageForm(values['maxmemory-policy']),
      aux: this.#aux(isAofBase),
      functions: hasFunctions ? (this.functions?.sources() ?? []) : [],
    });
  }

  #aux(isAofBase: boolean): (readonly [string, string | number])[] {
    const { host, hooks, memory } = this.#server;
    const position = isAofBase ? null : (hooks.replication?.position ?? null);
    return [
      ['redis-ver', REDIS_VERSION],
      ['redis-bits', 64],
      ['ctime', Math.floor(host.clock.wallMs() / 1000)],
      ['used-mem', memory.usedBytes],
      ...(position === null
        ? []
        : ([
            ['repl-stream-db', position.database],
            ['repl-id', position.id],
            ['repl-offset', position.offset],
          ] as const)),
      ['aof-base', isAofBase ? 1 : 0],
    ];
  }

  // ---------------------------------------------------------------------------------------------------- refusing writes

  /** Whether writes are refused may have changed: a save ended, the append-only file could (not) be written. */
  stateChanged(): void {
    this.#server.setCondition(CONDITION.diskError, this.#refusal !== null);
  }

  get #refusal(): string | null {
    return this.saves.refusal ?? this.aof.refusal;
  }

  /** MISCONF, when a command is refused because what it does could not be kept. @param flags as the gates see them. */
  refuse(command: Command, flags: number): string | null {
    return (flags & FLAG.write) !== 0 || command.fullName === 'ping' ? this.#refusal : null;
  }

  /**
   * Whether a command of the master, which cannot be refused, may be executed though it cannot be kept: unless
   * `replica-ignore-disk-write-errors` allows it, the server ends.
   */
  mayApplyUnsaved(command: Command): boolean {
    const { config, log, host, shutdown } = this.#server;
    if (!config.values['replica-ignore-disk-write-errors'] && command.fullName !== 'ping') {
      shutdown.fail('Replica was unable to write command to disk.');
      return false;
    }
    const nowMs = host.clock.wallMs();
    if (nowMs > this.#unsavedLoggedMs + UNSAVED_LOG_PERIOD_MS) {
      this.#unsavedLoggedMs = nowMs;
      log.warning('Replica is applying a command even though it is unable to write to disk.');
    }
    return true;
  }

  // ------------------------------------------------------------------------------------------------------- start and end

  /** Loads what is on disk. @param done with null, or with the line that the log ends with. */
  load(done: (error: string | null) => void): void {
    if (this.aof.isOn) this.aof.load(done);
    else this.#loadFile(done);
  }

  #loadFile(done: (error: string | null) => void): void {
    const server = this.#server;
    const { replication, saves } = this;
    const startUs = server.host.clock.monotonicUs();
    replication?.loading();
    let file: RdbFileLoad;
    try {
      file = new RdbFileLoad(server, this.disk, saves.path, {
        dropsExpired: server.hooks.replication?.isReplica !== true,
        droppedExpired: (database, { keyBytes, keyStart, keyEnd }) =>
          replication?.droppedAtStart(database.index, keyBytes.subarray(keyStart, keyEnd)),
      });
    } catch (error) {
      if (!isMissing(error)) {
        done(explainFailure(server, error, 0));
        return;
      }
      replication?.loaded(null);
      done(null);
      return;
    }
    file.run((failure) => {
      if (failure === null) {
        const seconds = (server.host.clock.monotonicUs() - startUs) / 1e6;
        server.log.notice(`DB loaded from disk: ${seconds.toFixed(3)} seconds`);
        saves.markSaved();
        replication?.loaded(file.load.replicationPosition);
      }
      done(failure?.text ?? null);
    });
  }

  /** Saves what has to be saved before the server stops. @returns whether it may stop. */
  finish(request: ShutdownRequest): boolean {
    const next = this.#prepareToFinish(request);
    return next === 'save' ? this.#judgeFinalSave(request, this.saves.saveNow()) : next === 'stop';
  }

  /** As `finish`, but others have their turns. The dataset must not change meanwhile. @param done once, now or later. */
  finishInSlices(request: ShutdownRequest, done: (mayStop: boolean) => void): void {
    const next = this.#prepareToFinish(request);
    if (next === 'save') this.saves.saveInSlices((saved) => done(this.#judgeFinalSave(request, saved)));
    else done(next === 'stop');
  }

  #prepareToFinish(request: ShutdownRequest): 'stop' | 'stay' | 'save' {
    const { log, hooks } = this.#server;
    if (this.children.isActive('rdb')) {
      log.warning('There is a child saving an .rdb. Killing it!');
      if (this.saves.isSaving) this.saves.kill();
      else hooks.replication?.abandonSnapshot();
    }
    if (!this.aof.finish(request)) return 'stay';
    const saves = request.save || (!request.nosave && this.saves.hasSavePoints);
    // Half a dataset must not replace the file that it comes from.
    if (!saves || this.loading.isActive) return 'stop';
    log.notice('Saving the final RDB snapshot before exiting.');
    return 'save';
  }

  /** @returns whether the server may stop. */
  #judgeFinalSave(request: ShutdownRequest, saved: boolean): boolean {
    if (saved) return true;
    const consequence = request.force ? 'the DB. Exit anyway.' : "the DB, can't exit.";
    this.#server.log.warning(`Error trying to save ${consequence}`);
    return request.force;
  }

  /** The server closes: nothing is saved any more. */
  stop(): void {
    this.saves.kill();
    this.aof.close();
    this.children.active?.kill();
  }

  /** FLUSHALL is about to empty the dataset: a snapshot of it would only be in the way. */
  beforeFlush(): void {
    if (this.saves.isSaving) this.saves.kill();
    else if (this.children.isActive('rdb')) this.#server.hooks.replication?.abandonSnapshot();
  }

  /** FLUSHALL has emptied the dataset: where it is saved at all, the file must not bring it back. */
  afterFlush(): void {
    if (this.saves.hasSavePoints) this.saves.saveNow();
  }

  // ---------------------------------------------------------------------------------------------------------------- info

  /** CONFIG RESETSTAT. */
  resetStatistics(): void {
    this.children.count = 0;
    this.saves.count = 0;
    this.aof.resetStatistics();
  }

  infoLines(): string[] {
    const { children, loading, saves } = this;
    const { active } = children;
    const keysDone = active?.snapshot.keysDone ?? 0;
    const keysTotal = active?.snapshot.keysTotal ?? 0;
    const handedOver = active?.snapshot.handedOverBytes ?? 0;
    const nowMs = this.#server.host.clock.wallMs();
    return [
      `loading:${loading.isActive && !loading.isAsync ? 1 : 0}`,
      `async_loading:${loading.isAsync ? 1 : 0}`,
      `current_cow_peak:${handedOver}`,
      `current_cow_size:${handedOver}`,
      'current_cow_size_age:0',
      `current_fork_perc:${(keysTotal === 0 ? 0 : (keysDone * 100) / keysTotal).toFixed(2)}`,
      `current_save_keys_processed:${keysDone}`,
      `current_save_keys_total:${keysTotal}`,
      `rdb_changes_since_last_save:${saves.unsavedChanges}`,
      `rdb_bgsave_in_progress:${children.isActive('rdb') ? 1 : 0}`,
      `rdb_last_save_time:${saves.lastSaveSeconds}`,
      `rdb_last_bgsave_status:${saves.lastSucceeded ? 'ok' : 'err'}`,
      `rdb_last_bgsave_time_sec:${saves.lastDurationSeconds}`,
      `rdb_current_bgsave_time_sec:${active?.kind === 'rdb' ? Math.floor((nowMs - active.startedMs) / 1000) : -1}`,
      `rdb_saves:${saves.count}`,
      `rdb_last_cow_size:${children.lastHandedOverBytes.rdb}`,
      `rdb_last_load_keys_expired:${loading.keysExpired}`,
      `rdb_last_load_keys_loaded:${loading.keysLoaded}`,
      ...this.aof.infoLines(),
      'module_fork_in_progress:0',
      'module_fork_last_cow_size:0',
      ...(this.aof.isOn ? this.aof.sizeLines() : []),
      ...loading.infoLines(),
    ];
  }
}

function usageForm(policy: string): UsageForm {
  if (policy.endsWith('lfu')) return 'frequency';
  return policy.endsWith('lru') ? 'idle' : 'none';
}

function isMissing(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'ENOENT';
}
