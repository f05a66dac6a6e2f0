/**
 * The scripts of a server by their SHA1, found by its bytes where they stand in a request: a string of them would cost
 * more than the search. Its first eight digits are the key; among the few that share them the whole is compared.
 */
import type { Arguments } from '../../core/arguments.ts';
import { equalsIgnoreCase } from '../../core/latin1.ts';

export const SHA1_HEX_LENGTH = 40;
const KEY_DIGITS = 8;

interface Identified {
  /** In lower case. */
  readonly sha: string;
}

export class ScriptIndex<Script extends Identified> {
  readonly #scripts = new Map<number, Script[]>();
  size = 0;

  add(script: Script): void {
    const key = keyOf(Buffer.from(script.sha, 'latin1'), 0);
    const sharing = this.#scripts.get(key);
    if (sharing === undefined) this.#scripts.set(key, [script]);
    else sharing.push(script);
    this.size++;
  }

  /** By an argument that may be a SHA1 in any case; null if it is none, or not known. */
  find(args: Arguments, index: number): Script | null {
    if (args.length(index) !== SHA1_HEX_LENGTH) return null;
    const start = args.starts[index]!;
    const sharing = this.#scripts.get(keyOf(args.bytes, start));
    if (sharing === undefined) return null;
    for (let at = 0; at < sharing.length; at++) {
      const script = sharing[at]!;
      if (equalsIgnoreCase(args.bytes, start, start + SHA1_HEX_LENGTH, script.sha)) return script;
    }
    return null;
  }

  clear(): void {
    this.#scripts.clear();
    this.size = 0;
  }
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
