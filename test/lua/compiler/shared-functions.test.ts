/** Functions that stay from one run of a script to the next (src/lua/compiler/shared-functions.ts): no run sees another one. */
import { describe, expect, it } from 'vitest';
import { compile, translate } from '../../../src/lua/compiler/compile.ts';
import { Engine } from '../../../src/lua/engine.ts';
import { settled } from '../../../src/lua/suspension.ts';
import type { LuaFunction, LuaValue, Suspendable } from '../../../src/lua/value.ts';
import { evaluate } from '../evaluate.ts';

/** How many functions of a script are made once and for all. */
function sharedIn(source: string): number {
  return translate(source, 'user_script').text.split('??=').length - 1;
}

/** A script that can be run again and again; returns the first value of each run. */
function script(source: string): () => LuaValue {
  const engine = new Engine();
  const main: LuaFunction = engine.bind(compile(source, 'user_script'));
  return () => {
    const result = main();
    const end = settled(result) ? result : engine.pace.drain(result as Suspendable);
    return (Array.isArray(end) ? end[0] : end) as LuaValue;
  };
}

describe('what is made once', () => {
  it.each<[string, number]>([
    ['local function f() return 1 end return f()', 1],
    ['local f = function() return 1 end return f()', 1],
    ['local find, n = string.find, 5 local function f(s) return find(s, n) end return 1', 1],
    ['local function f(n) if n == 0 then return 0 end return f(n - 1) end return f(3)', 1],
    ['local function a() end local function b() return a() end local c = b local function d() return c() end', 3],
    ['local function f() local function g() return 1 end return g end return f()', 1],
    ['local k = KEYS[1] local function f() return k end return f()', 0],
    ['local t = {} local function f() t[#t + 1] = 1 return #t end return f()', 0],
    ['local n = 0 local function f() n = n + 1 return n end return f()', 0],
    ['local function f() return 1 end f = nil return f', 0],
    ['local r = {} for i = 1, 2 do local function f() end r[i] = f end return r', 0],
    ['local k = KEYS[1] local function a() return k end local function b() return a() end return b()', 0],
    ['return (function() return 1 end)()', 0],
  ])('%s: %i', (source, count) => {
    expect(sharedIn(source)).toBe(count);
  });

  it('is nothing in a chunk that a script loads, and may call twice', () => {
    const source = 'local load = loadstring("local function f() end return f") return tostring(load() == load())';
    expect(evaluate(source)).toBe('false');
  });
});

describe('runs', () => {
  it('see nothing of each other where functions keep something', () => {
    const run = script('local n = 0 local function f() n = n + 1 return n end f() return f()');
    expect([run(), run()]).toEqual([2, 2]);
  });

  it('call the same functions with their own values', () => {
    const source = 'local function twice(x) return x * 2 end local x = math.random(1000) return twice(x) - x == x';
    const run = script(source);
    expect([run(), run(), run()]).toEqual([true, true, true]);
  });

  it('find a function that calls itself, also if it has a loop', () => {
    const run = script(
      'local function sum(n) local s = 0 for i = 1, n do s = s + i end if n == 0 then return 0 end return s + sum(n - 1) end return sum(4)',
    );
    expect([run(), run()]).toEqual([20, 20]);
  });

  it('go on after one that failed between two declarations', () => {
    const run = script(
      'local function a() return 1 end if redis == nil then redis = 1 error("first") end local function b() return a() + 1 end return b()',
    );
    expect(run).toThrow();
    expect([run(), run()]).toEqual([2, 2]);
  });

  it('say the line of an error as before', () => {
    expect(evaluate('local function f(x)\n return x.y\nend\nreturn f()')).toBe(
      "-user_script:2: attempt to index local 'x' (a nil value)",
    );
  });
});
