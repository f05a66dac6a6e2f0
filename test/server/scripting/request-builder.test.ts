/** What `redis.call` makes of its arguments (src/server/scripting/request-builder.ts). */
import { describe, expect, it } from 'vitest';
import { Arguments } from '../../../src/core/arguments.ts';
import { nanOf } from '../../../src/lua/nan.ts';
import type { LuaValue } from '../../../src/lua/value.ts';
import { RequestBuilder } from '../../../src/server/scripting/request-builder.ts';

function build(...values: LuaValue[]): string[] | string {
  const args = new RequestBuilder().build(values);
  return args instanceof Arguments ? Array.from({ length: args.count }, (_, at) => args.binary(at)) : args;
}

describe('a request', () => {
  it.each<[LuaValue, string]>([
    [1, '1'],
    [-0.1, '-0.10000000000000001'],
    [2 ** 53, '9007199254740992'],
    [1e21, '1e+21'],
    [Infinity, 'inf'],
    [-Infinity, '-inf'],
    [nanOf(true), '-nan'],
    [nanOf(false), 'nan'],
    ['\xff\0', '\xff\0'],
  ])('has %j as %j', (value, text) => {
    expect(build('ECHO', value)).toEqual(['ECHO', text]);
  });

  it('is none without arguments, or with one that is no text', () => {
    expect(build()).toBe('Please specify at least one argument for this redis lib call');
    expect(build('SET', true)).toBe('Lua redis lib command arguments must be strings or integers');
  });

  it('may follow one that was much larger', () => {
    const builder = new RequestBuilder();
    builder.build(['SET', 'x'.repeat(100_000)]);
    const args = builder.build(['GET', 'k']) as Arguments;
    expect(args.binary(1)).toBe('k');
  });
});
