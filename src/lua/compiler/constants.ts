/**
 * Numbers that are known when a script is compiled (lcode.c constfolding), for the sake of one of them.
 *
 * To Lua 0 and -0 are one constant of a function, and which of them it is depends on which the source has first. So
 * `local a, b = 0, -0` gives two positive zeros.
 */
import type { BinaryOperator, Expression } from '../ast.ts';
import { power } from '../power.ts';

const OPERATIONS: ReadonlyMap<BinaryOperator, (left: number, right: number) => number> = new Map([
  ['+', (left, right) => left + right],
  ['-', (left, right) => left - right],
  ['*', (left, right) => left * right],
  ['/', (left, right) => (right === 0 ? NaN : left / right)],
  ['%', (left, right) => (right === 0 ? NaN : left - Math.floor(left / right) * right)],
  ['^', power],
]);

/** The number that Lua makes of an expression while it compiles it; null if it makes none. */
export function constantNumber(expression: Expression): number | null {
  switch (expression.kind) {
    case 'number':
      return expression.value;
    case 'group':
      return constantNumber(expression.inner);
    case 'unary': {
      const value = expression.operator === '-' ? constantNumber(expression.operand) : null;
      return value === null ? null : -value;
    }
    case 'binary': {
      const compute = OPERATIONS.get(expression.operator);
      const left = compute === undefined ? null : constantNumber(expression.left);
      const right = left === null ? null : constantNumber(expression.right);
      const value = right === null ? NaN : compute!(left!, right);
      return Number.isNaN(value) ? null : value;
    }
    default:
      return null;
  }
}
