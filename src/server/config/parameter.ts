/**
 * A parameter as a row, and the short constructors that the tables are written with.
 *
 * The rows say everything: names, type, default, and the rules of CONFIG SET. Names and value types are kept in the
 * TypeScript type of a row, so that the type of all values together (`ConfigValues`) is derived from the tables.
 */
import { booleanType, enumType, flagsType, numberType, stringType } from './value-types.ts';
import type { NumberNotation, Setting, StringOptions, ValueType } from './value-types.ts';

export interface ParameterRules {
  /** A second name: accepted everywhere, shown by CONFIG GET, replaced by the first one in a rewritten file. */
  readonly alias?: string;
  /** Only the file and the command line can set it. */
  readonly immutable?: true;
  /** CONFIG SET needs enable-protected-configs. */
  readonly protected?: true;
  /** The value is kept out of MONITOR, the slow log and the like. */
  readonly sensitive?: true;
  /** CONFIG GET shows it only to those who know its name. */
  readonly hidden?: true;
  /** Takes several arguments; CONFIG SET splits its value at spaces. */
  readonly multiArgument?: true;
  readonly deniedWhileLoading?: true;
}

export interface Parameter<N extends string = string, V = unknown> {
  readonly name: N;
  readonly type: ValueType<V>;
  /** The default. */
  readonly initial: Setting<V>;
  readonly rules: ParameterRules;
}

export function bool<const N extends string>(
  name: N,
  initial: boolean,
  rules: ParameterRules & { readonly refusal?: string } = {},
): Parameter<N, boolean> {
  return {
    name,
    type: booleanType(rules.refusal ?? null),
    initial: { value: initial, text: initial ? 'yes' : 'no' },
    rules,
  };
}

interface NumberRules extends ParameterRules {
  readonly unsigned?: true;
  readonly notation?: NumberNotation;
}

export const INT_MIN = -(2 ** 31);
export const INT_MAX = 2 ** 31 - 1;
export const UINT_MAX = 2 ** 32 - 1;
/** Also of Redis' long, ssize_t, time_t and off_t. */
export { INT64_MAX as LONG_MAX, UINT64_MAX as ULONG_MAX } from '../../core/integer.ts';

export function integer<const N extends string>(
  name: N,
  initial: number,
  lower: number | bigint,
  upper: number | bigint,
  rules: NumberRules = {},
): Parameter<N, number> {
  const type = numberType({
    notation: rules.notation ?? 'integer',
    unsigned: rules.unsigned === true,
    lower: BigInt(lower),
    upper: BigInt(upper),
  });
  return { name, type, initial: { value: initial, text: String(initial) }, rules };
}

export function memory<const N extends string>(
  name: N,
  initialBytes: number,
  lower: number | bigint,
  upper: number | bigint,
  rules: NumberRules = {},
): Parameter<N, number> {
  return integer(name, initialBytes, lower, upper, { notation: 'memory', ...rules });
}

interface StringRules extends ParameterRules, Partial<StringOptions> {}

/** A string for which empty is a value like any other. */
export function text<const N extends string>(name: N, initial: string, rules: StringRules = {}): Parameter<N, string> {
  const type = stringType({
    emptyIsUnset: rules.emptyIsUnset ?? false,
    binary: rules.binary ?? false,
    alwaysApplies: rules.alwaysApplies ?? false,
    refuse: rules.refuse ?? null,
  });
  return { name, type, initial: { value: initial, text: initial }, rules };
}

/** A string that is either set or, when empty, not there at all; the default. */
export function optionalText<const N extends string>(name: N, rules: StringRules = {}): Parameter<N, string> {
  return text(name, '', { ...rules, emptyIsUnset: true });
}

export function choice<const N extends string, const C extends string>(
  name: N,
  initial: C,
  choices: readonly C[],
  rules: ParameterRules & { readonly synonyms?: Readonly<Record<string, C>> } = {},
): Parameter<N, C> {
  return { name, type: enumType(choices, rules.synonyms ?? {}), initial: { value: initial, text: initial }, rules };
}

/** A set of flags, empty by default; `none` is how the empty set is spelled. */
export function flags<const N extends string, const F extends string>(
  name: N,
  none: string,
  names: readonly F[],
  refuse: (value: readonly F[]) => string | null,
): Parameter<N, readonly F[]> {
  const type = flagsType(none, names, refuse);
  return { name, type, initial: { value: [], text: none }, rules: { multiArgument: true } };
}

export function special<const N extends string, V>(
  name: N,
  type: ValueType<V>,
  initial: Setting<V>,
  rules: ParameterRules = {},
): Parameter<N, V> {
  return { name, type, initial, rules };
}
