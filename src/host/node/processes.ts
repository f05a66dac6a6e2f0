/** Programs of the real machine. */
import { type ChildProcess as NodeChild, spawn } from 'node:child_process';
import { accessSync, constants as fsConstants } from 'node:fs';
import { constants } from 'node:os';
import type { ChildProcess, ProcessEnd, Processes } from '../host.ts';
import type { SaveProcess } from '../save-process.ts';

/** As a fork reports that there was nothing to execute. */
const CANNOT_EXECUTE: ProcessEnd = { exitCode: 2, signal: 0 };
/** The machine has no room for another process. */
const NO_PROCESS = new Set(['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE']);

export class NodeProcesses implements Processes {
  readonly saveProcess?: SaveProcess;
  readonly #workingDirectory: string;
  readonly #ownsProcess: boolean;

  /** @param ownsProcess what programs print is printed by this process; else nobody sees it. */
  constructor(workingDirectory: string, ownsProcess = false, saveProcess?: SaveProcess) {
    if (saveProcess !== undefined) this.saveProcess = saveProcess;
    this.#workingDirectory = workingDirectory;
    this.#ownsProcess = ownsProcess;
  }

  isExecutable(path: string): boolean {
    try {
      accessSync(path, fsConstants.X_OK);
      return true;
    } catch {
      return false;
    }
  }

  start(
    path: string,
    args: readonly string[],
    done: (end: ProcessEnd) => void,
    directory: string = this.#workingDirectory,
  ): ChildProcess | null {
    const output = this.#ownsProcess ? 'inherit' : 'ignore';
    // A name without a slash is a file here and not one of the PATH.
    const program = path.includes('/') ? path : `./${path}`;
    let child: NodeChild;
    try {
      child = spawn(program, args, { cwd: directory, stdio: ['ignore', output, output] });
    } catch (error) {
      if (NO_PROCESS.has((error as NodeJS.ErrnoException).code ?? '')) return null;
      setImmediate(() => done(CANNOT_EXECUTE));
      return { pid: 0, kill: () => {} };
    }
    let isOver = false;
    const end = (how: ProcessEnd): void => {
      if (isOver) return;
      isOver = true;
      done(how);
    };
    child.once('error', () => end(CANNOT_EXECUTE));
    child.once('exit', (code, signal) =>
      end({ exitCode: code ?? 0, signal: signal === null ? 0 : constants.signals[signal] }),
    );
    return { pid: child.pid ?? 0, kill: () => void child.kill('SIGKILL') };
  }
}
