/**
 * The server's log, in redis-server's form: `<pid>:<role> <time> <level> <message>`. Lines below `loglevel` are
 * dropped; the others go to the host, which knows whether that means the terminal, a file or the embedder.
 */
import { formatLogTime } from '../core/calendar.ts';
import type { Host } from '../host/host.ts';

export type LogLevel = 'debug' | 'verbose' | 'notice' | 'warning';

/** M master, S replica, X sentinel, C child or not initialised. */
export type LogRole = 'M' | 'S' | 'X' | 'C';

const LEVELS: Record<LogLevel, { readonly rank: number; readonly sign: string }> = {
  debug: { rank: 0, sign: '.' },
  verbose: { rank: 1, sign: '-' },
  notice: { rank: 2, sign: '*' },
  warning: { rank: 3, sign: '#' },
};
const MESSAGE_LENGTH_MAX = 1024;

export class Log {
  readonly #host: Host;
  readonly #threshold: () => string;
  role: LogRole = 'C';

  /** @param threshold gives `loglevel` as it is now. */
  constructor(host: Host, threshold: () => string) {
    this.#host = host;
    this.#threshold = threshold;
  }

  /** Whether lines of a level are written: worth asking before a long one is put together. */
  shows(level: LogLevel): boolean {
    return LEVELS[level].rank >= (LEVELS[this.#threshold() as LogLevel] ?? LEVELS.notice).rank;
  }

  debug(message: string): void {
    this.#write('debug', message);
  }

  verbose(message: string): void {
    this.#write('verbose', message);
  }

  notice(message: string): void {
    this.#write('notice', message);
  }

  warning(message: string): void {
    this.#write('warning', message);
  }

  /** A line of a level that is known only at run time. */
  write(level: LogLevel, message: string): void {
    this.#write(level, message);
  }

  /** A text without the prefix, as Redis prints its start-up banner. */
  raw(text: string): void {
    this.#host.log(text);
  }

  #write(level: LogLevel, message: string): void {
    if (!this.shows(level)) return;
    const { sign } = LEVELS[level];
    const { clock, system } = this.#host;
    const now = clock.wallMs();
    const time = formatLogTime(now + system.timeZoneOffsetMinutes(now) * 60_000);
    this.#host.log(`${system.pid}:${this.role} ${time} ${sign} ${message.slice(0, MESSAGE_LENGTH_MAX)}`);
  }
}
