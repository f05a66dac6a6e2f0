/**
 * Users in redis.conf: the `user` lines that are read at start, and those of a rewritten file.
 *
 * A line is tried out when it is read, so that a wrong rule is reported with its place; only unknown commands are left
 * for later, when redis-server has loaded its modules. With an `aclfile` there must be no user lines.
 */
import type { CommandTable } from '../command-table.ts';
import type { Config } from '../config/config.ts';
import type { DirectiveChecks } from '../config/grammar.ts';
import { forcedLine } from '../config/rewrite.ts';
import type { RewriteLine } from '../config/value-types.ts';
import type { Acl } from './acl.ts';
import { type AclFileOwner, loadAclFile } from './acl-file.ts';
import { CommandCatalog } from './command-catalog.ts';
import { applyRule, hasSpaces, mergeSelectors, UNKNOWN_COMMAND } from './rules.ts';
import { User } from './user.ts';

const DUPLICATE_USER = 'Duplicate user found. A user can only be defined once in config files';
const FILE_AND_LINES =
  'Configuring Redis with users defined in redis.conf and at the same setting an ACL file path is invalid. This setup ' +
  'is very likely to lead to configuration errors and security holes, please define either an ACL file or declare ' +
  'users directly in your redis.conf, but not both.';

export function userLines(acl: Acl): RewriteLine[] {
  return acl.file === '' ? acl.sortedUsers.map((user) => forcedLine('user', user.describe())) : [];
}

/** How `user` lines are judged while a configuration is read. */
export function userLineCheck(commands: CommandTable, config: Config): NonNullable<DirectiveChecks['user']> {
  const catalog = new CommandCatalog(commands);
  const seen = new Set<string>();
  return ([name = '', ...words]) => {
    if (seen.has(name)) return { index: 1, reason: DUPLICATE_USER };
    const merged = mergeSelectors(words);
    // redis-server gives the reason of whatever failed before.
    if ('unmatched' in merged) return { index: merged.unmatched, reason: UNKNOWN_COMMAND };
    const allChannelsByDefault = config.values['acl-pubsub-default'] === 'allchannels';
    const user = new User(name, catalog, allChannelsByDefault);
    for (const [index, rule] of merged.rules.entries()) {
      const reason = applyRule(user, rule, { allChannelsByDefault });
      if (reason !== null && reason !== UNKNOWN_COMMAND) return { index, reason };
    }
    seen.add(name);
    return null;
  };
}

/**
 * Makes the users of a server that starts.
 * @param lines the `user` lines of its configuration
 * @returns log lines, level warning, that say why it cannot start; none when it can.
 */
export function loadUsers(server: AclFileOwner, lines: readonly (readonly string[])[]): string[] {
  const { acl } = server;
  if (acl.file !== '' && lines.length > 0) return [FILE_AND_LINES];
  for (const line of lines) {
    const error = loadUserLine(server, line);
    if (error !== null) return [error, 'Critical error while loading ACLs. Exiting.'];
  }
  acl.usersChanged();
  if (acl.file === '') return [];
  const errors = loadAclFile(server);
  return errors === null ? [] : [`Aborting Redis startup because of ACL errors: ${errors}`];
}

function loadUserLine({ acl, log }: AclFileOwner, [name = '', ...words]: readonly string[]): string | null {
  if (hasSpaces(name)) return 'Spaces not allowed in ACL usernames';
  const known = acl.users.get(name);
  known?.reset(acl.rules.allChannelsByDefault);
  const user = known ?? acl.newUser(name);
  acl.users.set(name, user);
  const merged = mergeSelectors(words);
  for (const rule of 'rules' in merged ? merged.rules : []) {
    const reason = applyRule(user, rule, acl.rules);
    if (reason !== null) return `Error loading ACL rule '${rule}' for the user named '${name}': ${reason}`;
  }
  if (!user.enabled) {
    log.notice(
      `The user '${name}' is disabled (there is no 'on' modifier in the user description). Make sure this is not a ` +
        'configuration error.',
    );
  }
  return null;
}
