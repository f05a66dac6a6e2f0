/**
 * Compiles a chunk of Lua 5.1 to JavaScript.
 *
 *   compile(source, 'user_script').bind(operations) → the main function
 *
 * Compiling depends on the source alone, so one `Chunk` serves every server of the process; `bind` gives it a world.
 * Throws `LuaSyntaxError`.
 */
import { parse } from '../parser.ts';
import type { Site } from '../site.ts';
import { LuaSyntaxError } from '../syntax-error.ts';
import type { LuaFunction } from '../value.ts';
import { ChunkWriter } from './chunk-writer.ts';
import { FunctionState } from './function-state.ts';
import { writeFunction } from './functions.ts';
import { findSharedFunctions } from './shared-functions.ts';
import { sourceUrl } from './source-url.ts';
import { findKinds } from './function-kinds.ts';
import { OPERATIONS, type Operations } from '../operations.ts';
import type { Tracer } from '../tracer.ts';

export interface Chunk {
  readonly chunkName: string;
  /** Those that it names itself. */
  readonly globals: ReadonlySet<string>;
  /** The main function, with the globals and the runtime that `operations` work on. */
  bind(operations: Operations & { readonly dbg?: Tracer }): LuaFunction;
}

/**
 * What a chunk is for: a script, whose main function runs once in each run; for a debugger, so that what it is bound to
 * needs a `Tracer`; or loaded by a script, which may call it more than once.
 */
export type ChunkUse = 'script' | 'traced' | 'loaded';

export function compile(source: string, chunkName: string, use: ChunkUse = 'script'): Chunk {
  const javaScript = translate(source, chunkName, use);
  // oxlint-disable-next-line typescript/no-implied-eval -- the text is the compiler's: nothing of the script but numbers and quoted strings
  const factory = new Function('$', 'S', javaScript.text) as (
    operations: Operations,
    sites: readonly Site[],
  ) => LuaFunction;
  return { chunkName, globals: javaScript.globals, bind: (operations) => factory(operations, javaScript.sites) };
}

export interface Translation {
  /** The body of a function of `$`, the operations, and `S`, the sites. */
  readonly text: string;
  readonly sites: readonly Site[];
  /** That the chunk names. */
  readonly globals: ReadonlySet<string>;
}

export function translate(source: string, chunkName: string, use: ChunkUse = 'script'): Translation {
  const traces = use === 'traced';
  try {
    const main = parse(source, chunkName);
    const kinds = findKinds(main, traces);
    const w = new ChunkWriter(chunkName, kinds, new FunctionState(false, null, []), writeFunction, {
      traces,
      shared: use === 'script' ? findSharedFunctions(main) : new Set(),
      script: use === 'script' ? main : null,
    });
    w.out.write('return ');
    writeFunction(w, main);
    const constants = `const{${OPERATIONS.join(',')}${traces ? ',dbg' : ''}}=$,[${w.sites.map((_, at) => `s${at}`).join(',')}]=S;${w.declaration}`;
    const url = `//# sourceURL=${sourceUrl(chunkName, w.calls)}`;
    return { text: `"use strict";${constants}\n${w.out.toString()}\n${url}`, sites: w.sites, globals: kinds.globals };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new LuaSyntaxError(chunkName, 1, 'function or expression too complex', null);
  }
}
