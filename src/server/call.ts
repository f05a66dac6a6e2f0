/** One execution of a command, as handlers of this floor and above see it: a `Context` that knows server and session. */
import type { Arguments } from '../core/arguments.ts';
import { Context } from '../commands/context.ts';
import type { Command } from './command-table.ts';
import type { Server } from './server.ts';
import type { Session } from './session.ts';

export class Call extends Context {
  readonly server: Server;
  session: Session;
  command: Command;

  constructor(server: Server, session: Session, command: Command, args: Arguments) {
    super(server, args, session.reply, session.db);
    this.server = server;
    this.session = session;
    this.command = command;
  }
}
