/**
 * The types of parameter values: how each kind is read, printed and written back.
 *
 * A value is kept twice. `value` is what the server works with: a boolean, a number, a union of names. `text` is what
 * CONFIG GET prints, and the exact value: a 64-bit size that no JS number holds is right in the text. Reading takes
 * arguments, because a few parameters take several; errors are Redis' reasons, the part behind the dash of
 * `CONFIG SET failed (...) - ...` and the last line of a FATAL CONFIG FILE ERROR.
 *
 * All strings are binary strings, one character per byte.
 */
import { formatMemory, parseCanonicalInteger, parseLeadingInteger, parseMemory } from './c-numbers.ts';
import { cString, lowerCaseAscii } from '../../core/latin1.ts';
import { repr } from '../../core/repr.ts';

export interface Setting<V> {
  readonly value: V;
  readonly text: string;
}

/** One line that CONFIG REWRITE may write; see rewrite.ts. */
export interface RewriteLine {
  /** First word of the lines that this one may replace; for sentinel's, the first two. */
  readonly option: string;
  /** Null: write nothing, but drop old lines of the option. */
  readonly line: string | null;
  /** Append the line when no old one can be replaced. */
  readonly force: boolean;
}

/** What reading a value may depend on besides its arguments. */
export interface ParseContext<V> {
  readonly current: Setting<V>;
  /** In a file, `save` lines add up. */
  readonly addsSavePoints: boolean;
  /** Resolves a directory that exists, or says why it cannot be entered. */
  enterDirectory(path: string): { readonly path: string } | { readonly reason: string };
  /** What the names in a proc-title-template stand for at this moment. */
  titleVariables(): ReadonlyMap<string, string>;
}

export interface RewriteContext {
  readonly sentinel: boolean;
  readonly cluster: boolean;
}

export interface ValueType<V> {
  readonly kind: string;
  /** Hooks run after each successful SET, also when the text stays the same. */
  readonly alwaysApplies: boolean;
  parse(args: readonly string[], context: ParseContext<V>): Setting<V> | string;
  rewrite(name: string, setting: Setting<V>, initial: Setting<V>, context: RewriteContext): RewriteLine[];
}

export const WRONG_NUMBER_OF_ARGUMENTS = 'wrong number of arguments';

/** The line `name text`, needed in the file when the value is not the default. */
function plainLine<V>(name: string, setting: Setting<V>, initial: Setting<V>): RewriteLine[] {
  return [{ option: name, line: `${name} ${setting.text}`, force: setting.text !== initial.text }];
}

// --------------------------------------------------------------------------------------------------------- booleans

/** @param refusal why it can't be switched on. */
export function booleanType(refusal: string | null): ValueType<boolean> {
  return {
    kind: 'bool',
    alwaysApplies: false,
    parse(args) {
      const text = lowerCaseAscii(cString(args[0] ?? ''));
      if (text !== 'yes' && text !== 'no') return "argument must be 'yes' or 'no'";
      if (text === 'yes' && refusal !== null) return refusal;
      return { value: text === 'yes', text };
    },
    rewrite: plainLine,
  };
}

// ---------------------------------------------------------------------------------------------------------- numbers

export type NumberNotation = 'integer' | 'octal' | 'memory' | 'memoryOrPercent';

export interface NumberRange {
  readonly notation: NumberNotation;
  /** The bounds are compared as unsigned 64-bit integers: -1 is then the largest of all. */
  readonly unsigned: boolean;
  readonly lower: bigint;
  readonly upper: bigint;
}

const numberReasons: Record<NumberNotation, string> = {
  integer: "argument couldn't be parsed into an integer",
  octal: "argument couldn't be parsed as an octal number",
  memory: 'argument must be a memory value',
  memoryOrPercent: 'argument must be a memory or percent value',
};

/** Percentages are negative numbers: 30% is -30. */
export function numberType(range: NumberRange): ValueType<number> {
  return {
    kind: range.notation,
    alwaysApplies: false,
    parse(args) {
      const exact = readNumber(args[0] ?? '', range.notation);
      if (exact === null) return numberReasons[range.notation];
      return outOfRange(exact, range) ?? { value: visibleNumber(exact, range), text: formatNumber(exact, range) };
    },
    rewrite(name, setting, initial) {
      if (!isMemory(range.notation) || setting.text.endsWith('%')) return plainLine(name, setting, initial);
      // Redis prints it signed here, and then does not read a size of 2^63 or more again.
      const text = formatMemory(BigInt(setting.text));
      return [{ option: name, line: `${name} ${text}`, force: setting.text !== initial.text }];
    },
  };
}

/** The value as a signed 64-bit integer, into which unsigned sizes wrap. */
function readNumber(text: string, notation: NumberNotation): bigint | null {
  if (notation === 'integer') return parseCanonicalInteger(text);
  if (notation === 'octal') {
    const parsed = parseLeadingInteger(text, 8);
    return parsed.whole && !parsed.overflow ? parsed.value : null;
  }
  const bytes = parseMemory(text);
  if (bytes !== null) return BigInt.asIntN(64, bytes);
  if (notation !== 'memoryOrPercent' || !text.endsWith('%')) return null;
  const percent = parseCanonicalInteger(text.slice(0, -1));
  return percent === null || percent < 0n ? null : -percent;
}

function outOfRange(value: bigint, range: NumberRange): string | null {
  const { lower, upper } = range;
  if (range.notation === 'memoryOrPercent' && value < 0n) {
    return value < lower ? `percentage argument must be less or equal to ${-lower}` : null;
  }
  const compared = range.unsigned ? BigInt.asUintN(64, value) : value;
  if (compared >= lower && compared <= upper) return null;
  const base = range.notation === 'octal' ? 8 : 10;
  return `argument must be between ${lower.toString(base)} and ${upper.toString(base)} inclusive`;
}

function visibleNumber(value: bigint, range: NumberRange): number {
  return Number(range.unsigned ? BigInt.asUintN(64, value) : value);
}

function formatNumber(value: bigint, range: NumberRange): string {
  if (range.notation === 'memoryOrPercent' && value < 0n) return `${-value}%`;
  if (range.notation === 'octal') return value.toString(8);
  return String(isMemory(range.notation) ? BigInt.asUintN(64, value) : value);
}

function isMemory(notation: NumberNotation): boolean {
  return notation === 'memory' || notation === 'memoryOrPercent';
}

// ------------------------------------------------------------------------------------------------------------ names

function mustBeOneOf(names: readonly string[]): string {
  return `argument(s) must be one of the following: ${names.join(', ')}`;
}

/** @param synonyms names that are accepted and read as another. */
export function enumType<C extends string>(choices: readonly C[], synonyms: Readonly<Record<string, C>>): ValueType<C> {
  return {
    kind: 'enum',
    alwaysApplies: false,
    parse(args) {
      const text = lowerCaseAscii(cString(args[0] ?? ''));
      const value = choices.find((choice) => choice === text);
      if (args.length !== 1 || value === undefined) return mustBeOneOf(choices);
      const meant = synonyms[value] ?? value;
      return { value: meant, text: meant };
    },
    rewrite: plainLine,
  };
}

/** Any number of flags; `none` is the name of the empty set. `refuse` judges combinations. */
export function flagsType<F extends string>(
  none: string,
  flags: readonly F[],
  refuse: (value: readonly F[]) => string | null,
): ValueType<readonly F[]> {
  const names: readonly string[] = [none, ...flags];
  return {
    kind: 'flags',
    alwaysApplies: false,
    parse(args) {
      const given = args.map((arg) => lowerCaseAscii(cString(arg)));
      if (given.length === 0 || given.some((name) => !names.includes(name))) return mustBeOneOf(names);
      const value = flags.filter((flag) => given.includes(flag));
      return refuse(value) ?? { value, text: value.length === 0 ? none : value.join(' ') };
    },
    rewrite: plainLine,
  };
}

// ---------------------------------------------------------------------------------------------------------- strings

export interface StringOptions {
  /** The empty string means "not set": CONFIG REWRITE then drops the line. */
  readonly emptyIsUnset: boolean;
  /** Bytes behind a NUL are kept. */
  readonly binary: boolean;
  readonly alwaysApplies: boolean;
  /** Says why a text is no valid value, or null. */
  readonly refuse: ((value: string, context: ParseContext<string>) => string | null) | null;
}

export function stringType(options: StringOptions): ValueType<string> {
  return {
    kind: 'string',
    alwaysApplies: options.alwaysApplies,
    parse(args, context) {
      const given = args[0] ?? '';
      const text = options.binary ? given : cString(given);
      return options.refuse?.(text, context) ?? { value: text, text };
    },
    rewrite(name, setting, initial) {
      if (options.emptyIsUnset && setting.text === '') return [{ option: name, line: null, force: false }];
      return [{ option: name, line: `${name} ${repr(setting.text)}`, force: setting.text !== initial.text }];
    },
  };
}
