/**
 * Lint keeps the ambient world out of src/: files with a leak planted in each line, under the project's own rules, and
 * every line must be found. What lint cannot see the host of a simulation does (test/sim/world.test.ts).
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules, createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = new URL('../../', import.meta.url);
const OXLINT = join(dirname(createRequire(import.meta.url).resolve('oxlint/package.json')), 'bin/oxlint');
/** What src/ may import of Node. */
const ALLOWED = ['buffer', 'stream'];

const LEAKS = [
  'Date.now();',
  'new Date();',
  'performance.now();',
  'setTimeout(() => {}, 1);',
  'setInterval(() => {}, 1);',
  'setImmediate(() => {});',
  'queueMicrotask(() => {});',
  'Math.random();',
  "Math['random']();",
  'export const { random } = Math;',
  'crypto.randomUUID();',
  'crypto.getRandomValues(new Uint8Array(4));',
  "fetch('x');",
  'process.hrtime();',
  'process.nextTick(() => {});',
  "process.env['X'];",
  'process.memoryUsage();',
  'globalThis.Date.now();',
  "globalThis['Date'].now();",
  'globalThis.setTimeout(() => {}, 1);',
  'global.setImmediate(() => {});',
  'AbortSignal.timeout(5);',
  'new WeakRef({});',
  'new FinalizationRegistry(() => {});',
  'new MessageChannel();',
  "new BroadcastChannel('x');",
  "new WebSocket('ws://x');",
  'navigator.hardwareConcurrency;',
  "'a'.localeCompare('b');",
  '(1).toLocaleString();',
  'new Intl.DateTimeFormat();',
  "require('node:fs');",
  "await import('node:fs');",
];

const modules = builtinModules.filter((name) => !name.startsWith('_') && !name.startsWith('node:'));
const IMPORTS = modules
  .filter((name) => !ALLOWED.includes(name) && !name.startsWith('stream/'))
  .flatMap((name) => [`import '${name}';`, `import 'node:${name}';`]);

interface Diagnostic {
  readonly code: string;
  readonly labels: readonly { readonly span: { readonly line: number } }[];
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'resplica-leaks-'));
  copyFileSync(new URL('.oxlintrc.json', ROOT), join(folder, '.oxlintrc.json'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** @returns the lines in which the rules against the ambient world find something. */
function foundIn(path: string, lines: readonly string[]): string[] {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${lines.join('\n')}\n`);
  const found = new Set<number>();
  for (const { code, labels } of lint(path)) {
    if (/no-restricted-(?:globals|properties|imports)/.test(code)) for (const { span } of labels) found.add(span.line);
  }
  return lines.filter((_, i) => found.has(i + 1));
}

/** oxlint ends with 1 when it finds something. */
function lint(path: string): readonly Diagnostic[] {
  let output: string;
  try {
    output = execFileSync(process.execPath, [OXLINT, '--format', 'json', path], { cwd: folder, encoding: 'utf8' });
  } catch (error) {
    output = (error as { stdout: string }).stdout;
  }
  return (JSON.parse(output) as { diagnostics: readonly Diagnostic[] }).diagnostics;
}

describe('a leak of the ambient world', () => {
  it.each(['src/core/leak.ts', 'src/cluster/bus/leak.ts', 'src/sim/leak.ts', 'src/simulation/leak.ts'])(
    'is found in %s',
    (path) => {
      expect(foundIn(path, LEAKS)).toEqual(LEAKS);
    },
  );

  it('is found in whatever module of Node it is', () => {
    expect(IMPORTS.length).toBeGreaterThan(80);
    expect(foundIn('src/core/imports.ts', IMPORTS)).toEqual(IMPORTS);
  });

  it('is what the real host is made of', () => {
    expect(foundIn('src/host/node/clock.ts', LEAKS)).toEqual([]);
    expect(foundIn('src/cli.ts', LEAKS)).toEqual([]);
  });

  it('is not found where there is none', () => {
    const harmless = ["import 'node:buffer';", 'new Map<string, number>();', 'Math.max(1, 2);', 'structuredClone({});'];
    expect(foundIn('src/core/harmless.ts', harmless)).toEqual([]);
  });
});
