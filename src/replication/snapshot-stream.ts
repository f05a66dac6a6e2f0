/**
 * A snapshot on its way straight into the connections of replicas, all of which get the same bytes.
 *
 * The slowest of them sets the pace: bytes wait with its link, and `queuedBytes` tells whoever makes the snapshot. It is
 * over when the snapshot is complete and every connection has taken all of it.
 */
import type { ReplicaLink } from './link.ts';

/** The snapshot goes on when no more than this waits. */
const LOW_WATER_BYTES = 256 * 1024;

export class SnapshotStream {
  #links: ReplicaLink[];
  readonly #mark: string;
  readonly #done: (ok: boolean) => void;
  onDrain: (() => void) | null = null;
  #isComplete = false;
  #isOver = false;

  /** @param mark 40 characters that stand around the snapshot. */
  constructor(links: readonly ReplicaLink[], mark: string, done: (ok: boolean) => void) {
    this.#links = [...links];
    this.#mark = mark;
    this.#done = done;
  }

  get links(): readonly ReplicaLink[] {
    return this.#links;
  }

  /** Sends what stands before the snapshot. */
  begin(): void {
    for (const link of this.#links) link.onChunksSent = (): void => this.#onSent();
    this.#send(Buffer.from(`$EOF:${this.#mark}\r\n`, 'latin1'));
  }

  write(bytes: Buffer): void {
    this.#send(bytes);
  }

  get queuedBytes(): number {
    return this.#links.reduce((most, link) => Math.max(most, link.snapshotBytesWaiting), 0);
  }

  #send(bytes: Buffer): void {
    for (const link of this.#links.slice()) link.sendChunk(bytes);
  }

  #onSent(): void {
    this.check();
    if (!this.#isOver && this.queuedBytes <= LOW_WATER_BYTES) this.onDrain?.();
  }

  /** The snapshot is complete, or nothing will come of it. */
  end(ok: boolean): void {
    if (this.#isOver) return;
    if (!ok) {
      this.#finish(false);
      return;
    }
    this.#send(Buffer.from(this.#mark, 'latin1'));
    this.#isComplete = true;
    this.check();
  }

  /** Ends when everything has left. */
  check(): void {
    if (this.#isComplete && !this.#isOver && this.queuedBytes === 0) this.#finish(true);
  }

  #finish(ok: boolean): void {
    this.#isOver = true;
    for (const link of this.#links) link.onChunksSent = null;
    this.#done(ok);
  }

  /** A replica has gone. @returns whether it was one of these. */
  remove(link: ReplicaLink): boolean {
    const index = this.#links.indexOf(link);
    if (index < 0 || this.#isOver) return false;
    this.#links.splice(index, 1);
    link.onChunksSent = null;
    if (this.#links.length > 0) this.#onSent();
    return true;
  }
}
