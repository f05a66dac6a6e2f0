/** Hashes, field by field. They become listpacks if they are small. */
import { HashValue } from '../../data/hash-value.ts';
import { NONE } from '../../data/heap.ts';
import { eagerReclaimer, KIND, releaseValue } from '../../data/value.ts';
import { ListpackBuilder } from './listpack-builder.ts';
import type { LoadedValue } from './loaded-value.ts';
import { largeHashFrom } from './packed-loader.ts';
import { corrupt } from './rdb-error.ts';
import { type RdbInput, RdbString } from './rdb-input.ts';
import { type LoadContext, reservable, type ValueLoader } from './load-context.ts';

const INITIAL_BYTES = 256;

export class HashLoader implements ValueLoader {
  readonly #context: LoadContext;
  readonly #field = new RdbString();
  readonly #value = new RdbString();
  /** Fields of a small hash. */
  readonly #seen = new Set<string>();
  #small: ListpackBuilder | null = null;
  #large: HashValue | null = null;
  #left: number;

  constructor(count: number, context: LoadContext) {
    this.#context = context;
    this.#left = count;
    if (count <= context.limits.packedHashFieldsMax) this.#small = new ListpackBuilder(INITIAL_BYTES);
    else {
      this.#large = new HashValue(context.keyspace);
      this.#large.dict.reserve(reservable(count));
    }
  }

  next(input: RdbInput): boolean {
    input.string(this.#field);
    input.string(this.#value);
    if (this.#small !== null && !this.#fits(this.#small)) {
      this.#large = largeHashFrom(this.#context.keyspace, this.#small.bytes, 0);
      this.#small = null;
    }
    if (this.#small === null) this.#addToLarge(this.#large!);
    else this.#addToSmall(this.#small);
    return --this.#left === 0;
  }

  #fits(small: ListpackBuilder): boolean {
    const { packedHashBytesMax } = this.#context.limits;
    const { length } = this.#field;
    if (length > packedHashBytesMax || this.#value.length > packedHashBytesMax) return false;
    return small.takes(length + this.#value.length);
  }

  #addToSmall(small: ListpackBuilder): void {
    const field = this.#field;
    const value = this.#value;
    const name = field.text;
    if (this.#seen.has(name)) corrupt('Hash with dup elements');
    this.#seen.add(name);
    small.append(field.bytes, field.start, field.end);
    small.append(value.bytes, value.start, value.end);
  }

  #addToLarge(large: HashValue): void {
    const field = this.#field;
    const value = this.#value;
    if (large.find(field.bytes, field.start, field.end) !== NONE) corrupt('Duplicate hash fields detected');
    large.set(field.bytes, field.start, field.end, value.bytes, value.start, value.end);
  }

  finish(value: LoadedValue): void {
    if (this.#large !== null) value.setObject(this.#large);
    else value.setBytes(KIND.hash, this.#small!.bytes, 0, this.#small!.length);
    this.#large = null;
  }

  release(): void {
    if (this.#large !== null) releaseValue(this.#large, 'server', eagerReclaimer);
    this.#large = null;
  }
}
