/**
 * Error replies, with Redis' own texts. The first word is the code that clients act on; the dash in front of it
 * belongs to the wire format.
 */

/**
 * Thrown by a handler, and by the helpers that parse its arguments, to fail the command that runs. It is not an Error:
 * it carries no stack, because it is an answer and not a fault.
 */
export class ReplyError {
  readonly text: string;
  /** @param text with its code: "ERR syntax error". */
  constructor(text: string) {
    this.text = text;
  }
}

/** Fails the command that runs. */
export function fail(text: string): never {
  // eslint-disable-next-line no-throw-literal
  throw new ReplyError(text);
}

export const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value';
export const SYNTAX_ERROR = 'ERR syntax error';
export const NOT_AN_INTEGER = 'ERR value is not an integer or out of range';
export const NOT_A_FLOAT = 'ERR value is not a valid float';
export const OUT_OF_RANGE = 'ERR value is out of range';
export const NOT_POSITIVE = 'ERR value is out of range, must be positive';
export const NO_SUCH_KEY = 'ERR no such key';
export const SAME_OBJECT = 'ERR source and destination objects are the same';
export const INDEX_OUT_OF_RANGE = 'ERR index out of range';
export const DB_INDEX_OUT_OF_RANGE = 'ERR DB index is out of range';
export const STRING_TOO_LONG = 'ERR string exceeds maximum allowed size (proto-max-bulk-len)';
export const OUT_OF_MEMORY = "OOM command not allowed when used memory > 'maxmemory'.";
export const READ_ONLY_REPLICA = "READONLY You can't write against a read only replica.";
export const MASTER_DOWN = "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.";
export const NO_AUTH = 'NOAUTH Authentication required.';
export const LOADING = 'LOADING Redis is loading the dataset in memory';
export const EXEC_ABORT = 'EXECABORT Transaction discarded because of previous errors.';
export const NOT_IN_MULTI = 'ERR Command not allowed inside a transaction';

export function wrongArity(fullName: string): string {
  return `ERR wrong number of arguments for '${fullName}' command`;
}

export function unknownSubcommand(name: string, container: string): string {
  return `ERR unknown subcommand '${name.slice(0, 128)}'. Try ${container.toUpperCase()} HELP.`;
}
