/**
 * The longest common subsequence of two strings, for LCS.
 *
 * The textbook table holds at (i, j) the length of the LCS of the first i bytes of `a` and the first j bytes of `b`.
 * Only two rows of it are ever alive here. What the walk back from the end needs of the rest is one bit per cell: where
 * the bytes differ, whether dropping the last byte of `a` keeps a longer LCS than dropping the last byte of `b`. So the
 * table takes a thirty-second part of what Redis allocates, and the length alone takes none.
 *
 * Several subsequences may be longest. Which one is found, and the order of its ranges (from the end to the start),
 * follow from that bit: `a` is shortened only when that is strictly better.
 *
 * Redis refuses inputs by the size of its own table; `lcsTableBytes` gives that size, to be compared with
 * proto-max-bulk-len by the caller.
 */

/** A run of bytes that is equal in both strings; both ends belong to it. */
export interface LcsMatch {
  readonly aStart: number;
  readonly aEnd: number;
  readonly bStart: number;
  readonly bEnd: number;
  readonly length: number;
}

/** Cells beyond this are "failed allocating transient memory": half a gigabyte of bits. */
const MAX_CELLS = 2 ** 32;

/** Bytes of the table that Redis would allocate: four for each pair of prefixes. */
export function lcsTableBytes(aLength: number, bLength: number): number {
  return (aLength + 1) * (bLength + 1) * 4;
}

/** The length of the longest common subsequence. */
export function lcsLength(a: Uint8Array, b: Uint8Array): number {
  const [rows, columns] = a.length >= b.length ? [a, b] : [b, a];
  let above = new Uint32Array(columns.length + 1);
  let current = new Uint32Array(columns.length + 1);
  for (const byte of rows) {
    let left = 0;
    for (let j = 0; j < columns.length; j++) {
      const up = above[j + 1]!;
      if (byte === columns[j]) left = above[j]! + 1;
      else if (up > left) left = up;
      current[j + 1] = left;
    }
    [above, current] = [current, above];
  }
  return above[columns.length]!;
}

export class LcsTable {
  readonly length: number;
  readonly #a: Uint8Array;
  readonly #b: Uint8Array;
  readonly #wordsPerRow: number;
  /** Bit j of row i: the LCS of a[..i], b[..j+1] is longer than that of a[..i+1], b[..j]. */
  readonly #upIsLonger: Uint32Array;

  /** Null when the table would be larger than can be had. */
  static build(a: Uint8Array, b: Uint8Array): LcsTable | null {
    return a.length * b.length > MAX_CELLS ? null : new LcsTable(a, b);
  }

  private constructor(a: Uint8Array, b: Uint8Array) {
    this.#a = a;
    this.#b = b;
    this.#wordsPerRow = (b.length + 31) >>> 5;
    this.#upIsLonger = new Uint32Array(this.#wordsPerRow * a.length);
    let above = new Uint32Array(b.length + 1);
    let current = new Uint32Array(b.length + 1);
    for (let i = 0; i < a.length; i++) {
      this.#fillRow(i, above, current);
      [above, current] = [current, above];
    }
    this.length = above[b.length]!;
  }

  #fillRow(i: number, above: Uint32Array, current: Uint32Array): void {
    const b = this.#b;
    const byte = this.#a[i]!;
    const bits = this.#upIsLonger;
    let word = i * this.#wordsPerRow;
    let left = 0;
    let packed = 0;
    for (let j = 0; j < b.length; j++) {
      const up = above[j + 1]!;
      if (byte === b[j]) {
        left = above[j]! + 1;
      } else if (up > left) {
        left = up;
        packed |= 1 << (j & 31);
      }
      current[j + 1] = left;
      if ((j & 31) === 31) {
        bits[word++] = packed;
        packed = 0;
      }
    }
    if ((b.length & 31) !== 0) bits[word] = packed;
  }

  /** The subsequence itself. */
  subsequence(): Uint8Array {
    const bytes = new Uint8Array(this.length);
    let at = this.length;
    this.#walk((aStart, _bStart, length) => {
      at -= length;
      bytes.set(this.#a.subarray(aStart, aStart + length), at);
    });
    return bytes;
  }

  /** The runs that make it up and are at least `minLength` long, from the last to the first. */
  matches(minLength = 0): LcsMatch[] {
    const matches: LcsMatch[] = [];
    this.#walk((aStart, bStart, length) => {
      if (length < minLength) return;
      matches.push({ aStart, aEnd: aStart + length - 1, bStart, bEnd: bStart + length - 1, length });
    });
    return matches;
  }

  #walk(visit: (aStart: number, bStart: number, length: number) => void): void {
    const a = this.#a;
    const b = this.#b;
    let i = a.length;
    let j = b.length;
    let length = 0;
    while (i > 0 && j > 0) {
      if (a[i - 1] === b[j - 1]) {
        i--;
        j--;
        length++;
        continue;
      }
      if (length > 0) visit(i, j, length);
      length = 0;
      const word = this.#upIsLonger[(i - 1) * this.#wordsPerRow + ((j - 1) >>> 5)]!;
      if ((word >>> ((j - 1) & 31)) & 1) i--;
      else j--;
    }
    if (length > 0) visit(i, j, length);
  }
}
