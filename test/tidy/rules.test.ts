import { describe, expect, it } from 'vitest';
import { findCircles, findFloorProblems, floorOf, roomOf } from './floors.ts';
import * as rules from './rules.ts';
import { parseSource, type SourceFile } from './source-file.ts';

function sources(texts: Readonly<Record<string, string>>): SourceFile[] {
  return Object.entries(texts).map(([path, text]) => parseSource(path, text));
}

describe('the floors', () => {
  it('know the innermost room of a file', () => {
    expect(roomOf('src/host/host.ts')).toBe('src/host');
    expect(roomOf('src/host/node/net.ts')).toBe('src/host/node');
    expect(roomOf('src/hostile.ts')).toBe(null);
    expect(floorOf('src/cli.ts')).toBe(9);
  });

  const problemsOf = (path: string, text: string): string[] =>
    findFloorProblems(sources({ [path]: text }), ['lru-cache', 'fast-check']);

  it.each([
    ['up', 'src/data/dict.ts', "import { a } from '../server/session.ts';"],
    ['up, for a type', 'src/data/dict.ts', "import type { A } from '../server/session.ts';"],
    ['up, within a type', 'src/data/dict.ts', "type A = import('../server/session.ts').A;"],
    ['up, by a re-export', 'src/data/dict.ts', "export * from '../server/session.ts';"],
    ['sideways', 'src/data/dict.ts', "import { a } from '../protocol/reply.ts';"],
    ['sideways at the top', 'src/index.ts', "import './cli.ts';"],
    ['from the interface to its implementation', 'src/host/host.ts', "import { a } from './node/net.ts';"],
    ['out of src', 'src/cli.ts', "import { a } from '../test/support/project.ts';"],
    ['a package that is no dependency', 'src/cli.ts', "import { isEqual } from 'lodash';"],
    ['a package that belongs to another room', 'src/topology/a.ts', "import fc from 'fast-check';"],
  ])('forbid to import %s', (_, path, text) => {
    expect(problemsOf(path, text)).toHaveLength(1);
    expect(problemsOf(path, text)[0]).toMatch(new RegExp(`^${path}:1: imports `));
  });

  it.each([
    ['down', 'src/server/session.ts', "import { a } from '../data/dict.ts';"],
    ['a neighbour in the same room', 'src/server/a.ts', "import { b } from './config/b.ts';"],
    ['a dependency', 'src/server/a.ts', "import { LRUCache } from 'lru-cache';"],
    ['a package that belongs to the room', 'src/simulation/a.ts', "import * as fc from 'fast-check';"],
    ['the interface of an implementation', 'src/host/node/net.ts', "import type { Net } from '../host.ts';"],
  ])('allow to import %s', (_, path, text) => {
    expect(problemsOf(path, text)).toEqual([]);
  });

  it('demand a floor for a new folder', () => {
    expect(problemsOf('src/new/a.ts', '')[0]).toContain('test/tidy/floors.ts');
  });

  it('let types name each other', () => {
    const texts = {
      'src/server/a.ts':
        "import type { B } from './b.ts'; export type { C } from './b.ts'; type D = import('./b.ts').D;",
      'src/server/b.ts': "import { a } from './a.ts';",
    };
    expect(findCircles(sources(texts))).toEqual([]);
  });

  it('find circles of two and of three, each once', () => {
    const circles = findCircles(
      sources({
        'src/core/a.ts': "import './b.ts';",
        'src/core/b.ts': "import './a.ts'; import './c.ts';",
        'src/core/c.ts': "import './d.ts';",
        'src/core/d.ts': "import { type E } from './e.ts';",
        'src/core/e.ts': "import './c.ts';",
      }),
    );
    expect(circles.map((circle) => circle.replace(/: a circle.*/, ''))).toEqual([
      'src/core/a.ts → src/core/b.ts → src/core/a.ts',
      'src/core/c.ts → src/core/d.ts → src/core/e.ts → src/core/c.ts',
    ]);
  });
});

describe('the rules of size', () => {
  const lines = (count: number): SourceFile => parseSource('src/core/a.ts', ';\n'.repeat(count));

  it('allow 600 lines and no more', () => {
    expect(rules.findLongFiles([lines(600)], {})).toEqual([]);
    expect(rules.findLongFiles([lines(601)], {})[0]).toContain('split it');
  });

  it('let a tolerated file neither grow nor keep a stale entry', () => {
    const tolerated = { 'src/core/a.ts': 700 };
    expect(rules.findLongFiles([lines(700)], tolerated)).toEqual([]);
    expect(rules.findLongFiles([lines(701)], tolerated)[0]).toContain('may only shrink');
    expect(rules.findLongFiles([lines(650)], tolerated)[0]).toContain('lower its entry');
    expect(rules.findLongFiles([], tolerated)[0]).toContain('is gone');
  });

  it('let tables of fixtures be as long as they are', () => {
    const table = parseSource('test/core/fixtures/a.ts', ';\n'.repeat(900));
    expect(rules.findLongFiles([table], {})).toEqual([]);
    expect(rules.listGettingLong([table])).toEqual([]);
  });

  it('name files above 500 lines', () => {
    expect(rules.listGettingLong([lines(500)])).toEqual([]);
    expect(rules.listGettingLong([lines(501)])).toHaveLength(1);
  });

  it.each([
    ['function', (body: string) => `function f() {\n${body}}`],
    ['arrow function', (body: string) => `const f = () => {\n${body}};`],
    ['method', (body: string) => `class A { m() {\n${body}} }`],
  ])('allow a %s 70 lines and no more', (_, wrap) => {
    const file = (bodyLines: number) => sources({ 'src/core/a.ts': wrap(';\n'.repeat(bodyLines)) });
    expect(rules.findLongFunctions(file(68))).toEqual([]);
    expect(rules.findLongFunctions(file(69))[0]).toMatch(/^src\/core\/a\.ts:1: a function of 71 lines/);
  });
});

describe('the rule against promises', () => {
  it.each([
    ['async function f() {}', 'an async function'],
    ['const f = async () => 1;', 'an async function'],
    ['class A { async m() {} }', 'an async function'],
    ['function f(): Promise<void> | null { return null; }', 'Promise'],
    ['new Promise(() => {});', 'Promise'],
    ['await f();', 'await'],
    ["const f = () => import('./b.ts');", 'import()'],
  ])('finds %j', (text, what) => {
    const problems = rules.findPromises(sources({ 'src/server/a.ts': text }));
    expect(problems[0]).toContain(`src/server/a.ts:1: ${what} below src/topology`);
  });

  it('leaves the topology alone, and the word in texts and comments', () => {
    expect(
      rules.findPromises(sources({ 'src/topology/a.ts': 'async function f() {}', 'src/cli.ts': 'await f();' })),
    ).toEqual([]);
    expect(rules.findPromises(sources({ 'src/core/a.ts': "// a Promise\nconst s = 'async await Promise';" }))).toEqual(
      [],
    );
  });
});

describe('the rule against state in modules', () => {
  it.each([
    'let count = 0;',
    'export let count = 0;',
    'const cache = new Map();',
    'export const seen = new Set<string>();',
    'const queue: string[] = [];',
    'const table: Record<string, number> = {};',
    'class A { static next = 0; }',
  ])('finds %j', (text) => {
    expect(rules.findModuleState(sources({ 'src/core/a.ts': text }))).toHaveLength(1);
  });

  it('allows constants, constant tables and state in objects', () => {
    const text = `
      const limit = 10;
      const table = new Map([['a', 1]]);
      const bytes = new Uint8Array(256);
      class A { static readonly zero = 0; #seen = new Set(); }
      function f() { let count = 0; const list = []; return [count, list]; }
    `;
    expect(rules.findModuleState(sources({ 'src/core/a.ts': text }))).toEqual([]);
  });
});

describe('the rule against skipped tests', () => {
  it.each([
    "it.skip('a', () => {});",
    "describe.only('a', () => {});",
    "test.todo('a');",
    "it.skipIf(true)('a', () => {});",
    "describe.runIf(false)('a', () => {});",
    "it.concurrent.only('a', () => {});",
    "it.each([1]).skip('a', () => {});",
    "it('a', (ctx) => ctx.skip());",
    "xit('a', () => {});",
  ])('finds %j', (text) => {
    expect(rules.findSkippedTests(sources({ 'test/core/a.test.ts': text })).length).toBeGreaterThan(0);
  });

  it('leaves other things of these names alone', () => {
    const text = "buffer.skip(3); options.only; it('only skip todo', () => {}); it.each([1])('a', () => {});";
    expect(rules.findSkippedTests(sources({ 'test/core/a.test.ts': text }))).toEqual([]);
  });
});

describe('the rule that tests mirror src', () => {
  const sourcePaths = [
    'src/data/dict.ts',
    'src/server/config/config.ts',
    'src/cli.ts',
    'src/commands/string.ts',
    'bench/report.ts',
  ];
  const misplaced = (path: string): number => rules.findMisplacedTests([path], sourcePaths).length;

  it.each([
    'test/data/dict.test.ts',
    'test/data/dict-growth.test.ts',
    'test/server/config/config.test.ts',
    'test/server/config.test.ts',
    'test/cli.test.ts',
    'test/data/helper.ts',
    'test/twin/anything.test.ts',
    'test/tidy.test.ts',
  ])('accepts %s', (path) => {
    expect(misplaced(path)).toBe(0);
  });

  it.each(['test/data/dictionary.test.ts', 'test/core/dict.test.ts', 'test/dict.test.ts'])('refuses %s', (path) => {
    expect(misplaced(path)).toBe(1);
  });
});

describe('the banned words', () => {
  const word = (...parts: string[]): string => parts.join('');

  it.each([word('// TO', 'DO later'), word('FIX', 'ME'), word('see /wo', 'rk/main'), word('"/ho', 'me/me/x"')])(
    'are found in %j',
    (text) => {
      expect(rules.findBannedWords('a.md', `fine\n${text}\n`)).toHaveLength(1);
      expect(rules.findBannedWords('a.md', `fine\n${text}\n`)[0]).toMatch(/^a\.md:2: /);
    },
  );

  it('are words, not parts of words', () => {
    expect(rules.findBannedWords('a.md', 'mastodon, ./work/x, a/root/b, /tmp/x, TODOS')).toEqual([]);
  });
});
