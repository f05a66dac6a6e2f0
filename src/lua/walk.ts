/**
 * Loops over tables without a call of `next` for each turn.
 *
 * `for k, v in pairs(t)` and `ipairs(t)` hand the loop an iterator that we know. A walk then steps from position to
 * position, with what `next` would give: when the table got new sizes on the way, it looks its key up again.
 */
import { LuaError } from './lua-error.ts';
import { currentPosition } from './stack.ts';
import { LuaTable } from './table.ts';
import type { LuaFunction, LuaValue } from './value.ts';

export interface Walk {
  key: LuaValue;
  value: LuaValue;
  /** Goes on to the next pair. @returns false at the end. */
  step(): boolean;
}

/** Goes through everything, as `next`. */
export class PairsWalk implements Walk {
  key: LuaValue;
  value: LuaValue = undefined;
  readonly #table: LuaTable;
  #position: number;
  #layout: number;

  constructor(table: LuaTable, control: LuaValue) {
    this.#table = table;
    this.key = control;
    this.#layout = table.layout;
    this.#position = positionAfter(table, control);
  }

  step(): boolean {
    const table = this.#table;
    if (table.layout !== this.#layout) {
      this.#layout = table.layout;
      this.#position = positionAfter(table, this.key);
    }
    const position = table.positionFrom(this.#position);
    if (position < 0) return false;
    this.key = table.keyAt(position);
    this.value = table.valueAt(position);
    this.#position = position + 1;
    return true;
  }
}

/** Goes through 1, 2, ... up to the first nil. */
export class ListWalk implements Walk {
  key: number;
  value: LuaValue = undefined;
  readonly #table: LuaTable;

  constructor(table: LuaTable, control: number) {
    this.#table = table;
    this.key = control;
  }

  step(): boolean {
    this.value = this.#table.getNumber(++this.key);
    return this.value !== undefined;
  }
}

function positionAfter(table: LuaTable, key: LuaValue): number {
  const position = table.positionAfter(key);
  if (position < 0) throw new LuaError("invalid key to 'next'", currentPosition());
  return position;
}

/** `next(t, k)`. */
export function next(table: LuaTable, key: LuaValue): readonly [LuaValue, LuaValue] | undefined {
  const position = table.positionFrom(positionAfter(table, key));
  return position < 0 ? undefined : [table.keyAt(position), table.valueAt(position)];
}

/** Iterators whose loops can be walks; each server has its own functions. */
export interface KnownIterators {
  next: LuaFunction | null;
  listStep: LuaFunction | null;
}

export function walker(known: KnownIterators, iterator: LuaValue, state: LuaValue, control: LuaValue): Walk | null {
  if (!(state instanceof LuaTable)) return null;
  if (iterator === known.next) return new PairsWalk(state, control);
  return iterator === known.listStep && typeof control === 'number' ? new ListWalk(state, control) : null;
}
