/**
 * Executes the commands of an append-only file. They come from nobody: no reply is kept, no gate refuses them, nothing is
 * propagated, and nobody waits. What would block answers as in a transaction (aof.c createAOFClient).
 *
 * What may run a script goes through the dispatcher, since a script may take its time: then the player `waits`, and
 * clients are told so meanwhile.
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

  /** @param inOneGo nobody can be served before all is played. */
  constructor(server: Server, inOneGo: boolean) {
    this.#server = server;
    this.#session = new Session(server, 0, NOWHERE);
    this.#session.set(inOneGo ? SESSION.internal | SESSION.inOneGo : SESSION.internal);
    // It is obeyed as a master is: what is in the file was allowed.
    this.#session.becomeLink(SESSION.master, (text) => this.#noteError(text));
  }

  /** A script of the last command goes on; the next one must not be played before it has ended. */
  get waits(): boolean {
    return this.#session.has(SESSION.blocked);
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
    session.lastCommand = command;
    if (command.has(FLAG.runs_script) || command.has(FLAG.aborts_transaction)) {
      server.dispatcher.call(session, command, args);
      if (!this.waits) session.finishCommand();
      return;
    }
    const call = (this.#call ??= new Call(server, session, command, args));
    call.command = command;
    call.args = args;
    call.db = session.db;
    call.reply = session.reply;
    call.propagation = null;
    try {
      command.run!(call);
    } catch (error) {
      session.reply.error(error instanceof ReplyError ? error.text : server.reportFault(session, command, error));
    }
    session.finishCommand();
  }

  /** What is in the file succeeded once. */
  #noteError(text: string): void {
    const { config, log, shutdown } = this.#server;
    const after = `after processing the command '${this.#session.lastCommand?.fullName}'`;
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
