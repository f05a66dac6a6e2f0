/** The table library (src/lua/library/table.ts): what redis-server makes of each. */
import { describe, expect, it } from 'vitest';
import { evaluate, type Evaluated } from '../evaluate.ts';

describe('functions', () => {
  it.each<[string, Evaluated]>([
    ['local t = {1, 2} table.insert(t, 3) table.insert(t, 1, 0) return t', [0, 1, 2, 3]],
    ['local t = {1, 2, 3} return {table.remove(t), table.remove(t, 1), #t}', [3, 1, 1]],
    ['return table.concat({1, 2, 3}, ", ")', '1, 2, 3'],
    ['return table.concat({1, 2, 3}, "-", 2, 3)', '2-3'],
    ['return table.concat({1, {}, 3})', "-user_script:1: invalid value (table) at index 2 in table for 'concat'"],
    ['local t = {3, 1, 2} table.sort(t) return t', [1, 2, 3]],
    ['local t = {3, 1, 2} table.sort(t, function(a, b) return a > b end) return t', [3, 2, 1]],
    ['local t = {1, "x"} table.sort(t)', '-attempt to compare string with number'],
    [
      'local t = {3, 1, 2, 5, 4} table.sort(t, function() return true end)',
      '-user_script:1: invalid order function for sorting',
    ],
    ['return table.insert({}, 1, 2, 3)', "-user_script:1: wrong number of arguments to 'insert'"],
    ['return table.insert({})', "-user_script:1: wrong number of arguments to 'insert'"],
    ['return table.getn({1, 2})', 2],
    ['return table.maxn({1, 2, [10] = 1})', 10],
    ['local r = {} table.foreach({a = 1}, function(k, v) r[1] = k end) return r', ['a']],
    ['return table.setn({}, 1)', "-user_script:1: 'setn' is obsolete"],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});
