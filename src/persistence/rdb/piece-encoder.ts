/**
 * Values under way: what is long is written in pieces, so that a snapshot can give way in the middle of a string of
 * hundreds of megabytes, whether it is a value or an element of one.
 */
import type { ByteSink } from './byte-sink.ts';
import { LZF_GAIN_BYTES, UNCOMPRESSED_BYTES_MAX } from './format.ts';

/** A value under way. */
export interface ValueEncoder {
  /** Writes until the sink has taken `position` bytes or more. @returns whether the value is complete. */
  writeTo(position: number): boolean;
  /** Lets go of a value that is not going to be completed. */
  close(): void;
}

/** A string from here on is written in pieces. */
export const LONG_STRING_BYTES = 1 << 16;

export class StringEncoder implements ValueEncoder {
  readonly #sink: ByteSink;
  #bytes: Uint8Array;
  #at: number;
  #end: number;
  /** The compressor serves nobody else before the string is complete. */
  #holdsCompressor: boolean;
  #isCompressing: boolean;

  constructor(sink: ByteSink, bytes: Uint8Array, start: number, end: number) {
    this.#sink = sink;
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#isCompressing = this.#holdsCompressor = sink.compresses && end - start > UNCOMPRESSED_BYTES_MAX;
    if (this.#isCompressing) sink.compressor.start(bytes, start, end, end - start - LZF_GAIN_BYTES);
    else sink.length(end - start);
  }

  writeTo(position: number): boolean {
    const sink = this.#sink;
    if (this.#isCompressing && !this.#compress(position)) return false;
    while (this.#at < this.#end && sink.writtenBytes < position) {
      const next = Math.min(this.#at + LONG_STRING_BYTES, this.#end);
      sink.raw(this.#bytes, this.#at, next);
      this.#at = next;
    }
    if (this.#at < this.#end) return false;
    this.close();
    return true;
  }

  /** @returns whether it is known what is to be written: what it was compressed to, or the string as it is. */
  #compress(position: number): boolean {
    const sink = this.#sink;
    const { compressor } = sink;
    const compressed = compressor.run(Math.max(1, position - sink.writtenBytes));
    if (compressed < 0) return false;
    this.#isCompressing = false;
    const length = this.#end - this.#at;
    if (compressed > 0) {
      sink.compressedLengths(compressed, length);
      this.#bytes = compressor.result;
      this.#at = 0;
      this.#end = compressed;
    } else {
      sink.length(length);
      this.close();
    }
    return true;
  }

  close(): void {
    if (this.#holdsCompressor) this.#sink.compressor.finish();
    this.#holdsCompressor = false;
  }
}

/** Writes a value string by string, and a long string in pieces. */
export abstract class PieceEncoder implements ValueEncoder {
  protected readonly sink: ByteSink;
  /** The string that is not complete. */
  #long: StringEncoder | null = null;

  constructor(sink: ByteSink) {
    this.sink = sink;
  }

  writeTo(position: number): boolean {
    const { sink } = this;
    for (;;) {
      if (this.#long !== null) {
        if (!this.#long.writeTo(position)) return false;
        this.#long = null;
      }
      if (sink.writtenBytes >= position) return false;
      if (!this.step()) return true;
    }
  }

  /** Writes what comes next, `string` as the last thing. @returns whether there was anything. */
  protected abstract step(): boolean;

  /** Writes the string source[start..end), or begins to. @returns whether it is complete. */
  protected string(source: Uint8Array, start = 0, end = source.length): boolean {
    if (end - start < LONG_STRING_BYTES) {
      this.sink.string(source, start, end);
      return true;
    }
    this.#long = new StringEncoder(this.sink, source, start, end);
    return false;
  }

  close(): void {
    this.#long?.close();
    this.#long = null;
  }
}
