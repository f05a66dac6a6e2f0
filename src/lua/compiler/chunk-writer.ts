/**
 * What all parts of the compiler share while they write a chunk: the output, the sites, the function at hand.
 *
 * Names in the output: `v7` is a local of the script, `$1` a temporary, `$v` the extra arguments, `s3` a site, `f5` a
 * function that stays from run to run, and words of letters alone are operations of the runtime (operations.ts). No
 * identifier of the script appears.
 */
import type { Expression, FunctionBody, Local } from '../ast.ts';
import { describeOperand, type Site } from '../site.ts';
import { Emitter } from './emitter.ts';
import type { FunctionState } from './function-state.ts';
import type { CallName } from './source-url.ts';
import type { FunctionKinds } from './function-kinds.ts';

export interface ChunkWriterOptions {
  readonly traces: boolean;
  /** Functions that are made once, and stay for all runs. */
  readonly shared: ReadonlySet<FunctionBody>;
  /** The main function, where nobody but whoever runs the script calls it. */
  readonly script: FunctionBody | null;
}

export class ChunkWriter {
  readonly out = new Emitter();
  readonly sites: Site[] = [];
  readonly calls: CallName[] = [];
  readonly chunkName: string;
  /** For a debugger: see trace-marks.ts. */
  readonly traces: boolean;
  /** Writes a function. Functions hold statements, statements expressions, and expressions functions. */
  readonly writeFunction: (body: FunctionBody) => void;
  /** The function that is being written. */
  fn: FunctionState;
  readonly #kinds: FunctionKinds;
  readonly #shared: ReadonlySet<FunctionBody>;
  readonly #script: FunctionBody | null;
  #sharedNames = 0;
  #names = 0;

  constructor(
    chunkName: string,
    kinds: FunctionKinds,
    main: FunctionState,
    writeFunction: (w: ChunkWriter, body: FunctionBody) => void,
    { traces, shared, script }: ChunkWriterOptions,
  ) {
    this.writeFunction = (body) => writeFunction(this, body);
    this.chunkName = chunkName;
    this.traces = traces;
    this.#kinds = kinds;
    this.#shared = shared;
    this.#script = script;
    this.fn = main;
  }

  isSuspendable(body: FunctionBody): boolean {
    return this.#kinds.suspendable.has(body);
  }

  isScript(body: FunctionBody): boolean {
    return this.#script === body;
  }

  /** The variable of the chunk in which a function stays that is the same in each run; null if it is not. */
  takeSharedName(body: FunctionBody): string | null {
    return this.#shared.has(body) ? `f${++this.#sharedNames}` : null;
  }

  /** Of those variables. */
  get declaration(): string {
    if (this.#sharedNames === 0) return '';
    return `let ${Array.from({ length: this.#sharedNames }, (_, at) => `f${at + 1}`).join(',')};`;
  }

  /** The local through which a function ends with a call of itself. */
  selfOf(body: FunctionBody): Local | null {
    return this.#kinds.tailRecursive.get(body) ?? null;
  }

  /** The name of a new site. */
  site(line: number, left: Expression | null = null, right: Expression | null = null): string {
    return this.namedSite(
      line,
      left === null ? '' : describeOperand(left),
      right === null ? '' : describeOperand(right),
    );
  }

  namedSite(line: number, left: string, right = ''): string {
    return `s${this.sites.push({ chunkName: this.chunkName, line, left, right }) - 1}`;
  }

  /** The arguments of a call follow, or what waits for it. */
  noteCall(sourceLine: number, name: string, isMethod: boolean, isTail: boolean): void {
    this.calls.push({ line: this.out.line, column: this.out.column, sourceLine, name, isMethod, isTail });
  }

  /** An operator follows, whose handler finds it on a line of the source. */
  noteOperator(sourceLine: number): void {
    if (sourceLine !== this.out.line) this.noteCall(sourceLine, '?', false, false);
  }

  /** A number that makes names of the runtime's own distinct. */
  unique(): number {
    return ++this.#names;
  }
}

export function nameOf(local: Local): string {
  return `v${local.id}`;
}

/** Of a parameter before it is the local, in functions that are loops. */
export function incomingNameOf(local: Local): string {
  return `a${local.id}`;
}
