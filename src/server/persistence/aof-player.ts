/**
 * Executes the commands of an append-only file. They come from nobody: no reply is kept, no gate refuses them, nothing is
 * propagated, and nobody waits. What would block answers as in a transaction (aof.c createAOFClient).
 */
import type { Arguments } from '../../core/arguments.ts';
import { ReplyError } from '../../core/errors.ts';
import { Call } from '../call.ts';
import { type Command, FLAG } from '../command-table.ts';
import { NOWHERE } from '../nowhere.ts';
import type { Server } from '../server.ts';
import { SESSION, Session } from '../session.ts';

export class AofPlayer {
  readonly #server: Server;
  readonly #session: Session;
  #call: Call | null = null;

  constructor(server: Server) {
    this.#server = server;
    this.#session = new Session(server, 0, NOWHERE);
    // It is obeyed as a master is: what is in the file was allowed.
    this.#session.set(SESSION.internal | SESSION.replyOff | SESSION.master);
    this.#session.updateReply();
  }

  /** Whether a transaction was begun and not ended. */
  get isInTransaction(): boolean {
    return this.#session.transaction !== null;
  }

  /** @returns false if there is no such command. */
  play(args: Arguments): boolean {
    const session = this.#session;
    const command = this.#server.commands.find(args);
    if (command === null || command.run === null || !command.acceptsArity(args.count)) return false;
    if (session.transaction !== null && !command.has(FLAG.aborts_transaction)) {
      session.transaction.queue(command, args);
      return true;
    }
    // Commands that would wait do not.
    session.set(SESSION.inExec);
    this.#run(command, args);
    return true;
  }

  #run(command: Command, args: Arguments): void {
    const server = this.#server;
    const session = this.#session;
    const call = (this.#call ??= new Call(server, session, command, args));
    call.command = command;
    call.args = args;
    call.db = session.db;
    call.reply = session.reply;
    call.propagation = null;
    const errors = server.statistics.errorReplies;
    let text = '';
    try {
      command.run!(call);
    } catch (error) {
      text = error instanceof ReplyError ? error.text : server.reportFault(session, command, error);
      server.countError(text);
    }
    server.silence.discard();
    if (server.statistics.errorReplies !== errors) this.#warn(command, text);
  }

  #warn(command: Command, text: string): void {
    const { config, log, shutdown } = this.#server;
    const after = `after processing the command '${command.fullName}'`;
    log.warning(`== CRITICAL == This server is sending an error to its AOF-loading-client: '${text}' ${after}`);
    if (config.values['propagation-error-behavior'] !== 'panic') return;
    shutdown.fail(`This server panicked sending an error to its AOF-loading-client ${after}`);
  }

  /** Lets go of what the commands have left behind: an open transaction, subscriptions. */
  close(): void {
    this.#session.close();
    this.#server.silence.discard();
  }
}
