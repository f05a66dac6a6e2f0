/**
 * What keeps scripts from each other: globals that nobody can change (script_lua.c luaSetTableProtectionRecursively).
 *
 * Reading a global that does not exist is an error, which finds most misspellings and forgotten `local`s.
 */
import type { Engine } from '../../lua/engine.ts';
import { libraryError } from '../../lua/library/arguments.ts';
import { toText } from '../../lua/metatables.ts';
import { LuaTable } from '../../lua/table.ts';
import type { LuaFunction, LuaValue } from '../../lua/value.ts';

/** Protects everything that can be reached from the globals. */
export function protect(engine: Engine): void {
  protectGlobals(engine.globals);
  lock(engine.globals, new Set());
  if (engine.metatables.string !== null) lock(engine.metatables.string, new Set());
}

export function protectGlobals(globals: LuaTable): void {
  const metatable = new LuaTable();
  metatable.setString('__index', readMissing);
  globals.metatable = metatable;
}

const readMissing: LuaFunction = (_table: LuaValue, name: LuaValue) => {
  throw libraryError(`Script attempted to access nonexistent global variable '${toText(name) ?? ''}'`);
};

function lock(table: LuaTable, seen: Set<LuaTable>): void {
  if (seen.has(table)) return;
  seen.add(table);
  for (let at = table.positionFrom(0); at >= 0; at = table.positionFrom(at + 1)) {
    const value = table.valueAt(at);
    if (value instanceof LuaTable) lock(value, seen);
  }
  if (table.metatable !== null) lock(table.metatable, seen);
  table.isReadOnly = true;
}
