/**
 * The slow log: the last commands that took longer than `slowlog-log-slower-than`. An entry keeps what the client sent,
 * before any rewriting, cut to a size that makes no entry a burden. Arguments that hold secrets (`Row.secrets`) are not kept at all.
 */
import type { Arguments } from '../core/arguments.ts';
import { SESSION } from './session.ts';
import type { Call } from './call.ts';
import { FLAG } from './command-table.ts';
import type { ConfigValues } from './config/parameters.ts';

const ARGUMENTS_MAX = 32;
const ARGUMENT_BYTES_MAX = 128;
export const REDACTED = '(redacted)';

export interface SlowLogEntry {
  readonly id: number;
  readonly unixSeconds: number;
  readonly durationUs: number;
  /** Binary strings. */
  readonly args: readonly string[];
  readonly peer: string;
  readonly clientName: string;
}

export class SlowLog {
  readonly #values: ConfigValues;
  /** Oldest first. */
  #entries: SlowLogEntry[] = [];
  #nextId = 0;

  constructor(values: ConfigValues) {
    this.#values = values;
  }

  get length(): number {
    return this.#entries.length;
  }

  /** Up to `count` entries, newest first. */
  newest(count: number): SlowLogEntry[] {
    return this.#entries.slice(Math.max(0, this.#entries.length - count)).reverse();
  }

  clear(): void {
    this.#entries = [];
  }

  /** Takes a call that has just ended, if it was slow. */
  note(call: Call, durationUs: number): void {
    const threshold = this.#values['slowlog-log-slower-than'];
    const { session, command } = call;
    if (threshold < 0 || command.has(FLAG.skip_slowlog) || session.has(SESSION.blocked)) return;
    if (durationUs >= threshold) {
      this.#entries.push({
        id: this.#nextId++,
        unixSeconds: Math.floor(call.now / 1000),
        durationUs: Math.floor(durationUs),
        args: abridge(call.args, command.row.secrets?.(call.args) ?? []),
        peer: session.peer,
        clientName: session.name,
      });
    }
    const excess = this.#entries.length - this.#values['slowlog-max-len'];
    if (excess > 0) this.#entries.splice(0, excess);
  }
}

function abridge(args: Arguments, secrets: readonly number[]): string[] {
  const shown = Math.min(args.count, ARGUMENTS_MAX);
  const result = Array.from({ length: shown }, (_, index) => {
    if (secrets.includes(index)) return REDACTED;
    const length = args.length(index);
    if (length <= ARGUMENT_BYTES_MAX) return args.binary(index);
    const head = args.view(index).toString('latin1', 0, ARGUMENT_BYTES_MAX);
    return `${head}... (${length - ARGUMENT_BYTES_MAX} more bytes)`;
  });
  if (shown < args.count) result[shown - 1] = `... (${args.count - shown + 1} more arguments)`;
  return result;
}
