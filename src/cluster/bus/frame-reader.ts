/**
 * Cuts the bytes of a link into frames. Frames that lie whole in what was received are not copied. A frame that says to be
 * longer is collected as it comes; memory is taken for bytes that are here, never for those that are promised.
 */
import { FRAME_BYTES_MAX, HEADER_BYTES, SIGNATURE } from './layout.ts';

const PREFIX_BYTES = 8;
const SIGNATURE_WORD = Buffer.from(SIGNATURE, 'latin1').readUInt32BE(0);
const EMPTY = Buffer.alloc(0);

export class FrameReader {
  #buffer: Buffer = EMPTY;
  #length = 0;
  /** How long the frame in the buffer says to be; 0 while that is not here. */
  #frameBytes = 0;

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
      at = this.#goOn(chunk);
      if (at < 0) return false;
      if (this.#frameBytes === 0 || this.#length < this.#frameBytes) return true;
      const frame = this.#buffer.subarray(0, this.#length);
      this.#buffer = EMPTY;
      this.#length = 0;
      this.#frameBytes = 0;
      if (!onFrame(frame)) return true;
    }
    while (chunk.length - at >= PREFIX_BYTES) {
      const length = lengthOf(chunk, at);
      if (length < 0) return false;
      if (chunk.length - at < length) {
        this.#frameBytes = length;
        break;
      }
      const frame = chunk.subarray(at, at + length);
      at += length;
      if (!onFrame(frame)) return true;
    }
    if (at < chunk.length) this.#take(chunk, at, chunk.length);
    return true;
  }

  /** Adds what belongs to the frame that has begun. @returns where in the chunk that ends; -1 if it is none. */
  #goOn(chunk: Buffer): number {
    let at = 0;
    if (this.#frameBytes === 0) {
      at = Math.min(PREFIX_BYTES - this.#length, chunk.length);
      this.#take(chunk, 0, at);
      if (this.#length < PREFIX_BYTES) return at;
      const length = lengthOf(this.#buffer, 0);
      if (length < 0) return -1;
      this.#frameBytes = length;
    }
    const end = Math.min(at + this.#frameBytes - this.#length, chunk.length);
    this.#take(chunk, at, end);
    return end;
  }

  #take(bytes: Buffer, from: number, to: number): void {
    const needed = this.#length + to - from;
    if (needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(2 * needed, needed + 2 ** 20)));
      this.#buffer.copy(grown, 0, 0, this.#length);
      this.#buffer = grown;
    }
    bytes.copy(this.#buffer, this.#length, from, to);
    this.#length = needed;
  }
}

/** What the frame that begins there says of its length; -1 if none begins there. */
function lengthOf(bytes: Buffer, at: number): number {
  if (bytes.readUInt32BE(at) !== SIGNATURE_WORD) return -1;
  const length = bytes.readUInt32BE(at + SIGNATURE.length);
  return length >= HEADER_BYTES && length <= FRAME_BYTES_MAX ? length : -1;
}
