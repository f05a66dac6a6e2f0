/**
 * Lua's table, with the order of Lua's own (ltable.c).
 *
 * Scripts see where a table keeps what: `pairs`, `next` and `cjson.encode` go through it in the order of its parts, and
 * `#` finds one border among several by their sizes. Redis does not seed the hash of strings, so both are the same in
 * every server, and scripts depend on it. Hence this table has the parts of Lua's: an array for the keys 1..n of which
 * more than half are in use, and nodes, a chained scatter table with Brent's variation. A new key takes its main
 * position; a key that stands there without being at home moves to a free node, which are handed out from the end.
 * When there is none left, everything is counted and both parts get new sizes.
 *
 * There are no chains, since where a key stands does not depend on them, and none is needed to find it: few keys are
 * compared one by one, many have an index.
 *
 * Tables and functions hash by address in Lua, so their order is arbitrary there; here they are numbered.
 */
import { hashNumber, hashString } from './hash.ts';
import type { LuaValue } from './value.ts';

/** Compared one by one up to so many nodes. */
const SCANNED_NODES_MAX = 8;
const ARRAY_BITS_MAX = 26;
const APPENDED_MAX = 2 ** ARRAY_BITS_MAX;
const INTEGER_MAX = 2 ** 31 - 3;
const NONE = -1;
/** The parts of tables that have none, which most lists are: never written to. */
const NO_VALUES = Object.freeze([]) as unknown as LuaValue[];
const NO_NUMBERS = Object.freeze([]) as unknown as number[];

/** A place in a program, which remembers where it found its key: in most tables that come there it is at the same node. */
export interface Place {
  node?: number;
}

export class LuaTable {
  #metatable: LuaTable | null = null;
  #isReadOnly = false;
  /** Neither protected nor with a metatable: assignments need no further look. */
  isPlain = true;
  /** Changes whenever keys change their positions. */
  layout = 0;
  /** The array part: exactly as long as Lua's, nil where nothing is. */
  #array: LuaValue[];
  /** The nodes. A key stays when its value becomes nil, until the node is used again. */
  #keys = NO_VALUES;
  #values = NO_VALUES;
  #hashes = NO_NUMBERS;
  /** All nodes from here on have been handed out. */
  #lastFree = 0;
  #index: Map<LuaValue, number> | null = null;
  #objects = 0;

  /**
   * @param arraySize, nodes room for so many items, as a constructor reserves it.
   * @param array becomes the table's, in the place of one of that size.
   */
  constructor(arraySize = 0, nodes = 0, array?: LuaValue[]) {
    this.#array = array ?? (arraySize === 0 ? [] : filled<LuaValue>(arraySize, undefined));
    if (nodes > 0) this.#makeNodes(nodes);
  }

  /** A table of a list, whose array becomes the table's. @param reserved the least size of the array part. */
  static ofList(items: LuaValue[], reserved: number): LuaTable {
    while (items.length < reserved) items.push(undefined);
    return new LuaTable(0, 0, items);
  }

  get metatable(): LuaTable | null {
    return this.#metatable;
  }

  set metatable(metatable: LuaTable | null) {
    this.#metatable = metatable;
    this.isPlain = metatable === null && !this.#isReadOnly;
  }

  /** Redis protects its own tables from assignments. */
  get isReadOnly(): boolean {
    return this.#isReadOnly;
  }

  set isReadOnly(isReadOnly: boolean) {
    this.#isReadOnly = isReadOnly;
    this.isPlain = this.#metatable === null && !isReadOnly;
  }

  // ------------------------------------------------------------------------------------------------------------ access

  get(key: LuaValue): LuaValue {
    if (typeof key === 'number') return this.getNumber(key);
    return key === undefined ? undefined : this.#valueAt(this.#find(key));
  }

  getString(key: string): LuaValue {
    return this.#valueAt(this.#find(key));
  }

  /** As `getString`, for a place that asks for the same key each time. */
  getStringAt(key: string, place: Place): LuaValue {
    const { node } = place;
    if (node !== undefined && this.#keys[node] === key) return this.#values[node];
    const found = this.#find(key);
    if (found === NONE) return undefined;
    place.node = found;
    return this.#values[found];
  }

  getNumber(key: number): LuaValue {
    const array = this.#array;
    if (key >= 1 && key <= array.length && Number.isInteger(key)) return array[key - 1];
    return this.#keys.length === 0 ? undefined : this.#valueAt(this.#find(key));
  }

  /** Without regard to metatable and protection. @param key neither nil nor NaN. */
  set(key: LuaValue, value: LuaValue): void {
    if (typeof key === 'number') this.setNumber(key, value);
    else this.#setNode(key, value);
  }

  setString(key: string, value: LuaValue): void {
    this.#setNode(key, value);
  }

  setStringAt(key: string, value: LuaValue, place: Place): void {
    const { node } = place;
    if (node !== undefined && this.#keys[node] === key) {
      this.#values[node] = value;
      return;
    }
    this.#setNode(key, value);
    place.node = this.#find(key);
  }

  setNumber(key: number, value: LuaValue): void {
    const array = this.#array;
    if (key >= 1 && key <= array.length && Number.isInteger(key)) array[key - 1] = value;
    else if (key === array.length + 1 && this.#isList && key <= APPENDED_MAX) this.#append(value);
    else this.#setNode(key, value);
  }

  /** Whether there is nothing but an array without holes. */
  get #isList(): boolean {
    const array = this.#array;
    let at = array.length - 1;
    while (at >= 0 && array[at] !== undefined) at--;
    return at < 0 && this.#keys.length === 0;
  }

  /** What `#rehash` comes to where a list grows: all of it in an array of the next power of two. */
  #append(value: LuaValue): void {
    const array = this.#array;
    this.layout++;
    const size = 1 << ceilLog2(array.push(value));
    while (array.length < size) array.push(undefined);
  }

  #valueAt(node: number): LuaValue {
    return node === NONE ? undefined : this.#values[node];
  }

  #find(key: LuaValue): number {
    if (this.#index !== null) return this.#index.get(key) ?? NONE;
    const keys = this.#keys;
    return keys.length === 0 ? NONE : keys.indexOf(key);
  }

  /** Setting nil to a key that is not there makes a node for it, as in Lua. */
  #setNode(key: LuaValue, value: LuaValue): void {
    const node = this.#find(key);
    if (node !== NONE) this.#values[node] = value;
    else if (this.#keys.length === 0 && typeof key === 'number') this.#rehash(key, 0, value);
    else this.#insert(key, this.#hash(key), value);
  }

  /** A border: the array's, if it ends with nil; else the first that doubling and halving finds. */
  get length(): number {
    const array = this.#array;
    let high = array.length;
    if (high > 0 && array[high - 1] === undefined) {
      let low = 0;
      while (high - low > 1) {
        const middle = (low + high) >>> 1;
        if (array[middle - 1] === undefined) high = middle;
        else low = middle;
      }
      return low;
    }
    return this.#keys.length === 0 ? high : this.#searchBorder(high);
  }

  #searchBorder(from: number): number {
    let low = from;
    let high = from + 1;
    while (this.getNumber(high) !== undefined) {
      low = high;
      high *= 2;
      if (high > INTEGER_MAX) {
        low = 1;
        while (this.getNumber(low) !== undefined) low++;
        return low - 1;
      }
    }
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.getNumber(middle) === undefined) high = middle;
      else low = middle;
    }
    return low;
  }

  // ----------------------------------------------------------------------------------------------------------- walking

  /**
   * The next position with a value, where positions count the array part and then the nodes.
   * @param from the first position that may be it. @returns -1 at the end.
   */
  positionFrom(from: number): number {
    const array = this.#array;
    let at = from;
    for (; at < array.length; at++) if (array[at] !== undefined) return at;
    const end = array.length + this.#keys.length;
    for (; at < end; at++) if (this.#values[at - array.length] !== undefined) return at;
    return NONE;
  }

  keyAt(position: number): LuaValue {
    const { length } = this.#array;
    return position < length ? position + 1 : this.#keys[position - length];
  }

  valueAt(position: number): LuaValue {
    const { length } = this.#array;
    return position < length ? this.#array[position] : this.#values[position - length];
  }

  /** The position after a key's; 0 for nil. @returns -1 if the key is in no position. */
  positionAfter(key: LuaValue): number {
    if (key === undefined) return 0;
    const { length } = this.#array;
    if (typeof key === 'number' && key >= 1 && key <= length && Number.isInteger(key)) return key;
    const node = this.#find(key);
    return node === NONE ? NONE : length + node + 1;
  }

  // --------------------------------------------------------------------------------------------------------- the nodes

  #hash(key: LuaValue): number {
    switch (typeof key) {
      case 'string':
        return hashString(key);
      case 'number':
        return hashNumber(key);
      case 'boolean':
        return key ? 1 : 0;
      default:
        return this.#objects++;
    }
  }

  #mainPosition(key: LuaValue, hash: number): number {
    const mask = this.#keys.length - 1;
    return typeof key === 'string' || typeof key === 'boolean' ? hash & mask : hash % (mask | 1);
  }

  /** @param size at least so many nodes. */
  #makeNodes(size: number): void {
    if (size === 0) {
      this.#keys = this.#values = NO_VALUES;
      this.#hashes = NO_NUMBERS;
      this.#lastFree = 0;
      this.#index = null;
      return;
    }
    const capacity = 2 ** ceilLog2(size);
    this.#keys = filled<LuaValue>(capacity, undefined);
    this.#values = filled<LuaValue>(capacity, undefined);
    this.#hashes = filled<number>(capacity, 0);
    this.#lastFree = capacity;
    this.#index = capacity > SCANNED_NODES_MAX ? new Map() : null;
  }

  /** A node that no key has ever stood in. */
  #takeFreeNode(): number {
    while (this.#lastFree > 0) {
      this.#lastFree--;
      if (this.#keys[this.#lastFree] === undefined) return this.#lastFree;
    }
    return NONE;
  }

  #insert(key: LuaValue, hash: number, value: LuaValue): void {
    if (this.#keys.length === 0) {
      this.#rehash(key, hash, value);
      return;
    }
    let node = this.#mainPosition(key, hash);
    if (this.#values[node] !== undefined) {
      const free = this.#takeFreeNode();
      if (free === NONE) {
        this.#rehash(key, hash, value);
        return;
      }
      if (this.#mainPosition(this.#keys[node], this.#hashes[node]!) === node) node = free;
      else this.#moveNode(node, free);
    }
    const dead = this.#keys[node];
    if (dead !== undefined) this.#index?.delete(dead);
    this.#keys[node] = key;
    this.#hashes[node] = hash;
    this.#values[node] = value;
    this.#index?.set(key, node);
  }

  /** Moves a key that is not at home out of the way. */
  #moveNode(node: number, free: number): void {
    this.layout++;
    this.#keys[free] = this.#keys[node];
    this.#values[free] = this.#values[node];
    this.#hashes[free] = this.#hashes[node]!;
    this.#index?.set(this.#keys[free], free);
    this.#keys[node] = undefined;
  }

  // ----------------------------------------------------------------------------------------------------------- resizing

  /** Finds new sizes for both parts, with room for a key more, and inserts it. */
  #rehash(key: LuaValue, hash: number, value: LuaValue): void {
    if (this.#keys.length === 0 && this.#array.length === 0 && typeof key !== 'number') {
      // The first field of many a table: there is nothing to count.
      this.layout++;
      this.#makeNodes(1);
      this.#insert(key, hash, value);
      return;
    }
    // As many as ARRAY_BITS_MAX and one more.
    const counts = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let total = this.#countArray(counts);
    let integers = total;
    for (let node = 0; node < this.#keys.length; node++) {
      if (this.#values[node] === undefined) continue;
      total++;
      integers += countInteger(this.#keys[node], counts);
    }
    total++;
    integers += countInteger(key, counts);
    const { size, used } = bestArraySize(counts, integers);
    this.#resize(size, total - used);
    // It may belong into the array now.
    if (typeof key === 'number') this.setNumber(key, value);
    else this.#insert(key, hash, value);
  }

  /** Counts the values of the array by the power of two that their key does not exceed. */
  #countArray(counts: number[]): number {
    const array = this.#array;
    let total = 0;
    for (let bits = 0, at = 0, limit = 1; at < array.length; bits++, limit *= 2) {
      const end = Math.min(limit, array.length);
      let used = 0;
      for (; at < end; at++) if (array[at] !== undefined) used++;
      counts[bits]! += used;
      total += used;
    }
    return total;
  }

  /** Makes the array at least so long, as a constructor with a list of unknown length does. */
  growArray(size: number): void {
    if (size > this.#array.length) this.#resize(size, this.#keys.length);
  }

  #resize(arraySize: number, nodes: number): void {
    this.layout++;
    const keys = this.#keys;
    const values = this.#values;
    const hashes = this.#hashes;
    const array = this.#array;
    const rest = arraySize < array.length ? array.splice(arraySize) : NO_VALUES;
    while (array.length < arraySize) array.push(undefined);
    this.#makeNodes(nodes);
    for (let at = 0; at < rest.length; at++) {
      if (rest[at] !== undefined) this.setNumber(arraySize + at + 1, rest[at]);
    }
    for (let node = keys.length - 1; node >= 0; node--) {
      const value = values[node];
      if (value === undefined) continue;
      const key = keys[node];
      if (typeof key === 'number') this.setNumber(key, value);
      else this.#insert(key, hashes[node]!, value);
    }
  }
}

function filled<T>(length: number, value: T): T[] {
  if (length === 1) return [value];
  if (length === 2) return [value, value];
  if (length === 4) return [value, value, value, value];
  // oxlint-disable-next-line unicorn/no-new-array -- several times as fast as Array.from
  return new Array<T>(length).fill(value);
}

/** Counts a key that could stand in an array. @returns 1 if it could. */
function countInteger(key: LuaValue, counts: number[]): number {
  if (typeof key !== 'number' || key < 1 || key > 2 ** ARRAY_BITS_MAX || !Number.isInteger(key)) return 0;
  counts[ceilLog2(key)]!++;
  return 1;
}

/** The largest power of two of which more than half would be in use. */
function bestArraySize(counts: readonly number[], integers: number): { size: number; used: number } {
  let upTo = 0;
  let size = 0;
  let used = 0;
  for (let bits = 0, limit = 1; limit / 2 < integers; bits++, limit *= 2) {
    const count = counts[bits]!;
    if (count > 0) {
      upTo += count;
      if (upTo > limit / 2) {
        size = limit;
        used = upTo;
      }
    }
    if (upTo === integers) break;
  }
  return { size, used };
}

/** @param value positive. */
function ceilLog2(value: number): number {
  return value <= 1 ? 0 : 32 - Math.clz32(value - 1);
}
