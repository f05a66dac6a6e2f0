/**
 * Which functions of a chunk have to be suspendable.
 *
 * A script that runs too long gives way to other clients at the back edge of a loop (suspension.ts). For that, a
 * function with a loop becomes a generator, and so does a function that calls one of those by the name of a local that
 * is never assigned again. A chunk that names `coroutine` may yield anywhere: there every function is one.
 */
import type { Block, Expression, FunctionBody, Local, Statement } from '../ast.ts';

/** @returns the functions that become generators. */
export function findSuspendable(main: FunctionBody): ReadonlySet<FunctionBody> {
  const survey = new Survey();
  survey.body(main);
  const { bodies, named } = survey;
  const found = new Set(bodies.filter((body) => body.hasLoop || survey.namesCoroutine));
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const body of bodies) {
      for (const local of body.calledLocals) {
        const called = local.assigned ? undefined : named.get(local);
        if (called !== undefined && found.has(called)) found.add(body);
      }
    }
  }
  return found;
}

/** Walks through a tree. */
class Survey {
  readonly bodies: FunctionBody[] = [];
  /** Locals that were declared with a function. */
  readonly named = new Map<Local, FunctionBody>();
  namesCoroutine = false;

  body(body: FunctionBody): void {
    this.bodies.push(body);
    this.#block(body.block);
  }

  #block(block: Block): void {
    for (const statement of block.statements) this.#statement(statement);
  }

  #statement(statement: Statement): void {
    switch (statement.kind) {
      case 'local':
        for (const [at, value] of statement.values.entries()) {
          const local = statement.locals[at];
          if (local !== undefined && value.kind === 'function') this.named.set(local, value.body);
        }
        this.#expressions(statement.values);
        break;
      case 'local-function':
        this.named.set(statement.local, statement.body);
        this.body(statement.body);
        break;
      case 'assign':
        this.#expressions(statement.targets);
        this.#expressions(statement.values);
        break;
      case 'call':
        this.#expression(statement.call);
        break;
      case 'return':
        this.#expressions(statement.values);
        break;
      case 'break':
        break;
      default:
        this.#compound(statement);
    }
  }

  #compound(
    statement: Exclude<Statement, { kind: 'local' | 'local-function' | 'assign' | 'call' | 'return' | 'break' }>,
  ): void {
    switch (statement.kind) {
      case 'if':
        for (const { condition, body } of statement.branches) {
          this.#expression(condition);
          this.#block(body);
        }
        if (statement.otherwise !== null) this.#block(statement.otherwise);
        return;
      case 'while':
      case 'repeat':
        this.#expression(statement.condition);
        break;
      case 'numeric-for':
        this.#expressions([statement.start, statement.limit, ...(statement.step === null ? [] : [statement.step])]);
        break;
      case 'generic-for':
        this.#expressions(statement.values);
        break;
      case 'do':
        break;
    }
    this.#block(statement.body);
  }

  #expressions(expressions: readonly Expression[]): void {
    for (const expression of expressions) this.#expression(expression);
  }

  #expression(expression: Expression): void {
    switch (expression.kind) {
      case 'global':
        if (expression.name === 'coroutine') this.namesCoroutine = true;
        break;
      case 'function':
        this.body(expression.body);
        break;
      case 'index':
        this.#expressions([expression.object, expression.key]);
        break;
      case 'function-call':
        this.#expressions([expression.callee, ...expression.args]);
        break;
      case 'method-call':
        this.#expressions([expression.object, ...expression.args]);
        break;
      case 'binary':
        this.#expressions([expression.left, expression.right]);
        break;
      case 'unary':
        this.#expression(expression.operand);
        break;
      case 'group':
        this.#expression(expression.inner);
        break;
      case 'table':
        for (const item of expression.items) {
          if (item.kind === 'keyed') this.#expression(item.key);
          this.#expression(item.value);
        }
        break;
      default:
    }
  }
}
