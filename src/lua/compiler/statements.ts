/** Writes statements as JavaScript. */
import { type Block, type Expression, isMultiple, type Local, type Statement, type Target } from '../ast.ts';
import { type ChunkWriter, incomingNameOf, nameOf } from './chunk-writer.ts';
import { localsChangedWithoutCalls } from './plain-loops.ts';
import {
  isConstantlyTrue,
  mark,
  markCondition,
  markStatement,
  visible,
  type VisibleVariable,
  withVisible,
  writeMark,
  writeTurn,
} from './trace-marks.ts';
import { literal, writeCall, writeCondition, writeExpression, writeList, writeSettledCall } from './expressions.ts';

/** What Lua calls the function that a loop walks by. */
const FOR_GENERATOR = '(for generator)';

/** @param writeEnd what follows and still sees its locals. */
export function writeBlock(w: ChunkWriter, block: Block, writeEnd?: () => void): void {
  const outer = w.fn.visible.length;
  for (const statement of block.statements) {
    w.out.moveTo(statement.kind === 'assign' ? statement.firstLine : statement.line);
    markStatement(w, statement);
    writeStatement(w, statement);
    if (statement.kind === 'local') w.fn.visible.push(...statement.locals.map(visible));
    else if (statement.kind === 'local-function') w.fn.visible.push(visible(statement.local));
  }
  writeEnd?.();
  w.fn.visible.length = outer;
}

function writeBraced(w: ChunkWriter, block: Block): void {
  w.out.write('{');
  writeBlock(w, block);
  w.out.write('}');
}

function writeStatement(w: ChunkWriter, statement: Statement): void {
  const { out } = w;
  switch (statement.kind) {
    case 'local':
      writeLocal(w, statement.locals, statement.values);
      break;
    case 'local-function':
      out.write(`let ${nameOf(statement.local)}=`);
      w.writeFunction(statement.body);
      out.write(';');
      break;
    case 'assign':
      writeAssignment(w, statement);
      writeMark(w, statement.line);
      break;
    case 'call':
      out.write(w.fn.isSuspendable ? '' : 'void ');
      writeSettledCall(w, statement.call);
      out.write(';');
      break;
    case 'do':
      writeBraced(w, statement.body);
      break;
    case 'if':
      writeIf(w, statement);
      break;
    case 'return':
      writeReturn(w, statement.values);
      break;
    case 'break':
      out.write('break;');
      break;
    default:
      writeLoop(w, statement);
  }
}

type Of<K extends Statement['kind']> = Extract<Statement, { kind: K }>;

function writeIf(w: ChunkWriter, { branches, otherwise }: Of<'if'>): void {
  for (const [at, { condition, body }] of branches.entries()) {
    w.out.write(at === 0 ? 'if(' : 'else if(');
    if (at > 0) markCondition(w, condition);
    writeCondition(w, condition);
    w.out.write(')');
    writeBraced(w, body);
  }
  if (otherwise === null) return;
  w.out.write('else');
  writeBraced(w, otherwise);
}

/** The results of one call are returned as they are; it may be one that waits. */
function writeReturn(w: ChunkWriter, values: readonly Expression[]): void {
  const { out } = w;
  const [first] = values;
  if (first === undefined) {
    out.write('return none;');
    return;
  }
  if (isSelfCall(w, values)) {
    writeSelfCall(w, (first as Extract<Expression, { kind: 'function-call' }>).args);
    return;
  }
  out.write('return(');
  if (values.length > 1 || first.kind === 'vararg') {
    const isOpen = isMultiple(values.at(-1)!);
    out.write(isOpen ? 'results([' : '[');
    writeList(w, values);
    out.write(isOpen ? '])' : ']');
  } else if (first.kind !== 'function-call' && first.kind !== 'method-call') writeExpression(w, first);
  else if (w.fn.isSuspendable) writeSettledCall(w, first, true);
  else {
    out.write('tail(');
    writeCall(w, first, true);
    out.write(')');
  }
  out.write(');');
}

function isSelfCall(w: ChunkWriter, [call, ...others]: readonly Expression[]): boolean {
  if (w.fn.self === null || others.length > 0 || call?.kind !== 'function-call') return false;
  const { callee, args } = call;
  if (callee.kind !== 'local-name' || callee.local !== w.fn.self) return false;
  return args.length === 0 || !isMultiple(args.at(-1)!);
}

/** The next turn of a function that is a loop. */
function writeSelfCall(w: ChunkWriter, args: readonly Expression[]): void {
  const { out } = w;
  const list = w.fn.take();
  out.write(`${list}=[`);
  writeList(w, args);
  out.write('];');
  for (const [at, local] of w.fn.parameters.entries()) out.write(`${incomingNameOf(local)}=${list}[${at}];`);
  out.write('continue again;');
  w.fn.release();
}

// ------------------------------------------------------------------------------------------------------------ variables

function writeLocal(w: ChunkWriter, locals: readonly Local[], values: readonly Expression[]): void {
  const { out } = w;
  const last = values.at(-1);
  if (last !== undefined && isMultiple(last) && values.length < locals.length) {
    const list = w.fn.take();
    out.write(`${list}=[`);
    writeList(w, values);
    out.write('];let ');
    out.write(locals.map((local, at) => `${nameOf(local)}=${list}[${at}]`).join(','));
    out.write(';');
    w.fn.release();
    return;
  }
  out.write('let ');
  for (const [at, local] of locals.entries()) {
    out.write(`${at === 0 ? '' : ','}${nameOf(local)}`);
    const value = values[at];
    if (value === undefined) continue;
    out.write('=');
    writeExpression(w, value);
  }
  out.write(';');
  for (const value of values.slice(locals.length)) {
    out.write('void ');
    writeExpression(w, value);
    out.write(';');
  }
}

function writeAssignment(w: ChunkWriter, statement: Of<'assign'>): void {
  const { targets, values, firstLine, line } = statement;
  const [target] = targets;
  const [value] = values;
  // What stands on several lines has calls on lines of their own, and a handler of the assignment sees the last one.
  if (targets.length > 1 || values.length > 1 || (firstLine < line && target!.kind === 'index')) {
    writeParallelAssignment(w, statement);
    return;
  }
  writeStore(w, target!, () => writeExpression(w, value!));
  w.out.write(';');
}

/** Writes the storing of a value. `object` and `key` are what was taken of an indexed target before. */
function writeStore(w: ChunkWriter, target: Target, writeValue: () => void, object = '', key = ''): void {
  const { out } = w;
  if (target.kind === 'local-name') {
    out.write(`${nameOf(target.local)}=`);
    writeValue();
    return;
  }
  w.noteOperator(target.line);
  if (target.kind === 'global') {
    out.write(`setglb(${JSON.stringify(target.name)},`);
    writeValue();
    out.write(`,${w.site(target.line)})`);
    return;
  }
  out.write(target.key.kind === 'string' ? 'setfld(' : 'setidx(');
  if (object === '') writeExpression(w, target.object);
  else out.write(object);
  out.write(',');
  if (key === '') writeExpression(w, target.key);
  else out.write(key);
  out.write(',');
  writeValue();
  out.write(`,${w.site(target.line, target.object)})`);
}

/** Everything on both sides is evaluated first; then the last target is assigned first. */
function writeParallelAssignment(w: ChunkWriter, { targets, values, line }: Of<'assign'>): void {
  const { out } = w;
  const taken = targets.map((target) => {
    if (target.kind !== 'index') return { target, object: '', key: '' };
    const object = w.fn.take();
    out.write(`${object}=`);
    writeExpression(w, target.object);
    out.write(';');
    const key = w.fn.take();
    out.write(`${key}=`);
    writeExpression(w, target.key);
    out.write(';');
    return { target, object, key };
  });
  const list = w.fn.take();
  out.write(`${list}=[`);
  writeList(w, values);
  out.write('];');
  out.moveTo(line);
  for (const [at, { target, object, key }] of [...taken.entries()].reverse()) {
    writeStore(w, target, () => out.write(`${list}[${at}]`), object, key);
    out.write(';');
  }
  w.fn.release(1 + 2 * taken.filter(({ object }) => object !== '').length);
}

// ---------------------------------------------------------------------------------------------------------------- loops

function writeLoop(w: ChunkWriter, statement: Of<'while' | 'repeat' | 'numeric-for' | 'generic-for'>): void {
  const { out } = w;
  switch (statement.kind) {
    case 'while':
      out.write('while(');
      if (w.traces && !isConstantlyTrue(statement.condition)) out.write(`${mark(w, statement.line)},`);
      writeCondition(w, statement.condition);
      out.write('){');
      writeLoopBody(w, statement.body);
      writeTurn(w);
      out.write('}');
      break;
    case 'repeat':
      out.write('for(;;){');
      writeLoopBody(w, statement.body, () => {
        writeMark(w, statement.endLine);
        out.write('if(');
        writeCondition(w, statement.condition);
        out.write(')break;');
      });
      writeTurn(w);
      out.write('}');
      break;
    case 'numeric-for':
      writeNumericFor(w, statement);
      break;
    case 'generic-for':
      writeGenericFor(w, statement);
  }
}

/** The back edge is where a script gives way. */
function writeLoopBody(w: ChunkWriter, body: Block, writeEnd?: () => void): void {
  w.out.write('if(--pace.fuel<0&&pace.isOver())yield;');
  writeBlock(w, body, writeEnd);
}

/** A number as it stands in the source, or null. @param expression null for a step that is not given. */
function literalText(expression: Expression | null): string | null {
  const value = expression === null ? 1 : literal(expression);
  return value === null ? null : `(${value})`;
}

/** The names of a loop's numbers; one that stands in the source has none, and is written as it stands. */
interface LoopNumbers {
  readonly index: string;
  readonly limit: string;
  readonly step: string;
}

/** What the optimizer can see in the source it need not find out: a loop with a constant step is four times as fast. */
function writeNumericFor(w: ChunkWriter, statement: Of<'numeric-for'>): void {
  const { out } = w;
  const id = w.unique();
  const numbers = {
    index: `i${id}`,
    limit: literalText(statement.limit) ?? `l${id}`,
    step: literalText(statement.step) ?? `t${id}`,
  };
  writeBounds(w, statement, numbers);
  const { index, limit, step } = numbers;
  const variable = `let ${nameOf(statement.variable)}=${index};`;
  const changed =
    w.fn.isSuspendable && !w.traces ? localsChangedWithoutCalls(statement.body, statement.variable) : null;
  if (changed === null) {
    out.write(`for(;${insideLoop(statement, numbers)};${index}+=${step}){${variable}`);
    const hidden = [
      { name: '(for index)', variable: index },
      { name: '(for limit)', variable: limit },
      { name: '(for step)', variable: step },
    ];
    writeTracedBody(w, statement, hidden, [statement.variable]);
    out.write('}}');
    return;
  }
  // The loop that is hot does not contain the yield: the optimizer knows nothing of what comes back after one. What
  // are numbers before it starts is said to be numbers, and turns are counted in a local, so that nothing of it needs
  // memory. Whenever the fuel is used up it is left, so that all around it has run when it is optimized.
  const fuel = `u${id}`;
  const constant = `d${id}`;
  out.write(`for(;;){${index}=+${index};`);
  if (limit === `l${id}`) out.write(`${limit}=+${limit};`);
  if (step === `t${id}`) out.write(`const ${constant}=+${step};`);
  for (const name of changed.map(nameOf)) out.write(`${name}=typeof ${name}==="number"?+${name}:same(${name});`);
  const turn = { ...numbers, step: step === `t${id}` ? constant : step };
  out.write(`let ${fuel}=pace.fuel;for(;${insideLoop(statement, turn)};${index}+=${turn.step}){`);
  out.write(`if(--${fuel}<0)break;${variable}`);
  w.fn.plainLoop = statement.variable;
  writeBlock(w, statement.body);
  w.fn.plainLoop = null;
  out.write(`}pace.fuel=${fuel};if(${fuel}>=0)break;if(pace.isOver())yield;}}`);
}

/** The condition of a turn. */
function insideLoop(statement: Of<'numeric-for'>, { index, limit, step }: LoopNumbers): string {
  const forwards = `${index}<=${limit}`;
  const backwards = `${index}>=${limit}`;
  const known = statement.step === null ? 1 : literal(statement.step);
  if (known !== null) return known > 0 ? forwards : backwards;
  return `(${step}>0?${forwards}:${backwards})`;
}

/**
 * Declares the variables of a loop and checks that they are numbers. Lua takes one step back before the loop and one
 * forward at each turn, which rounds.
 */
function writeBounds(w: ChunkWriter, statement: Of<'numeric-for'>, { index, limit, step }: LoopNumbers): void {
  const { out } = w;
  const variables = [index];
  out.write(`{let ${index}=`);
  writeExpression(w, statement.start);
  for (const [name, value] of [
    [limit, statement.limit],
    [step, statement.step],
  ] as const) {
    if (value === null || literal(value) !== null) continue;
    out.write(`,${name}=`);
    writeExpression(w, value);
    variables.push(name);
  }
  out.write(`;if(${variables.map((name) => `typeof ${name}!=="number"`).join('||')})`);
  // A limit between two variables has to be skipped.
  const [, ...others] = variables;
  const target = others.length === 1 && others[0] === step ? `${index},,${step}` : variables.join(',');
  out.write(`[${target}]=bounds(${index},${limit},${step},${w.site(statement.doLine)});`);
  out.write(`${index}=${index}-${step}+${step};`);
}

/** Tables are walked without calling `next` each time; see walk.ts. */
function writeGenericFor(w: ChunkWriter, statement: Of<'generic-for'>): void {
  const { out } = w;
  const id = w.unique();
  const [iterator, state, control, walk] = [`f${id}`, `q${id}`, `c${id}`, `w${id}`];
  const variables = statement.variables.map(nameOf);
  const [key, value] = variables;
  out.write(`{let [${iterator},${state},${control}]=[`);
  writeList(w, statement.values);
  out.write(`];const ${walk}=walker(${iterator},${state},${control});for(;;){let ${variables.join(',')};`);
  out.write(`if(${walk}!==null){if(!${walk}.step())break;${key}=${walk}.key;`);
  if (value !== undefined) out.write(`${value}=${walk}.value;`);
  const result = w.fn.take();
  out.write(`}else{${result}=fn(${iterator},${w.site(statement.line)})`);
  out.moveTo(statement.line);
  w.noteCall(statement.line, FOR_GENERATOR, false, false);
  out.write(`(${state},${control});${result}=many(settled(${result})?${result}:yield*`);
  w.noteCall(statement.line, FOR_GENERATOR, false, false);
  out.write(`${result});`);
  out.write(variables.map((variable, at) => `${variable}=${result}[${at}];`).join(''));
  out.write(`if(${key}===void 0)break;${control}=${key};}`);
  w.fn.release();
  const hidden = [
    { name: FOR_GENERATOR, variable: iterator },
    { name: '(for state)', variable: state },
    { name: '(for control)', variable: key! },
  ];
  writeTracedBody(w, statement, hidden, statement.variables);
  out.write('}}');
}

/** The body of a loop with variables: what the loop keeps for itself is still there when it turns. */
function writeTracedBody(
  w: ChunkWriter,
  { body, line }: Of<'numeric-for' | 'generic-for'>,
  hidden: readonly VisibleVariable[],
  variables: readonly Local[],
): void {
  writeTurn(w);
  withVisible(w, hidden, () => {
    withVisible(w, variables.map(visible), () => writeLoopBody(w, body));
    writeMark(w, line);
  });
}
