/** Arguments of a command, checked: what is no option of it, or no number, is said to be so. */
import { UsageError } from './terminal.ts';

/** Which options a command knows. */
export interface Known {
  readonly values?: readonly string[];
  readonly flags?: readonly string[];
}

export interface Arguments {
  readonly values: ReadonlyMap<string, string>;
  readonly flags: ReadonlySet<string>;
  readonly positionals: readonly string[];
}

/** Takes `--name value`, `--name=value` and `--flag`, in any order with what is none. */
export function parseOptions(args: readonly string[], known: Known): Arguments {
  const values = new Map<string, string>();
  const flags = new Set<string>();
  const positionals: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!;
    if (!arg.startsWith('--')) {
      positionals.push(arg);
      continue;
    }
    const equals = arg.indexOf('=');
    const name = arg.slice(2, equals < 0 ? undefined : equals);
    if (known.flags?.includes(name) === true && equals < 0) flags.add(name);
    else if (known.values?.includes(name) === true) {
      const value = equals < 0 ? args[++at] : arg.slice(equals + 1);
      if (value === undefined) throw new UsageError(`--${name} needs a value.`);
      values.set(name, value);
    } else throw new UsageError(`There is no option ${arg}.`);
  }
  return { values, flags, positionals };
}

/** A whole number that is not negative, or undefined if the option is not there. */
export function numberOf({ values }: Arguments, name: string): number | undefined {
  const text = values.get(name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new UsageError(`--${name} takes a number, not ${text}.`);
}
