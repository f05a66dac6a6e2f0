/** Coroutines (src/lua/library/coroutine.ts): what redis-server makes of each. */
import { describe, expect, it } from 'vitest';
import { evaluate, type Evaluated } from '../evaluate.ts';

describe('resume and yield', () => {
  it.each<[string, Evaluated]>([
    [
      'local co = coroutine.create(function(a) local b = coroutine.yield(a + 1) return b * 2 end) return {select(2, coroutine.resume(co, 1)), select(2, coroutine.resume(co, 5)), coroutine.status(co)}',
      [2, 10, 'dead'],
    ],
    [
      'local co = coroutine.create(function() error("x") end) return {tostring(coroutine.resume(co)), select(2, coroutine.resume(co))}',
      ['false', 'cannot resume dead coroutine'],
    ],
    [
      'local co = coroutine.create(function() error("x") end) return {select(2, coroutine.resume(co))}',
      ['user_script:1: x'],
    ],
    [
      'local co = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) return {co(), co(), co()}',
      [1, 2, 3],
    ],
    [
      'local co = coroutine.wrap(function() return 1 end) co() return co()',
      '-user_script:1: cannot resume dead coroutine',
    ],
    ['return coroutine.yield(1)', '-attempt to yield across metamethod/C-call boundary'],
    [
      'local co co = coroutine.create(function() return coroutine.status(co) end) return select(2, coroutine.resume(co))',
      'running',
    ],
    ['return tostring(coroutine.running())', 'nil'],
    ['return coroutine.create(1)', "-user_script:1: bad argument #1 to 'create' (Lua function expected)"],
    [
      'local co = coroutine.wrap(function() return pcall(coroutine.yield, 1) end) return {co()}',
      [null, 'attempt to yield across metamethod/C-call boundary'],
    ],
    [
      'local co = coroutine.wrap(function() table.sort({2, 1}, function(a, b) coroutine.yield(1) end) end) return co()',
      '-user_script:1: attempt to yield across metamethod/C-call boundary',
    ],
    [
      'local function gen(n) return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end) end local s = 0 for v in gen(10) do s = s + v end return s',
      55,
    ],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});
