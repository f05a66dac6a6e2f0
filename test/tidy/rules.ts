/**
 * The house rules that a machine can judge. Each rule takes files and returns problems: where, what, and the remedy.
 * What cannot be judged here, by the compiler or by the linter is advice, and stands in CONTRIBUTING.md.
 */
import { floorOf, FLOORS } from './floors.ts';
import { isNode, walk, type SourceFile, type SyntaxNode } from './source-file.ts';

const FILE_MAX_LINES = 600;
const FILE_GOOD_LINES = 500;
const FUNCTION_MAX_LINES = 70;
const FIRST_FLOOR_WITH_PROMISES = FLOORS['src/topology']!;

/** Files above the limit that are tolerated, with their lengths. Entries may shrink and go, never grow or come. */
export type LongFiles = Readonly<Record<string, number>>;

export function findLongFiles(files: readonly SourceFile[], tolerated: LongFiles): string[] {
  const problems = files.flatMap(({ path, lineCount }) => {
    const allowed = tolerated[path];
    if (allowed === undefined) {
      if (lineCount <= FILE_MAX_LINES || isFixture(path)) return [];
      return [`${path}: ${lineCount} lines, ${FILE_MAX_LINES} are the wall; split it by its sections`];
    }
    if (lineCount > allowed) return [`${path}: grew from ${allowed} to ${lineCount} lines; it may only shrink`];
    if (lineCount < allowed) return [`${path}: shrank to ${lineCount} lines; lower its entry, or drop it at the limit`];
    return [];
  });
  const paths = new Set(files.map(({ path }) => path));
  const gone = Object.keys(tolerated).filter((path) => !paths.has(path));
  return [...problems, ...gone.map((path) => `${path}: is gone; drop its entry from the list of long files`)];
}

/** Files that should be split soon. */
export function listGettingLong(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path, lineCount }) => lineCount > FILE_GOOD_LINES && !isFixture(path))
    .map(({ path, lineCount }) => `${path}: ${lineCount} lines`);
}

export function findLongFunctions(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => {
    const problems: string[] = [];
    walk(file.program, (node) => {
      if (!isFunction(node)) return;
      const first = file.lineAt(node.start);
      const lines = file.lineAt(node.end) - first + 1;
      if (lines <= FUNCTION_MAX_LINES) return;
      problems.push(
        `${file.path}:${first}: a function of ${lines} lines, ${FUNCTION_MAX_LINES} are the wall; ` +
          'keep the branches here and move the work of each into a function',
      );
    });
    return problems;
  });
}

/** Below src/topology everything runs to completion: no `async`, no `await`, no promise, no `import()`. */
export function findPromises(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => {
    if ((floorOf(file.path) ?? 0) >= FIRST_FLOOR_WITH_PROMISES) return [];
    const problems: string[] = [];
    walk(file.program, (node) => {
      const what = describePromise(node);
      if (what === null) return;
      problems.push(`${file.path}:${file.lineAt(node.start)}: ${what} below src/topology; take a callback instead`);
    });
    return problems;
  });
}

function describePromise(node: SyntaxNode): string | null {
  if (isFunction(node) && node['async'] === true) return 'an async function';
  if (node.type === 'AwaitExpression') return 'await';
  if (node.type === 'ForOfStatement' && node['await'] === true) return 'for await';
  if (node.type === 'ImportExpression') return 'import()';
  if (node.type === 'Identifier' && /^(?:Promise|PromiseLike|AsyncDisposable)$/.test(String(node['name']))) {
    return String(node['name']);
  }
  return null;
}

/** Any number of servers share the module graph, so no module may hold state of one. */
export function findModuleState(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => {
    const problems: string[] = [];
    const report = (node: SyntaxNode, what: string): void => {
      const remedy = 'give it to the object that it belongs to, or build a constant in one expression';
      problems.push(`${file.path}:${file.lineAt(node.start)}: ${what}; ${remedy}`);
    };
    for (const statement of file.program['body'] as SyntaxNode[]) judgeStatement(statement, report);
    walk(file.program, (node) => {
      if (node.type === 'PropertyDefinition' && node['static'] === true && node['readonly'] !== true) {
        report(node, 'a static field that can change');
      }
    });
    return problems;
  });
}

function judgeStatement(statement: SyntaxNode, report: (node: SyntaxNode, what: string) => void): void {
  const declaration = statement.type === 'ExportNamedDeclaration' ? statement['declaration'] : statement;
  if (!isNode(declaration) || declaration.type !== 'VariableDeclaration' || declaration['declare'] === true) return;
  if (declaration['kind'] !== 'const') report(declaration, `a module-level ${String(declaration['kind'])}`);
  for (const declarator of declaration['declarations'] as SyntaxNode[]) {
    if (isEmptyContainer(declarator['init']))
      report(declarator, 'an empty container at module level, there to be filled');
  }
}

function isEmptyContainer(value: unknown): boolean {
  if (!isNode(value)) return false;
  const isEmpty = (property: string): boolean => (value[property] as unknown[]).length === 0;
  if (value.type === 'ArrayExpression') return isEmpty('elements');
  if (value.type === 'ObjectExpression') return isEmpty('properties');
  if (value.type !== 'NewExpression' || !isEmpty('arguments')) return false;
  const callee = value['callee'];
  return isNode(callee) && /^(?:Weak)?(?:Map|Set)$/.test(String(callee['name']));
}

/** Tests are run or they fail; what needs a real program says so through test/support/requires.ts. */
export function findSkippedTests(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => {
    const problems: string[] = [];
    walk(file.program, (node) => {
      if (node.type !== 'MemberExpression' && node.type !== 'CallExpression') return;
      const word = skippingWord(node);
      if (word === null) return;
      const remedy = 'run the test, or use describeWith or itWith of test/support/requires.ts if it needs a program';
      problems.push(`${file.path}:${file.lineAt(node.start)}: ${word}; ${remedy}`);
    });
    return problems;
  });
}

function skippingWord(node: SyntaxNode): string | null {
  if (node.type === 'CallExpression') {
    const callee = node['callee'];
    const name = isNode(callee) && callee.type === 'Identifier' ? String(callee['name']) : '';
    return /^(?:xit|xtest|xdescribe|fit|fdescribe)$/.test(name) ? `${name}()` : null;
  }
  const property = node['property'];
  const name = isNode(property) ? String(property['name']) : '';
  if (!/^(?:only|skip|todo|skipIf|runIf|fails)$/.test(name)) return null;
  const root = rootName(node);
  return /^(?:describe|it|test|suite|bench|ctx|context|task)$/.test(root) ? `${root}.${name}` : null;
}

/** The identifier at the start of `a.b(c).d`. */
function rootName(node: SyntaxNode): string {
  let current: unknown = node;
  while (isNode(current) && current.type !== 'Identifier') current = current['object'] ?? current['callee'];
  return isNode(current) ? String(current['name']) : '';
}

/** Tests of these folders follow a tier of their own and mirror nothing in src/. */
const FREE_FOLDERS = [
  'commands',
  'twin',
  'clients',
  'interop',
  'simulation',
  'conformance',
  'host',
  'fuzz',
  'bench',
  'support',
  'tidy',
  'readme',
  'deployments',
];
const FREE_FILES = ['test/tidy.test.ts', 'test/package.test.ts', 'test/readme.test.ts'];

/**
 * `test/data/dict.test.ts` tests `src/data/dict.ts`, and so may `test/data/dict-growth.test.ts`; a test may also be
 * named after a folder of src/. `sources` are the paths of src/.
 */
export function findMisplacedTests(tests: readonly string[], sources: readonly string[]): string[] {
  const subjects = new Set(sources.flatMap((path) => pathAndFolders(path.replace(/\.ts$/, ''))));
  return tests.flatMap((path) => {
    if (!path.endsWith('.test.ts') || FREE_FILES.includes(path)) return [];
    if (FREE_FOLDERS.some((folder) => path.startsWith(`test/${folder}/`))) return [];
    const subject = path.replace(/^test\//, 'src/').replace(/\.test\.ts$/, '');
    if (prefixesAtDashes(subject).some((prefix) => subjects.has(prefix))) return [];
    return [`${path}: mirrors no file; name it after the file that it tests, such as ${subject}.ts`];
  });
}

function pathAndFolders(path: string): string[] {
  const parts = path.split('/');
  return parts.map((_, at) => parts.slice(0, at + 1).join('/')).slice(1);
}

function prefixesAtDashes(path: string): string[] {
  const slash = path.lastIndexOf('/') + 1;
  const words = path.slice(slash).split('-');
  return words.map((_, at) => path.slice(0, slash) + words.slice(0, at + 1).join('-'));
}

/** Built from parts, so that this file does not find itself. */
const BANNED: readonly (readonly [RegExp, string])[] = [
  [new RegExp(`\\b(?:${['TO', 'FIX'].join('DO|')}ME)\\b`), 'open an issue, or do it'],
  [
    new RegExp(`(?<![\\w.-])/(?:${['work', 'root', 'tmp/src', 'home/\\w+', 'Users/\\w+'].join('|')})/`),
    'no machine paths',
  ],
];

export function findBannedWords(path: string, text: string): string[] {
  return text.split('\n').flatMap((line, at) =>
    BANNED.flatMap(([pattern, remedy]) => {
      const found = pattern.exec(line);
      return found === null ? [] : [`${path}:${at + 1}: "${found[0]}": ${remedy}`];
    }),
  );
}

/** Tables of inputs and outputs are read one row at a time. */
function isFixture(path: string): boolean {
  return /^test\/(?:.*\/)?fixtures\//.test(path);
}

function isFunction(node: SyntaxNode): boolean {
  return /^(?:FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type);
}
