import { expect, it } from 'vitest';
import { LuaTable } from '../../../../src/lua/table.ts';
import type { LuaValue } from '../../../../src/lua/value.ts';
import { valueText } from '../../../../src/server/scripting/debugger/value-text.ts';

const show = (value: LuaValue): string => valueText(value, () => 'function: 0x1');

it.each<[LuaValue, string]>([
  [undefined, 'nil'],
  [true, 'true'],
  [1.23456789, '1.23457'],
  [1e20, '1e+20'],
  [-Infinity, '-inf'],
  ['a"\n\xff', '"a\\"\\n\\xff"'],
  [() => [], '"function@0x1"'],
  [new LuaTable(), '{}'],
  [LuaTable.ofList([1, LuaTable.ofList(['x'], 0)], 0), '{1; {"x"}}'],
])('shows %s as %s', (value, text) => {
  expect(show(value)).toBe(text);
});

it('shows the keys of what is no list', () => {
  const table = LuaTable.ofList([1, undefined, 3], 0);
  expect(show(table)).toBe('{[1]=1; [3]=3}');
});

it('does not follow a table that holds itself for ever', () => {
  const table = new LuaTable();
  table.setString('me', table);
  expect(show(table)).toMatch(/^(?:\{\["me"\]=){9}\{\[(<max[^>]*>)\]=\1\}{10}$/);
});
