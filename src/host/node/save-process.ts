/**
 * The process that stands for snapshots on the real host: a shell that waits. It is told which file is being written, and
 * removes that if the server is gone before it has said that it is done.
 *
 * To start a process, Node forks, and the larger a process is, the longer its fork holds it up: tens of milliseconds at
 * half a gigabyte. So the shell is started while the server is still small. It has a megabyte and a half, nearly all of it
 * shared with other shells. If it is killed, a new one is started when it is needed.
 *
 * Why: docs/decisions/save-process.md.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Socket } from 'node:net';
import type { ProcessEnd } from '../host.ts';
import type { SaveProcess } from '../save-process.ts';

const SHELL = '/bin/sh';
/** Each line is the file that is being written; an empty one says that there is none. */
const SCRIPT = `file=
while IFS= read -r line; do file=$line; done
if [ -n "$file" ]; then rm -f -- "$file"; fi`;

export class NodeSaveProcess implements SaveProcess {
  readonly #shellPath: string;
  #shell: Shell | null = null;

  constructor(shellPath = SHELL) {
    this.#shellPath = shellPath;
  }

  prepare(): number | null {
    if (this.#shell?.isAlive !== true) this.#shell = this.#launch();
    return this.#shell?.pid ?? null;
  }

  #launch(): Shell | null {
    try {
      const shell = new Shell(this.#shellPath);
      return shell.isAlive ? shell : null;
    } catch {
      // No memory, no descriptors, no permission: whatever it is, there is no process.
      return null;
    }
  }

  attend(file: string | null, ended: (end: ProcessEnd) => void): () => void {
    const shell = this.#shell;
    if (shell === null) throw new Error('nothing is prepared');
    return shell.attend(file, ended);
  }
}

class Shell {
  readonly pid: number;
  isAlive: boolean;
  readonly #child: ChildProcessByStdio<Socket, null, null>;
  #ended: ((end: ProcessEnd) => void) | null = null;

  constructor(path: string) {
    // In a session of its own: what is typed at the server's terminal is not meant for it.
    this.#child = spawn(path, ['-c', SCRIPT, 'resplica-save'], {
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    }) as ChildProcessByStdio<Socket, null, null>;
    this.pid = this.#child.pid ?? 0;
    this.isAlive = this.pid !== 0;
    this.#child.on('error', () => this.#end({ exitCode: 1, signal: 0 }));
    this.#child.on('exit', (code, signal) =>
      this.#end({ exitCode: code ?? 0, signal: signal === null ? 0 : constants.signals[signal] }),
    );
    // Whether it listens is seen by its end.
    this.#child.stdin.on('error', () => {});
    // It does not keep the server's process from ending.
    this.#child.unref();
    this.#child.stdin.unref();
  }

  attend(file: string | null, ended: (end: ProcessEnd) => void): () => void {
    if (this.#ended !== null) throw new Error('it stands for something else');
    this.#ended = ended;
    // A name with a line end in it could not be told from two.
    const told = file !== null && !file.includes('\n') ? file : '';
    this.#tell(told);
    return () => {
      if (this.#ended !== ended) return;
      this.#ended = null;
      if (told !== '') this.#tell('');
    };
  }

  #tell(file: string): void {
    if (this.isAlive) this.#child.stdin.write(`${file}\n`);
  }

  #end(end: ProcessEnd): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    this.#child.stdin.destroy();
    const ended = this.#ended;
    this.#ended = null;
    ended?.(end);
  }
}
