/**
 * Programs that nodes of a simulated world can start: a table from path to what the program does. It is told its
 * arguments and says how long it runs and how it ends; the ending is an event of the node that started it.
 */
import type { ChildProcess, ProcessEnd, Processes, Timer } from '../host/host.ts';
import type { Life } from './life.ts';

/** What a program does when `node` starts it. `null`: it runs until it is killed. */
export type Program = (args: readonly string[], node: string) => ProgramRun | null;

export interface ProgramRun {
  /** By default 0. */
  readonly exitCode?: number;
  /** By default 10. */
  readonly durationMs?: number;
}

const DURATION_MS = 10;
const SIGKILL = 9;
const CANNOT_EXECUTE: ProcessEnd = { exitCode: 2, signal: 0 };

export class SimPrograms implements Processes {
  readonly #life: Life;
  readonly #programs: Readonly<Record<string, Program>>;
  #lastPid: number;

  constructor(life: Life, pid: number, programs: Readonly<Record<string, Program>>) {
    this.#life = life;
    this.#programs = programs;
    this.#lastPid = pid;
  }

  isExecutable(path: string): boolean {
    this.#life.check();
    return Object.hasOwn(this.#programs, path);
  }

  start(path: string, args: readonly string[], done: (end: ProcessEnd) => void): ChildProcess {
    const life = this.#life;
    life.check();
    const run = Object.hasOwn(this.#programs, path) ? this.#programs[path]!(args, life.name) : CANNOT_EXECUTE;
    const end: ProcessEnd = { exitCode: run?.exitCode ?? 0, signal: 0 };
    const durationMs = run !== null && 'durationMs' in run ? run.durationMs : DURATION_MS;
    const timer: Timer | null = run === null ? null : life.after(durationMs, () => finish(end));
    let isOver = false;
    const finish = (how: ProcessEnd): void => {
      isOver = true;
      done(how);
    };
    const kill = (): void => {
      if (isOver) return;
      isOver = true;
      timer?.cancel();
      life.soon(() => finish({ exitCode: 0, signal: SIGKILL }));
    };
    return { pid: ++this.#lastPid, kill };
  }
}
