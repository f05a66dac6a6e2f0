/**
 * What a chunk that is compiled for a debugger says on its way; see tracer.ts.
 *
 * `$d` is the frame of a function. A mark tells on which line the script is and which locals can be seen there, and
 * yields if it has to stop. Marks stand where Lua's compiler would put an instruction on another line: in front of
 * statements, global names, fields and calls, and where loops turn. What is given up: operators and constants of an expression
 * that goes over several lines.
 */
import type { Expression, FunctionBody, Local, Statement } from '../ast.ts';
import { type ChunkWriter, nameOf } from './chunk-writer.ts';

/** Frames of functions in the output. */
const FRAME = '$d';

/** Something with a name that a debugger can show: a local of the script, or what a loop keeps for itself. */
export interface VisibleVariable {
  readonly name: string;
  /** In the output. */
  readonly variable: string;
}

export function visible(local: Local): VisibleVariable {
  return { name: local.name, variable: nameOf(local) };
}

/** An expression of the output. */
export function mark(w: ChunkWriter, line: number): string {
  const pairs = w.fn.visible.map(({ name, variable }) => `[${JSON.stringify(name)},${variable}]`);
  return `(dbg.at(${FRAME},${line},()=>[${pairs.join(',')}])&&(yield,dbg.resume()))`;
}

/** Writes a mark in front of an expression, which `write` writes. */
export function writeMarked(w: ChunkWriter, line: number, write: () => void): void {
  if (!w.traces) {
    write();
    return;
  }
  w.out.write(`(${mark(w, line)},`);
  write();
  w.out.write(')');
}

export function writeMark(w: ChunkWriter, line: number): void {
  if (w.traces) w.out.write(`${mark(w, line)};`);
}

export function markStatement(w: ChunkWriter, statement: Statement): void {
  // Locals are nil anyway when a function begins, and one instruction makes several nil.
  const isNil = statement.kind === 'local' && statement.values.length === 0;
  const isSilent = isNil && w.fn.isNilling;
  w.fn.isNilling = isNil;
  const line = w.traces && !isSilent ? firstLine(statement) : null;
  if (line !== null) writeMark(w, line);
}

/** In front of a condition that is not the first of its statement. */
export function markCondition(w: ChunkWriter, condition: Expression): void {
  const line = w.traces ? (lineOf(condition) ?? operatorLine(condition)) : null;
  if (line !== null) w.out.write(`${mark(w, line)},`);
}

/** Of operands that Lua needs no instruction for. */
export function operatorLine(expression: Expression): number | null {
  if (expression.kind === 'group') return operatorLine(expression.inner);
  if (expression.kind !== 'binary') return expression.kind === 'unary' ? expression.line : null;
  if (lineOf(expression) !== null) return null;
  return operatorLine(expression.left) ?? operatorLine(expression.right) ?? expression.line;
}

/** A loop begins anew: the line that comes next counts, whichever it is. */
export function writeTurn(w: ChunkWriter): void {
  if (w.traces) w.out.write(`${FRAME}.line=0;`);
}

/** Of a call that ends a function. */
export function replacedFrame(isTail: boolean): string {
  return isTail ? FRAME : 'null';
}

export function writeTracedHead(w: ChunkWriter, { parameters, argLocal }: FunctionBody): void {
  if (!w.traces) return;
  w.fn.visible.push(...parameters.map(visible));
  if (argLocal !== null) w.fn.visible.push(visible(argLocal));
  w.out.write(`const ${FRAME}=dbg.enter();try{`);
}

export function writeTracedEnd(w: ChunkWriter): void {
  if (w.traces) w.out.write(`}finally{dbg.leave(${FRAME});}`);
}

/** Runs `write` with variables that can be seen only there. */
export function withVisible(w: ChunkWriter, variables: readonly VisibleVariable[], write: () => void): void {
  const before = w.fn.visible.length;
  w.fn.visible.push(...variables);
  write();
  w.fn.visible.length = before;
}

/** A value that makes a loop go round without being asked after. */
export function isConstantlyTrue(condition: Expression): boolean {
  const { kind } = condition;
  return kind === 'true' || kind === 'number' || kind === 'string';
}

/** The line of the first instruction of a statement, or null if its parts say it. */
function firstLine(statement: Statement): number | null {
  switch (statement.kind) {
    case 'local-function':
      return statement.body.endLine;
    case 'local': {
      const [value] = statement.values;
      return value === undefined ? statement.line : (lineOf(value) ?? statement.line);
    }
    case 'assign': {
      const target = statement.targets[0]!;
      const object = target.kind === 'index' ? lineOf(target.object) : null;
      return object ?? lineOf(statement.values[0]!) ?? statement.line;
    }
    case 'return': {
      const [value] = statement.values;
      return value?.kind === 'function' ? value.body.endLine : statement.line;
    }
    case 'do':
    case 'repeat':
      return null;
    case 'while':
      return isConstantlyTrue(statement.condition) ? null : statement.line;
    default:
      return statement.line;
  }
}

/** The line on which the evaluation of an expression begins; null if it does not say. */
function lineOf(expression: Expression): number | null {
  switch (expression.kind) {
    case 'function':
      return expression.body.endLine;
    case 'global':
      return expression.line;
    case 'index':
      return lineOf(expression.object) ?? expression.line;
    case 'function-call':
      return lineOf(expression.callee) ?? expression.line;
    case 'method-call':
      return lineOf(expression.object) ?? expression.line;
    case 'binary':
      return lineOf(expression.left) ?? lineOf(expression.right);
    case 'unary':
      return lineOf(expression.operand);
    case 'group':
      return lineOf(expression.inner);
    default:
      return null;
  }
}
