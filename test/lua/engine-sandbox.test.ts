/** Scripts stay among themselves: nothing of JavaScript can be reached, and nothing that they do brings the server down. */
import { describe, expect, it } from 'vitest';
import { startTestServer } from '../support/in-process.ts';
import { evaluate } from './evaluate.ts';

/** Names that mean something to objects of JavaScript. */
const NAMES = [
  'constructor',
  '__proto__',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  '__defineGetter__',
  'get',
  'metatable',
  'isReadOnly',
  'length',
  'call',
  'apply',
  'bind',
];

describe('names of JavaScript', () => {
  it.each(NAMES)('%s is no field of anything', (name) => {
    const values = '{}, "text", function() end, type, coroutine.create(function() end), cjson.null, 1, true';
    const probe = `
      local found = {}
      for _, value in ipairs({${values}}) do
        local ok, field = pcall(function() return value["${name}"] end)
        if ok and field ~= nil then found[#found + 1] = type(value) end
      end
      return found`;
    expect(evaluate(probe)).toEqual([]);
  });

  it.each(NAMES)('%s is an ordinary key', (name) => {
    expect(evaluate(`local t = {${name} = 1} t["${name}"] = t["${name}"] + 1 return {t.${name}, (next(t))}`)).toEqual([
      2,
      name,
    ]);
  });

  it.each([
    ...NAMES,
    'eval',
    'window',
    'globalThis',
    'process',
    'require',
    'this',
    'await',
    'class',
    'let',
    'arguments',
  ])('%s is an ordinary name', (name) => {
    expect(evaluate(`local function f(${name}) local x = ${name} return x end return f(7)`)).toBe(7);
    expect(evaluate(`return tostring(${name})`)).toBe('nil');
  });

  it('come out of cjson as keys', () => {
    expect(
      evaluate(
        `local t = cjson.decode('{"__proto__": {"x": 1}, "constructor": 2}') return {t.__proto__.x, t.constructor}`,
      ),
    ).toEqual([1, 2]);
    expect(evaluate('return ({}).x')).toBeNull();
  });
});

describe('code', () => {
  it.each([
    'return "${process.exit()}"',
    'return "`"',
    'return "\\u2028"',
    "return '*/ process.exit() /*'",
    'return "\\\\\\"); process.exit(); (\\""',
    '--[[ */ process.exit() /* ]] return 1',
    'return 1 -- \u2028 process.exit()',
  ])('in %j stays a text', (source) => {
    expect(String(evaluate(source))).not.toMatch(/^-/);
  });

  it('of a dump cannot be loaded', () => {
    expect(evaluate('return (loadstring(string.dump(function() end)))')).toBeNull();
  });
});

describe('too much', () => {
  it.each([
    ['recursion', 'local function f() return 1 + f() end return f()', /stack overflow/],
    [
      'recursion through metatables',
      'local t = setmetatable({}, {__index = function(t, k) return t[k .. "x"] end}) return t.a',
      /stack overflow|memory/,
    ],
    [
      'recursion through pcall',
      'local function f() local ok, e = pcall(f) if not ok then error(e, 0) end return ok end return tostring(f()):sub(1, 1)',
      /./,
    ],
    ['text by doubling', 'local s = "x" for i = 1, 64 do s = s .. s end return #s', /memory|too large|too long/],
    ['text by repeating', 'return #string.rep("x", 2^31 - 1)', /memory|too large|too long/],
    [
      'text by joining',
      'local s = string.rep("x", 2^20) local t = {} for i = 1, 2000 do t[i] = s end return #table.concat(t)',
      /memory|too large|too long/,
    ],
    ['text by replacing', 'local s = string.rep("x", 2^16) return #(s:gsub("x", s))', /memory|too large|too long/],
    ['values', 'return unpack({}, 1, 1e7)', /too many results to unpack/],
    [
      'nesting of tables',
      'return (loadstring("return " .. string.rep("{", 5000) .. string.rep("}", 5000)) or error("too deep"))()',
      /./,
    ],
    [
      'nesting of blocks',
      'return loadstring(string.rep("do ", 5000) .. string.rep("end ", 5000)) and 1 or error("too deep")',
      /./,
    ],
  ])('%s ends in an error of the script', (_, source, error) => {
    const redis = startTestServer();
    const reply = redis.call('EVAL', source, 0);
    expect(String(Array.isArray(reply) ? reply.length : reply)).toMatch(error);
    expect(String(reply)).not.toContain('internal error');
    expect(redis.call('PING')).toBe('PONG');
  });
});

describe('what scripts share', () => {
  it.each([
    'string.x = 1',
    'redis.call = nil',
    'KEYS = nil',
    'getmetatable("").__index = nil',
    'getmetatable(_G).__index = nil',
    'rawset(_G, "x", 1)',
    'setmetatable(_G, {})',
    '_G.x = 1',
    'x = 1',
    'rawset(redis, "x", 1)',
    'table.insert(redis, 1)',
    'cjson.encode = nil',
  ])('cannot be changed by %s', (source) => {
    const redis = startTestServer();
    expect(redis.call('EVAL', source, 0)).toMatch(/Attempt to modify a readonly table/);
    expect(redis.call('EVAL', 'return redis.call("PING")', 0)).toBe('PONG');
  });
});
