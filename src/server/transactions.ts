/** MULTI, EXEC, DISCARD, WATCH. */
import type { Arguments } from '../core/arguments.ts';
import { type Command, FLAG } from './command-table.ts';
import type { Database } from '../data/database.ts';

export interface WatchedKey {
  readonly database: Database;
  readonly key: string;
}

export interface QueuedCommand {
  readonly command: Command;
  readonly args: Arguments;
}

/** The commands between MULTI and EXEC. */
export class Transaction {
  readonly queued: QueuedCommand[] = [];
  /** A command was refused while it was queued: EXEC will not run. */
  spoilt = false;
  #flags = 0;

  queue(command: Command, args: Arguments): void {
    this.queued.push({ command, args: args.detach() });
    this.#flags |= command.flags;
  }

  spoil(): void {
    this.spoilt = true;
  }

  refusedWhenOutOfMemory(command: Command): boolean {
    return command.has(FLAG.aborts_transaction) && (this.#flags & FLAG.denyoom) !== 0;
  }
}
