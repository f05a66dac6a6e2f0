/**
 * MONITOR: every executed command, told to whoever wants to see (replication.c replicationFeedMonitors).
 *
 *   +1339518083.107412 [0 127.0.0.1:60866] "keys" "*"
 *
 * Administrative commands are left out, as are those flagged `skip_monitor` (scripts, which tell about themselves
 * before they run). Arguments that are nobody's business (`Row.secrets`) are replaced.
 */
import type { Arguments } from '../core/arguments.ts';
import { repr } from '../core/repr.ts';
import type { Call } from './call.ts';
import { FLAG } from './command-table.ts';
import { CONDITION } from './gates.ts';
import type { Server } from './server.ts';
import { SESSION, type Session } from './session.ts';
import { REDACTED } from './slow-log.ts';

export class Monitors {
  readonly #server: Server;
  readonly #sessions = new Set<Session>();
  #lastUs = 0;

  constructor(server: Server) {
    this.#server = server;
  }

  get count(): number {
    return this.#sessions.size;
  }

  add(session: Session): void {
    session.set(SESSION.monitor);
    this.#sessions.add(session);
    this.#update();
  }

  remove(session: Session): void {
    session.clear(SESSION.monitor);
    if (this.#sessions.delete(session)) this.#update();
  }

  #update(): void {
    this.#server.setObserver(OBSERVER.monitor, this.#sessions.size > 0);
  }

  /** Tells about a command that was executed. */
  feed(call: Call): void {
    const { session, command, args } = call;
    if (!command.has(FLAG.skip_monitor | FLAG.admin)) this.tell(session, args, command.row.secrets?.(args));
  }

  /** Tells about a script before the commands that it runs. */
  feedScript({ session, args }: Call): void {
    if (this.count > 0) this.tell(session, args);
  }

  /** Tells about a request, whatever its command is. The database is the one that it leaves the session in. */
  tell(session: Session, args: Arguments, secrets: readonly number[] = []): void {
    if (this.#server.conditions & CONDITION.loading) return;
    const line = `+${this.#time()} [${session.db.index} ${originOf(session)}] ${quoteArguments(args, secrets)}\r\n`;
    const bytes = Buffer.from(line, 'latin1');
    for (const monitor of this.#sessions) {
      if (!monitor.isOpen) continue;
      monitor.reply.rawLent(bytes);
      monitor.flushSoon();
    }
  }

  /** Seconds and microseconds. The wall clock has only milliseconds; the rest tells the order. */
  #time(): string {
    const { clock } = this.#server.host;
    const us = clock.wallMs() * 1000 + (Math.floor(clock.monotonicUs()) % 1000);
    this.#lastUs = us <= this.#lastUs && this.#lastUs - us < 1000 ? this.#lastUs + 1 : us;
    return `${Math.floor(this.#lastUs / 1e6)}.${String(this.#lastUs % 1e6).padStart(6, '0')}`;
  }
}

/** Who looks at every executed command: bits of `Server.observers`. */
export const OBSERVER = {
  monitor: 1 << 0,
  /** Something waits to be propagated at the end of the outermost command. */
  propagation: 1 << 1,
  tracking: 1 << 2,
  /** Keys changed for which somebody waits. */
  readyKeys: 1 << 3,
} as const;

function originOf(session: Session): string {
  if (session.has(SESSION.inScript)) return 'lua';
  return session.has(SESSION.unixSocket) ? `unix:${session.server.config.values.unixsocket}` : session.peer;
}

/** The arguments as redis-cli would take them, with those at `secrets` hidden. */
export function quoteArguments(args: Arguments, secrets: readonly number[]): string {
  const words: string[] = [];
  for (let i = 0; i < args.count; i++) words.push(repr(secrets.includes(i) ? REDACTED : args.binary(i)));
  return words.join(' ');
}
