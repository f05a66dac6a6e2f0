/**
 * Loads the dataset from the files that a manifest names: the base, which is an RDB file or commands, then the increments
 * (aof.c loadAppendOnlyFiles). It goes in slices; clients are told -LOADING meanwhile.
 *
 * The last file may end in the middle of a command, or of a transaction: the process, or the machine, ended while it was
 * written. With `aof-load-truncated` that file is cut behind the last whole command and loading succeeds. Anywhere else
 * a file that is torn, missing or no AOF is fatal.
 */
import { DiskError, type DiskFile } from '../../host/host.ts';
import { BROKEN, COMMAND, CommandReader } from '../../persistence/aof/command-reader.ts';
import type { AofFile } from '../../persistence/aof/manifest.ts';
import { RdbError } from '../../persistence/rdb/rdb-error.ts';
import type { Server } from '../server.ts';
import type { AofDirectory } from './aof-directory.ts';
import { AofPlayer } from './aof-player.ts';
import type { Loading } from './loading.ts';
import { zerosAtEnd } from './zeros-at-end.ts';
import { RdbLoad } from './rdb-load.ts';

/** `missing`: there was nothing to be loaded. */
export type AofLoadResult = 'loaded' | 'missing' | 'empty' | 'failed';

type FileResult = 'loaded' | 'truncated' | 'empty' | 'failed';

const SLICE_US = 4000;
/** Looks at the clock per slice, for a clock that stands still. */
const LOOKS_PER_SLICE_MAX = 500;
const COMMANDS_PER_LOOK = 32;
/** Until it is looked again whether a script has ended. */
const SCRIPT_WAIT_MS = 1;
const CHUNK_BYTES = 1 << 20;
const CHUNK_BYTES_MAX = 1 << 28;
const SIGNATURE = Buffer.from('REDIS');

export class AofLoad {
  readonly #server: Server;
  readonly #directory: AofDirectory;
  readonly #loading: Loading;
  readonly #files: AofFile[];
  readonly #done: (result: AofLoadResult) => void;
  #file: FileLoad | null = null;
  /** Bytes of the files that are loaded. */
  #before = 0;
  #startUs = 0;
  #isStopped = false;
  #inOneGo = false;
  totalBytes = 0;
  baseBytes = 0;

  constructor(server: Server, directory: AofDirectory, loading: Loading, done: (result: AofLoadResult) => void) {
    this.#server = server;
    this.#directory = directory;
    this.#loading = loading;
    this.#files = directory.manifest.files;
    this.#done = done;
  }

  /** @param now does it all at once, while everybody waits. */
  start(now = false): void {
    if (this.#files.length === 0) {
      this.#done('missing');
      return;
    }
    for (const { name, type } of this.#files) {
      const size = this.#directory.findSize(name);
      if (size === null) {
        this.#done('failed');
        return;
      }
      if (type === 'b') this.baseBytes = size;
      this.totalBytes += size;
    }
    if (this.totalBytes === 0) {
      this.#done('empty');
      return;
    }
    this.#loading.start(this.totalBytes);
    this.#inOneGo = now;
    if (now) while (!this.#runSlice(() => true));
    else this.#server.host.timers.soon(this.#turn);
  }

  /** The server is being closed. */
  stop(): void {
    this.#isStopped = true;
    this.#file?.close();
  }

  readonly #turn = (): void => {
    if (this.#isStopped) return;
    const { clock, timers } = this.#server.host;
    let isOver = false;
    this.#server.enter(() => {
      const untilUs = clock.monotonicUs() + SLICE_US;
      let looks = LOOKS_PER_SLICE_MAX;
      isOver = this.#runSlice(() => looks-- > 0 && clock.monotonicUs() < untilUs);
    });
    if (isOver) return;
    if (this.#file?.waits) timers.after(SCRIPT_WAIT_MS, this.#turn);
    else timers.soon(this.#turn);
  };

  /** @returns whether it is over. */
  #runSlice(mayGoOn: () => boolean): boolean {
    do {
      if (this.#file === null && !this.#openNext()) return true;
      const file = this.#file!;
      const result = file.run(mayGoOn);
      this.#loading.loadedBytes = this.#before + file.position;
      if (result === null) {
        if (file.waits) return false;
        continue;
      }
      file.close();
      this.#file = null;
      this.#before += file.sizeBytes;
      if (!this.#accept(file, result)) return true;
    } while (mayGoOn());
    return false;
  }

  /** @returns false if there is none, or it cannot be opened. */
  #openNext(): boolean {
    const next = this.#files.shift();
    if (next === undefined) {
      this.#end('loaded');
      return false;
    }
    this.#startUs = this.#server.host.clock.monotonicUs();
    const path = this.#directory.pathOf(next.name);
    const options = {
      name: next.name,
      path,
      isBase: next.type === 'b',
      inOneGo: this.#inOneGo,
      isOldStyle: next.name === this.#directory.prefix,
    };
    try {
      this.#file = new FileLoad(this.#server, this.#server.persistence.disk.open(path, 'read'), options);
      return true;
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      const { log } = this.#server;
      if (error.code === 'ENOENT') log.warning(`The append log file ${next.name} doesn't exist: ${error.message}`);
      else log.warning(`Fatal error: can't open the append log file ${next.name} for reading: ${error.message}`);
      this.#end('failed');
      return false;
    }
  }

  /** @returns whether the next file may follow. */
  #accept({ name, isBase }: FileLoad, result: FileResult): boolean {
    const { log, host } = this.#server;
    const isLast = this.#files.length === 0;
    if (result === 'loaded' || (result === 'truncated' && isLast)) {
      const seconds = (host.clock.monotonicUs() - this.#startUs) / 1_000_000;
      log.notice(`DB loaded from ${isBase ? 'base' : 'incr'} file ${name}: ${seconds.toFixed(3)} seconds`);
    }
    if (result === 'truncated' && !isLast) {
      log.warning('Fatal error: the truncated file is not the last file');
      this.#end('failed');
      return false;
    }
    if (result !== 'failed') return true;
    this.#end('failed');
    return false;
  }

  #end(result: AofLoadResult): void {
    this.#isStopped = true;
    this.#loading.stop();
    this.#done(result);
  }
}

interface FileOptions {
  readonly name: string;
  readonly path: string;
  readonly isBase: boolean;
  readonly inOneGo: boolean;
  /** The one file of a server before 7.0. */
  readonly isOldStyle: boolean;
}

/** One file. */
class FileLoad {
  readonly name: string;
  readonly isBase: boolean;
  readonly sizeBytes: number;
  readonly #server: Server;
  readonly #file: DiskFile;
  readonly #options: FileOptions;
  readonly #player: AofPlayer;
  #rdb: RdbLoad | null = null;
  #reader = new CommandReader();
  /** So much was read from the file. */
  #read = 0;
  #validTo = 0;
  #validBeforeMulti = 0;

  constructor(server: Server, file: DiskFile, options: FileOptions) {
    this.#server = server;
    this.#file = file;
    this.#options = options;
    this.name = options.name;
    this.isBase = options.isBase;
    this.sizeBytes = file.sizeBytes;
    this.#player = new AofPlayer(server, options.inOneGo);
    if (!SIGNATURE.equals(file.read(0, SIGNATURE.length))) return;
    this.#rdb = new RdbLoad(server, { dropsExpired: false });
    server.log.notice(
      options.isOldStyle ? 'Reading RDB preamble from AOF file...' : 'Reading RDB base file on AOF loading...',
    );
  }

  /** A script of it has not ended. */
  get waits(): boolean {
    return this.#player.waits;
  }

  /** So much of it is loaded. */
  get position(): number {
    return this.#rdb === null ? this.#reader.offset : this.#rdb.position;
  }

  close(): void {
    this.#rdb?.abandon();
    this.#player.close();
    this.#file.close();
  }

  /** @returns the result, or null when it is stopped before the end. */
  run(mayGoOn: () => boolean): FileResult | null {
    if (this.sizeBytes === 0) return 'empty';
    try {
      if (this.#rdb !== null && !this.#runRdb(this.#rdb, mayGoOn)) return null;
      return this.#runCommands(mayGoOn);
    } catch (error) {
      const { log } = this.#server;
      if (error instanceof DiskError) {
        log.warning(`Unrecoverable error reading the append only file ${this.name}: ${error.message}`);
      } else if (error instanceof RdbError) {
        log.warning(error.message);
        const what = this.#options.isOldStyle ? 'RDB preamble of the AOF file' : 'RDB base file';
        log.warning(`Error reading the ${what} ${this.name}, AOF loading aborted`);
      } else throw error;
      return 'failed';
    }
  }

  #readMore(wanted = 0): Buffer {
    const bytes = this.#file.read(this.#read, Math.min(Math.max(CHUNK_BYTES, wanted), CHUNK_BYTES_MAX));
    this.#read += bytes.length;
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  // --------------------------------------------------------------------------------------------------------- an RDB file

  /** @returns whether it is complete. */
  #runRdb(rdb: RdbLoad, mayGoOn: () => boolean): boolean {
    for (;;) {
      const progress = rdb.run(mayGoOn);
      if (progress === 'more') return false;
      if (progress === 'done') break;
      const bytes = this.#readMore();
      if (bytes.length === 0) rdb.complete();
      else rdb.push(bytes);
      if (!mayGoOn()) return false;
    }
    const rest = Buffer.from(rdb.rest);
    this.#validTo = this.#read - rest.length;
    this.#reader = new CommandReader(this.#validTo);
    this.#reader.feed(rest);
    this.#rdb = null;
    if (this.#options.isOldStyle) this.#server.log.notice('Reading the remaining AOF tail...');
    return true;
  }

  // ------------------------------------------------------------------------------------------------------------ commands

  #runCommands(mayGoOn: () => boolean): FileResult | null {
    if (this.waits) return null;
    const reader = this.#reader;
    for (let commands = COMMANDS_PER_LOOK; ; commands--) {
      const result = reader.next();
      if (result === BROKEN) return this.#endsInZeros() ? this.#end() : this.#failFormat();
      if (result === COMMAND) {
        if (!this.#play(reader)) return 'failed';
        if (this.waits) return null;
        if (commands > 0) continue;
        commands = COMMANDS_PER_LOOK;
        if (mayGoOn()) continue;
        return null;
      }
      const bytes = this.#readMore(reader.wantedBytes);
      if (bytes.length === 0) return this.#end();
      reader.feed(bytes);
    }
  }

  #play(reader: CommandReader): boolean {
    const { args } = reader;
    if (!this.#player.isInTransaction && args.is(0, 'multi')) this.#validBeforeMulti = this.#validTo;
    if (!this.#player.play(args)) {
      this.#server.log.warning(`Unknown command '${args.binary(0)}' reading the append only file ${this.name}`);
      return false;
    }
    this.#validTo = reader.offset;
    return true;
  }

  #failFormat(): FileResult {
    this.#server.log.warning(
      `Bad file format reading the append only file ${this.name}: make a backup of your AOF file, then use ` +
        './redis-check-aof --fix <filename.manifest>',
    );
    return 'failed';
  }

  /** Whether what is no command is what a power loss leaves. */
  #endsInZeros(): boolean {
    const zeros = zerosAtEnd(this.#file, this.#validTo);
    if (zeros === 0) return false;
    this.#server.log.warning(`!!! Warning: the AOF file ${this.name} ends in ${zeros} zeros, as after a power loss!!!`);
    return true;
  }

  #end(): FileResult {
    if (!this.#player.isInTransaction) return this.#reader.isInCommand ? this.#endTooEarly() : 'loaded';
    this.#server.log.warning(`Revert incomplete MULTI/EXEC transaction in AOF file ${this.name}`);
    this.#validTo = this.#validBeforeMulti;
    return this.#endTooEarly();
  }

  #endTooEarly(): FileResult {
    const { log, config } = this.#server;
    if (config.values['aof-load-truncated']) {
      log.warning(`!!! Warning: short read while loading the AOF file ${this.name}!!!`);
      log.warning(`!!! Truncating the AOF ${this.name} at offset ${this.#validTo} !!!`);
      if (this.#truncate()) {
        log.warning(`AOF ${this.name} loaded anyway because aof-load-truncated is enabled`);
        return 'truncated';
      }
    }
    log.warning(
      `Unexpected end of file reading the append only file ${this.name}. You can: 1) Make a backup of your AOF file, ` +
        "then use ./redis-check-aof --fix <filename.manifest>. 2) Alternatively you can set the 'aof-load-truncated' " +
        'configuration option to yes and restart the server.',
    );
    return 'failed';
  }

  #truncate(): boolean {
    try {
      const file = this.#server.persistence.disk.open(this.#options.path, 'append');
      file.truncate(this.#validTo);
      file.close();
      return true;
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.#server.log.warning(`Error truncating the AOF file ${this.name}: ${error.message}`);
      return false;
    }
  }
}
