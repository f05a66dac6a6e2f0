/**
 * LZF, by which long strings are compressed in RDB files and DUMP payloads.
 *
 * Compressed data is a sequence of runs and references. A byte below 32 says that one more than so many literal bytes
 * follow. Any other byte has a length in its upper three bits and the upper bits of a distance in its lower five; length
 * 7 is continued in the next byte, then the rest of the distance follows. A reference repeats two bytes more than its
 * length from one more than its distance before.
 *
 * The compressor makes the choices that liblzf makes with Redis' settings (a table of 2^16 places, "very fast"), so that
 * payloads come out byte for byte the same. It can be stopped and continued: a string of hundreds of megabytes does not
 * have to hold up anything else.
 */
const EMPTY = Buffer.alloc(0);
const TABLE_SIZE = 1 << 16;
const RUN_MAX = 32;
const DISTANCE_MAX = 1 << 13;
const REFERENCE_MAX = 264;
/** Up to here references are compared without regard to the end, which is further away. */
const SURE_BYTES = 19;
const LONG_LENGTH = 7;
const POSITION_MAX = 0x7fff_0000;

export class LzfCompressor {
  /** For a hash of three bytes the position at which they were seen last, counted from #base. */
  readonly #table = new Uint32Array(TABLE_SIZE);
  /** Positions up to here are those of earlier strings. */
  #base = 0;
  #source: Uint8Array = EMPTY;
  #start = 0;
  #at = 0;
  #end = 0;
  #target: Buffer = EMPTY;
  #written = 0;
  #limit = 0;
  #literals = 0;

  /** Begins with source[start..end), which stays as it is until the end. @param bytesMax of the result. */
  start(source: Uint8Array, start: number, end: number, bytesMax: number): void {
    const length = end - start;
    if (this.#base + length > POSITION_MAX) {
      this.#table.fill(0);
      this.#base = 0;
    }
    this.#source = source;
    this.#start = this.#at = start;
    this.#end = end;
    // The last literals may be written over the limit before it is looked at.
    if (this.#target.length < bytesMax + 8) this.#target = Buffer.allocUnsafe(bytesMax + 8);
    this.#limit = bytesMax;
    this.#written = 1;
    this.#literals = 0;
  }

  /** The compressed bytes, once `run` said how many there are; valid until the next `start`. */
  get result(): Buffer {
    return this.#target;
  }

  /** Gives back what a long string took, and lets go of it. */
  finish(): void {
    this.#base += this.#end - this.#start + 1;
    this.#source = this.#target;
    if (this.#target.length > TABLE_SIZE) this.#target = EMPTY;
  }

  /**
   * Compresses about `bytesMax` bytes more.
   * @returns the length of the whole result when it is complete, -1 before, 0 if it is longer than allowed.
   */
  run(bytesMax = Infinity): number {
    const last = this.#end - 2;
    const stop = Math.min(last, this.#at + bytesMax);
    while (this.#at < stop) if (!this.#runTo(stop)) return 0;
    return this.#at < last ? -1 : this.#complete();
  }

  /** @returns false if the result is too long. */
  #runTo(stop: number): boolean {
    const source = this.#source;
    const target = this.#target;
    const table = this.#table;
    const limit = this.#limit;
    // Position 0 of a string is never referred to, as in liblzf: so a place at the base is free.
    const bias = this.#base - this.#start;
    const floor = this.#base;
    let at = this.#at;
    let to = this.#written;
    let literals = this.#literals;
    while (at < stop) {
      const place = placeOf(source, at);
      const seen = table[place]!;
      table[place] = at + bias;
      const from = seen - bias;
      if (seen > floor && at - from <= DISTANCE_MAX && isSame(source, from, at)) {
        if (to + 4 >= limit && to - (literals === 0 ? 1 : 0) + 4 >= limit) return false;
        if (literals === 0) to--;
        else target[to - literals - 1] = literals - 1;
        const length = this.#matchLength(from, at);
        const distance = at - from - 1;
        if (length - 2 < LONG_LENGTH) target[to++] = (distance >> 8) + ((length - 2) << 5);
        else {
          target[to++] = (distance >> 8) + (LONG_LENGTH << 5);
          target[to++] = length - 2 - LONG_LENGTH;
        }
        target[to++] = distance;
        literals = 0;
        to++;
        at += length;
        if (at >= this.#end - 2) break;
        table[placeOf(source, at - 2)] = at - 2 + bias;
        table[placeOf(source, at - 1)] = at - 1 + bias;
        continue;
      }
      if (to >= limit) return false;
      target[to++] = source[at++]!;
      if (++literals === RUN_MAX) {
        target[to - literals - 1] = literals - 1;
        literals = 0;
        to++;
      }
    }
    this.#at = at;
    this.#written = to;
    this.#literals = literals;
    return true;
  }

  /** How many bytes at two places are the same; the last two bytes of a string only count if many others do. */
  #matchLength(from: number, at: number): number {
    const source = this.#source;
    const max = Math.min(this.#end - at - 2, REFERENCE_MAX);
    const sure = max > 16 ? SURE_BYTES : 0;
    let length = 3;
    while ((length < max || length < sure) && source[from + length] === source[at + length]) length++;
    return length;
  }

  #complete(): number {
    const source = this.#source;
    const target = this.#target;
    let to = this.#written;
    let literals = this.#literals;
    if (to + 3 > this.#limit) return 0;
    for (let at = this.#at; at < this.#end; at++) {
      target[to++] = source[at]!;
      if (++literals === RUN_MAX) {
        target[to - literals - 1] = literals - 1;
        literals = 0;
        to++;
      }
    }
    if (literals === 0) return to - 1;
    target[to - literals - 1] = literals - 1;
    return to;
  }
}

function placeOf(source: Uint8Array, at: number): number {
  const middle = source[at + 1]!;
  return (((source[at]! << 8) | middle) - ((middle << 8) | source[at + 2]!) * 5) & (TABLE_SIZE - 1);
}

function isSame(source: Uint8Array, from: number, at: number): boolean {
  return source[from] === source[at] && source[from + 1] === source[at + 1] && source[from + 2] === source[at + 2];
}

/**
 * Decompresses source[start..end) to target[at..at + length).
 * @returns whether it is LZF of just this length.
 */
export function decompressLzf(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
  length: number,
): boolean {
  const limit = at + length;
  let from = start;
  let to = at;
  while (from < end) {
    const head = source[from++]!;
    if (head < RUN_MAX) {
      const count = head + 1;
      if (from + count > end || to + count > limit) return false;
      for (const stop = to + count; to < stop;) target[to++] = source[from++]!;
      continue;
    }
    let count = (head >> 5) + 2;
    if (count === LONG_LENGTH + 2) {
      if (from >= end) return false;
      count += source[from++]!;
    }
    if (from >= end) return false;
    let back = to - (((head & 0x1f) << 8) | source[from++]!) - 1;
    if (back < at || to + count > limit) return false;
    for (const stop = to + count; to < stop;) target[to++] = target[back++]!;
  }
  return to === limit;
}
