/** What `cjson` can be told: each copy that `cjson.new` gives has settings of its own. */
import type { Opaque } from '../value.ts';

/** `cjson.null`: nil cannot stand in a table. */
export const JSON_NULL: Opaque = Object.freeze({ luaType: 'userdata' });

export interface JsonSettings {
  /** Arrays that are too sparse become objects instead of errors. */
  sparseConvert: boolean;
  /** An array is too sparse if its largest key exceeds this times its items; 0 switches the check off. */
  sparseRatio: number;
  /** Up to this key, no array is too sparse. */
  sparseSafe: number;
  encodeMaxDepth: number;
  decodeMaxDepth: number;
  encodeInvalidNumbers: 'off' | 'on' | 'null';
  /** Infinity, NaN and hexadecimal numbers are read. */
  decodeInvalidNumbers: boolean;
  encodeKeepBuffer: boolean;
  encodeNumberPrecision: number;
}

export function defaultJsonSettings(): JsonSettings {
  return {
    sparseConvert: false,
    sparseRatio: 2,
    sparseSafe: 10,
    encodeMaxDepth: 1000,
    decodeMaxDepth: 1000,
    encodeInvalidNumbers: 'off',
    decodeInvalidNumbers: true,
    encodeKeepBuffer: true,
    encodeNumberPrecision: 14,
  };
}
