/** The words of Lua (src/lua/lexer.ts): what redis-server makes of each. */
import { describe, expect, it } from 'vitest';
import { evaluate, type Evaluated } from './evaluate.ts';

describe('numbers', () => {
  it.each<[string, Evaluated]>([
    ['return {3, 3.0, 0x10, 1e2, .5e1, 3.}', [3, 3, 16, 100, 5, 3]],
    ['return 1..2', "-user_script:1: malformed number near '1..2'"],
    ['return 0xg', "-user_script:1: malformed number near '0xg'"],
    ['return 3x', "-user_script:1: malformed number near '3x'"],
    ['return 1e', "-user_script:1: malformed number near '1e'"],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});

describe('strings', () => {
  it.each<[string, Evaluated]>([
    ["return 'a\\nb\\tc\\\\d\\'e'", "a\nb\x09c\\d'e"],
    ['return "\\65\\066\\0007"', 'AB\x007'],
    ['return "\\300"', "-user_script:1: escape sequence too large near '\"'"],
    ["return 'a\\z'", 'az'],
    ['return [[\nline]]', 'line'],
    ['return [==[a]]b]=]c]==]', 'a]]b]=]c'],
    ["return 'open", "-user_script:1: unfinished string near '<eof>'"],
    ['return [[open', "-user_script:1: unfinished long string near '<eof>'"],
    ["return 'a\nb'", "-user_script:1: unfinished string near ''a'"],
    ['return "\\x41"', 'x41'],
    ['return [=x', "-user_script:1: invalid long string delimiter near '[='"],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});

describe('comments', () => {
  it.each<[string, Evaluated]>([
    ['-- a\nreturn 1', 1],
    ['--[[ a\n]] return 2', 2],
    ['--[==[ ]] ]==] return 3', 3],
    ['return 1 --[[ open', "-user_script:1: unfinished long comment near '<eof>'"],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});

describe('names and signs', () => {
  it.each<[string, Evaluated]>([
    ['local goto = 1 return goto', 1],
    ['return 1 // 2', "-user_script:1: unexpected symbol near '/'"],
    ['return 1 & 2', "-user_script:1: '<eof>' expected near '&'"],
    ['local a~ = 1', "-user_script:1: unexpected symbol near '~'"],
    ['return 1 ~= 2', 1],
    ['return #"abc"', 3],
    ['return ~1', "-user_script:1: unexpected symbol near '~'"],
    ['return $', "-user_script:1: unexpected symbol near '$'"],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});
