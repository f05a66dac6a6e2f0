/**
 * What an operation of a script says when it fails: its line, and how the source calls its operands.
 *
 * `attempt to index field 'b' (a nil value)`: Lua finds such names by going back through the bytecode (ldebug.c
 * getobjname). Here the compiler knows them, and hands each operation that can fail a `Site`.
 */
import type { Expression } from './ast.ts';
import type { Position } from './lua-error.ts';

export interface Site extends Position {
  /** "local 'x'", "field 'y'", or '' for what has no name. Of the first operand. */
  readonly left: string;
  /** Of the second operand. */
  readonly right: string;
}

/** How errors name what an expression gives. */
export function describeOperand(expression: Expression): string {
  switch (expression.kind) {
    case 'local-name':
      return `${expression.isUpvalue ? 'upvalue' : 'local'} '${expression.local.name}'`;
    case 'global':
      return `global '${expression.name}'`;
    case 'index':
      return `field '${expression.key.kind === 'string' ? expression.key.value : '?'}'`;
    case 'group':
      return describeOperand(expression.inner);
    default:
      return '';
  }
}
