/**
 * Assertions: what must be true whatever a client, a peer or a file sends.
 *
 * A failed assertion is a bug of this program and never an answer to bad input. Bad input is answered with Redis' own
 * error text by the code that meets it. Under simulation a failed assertion ends the run and its seed is printed; an
 * embedded server fails as an instance, not the process around it.
 *
 * Messages are constant strings: building one from values would cost on every call, also when the condition holds.
 */

/** Thrown for a broken invariant. Distinct from `Error`, so that nothing takes a bug for a refused request. */
export class AssertionError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'AssertionError';
  }
}

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** The default branch of an exhaustive switch. A new member of the union makes its call fail to compile. */
export function unreachable(x: never): never {
  throw new AssertionError(`unreachable: ${describe(x)}`);
}

function describe(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
