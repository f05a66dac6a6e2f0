/**
 * The users of a server, authentication, and what their rules allow.
 *
 * `requirepass` is the password of the user "default". As long as that user is on and has none, nobody has to log in.
 * Whether a session must, and whether rules apply to it, are bits of the session (`Session.updateAccess`); whatever
 * changes a user says so with `usersChanged`, which brings the bits of all sessions up to date.
 */
import type { Arguments } from '../../core/arguments.ts';
import { bytesOf } from '../../core/latin1.ts';
import type { Command } from '../command-table.ts';
import type { Session } from '../session.ts';
import { User } from './user.ts';

const DEFAULT = 'default';

export class Acl {
  readonly users = new Map<string, User>();
  readonly defaultUser: User;
  readonly #sessions: () => Iterable<Session>;

  constructor(sessions: () => Iterable<Session>) {
    this.#sessions = sessions;
    this.defaultUser = new User(DEFAULT);
    this.defaultUser.enabled = true;
    this.defaultUser.allowAnyPassword();
    this.users.set(DEFAULT, this.defaultUser);
  }

  /** Whether clients have to log in. */
  get requiresLogin(): boolean {
    return !this.defaultUser.noPassword || !this.defaultUser.enabled;
  }

  /** `requirepass`, a binary string; empty for none. */
  setDefaultPassword(password: string): void {
    const user = this.defaultUser;
    if (password === '') user.allowAnyPassword();
    else {
      user.removePasswords();
      user.addPassword(bytesOf(password));
    }
    this.usersChanged();
  }

  /** Logs a session in. @returns whether name and password are right and the user is on. */
  authenticate(session: Session, name: string, password: Uint8Array): boolean {
    const user = this.users.get(name);
    if (user === undefined || !user.admits(password)) return false;
    session.logIn(user);
    return true;
  }

  usersChanged(): void {
    for (const session of this.#sessions()) session.updateAccess();
  }

  /** NOPERM, or null. */
  check(_session: Session, _command: Command, _args: Arguments): string | null {
    return null;
  }
}
