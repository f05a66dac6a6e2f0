/**
 * The house rules as a test: `npm run tidy`. The rules stand in test/tidy, with tests of their own.
 * A failing rule lists every place with its remedy.
 */
import { describe, expect, it } from 'vitest';
import { findCircles, findFloorProblems } from './tidy/floors.ts';
import * as rules from './tidy/rules.ts';
import { listFiles, parseSource, readText } from './tidy/source-file.ts';

/** Files above 600 lines that are tolerated. This list may only get shorter. */
const LONG_FILES: rules.LongFiles = {};

const TEXT_FILE = /\.(?:ts|js|json|md|yml|yaml|sh|conf)$|^\.ci\/|^LICENSE$/;

const typescript = ['src', 'test', 'bench', 'examples'].flatMap((folder) => listFiles(folder)).filter(isTypeScript);
const files = typescript.map((path) => parseSource(path));
const sources = files.filter(({ path }) => path.startsWith('src/'));
const tests = files.filter(({ path }) => path.startsWith('test/'));

describe('src', () => {
  it('imports downwards only, and only packages that it depends on', () => {
    const { dependencies } = JSON.parse(readText('package.json')) as { dependencies: Record<string, string> };
    expect(findFloorProblems(sources, Object.keys(dependencies))).toEqual([]);
  });

  it('has no circular imports', () => {
    expect(findCircles(sources)).toEqual([]);
  });

  it('imports only files that exist', () => {
    const paths = new Set(typescript);
    const missing = sources.flatMap(({ path, imports }) =>
      imports.filter(({ target }) => target !== null && !paths.has(target)).map(({ target }) => `${path}: ${target}`),
    );
    expect(missing).toEqual([]);
  });

  it('holds no promises below the topology', () => {
    expect(rules.findPromises(sources)).toEqual([]);
  });

  it('holds no state in modules', () => {
    expect(rules.findModuleState(sources)).toEqual([]);
  });
});

describe('every TypeScript file', () => {
  it('fits in the reader’s head: at most 600 lines', () => {
    const soon = rules.listGettingLong(files);
    if (soon.length > 0) process.stdout.write(`Above 500 lines, to be split soon:\n  ${soon.join('\n  ')}\n`);
    expect(rules.findLongFiles(files, LONG_FILES)).toEqual([]);
  });

  it('has functions of at most 70 lines', () => {
    // The callback of a describe() is a chapter, not a function, and so is what calls describe() for several callers.
    const judged = files.filter(({ imports }) => imports.every(({ specifier }) => specifier !== 'vitest'));
    expect(rules.findLongFunctions(judged)).toEqual([]);
  });
});

describe('the tests', () => {
  it('are all run', () => {
    expect(rules.findSkippedTests(tests.filter(({ path }) => path !== 'test/support/requires.ts'))).toEqual([]);
  });

  it('mirror src', () => {
    const paths = (list: typeof files): string[] => list.map(({ path }) => path);
    expect(rules.findMisplacedTests(paths(tests), paths(sources))).toEqual([]);
  });
});

it('no file names a machine’s paths or puts work off', () => {
  const problems = listFiles('')
    .filter((path) => TEXT_FILE.test(path))
    .flatMap((path) => rules.findBannedWords(path, readText(path)));
  expect(problems).toEqual([]);
});

function isTypeScript(path: string): boolean {
  return path.endsWith('.ts') && !path.endsWith('.d.ts');
}
