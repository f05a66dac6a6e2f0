/** Sorted sets, member by member, in any order. They become listpacks if they are small. */
import { parseDoubleLeniently } from '../../core/double.ts';
import { isSpace } from '../../core/integer.ts';
import { NONE } from '../../data/heap.ts';
import { eagerReclaimer, KIND, releaseValue } from '../../data/value.ts';
import { packedZsetFrom } from '../../data/zset-entry.ts';
import { ZsetValue } from '../../data/zset-value.ts';
import type { LoadedValue } from './loaded-value.ts';
import { corrupt } from './rdb-error.ts';
import { type RdbInput, RdbString } from './rdb-input.ts';
import { type LoadContext, reservable, type ValueLoader } from './load-context.ts';

/** Instead of a length of text. */
const NOT_A_NUMBER = 253;
const INFINITE = 254;
const MINUS_INFINITE = 255;

export class ZsetLoader implements ValueLoader {
  readonly #context: LoadContext;
  readonly #isBinary: boolean;
  readonly #member = new RdbString();
  readonly #text = new RdbString();
  #set: ZsetValue | null;
  #left: number;

  constructor(count: number, isBinary: boolean, context: LoadContext) {
    this.#context = context;
    this.#isBinary = isBinary;
    this.#left = count;
    this.#set = new ZsetValue(context.keyspace);
    this.#set.reserve(reservable(count));
  }

  next(input: RdbInput): boolean {
    const set = this.#set!;
    const member = this.#member;
    input.string(member);
    const score = this.#isBinary ? input.double() : this.#readText(input);
    if (Number.isNaN(score)) corrupt('Zset with NAN score detected');
    const { bytes, start, end } = member;
    if (set.find(bytes, start, end) !== NONE) corrupt('Duplicate zset fields detected');
    // Files have the highest score first: then there is no place to look for.
    if (isBefore(set, bytes, start, end, score)) set.prepend(bytes, start, end, score);
    else set.add(bytes, start, end, score);
    return --this.#left === 0;
  }

  #readText(input: RdbInput): number {
    const length = input.byte();
    if (length === NOT_A_NUMBER) return NaN;
    if (length === INFINITE) return Infinity;
    if (length === MINUS_INFINITE) return -Infinity;
    input.raw(length, this.#text);
    return parseScore(this.#text.copy());
  }

  finish(value: LoadedValue): void {
    const set = this.#set!;
    this.#set = null;
    const limits = this.#context.limits.zsetLimits;
    const packed = set.size <= limits.packedMembersMax ? packedZsetFrom(set, limits) : null;
    if (packed === null) {
      value.setObject(set);
      return;
    }
    while (!set.releaseSome());
    value.setBytes(KIND.zset, packed);
  }

  release(): void {
    if (this.#set !== null) releaseValue(this.#set, 'server', eagerReclaimer);
    this.#set = null;
  }
}

/** As C reads a number: white space may come before it, a zero byte ends it. NaN if there is none. */
function parseScore(text: Buffer): number {
  const nul = text.indexOf(0);
  const end = nul < 0 ? text.length : nul;
  let start = 0;
  while (start < end && isSpace(text[start]!)) start++;
  return start === end ? NaN : parseDoubleLeniently(text, start, end);
}

function isBefore(set: ZsetValue, bytes: Uint8Array, start: number, end: number, score: number): boolean {
  const { first } = set;
  if (first === NONE) return true;
  const lowest = set.score(first);
  return score < lowest || (score === lowest && set.compareMember(first, bytes, start, end) > 0);
}
