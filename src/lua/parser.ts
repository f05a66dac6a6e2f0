/**
 * The parser of Lua 5.1: recursive descent over the grammar of the manual (sections 2.4 to 2.5), with operator
 * precedence, errors and limits as in lparser.c.
 *
 *   parse(source, 'user_script') → the main function of the chunk
 *
 * Resolves names on the way (scope.ts). Throws `LuaSyntaxError`. The depth of nesting is limited, so a hostile source
 * cannot exhaust the stack.
 */
import type {
  BinaryOperator,
  Block,
  Branch,
  Call,
  Expression,
  FunctionBody,
  Local,
  Statement,
  TableItem,
  Target,
} from './ast.ts';
import { EOF, Lexer, NAME, NUMBER, STRING } from './lexer.ts';
import { PRECEDENCE, UNARY_PRECEDENCE } from './precedence.ts';
import { FunctionScope } from './scope.ts';

/** LUAI_MAXCCALLS. */
const NESTING_MAX = 200;

/** @param source binary string. @returns the main function: vararg, without parameters. */
export function parse(source: string, chunkName: string): FunctionBody {
  return new Parser(new Lexer(source, chunkName)).parseChunk();
}

class Parser {
  readonly #lexer: Lexer;
  #scope: FunctionScope;
  #nesting = 0;
  #locals = 0;

  constructor(lexer: Lexer) {
    this.#lexer = lexer;
    this.#scope = new FunctionScope(null, 0, this.#limitExceeded);
  }

  readonly #limitExceeded = (scope: FunctionScope, limit: number, what: string): never => {
    const where = scope.line === 0 ? 'main function' : `function at line ${scope.line}`;
    this.#lexer.failPlainly(`${where} has more than ${limit} ${what}`);
  };

  parseChunk(): FunctionBody {
    const scope = this.#scope;
    scope.isVararg = true;
    const block = this.#block();
    this.#lexer.check(EOF);
    return {
      parameters: [],
      isVararg: true,
      argLocal: null,
      usesVararg: true,
      block,
      line: 0,
      endLine: this.#lexer.lastLine,
      hasLoop: scope.hasLoop,
      calledLocals: scope.calledLocals,
      upvalues: scope.upvalues,
    };
  }

  #nest(): void {
    if (++this.#nesting > NESTING_MAX) this.#lexer.failPlainly('chunk has too many syntax levels');
  }

  // ------------------------------------------------------------------------------------------------- blocks, statements

  #declare(name: string, pending: number): Local {
    this.#scope.reserve(pending);
    return { name, id: ++this.#locals, captured: false, assigned: false };
  }

  #blockEnds(): boolean {
    const { kind } = this.#lexer;
    return kind === 'end' || kind === 'else' || kind === 'elseif' || kind === 'until' || kind === EOF;
  }

  /** Statements up to what ends a block. The locals stay visible. */
  #statements(): Block {
    const statements: Statement[] = [];
    this.#nest();
    for (let last = false; !last && !this.#blockEnds();) {
      const statement = this.#statement();
      statements.push(statement);
      last = statement.kind === 'return' || statement.kind === 'break';
      this.#lexer.accept(';');
    }
    this.#nesting--;
    return { statements };
  }

  #block(): Block {
    const mark = this.#scope.enterBlock();
    const block = this.#statements();
    this.#scope.leaveBlock(mark);
    return block;
  }

  #loopBody(locals: readonly Local[]): Block {
    const scope = this.#scope;
    scope.hasLoop = true;
    scope.loopDepth++;
    const mark = scope.enterBlock();
    scope.activate(locals);
    const block = this.#block();
    scope.leaveBlock(mark);
    scope.loopDepth--;
    return block;
  }

  #statement(): Statement {
    const lexer = this.#lexer;
    const { line } = lexer;
    switch (lexer.kind) {
      case 'if':
        return this.#if(line);
      case 'while':
        return this.#while(line);
      case 'do': {
        lexer.next();
        const body = this.#block();
        this.#lexer.expectClosing('end', 'do', line);
        return { kind: 'do', body, line };
      }
      case 'for':
        return this.#for(line);
      case 'repeat':
        return this.#repeat(line);
      case 'function':
        return this.#functionStatement(line);
      case 'local':
        lexer.next();
        return this.#lexer.accept('function') ? this.#localFunction(line) : this.#local(line);
      case 'return':
        return this.#return(line);
      case 'break':
        lexer.next();
        if (this.#scope.loopDepth === 0) lexer.fail('no loop to break');
        return { kind: 'break', line };
      default:
        return this.#expressionStatement(line);
    }
  }

  #if(line: number): Statement {
    const branches: Branch[] = [];
    let otherwise: Block | null = null;
    do {
      this.#lexer.next();
      const condition = this.#value();
      this.#lexer.expect('then');
      branches.push({ condition, body: this.#block() });
    } while (this.#lexer.kind === 'elseif');
    if (this.#lexer.accept('else')) otherwise = this.#block();
    this.#lexer.expectClosing('end', 'if', line);
    return { kind: 'if', branches, otherwise, line };
  }

  #while(line: number): Statement {
    this.#lexer.next();
    const condition = this.#value();
    this.#lexer.expect('do');
    const body = this.#loopBody([]);
    this.#lexer.expectClosing('end', 'while', line);
    return { kind: 'while', condition, body, line };
  }

  /** The condition sees the locals of the body. */
  #repeat(line: number): Statement {
    const scope = this.#scope;
    this.#lexer.next();
    scope.hasLoop = true;
    scope.loopDepth++;
    const mark = scope.enterBlock();
    const body = this.#statements();
    this.#lexer.expectClosing('until', 'repeat', line);
    const condition = this.#value();
    scope.leaveBlock(mark);
    scope.loopDepth--;
    return { kind: 'repeat', body, condition, line, endLine: this.#lexer.lastLine };
  }

  #for(line: number): Statement {
    this.#lexer.next();
    const name = this.#lexer.name();
    const { kind } = this.#lexer;
    let statement: Statement;
    if (kind === '=') statement = this.#numericFor(name, line);
    else if (kind === ',' || kind === 'in') statement = this.#genericFor(name);
    else this.#lexer.fail("'=' or 'in' expected");
    this.#lexer.expectClosing('end', 'for', line);
    return statement;
  }

  #numericFor(name: string, line: number): Statement {
    const variable = this.#declare(name, 4);
    this.#lexer.next();
    const start = this.#value();
    this.#lexer.expect(',');
    const limit = this.#value();
    const step = this.#lexer.accept(',') ? this.#value() : null;
    this.#lexer.expect('do');
    const doLine = this.#lexer.lastLine;
    return { kind: 'numeric-for', variable, start, limit, step, doLine, body: this.#loopBody([variable]), line };
  }

  #genericFor(first: string): Statement {
    const variables = [this.#declare(first, 4)];
    while (this.#lexer.accept(',')) variables.push(this.#declare(this.#lexer.name(), variables.length + 4));
    this.#lexer.expect('in');
    const callLine = this.#lexer.line;
    const values = this.#expressions();
    this.#lexer.expect('do');
    return { kind: 'generic-for', variables, values, body: this.#loopBody(variables), line: callLine };
  }

  #local(line: number): Statement {
    const locals: Local[] = [];
    do locals.push(this.#declare(this.#lexer.name(), locals.length + 1));
    while (this.#lexer.accept(','));
    const values = this.#lexer.accept('=') ? this.#expressions() : [];
    this.#scope.activate(locals);
    return { kind: 'local', locals, values, line };
  }

  /** The function sees its own name. */
  #localFunction(line: number): Statement {
    const local = this.#declare(this.#lexer.name(), 1);
    this.#scope.activate([local]);
    return { kind: 'local-function', local, body: this.#functionBody(false, this.#lexer.line), line };
  }

  #functionStatement(line: number): Statement {
    this.#lexer.next();
    let target: Target = this.#variable(this.#lexer.name());
    let isMethod = false;
    while (this.#lexer.kind === '.' || this.#lexer.kind === ':') {
      isMethod = this.#lexer.kind === ':';
      const object = this.#read(target);
      this.#lexer.next();
      target = { kind: 'index', object, key: { kind: 'string', value: this.#lexer.name() }, line };
      if (isMethod) break;
    }
    const body = this.#functionBody(isMethod, line);
    this.#markAssigned(target);
    return { kind: 'assign', targets: [target], values: [{ kind: 'function', body }], firstLine: line, line };
  }

  #return(line: number): Statement {
    this.#lexer.next();
    const empty = this.#blockEnds() || this.#lexer.kind === ';';
    return { kind: 'return', values: empty ? [] : this.#expressions(), line };
  }

  #expressionStatement(line: number): Statement {
    const expression = this.#primary();
    if (expression.kind === 'function-call' || expression.kind === 'method-call') {
      return { kind: 'call', call: expression, line };
    }
    const targets = [this.#asTarget(expression)];
    while (this.#lexer.accept(',')) {
      if (targets.length + this.#nesting > NESTING_MAX) {
        this.#limitExceeded(this.#scope, NESTING_MAX - this.#nesting, 'variables in assignment');
      }
      targets.push(this.#asTarget(this.#primary()));
    }
    this.#lexer.expect('=');
    const values = this.#expressions();
    for (const target of targets) this.#markAssigned(this.#read(target));
    return { kind: 'assign', targets, values, firstLine: line, line: this.#lexer.lastLine };
  }

  #asTarget(expression: Expression): Target {
    const { kind } = expression;
    if (kind === 'local-name' || kind === 'global' || kind === 'index') return expression;
    return this.#lexer.fail('syntax error');
  }

  #markAssigned(target: Target): void {
    if (target.kind === 'local-name') target.local.assigned = true;
  }

  // ------------------------------------------------------------------------------------------------------- expressions

  #expressions(): Expression[] {
    const list = [this.#expression()];
    while (this.#lexer.accept(',')) {
      this.#read(list.at(-1)!);
      list.push(this.#expression());
    }
    this.#read(list.at(-1)!);
    return list;
  }

  /** Lua reads a global or a field where it first needs the value, and puts that on the line of the last token. */
  #read<T extends Expression>(expression: T): T {
    if (expression.kind === 'global' || expression.kind === 'index') expression.line = this.#lexer.lastLine;
    return expression;
  }

  /** An expression that is needed at its end. */
  #value(power = 0): Expression {
    return this.#read(this.#expression(power));
  }

  /** @param power what stands to the left binds the operand tighter than operators up to this. */
  #expression(power = 0): Expression {
    this.#nest();
    let left = this.#operand();
    for (;;) {
      const precedence = PRECEDENCE[this.#lexer.kind as BinaryOperator];
      if (precedence === undefined || precedence[0] <= power) break;
      const operator = this.#lexer.kind as BinaryOperator;
      this.#lexer.next();
      this.#read(left);
      const right = this.#value(precedence[1]);
      left = { kind: 'binary', operator, left, right, line: joinLine(operator, right) ?? this.#lexer.lastLine };
    }
    this.#nesting--;
    return left;
  }

  #operand(): Expression {
    const { kind } = this.#lexer;
    if (kind !== 'not' && kind !== '-' && kind !== '#') return this.#simple();
    this.#lexer.next();
    const operand = this.#value(UNARY_PRECEDENCE);
    return { kind: 'unary', operator: kind, operand, line: this.#lexer.lastLine };
  }

  #simple(): Expression {
    const lexer = this.#lexer;
    const { kind } = lexer;
    switch (kind) {
      case NUMBER: {
        const { value } = lexer;
        lexer.next();
        return { kind: 'number', value };
      }
      case STRING:
        return this.#string();
      case 'nil':
      case 'true':
      case 'false':
        lexer.next();
        return { kind };
      case '...':
        if (!this.#scope.isVararg) lexer.fail("cannot use '...' outside a vararg function");
        this.#scope.usesVararg = true;
        lexer.next();
        return { kind: 'vararg' };
      case '{':
        return this.#table();
      case 'function': {
        const { line } = lexer;
        lexer.next();
        return { kind: 'function', body: this.#functionBody(false, line) };
      }
      default:
        return this.#primary();
    }
  }

  #string(): Expression {
    const value = this.#lexer.text;
    this.#lexer.next();
    return { kind: 'string', value };
  }

  #variable(name: string): Target {
    const found = this.#scope.find(name);
    if (found === null) return { kind: 'global', name, line: this.#lexer.lastLine };
    return { kind: 'local-name', local: found.local, isUpvalue: found.isUpvalue };
  }

  /** A name or something in parentheses, with all its indexes and calls. */
  #primary(): Expression {
    let expression = this.#prefix();
    for (;;) {
      const lexer = this.#lexer;
      switch (lexer.kind) {
        case '.': {
          const object = this.#read(expression);
          lexer.next();
          const key: Expression = { kind: 'string', value: this.#lexer.name() };
          expression = { kind: 'index', object, key, line: lexer.lastLine };
          break;
        }
        case '[': {
          const object = this.#read(expression);
          lexer.next();
          const key = this.#value();
          this.#lexer.expect(']');
          expression = { kind: 'index', object, key, line: lexer.lastLine };
          break;
        }
        case ':': {
          lexer.next();
          const name = this.#lexer.name();
          const object = this.#read(expression);
          const { line, lastLine: nameLine } = lexer;
          expression = { kind: 'method-call', object, name, nameLine, args: this.#args(), line };
          break;
        }
        case '(':
        case '{':
        case STRING:
          expression = this.#call(this.#read(expression));
          break;
        default:
          return expression;
      }
    }
  }

  #call(callee: Expression): Call {
    const { line } = this.#lexer;
    if (callee.kind === 'local-name') this.#scope.calledLocals.add(callee.local);
    return { kind: 'function-call', callee, args: this.#args(), line };
  }

  #prefix(): Expression {
    const lexer = this.#lexer;
    if (lexer.kind === NAME) return this.#variable(this.#lexer.name());
    if (lexer.kind !== '(') lexer.fail('unexpected symbol');
    const { line } = lexer;
    lexer.next();
    const inner = this.#expression();
    this.#lexer.expectClosing(')', '(', line);
    return { kind: 'group', inner: this.#read(inner) };
  }

  #args(): Expression[] {
    const lexer = this.#lexer;
    switch (lexer.kind) {
      case '(': {
        const { line } = lexer;
        if (line !== lexer.lastLine) lexer.fail('ambiguous syntax (function call x new statement)');
        lexer.next();
        if (this.#lexer.accept(')')) return [];
        const args = this.#expressions();
        this.#lexer.expectClosing(')', '(', line);
        this.#read(args.at(-1)!);
        return args;
      }
      case '{':
        return [this.#table()];
      case STRING:
        return [this.#string()];
      default:
        return lexer.fail('function arguments expected');
    }
  }

  #table(): Expression {
    const { line } = this.#lexer;
    const items: TableItem[] = [];
    this.#lexer.expect('{');
    while (this.#lexer.kind !== '}') {
      this.#readPositional(items.at(-1));
      items.push(this.#tableItem());
      if (!this.#lexer.accept(',') && !this.#lexer.accept(';')) break;
    }
    this.#lexer.expectClosing('}', '{', line);
    this.#readPositional(items.at(-1));
    return { kind: 'table', items, line: this.#lexer.lastLine };
  }

  /** An item without a key is needed where the next one begins, or the table ends. */
  #readPositional(item: TableItem | undefined): void {
    if (item?.kind === 'positional') this.#read(item.value);
  }

  #tableItem(): TableItem {
    const lexer = this.#lexer;
    if (lexer.kind === NAME && lexer.peek() === '=') {
      const key: Expression = { kind: 'string', value: this.#lexer.name() };
      lexer.next();
      return { kind: 'keyed', key, value: this.#value(), line: lexer.lastLine };
    }
    if (!this.#lexer.accept('[')) return { kind: 'positional', value: this.#expression() };
    const key = this.#value();
    this.#lexer.expect(']');
    this.#lexer.expect('=');
    return { kind: 'keyed', key, value: this.#value(), line: lexer.lastLine };
  }

  // --------------------------------------------------------------------------------------------------------- functions

  #functionBody(isMethod: boolean, line: number): FunctionBody {
    const scope = new FunctionScope(this.#scope, line, this.#limitExceeded);
    this.#scope = scope;
    const parameters: Local[] = isMethod ? [this.#declare('self', 1)] : [];
    this.#lexer.expect('(');
    const argLocal = this.#parameters(parameters);
    this.#lexer.expect(')');
    scope.activate(parameters);
    if (argLocal !== null) scope.activate([argLocal]);
    const block = this.#block();
    const endLine = this.#lexer.line;
    this.#lexer.expectClosing('end', 'function', line);
    this.#scope = scope.parent!;
    return {
      parameters,
      isVararg: scope.isVararg,
      argLocal,
      usesVararg: scope.usesVararg,
      block,
      line,
      endLine,
      hasLoop: scope.hasLoop,
      calledLocals: scope.calledLocals,
      upvalues: scope.upvalues,
    };
  }

  /** @returns the local `arg` of a function with dots. */
  #parameters(parameters: Local[]): Local | null {
    const lexer = this.#lexer;
    if (lexer.kind === ')') return null;
    do {
      if (lexer.kind === NAME) parameters.push(this.#declare(this.#lexer.name(), parameters.length + 1));
      else if (this.#lexer.accept('...')) {
        this.#scope.isVararg = true;
        return this.#declare('arg', parameters.length + 1);
      } else lexer.fail("<name> or '...' expected");
    } while (this.#lexer.accept(','));
    return null;
  }
}

/** `a .. b .. c` is one instruction, which stands where its last two operands are joined; null if nothing follows. */
function joinLine(operator: BinaryOperator, right: Expression): number | null {
  if (operator !== '..') return null;
  let joined = right;
  while (joined.kind === 'group') joined = joined.inner;
  return joined.kind === 'binary' && joined.operator === '..' ? joined.line : null;
}
