import type { Local } from '../ast.ts';
import type { VisibleVariable } from './trace-marks.ts';

/** What the compiler knows of the function that it is writing. */
export class FunctionState {
  /** Its calls can wait: see suspension.ts. */
  readonly isSuspendable: boolean;
  /** The local through which it ends with a call of itself, if it does: then it is a loop. */
  readonly self: Local | null;
  readonly parameters: readonly Local[];
  /** It is the main function of a script: what it returns goes to whoever runs that. */
  readonly isScript: boolean;
  /** What a debugger could show at this point, in the order of the declarations. */
  readonly visible: VisibleVariable[] = [];
  /** For a debugger: nothing was written since the beginning, or since locals without values. */
  isNilling = true;
  /** Zero, with the sign of the first one that was written. */
  zero: string | null = null;
  /** The variable of the loop that is being written, if that is one of plain-loops.ts. */
  plainLoop: Local | null = null;
  #inUse = 0;
  #temporaries = 0;

  constructor(isSuspendable: boolean, self: Local | null, parameters: readonly Local[], isScript = false) {
    this.isSuspendable = isSuspendable;
    this.self = self;
    this.parameters = parameters;
    this.isScript = isScript;
  }

  /** A JavaScript variable of the function that nothing else uses until it is released. */
  take(): string {
    this.#inUse++;
    this.#temporaries = Math.max(this.#temporaries, this.#inUse);
    return `$${this.#inUse}`;
  }

  /** Releases the variables that were taken last. */
  release(count = 1): void {
    this.#inUse -= count;
  }

  /** The declaration of all that were taken. It may come last: `var` holds in the whole function. */
  get declaration(): string {
    if (this.#temporaries === 0) return '';
    return `var ${Array.from({ length: this.#temporaries }, (_, at) => `$${at + 1}`).join(',')};`;
  }
}
