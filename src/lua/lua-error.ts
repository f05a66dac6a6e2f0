/**
 * What is thrown while a script runs.
 *
 * A `LuaError` carries any Lua value and can be caught by `pcall`. Where it was raised is kept beside it, because a
 * value that is no string does not say. It is no JavaScript `Error`: those take a stack trace, which costs more than
 * everything else that a caught error costs. `ScriptKilled` ends a script and nothing in it catches it.
 */
import type { LuaValue } from './value.ts';

export interface Position {
  /** As errors show it: `user_script`. */
  readonly chunkName: string;
  readonly line: number;
}

export class LuaError {
  readonly value: LuaValue;
  /** Of the Lua function that runs innermost; null if there is none. */
  readonly position: Position | null;

  constructor(value: LuaValue, position: Position | null) {
    this.value = value;
    this.position = position;
  }
}

export class ScriptKilled {
  /** As the caller is told. */
  readonly reason: string;
  /** Where the script was. */
  readonly position: Position | null;

  constructor(reason: string, position: Position | null) {
    this.reason = reason;
    this.position = position;
  }
}
