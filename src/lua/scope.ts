/**
 * Scopes of a chunk while it is parsed: which name is which local, and what each function needs of those around it.
 *
 * A `FunctionScope` stands for a function that is being parsed. Its blocks are marks in one list of active locals, as
 * in lparser.c; the limits are Lua's own.
 */
import type { Local } from './ast.ts';

const LOCALS_MAX = 200;
const UPVALUES_MAX = 60;

/** Throws a limit error. @param what "local variables" or "upvalues". */
export type LimitExceeded = (scope: FunctionScope, limit: number, what: string) => never;

export class FunctionScope {
  readonly parent: FunctionScope | null;
  /** Of the word `function`; 0 for the main chunk. */
  readonly line: number;
  isVararg = false;
  /** The body says `...`: then there is no `arg`. */
  usesVararg = false;
  hasLoop = false;
  loopDepth = 0;
  readonly calledLocals = new Set<Local>();
  readonly upvalues = new Set<Local>();
  readonly #active: Local[] = [];
  readonly #exceeded: LimitExceeded;

  constructor(parent: FunctionScope | null, line: number, exceeded: LimitExceeded) {
    this.parent = parent;
    this.line = line;
    this.#exceeded = exceeded;
  }

  /** A mark to which `leaveBlock` goes back. */
  enterBlock(): number {
    return this.#active.length;
  }

  leaveBlock(mark: number): void {
    this.#active.length = mark;
  }

  /** Makes locals visible. They count from when they are declared, which is before that: see `reserve`. */
  activate(locals: readonly Local[]): void {
    this.#active.push(...locals);
  }

  /** @param pending locals that are declared and not yet visible. */
  reserve(pending: number): void {
    if (this.#active.length + pending > LOCALS_MAX) this.#exceeded(this, LOCALS_MAX, 'local variables');
  }

  /** The local that a name means here, or null: a global. */
  find(name: string): { readonly local: Local; readonly isUpvalue: boolean } | null {
    for (let at = this.#active.length - 1; at >= 0; at--) {
      if (this.#active[at]!.name === name) return { local: this.#active[at]!, isUpvalue: false };
    }
    const outer = this.parent?.find(name) ?? null;
    if (outer === null) return null;
    this.upvalues.add(outer.local);
    if (this.upvalues.size > UPVALUES_MAX) this.#exceeded(this, UPVALUES_MAX, 'upvalues');
    outer.local.captured = true;
    return { local: outer.local, isUpvalue: true };
  }
}
