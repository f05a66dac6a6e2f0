/**
 * Metatables and what operations do when their operands have no meaning of their own (manual section 2.8; lvm.c,
 * ldebug.c): the slow ways of operations.ts, and their errors.
 */
import { LuaError, type Position } from './lua-error.ts';
import { formatNumber, parseNumeral } from './numeral.ts';
import type { Site } from './site.ts';
import { currentPosition } from './stack.ts';
import { isOpaque, type Pace } from './suspension.ts';
import { LuaTable } from './table.ts';
import { type LuaFunction, type LuaValue, type Results, typeName } from './value.ts';

/** As MAXTAGLOOP. */
const INDEX_LOOPS_MAX = 100;

/** An error at an operation. */
export function errorAt(site: Position, text: string): LuaError {
  return new LuaError(`${site.chunkName}:${site.line}: ${text}`, site);
}

/** Texts of numbers count as numbers. @returns undefined for what is none. */
export function toNumber(value: LuaValue): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' ? (parseNumeral(value) ?? undefined) : undefined;
}

/** Numbers count as their texts. @returns undefined for what is neither. */
export function toText(value: LuaValue): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? formatNumber(value) : undefined;
}

export class Metatables {
  /** Of all strings. */
  string: LuaTable | null = null;
  readonly #pace: Pace;

  constructor(pace: Pace) {
    this.#pace = pace;
  }

  of(value: LuaValue): LuaTable | null {
    if (value instanceof LuaTable) return value.metatable;
    return typeof value === 'string' ? this.string : null;
  }

  handler(value: LuaValue, event: string): LuaValue {
    return this.of(value)?.getString(event);
  }

  // ---------------------------------------------------------------------------------------------------------- calling

  /** What a call of a value calls. @returns a function, which throws if the value cannot be called. */
  callable(value: LuaValue, site: Site): LuaFunction {
    const handler = this.handler(value, '__call');
    if (typeof handler === 'function') return (...args: LuaValue[]) => handler(value, ...args);
    return () => {
      throw this.#typeError('call', value, site.left, site);
    };
  }

  /** Calls a value from a library function; the result may be a call that waits. The name matters: see stack.ts. */
  callFromLibrary(value: LuaValue, args: readonly LuaValue[]): Results {
    return this.begin(value, args, null);
  }

  /** The same for a library function that cannot wait: the first result. The name matters here, too. */
  finishFromLibrary(value: LuaValue, args: readonly LuaValue[]): LuaValue {
    return this.one(this.begin(value, args, null));
  }

  /** Calls a value; the result may be a call that waits. @param site of the operator, or null in a library function. */
  begin(value: LuaValue, args: readonly LuaValue[], site: Position | null): Results {
    if (typeof value === 'function') return value(...args);
    const handler = this.handler(value, '__call');
    if (typeof handler === 'function') return handler(value, ...args);
    throw this.#error(site, `attempt to call a ${typeName(value)} value`);
  }

  /** The first result. */
  one(result: Results): LuaValue {
    if (typeof result !== 'object' || result instanceof LuaTable) return result;
    if (Array.isArray(result)) return result[0] as LuaValue;
    if (isOpaque(result)) return result;
    return this.one(this.#pace.drain(result as Exclude<typeof result, readonly LuaValue[]>));
  }

  many(result: Results): readonly LuaValue[] {
    const end = this.settle(result);
    return Array.isArray(end) ? (end as LuaValue[]) : [end as LuaValue];
  }

  settle(result: Results): LuaValue | readonly LuaValue[] {
    if (typeof result !== 'object' || result instanceof LuaTable || Array.isArray(result)) return result as LuaValue;
    if (isOpaque(result)) return result;
    return this.#pace.drain(result as Exclude<typeof result, readonly LuaValue[]>);
  }

  // --------------------------------------------------------------------------------------------------------- indexing

  index(object: LuaValue, key: LuaValue, site: Site | null): LuaValue {
    let at = object;
    for (let loop = 0; loop < INDEX_LOOPS_MAX; loop++) {
      let handler: LuaValue;
      if (at instanceof LuaTable) {
        const value = at.get(key);
        if (value !== undefined || at.metatable === null) return value;
        handler = at.metatable.getString('__index');
        if (handler === undefined) return undefined;
      } else {
        handler = this.handler(at, '__index');
        if (handler === undefined)
          throw this.#typeError('index', at, loop === 0 && site !== null ? site.left : '', site);
      }
      if (typeof handler === 'function') return this.one(handler(at, key));
      at = handler;
    }
    throw this.#error(site, 'loop in gettable');
  }

  setIndex(object: LuaValue, key: LuaValue, value: LuaValue, site: Site | null): void {
    let at = object;
    for (let loop = 0; loop < INDEX_LOOPS_MAX; loop++) {
      let handler: LuaValue;
      if (at instanceof LuaTable) {
        handler = at.metatable?.getString('__newindex');
        if (handler === undefined || at.get(key) !== undefined) {
          this.#store(at, key, value, site);
          return;
        }
        // Lua has made the place by then (luaH_set), which can change the order of the others.
        this.#store(at, key, undefined, site);
      } else {
        handler = this.handler(at, '__newindex');
        if (handler === undefined)
          throw this.#typeError('index', at, loop === 0 && site !== null ? site.left : '', site);
      }
      if (typeof handler === 'function') {
        this.settle(handler(at, key, value));
        return;
      }
      at = handler;
    }
    throw this.#error(site, 'loop in settable');
  }

  #store(table: LuaTable, key: LuaValue, value: LuaValue, site: Site | null): void {
    if (table.isReadOnly) throw this.#error(site, 'Attempt to modify a readonly table');
    this.checkKey(key, site);
    table.set(key, value);
  }

  checkKey(key: LuaValue, site: Site | null): void {
    if (key === undefined) throw this.#error(site, 'table index is nil');
    if (Number.isNaN(key)) throw this.#error(site, 'table index is NaN');
  }

  #error(site: Position | null, text: string): LuaError {
    if (site !== null) return errorAt(site, text);
    // In a library function, Lua does not say where.
    return new LuaError(text, currentPosition());
  }

  /** @param name as the source calls the value, or ''. */
  #typeError(verb: string, value: LuaValue, name: string, site: Site | null): LuaError {
    const kind = `a ${typeName(value)} value`;
    return this.#error(site, `attempt to ${verb} ${name === '' ? kind : `${name} (${kind})`}`);
  }

  // ------------------------------------------------------------------------------------------------------- operators

  #operate(left: LuaValue, right: LuaValue, event: string, site: Site): Results | null {
    let handler = this.handler(left, event);
    if (handler === undefined) handler = this.handler(right, event);
    return handler === undefined ? null : this.one(this.begin(handler, [left, right], site));
  }

  /** Arithmetic on what are not two numbers. @param compute what the operator does with numbers. */
  arithmetic(
    left: LuaValue,
    right: LuaValue,
    event: string,
    compute: (left: number, right: number) => number,
    site: Site,
  ): LuaValue {
    const first = toNumber(left);
    const second = toNumber(right);
    if (first !== undefined && second !== undefined) return compute(first, second);
    const result = this.#operate(left, right, event, site);
    if (result !== null) return result as LuaValue;
    const [culprit, name] = first === undefined ? [left, site.left] : [right, site.right];
    throw this.#typeError('perform arithmetic on', culprit, name, site);
  }

  concatenate(left: LuaValue, right: LuaValue, site: Site): LuaValue {
    const first = toText(left);
    const second = toText(right);
    if (first !== undefined && second !== undefined) return join(first, second, site);
    const result = this.#operate(left, right, '__concat', site);
    if (result !== null) return result as LuaValue;
    const [culprit, name] = first === undefined ? [left, site.left] : [right, site.right];
    throw this.#typeError('concatenate', culprit, name, site);
  }

  lengthOf(value: LuaValue, site: Site): LuaValue {
    const handler = this.handler(value, '__len');
    if (handler !== undefined) return this.one(this.begin(handler, [value], site));
    throw this.#typeError('get length of', value, site.left, site);
  }

  // ------------------------------------------------------------------------------------------------------ comparisons

  /** Two tables, not the same: equal if they share a handler that says so. */
  tablesEqual(left: LuaTable, right: LuaTable): boolean {
    const handler = this.#shared(left, right, '__eq');
    if (handler === undefined) return false;
    const site = typeof handler === 'function' ? null : currentPosition();
    return isTrue(this.one(this.begin(handler, [left, right], site)));
  }

  /** `left < right` for what are neither two numbers nor two strings. */
  less(left: LuaValue, right: LuaValue, site: Site | null): boolean {
    const handler = this.#comparable(left, right, '__lt', site);
    return isTrue(this.one(this.begin(handler, [left, right], site)));
  }

  /** Without `__le`, `not (right < left)` is asked for. */
  lessOrEqual(left: LuaValue, right: LuaValue, site: Site | null): boolean {
    const handler = typeName(left) === typeName(right) ? this.#shared(left, right, '__le') : undefined;
    if (handler !== undefined) return isTrue(this.one(this.begin(handler, [left, right], site)));
    return !isTrue(this.one(this.begin(this.#comparable(left, right, '__lt', site), [right, left], site)));
  }

  #comparable(left: LuaValue, right: LuaValue, event: string, site: Site | null): LuaValue {
    const [first, second] = [typeName(left), typeName(right)];
    const handler = first === second ? this.#shared(left, right, event) : undefined;
    if (handler !== undefined) return handler;
    // Lua takes types with the same third letter for the same: a thread and a string, too.
    const what = first[2] === second[2] ? `two ${first} values` : `${first} with ${second}`;
    throw this.#error(site, `attempt to compare ${what}`);
  }

  /** Both operands must have the same handler. */
  #shared(left: LuaValue, right: LuaValue, event: string): LuaValue {
    const handler = this.handler(left, event);
    return handler !== undefined && handler === this.handler(right, event) ? handler : undefined;
  }
}

export function isTrue(value: LuaValue): boolean {
  return value !== undefined && value !== false;
}

/** Joins two strings; one that would be too long is an error, as memory that is not there. */
export function join(left: string, right: string, site: Site | null): string {
  try {
    return left + right;
  } catch (error) {
    if (error instanceof RangeError) throw new LuaError('not enough memory', site ?? currentPosition());
    throw error;
  }
}
