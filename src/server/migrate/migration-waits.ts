/**
 * Writers of keys that MIGRATE has to send again because they have changed while they were under way. A key that is
 * written all the time would never arrive; so its writers wait now until it has, and then find it gone, which a node of
 * a cluster tells them (ASK). redis-server lets everybody wait from the first byte on.
 *
 * Nobody waits for long: if the other end takes its time, the key may change again. What EXEC has queued and keys that
 * scripts do not declare are not held.
 */
import type { Arguments } from '../../core/arguments.ts';
import { latin1Of } from '../../core/latin1.ts';
import { FoundKeys, findKeys } from '../../commands/key-specs.ts';
import type { Database } from '../../data/database.ts';
import type { Timer } from '../../host/host.ts';
import { type Command, FLAG } from '../command-table.ts';
import { CONDITION } from '../gates.ts';
import type { Server } from '../server.ts';
import { SESSION, type Session } from '../session.ts';

const WAIT_MS_MAX = 1000;

export class MigrationWaits {
  readonly #server: Server;
  readonly #found = new FoundKeys();
  /** By database and key. */
  readonly #held = new Set<string>();
  /** Runs while somebody waits. */
  #timer: Timer | null = null;

  constructor(server: Server) {
    this.#server = server;
  }

  hold(database: Database, key: Uint8Array): void {
    this.#held.add(nameOf(database, key, 0, key.length));
    this.#server.setCondition(CONDITION.migration, true);
  }

  /** The key has arrived, or will not. */
  release(database: Database, key: Uint8Array): void {
    if (!this.#held.delete(nameOf(database, key, 0, key.length))) return;
    this.#server.setCondition(CONDITION.migration, this.#held.size > 0);
    this.#goOn();
  }

  /** Whether a request has to wait. @param flags of its command. */
  holds(session: Session, command: Command, flags: number, args: Arguments): boolean {
    if ((flags & FLAG.write) === 0 || session.has(SESSION.multi | SESSION.master | SESSION.inScript)) return false;
    const found = this.#found;
    findKeys(command.row, args, found);
    for (let i = 0; i < found.count; i++) {
      const at = found.indexes[i]!;
      if (!this.#held.has(nameOf(session.db, args.bytes, args.starts[at]!, args.ends[at]!))) continue;
      this.#timer ??= this.#server.host.timers.after(WAIT_MS_MAX, () => this.#giveUp());
      return true;
    }
    return false;
  }

  #giveUp(): void {
    this.#held.clear();
    this.#server.setCondition(CONDITION.migration, false);
    this.#goOn();
  }

  /** Those who wait try again. */
  #goOn(): void {
    if (this.#timer === null) return;
    this.stop();
    const { host, blocking } = this.#server;
    // This may be in the middle of a command.
    host.timers.soon(() => this.#server.enter(() => blocking.unblockAll('paused')));
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }
}

function nameOf(database: Database, bytes: Uint8Array, start: number, end: number): string {
  return `${database.index}:${latin1Of(bytes, start, end)}`;
}
