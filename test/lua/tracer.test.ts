/** What a debugger is told. The lines are those at which redis-server's debugger stops. */
import { expect, it } from 'vitest';
import { compile } from '../../src/lua/compiler/compile.ts';
import { Engine } from '../../src/lua/engine.ts';
import { Tracer } from '../../src/lua/tracer.ts';
import type { Suspendable } from '../../src/lua/value.ts';

/** Runs a chunk from stop to stop. @param look what is noted at each. */
function trace(source: string, look: (tracer: Tracer, line: number) => unknown): unknown[] {
  const engine = new Engine();
  const seen: unknown[] = [];
  const listener = {
    onLine: (line: number): boolean => {
      seen.push(look(tracer, line));
      return true;
    },
    onResume: (): void => {},
  };
  const tracer: Tracer = new Tracer(engine.pace, listener);
  const run = engine.bindTraced(compile(source, 'user_script', 'traced'), tracer)() as Suspendable;
  while (run.next().done !== true);
  return seen;
}

const lines = (source: string): unknown[] => trace(source, (_, line) => line);

it.each([
  ['statements', 'local a = 1\nlocal b = 2\n\nreturn a', [1, 2, 4]],
  ['several statements on a line once', 'local a = 1 a = 2\nreturn a', [1, 2]],
  ['turns of loops', 'local a = 1\nfor i = 1, 2 do\n  a = i\nend\nreturn a', [1, 2, 3, 2, 3, 2, 5]],
  ['turns of a loop on one line', 'for i = 1, 2 do local a = i end', [1, 1, 1]],
  ['conditions', 'local a = 0\nwhile a < 2 do\n  a = a + 1\nend', [1, 2, 3, 2, 3, 2, 4]],
  ['the end of repeat', 'local a = 0\nrepeat\n  a = a + 1\nuntil a > 1\nreturn a', [1, 3, 4, 3, 4, 5]],
  ['functions, where they are made and run', 'local function f(x)\n  return x\nend\nreturn (f(1))', [3, 4, 2]],
  ['arguments on lines of their own', 'local a = math.max(\n  math.pi,\n  2)', [1, 2, 1, 3]],
  ['no locals that are nil at the beginning', 'local a\nlocal b = 1', [2]],
])('tells of %s', (_, source, expected) => {
  const seen = lines(source);
  expect(seen).toEqual(expected);
});

it('shows the locals that are visible, and what loops keep for themselves', () => {
  const source = 'local a = 1\ndo\n  local b = 2\n  a = b\nend\nfor i = 1, 1 do\n  a = i\nend';
  const seen = trace(source, ({ current }, line) => [line, ...current!.variables().map(([name]) => name)]);
  expect(seen).toEqual([
    [1],
    [3, 'a'],
    [4, 'a', 'b'],
    [6, 'a'],
    [7, 'a', '(for index)', '(for limit)', '(for step)', 'i'],
    [6, 'a', '(for index)', '(for limit)', '(for step)'],
    [8],
  ]);
});

it('knows which functions run and how they were called', () => {
  const source =
    'local t = {}\nfunction t.f()\n  return 1\nend\nlocal function g() local x = t.f() return x end\ng()\npcall(g)';
  const seen = trace(source, (tracer, line) => (line === 3 ? tracer.frames().map(({ name }) => name) : null));
  expect(seen.filter((names) => names !== null)).toEqual([
    ['f', 'g', null],
    ['f', null, null],
  ]);
});

it('leaves out functions that have ended with a call', () => {
  const source = 'local function f()\n  return 1\nend\nlocal function g() return f() end\nlocal x = g()';
  const seen = trace(source, (tracer, line) => (line === 2 ? tracer.frames().map(({ name }) => name) : null));
  expect(seen.filter((names) => names !== null)).toEqual([[null, null]]);
});
