/** The grammar of Lua (src/lua/parser.ts): what redis-server makes of each. */
import { describe, expect, it } from 'vitest';
import { evaluate, type Evaluated } from './evaluate.ts';

describe('errors that name what was found, and the line', () => {
  it.each<[string, Evaluated]>([
    ['return 1 +', "-user_script:1: unexpected symbol near '<eof>'"],
    ['x =', "-user_script:1: unexpected symbol near '<eof>'"],
    ['if x then', "-user_script:1: 'end' expected near '<eof>'"],
    ['if x then\nreturn 1', "-user_script:2: 'end' expected (to close 'if' at line 1) near '<eof>'"],
    ['for i = 1 do end', "-user_script:1: ',' expected near 'do'"],
    ['for i, j = 1, 2 do end', "-user_script:1: 'in' expected near '='"],
    ['function f( end', "-user_script:1: <name> or '...' expected near 'end'"],
    ['local function 1() end', "-user_script:1: '<name>' expected near '1'"],
    ['break', "-user_script:1: no loop to break near '<eof>'"],
    ['return return', "-user_script:1: unexpected symbol near 'return'"],
    ['f(', "-user_script:1: unexpected symbol near '<eof>'"],
    ['a.b:c = 1', "-user_script:1: function arguments expected near '='"],
    ['local a b', "-user_script:1: '=' expected near '<eof>'"],
    ['f() = 1', "-user_script:1: unexpected symbol near '='"],
    ['(f) = 1', "-user_script:1: syntax error near '='"],
    ['while true', "-user_script:1: 'do' expected near '<eof>'"],
    ['repeat return 1', "-user_script:1: 'until' expected near '<eof>'"],
    ['x = }', "-user_script:1: unexpected symbol near '}'"],
    ['return {1, 2', "-user_script:1: '}' expected near '<eof>'"],
    ['do local a = 1\n\nreturn b..', "-user_script:3: unexpected symbol near '<eof>'"],
    ['for 1 = 1, 2 do end', "-user_script:1: '<name>' expected near '1'"],
    ['local t = {a = } ', "-user_script:1: unexpected symbol near '}'"],
    ['return ...x', "-user_script:1: '<eof>' expected near 'x'"],
    ['goto x', "-user_script:1: '=' expected near 'x'"],
    ['::x::', "-user_script:1: unexpected symbol near ':'"],
    ['return function(a, ... , b) end', "-user_script:1: ')' expected near ','"],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});

describe('statements', () => {
  it.each<[string, Evaluated]>([
    ['local a, b = 1 return {a, tostring(b)}', [1, 'nil']],
    ['local a <const> = 1', "-user_script:1: unexpected symbol near '<'"],
    ['do local x = 1 end return tostring(pcall(function() return x.y end))', 'false'],
    ['local function f(n) if n == 0 then return 0 end return f(n - 1) end return f(1000)', 0],
    ['local s = 0 for i = 10, 1, -3 do s = s + i end return s', 22],
    ['local s = 0 for i = 1, 3 do local j = i i = 10 s = s + j end return s', 6],
    ['local n = 0 repeat local done = n == 3 n = n + 1 until done return n', 4],
    ['local t = {f = function(self, x) return x end} return t:f(7)', 7],
    ['local a, b, c = (function() return 1, 2, 3 end)() return {a, b, c}', [1, 2, 3]],
    ['local t = {(function() return 1, 2 end)(), (function() return 3, 4 end)()} return t', [1, 3, 4]],
    ['return (function(...) return select("#", ...) end)(nil, nil)', 2],
    ['return (function(...) return arg.n end)(1, 2)', 2],
    ['local function f(...) local a, b = ... return {b, a} end return f(1, 2, 3)', [2, 1]],
    ['return #{n = 1, 2, 3, nil}', 2],
    ['return 2 ^ 3 ^ 2', 512],
    ['return -2 ^ 2', -4],
    ['return not 1 == 2', null],
    ['return "a".."b".."c" == "abc" and 1 or 2', 1],
    ['return {1 < 2, 2 <= 1, 3 ~= 3}', [1, null, null]],
    ['return 1;', 1],
    ['local a = {} a.b = {} a.b.c = 5 return a.b.c', 5],
    ['local x = 5; (function() x = 6 end)() return x', 6],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});
