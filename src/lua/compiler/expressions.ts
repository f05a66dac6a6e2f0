/**
 * Writes expressions as JavaScript.
 *
 * An expression gives one value, a call or `...` where a list ends gives all of its. Operations with a fast way are
 * calls of small functions, which the engine inlines; what they need for an error is their site, a constant.
 *
 * In a suspendable function, the result of each call may be the rest of a call that waits: then `yield*` waits too.
 */
import { isMultiple, type Call, type Expression, type TableItem } from '../ast.ts';
import { type ChunkWriter, nameOf } from './chunk-writer.ts';
import { calledName } from '../site.ts';
import { constantNumber } from './constants.ts';
import { mark, operatorLine, replacedFrame, writeMarked } from './trace-marks.ts';

const ARITHMETIC = new Map([
  ['+', 'add'],
  ['-', 'sub'],
  ['*', 'mul'],
  ['/', 'div'],
  ['%', 'mod'],
  ['^', 'pow'],
  ['..', 'cat'],
]);
const COMPARISONS = new Map([
  ['<', 'lt'],
  ['<=', 'le'],
  ['>', 'gt'],
  ['>=', 'ge'],
]);

/** Writes an expression that gives one value. */
export function writeExpression(w: ChunkWriter, expression: Expression): void {
  const { out } = w;
  switch (expression.kind) {
    case 'nil':
      out.write('void 0');
      break;
    case 'true':
    case 'false':
      out.write(expression.kind);
      break;
    case 'number':
      if (expression.value === 0) writeZero(w, 0);
      else out.write(Number.isFinite(expression.value) ? String(expression.value) : '(1/0)');
      break;
    case 'string':
      out.write(JSON.stringify(expression.value));
      break;
    case 'vararg':
      out.write('$v[0]');
      break;
    case 'local-name':
      out.write(nameOf(expression.local));
      break;
    case 'function':
      writeMarked(w, expression.body.endLine, () => w.writeFunction(expression.body));
      break;
    case 'group':
      writeExpression(w, expression.inner);
      break;
    case 'function-call':
    case 'method-call':
      writeSingleCall(w, expression);
      break;
    case 'table':
      writeTable(w, expression.items);
      break;
    default: {
      const constant = constantNumber(expression);
      if (constant === 0) writeZero(w, constant);
      else writeOperation(w, expression);
    }
  }
}

/** All zeros of a function have the sign of its first one. */
function writeZero(w: ChunkWriter, value: number): void {
  w.out.write((w.fn.zero ??= zeroText(value)));
}

function zeroText(value: number): string {
  return Object.is(value, -0) ? '(-0)' : '0';
}

/** Of two constants that it does not fold, 0/0, Lua takes up the right one first. */
function noteRightZero(w: ChunkWriter, { operator, left, right }: Binary): void {
  if (operator === '..' || constantNumber(left) === null) return;
  const value = constantNumber(right);
  if (value === 0) w.fn.zero ??= zeroText(value);
}

type Operation = Extract<Expression, { kind: 'global' | 'index' | 'binary' | 'unary' }>;

function writeOperation(w: ChunkWriter, expression: Operation): void {
  const { out } = w;
  switch (expression.kind) {
    case 'global':
      writeMarked(w, expression.line, () => {
        w.noteOperator(expression.line);
        out.write(`glb(${JSON.stringify(expression.name)},${w.site(expression.line)})`);
      });
      break;
    case 'index':
      writeMarked(w, expression.line, () => writeIndex(w, expression.object, expression.key, expression.line));
      break;
    case 'unary':
      if (expression.operator === 'not') writeCondition(w, expression);
      else if (expression.operator === '-' && expression.operand.kind === 'number') {
        out.write('(-');
        writeExpression(w, expression.operand);
        out.write(')');
      } else {
        w.noteOperator(expression.line);
        out.write(expression.operator === '-' ? 'neg(' : 'len(');
        writeExpression(w, expression.operand);
        out.write(`,${w.site(expression.line, expression.operand)})`);
      }
      break;
    case 'binary':
      if (isBoolean(expression)) writeCondition(w, expression);
      else if (expression.operator === 'and' || expression.operator === 'or') writeChoice(w, expression);
      else {
        noteRightZero(w, expression);
        const site = w.site(expression.line, expression.left, expression.right);
        const line = w.traces ? operatorLine(expression) : null;
        const write = (): void => writeOperands(w, ARITHMETIC.get(expression.operator)!, expression, site);
        if (line === null) write();
        else writeMarked(w, line, write);
      }
  }
}

type Binary = Extract<Expression, { kind: 'binary' }>;

/** A number that stands in the source, with its sign; null if it is none. */
export function literal(expression: Expression): number | null {
  if (expression.kind === 'number') return Number.isFinite(expression.value) ? expression.value : null;
  if (expression.kind !== 'unary' || expression.operator !== '-' || expression.operand.kind !== 'number') return null;
  const value = literal(expression.operand);
  return value === null ? null : -value;
}

/** Operators that are the same in JavaScript, of numbers. */
const SHARED = new Set(['+', '-', '*', '/', '<', '<=', '>', '>=']);

/**
 * In a loop that is hot, an operator stands where it is used: there the optimizer learns what its operands are, and not
 * what they are in all scripts.
 */
function writeInline(w: ChunkWriter, name: string, { operator, left, right, line }: Binary, site: string): void {
  const { out } = w;
  const operands = [left, right].map((expression) => ({
    expression,
    kept: isRepeatable(expression) ? null : w.fn.take(),
  }));
  const write = (at: 0 | 1): void => {
    const { expression, kept } = operands[at]!;
    if (kept === null) writeExpression(w, expression);
    else out.write(kept);
  };
  out.write('(');
  for (const { expression, kept } of operands) {
    if (kept === null) continue;
    out.write(`${kept}=`);
    writeExpression(w, expression);
    out.write(',');
  }
  for (const at of [0, 1] as const) {
    if (isNumber(w, operands[at]!.expression)) continue;
    out.write('typeof ');
    write(at);
    out.write('!=="number"||');
  }
  out.write('false?');
  w.noteOperator(line);
  out.write(`${name}(`);
  write(0);
  out.write(',');
  write(1);
  out.write(`,${site}):`);
  write(0);
  // Two minus signs in a row would be something else.
  out.write(`${operator} `);
  write(1);
  out.write(')');
  w.fn.release(operands.filter(({ kept }) => kept !== null).length);
}

/** What costs nothing and does nothing when it is written twice. */
function isRepeatable(expression: Expression): boolean {
  return expression.kind === 'local-name' || literal(expression) !== null;
}

function isNumber(w: ChunkWriter, expression: Expression): boolean {
  if (expression.kind !== 'local-name') return literal(expression) !== null;
  return expression.local === w.fn.plainLoop && !expression.local.assigned;
}

function writeOperands(w: ChunkWriter, name: string, expression: Binary, site: string): void {
  const { left, right } = expression;
  if (w.fn.plainLoop !== null && SHARED.has(expression.operator)) {
    writeInline(w, name, expression, site);
    return;
  }
  w.noteOperator(expression.line);
  w.out.write(`${name}(`);
  writeExpression(w, left);
  w.out.write(',');
  writeExpression(w, right);
  w.out.write(site === '' ? ')' : `,${site})`);
}

function writeIndex(w: ChunkWriter, object: Expression, key: Expression, line: number): void {
  w.noteOperator(line);
  w.out.write(key.kind === 'string' ? 'fld(' : 'idx(');
  writeExpression(w, object);
  w.out.write(',');
  writeExpression(w, key);
  w.out.write(`,${w.site(line, object)})`);
}

/** `and`, `or`: the first operand, or the second if the first one does not decide. */
function writeChoice(w: ChunkWriter, { operator, left, right }: Binary): void {
  const kept = w.fn.take();
  w.out.write(`(truthy(${kept}=`);
  writeExpression(w, left);
  w.out.write(operator === 'and' ? ')?' : `)?${kept}:`);
  writeExpression(w, right);
  w.out.write(operator === 'and' ? `:${kept})` : ')');
  w.fn.release();
}

// --------------------------------------------------------------------------------------------------------- conditions

/** Whether an expression gives true or false, and nothing else. */
function isBoolean(expression: Expression): boolean {
  switch (expression.kind) {
    case 'true':
    case 'false':
      return true;
    case 'unary':
      return expression.operator === 'not';
    case 'binary':
      if (expression.operator === 'and' || expression.operator === 'or') {
        return isBoolean(expression.left) && isBoolean(expression.right);
      }
      return COMPARISONS.has(expression.operator) || expression.operator === '==' || expression.operator === '~=';
    case 'group':
      return isBoolean(expression.inner);
    default:
      return false;
  }
}

/** Writes what is true in JavaScript where the expression is neither nil nor false. */
export function writeCondition(w: ChunkWriter, expression: Expression): void {
  const { out } = w;
  if (expression.kind === 'group') {
    writeCondition(w, expression.inner);
  } else if (expression.kind === 'unary' && expression.operator === 'not') {
    out.write('!');
    writeCondition(w, expression.operand);
  } else if (expression.kind === 'binary' && (expression.operator === 'and' || expression.operator === 'or')) {
    out.write('(');
    writeCondition(w, expression.left);
    out.write(expression.operator === 'and' ? '&&' : '||');
    writeCondition(w, expression.right);
    out.write(')');
  } else if (expression.kind === 'binary' && isBoolean(expression)) {
    writeComparison(w, expression);
  } else if (expression.kind === 'true' || expression.kind === 'false') {
    out.write(expression.kind);
  } else {
    out.write('truthy(');
    writeExpression(w, expression);
    out.write(')');
  }
}

function writeComparison(w: ChunkWriter, expression: Binary): void {
  const { operator, left, right, line } = expression;
  const ordered = COMPARISONS.get(operator);
  if (ordered !== undefined) {
    writeOperands(w, ordered, expression, w.site(line));
    return;
  }
  if (isPrimitive(left) || isPrimitive(right)) {
    w.out.write('(');
    writeExpression(w, left);
    w.out.write(operator === '==' ? '===' : '!==');
    writeExpression(w, right);
    w.out.write(')');
    return;
  }
  if (operator === '~=') w.out.write('!');
  writeOperands(w, 'eq', expression, '');
}

/** Constants, which no metamethod compares. */
function isPrimitive({ kind }: Expression): boolean {
  return kind === 'nil' || kind === 'true' || kind === 'false' || kind === 'number' || kind === 'string';
}

// --------------------------------------------------------------------------------------------------------------- calls

/** Writes a call as it is: what it gives may be any of `Results`. */
export function writeCall(w: ChunkWriter, call: Call, isTail = false): void {
  const { out } = w;
  if (w.traces) {
    writeTracedCall(w, call, isTail);
    return;
  }
  if (call.kind === 'function-call') {
    const isLast = isTail && w.fn.isScript;
    out.write(isLast ? 'last(fn(' : 'fn(');
    writeExpression(w, call.callee);
    out.write(`,${w.site(call.line, call.callee)})${isLast ? ')' : ''}`);
    out.moveTo(call.line);
    w.noteCall(call.line, calledName(call.callee), false, isTail);
    out.write('(');
    writeList(w, call.args);
    out.write(')');
    return;
  }
  const self = w.fn.take();
  out.write('fn(');
  w.noteOperator(call.nameLine);
  out.write(`fld(${self}=`);
  writeExpression(w, call.object);
  out.write(`,${JSON.stringify(call.name)},${w.site(call.nameLine, call.object)}),`);
  out.write(`${w.namedSite(call.line, `method '${call.name}'`)})`);
  out.moveTo(call.line);
  w.noteCall(call.line, call.name, true, isTail);
  out.write(`(${self}`);
  if (call.args.length > 0) out.write(',');
  writeList(w, call.args);
  out.write(')');
  w.fn.release();
}

/** The same with a mark between the arguments and the call. */
function writeTracedCall(w: ChunkWriter, call: Call, isTail: boolean): void {
  const { out } = w;
  const callee = w.fn.take();
  const args = w.fn.take();
  const isMethod = call.kind === 'method-call';
  const name = isMethod ? call.name : calledName(call.callee);
  out.write(`(${callee}=`);
  if (isMethod) {
    out.write('fn(');
    w.noteOperator(call.nameLine);
    out.write(`fld(${args}=`);
    writeExpression(w, call.object);
    out.write(`,${JSON.stringify(call.name)},${w.site(call.nameLine, call.object)}),`);
    out.write(`${w.namedSite(call.line, `method '${call.name}'`)}),${args}=[${args},`);
  } else {
    out.write('fn(');
    writeExpression(w, call.callee);
    out.write(`,${w.site(call.line, call.callee)}),${args}=[`);
  }
  writeList(w, call.args);
  out.write(`],${mark(w, call.line)},`);
  out.write(`dbg.called(${callee},${JSON.stringify(name)},${replacedFrame(isTail)})`);
  out.moveTo(call.line);
  w.noteCall(call.line, name, isMethod, isTail);
  out.write(`(...${args}))`);
  w.fn.release(2);
}

function writeSingleCall(w: ChunkWriter, call: Call): void {
  if (!w.fn.isSuspendable) {
    noteWaiting(w, call, false);
    w.out.write('one(');
    writeCall(w, call);
    w.out.write(')');
    return;
  }
  const result = w.fn.take();
  w.out.write(`(plain(${result}=`);
  writeCall(w, call);
  w.out.write(`)?${result}:one(settled(${result})?${result}:yield*`);
  noteWaiting(w, call, false);
  w.out.write(`${result}))`);
  w.fn.release();
}

/** While a function waits for a call, or lets it come to its end, the stack shows it where it does. */
function noteWaiting(w: ChunkWriter, call: Call, isTail: boolean): void {
  if (!isTail && w.out.line === call.line) return;
  w.noteCall(call.line, call.kind === 'method-call' ? call.name : calledName(call.callee), false, isTail);
}

/**
 * Writes a call that waits where it has to, and gives one value or an array of them.
 * @param isTail it ends its function.
 */
export function writeSettledCall(w: ChunkWriter, call: Call, isTail = false): void {
  if (!w.fn.isSuspendable) {
    noteWaiting(w, call, isTail);
    w.out.write('settle(');
    writeCall(w, call);
    w.out.write(')');
    return;
  }
  const result = w.fn.take();
  w.out.write(`(settled(${result}=`);
  writeCall(w, call, isTail);
  w.out.write(`)?${result}:yield*`);
  noteWaiting(w, call, isTail);
  w.out.write(`${result})`);
  w.fn.release();
}

/** Writes items of an argument list or array: the last one spreads. */
export function writeList(w: ChunkWriter, expressions: readonly Expression[]): void {
  for (const [at, expression] of expressions.entries()) {
    if (at > 0) w.out.write(',');
    if (at === expressions.length - 1 && isMultiple(expression)) writeSpread(w, expression);
    else writeExpression(w, expression);
  }
}

function writeSpread(w: ChunkWriter, expression: Expression): void {
  if (expression.kind === 'vararg') {
    w.out.write('...$v');
    return;
  }
  w.out.write('...many(');
  writeSettledCall(w, expression as Call);
  w.out.write(')');
}

// -------------------------------------------------------------------------------------------------------------- tables

function writeTable(w: ChunkWriter, items: readonly TableItem[]): void {
  const { out } = w;
  const positional = items.filter(({ kind }) => kind === 'positional');
  const keyed = items.length - positional.length;
  if (keyed === 0) {
    out.write(`lst(${reservedFor(items)},[`);
    writeList(
      w,
      positional.map(({ value }) => value),
    );
    out.write('])');
    return;
  }
  const table = w.fn.take();
  const list = w.fn.take();
  out.write(`(${table}=tab(${reservedFor(items)},${roundedSize(keyed)}),`);
  if (positional.length > 0) out.write(`${list}=[],`);
  for (const item of items) {
    if (item.kind === 'keyed') writeField(w, table, item);
    else {
      out.write(`${list}.push(`);
      writeList(w, item === items.at(-1) ? [item.value] : [{ kind: 'group', inner: item.value }]);
      out.write('),');
    }
  }
  out.write(positional.length > 0 ? `fill(${table},${list}))` : `${table})`);
  w.fn.release(2);
}

function writeField(w: ChunkWriter, table: string, { key, value, line }: Extract<TableItem, { kind: 'keyed' }>): void {
  const isName = key.kind === 'string';
  w.out.write(isName ? `${table}.setString(` : `put(${table},`);
  writeExpression(w, key);
  w.out.write(',');
  writeExpression(w, value);
  w.out.write(isName ? '),' : `,${w.site(line)}),`);
}

/** Room in the array: Lua does not count a last item with any number of values. */
function reservedFor(items: readonly TableItem[]): number {
  const last = items.at(-1);
  const open = last !== undefined && last.kind === 'positional' && isMultiple(last.value) ? 1 : 0;
  return roundedSize(items.filter(({ kind }) => kind === 'positional').length - open);
}

/** Lua's instruction has one byte for a size, with three bits of precision (lobject.c luaO_int2fb). */
function roundedSize(size: number): number {
  let mantissa = size;
  let exponent = 0;
  while (mantissa >= 16) {
    mantissa = (mantissa + 1) >> 1;
    exponent++;
  }
  return mantissa * 2 ** exponent;
}
