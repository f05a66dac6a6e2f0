/** A terminal in memory. */
import type { Terminal } from '../../../src/simulation/cli/terminal.ts';

export interface TestTerminal extends Terminal {
  readonly files: Map<string, string>;
  /** What was printed. */
  readonly printed: { out: string; error: string };
  /** Milliseconds that pass with each look at the clock. */
  tickMs: number;
}

export function testTerminal(options: { isWatched?: boolean; stdin?: string; tickMs?: number } = {}): TestTerminal {
  const files = new Map<string, string>();
  const printed = { out: '', error: '' };
  let nowMs = 1_000_000;
  const terminal: TestTerminal = {
    files,
    printed,
    tickMs: options.tickMs ?? 0,
    isWatched: options.isWatched ?? false,
    version: 'v20.0.0',
    out: (text) => (printed.out += text),
    error: (text) => (printed.error += text),
    nowMs: () => (nowMs += terminal.tickMs),
    cpuMs: () => 0,
    readFile: (path) => {
      const text = files.get(path);
      if (text === undefined) throw new Error(`ENOENT: ${path}`);
      return text;
    },
    writeFile: (path, text) => files.set(path, text),
    readStdin: () => options.stdin ?? '',
    readViewer: () => 'viewer()',
  };
  return terminal;
}
