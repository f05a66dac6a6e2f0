/**
 * The file of `aclfile`: one `user` line for each user. It is read as a whole, at start and by ACL LOAD: if anything is
 * wrong in it, all mistakes are reported and nothing changes. ACL SAVE replaces it, which is why it has no comments.
 */
import { bytesOf, latin1Of } from '../../core/latin1.ts';
import { DiskError, type Host } from '../../host/host.ts';
import { replaceFile } from '../../host/replace-file.ts';
import type { Config } from '../config/config.ts';
import type { Log } from '../log.ts';
import type { Acl } from './acl.ts';
import { applyRule, hasSpaces, mergeSelectors, UNKNOWN_COMMAND } from './rules.ts';
import type { User } from './user.ts';

/** Whose file it is. */
export interface AclFileOwner {
  readonly acl: Acl;
  readonly host: Pick<Host, 'disk' | 'system' | 'clock'>;
  readonly config: Config;
  readonly log: Log;
}

/** @returns what is wrong with the file, or null when its users are the server's. */
export function loadAclFile({ acl, host, config }: AclFileOwner): string | null {
  const path = config.path(acl.file);
  let bytes: Uint8Array | null;
  try {
    bytes = host.disk.read(path);
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    return `Error loading ACLs, opening file '${acl.file}': ${error.message}`;
  }
  if (bytes === null) return `Error loading ACLs, opening file '${acl.file}': No such file or directory`;
  const users = new Map<string, User>();
  let errors = '';
  for (const [index, line] of latin1Of(bytes, 0, bytes.length).split('\n').entries()) {
    errors += loadLine(acl, users, trim(line), index + 1);
  }
  if (errors !== '') {
    return `${errors}WARNING: ACL errors detected, no change to the previously active ACL rules was performed`;
  }
  acl.replaceUsers(users);
  return null;
}

/** @returns the mistakes in the line; empty if there is none. */
function loadLine(acl: Acl, users: Map<string, User>, line: string, number: number): string {
  if (line === '') return '';
  const [keyword, name, ...words] = line.split(' ');
  const place = `${acl.file}:${number}`;
  if (keyword !== 'user' || name === undefined) {
    return `${place} should start with user keyword followed by the username. `;
  }
  if (hasSpaces(name)) return `'${place}: username '${name}' contains invalid characters. `;
  if (users.has(name)) return `WARNING: Duplicate user '${name}' found on line ${number}. `;
  const user = acl.newUser(name);
  users.set(name, user);
  const merged = mergeSelectors(words);
  if ('unmatched' in merged) return `${place}: Unmatched parenthesis in selector definition.`;
  return applyRules(acl, user, merged.rules, place);
}

/** Names every unknown command, but only the first of other mistakes, which may be the cause of the rest. */
function applyRules(acl: Acl, user: User, rules: readonly string[], place: string): string {
  let errors = '';
  let isFirst = true;
  for (const rule of rules.map(trimWord)) {
    const reason = applyRule(user, rule, acl.rules);
    if (reason === null) continue;
    if (reason === UNKNOWN_COMMAND) errors += `${place}: Error in applying operation '${rule}': ${reason}. `;
    else if (isFirst) {
      errors += `${place}: ${reason}. `;
      isFirst = false;
    }
  }
  return errors;
}

function trim(line: string): string {
  return line.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');
}

function trimWord(word: string): string {
  return word.replace(/^[\t\r\n]+|[\t\r\n]+$/g, '');
}

/** @returns whether the users were written. */
export function saveAclFile({ acl, host, config, log }: AclFileOwner): boolean {
  const text = acl.sortedUsers.map((user) => `${user.describe()}\n`).join('');
  const suffix = `.tmp-${host.system.pid}-${host.clock.wallMs()}`;
  try {
    replaceFile(host.disk, config.path(acl.file), bytesOf(text), suffix);
    return true;
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    log.warning(`Writing ACL file for ACL SAVE: ${error.message}`);
    return false;
  }
}
