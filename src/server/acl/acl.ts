/** The users of a server, authentication, and what their rules allow. */
import type { Arguments } from '../../core/arguments.ts';
import type { Command } from '../command-table.ts';
import type { Session } from '../session.ts';
import { User } from './user.ts';

export class Acl {
  readonly users = new Map<string, User>();
  readonly defaultUser: User;

  constructor() {
    this.defaultUser = new User('default');
    this.defaultUser.enabled = true;
    this.defaultUser.noPassword = true;
    this.users.set('default', this.defaultUser);
  }

  /** NOPERM, or null. */
  check(_session: Session, _command: Command, _args: Arguments): string | null {
    return null;
  }
}
