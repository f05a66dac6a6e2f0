/**
 * What an operation of a script says when it fails: its line, and how the source calls its operands.
 *
 * `attempt to index field 'b' (a nil value)`: Lua finds such names by going back through the bytecode (ldebug.c
 * getobjname). Here the compiler knows them, and hands each operation that can fail a `Site`.
 */
import type { Expression } from './ast.ts';
import { constantNumber } from './compiler/constants.ts';
import type { Position } from './lua-error.ts';
import type { Place } from './table.ts';

export interface Site extends Position, Place {
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
    case 'binary':
      return describeOperand(chosen(expression) ?? lastOf(expression) ?? NAMELESS);
    default:
      return '';
  }
}

/** How an error of a library function calls it. */
export function calledName(callee: Expression): string {
  switch (callee.kind) {
    case 'local-name':
      return callee.local.name;
    case 'global':
      return callee.name;
    case 'index':
      return callee.key.kind === 'string' && /^\w+$/.test(callee.key.value) ? callee.key.value : '?';
    case 'group':
      return calledName(callee.inner);
    default:
      return '?';
  }
}

const NAMELESS: Expression = { kind: 'nil' };

/** Of `a and b or c`, or `(a or b) and c`: Lua follows the first jump through its instructions, which leads to the last operand. */
function lastOf({ operator, left, right }: Extract<Expression, { kind: 'binary' }>): Expression | null {
  const first = left.kind === 'group' ? left.inner : left;
  if (first.kind !== 'binary' || first.operator !== (operator === 'or' ? 'and' : 'or')) return null;
  if (operator !== 'or' && operator !== 'and') return null;
  return constantTruth(first.left) === null && constantTruth(first.right) === null ? right : null;
}

/** What is left of `and` and `or` with a constant before them: Lua compiles nothing else. Null if both sides count. */
function chosen({ operator, left, right }: Extract<Expression, { kind: 'binary' }>): Expression | null {
  if (operator !== 'and' && operator !== 'or') return null;
  const truth = constantTruth(left);
  return truth !== null && truth === (operator === 'and') ? right : null;
}

/** Of a value that is known when a script is compiled; else null. */
function constantTruth(expression: Expression): boolean | null {
  switch (expression.kind) {
    case 'nil':
    case 'false':
      return false;
    case 'true':
    case 'number':
    case 'string':
      return true;
    case 'group':
      return constantTruth(expression.inner);
    case 'unary': {
      const truth = constantTruth(expression.operand);
      if (expression.operator === 'not') return truth === null ? null : !truth;
      return constantNumber(expression) === null ? null : true;
    }
    case 'binary': {
      const rest = chosen(expression);
      if (rest !== null) return constantTruth(rest);
      return constantNumber(expression) === null ? null : true;
    }
    default:
      return null;
  }
}
