/**
 * What a debugger sees of a script: the lines that it comes to, the functions that run, and their variables.
 *
 * Chunks that are compiled to be traced (compiler/trace-marks.ts) say when they enter and leave a function, and, in front
 * of what Lua has instructions for, on which line that stands. As with Lua's line hook, a line counts when a function
 * comes to it from another line, or from further down: `line` of its frame is what it was on last, and 0 where a loop
 * begins anew. Every function of such a chunk is a generator, so a script can stop anywhere, but for where it has to
 * be finished on the spot (suspension.ts): there it runs on.
 */
import type { Pace } from './suspension.ts';
import type { LuaFunction, LuaValue } from './value.ts';

/** Name and value. */
export type Variable = readonly [string, LuaValue];

/** A function that runs. */
export interface Frame {
  /** As it was called; null if there is no name for it. */
  readonly name: string | null;
  /** What called it. */
  readonly caller: Frame | null;
  line: number;
  /** Its locals that are visible on that line, outer ones first. */
  variables: () => readonly Variable[];
  /** It ends with the call of another function, which takes its place. */
  isReplaced: boolean;
}

/** Who is told of lines. */
export interface LineListener {
  /** @returns whether the script has to stop in front of this line. */
  onLine(line: number): boolean;
  /** It goes on. May throw a `LuaError`, which is raised there. */
  onResume(): void;
}

export class Tracer {
  /** The function that runs innermost. */
  current: Frame | null = null;
  readonly #pace: Pace;
  readonly #listener: LineListener;
  readonly #traced = new WeakSet<LuaFunction>();
  /** How the function is called that is entered next. */
  #calledName: string | null = null;

  constructor(pace: Pace, listener: LineListener) {
    this.#pace = pace;
    this.#listener = listener;
  }

  /** The functions that run, innermost first, without those that were replaced. */
  frames(): Frame[] {
    const frames: Frame[] = [];
    for (let frame = this.current; frame !== null; frame = frame.caller) if (!frame.isReplaced) frames.push(frame);
    return frames;
  }

  // ----------------------------------------------------------------------------------------- called by compiled chunks

  /** A function was made. */
  made(value: LuaFunction): LuaFunction {
    this.#traced.add(value);
    return value;
  }

  /** What is called, such that the function learns its name. @param replaced the function that ends with this call. */
  called(value: LuaFunction, name: string, replaced: Frame | null): LuaFunction {
    if (!this.#traced.has(value)) return value;
    return (...args: LuaValue[]) => {
      this.#calledName = replaced === null && name !== '?' ? name : null;
      if (replaced !== null) replaced.isReplaced = true;
      return value(...args);
    };
  }

  enter(): Frame {
    const name = this.#calledName;
    this.#calledName = null;
    this.current = { name, caller: this.current, line: 0, variables: () => [], isReplaced: false };
    return this.current;
  }

  leave(frame: Frame): void {
    this.current = frame.caller;
  }

  /** @returns whether the script stops here. */
  at(frame: Frame, line: number, variables: () => readonly Variable[]): boolean {
    this.current = frame;
    frame.variables = variables;
    if (frame.line === line) return false;
    frame.line = line;
    return this.#pace.canGiveWay && this.#listener.onLine(line);
  }

  resume(): void {
    this.#listener.onResume();
  }
}
