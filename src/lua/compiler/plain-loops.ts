/**
 * Finds loops that can run without anything in them that could wait, and what they change.
 *
 * Only such a loop can be written without a yield in its body (statements.ts). It holds assignments to locals, choices
 * and operators, no calls, tables, functions or other loops: what counts and adds up. A metamethod may still run in an
 * operator, but those are finished on the spot anyway.
 */
import type { Block, Expression, Local, Statement } from '../ast.ts';

/**
 * The locals from outside that a loop with this body assigns to; null if the body has more in it.
 * @param variable of the loop: each turn has its own.
 */
export function localsChangedWithoutCalls(body: Block, variable: Local): readonly Local[] | null {
  const survey = new PlainSurvey();
  survey.own.add(variable);
  if (!survey.block(body)) return null;
  // What a closure shares lies in memory whatever is said of it.
  return [...survey.changed].filter((local) => !survey.own.has(local) && !local.captured);
}

class PlainSurvey {
  readonly changed = new Set<Local>();
  readonly own = new Set<Local>();

  block({ statements }: Block): boolean {
    return statements.every((statement) => this.#statement(statement));
  }

  #statement(statement: Statement): boolean {
    switch (statement.kind) {
      case 'local':
        for (const local of statement.locals) this.own.add(local);
        return statement.values.every(isPlain);
      case 'assign':
        for (const target of statement.targets) if (target.kind === 'local-name') this.changed.add(target.local);
        return statement.targets.every(isPlain) && statement.values.every(isPlain);
      case 'do':
        return this.block(statement.body);
      case 'if':
        return (
          statement.branches.every(({ condition, body }) => isPlain(condition) && this.block(body)) &&
          (statement.otherwise === null || this.block(statement.otherwise))
        );
      case 'break':
        return true;
      default:
        return false;
    }
  }
}

/** Reads and operators. */
function isPlain(expression: Expression): boolean {
  switch (expression.kind) {
    case 'nil':
    case 'true':
    case 'false':
    case 'number':
    case 'string':
    case 'vararg':
    case 'local-name':
    case 'global':
      return true;
    case 'group':
      return isPlain(expression.inner);
    case 'index':
      return isPlain(expression.object) && isPlain(expression.key);
    case 'unary':
      return isPlain(expression.operand);
    case 'binary':
      return isPlain(expression.left) && isPlain(expression.right);
    default:
      return false;
  }
}
