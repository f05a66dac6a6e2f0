/**
 * `string.format`: C's printf with a check of the directives (lstrlib.c str_format).
 *
 * Numbers are doubles; integer directives convert them as C does. A string ends at its first NUL, as printf's does,
 * but for one of 100 bytes or more without a precision, which Lua hands through.
 */
import { formatDoubleG, formatFixed } from '../../core/double.ts';
import { cString } from '../../core/latin1.ts';
import { isNegative } from '../nan.ts';
import { type CallArguments, libraryError, toInteger } from './arguments.ts';

const DIRECTIVE = /%(?:([-+ #0]*)(\d{0,2})(?:(\.)(\d{0,2}))?([^])?)?/g;
const HANDED_THROUGH_BYTES = 100;
const FLAGS_MAX = 5;
const INT_LIMIT = 2 ** 31;

interface Directive {
  readonly flags: string;
  readonly width: number;
  /** Undefined if none is given. */
  readonly precision: number | undefined;
  readonly conversion: string;
}

/** @param given the format is argument 1. */
export function format(given: CallArguments): string {
  const pattern = given.string(1);
  let index = 1;
  return pattern.replace(DIRECTIVE, (...match: string[]) => {
    const [text, flags = '', width = '', dot, precision = '', conversion = ''] = match;
    if (text === '%%') return '%';
    if (flags.length > FLAGS_MAX) throw libraryError('invalid format (repeated flags)');
    if (/\d/.test(conversion)) throw libraryError('invalid format (width or precision too long)');
    index++;
    if (index > given.count) throw given.error(index, 'no value');
    const directive = {
      flags,
      width: Number(width),
      precision: dot === undefined ? undefined : Number(precision),
      conversion,
    };
    return convert(directive, given, index);
  });
}

function convert(directive: Directive, given: CallArguments, index: number): string {
  switch (directive.conversion) {
    case 'c': {
      const code = toInt(given.number(index)) & 255;
      // Lua takes the length of the result by its first NUL.
      return cString(pad(String.fromCharCode(code), { ...directive, flags: directive.flags.replaceAll('0', '') }));
    }
    case 'd':
    case 'i':
      return formatInteger(BigInt(toInteger(given.number(index))), directive);
    case 'o':
    case 'u':
    case 'x':
    case 'X':
      return formatUnsigned(BigInt.asUintN(64, toUnsigned(given.number(index))), directive);
    case 'e':
    case 'E':
    case 'f':
    case 'g':
    case 'G':
      return formatDouble(given.number(index), directive);
    case 'q':
      return quote(given.string(index));
    case 's':
      return formatText(given.string(index), directive);
    default:
      throw libraryError(`invalid option '%${directive.conversion}' to 'format'`);
  }
}

/** As the processor converts a double to an integer of 32 bits: the least one stands for all that are out of range. */
function toInt(value: number): number {
  const whole = Math.trunc(value);
  return whole >= -INT_LIMIT && whole < INT_LIMIT ? whole : -INT_LIMIT;
}

/** As the processor converts a double to an unsigned integer. */
function toUnsigned(value: number): bigint {
  if (value >= 2 ** 63 && value < 2 ** 64) return BigInt(Math.trunc(value));
  return value >= 2 ** 64 ? 0n : BigInt(toInteger(value));
}

function formatText(text: string, directive: Directive): string {
  if (directive.precision === undefined && text.length >= HANDED_THROUGH_BYTES) return text;
  const shown = cString(text);
  return pad(directive.precision === undefined ? shown : shown.slice(0, directive.precision), {
    ...directive,
    flags: directive.flags.replaceAll('0', ''),
  });
}

/** @param text without sign, or with it in `sign`. */
function pad(text: string, { flags, width }: Directive, sign = ''): string {
  const missing = width - sign.length - text.length;
  if (missing <= 0) return sign + text;
  if (flags.includes('-')) return sign + text + ' '.repeat(missing);
  return flags.includes('0') ? sign + '0'.repeat(missing) + text : ' '.repeat(missing) + sign + text;
}

function signOf(hasSign: boolean, flags: string): string {
  if (hasSign) return '-';
  if (flags.includes('+')) return '+';
  return flags.includes(' ') ? ' ' : '';
}

/** A precision is the least number of digits, and then zeros do not fill the width. */
function padDigits(digits: string, directive: Directive, sign: string): string {
  const { precision } = directive;
  if (precision === undefined) return pad(digits, directive, sign);
  const text = precision === 0 && digits === '0' ? '' : digits.padStart(precision, '0');
  return pad(text, { ...directive, flags: directive.flags.replaceAll('0', '') }, sign);
}

function formatInteger(value: bigint, directive: Directive): string {
  const digits = String(value < 0n ? -value : value);
  return padDigits(digits, directive, signOf(value < 0n, directive.flags));
}

function formatUnsigned(value: bigint, directive: Directive): string {
  const { conversion, flags } = directive;
  if (conversion === 'u') return padDigits(String(value), directive, '');
  const isAlternate = flags.includes('#');
  if (conversion === 'o') {
    const digits = value.toString(8);
    return padDigits(isAlternate && value !== 0n ? `0${digits}` : digits, directive, '');
  }
  const prefix = isAlternate && value !== 0n ? '0x' : '';
  const text = padDigits(value.toString(16), directive, prefix);
  return conversion === 'X' ? text.toUpperCase() : text;
}

function formatDouble(value: number, directive: Directive): string {
  const { conversion, flags } = directive;
  const lower = conversion.toLowerCase();
  const sign = signOf(isNegative(value), flags);
  let text: string;
  if (Number.isFinite(value)) {
    text = pad(digitsOf(Math.abs(value), lower, directive.precision ?? 6, flags.includes('#')), directive, sign);
  } else {
    const name = Number.isNaN(value) ? 'nan' : 'inf';
    text = pad(name, { ...directive, flags: flags.replaceAll('0', '') }, sign);
  }
  return conversion === lower ? text : text.toUpperCase();
}

function digitsOf(value: number, conversion: string, precision: number, isAlternate: boolean): string {
  if (conversion === 'f') return formatFixed(value, precision) + (isAlternate && precision === 0 ? '.' : '');
  if (conversion === 'e') return formatExponential(value, precision, isAlternate);
  const digits = Math.max(precision, 1);
  if (!isAlternate) return formatDoubleG(value, digits);
  const exponent = value === 0 ? 0 : Number(formatExponential(value, digits - 1, false).split('e')[1]);
  return exponent < -4 || exponent >= digits
    ? formatExponential(value, digits - 1, true)
    : digitsOf(value, 'f', digits - 1 - exponent, true);
}

/** The digits of `%g`, which drops zeros at the end, with as many as `%e` wants. */
function formatExponential(value: number, precision: number, isAlternate: boolean): string {
  const exact = value.toExponential(precision);
  const exponent = Number(exact.slice(exact.indexOf('e') + 1));
  const rounded =
    value === 0
      ? '0'
      : formatDoubleG(value, precision + 1)
          .replace(/e.*$/, '')
          .replace(/^0\.0*|\./g, '');
  const digits = rounded
    .replace(/^0+(?=.)/, '')
    .slice(0, precision + 1)
    .padEnd(precision + 1, '0');
  const fraction = precision > 0 || isAlternate ? `.${digits.slice(1)}` : '';
  const power = Math.abs(exponent);
  return `${digits[0]}${fraction}e${exponent < 0 ? '-' : '+'}${power < 10 ? '0' : ''}${power}`;
}

/** Between quotes such that Lua reads it back. */
function quote(text: string): string {
  const escaped = text.replace(/["\\\n\r\0]/g, (character) => {
    if (character === '\r') return '\\r';
    return character === '\0' ? '\\000' : `\\${character}`;
  });
  return `"${escaped}"`;
}
