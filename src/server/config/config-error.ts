/**
 * A configuration that a server cannot start with.
 *
 * Redis reports most mistakes on stderr, in a form of its own, because the log may not be set up yet; a file that
 * can't be opened it reports in the log. Either way it exits with status 1, and so does the command that catches this.
 */

/** The version that the texts name. */
export const REDIS_VERSION = '7.0.15';

export type ErrorChannel = 'stderr' | 'log';

/** `message` is a binary string: the whole text for stderr, or one line for the log at level warning. */
export class ConfigError extends Error {
  readonly channel: ErrorChannel;

  constructor(channel: ErrorChannel, message: string) {
    super(message);
    this.name = 'ConfigError';
    this.channel = channel;
  }
}

export interface ConfigLine {
  /** Counted from 1 over everything that was read. */
  readonly number: number;
  readonly text: string;
}

/** The error for a mistake in a line or, without one, in the configuration as a whole. */
export function fatalConfigError(line: ConfigLine | null, reason: string): ConfigError {
  const place = line === null ? '' : `Reading the configuration file, at line ${line.number}\n>>> '${line.text}'\n`;
  return new ConfigError('stderr', `\n*** FATAL CONFIG FILE ERROR (Redis ${REDIS_VERSION}) ***\n${place}${reason}\n`);
}
