/**
 * The scripts of a server by their SHA1, found by its bytes where they stand in a request: a string of them would cost
 * more than the search. The first eight digits are the key; among the few that share them the whole is compared, four
 * digits at once. Who sends one script again and again has it found without a key.
 */
import type { Arguments } from '../../core/arguments.ts';
import { lowerCaseByte } from '../../core/latin1.ts';

export const SHA1_HEX_LENGTH = 40;
const KEY_DIGITS = 8;
const WORD_BYTES = 4;
const WORDS = SHA1_HEX_LENGTH / WORD_BYTES;

interface Identified {
  /** In lower case. */
  readonly sha: string;
}

interface Entry<Script> {
  readonly script: Script;
  readonly digits: Uint8Array;
  /** The digits, four in each. */
  readonly words: readonly number[];
}

export class ScriptIndex<Script extends Identified> {
  readonly #scripts = new Map<number, Entry<Script>[]>();
  /** The one that was found last. */
  #last: Entry<Script> | null = null;
  /** Where the last request stood, and its words: a pipeline has many requests in one buffer. */
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  size = 0;

  add(script: Script): void {
    const digits = Buffer.from(script.sha, 'latin1');
    const words = Array.from({ length: WORDS }, (_, at) => digits.readInt32LE(at * WORD_BYTES));
    const entry = { script, digits, words };
    const key = keyOf(digits, 0);
    const sharing = this.#scripts.get(key);
    if (sharing === undefined) this.#scripts.set(key, [entry]);
    else sharing.push(entry);
    this.size++;
  }

  /** By an argument that may be a SHA1 in any case; null if it is none, or not known. */
  find(args: Arguments, index: number): Script | null {
    if (args.length(index) !== SHA1_HEX_LENGTH) return null;
    const { bytes } = args;
    const start = args.starts[index]!;
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    const last = this.#last;
    if (last !== null && hasWords(this.#view, start, last.words)) return last.script;
    const found = this.#search(bytes, start);
    if (found === null) return null;
    this.#last = found;
    return found.script;
  }

  #search(bytes: Buffer, start: number): Entry<Script> | null {
    const sharing = this.#scripts.get(keyOf(bytes, start));
    if (sharing === undefined) return null;
    for (let at = 0; at < sharing.length; at++) {
      const entry = sharing[at]!;
      if (hasWords(this.#view, start, entry.words) || isSha(bytes, start, entry.digits)) return entry;
    }
    return null;
  }

  clear(): void {
    this.#scripts.clear();
    this.#last = null;
    this.size = 0;
  }
}

function hasWords(view: DataView, offset: number, words: readonly number[]): boolean {
  for (let at = 0; at < WORDS; at++) {
    if (view.getInt32(offset + at * WORD_BYTES, true) !== words[at]) return false;
  }
  return true;
}

/** In any mixture of cases. */
function isSha(bytes: Uint8Array, start: number, digits: Uint8Array): boolean {
  for (let at = 0; at < SHA1_HEX_LENGTH; at++) {
    if (lowerCaseByte(bytes[start + at]!) !== digits[at]) return false;
  }
  return true;
}

/** What is no digit makes some key too. */
function keyOf(bytes: Uint8Array, start: number): number {
  let key = 0;
  for (let at = start; at < start + KEY_DIGITS; at++) {
    const byte = bytes[at]!;
    key = (key << 4) | ((byte & 0x0f) + (byte > 0x39 ? 9 : 0));
  }
  return key;
}
