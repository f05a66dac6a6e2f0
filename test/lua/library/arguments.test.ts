/** What library functions say of their arguments (src/lua/library/arguments.ts), as redis-server does. */
import { describe, expect, it } from 'vitest';
import { evaluate, type Evaluated } from '../evaluate.ts';

describe('an error of an argument calls the function what its caller calls it', () => {
  it.each<[string, Evaluated]>([
    ['return string.rep()', "-user_script:1: bad argument #1 to 'rep' (string expected, got no value)"],
    [
      'local t = {f = string.rep} return t.f()',
      "-user_script:1: bad argument #1 to 'f' (string expected, got no value)",
    ],
    [
      "local t = {f = string.rep} return t[1 + 1 > 0 and 'f']()",
      "-user_script:1: bad argument #1 to '?' (string expected, got no value)",
    ],
    ["return ('x'):rep({})", "-user_script:1: bad argument #1 to 'rep' (number expected, got table)"],
    [
      'return setmetatable({}, {__add = string.rep}) + 1',
      "-user_script:1: bad argument #1 to '?' (string expected, got table)",
    ],
    [
      'return setmetatable({}, {__index = string.rep}).x',
      "-user_script:1: bad argument #1 to '?' (string expected, got table)",
    ],
    [
      'for k in string.rep, {} do end',
      "-user_script:1: bad argument #1 to '(for generator)' (string expected, got table)",
    ],
    [
      'local m = setmetatable({}, {__call = string.rep}) return m(1)',
      "-user_script:1: bad argument #1 to 'm' (string expected, got table)",
    ],
    [
      'return pcall(string.rep) or select(2, pcall(string.rep))',
      "bad argument #1 to '?' (string expected, got no value)",
    ],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});
