/**
 * Which functions of a script are the same each time it runs.
 *
 * A script of some size begins by declaring functions, and to make some dozens of closures takes a good part of what
 * a short run takes. But a local function that refers to nothing of its run is made in the first one and stays: its
 * upvalues are other such functions, constants, and what is taken from a library, which nobody can change.
 * Only what stands in the main block counts, outside of loops, since there a function is made once in a run: no script
 * can tell that it was made before.
 *
 * What it refers to are the variables of the first run, so all that closures share in that one stay with it.
 */
import type { Expression, FunctionBody, Local, Statement } from '../ast.ts';
import { constantNumber } from './constants.ts';

/** Tables of functions, and functions, that no script can assign to. */
const LIBRARIES: ReadonlySet<string> = new Set(
  (
    'redis server cjson cmsgpack string table math struct bit coroutine ' +
    'assert error ipairs next pairs pcall rawequal rawget rawset select tonumber tostring type unpack xpcall'
  ).split(' '),
);

/** @returns the bodies of those functions. */
export function findSharedFunctions(main: FunctionBody): ReadonlySet<FunctionBody> {
  const shared = new Set<FunctionBody>();
  /** Locals that have the same value each time. */
  const fixed = new Set<Local>();
  for (const statement of main.block.statements) {
    for (const [local, value] of declarationsOf(statement)) {
      if (local.assigned) continue;
      if (value.kind !== 'function') {
        if (isFixed(value, fixed)) fixed.add(local);
        continue;
      }
      const itself = statement.kind === 'local-function' ? local : null;
      if (![...value.body.upvalues].every((upvalue) => upvalue === itself || fixed.has(upvalue))) continue;
      shared.add(value.body);
      fixed.add(local);
    }
  }
  return shared;
}

function declarationsOf(statement: Statement): readonly (readonly [Local, Expression])[] {
  if (statement.kind === 'local-function') return [[statement.local, { kind: 'function', body: statement.body }]];
  if (statement.kind !== 'local' || statement.values.length !== statement.locals.length) return [];
  return statement.locals.map((local, at) => [local, statement.values[at]!]);
}

function isFixed(value: Expression, fixed: ReadonlySet<Local>): boolean {
  switch (value.kind) {
    case 'nil':
    case 'true':
    case 'false':
    case 'string':
      return true;
    case 'local-name':
      return fixed.has(value.local);
    case 'global':
      return LIBRARIES.has(value.name);
    case 'index':
      return value.key.kind === 'string' && value.object.kind === 'global' && LIBRARIES.has(value.object.name);
    case 'group':
      return isFixed(value.inner, fixed);
    default:
      return constantNumber(value) !== null;
  }
}
