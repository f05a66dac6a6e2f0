/** Source files as the tidy rules see them: text, syntax tree and imports. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { parseSync } from 'oxc-parser';
import { projectRoot } from '../support/project.ts';

/** A node of the syntax tree (ESTree with TypeScript). */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [property: string]: unknown;
}

export interface Import {
  /** As written: `./dict.ts`, `node:net`, `redis-parser`. */
  readonly specifier: string;
  /** For a relative import: the file that it names, relative to the repository. */
  readonly target: string | null;
  /** `import type` and its like: the compiler drops it, and nothing is loaded because of it. */
  readonly isErased: boolean;
  readonly line: number;
}

export interface SourceFile {
  /** Relative to the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly lineCount: number;
  readonly program: SyntaxNode;
  readonly imports: readonly Import[];
  /** The line, from 1, of an offset in the text. */
  lineAt(offset: number): number;
}

/** Produced, fetched or measured; nothing in them is written by hand. */
const IGNORED = new Set(['node_modules', 'dist', '.git', '.cache', 'bench/results', 'package-lock.json']);

/** All files below `folder` ('' is the whole repository), relative to the repository, sorted; none if it is missing. */
export function listFiles(folder: string): string[] {
  if (!existsSync(join(projectRoot, folder))) return [];
  const paths: string[] = [];
  for (const entry of readdirSync(join(projectRoot, folder), { withFileTypes: true })) {
    const path = posix.join(folder, entry.name);
    if (IGNORED.has(path) || IGNORED.has(entry.name)) continue;
    if (entry.isDirectory()) paths.push(...listFiles(path));
    else if (entry.isFile()) paths.push(path);
  }
  return paths.sort();
}

export function readText(path: string): string {
  return readFileSync(join(projectRoot, path), 'utf8');
}

/** Parses a TypeScript file. `text` is given by the tests of the rules. */
export function parseSource(path: string, text: string = readText(path)): SourceFile {
  const result = parseSync(path, text);
  if (result.errors.length > 0) throw new Error(`${path}: ${result.errors[0]!.message}`);
  const program = result.program as unknown as SyntaxNode;
  const lineStarts = findLineStarts(text);
  const lineAt = (offset: number): number => countNotAfter(lineStarts, offset);
  const lineCount = text.endsWith('\n') ? lineStarts.length - 1 : lineStarts.length;
  return { path, text, lineCount, program, imports: findImports(path, program, lineAt), lineAt };
}

/** Calls `visit` for the node and everything below it, parents first. */
export function walk(node: SyntaxNode, visit: (node: SyntaxNode) => void): void {
  visit(node);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) walk(child, visit);
    }
  }
}

export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}

/** Static imports, re-exports, `import()` and `import('…').Type`. */
function findImports(path: string, program: SyntaxNode, lineAt: (offset: number) => number): Import[] {
  const imports: Import[] = [];
  walk(program, (node) => {
    if (!/^(?:Import|ExportNamed|ExportAll)Declaration$|^ImportExpression$|^TSImportType$/.test(node.type)) return;
    const source = node['source'];
    if (!isNode(source) || typeof source['value'] !== 'string') return;
    const specifier = source['value'];
    const target = specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : null;
    // An import whose every name is marked `type` still loads the module; only `import type` itself vanishes.
    const isErased = node.type === 'TSImportType' || node['importKind'] === 'type' || node['exportKind'] === 'type';
    imports.push({ specifier, target, isErased, line: lineAt(node.start) });
  });
  return imports;
}

function findLineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** How many of the ascending `values` are not after `limit`. */
function countNotAfter(values: readonly number[], limit: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
