/**
 * Cuts the bytes of a link into frames. Frames that lie whole in what was received are not copied. A frame that says to be
 * longer is collected as it comes; memory is taken for bytes that are here, never for those that are promised.
 */
import { FRAME_BYTES_MAX, HEADER_BYTES, SIGNATURE } from './layout.ts';

const PREFIX_BYTES = 8;

export class FrameReader {
  #buffer: Buffer = Buffer.alloc(0);
  #length = 0;

  /** Bytes of a frame that is not complete. */
  get heldBytes(): number {
    return this.#buffer.length;
  }

  /**
   * @param onFrame gets each complete frame, valid until it returns; with false it ends the reading for good.
   * @returns false if these are no frames: the link is of no use any more.
   */
  feed(chunk: Buffer, onFrame: (frame: Buffer) => boolean): boolean {
    let at = 0;
    if (this.#length > 0) {
      at = this.#complete(chunk);
      const length = this.#length >= PREFIX_BYTES ? lengthOf(this.#buffer, 0) : PREFIX_BYTES;
      if (length < 0) return false;
      if (this.#length < PREFIX_BYTES || this.#length < length) return true;
      const frame = this.#buffer.subarray(0, this.#length);
      this.#buffer = Buffer.alloc(0);
      this.#length = 0;
      if (!onFrame(frame)) return true;
    }
    while (chunk.length - at >= PREFIX_BYTES) {
      const length = lengthOf(chunk, at);
      if (length < 0) return false;
      if (chunk.length - at < length) break;
      const frame = chunk.subarray(at, at + length);
      at += length;
      if (!onFrame(frame)) return true;
    }
    if (at < chunk.length) this.#take(chunk.subarray(at));
    return true;
  }

  /** Adds what belongs to the frame that has begun. @returns where in the chunk that ends. */
  #complete(chunk: Buffer): number {
    let at = 0;
    if (this.#length < PREFIX_BYTES) {
      at = Math.min(PREFIX_BYTES - this.#length, chunk.length);
      this.#take(chunk.subarray(0, at));
      if (this.#length < PREFIX_BYTES) return at;
    }
    const missing = lengthOf(this.#buffer, 0) - this.#length;
    const end = Math.min(at + Math.max(missing, 0), chunk.length);
    this.#take(chunk.subarray(at, end));
    return end;
  }

  #take(bytes: Buffer): void {
    const needed = this.#length + bytes.length;
    if (needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(2 * needed, needed + 2 ** 20)));
      this.#buffer.copy(grown, 0, 0, this.#length);
      this.#buffer = grown;
    }
    bytes.copy(this.#buffer, this.#length);
    this.#length = needed;
  }
}

/** What the frame that begins there says of its length; -1 if none begins there. */
function lengthOf(bytes: Buffer, at: number): number {
  if (bytes.toString('latin1', at, at + SIGNATURE.length) !== SIGNATURE) return -1;
  const length = bytes.readUInt32BE(at + SIGNATURE.length);
  return length >= HEADER_BYTES && length <= FRAME_BYTES_MAX ? length : -1;
}
