/**
 * Makes requests of the values that a script gives to `redis.call`, in memory that serves one call after the other.
 *
 * A script has one command at a time, and whoever keeps a request copies it (core/arguments.ts).
 */
import { Arguments } from '../../core/arguments.ts';
import { formatDouble17g } from '../../core/double.ts';
import { writeLatin1 } from '../../core/latin1.ts';
import { formatNumber } from '../../lua/numeral.ts';
import type { LuaValue } from '../../lua/value.ts';

/** What is kept when a larger request has been. */
const KEPT_BYTES = 16 * 1024;
const INITIAL_BYTES = 512;
const NO_ARGUMENTS = 'Please specify at least one argument for this redis lib call';
const NOT_TEXT = 'Lua redis lib command arguments must be strings or integers';

export class RequestBuilder {
  readonly #args = new Arguments(Buffer.allocUnsafeSlow(INITIAL_BYTES));

  /**
   * The request, valid until the next one, or why there can be none. Numbers keep all their digits, other than in
   * `tostring`.
   * @param values become texts.
   */
  build(values: LuaValue[]): Arguments | string {
    if (values.length === 0) return NO_ARGUMENTS;
    let size = 0;
    for (let index = 0; index < values.length; index++) {
      const value = values[index];
      if (typeof value === 'string') size += value.length;
      else if (typeof value === 'number') size += (values[index] = textOf(value)).length;
      else return NOT_TEXT;
    }
    return this.#write(values as string[], size);
  }

  #write(texts: readonly string[], size: number): Arguments {
    const args = this.#args;
    if (size > args.bytes.length || (args.bytes.length > KEPT_BYTES && size <= KEPT_BYTES)) {
      args.bytes = Buffer.allocUnsafeSlow(Math.max(2 * size, INITIAL_BYTES));
    }
    args.clear();
    const { bytes } = args;
    let at = 0;
    for (let index = 0; index < texts.length; index++) {
      const start = at;
      at = writeLatin1(bytes, at, texts[index]!);
      args.push(start, at);
    }
    return args;
  }
}

/** NaN has a sign here. */
function textOf(value: number): string {
  return value === value ? formatDouble17g(value) : formatNumber(value);
}
