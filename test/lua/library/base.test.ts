/** The basic functions (src/lua/library/base.ts): what redis-server makes of each. */
import { describe, expect, it } from 'vitest';
import { evaluate, type Evaluated } from '../evaluate.ts';

describe('conversions', () => {
  it.each<[string, Evaluated]>([
    [
      'return {tonumber("10"), tonumber("0x1F"), tonumber("z", 36), tonumber("8", 8) == nil, tonumber("1e1")}',
      [10, 31, 35, 1, 10],
    ],
    ['return tonumber("10", 99)', "-user_script:1: bad argument #2 to 'tonumber' (base out of range)"],
    ['return tonumber({})', null],
    ['return tonumber()', "-user_script:1: bad argument #1 to 'tonumber' (value expected)"],
    ['return {tostring(nil), tostring(true), tostring(1.5)}', ['nil', 'true', '1.5']],
    ['return {type(nil), type(1), type("x"), type({}), type(type)}', ['nil', 'number', 'string', 'table', 'function']],
    ['return type()', "-user_script:1: bad argument #1 to 'type' (value expected)"],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});

describe('errors', () => {
  it.each<[string, Evaluated]>([
    ['return {pcall(error)}', [null]],
    ['return {pcall(error, "x")}', [null, 'x']],
    ['return {pcall(error, "x", 0)}', [null, 'x']],
    ['return {pcall(error, {err = "E x"})}', [null, 'E x']],
    ['return {pcall(function() error("x") end)}', [null, 'user_script:1: x']],
    ['return {pcall(function() error("x", 2) end)}', [null, 'x']],
    ['return {pcall()}', [null, 'attempt to call a boolean value']],
    [
      'return {xpcall(function() error("x") end, function(e) return "handled: " .. e end)}',
      [null, 'handled: user_script:1: x'],
    ],
    ['return {pcall(assert, false)}', [null, 'assertion failed!']],
    ['return {pcall(assert, nil, "why")}', [null, 'why']],
    ['return {assert(1, 2)}', [1, 2]],
    ['error()', '-nil'],
    ['error("mine")', '-user_script:1: mine'],
    ['error({err = "MY code"})', '-MY code'],
    ['error("mine", 0)', '-mine'],
    ['assert(false, "why")', '-user_script:1: why'],
    ['local function f() return f() + 1 end return (select(2, pcall(f))):sub(1, 40)', 'user_script:1: stack overflow'],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});

describe('the levels of an error', () => {
  const levels = (call: string, count: number): string =>
    `local function fail(v, level) error(v, level) end
local function try(run) return tostring((select(2, pcall(run)))) end
local r = {}
for l = 1, ${count} do
r[l] =
try(function()
 ${call}
end)
end
return r`;

  it.each<[string, string, string[]]>([
    [
      'are on the lines of calls, not where the assignment around them ends',
      'local x = (function(a) fail(1, l) return a end)(1)',
      ['user_script:1: 1', 'user_script:7: 1', 'user_script:7: 1', '1', 'user_script:2: 1', 'user_script:6: 1', '1'],
    ],
    [
      'have no line where a call was the end of its function',
      'local x = (function(a) return fail(1, l) end)(1)',
      ['user_script:1: 1', '1', 'user_script:7: 1', '1', 'user_script:2: 1', 'user_script:6: 1', '1'],
    ],
    [
      'have none there either when the function that was called has a loop',
      'local function f() while l > 9 do end fail(1, l) end local x = (function(a) while l > 9 do end return f() end)(1)',
      ['user_script:1: 1', 'user_script:7: 1', '1', 'user_script:7: 1', '1', 'user_script:2: 1', 'user_script:6: 1'],
    ],
  ])('%s', (_, call, texts) => {
    expect(evaluate(levels(call, texts.length))).toEqual(texts);
  });

  it('are where an assignment over several lines ends for its handler', () => {
    const source = `local m
local t = setmetatable({}, {__newindex = function() m = select(2, pcall(function() error('x', 4) end)) end})
t
.x =
1
return m`;
    expect(evaluate(source)).toBe('user_script:5: x');
  });
});

describe('the levels of an error in a function that may wait', () => {
  it.each<[string, Evaluated]>([
    [
      "local function try(run) local r = {pcall(run)} for i = 1, 2 do end return r[2] end\nlocal x =\ntry(function()\nerror('x', 4)\nend)\nreturn x",
      'user_script:3: x',
    ],
    [
      "local function fail() for i = 1, 1 do error('x', 2) end end\nlocal t = {fail = fail}\nlocal function f()\nlocal x = 1 +\nt.fail()\nend\nreturn {pcall(f)}",
      [null, 'user_script:5: x'],
    ],
    [
      "local function fail() for i = 1, 1 do error('x', 3) end end\nlocal t = {fail = fail}\nlocal function f() return t.fail() end\nlocal function g()\nlocal x = f()\nend\nreturn {pcall(g)}",
      [null, 'user_script:5: x'],
    ],
    [
      "local function fail() for i = 1, 1 do error('x', 4) end end\nlocal t = {fail = fail}\nreturn {pcall(function() return t.fail() end)}",
      [null, 'user_script:3: x'],
    ],
    ["for k in function() for i = 1, 1 do error('x', 2) end end,\nnil,\nnil\ndo end", '-user_script:1: x'],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});

describe('the levels of an error in a function that a library function calls', () => {
  it.each<[string, Evaluated]>([
    [
      'local function f()\ntable.sort({2, 1, 3}, function(x, y) for i = 1, 1 do end\nerror("x", 2) return x < y end)\nend\nreturn {pcall(f)}',
      [null, 'x'],
    ],
    [
      'local function f()\ntable.sort({2, 1, 3}, function(x, y) for i = 1, 1 do end\nerror("x", 3) return x < y end)\nend\nreturn {pcall(f)}',
      [null, 'user_script:2: x'],
    ],
    [
      'local function f()\ntable.sort({2, 1, 3}, function(x, y) for i = 1, 1 do end\nerror("x", 4) return x < y end)\nend\nreturn {pcall(f)}',
      [null, 'x'],
    ],
    [
      'local function f()\nstring.gsub("ab", "%w", function(x) for i = 1, 1 do end\nerror("x", 2) end)\nend\nreturn {pcall(f)}',
      [null, 'x'],
    ],
    [
      'local function f()\nstring.gsub("ab", "%w", function(x) for i = 1, 1 do end\nerror("x", 3) end)\nend\nreturn {pcall(f)}',
      [null, 'user_script:2: x'],
    ],
    [
      'local function f()\nstring.gsub("ab", "%w", function(x) for i = 1, 1 do end\nerror("x", 4) end)\nend\nreturn {pcall(f)}',
      [null, 'x'],
    ],
    [
      'local function f()\ntable.foreach({1}, function(x) for i = 1, 1 do end\nerror("x", 2) end)\nend\nreturn {pcall(f)}',
      [null, 'x'],
    ],
    [
      'local function f()\ntable.foreach({1}, function(x) for i = 1, 1 do end\nerror("x", 3) end)\nend\nreturn {pcall(f)}',
      [null, 'user_script:2: x'],
    ],
    [
      'local function f()\ntable.foreach({1}, function(x) for i = 1, 1 do end\nerror("x", 4) end)\nend\nreturn {pcall(f)}',
      [null, 'x'],
    ],
    [
      'local function f()\ncoroutine.wrap(function(x) for i = 1, 1 do end\nerror("x", 2) end)(1)\nend\nreturn {pcall(f)}',
      [null, 'user_script:3: x'],
    ],
    [
      'local function f()\ncoroutine.wrap(function(x) for i = 1, 1 do end\nerror("x", 3) end)(1)\nend\nreturn {pcall(f)}',
      [null, 'user_script:3: x'],
    ],
    [
      'local function f()\ncoroutine.wrap(function(x) for i = 1, 1 do end\nerror("x", 4) end)(1)\nend\nreturn {pcall(f)}',
      [null, 'user_script:3: x'],
    ],
    [
      'local function f()\nlocal x = tostring(setmetatable({}, {__tostring = function() for i = 1, 1 do end\nerror("x", 2) end}))\nend\nreturn {pcall(f)}',
      [null, 'x'],
    ],
    [
      'local function f()\nlocal x = tostring(setmetatable({}, {__tostring = function() for i = 1, 1 do end\nerror("x", 3) end}))\nend\nreturn {pcall(f)}',
      [null, 'user_script:2: x'],
    ],
    [
      'local function f()\nlocal x = tostring(setmetatable({}, {__tostring = function() for i = 1, 1 do end\nerror("x", 4) end}))\nend\nreturn {pcall(f)}',
      [null, 'x'],
    ],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});

describe('lists', () => {
  it.each<[string, Evaluated]>([
    ['return {select(2, "a", "b", "c")}', ['b', 'c']],
    ['return {select(-1, "a", "b")}', ['b']],
    ['return select("#")', 0],
    ['return select(0)', "-user_script:1: bad argument #1 to 'select' (index out of range)"],
    ['return {unpack({1, 2, 3}, 2)}', [2, 3]],
    ['return {unpack({1, 2}, 1, 3)}', [1, 2]],
    ['return {pcall(unpack, {}, 1, 1e8)}', [null, 'too many results to unpack']],
    ['return {rawequal("a", "a"), rawget({5}, 1), #rawset({}, 1, 2)}', [1, 5, 1]],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});

describe('loading', () => {
  it.each<[string, Evaluated]>([
    ['return loadstring("return 1 + 1")()', 2],
    ['return {loadstring("return +")}', []],
    ['return {loadstring("x", "=name")}', []],
    ['return load(function() return nil end)', null],
    ['local parts = {"return ", "7"} local i = 0 return load(function() i = i + 1 return parts[i] end)()', 7],
    ['return {loadstring(string.dump(function() end))}', []],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});
