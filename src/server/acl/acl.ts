/**
 * The users of a server, authentication, and what their rules allow.
 *
 * `requirepass` is the password of the user "default". As long as that user is on and has none, nobody has to log in.
 * Whether a session must, and whether rules apply to it, are bits of the session (`Session.updateAccess`); whatever
 * changes a user says so with `usersChanged`, which brings the bits of all sessions up to date. Sessions of users who
 * may do everything never come here with their requests.
 */
import type { Arguments } from '../../core/arguments.ts';
import { bytesOf, cString } from '../../core/latin1.ts';
import { FoundKeys, findKeys } from '../../commands/key-specs.ts';
import { clientInfo } from '../client-info.ts';
import type { Command, CommandTable } from '../command-table.ts';
import type { Config } from '../config/config.ts';
import type { Log } from '../log.ts';
import { SESSION, type Session } from '../session.ts';
import { AclLog, type Place, type Reason } from './acl-log.ts';
import { CommandCatalog } from './command-catalog.ts';
import { applyRule, mergeSelectors, type RuleContext } from './rules.ts';
import { ALLOWED, DENIED_CHANNEL, DENIED_COMMAND, DENIED_KEY } from './selector.ts';
import { User } from './user.ts';

const DEFAULT = 'default';

/** What a server has that its users need. */
export interface AclSurroundings {
  readonly commands: CommandTable;
  readonly config: Config;
  readonly log: Log;
  readonly sessions: ReadonlyMap<number, Session>;
  readonly keyspace: { readonly nowMs: number };
}

export class Acl {
  readonly catalog: CommandCatalog;
  readonly users = new Map<string, User>();
  readonly defaultUser: User;
  readonly refusals: AclLog;
  readonly rules: RuleContext;
  readonly #server: AclSurroundings;
  readonly #found = new FoundKeys();
  /** Index of the argument that the last judgement found fault with. */
  #deniedAt = 0;

  constructor(server: AclSurroundings) {
    const { values } = server.config;
    this.#server = server;
    this.catalog = new CommandCatalog(server.commands);
    this.refusals = new AclLog(() => values['acllog-max-len']);
    this.rules = {
      get allChannelsByDefault(): boolean {
        return values['acl-pubsub-default'] === 'allchannels';
      },
      warn: (message) => server.log.warning(message),
    };
    this.defaultUser = this.newUser(DEFAULT);
    this.defaultUser.allowEverything();
    this.users.set(DEFAULT, this.defaultUser);
  }

  /** `aclfile`, as it was given; empty for none. */
  get file(): string {
    return this.#server.config.values.aclfile;
  }

  /** Users in the order in which they are listed. */
  get sortedUsers(): User[] {
    return [...this.users.keys()].sort().map((name) => this.users.get(name)!);
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

  /**
   * Logs a session in.
   * @param via the command, as it was typed
   * @returns whether name and password are right and the user is on.
   */
  authenticate(session: Session, name: string, password: Uint8Array, via: string): boolean {
    const user = this.users.get(name);
    if (user === undefined || !user.admits(password)) {
      this.#note(session, 'auth', session.has(SESSION.multi) ? 'multi' : 'toplevel', via, name);
      return false;
    }
    session.logIn(user);
    return true;
  }

  usersChanged(): void {
    for (const session of this.#server.sessions.values()) session.updateAccess();
  }

  // ------------------------------------------------------------------------------------------------------------- users

  /** A user who may do nothing; not one of the server's yet. */
  newUser(name: string): User {
    return new User(name, this.catalog, this.rules.allChannelsByDefault);
  }

  /** ACL SETUSER: all rules or none. @returns an error text without code, or null. */
  changeUser(name: string, words: readonly string[]): string | null {
    const merged = mergeSelectors(words);
    if ('unmatched' in merged) {
      return `Unmatched parenthesis in acl selector starting at '${cString(words[merged.unmatched]!)}'.`;
    }
    const user = this.users.get(name);
    const staged = user?.copy() ?? this.newUser(name);
    for (const rule of merged.rules) {
      const reason = applyRule(staged, rule, this.rules);
      if (reason !== null) return `Error in ACL SETUSER modifier '${cString(rule)}': ${reason}`;
    }
    if (user === undefined) this.users.set(name, staged);
    else {
      const lost = losesChannels(user, staged);
      user.become(staged);
      if (lost) this.#closeSubscribers(user);
    }
    this.usersChanged();
    return null;
  }

  /** ACL DELUSER. The sessions of the user end. */
  deleteUser(name: string): boolean {
    const user = this.users.get(name);
    if (user === undefined) return false;
    this.users.delete(name);
    this.#closeSessions(user);
    return true;
  }

  /** Puts other users in the place of all. The default user is still the same object; sessions of the others end. */
  replaceUsers(users: ReadonlyMap<string, User>): void {
    const old = [...this.users.values()];
    const newDefault = users.get(DEFAULT);
    if (newDefault !== undefined) this.defaultUser.become(newDefault);
    else {
      const fresh = this.newUser(DEFAULT);
      fresh.allowEverything();
      this.defaultUser.become(fresh);
    }
    this.users.clear();
    for (const [name, user] of users) this.users.set(name, user);
    this.users.set(DEFAULT, this.defaultUser);
    for (const user of old) if (user !== this.defaultUser) this.#closeSessions(user);
    this.usersChanged();
  }

  #closeSessions(user: User): void {
    for (const session of this.#server.sessions.values()) {
      if (session.user !== user) continue;
      session.user = this.defaultUser;
      session.authenticated = false;
      session.updateAccess();
      this.#close(session);
    }
  }

  /** The user may listen to less than before: subscribers that listen to something else are disconnected. */
  #closeSubscribers(user: User): void {
    for (const session of this.#server.sessions.values()) {
      if (session.user === user && session.has(SESSION.subscribed) && !mayListen(user, session)) this.#close(session);
    }
  }

  /** Whoever changes his own rights gets his answer first. */
  #close(session: Session): void {
    if (session.server.dispatcher.isServing(session)) session.closeAfterReply();
    else session.close();
  }

  // ------------------------------------------------------------------------------------------------------------ checks

  /** NOPERM, or null: the gate of restricted sessions. */
  check(session: Session, command: Command, args: Arguments): string | null {
    const verdict = this.judge(session.user, command, args);
    if (verdict === ALLOWED) return null;
    this.#noteDenial(session, verdict, command, args, session.has(SESSION.multi) ? 'multi' : 'toplevel');
    switch (verdict) {
      case DENIED_COMMAND:
        return `NOPERM this user has no permissions to run the '${command.fullName}' command`;
      case DENIED_KEY:
        return 'NOPERM this user has no permissions to access one of the keys used as arguments';
      default:
        return 'NOPERM this user has no permissions to access one of the channels used as arguments';
    }
  }

  /** Why a command that was queued, or that a script calls, may not run, or null. */
  recheck(session: Session, command: Command, args: Arguments, context: Place = 'multi'): string | null {
    const verdict = this.judge(session.user, command, args);
    if (verdict === ALLOWED) return null;
    this.#noteDenial(session, verdict, command, args, context);
    return context === 'lua' ? scriptDenial(verdict) : queuedDenial(verdict);
  }

  /**
   * Whether one of the user's selectors allows a request. If none does, the most telling reason counts: a key or
   * channel that is out of reach tells more than a command.
   */
  judge(user: User, command: Command, args: Arguments): number {
    this.#findKeys(command, args);
    let result: number = DENIED_COMMAND;
    this.#deniedAt = 0;
    const { selectors } = user;
    for (let i = 0; i < selectors.length; i++) {
      const selector = selectors[i]!;
      const verdict = selector.check(command, args, this.#found);
      if (verdict === ALLOWED) return ALLOWED;
      if (verdict < result || (verdict === result && selector.deniedAt <= this.#deniedAt)) continue;
      result = verdict;
      this.#deniedAt = selector.deniedAt;
    }
    return result;
  }

  /** Index of the key or channel because of which `judge` said no. */
  get deniedAt(): number {
    return this.#deniedAt;
  }

  #findKeys(command: Command, args: Arguments): void {
    if (this.catalog.keyed[command.id] === 1) findKeys(command.row, args, this.#found);
    else this.#found.count = 0;
  }

  /** Whether a session may run the request and read every key while it does. */
  readsAnyKey(session: Session, command: Command, args: Arguments): boolean {
    if (!session.has(SESSION.restricted)) return true;
    this.#findKeys(command, args);
    return session.user.selectors.some(
      (selector) => selector.readsAnyKey && selector.check(command, args, this.#found) === ALLOWED,
    );
  }

  #noteDenial(session: Session, verdict: number, command: Command, args: Arguments, context: Place): void {
    const reason = verdict === DENIED_KEY ? 'key' : verdict === DENIED_CHANNEL ? 'channel' : 'command';
    const object = verdict === DENIED_COMMAND ? command.fullName : args.binary(this.#deniedAt);
    this.#note(session, reason, context, object, session.user.name);
  }

  #note(session: Session, reason: Reason, context: Place, object: string, username: string): void {
    this.refusals.add(
      { reason, context, object, username, clientInfo: clientInfo(session) },
      this.#server.keyspace.nowMs,
    );
  }
}

/** Whether a change of rules could forbid a subscription that was allowed. */
function losesChannels(before: User, after: User): boolean {
  if (after.selectors.some(({ allChannels }) => allChannels)) return false;
  return before.selectors.some(
    ({ allChannels, channelPatterns }) =>
      allChannels ||
      channelPatterns.some(({ source }) => !after.selectors.some((selector) => selector.allowsChannelPattern(source))),
  );
}

function mayListen({ selectors }: User, session: Session): boolean {
  const allowsChannel = (channel: string): boolean =>
    selectors.some(({ channelPatterns }) => channelPatterns.some((glob) => glob.matchesBinary(channel)));
  return (
    [...session.patterns].every((pattern) => selectors.some((selector) => selector.allowsChannelPattern(pattern))) &&
    [...session.channels].every(allowsChannel) &&
    [...session.shardChannels].every(allowsChannel)
  );
}

/** Why a queued command may not run. */
function queuedDenial(verdict: number): string {
  switch (verdict) {
    case DENIED_COMMAND:
      return 'no permission to execute the command or subcommand';
    case DENIED_KEY:
      return 'no permission to touch the specified keys';
    default:
      return 'no permission to access one of the channels used as arguments';
  }
}

/** Why a command of a script may not run. */
function scriptDenial(verdict: number): string {
  switch (verdict) {
    case DENIED_COMMAND:
      return "can't run this command or subcommand";
    case DENIED_KEY:
      return "can't access at least one of the keys mentioned in the command arguments";
    default:
      return "can't publish to the channel mentioned in the command";
  }
}
