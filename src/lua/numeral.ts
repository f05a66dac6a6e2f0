/**
 * Numbers as texts (lobject.c luaO_str2d, which is C's strtod and then strtoul for hexadecimal digits).
 *
 * `parseNumeral` serves literals, `tonumber` and the conversion of strings in arithmetic. Written are numbers with 14
 * significant digits, as C's `%.14g`.
 */
import { formatDoubleG } from '../core/double.ts';
import { isPositiveNan, nanOf } from './nan.ts';

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const HEXADECIMAL = /^([+-]?)0[xX]([0-9a-fA-F]*)(?:\.([0-9a-fA-F]*))?(?:[pP]([+-]?\d+))?$/;
const NOT_FINITE = /^([+-]?)(?:(inf(?:inity)?)|nan(?:\([0-9a-zA-Z_]*\))?)$/i;
const EDGE_SPACE = /^[ \t-\r]+|[ \t-\r]+$/g;
/** Of `tostring`, and of JSON unless it is told otherwise. */
export const SIGNIFICANT_DIGITS = 14;

/** @returns null if the text, but for white space around it, is no number. C's strings end with a NUL. */
export function parseNumeral(given: string): number | null {
  const nul = given.indexOf('\0');
  const text = nul < 0 ? given : given.slice(0, nul);
  const first = text.charCodeAt(0);
  const last = text.charCodeAt(text.length - 1);
  const trimmed = first <= 32 || last <= 32 ? text.replace(EDGE_SPACE, '') : text;
  if (DECIMAL.test(trimmed)) return Number(trimmed);
  const hexadecimal = HEXADECIMAL.exec(trimmed);
  if (hexadecimal !== null) return parseHexadecimal(hexadecimal);
  const special = NOT_FINITE.exec(trimmed);
  if (special === null) return null;
  if (special[2] === undefined) return nanOf(special[1] === '-');
  return special[1] === '-' ? -Infinity : Infinity;
}

function parseHexadecimal([, sign, whole = '', fraction = '', exponent = '0']: RegExpExecArray): number | null {
  const digits = whole + fraction;
  if (digits === '') return null;
  const value = Number(BigInt(`0x${digits}`)) * 2 ** (Number(exponent) - 4 * fraction.length);
  return sign === '-' ? -value : value;
}

/** As `%.14g` prints it. */
export function formatNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e14) return Object.is(value, -0) ? '-0' : String(value);
  if (Number.isNaN(value)) return isPositiveNan(value) ? 'nan' : '-nan';
  return formatDoubleG(value, SIGNIFICANT_DIGITS);
}
