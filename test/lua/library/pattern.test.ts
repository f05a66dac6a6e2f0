/** Patterns (src/lua/library/pattern.ts): what redis-server makes of each. */
import { describe, expect, it } from 'vitest';
import { evaluate, type Evaluated } from '../evaluate.ts';

describe('find and match', () => {
  it.each<[string, Evaluated]>([
    ['return {("hello world"):find("o w")}', [5, 7]],
    ['return {("hello"):find("l+")}', [3, 4]],
    ['return {("a.b"):find(".", 1, true)}', [2, 2]],
    ['return {("key=val"):match("(%w+)=(%w+)")}', ['key', 'val']],
    ['return {("  x "):match("^%s*(.-)%s*$")}', ['x']],
    ['return {("abc"):find("b", -1)}', []],
    ['return {("abc"):find("")}', [1, 0]],
    ['return {("abc"):find("", 10)}', [4, 3]],
    ['return {("f(a(b)c)d"):match("%b()")}', ['(a(b)c)']],
    ['return {("THE (quick) fox"):find("%((%a+)%)")}', [5, 11, 'quick']],
    ['return {("hello"):match("()ll()")}', [3, 5]],
    ['return ("x^y"):match("%^")', '^'],
    ['return {("aXb"):match("%u"), ("a1"):match("%d"), ("\\0"):match("%z") == "\\0"}', ['X', '1', 1]],
    ['return {("THE fox"):match("%f[%a]%a+", 4)}', ['fox']],
    ['return {("[]]"):match("[]]"), ("a-z"):match("[a%-z]+"), ("5"):match("[^%a]")}', [']', 'a-z', '5']],
    ['return {("abab"):match("(ab)%1")}', ['ab']],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});

describe('gsub and gmatch', () => {
  it.each<[string, Evaluated]>([
    ['return {("hello"):gsub("l", "L")}', ['heLLo', 2]],
    ['return {("hello"):gsub("l", "L", 1)}', ['heLlo', 1]],
    ['return {("abc"):gsub("%w", "%0%0")}', ['aabbcc', 3]],
    ['return {("abc"):gsub("", "-")}', ['-a-b-c-', 4]],
    ['return {("hello"):gsub("(h)(e)", "%2%1")}', ['ehllo', 1]],
    ['return {("$x $y"):gsub("%$(%w+)", {x = "1"})}', ['1 $y', 2]],
    ['return {("abc"):gsub("%w", function(c) if c == "b" then return "B" end end)}', ['aBc', 3]],
    ['return ("abc"):gsub("b", "%%")', 'a%c'],
    ['local r = {} for w in ("one two"):gmatch("%a+") do r[#r + 1] = w end return r', ['one', 'two']],
    ['local r = {} for k, v in ("a=1,b=2"):gmatch("(%w)=(%w)") do r[#r + 1] = k .. v end return r', ['a1', 'b2']],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});

describe('errors', () => {
  it.each<[string, Evaluated]>([
    ['return ("x"):find("[a")', "-user_script:1: malformed pattern (missing ']')"],
    ['return ("x"):find("%")', "-user_script:1: malformed pattern (ends with '%')"],
    ['return ("x"):find("(")', '-user_script:1: unfinished capture'],
    ['return ("x"):find(")")', null],
    ['return ("x"):find("%b")', '-user_script:1: unbalanced pattern'],
    ['return ("x"):find("%f")', "-user_script:1: missing '[' after '%f' in pattern"],
    ['return ("x"):gsub("x", "%2")', '-user_script:1: invalid capture index'],
    ['return ("x"):gsub("(x)", "%9")', '-user_script:1: invalid capture index'],
    ['return ("x"):gsub("x", true)', "-user_script:1: bad argument #2 to 'gsub' (string/function/table expected)"],
    ['return ("x"):gsub("x", function() return {} end)', '-user_script:1: invalid replacement value (a table)'],
    ['return ("x"):match("%1")', '-user_script:1: invalid capture index'],
    ['return ("x"):rep(40):match(("(x)"):rep(40))', '-user_script:1: too many captures'],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});
