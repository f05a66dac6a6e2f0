/** Writes functions as JavaScript: generators if they are suspendable. */
import type { FunctionBody } from '../ast.ts';
import { type ChunkWriter, incomingNameOf, nameOf } from './chunk-writer.ts';
import { FunctionState } from './function-state.ts';
import { writeBlock } from './statements.ts';
import { writeMark, writeTracedEnd, writeTracedHead, writeTurn } from './trace-marks.ts';

export function writeFunction(w: ChunkWriter, body: FunctionBody): void {
  const { out } = w;
  const outer = w.fn;
  const self = w.selfOf(body);
  w.fn = new FunctionState(w.isSuspendable(body), self, body.parameters, w.isScript(body));
  const parameters = body.parameters.map(self === null ? nameOf : incomingNameOf);
  if (body.isVararg) parameters.push('...$v');
  const sharedName = w.takeSharedName(body);
  if (sharedName !== null) out.write(`(${sharedName}??=`);
  out.write(`${w.traces ? 'dbg.made(' : ''}function${w.fn.isSuspendable ? '*' : ''}(${parameters.join(',')}){`);
  if (body.argLocal !== null) out.write(`let ${nameOf(body.argLocal)}${body.usesVararg ? '' : '=pack($v)'};`);
  writeTracedHead(w, body);
  if (self !== null) writeLoopHead(w, body);
  writeBlock(w, body.block);
  if (!endsWithReturn(body)) {
    writeMark(w, body.endLine);
    out.write('return none;');
  }
  if (self !== null) out.write('}');
  writeTracedEnd(w);
  out.write(`${w.fn.declaration}}${w.traces || sharedName !== null ? ')' : ''}`);
  w.fn = outer;
}

/** Each turn has parameters of its own, since closures may keep them. */
function writeLoopHead(w: ChunkWriter, { parameters }: FunctionBody): void {
  w.out.write('again:for(;;){if(--pace.fuel<0&&pace.isOver())yield;');
  writeTurn(w);
  if (parameters.length === 0) return;
  w.out.write(`let ${parameters.map((local) => `${nameOf(local)}=${incomingNameOf(local)}`).join(',')};`);
}

function endsWithReturn({ block }: FunctionBody): boolean {
  return block.statements.at(-1)?.kind === 'return';
}
