/**
 * Transactions: what stands between MULTI and EXEC, and its end (multi.c).
 *
 * The flags of the queued commands together are the flags of EXEC: a transaction that contains a write is refused by a
 * read-only replica as a whole, and one that contains nothing but commands allowed while loading may run while loading.
 */
import type { Arguments } from '../core/arguments.ts';
import { type Command, FLAG } from './command-table.ts';
import type { Server } from './server.ts';
import { SESSION, type Session } from './session.ts';

const POINTER_BYTES = 8;

export interface QueuedCommand {
  readonly command: Command;
  readonly args: Arguments;
}

/** Flags that EXEC has if one queued command has them, and those that it has only if all have them. */
const IF_ANY = FLAG.write | FLAG.readonly | FLAG.denyoom | FLAG.may_replicate | FLAG.no_async_loading;
const IF_ALL = FLAG.stale | FLAG.loading;

/** The commands between MULTI and EXEC. */
export class Transaction {
  readonly queued: QueuedCommand[] = [];
  /** Bytes of the arguments and of the pointers to them: multi-mem. */
  bytes = 0;
  /** A command was refused while it was queued: EXEC will not run. */
  spoilt = false;
  #any = 0;
  #all = -1;

  /** @param flags by which the command is judged. */
  queue(command: Command, args: Arguments, flags: number = command.flags): void {
    this.queued.push({ command, args: args.detach() });
    this.bytes += args.totalLength() + args.count * POINTER_BYTES;
    this.#any |= flags;
    this.#all &= flags;
  }

  spoil(): void {
    this.spoilt = true;
  }

  /** The flags by which the gates judge a request to execute all this. */
  flagsOf(exec: Command): number {
    return (exec.flags & ~(IF_ALL & ~this.#all)) | (this.#any & IF_ANY);
  }
}

/** Takes a command into the transaction of a session. One that cannot succeed any more is not worth the memory. */
export function queueCommand(session: Session, command: Command, args: Arguments, flags: number): void {
  const transaction = session.transaction!;
  if (!transaction.spoilt && !session.has(SESSION.dirty)) transaction.queue(command, args, flags);
  session.reply.simple('QUEUED');
}

/** Ends the transaction of a session, and everything it watched for it. */
export function discardTransaction(server: Server, session: Session): void {
  session.transaction = null;
  session.clear(SESSION.multi | SESSION.dirty);
  server.watches.unwatch(session);
}

/** EXEC was refused: the transaction is over, and the error says so. */
export function abortTransaction(server: Server, session: Session, text: string): void {
  discardTransaction(server, session);
  const reason = text.startsWith('ERR ') ? text.slice(4) : text;
  session.reply.error(`EXECABORT Transaction discarded because of: ${reason}`);
}
