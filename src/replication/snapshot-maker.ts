/** Snapshots for replicas, made by the server's persistence: see `SnapshotMaker`. */
import type { SnapshotEncoder } from '../persistence/snapshot.ts';
import type { Server } from '../server/server.ts';
import type { Child } from '../server/persistence/children.ts';
import type { SnapshotMaker, SnapshotSink } from './full-sync.ts';
import type { SnapshotFilter } from './link.ts';

export class PersistenceSnapshots implements SnapshotMaker {
  readonly #server: Server;
  /** Waits for the file that is being saved. */
  #fileDone: ((ok: boolean) => void) | null = null;
  #stream: Child | null = null;
  /** Does without the process that stands for the stream. */
  #leave: () => void = () => {};

  constructor(server: Server) {
    this.#server = server;
    server.persistence.saves.onEnded.push((ok) => {
      const done = this.#fileDone;
      this.#fileDone = null;
      done?.(ok);
    });
  }

  get active(): 'file' | 'stream' | 'other' | null {
    const { children, saves } = this.#server.persistence;
    if (children.active === null) return null;
    if (children.active.kind === 'aof') return 'other';
    return saves.isSaving ? 'file' : 'stream';
  }

  get path(): string {
    return this.#server.persistence.saves.path;
  }

  saveFile(done: (ok: boolean) => void): boolean {
    const { children, saves } = this.#server.persistence;
    if (children.active !== null) return false;
    let hasBegun = false;
    let failed = false;
    this.#fileDone = (ok): void => {
      if (hasBegun) done(ok);
      else failed = true;
    };
    saves.saveInBackground();
    hasBegun = true;
    return !failed;
  }

  saveStream(filter: SnapshotFilter, sink: SnapshotSink, done: (ok: boolean) => void): boolean {
    const { persistence, host, log } = this.#server;
    if (persistence.children.active !== null) return false;
    const encoder = persistence.encoder(false, !filter.leavesOutFunctions);
    if (filter.leavesOutData) {
      host.timers.soon(() => {
        sink.write(withoutKeys(encoder));
        done(true);
      });
      return true;
    }
    const pid = host.processes.saveProcess?.prepare() ?? null;
    log.notice(`Background RDB transfer started by pid ${pid ?? host.system.pid}`);
    this.#stream = persistence.children.start('rdb', encoder, sink, (error) => {
      this.#leave();
      done(error === null);
    });
    if (pid !== null) {
      this.#leave = host.processes.saveProcess!.attend(null, ({ signal }) => {
        log.warning(signal === 0 ? 'Background transfer error' : `Background transfer terminated by signal ${signal}`);
        done(false);
      });
    }
    return true;
  }

  /** The stream has left, or nobody wants it any more. */
  endStream(): void {
    this.#leave();
    this.#stream?.kill();
    this.#stream = null;
  }

  cancelFile(): void {
    this.#server.persistence.saves.kill();
  }
}

function withoutKeys(encoder: SnapshotEncoder): Buffer {
  encoder.start();
  encoder.end();
  return encoder.take();
}
