/** How options are checked, for callers without a type checker: each has a rule, and an error names the option and the remedy. */
import { ResplicaError } from './errors.ts';

export interface OptionRule {
  readonly wanted: string;
  accepts(value: unknown): boolean;
}

export type OptionRules<Options> = { readonly [name in keyof Required<Options>]: OptionRule };

export const CLOCK_RULE: OptionRule = {
  wanted: "'real' or 'manual'",
  accepts: (value) => value === 'real' || value === 'manual',
};

/** @param verb whose options these are. @throws ResplicaError ERR_BAD_OPTION */
export function checkByRules<Options extends object>(
  verb: string,
  rules: OptionRules<Options>,
  options: Options,
): void {
  for (const [name, value] of Object.entries(options)) {
    const rule = Object.hasOwn(rules, name) ? rules[name as keyof Options] : undefined;
    if (rule === undefined) {
      const known = Object.keys(rules).join(', ');
      throw new ResplicaError(
        'ERR_BAD_OPTION',
        `There is no option "${name}" of ${verb}; there are ${known}. Directives of redis.conf go into "config".`,
      );
    }
    if (value !== undefined && !rule.accepts(value)) {
      throw new ResplicaError('ERR_BAD_OPTION', `Option "${name}" must be ${rule.wanted}, not ${describe(value)}.`);
    }
  }
}

export function describe(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

export function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isPeriod(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 1;
}

export function isString(value: unknown): value is string {
  return typeof value === 'string';
}
