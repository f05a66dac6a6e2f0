/**
 * `cjson.encode` (lua_cjson.c): a table whose keys are all whole numbers from 1 on is an array, any other an object, an
 * empty one too. Numbers have 14 significant digits at most. Strings are bytes: what is no control character stays.
 */
import { formatDoubleG } from '../../core/double.ts';
import type { LuaError } from '../lua-error.ts';
import { LuaTable } from '../table.ts';
import { type LuaValue, typeName } from '../value.ts';
import { libraryError } from './arguments.ts';
import { formatNumber, SIGNIFICANT_DIGITS } from '../numeral.ts';
import { JSON_NULL, type JsonSettings } from './json-settings.ts';

const INT_LIMIT = 2 ** 31;
const NO_ARRAY = -1;
// oxlint-disable-next-line no-control-regex -- control characters are what is escaped
const ESCAPED = /["\\/\x00-\x1f\x7f]/g;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '/': '\\/',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
};

export function encodeJson(value: LuaValue, settings: JsonSettings): string {
  const parts: string[] = [];
  new Encoder(settings, parts).write(value, 0);
  return parts.join('');
}

class Encoder {
  readonly #settings: JsonSettings;
  readonly #parts: string[];

  constructor(settings: JsonSettings, parts: string[]) {
    this.#settings = settings;
    this.#parts = parts;
  }

  write(value: LuaValue, depth: number): void {
    switch (typeof value) {
      case 'string':
        this.#parts.push(quote(value));
        break;
      case 'number':
        this.#parts.push(this.#number(value));
        break;
      case 'boolean':
        this.#parts.push(value ? 'true' : 'false');
        break;
      case 'undefined':
        this.#parts.push('null');
        break;
      default:
        if (value === JSON_NULL) this.#parts.push('null');
        else if (value instanceof LuaTable) this.#writeTable(value, depth + 1);
        else throw cannot(value, 'type not supported');
    }
  }

  #number(value: number): string {
    if (Number.isFinite(value)) {
      const precision = this.#settings.encodeNumberPrecision;
      return precision === SIGNIFICANT_DIGITS ? formatNumber(value) : formatDoubleG(value, precision);
    }
    switch (this.#settings.encodeInvalidNumbers) {
      case 'off':
        throw cannot(value, 'must not be NaN or Inf');
      case 'null':
        return 'null';
      default:
        if (Number.isNaN(value)) return 'nan';
        return value > 0 ? 'inf' : '-inf';
    }
  }

  #writeTable(table: LuaTable, depth: number): void {
    if (depth > this.#settings.encodeMaxDepth) {
      throw libraryError(`Cannot serialise, excessive nesting (${depth})`);
    }
    const length = this.#arrayLength(table);
    if (length > 0) this.#writeArray(table, length, depth);
    else this.#writeObject(table, depth);
  }

  /** The largest key of a table that is an array, 0 if it is empty. */
  #arrayLength(table: LuaTable): number {
    let largest = 0;
    let items = 0;
    for (let at = table.positionFrom(0); at >= 0; at = table.positionFrom(at + 1)) {
      const key = table.keyAt(at);
      if (typeof key !== 'number' || key < 1 || !Number.isInteger(key)) return NO_ARRAY;
      // In C it is an `int`, and what is too large for one becomes the least one.
      if (key > largest) largest = key < INT_LIMIT ? key : -INT_LIMIT;
      items++;
    }
    const { sparseRatio, sparseSafe, sparseConvert } = this.#settings;
    if (sparseRatio > 0 && largest > items * sparseRatio && largest > sparseSafe) {
      if (!sparseConvert) throw cannot(table, 'excessively sparse array');
      return NO_ARRAY;
    }
    return largest;
  }

  #writeArray(table: LuaTable, length: number, depth: number): void {
    for (let at = 1; at <= length; at++) {
      this.#parts.push(at === 1 ? '[' : ',');
      this.write(table.getNumber(at), depth);
    }
    this.#parts.push(']');
  }

  #writeObject(table: LuaTable, depth: number): void {
    let separator = '{';
    for (let at = table.positionFrom(0); at >= 0; at = table.positionFrom(at + 1)) {
      const key = table.keyAt(at);
      this.#parts.push(separator);
      separator = ',';
      if (typeof key === 'number') this.#parts.push(`"${this.#number(key)}":`);
      else if (typeof key === 'string') this.#parts.push(quote(key), ':');
      else throw cannot(key, 'table key must be a number or string');
      this.write(table.valueAt(at), depth);
    }
    this.#parts.push(separator === '{' ? '{}' : '}');
  }
}

function cannot(value: LuaValue, reason: string): LuaError {
  return libraryError(`Cannot serialise ${typeName(value)}: ${reason}`);
}

function quote(text: string): string {
  ESCAPED.lastIndex = 0;
  return ESCAPED.test(text) ? `"${text.replace(ESCAPED, escapeOne)}"` : `"${text}"`;
}

function escapeOne(character: string): string {
  return ESCAPES[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
