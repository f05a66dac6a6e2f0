/**
 * A set in the making, not in the keyspace yet: the result of SINTERSTORE, SUNION and the like. It has the form that
 * the same members would have if they were added to a key one after the other.
 */
import { copyBytes } from '../core/copy-bytes.ts';
import type { Database } from './database.ts';
import type { Keyspace } from './keyspace.ts';
import {
  insertMember,
  intsetBytes,
  intsetBytesWith,
  intsetLength,
  INTSET_MEMBERS_MAX,
  removeMember,
  searchMember,
  writeEmptyIntset,
} from './intset.ts';
import { eachInteger, integerMember } from './set-entry.ts';
import { type MemberVisitor, SetValue } from './set-value.ts';
import { eagerReclaimer, KIND, releaseValue } from './value.ts';

const INITIAL_BYTES = 64;

export class SetBuilder {
  readonly #keyspace: Keyspace;
  readonly #integersMax: number;
  #intset = Buffer.allocUnsafe(INITIAL_BYTES);
  #large: SetValue | null = null;

  /** @param intsetMembersMax how many members an intset may have. */
  constructor(keyspace: Keyspace, intsetMembersMax: number) {
    this.#keyspace = keyspace;
    this.#integersMax = Math.min(intsetMembersMax, INTSET_MEMBERS_MAX);
    writeEmptyIntset(this.#intset, 0);
  }

  get size(): number {
    return this.#large === null ? intsetLength(this.#intset, 0) : this.#large.size;
  }

  /** The set once it is too large or too mixed for an intset; the builder is not used any more then. */
  get large(): SetValue | null {
    return this.#large;
  }

  /** The bytes of the intset. */
  get packed(): Buffer {
    return this.#intset.subarray(0, intsetBytes(this.#intset, 0));
  }

  /** Adds the member bytes[start..end), if it is none yet. */
  add(bytes: Uint8Array, start: number, end: number): void {
    if (this.#large !== null) {
      this.#large.add(bytes, start, end);
      return;
    }
    const value = integerMember(bytes, start, end);
    if (Number.isNaN(value)) {
      this.#unpack().add(bytes, start, end);
      return;
    }
    const index = searchMember(this.#intset, 0, value);
    if (index >= 0) return;
    this.#reserve(intsetBytesWith(this.#intset, 0, value));
    insertMember(this.#intset, 0, -1 - index, value);
    if (this.size > this.#integersMax) this.#unpack();
  }

  #reserve(length: number): void {
    if (length <= this.#intset.length) return;
    const grown = Buffer.allocUnsafe(length * 2);
    copyBytes(this.#intset, 0, intsetBytes(this.#intset, 0), grown, 0);
    this.#intset = grown;
  }

  #unpack(): SetValue {
    const large = new SetValue(this.#keyspace);
    large.dict.reserve(this.size);
    eachInteger(this.#intset, 0, (bytes, start, end) => void large.add(bytes, start, end));
    this.#large = large;
    return large;
  }

  /** Removes the member bytes[start..end), if it is one. */
  remove(bytes: Uint8Array, start: number, end: number): void {
    if (this.#large !== null) {
      this.#large.remove(bytes, start, end);
      return;
    }
    const value = integerMember(bytes, start, end);
    const index = Number.isNaN(value) ? -1 : searchMember(this.#intset, 0, value);
    if (index >= 0) removeMember(this.#intset, 0, index);
  }

  each(visit: MemberVisitor): void {
    if (this.#large === null) eachInteger(this.#intset, 0, visit);
    else this.#large.each(visit);
  }

  /** Puts the set under a key, over whatever that held; the builder is not used any more. The set is not empty. */
  store(db: Database, key: Uint8Array, start: number, end: number): void {
    if (this.#large !== null) db.setObject(key, start, end, this.#large);
    else db.setPacked(KIND.set, key, start, end, this.packed);
  }

  /** Puts the set in the place of another one; the builder is not used any more. The key's expire time stays. */
  replace(db: Database, entry: number): void {
    if (this.#large !== null) db.replaceWithObject(entry, this.#large, true);
    else db.replaceWithPacked(entry, KIND.set, this.packed, true);
  }

  /** Frees a set that is not stored. */
  release(): void {
    if (this.#large !== null) releaseValue(this.#large, 'server', eagerReclaimer);
  }
}
