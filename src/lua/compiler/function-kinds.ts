/**
 * Which functions of a chunk have to be suspendable.
 *
 * A script that runs too long gives way to other clients at the back edge of a loop (suspension.ts). For that, a
 * function with a loop becomes a generator, and so do a function that calls one of those by the name of a local that
 * is never assigned again, and the function in which one of those stands. A chunk that names `coroutine` may yield
 * anywhere: there every function is one.
 *
 * Lua's tail calls need no stack. A function that ends with a call of itself becomes a loop here; the tail call of
 * another function is a call as any other.
 */
import { type Block, type Expression, type FunctionBody, isMultiple, type Local, type Statement } from '../ast.ts';

export interface FunctionKinds {
  /** They become generators. */
  readonly suspendable: ReadonlySet<FunctionBody>;
  /** They end with a call of themselves, and the local through which they do. */
  readonly tailRecursive: ReadonlyMap<FunctionBody, Local>;
  /** All that the chunk names. */
  readonly globals: ReadonlySet<string>;
}

/** @param all every function may have to wait. */
export function findKinds(main: FunctionBody, all: boolean): FunctionKinds {
  const survey = new Survey();
  survey.body(main);
  const { bodies, named, tailRecursive, enclosing } = survey;
  const namesCoroutine = survey.globals.has('coroutine');
  const found = new Set(bodies.filter((body) => body.hasLoop || tailRecursive.has(body) || namesCoroutine || all));
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const body of bodies) {
      for (const local of body.calledLocals) {
        const called = local.assigned ? undefined : named.get(local);
        if (called !== undefined && found.has(called)) found.add(body);
      }
      // What a function makes it calls, as a rule: pcall(function() while true do ... end end).
      const outer = enclosing.get(body);
      if (outer !== undefined && found.has(body)) found.add(outer);
    }
  }
  return { suspendable: found, tailRecursive, globals: survey.globals };
}

/** Walks through a tree. */
class Survey {
  readonly bodies: FunctionBody[] = [];
  /** Locals that were declared with a function. */
  readonly named = new Map<Local, FunctionBody>();
  readonly tailRecursive = new Map<FunctionBody, Local>();
  /** The function in which another one stands. */
  readonly enclosing = new Map<FunctionBody, FunctionBody>();
  readonly globals = new Set<string>();
  #current: FunctionBody | null = null;

  body(body: FunctionBody): void {
    const outer = this.#current;
    this.#current = body;
    if (outer !== null) this.enclosing.set(body, outer);
    this.bodies.push(body);
    this.#block(body.block);
    this.#current = outer;
  }

  #return(values: readonly Expression[]): void {
    const [call] = values;
    const body = this.#current!;
    if (values.length !== 1 || call!.kind !== 'function-call' || body.isVararg) return;
    const { callee, args } = call as Extract<Expression, { kind: 'function-call' }>;
    if (callee.kind !== 'local-name' || callee.local.assigned || this.named.get(callee.local) !== body) return;
    if (args.length === 0 || !isMultiple(args.at(-1)!)) this.tailRecursive.set(body, callee.local);
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
        this.#return(statement.values);
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
        this.globals.add(expression.name);
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
