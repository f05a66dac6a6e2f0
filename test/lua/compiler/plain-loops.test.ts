/** Loops without calls are written in a way of their own: they count, give way and end as all others do. */
import { describe, expect, it } from 'vitest';
import { Engine } from '../../../src/lua/engine.ts';
import { ScriptKilled } from '../../../src/lua/lua-error.ts';

/** Runs a script that may give way. @returns its result, and how often it did. */
function run(engine: Engine, source: string): { result: unknown; yields: number } {
  const rest = engine.load(source, 'test')() as Generator<unknown, unknown>;
  let yields = 0;
  for (;;) {
    const step = rest.next();
    if (step.done === true) return { result: step.value, yields };
    yields++;
  }
}

describe('a loop without calls', () => {
  it('goes on where it gave way', () => {
    const engine = new Engine();
    engine.pace.watcher = { onExhausted: () => true };
    const source =
      'local s, n = 0, 0 for i = 1, 100000 do s = s + i if i % 2 == 0 then n = n + 1 end end return s * 10 + n';
    const { result, yields } = run(engine, source);
    expect(result).toBe(5_000_050_000 * 10 + 50_000);
    expect(yields).toBeGreaterThanOrEqual(9);
  });

  it('is counted together with the loop around it', () => {
    const engine = new Engine();
    let looks = 0;
    engine.pace.watcher = { onExhausted: () => ++looks < 0 };
    run(engine, 'local s = 0 for i = 1, 1000 do for j = 1, 100 do s = s + j end end return s');
    expect(looks).toBeGreaterThanOrEqual(9);
    expect(looks).toBeLessThanOrEqual(11);
  });

  it('can be ended', () => {
    const engine = new Engine();
    const onExhausted = (): boolean => {
      throw new ScriptKilled('enough', null);
    };
    engine.pace.watcher = { onExhausted };
    expect(() => run(engine, 'local s = 0 for i = 1, 1e15 do s = s + i end')).toThrow(ScriptKilled);
  });

  it.each([
    ['breaks off', 'local s = 0 for i = 1, 10 do s = s + i if i == 3 then break end end return s', 6],
    ['counts down', "local s = '' for i = 3, 1, -1 do s = s .. i end return s", '321'],
    ['begins with what is no number', "local s = '1' for i = 1, 3 do s = s + i end return s", 7],
    ['changes numbers to strings', 'local s = 1 for i = 1, 3 do s = s .. i end return s', '1123'],
    ['begins with nil', 'local s for i = 1, 3 do s = i end return s', 3],
    ['takes limits that are texts', "local s = 0 for i = '1', '3' do s = s + i end return s", 6],
    ['never runs', 'local s = 7 for i = 1, 0 do s = s + i end return s', 7],
    [
      'uses metamethods',
      'local t = setmetatable({}, {__add = function(a, b) return b end}) for i = 1, 3 do t = t + i end return t',
      6,
    ],
    [
      'changes what a closure shares',
      'local s = 0 local f = function() return s end for i = 1, 3 do s = s + i end return f()',
      6,
    ],
    ['writes to tables', 'local t = {} for i = 1, 3 do t[i] = i * i end return t[1] + t[2] + t[3]', 14],
  ])('%s', (_, source, expected) => {
    expect(run(new Engine(), source).result).toBe(expected);
  });

  it.each([
    ['local s = 0 for i = 10, 1, -3 do s = s + i end return s', 22],
    ["local s = '' for i = '1', 3 do s = s .. i end return s", '123'],
    ["local s = 0 for i = 1, '3' do s = s + i * 2 - (-i) end return s", 18],
    ['local s, d = 0, -2 for i = 9, 1, d do s = s + i / 2 end return s', 12.5],
    ["local s = '5' for i = 1, 3 do s = s + '1' end return s", 8],
    [
      'local n = 0 for i = 1, 10 do if i >= 4 then break end if i < 3 then n = n + 1 else n = n - -i end end return n',
      5,
    ],
    ["local s = 0 for i = 1, 3 do i = i .. '' s = s + i end return s", 6],
    ['local s = 0 for i = 1, 0 do s = 1 end for i = 1, 5, -1 do s = 1 end return s', 0],
    ['local s = 0 for i = 0.1, 1, 0.1 do s = s + 1 end return s', 10],
    [
      "local s = setmetatable({}, {__add = function(_, b) return 'added ' .. b end}) for i = 7, 7 do s = s + i end return s",
      'added 7',
    ],
  ])('counts as in Lua, whether its numbers stand in the source or not: %s', (source, result) => {
    expect(run(new Engine(), source).result).toBe(result);
  });

  it.each([
    ['for i = 1, 2 do local x = i + nil end', 'attempt to perform arithmetic on a nil value'],
    ['for i = 1, 2, {} do local x = i end', "'for' step must be a number"],
    ['for i = 1, {}, 2 do local x = i end', "'for' limit must be a number"],
    ['for i = {}, 2, 2 do local x = i end', "'for' initial value must be a number"],
  ])('fails as in Lua: %s', (source, text) => {
    const engine = new Engine();
    expect(() => {
      try {
        run(engine, source);
      } catch (error) {
        throw new Error(String(engine.caught(error)), { cause: error });
      }
    }).toThrow(text);
  });
});
