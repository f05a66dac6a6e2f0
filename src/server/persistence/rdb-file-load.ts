/** Loads an RDB file: in slices at the start, while clients are told -LOADING; at once for DEBUG RELOAD. */
import { type Disk, DiskError, type DiskFile } from '../../host/host.ts';
import { RdbError, SHORT_READ } from '../../persistence/rdb/rdb-error.ts';
import type { Server } from '../server.ts';
import { RdbLoad, type RdbLoadOptions } from './rdb-load.ts';

const CHUNK_BYTES = 1 << 18;
/** Clients are served after so long at the latest. */
const SLICE_US = 10_000;

/** Why a file could not be loaded, as the log ends with. */
export interface LoadFailure {
  readonly text: string;
}

/** One file on its way into the keyspace. */
export class RdbFileLoad {
  readonly load: RdbLoad;
  readonly #server: Server;
  readonly #file: DiskFile;
  readonly #sizeBytes: number;
  #position = 0;

  /** @throws DiskError, also when there is no such file. */
  constructor(server: Server, disk: Disk, path: string, options: RdbLoadOptions) {
    this.#server = server;
    this.#file = disk.open(path, 'read');
    this.#sizeBytes = this.#file.sizeBytes;
    this.load = new RdbLoad(server, options);
    server.persistence.loading.start(this.#sizeBytes);
  }

  /** Reads everything. @returns whether it could be read; the log says what could not. */
  runNow(): boolean {
    try {
      while (!this.#slice(() => true));
      this.#close();
      return true;
    } catch (error) {
      this.load.abandon();
      this.#close();
      noteFailure(this.#server, error);
      return false;
    }
  }

  /** Reads on, a slice at a time. @param done with null, or why it could not be read. */
  run(done: (failure: LoadFailure | null) => void): void {
    const { timers, clock } = this.#server.host;
    const { values } = this.#server.config;
    const slice = (): void => {
      if (this.#server.isClosed) {
        this.load.abandon();
        this.#close();
        return;
      }
      const untilUs = clock.monotonicUs() + SLICE_US;
      const untilPosition = this.load.position + values['loading-process-events-interval-bytes'];
      let isComplete = false;
      let failure: LoadFailure | null = null;
      try {
        isComplete = this.#slice(() => clock.monotonicUs() < untilUs && this.load.position < untilPosition);
        if (isComplete) this.#close();
      } catch (error) {
        failure = this.#failed(error);
      }
      if (isComplete || failure !== null) done(failure);
      else timers.soon(slice);
    };
    slice();
  }

  /** @returns whether the file is read to its end. */
  #slice(mayGoOn: () => boolean): boolean {
    const { load } = this;
    for (;;) {
      const progress = load.run(mayGoOn);
      if (progress === 'done') return true;
      if (progress === 'more') return false;
      const chunk = this.#file.read(this.#position, CHUNK_BYTES);
      this.#position += chunk.length;
      if (chunk.length === 0) load.complete();
      else load.push(chunk);
      if (!mayGoOn()) return false;
    }
  }

  #close(): void {
    this.#file.close();
    this.#server.persistence.loading.stop();
  }

  #failed(error: unknown): LoadFailure {
    this.load.abandon();
    this.#close();
    const text = explainFailure(this.#server, error, this.load.position);
    return { text };
  }
}

/** What stands for itself in the log; everything else is told in the words of a file that ends too early. */
const TOLD_KINDS = new Set<string>(['version', 'checksum', 'unsupported']);

/** Writes into the log why a file cannot be read that the server lives without. */
function noteFailure({ log }: Server, error: unknown): void {
  if (error instanceof DiskError) return;
  if (error instanceof RdbError) log.warning(TOLD_KINDS.has(error.kind) ? error.message : SHORT_READ);
  else log.warning(`Fault while loading: ${error instanceof Error ? error.stack : String(error)}`);
}

/** Writes into the log why a server cannot start with a file, as redis-server does. @returns the line that it ends with. */
export function explainFailure(server: Server, error: unknown, position: number): string {
  const { log } = server;
  if (error instanceof DiskError) return fatal(log, error.message);
  if (!(error instanceof RdbError)) {
    log.warning(`Fault while loading: ${error instanceof Error ? error.stack : String(error)}`);
    return fatal(log, 'Input/output error');
  }
  log.warning(error.message);
  if (error.kind === 'version') return fatal(log, 'Invalid argument');
  if (error.kind !== 'unsupported') {
    const reason =
      error.kind === 'short'
        ? 'Unexpected EOF reading RDB file'
        : error.kind === 'checksum'
          ? 'RDB CRC error'
          : error.message;
    log.warning(`Internal error in RDB reading offset ${position}, function at rdb.c:0 -> ${reason}`);
  }
  const last = 'Terminating server after rdb file reading failure.';
  log.warning(last);
  return last;
}

function fatal(log: Server['log'], reason: string): string {
  const text = `Fatal error loading the DB: ${reason}. Exiting.`;
  log.warning(text);
  return text;
}
