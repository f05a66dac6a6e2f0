/** cjson (src/lua/library/cjson.ts): what redis-server makes of each. */
import { describe, expect, it } from 'vitest';
import { evaluate, type Evaluated } from '../evaluate.ts';

describe('encode', () => {
  it.each<[string, Evaluated]>([
    ['return cjson.encode({1, 2, 3})', '[1,2,3]'],
    ['return cjson.encode({a = 1})', '{"a":1}'],
    ['return cjson.encode({})', '{}'],
    ['return cjson.encode({1, nil, 3})', '[1,null,3]'],
    ['return cjson.encode({[1] = 1, [20] = 2})', '-user_script:1: Cannot serialise table: excessively sparse array'],
    ['return cjson.encode({[1] = 1, x = 2})', '{"1":1,"x":2}'],
    ['return cjson.encode("a/b\\"c\\\\\\n\\0\\31\\127\\200")', '"a\\/b\\"c\\\\\\n\\u0000\\u001f\\u007f\xc8"'],
    ['return cjson.encode({1.5, 1e20, 0.1, -0, 123456789012345})', '[1.5,1e+20,0.1,-0,1.2345678901234e+14]'],
    ['return cjson.encode({true, false, cjson.null})', '[true,false,null]'],
    ['return cjson.encode(nil)', 'null'],
    ['return cjson.encode(1/0)', '-user_script:1: Cannot serialise number: must not be NaN or Inf'],
    ['return cjson.encode(function() end)', '-user_script:1: Cannot serialise function: type not supported'],
    ['return cjson.encode({[{}] = 1})', '-user_script:1: Cannot serialise table: table key must be a number or string'],
    ['local t = {} t[1] = t return cjson.encode(t)', '-user_script:1: Cannot serialise, excessive nesting (1001)'],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});

describe('decode', () => {
  it.each<[string, Evaluated]>([
    ['return cjson.decode("[1,2.7,\\"x\\",true,null]")', [1, 2, 'x', 1, null]],
    ['return cjson.decode("{\\"a\\":{\\"b\\":[5]}}").a.b', [5]],
    ['return cjson.decode("\\"\\\\u0041\\\\u00e9\\\\ud83d\\\\ude00\\"")', 'A\xc3\xa9\xf0\x9f\x98\x80'],
    ['return tostring(cjson.decode("null"))', 'userdata: (nil)'],
    ['return tostring(cjson.decode("12345678901234567890"))', '1.2345678901235e+19'],
    ['return cjson.decode("[1,]")', '-user_script:1: Expected value but found T_ARR_END at character 4'],
    ['return cjson.decode("{1}")', '-user_script:1: Expected object key string but found T_NUMBER at character 2'],
    ['return cjson.decode("")', '-user_script:1: Expected value but found T_END at character 1'],
    ['return cjson.decode("[1")', '-user_script:1: Expected comma or array end but found T_END at character 3'],
    ['return cjson.decode("nope")', '-user_script:1: Expected value but found invalid token at character 1'],
    ['return cjson.decode("\\"a")', '-user_script:1: Expected value but found unexpected end of string at character 3'],
    ['return cjson.decode("[1] x")', '-user_script:1: Expected the end but found invalid token at character 5'],
    [
      'return cjson.decode(("["):rep(1001))',
      '-user_script:1: Found too many nested data structures (1001) at character 1001',
    ],
    [
      'return cjson.decode("\\"\\\\ud800\\"")',
      '-user_script:1: Expected value but found invalid unicode escape code at character 2',
    ],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});
