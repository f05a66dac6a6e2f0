/**
 * How a byte stream falls apart on its way. TCP keeps no message borders, and code that silently relies on them works on
 * a developer's machine for years. Each connection direction draws one of these manners and keeps it.
 */
import type { Random } from '../host/host.ts';

export const CHUNK_MODES = ['whole', 'mss', 'random', 'coalesced', 'adversarial', 'bytewise'] as const;

/**
 * - `whole`: each write arrives as it was made (up to 64 KiB, what one read takes).
 * - `mss`: in packets of 1448 bytes.
 * - `random`: each write cut at up to eight random places.
 * - `coalesced`: writes that are on their way together arrive together.
 * - `adversarial`: cut where parsers hurt: between CR and LF, inside a length, inside an 8-byte header, inside `$EOF:`.
 * - `bytewise`: the first kilobytes byte by byte, the rest whole.
 */
export type ChunkMode = (typeof CHUNK_MODES)[number];

/** What one read of a socket takes at most. */
export const LARGEST_CHUNK_BYTES = 64 * 1024;
const SEGMENT_BYTES = 1448;
const RANDOM_CUTS = 8;
const ADVERSARIAL_CUTS = 16;
const CR = 0x0d;
const LF = 0x0a;
const DOLLAR = 0x24;
const ASTERISK = 0x2a;

export class Chunker {
  readonly mode: ChunkMode;
  readonly #random: Random;
  /** For `bytewise`: how many bytes are still to go one by one. */
  #singles: number;

  constructor(mode: ChunkMode, random: Random) {
    this.mode = mode;
    this.#random = random;
    this.#singles = mode === 'bytewise' ? 256 + random.below(3840) : 0;
  }

  /** Adds the pieces of `bytes`, in order and without gaps, to `pieces`. */
  cut(bytes: Buffer, pieces: Buffer[]): void {
    switch (this.mode) {
      case 'whole':
      case 'coalesced':
        cutEvery(bytes, LARGEST_CHUNK_BYTES, pieces);
        break;
      case 'mss':
        cutEvery(bytes, SEGMENT_BYTES, pieces);
        break;
      case 'random':
        cutAt(bytes, this.#randomPlaces(bytes.length), pieces);
        break;
      case 'adversarial':
        cutAt(bytes, this.#painfulPlaces(bytes), pieces);
        break;
      case 'bytewise':
        this.#cutSingles(bytes, pieces);
        break;
    }
  }

  #cutSingles(bytes: Buffer, pieces: Buffer[]): void {
    const singles = Math.min(this.#singles, bytes.length);
    this.#singles -= singles;
    for (let i = 0; i < singles; i++) pieces.push(bytes.subarray(i, i + 1));
    cutEvery(bytes.subarray(singles), LARGEST_CHUNK_BYTES, pieces);
  }

  #randomPlaces(length: number): number[] {
    const places: number[] = [];
    for (let cuts = this.#random.below(RANDOM_CUTS + 1); cuts > 0; cuts--) places.push(this.#random.below(length));
    return places;
  }

  /** A window of the bytes is searched, so that a long write costs no more than a short one. */
  #painfulPlaces(bytes: Buffer): number[] {
    const places = [1 + this.#random.below(7)];
    const start = bytes.length > 4096 ? this.#random.below(bytes.length - 4096) : 0;
    const end = Math.min(bytes.length - 1, start + 4096);
    for (let i = start; i < end; i++) {
      const byte = bytes[i];
      const hurts = (byte === CR && bytes[i + 1] === LF) || byte === DOLLAR || byte === ASTERISK;
      if (!hurts || this.#random.below(4) !== 0) continue;
      // After a CR; after the first digit of a length; within the first bytes of an `$EOF:` mark.
      places.push(byte === CR ? i + 1 : i + 1 + this.#random.below(4));
      if (places.length === ADVERSARIAL_CUTS) break;
    }
    return places;
  }
}

function cutEvery(bytes: Buffer, size: number, pieces: Buffer[]): void {
  if (bytes.length <= size) {
    if (bytes.length > 0) pieces.push(bytes);
    return;
  }
  for (let i = 0; i < bytes.length; i += size) pieces.push(bytes.subarray(i, Math.min(i + size, bytes.length)));
}

/** Cuts at the places, which may come in any order, repeat or lie outside. */
function cutAt(bytes: Buffer, places: number[], pieces: Buffer[]): void {
  places.sort((a, b) => a - b);
  let from = 0;
  for (const place of places) {
    if (place <= from || place >= bytes.length) continue;
    cutEvery(bytes.subarray(from, place), LARGEST_CHUNK_BYTES, pieces);
    from = place;
  }
  cutEvery(bytes.subarray(from), LARGEST_CHUNK_BYTES, pieces);
}
