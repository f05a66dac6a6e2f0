/**
 * The scripts of a server by their SHA1, found by its bytes where they stand in a request: a string of them would cost
 * more than the search. Its first eight digits are the key; among the few that share them the whole is compared.
 */
import type { Arguments } from '../../core/arguments.ts';
import { lowerCaseByte } from '../../core/latin1.ts';

export const SHA1_HEX_LENGTH = 40;
const KEY_DIGITS = 8;

interface Identified {
  /** In lower case. */
  readonly sha: string;
}

interface Entry<Script> {
  readonly script: Script;
  readonly digits: Uint8Array;
}

export class ScriptIndex<Script extends Identified> {
  readonly #scripts = new Map<number, Entry<Script>[]>();
  size = 0;

  add(script: Script): void {
    const digits = Buffer.from(script.sha, 'latin1');
    const key = keyOf(digits, 0);
    const sharing = this.#scripts.get(key);
    if (sharing === undefined) this.#scripts.set(key, [{ script, digits }]);
    else sharing.push({ script, digits });
    this.size++;
  }

  /** By an argument that may be a SHA1 in any case; null if it is none, or not known. */
  find(args: Arguments, index: number): Script | null {
    if (args.length(index) !== SHA1_HEX_LENGTH) return null;
    const start = args.starts[index]!;
    const sharing = this.#scripts.get(keyOf(args.bytes, start));
    if (sharing === undefined) return null;
    for (let at = 0; at < sharing.length; at++) {
      const { script, digits } = sharing[at]!;
      if (isSha(args.bytes, start, digits)) return script;
    }
    return null;
  }

  clear(): void {
    this.#scripts.clear();
    this.size = 0;
  }
}

/** Clients send what they were told, as a rule, which is in lower case. */
function isSha(bytes: Uint8Array, start: number, digits: Uint8Array): boolean {
  for (let at = 0; at < SHA1_HEX_LENGTH; at++) {
    const byte = bytes[start + at]!;
    if (byte !== digits[at] && lowerCaseByte(byte) !== digits[at]) return false;
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
