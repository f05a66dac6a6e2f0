/**
 * A snapshot as it comes over the link from the master, taken apart: a machine without I/O.
 *
 * First comes a line: `$<length>`, after which that many bytes follow, or `$EOF:<mark>`, after which bytes follow until the
 * 40 bytes of the mark have come. Empty lines before it are signs of life. With a mark nothing follows it until we answer,
 * so it is enough to look at the last bytes that came. Whoever reads the snapshot as it comes knows by itself where it
 * ends; then the mark is only to be checked.
 *
 * Facts: replication.c readSyncBulkPayload.
 */
const MARK_BYTES = 40;
const MARK_PREFIX = '$EOF:';

export type TransferHeader =
  /** A sign of life. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'error'; readonly log: string }
  /** @param totalBytes of the snapshot. */
  | { readonly kind: 'length'; readonly totalBytes: number }
  | { readonly kind: 'mark'; readonly mark: Buffer };

/** @param line without its end, as a binary string. */
export function parseTransferHeader(line: string): TransferHeader {
  if (line === '') return { kind: 'empty' };
  if (line.startsWith('-')) {
    return { kind: 'error', log: `MASTER aborted replication with an error: ${line.slice(1)}` };
  }
  if (!line.startsWith('$')) {
    return {
      kind: 'error',
      log:
        "Bad protocol from MASTER, the first byte is not '$' " +
        `(we received '${line}'), are you sure the host and port are right?`,
    };
  }
  if (line.startsWith(MARK_PREFIX) && line.length >= MARK_PREFIX.length + MARK_BYTES) {
    const mark = line.slice(MARK_PREFIX.length, MARK_PREFIX.length + MARK_BYTES);
    return { kind: 'mark', mark: Buffer.from(mark, 'latin1') };
  }
  const totalBytes = Number.parseInt(line.slice(1), 10);
  if (totalBytes > 0) return { kind: 'length', totalBytes };
  return {
    kind: 'error',
    log: `Bad protocol from MASTER, there is no snapshot of such a length (we received '${line}')`,
  };
}

/** Finds the end of a snapshot that comes in chunks. */
export class TransferEnd {
  readonly #header: TransferHeader & { kind: 'length' | 'mark' };
  /** The last bytes that came, up to the length of a mark. */
  #last: Buffer = Buffer.alloc(0);
  readBytes = 0;

  constructor(header: TransferHeader & { kind: 'length' | 'mark' }) {
    this.#header = header;
  }

  get hasMark(): boolean {
    return this.#header.kind === 'mark';
  }

  /** 0 while nobody knows. */
  get totalBytes(): number {
    return this.#header.kind === 'length' ? this.#header.totalBytes : 0;
  }

  /** How many bytes of a chunk belong to the snapshot, its mark included. */
  take(chunk: Buffer): number {
    const { totalBytes } = this;
    const count = this.hasMark ? chunk.length : Math.min(chunk.length, totalBytes - this.readBytes);
    this.readBytes += count;
    if (this.hasMark) {
      const joined = chunk.length >= MARK_BYTES ? chunk : Buffer.concat([this.#last, chunk]);
      this.#last = Buffer.from(joined.subarray(Math.max(0, joined.length - MARK_BYTES)));
    }
    return count;
  }

  /** Whether everything has come. */
  get isReached(): boolean {
    if (this.#header.kind === 'mark') return this.#last.equals(this.#header.mark);
    return this.readBytes === this.#header.totalBytes;
  }

  /** Length of what stands behind the snapshot. */
  get trailerBytes(): number {
    return this.hasMark ? MARK_BYTES : 0;
  }

  /** Whether bytes that follow a snapshot are the mark; false too while they are too few. */
  isMark(bytes: Buffer): boolean {
    return (
      this.#header.kind === 'mark' &&
      bytes.length >= MARK_BYTES &&
      bytes.subarray(0, MARK_BYTES).equals(this.#header.mark)
    );
  }
}
