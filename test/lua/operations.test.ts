/** What operators do, and what they say when they cannot (src/lua/operations.ts, src/lua/metatables.ts): what redis-server makes of each. */
import { describe, expect, it } from 'vitest';
import { evaluate, type Evaluated } from './evaluate.ts';

describe('errors name the variable', () => {
  it.each<[string, Evaluated]>([
    ['local a return a.b', "-user_script:1: attempt to index local 'a' (a nil value)"],
    ['local a = {} return a.b.c', "-user_script:1: attempt to index field 'b' (a nil value)"],
    ['local a = {} return a.b()', "-user_script:1: attempt to call field 'b' (a nil value)"],
    ['local t = {x = {}} return t.x.y.z', "-user_script:1: attempt to index field 'y' (a nil value)"],
    ['local a = 1 return a()', "-user_script:1: attempt to call local 'a' (a number value)"],
    ['local s = "x" return s + 1', "-user_script:1: attempt to perform arithmetic on local 's' (a string value)"],
    ['local t = {} return t + 1', "-user_script:1: attempt to perform arithmetic on local 't' (a table value)"],
    ['local t = {} return 1 .. t', "-user_script:1: attempt to concatenate local 't' (a table value)"],
    ['local a, b = 1, "2" return a < b', '-user_script:1: attempt to compare number with string'],
    [
      'return coroutine.wrap(function() return coroutine.running() < "x" end)()',
      '-user_script:1: user_script:1: attempt to compare two thread values',
    ],
    ['return setmetatable({}, {__add = {}}) + 1', '-user_script:1: attempt to call a table value'],
    ['return 1 .. setmetatable({}, {__concat = 5})', '-user_script:1: attempt to call a number value'],
    ['return -setmetatable({}, {__unm = true})', '-user_script:1: attempt to call a boolean value'],
    ['local a = setmetatable({}, {__lt = {}}) return a < a', '-user_script:1: attempt to call a table value'],
    [
      'local m = {__eq = {}} return setmetatable({}, m) == setmetatable({}, m)',
      '-user_script:1: attempt to call a table value',
    ],
    ['table.sort({1, 2}, 5)', "-user_script:1: bad argument #2 to 'sort' (function expected, got number)"],
    ['local m = {__lt = {}} table.sort({setmetatable({}, m), setmetatable({}, m)})', '-attempt to call a table value'],
    ['local a, b = {}, {} return a < b', '-user_script:1: attempt to compare two table values'],
    ['local a = nil return a .. "x"', "-user_script:1: attempt to concatenate local 'a' (a nil value)"],
    ['local u = {} return -(1 and u.x)', "-user_script:1: attempt to perform arithmetic on field 'x' (a nil value)"],
    ['local u = {} return -(1/0 and u.x)', '-user_script:1: attempt to perform arithmetic on a nil value'],
    ['return {} .. "x"', '-user_script:1: attempt to concatenate a table value'],
    ['local f = function() end return f.x', "-user_script:1: attempt to index local 'f' (a function value)"],
    ['local t = {} t[nil] = 1', '-user_script:1: table index is nil'],
    ['local t = {} t[0/0] = 1', '-user_script:1: table index is NaN'],
    ['return #5', '-user_script:1: attempt to get length of a number value'],
    ['local n = 5 return #n', "-user_script:1: attempt to get length of local 'n' (a number value)"],
    ['return -{}', '-user_script:1: attempt to perform arithmetic on a table value'],
    ['for i = "x", 2 do end', "-user_script:1: 'for' initial value must be a number"],
    ['for i = 1, {} do end', "-user_script:1: 'for' limit must be a number"],
    ['for i = 1, 2, "x" do end', "-user_script:1: 'for' step must be a number"],
    ['local t = {} t.x.y = 1', "-user_script:1: attempt to index field 'x' (a nil value)"],
    ['return ("x").y.z', "-user_script:1: attempt to index field 'y' (a nil value)"],
    ['return ("x"):nosuch()', "-user_script:1: attempt to call method 'nosuch' (a nil value)"],
    ['return {[nil] = 1}', '-user_script:1: table index is nil'],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});

describe('numbers and texts', () => {
  it.each<[string, Evaluated]>([
    ['return "10" + 5', 15],
    ['return 10 .. 20', '1020'],
    ['return {7 % 3, -7 % 3, 7 % -3, 5.5 % 2}', [1, 2, -2, 1]],
    ['return tostring(1/0) .. tostring(-1/0) .. tostring(0/0)', 'inf-inf-nan'],
    [
      'return {tostring(2^53), tostring(1e15), tostring(0.1), tostring(123456789012345), tostring(-0)}',
      ['9.007199254741e+15', '1e+15', '0.1', '1.2345678901234e+14', '-0'],
    ],
    ['return "a" < "b"', 1],
    ['return {"a" < "B", "" < "a", "a\\0b" < "a\\0c"}', [null, 1, 1]],
    ['return 1 == "1"', null],
    ['return "0x10" + 0', 16],
    ['return " 5 " * 2', 10],
    ['return "abc" + 1', '-user_script:1: attempt to perform arithmetic on a string value'],
    ['return {1 and 2, nil and 1, false or 3, nil or false}', [2]],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});

describe('metatables', () => {
  it.each<[string, Evaluated]>([
    ['local m = setmetatable({}, {__index = function(t, k) return k .. "!" end}) return m.x', 'x!'],
    ['local m = setmetatable({}, {__newindex = function(t, k, v) rawset(t, k, v * 2) end}) m.x = 2 return m.x', 4],
    ['local m = setmetatable({}, {__call = function(self, a, b) return a + b end}) return m(1, 2)', 3],
    ['local m = setmetatable({}, {__add = function(a, b) return "add" end}) return {m + 1, 1 + m}', ['add', 'add']],
    ['local m = setmetatable({}, {__concat = function() return "cat" end}) return {m .. "x", 1 .. m}', ['cat', 'cat']],
    ['local mt = {__eq = function() return true end} return setmetatable({}, mt) == setmetatable({}, mt)', 1],
    [
      'local mt = {__lt = function() return true end} return {setmetatable({}, mt) < setmetatable({}, mt), setmetatable({}, mt) >= setmetatable({}, mt)}',
      [1, null],
    ],
    ['local m = setmetatable({}, {__tostring = function() return "text" end}) return tostring(m)', 'text'],
    ['local m = setmetatable({1, 2}, {__len = function() return 9 end}) return #m', 2],
    ['local m = setmetatable({}, {__unm = function() return "neg" end}) return -m', 'neg'],
    [
      'local m = setmetatable({}, {__metatable = "locked"}) return {getmetatable(m), pcall(setmetatable, m, {})}',
      ['locked', null, 'cannot change a protected metatable'],
    ],
    ['local a = setmetatable({}, {__index = setmetatable({}, {__index = {x = 1}})}) return a.x', 1],
    ['local t = setmetatable({}, {}) getmetatable(t).__index = t return t.x', '-user_script:1: loop in gettable'],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});

describe('errors in what stands on several lines', () => {
  it.each<[string, Evaluated]>([
    ['local n return\nn\n.\nx\n+\n1', "-user_script:5: attempt to index local 'n' (a nil value)"],
    ['local n return n\n[\n1\n]\n', "-user_script:4: attempt to index local 'n' (a nil value)"],
    ['local n\nreturn type(n\n.x\n)', "-user_script:4: attempt to index local 'n' (a nil value)"],
    ['local n\nreturn type(n.x\n,\n1\n)', "-user_script:3: attempt to index local 'n' (a nil value)"],
    ['local n\nreturn {n.x\n,\n1}', "-user_script:3: attempt to index local 'n' (a nil value)"],
    ['local n\nreturn {1, n.x\n}', "-user_script:3: attempt to index local 'n' (a nil value)"],
    ['local n\nreturn {[n\n] =\n1}', '-user_script:4: table index is nil'],
    ['local n\nreturn {a\n=\nn.x\n}', "-user_script:4: attempt to index local 'n' (a nil value)"],
    ['local n\nn\n.\nx\n=\n1', "-user_script:6: attempt to index local 'n' (a nil value)"],
    ['for i =\n{}\n,\n1\ndo end', "-user_script:5: 'for' initial value must be a number"],
    ['return 1 .. (2 ..\n{}\n)', '-user_script:2: attempt to concatenate a table value'],
    ['local n return (n.x\n)', "-user_script:2: attempt to index local 'n' (a nil value)"],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});

describe('the line on which a handler finds its operator', () => {
  it.each<[string, Evaluated]>([
    ["local m = setmetatable({}, {__add = function() error('h', 2) end}) return\nm\n+\nm", '-user_script:4: h'],
    ["local m = setmetatable({}, {__index = function() error('h', 2) end}) return\nm\n.\nx", '-user_script:4: h'],
    ["local m = setmetatable({}, {__index = function() error('h', 2) end}) return\nm\n:\nx()", '-user_script:4: h'],
    ["local m = setmetatable({}, {__unm = function() error('h', 2) end}) return\n-\nm", '-user_script:3: h'],
    [
      "local e = {__eq = function() error('h', 2) end} return setmetatable({}, e)\n~=\nsetmetatable({}, e)",
      '-user_script:3: h',
    ],
    [
      "local m = setmetatable({}, {__lt = function() error('h', 2) end}) return\nm\n<\n1",
      '-user_script:4: attempt to compare table with number',
    ],
    [
      "local e = {__lt = function() error('h', 2) end} local m = setmetatable({}, e) for i = 1, 1 do local x =\nm\n<\nm end",
      '-user_script:4: h',
    ],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});

describe('an assignment that __newindex takes', () => {
  it('has made a place for the key before, as in Lua, which can move the others', () => {
    const order = "local r = {} for k in next, u do r[#r + 1] = tostring(k) end return table.concat(r, ' ')";
    const table = "local u = {x = 1, y = 'z', [1] = true} u[538976288] = false ";
    expect(evaluate(`${table}${order}`)).toBe('y x 538976288 1');
    const taken = `${table}setmetatable(u, {__newindex = function() end}) u.ok = 1 ${order}`;
    expect(evaluate(taken)).toBe('1 y x 538976288');
  });
});
