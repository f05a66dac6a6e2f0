/**
 * Compiled chunks by their source, for all servers that share them: what a topology's nodes are sent is mostly the same, and
 * a large script takes milliseconds to compile. A chunk depends on its source alone.
 *
 * Servers keep their scripts themselves; this only saves them the compiling. What was not asked for longest goes first
 * when the sources, which cost about as much as what is made of them, grow beyond a limit.
 */
import { compile, type Chunk } from './compile.ts';

const SOURCE_BYTES_MAX = 4 << 20;

export class ChunkCache {
  readonly #chunks = new Map<string, Chunk>();
  readonly #sourceBytesMax: number;
  #sourceBytes = 0;

  constructor(sourceBytesMax = SOURCE_BYTES_MAX) {
    this.#sourceBytesMax = sourceBytesMax;
  }

  get size(): number {
    return this.#chunks.size;
  }

  /** Throws `LuaSyntaxError`. */
  compile(source: string, chunkName: string): Chunk {
    const key = `${chunkName}\0${source}`;
    const known = this.#chunks.get(key);
    if (known !== undefined) {
      // It is the one that was asked for last now.
      this.#chunks.delete(key);
      this.#chunks.set(key, known);
      return known;
    }
    const chunk = compile(source, chunkName);
    this.#chunks.set(key, chunk);
    this.#sourceBytes += key.length;
    this.#trim();
    return chunk;
  }

  #trim(): void {
    for (const key of this.#chunks.keys()) {
      if (this.#sourceBytes <= this.#sourceBytesMax) return;
      this.#chunks.delete(key);
      this.#sourceBytes -= key.length;
    }
  }
}
