/**
 * The process that writes snapshots on the real host.
 *
 * To start a process, Node forks, and the larger a process is, the longer its fork holds it up: tens of milliseconds at
 * half a gigabyte. So what is forked is not the server. A shell is started while the server is still small, and waits: a
 * megabyte and a half, nearly all of it shared with other shells. For each file the server sends it a line, and it runs
 * the program (save-process.ts), which takes the rest from the same pipe and leaves again. What the server calls its
 * child is the shell. If the program ends badly so does the shell, with the same status; if the shell is killed the pipe
 * closes, and the program ends. Either way a new shell is started when it is needed.
 *
 * Why: docs/decisions/save-process.md.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Socket } from 'node:net';
import { resolve } from 'node:path';
import { errorText } from '../error-texts.ts';
import type { DiskError, ProcessEnd } from '../host.ts';
import type { SaveEvents, SaveOrder, Saver, Saving } from '../saver.ts';
import { diskError } from './errors.ts';
import { ABANDON, DONE, FAILED, FINISH, lengthFrame, READY } from './save-frames.ts';

const SHELL = '/bin/sh';
/**
 * Runs its arguments for each line that it reads, with the line as their last one. Where they share a core with the server
 * they get a quarter of it: it is the server that people wait for. Linux has two ways to say so. A session in the root
 * cgroup counts as one with what its autogroup says; everywhere else it is the niceness of each process that counts.
 */
const SCRIPT = `{ echo 5 > /proc/self/autogroup; } 2> /dev/null
while read -r number; do nice -n 5 "$@" "$number" || exit $?; done`;
/** How a shell tells that what it ran was ended by a signal: its number and this. */
const SIGNAL_STATUS = 128;

export class NodeSaver implements Saver {
  readonly #command: readonly string[];
  readonly #workingDirectory: string;
  readonly #shellPath: string;
  #shell: Shell | null = null;
  /** There is no shell, or the program could not even begin. Nothing is asked of them any more. */
  #isBroken = false;

  /** @param command the program and its first arguments. */
  constructor(command: readonly string[], workingDirectory: string, shellPath = SHELL) {
    this.#command = command;
    this.#workingDirectory = workingDirectory;
    this.#shellPath = shellPath;
  }

  prepare(): number | null {
    if (this.#isBroken) return null;
    if (this.#shell?.isAlive !== true) this.#shell = this.#launch();
    this.#isBroken = this.#shell === null;
    return this.#shell?.pid ?? null;
  }

  #launch(): Shell | null {
    try {
      const shell = new Shell(this.#shellPath, this.#command);
      return shell.isAlive ? shell : null;
    } catch {
      // No memory, no descriptors, no permission: whatever it is, there is no process.
      return null;
    }
  }

  begin(order: SaveOrder, events: SaveEvents): Saving {
    const shell = this.#shell;
    if (shell === null) throw new Error('nothing is prepared');
    const path = resolve(this.#workingDirectory, order.path);
    return shell.begin({ ...order, path }, events, () => (this.#isBroken = true));
  }

  attend(ended: (end: ProcessEnd) => void): () => void {
    const shell = this.#shell;
    if (shell === null) throw new Error('nothing is prepared');
    shell.attendants.add(ended);
    return () => shell.attendants.delete(ended);
  }
}

class Shell {
  readonly pid: number;
  isAlive: boolean;
  /** Told once when the shell ends. */
  readonly attendants = new Set<(end: ProcessEnd) => void>();
  readonly #child: ChildProcessByStdio<Socket, Socket, null>;
  #saving: NodeSaving | null = null;
  #count = 0;
  #said = '';

  constructor(path: string, command: readonly string[]) {
    const { NODE_OPTIONS: _, ...env } = process.env;
    // In a session of its own: what is typed at the server's terminal is not meant for it.
    this.#child = spawn(path, ['-c', SCRIPT, 'resplica-save', ...command], {
      cwd: '/',
      detached: true,
      env,
      stdio: ['pipe', 'pipe', 'ignore'],
    }) as ChildProcessByStdio<Socket, Socket, null>;
    this.pid = this.#child.pid ?? 0;
    this.isAlive = this.pid !== 0;
    this.#child.on('error', () => this.#ended({ exitCode: 1, signal: 0 }));
    this.#child.on('exit', (code, signal) => this.#ended(endOf(code, signal)));
    // Whether it listens is seen by its end.
    this.#child.stdin.on('error', () => {});
    this.#child.stdout.setEncoding('latin1').on('data', (text: string) => this.#hear(text));
    this.#letGo();
  }

  /** It does not keep the server's process from ending. */
  #letGo(): void {
    this.#child.unref();
    this.#child.stdin.unref();
    this.#child.stdout.unref();
  }

  begin(order: SaveOrder, events: SaveEvents, broken: () => void): NodeSaving {
    if (this.#saving?.isComplete === false) throw new Error('another file is being written');
    this.#saving = new NodeSaving(String(++this.#count), this.#child.stdin, order, events, broken);
    return this.#saving;
  }

  #hear(text: string): void {
    const lines = (this.#said + text).split('\n');
    this.#said = lines.pop()!;
    for (const line of lines) {
      const [number, word, detail] = line.split(' ');
      const saving = this.#saving;
      if (saving !== null && saving.number === number) saving.hear(word!, detail ?? '');
    }
  }

  #ended(end: ProcessEnd): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    this.#child.stdin.destroy();
    this.#child.stdout.destroy();
    this.#saving?.processEnded(end);
    for (const ended of this.attendants) ended(end);
    this.attendants.clear();
  }
}

function endOf(code: number | null, signal: NodeJS.Signals | null): ProcessEnd {
  if (signal !== null) return { exitCode: 0, signal: constants.signals[signal] };
  const exitCode = code ?? 0;
  return exitCode > SIGNAL_STATUS ? { exitCode: 0, signal: exitCode - SIGNAL_STATUS } : { exitCode, signal: 0 };
}

class NodeSaving implements Saving {
  readonly number: string;
  queuedBytes = 0;
  readonly #pipe: Socket;
  readonly #events: SaveEvents;
  /** Called when the program ended before it could say that it is there. */
  readonly #broken: () => void;
  #isReady = false;
  /** No frame follows: the program leaves by itself. */
  isComplete = false;
  #isOver = false;

  constructor(number: string, pipe: Socket, order: SaveOrder, events: SaveEvents, broken: () => void) {
    this.number = number;
    this.#pipe = pipe;
    this.#events = events;
    this.#broken = broken;
    // The shell reads the line and nothing beyond it.
    pipe.write(`${number}\n`);
    const text = Buffer.from(JSON.stringify(order));
    pipe.write(lengthFrame(text.length));
    pipe.write(text);
  }

  write(bytes: Buffer): void {
    if (this.#isOver || bytes.length === 0) return;
    this.queuedBytes += bytes.length;
    this.#pipe.write(lengthFrame(bytes.length));
    this.#pipe.write(bytes, () => {
      this.queuedBytes -= bytes.length;
      if (!this.#isOver) this.#events.sent(bytes);
    });
  }

  finish(): void {
    this.#complete(FINISH);
  }

  abandon(): void {
    this.#isOver = true;
    this.#complete(ABANDON);
  }

  #complete(frame: number): void {
    if (this.isComplete) return;
    this.isComplete = true;
    this.#pipe.write(lengthFrame(frame));
  }

  /** What the program says. */
  hear(word: string, detail: string): void {
    if (word === READY) this.#isReady = true;
    else if (word === DONE) this.#end(null);
    else if (word === FAILED) {
      this.#complete(ABANDON);
      this.#end(failureOf(detail));
    }
  }

  processEnded(end: ProcessEnd): void {
    if (!this.#isReady && end.signal === 0) this.#broken();
    this.#end(end);
  }

  #end(failure: DiskError | ProcessEnd | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.isComplete = true;
    this.#events.ended(failure);
  }
}

function failureOf(code: string): DiskError {
  return diskError(Object.assign(new Error(errorText(code) ?? code), { code }));
}
