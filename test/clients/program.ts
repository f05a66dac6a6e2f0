/** Runs a program to its end, or until it has said enough. */
import { spawn } from 'node:child_process';

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** For standard input, which is closed afterwards. */
  readonly input?: string | Buffer;
  /** The program is ended when it has printed this. */
  readonly until?: RegExp;
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutMs?: number;
}

/** @throws Error with what it printed if it does not come to an end. */
export function runProgram(words: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const { input, until, timeoutMs = 15_000 } = options;
  const [program = '', ...args] = words;
  return new Promise((done, fail) => {
    const child = spawn(program, args, { env: { ...process.env, ...options.env } });
    let stdout = '';
    let stderr = '';
    const giveUp = setTimeout(() => {
      child.kill('SIGKILL');
      fail(new Error(`${words.join(' ')} did not end within ${timeoutMs} ms:\n${stdout}${stderr}`));
    }, timeoutMs);
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      if (until?.test(stdout)) child.kill('SIGINT');
    });
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('error', fail);
    child.on('close', (code) => {
      clearTimeout(giveUp);
      done({ code, stdout, stderr });
    });
    // A program that ends early does not read its input.
    child.stdin.on('error', () => {});
    child.stdin.end(input ?? '');
  });
}
