/** How the debugger shows a Lua value (eval.c ldbCatStackValue). */
import { formatDoubleG } from '../../../core/double.ts';
import { repr } from '../../../core/repr.ts';
import { JSON_NULL } from '../../../lua/library/json-settings.ts';
import { LuaTable } from '../../../lua/table.ts';
import type { LuaValue } from '../../../lua/value.ts';

/** Tables in tables; a table may hold itself. */
const DEPTH_MAX = 10;
const TOO_DEEP = '<max recursion level reached! Nested table?>';
const NUMBER_DIGITS = 6;

/** @param identify what `tostring` says of a function or coroutine: "function: 0x...". */
export function valueText(value: LuaValue, identify: (value: LuaValue) => string, depth = 0): string {
  if (depth === DEPTH_MAX) return TOO_DEEP;
  switch (typeof value) {
    case 'string':
      return repr(value);
    case 'undefined':
      return 'nil';
    case 'boolean':
      return String(value);
    case 'number':
      return numberText(value);
    default:
      if (value instanceof LuaTable) return tableText(value, identify, depth + 1);
      return `"${value === JSON_NULL ? 'light-' : ''}${identify(value).replace(': ', '@')}"`;
  }
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return formatDoubleG(value, NUMBER_DIGITS);
  return Number.isNaN(value) ? '-nan' : value > 0 ? 'inf' : '-inf';
}

/** Keys are left out where they are 1, 2, 3 and so on. */
function tableText(table: LuaTable, identify: (value: LuaValue) => string, depth: number): string {
  const keys: LuaValue[] = [];
  const values: string[] = [];
  let isList = true;
  for (let at = table.positionFrom(0); at >= 0; at = table.positionFrom(at + 1)) {
    const key = table.keyAt(at);
    keys.push(key);
    isList &&= key === keys.length;
    values.push(valueText(table.valueAt(at), identify, depth));
  }
  const items = isList ? values : values.map((text, at) => `[${valueText(keys[at], identify, depth)}]=${text}`);
  return `{${items.join('; ')}}`;
}
