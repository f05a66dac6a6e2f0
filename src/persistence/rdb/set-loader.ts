/** Sets, member by member. They become intsets if there is nothing but integers in them, and not too many. */
import { SetBuilder } from '../../data/set-builder.ts';
import { SetValue } from '../../data/set-value.ts';
import { eagerReclaimer, KIND, releaseValue } from '../../data/value.ts';
import type { LoadedValue } from './loaded-value.ts';
import { corrupt } from './rdb-error.ts';
import type { RdbInput } from './rdb-input.ts';
import { type LoadContext, reservable, type ValueLoader } from './load-context.ts';
import { RdbString } from './rdb-input.ts';

export class SetLoader implements ValueLoader {
  readonly #member = new RdbString();
  #set: SetBuilder | SetValue | null;
  #left: number;

  constructor(count: number, { keyspace, limits }: LoadContext) {
    this.#left = count;
    if (count <= limits.intsetMembersMax) this.#set = new SetBuilder(keyspace, limits.intsetMembersMax);
    else {
      this.#set = new SetValue(keyspace);
      this.#set.dict.reserve(reservable(count));
    }
  }

  next(input: RdbInput): boolean {
    const set = this.#set!;
    const member = this.#member;
    input.string(member);
    const { size } = set;
    set.add(member.bytes, member.start, member.end);
    if (set.size === size) corrupt('Duplicate set members detected');
    return --this.#left === 0;
  }

  finish(value: LoadedValue): void {
    const set = this.#set!;
    this.#set = null;
    if (set instanceof SetValue) value.setObject(set);
    else if (set.large !== null) value.setObject(set.large);
    else value.setBytes(KIND.set, set.packed);
  }

  release(): void {
    if (this.#set instanceof SetValue) releaseValue(this.#set, 'server', eagerReclaimer);
    else this.#set?.release();
    this.#set = null;
  }
}
