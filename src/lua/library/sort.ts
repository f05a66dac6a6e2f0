/**
 * `table.sort`: Lua's own quicksort (ltablib.c auxsort), comparison by comparison. It is not stable, so where elements
 * are equal the result depends on the algorithm, and so does what an inconsistent order does.
 */
import type { LuaTable } from '../table.ts';
import type { LuaValue } from '../value.ts';
import { assertWritable, libraryError } from './arguments.ts';

export type Less = (left: LuaValue, right: LuaValue) => boolean;

export function sort(table: LuaTable, less: Less): void {
  sortRange(table, less, 1, table.length);
}

function sortRange(table: LuaTable, less: Less, from: number, to: number): void {
  let low = from;
  let high = to;
  while (low < high) {
    if (less(table.getNumber(high), table.getNumber(low))) swap(table, low, high);
    if (high - low === 1) break;
    const middle = Math.floor((low + high) / 2);
    if (less(table.getNumber(middle), table.getNumber(low))) swap(table, middle, low);
    else if (less(table.getNumber(high), table.getNumber(middle))) swap(table, middle, high);
    if (high - low === 2) break;
    const pivot = table.getNumber(middle);
    swap(table, middle, high - 1);
    const border = partition(table, less, low, high, pivot);
    swap(table, high - 1, border);
    // The shorter part first, the longer one in this loop: the depth stays logarithmic.
    if (border - low < high - border) {
      sortRange(table, less, low, border - 1);
      low = border + 1;
    } else {
      sortRange(table, less, border + 1, high);
      high = border - 1;
    }
  }
}

/** @returns where the pivot belongs. */
function partition(table: LuaTable, less: Less, low: number, high: number, pivot: LuaValue): number {
  let left = low;
  let right = high - 1;
  for (;;) {
    while (less(table.getNumber(++left), pivot)) {
      if (left > high) throw libraryError('invalid order function for sorting');
    }
    while (less(pivot, table.getNumber(--right))) {
      if (right < low) throw libraryError('invalid order function for sorting');
    }
    if (right < left) return left;
    swap(table, left, right);
  }
}

function swap(table: LuaTable, first: number, second: number): void {
  const kept = table.getNumber(first);
  assertWritable(table).setNumber(first, table.getNumber(second));
  table.setNumber(second, kept);
}
