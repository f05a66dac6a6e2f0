/** Writes functions as JavaScript: generators if they are suspendable. */
import type { FunctionBody } from '../ast.ts';
import { type ChunkWriter, nameOf } from './chunk-writer.ts';
import { FunctionState } from './function-state.ts';
import { writeBlock } from './statements.ts';

export function writeFunction(w: ChunkWriter, body: FunctionBody): void {
  const { out } = w;
  const outer = w.fn;
  w.fn = new FunctionState(w.isSuspendable(body), body.isVararg);
  const parameters = body.parameters.map(nameOf);
  if (body.isVararg) parameters.push('...$v');
  out.write(`function${w.fn.isSuspendable ? '*' : ''}(${parameters.join(',')}){`);
  if (body.argLocal !== null) out.write(`let ${nameOf(body.argLocal)}${body.usesVararg ? '' : '=pack($v)'};`);
  writeBlock(w, body.block);
  if (!endsWithReturn(body)) out.write('return none;');
  out.write(`${w.fn.declaration}}`);
  w.fn = outer;
}

function endsWithReturn({ block }: FunctionBody): boolean {
  return block.statements.at(-1)?.kind === 'return';
}
