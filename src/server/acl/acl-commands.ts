/** ACL. */
import { Arguments } from '../../core/arguments.ts';
import { fail, wrongArity } from '../../core/errors.ts';
import { toHex } from '../../core/hex.ts';
import { cString } from '../../core/latin1.ts';
import { failSubcommand, replyHelp } from '../../commands/help.ts';
import type { Call } from '../call.ts';
import { CATEGORIES, type Command } from '../command-table.ts';

import { serverFamily } from '../rows.ts';
import { loadAclFile, saveAclFile } from './acl-file.ts';
import type { AclLogEntry } from './acl-log.ts';
import { hasSpaces } from './rules.ts';
import { ALLOWED, DENIED_COMMAND, DENIED_KEY, type Selector } from './selector.ts';

const NO_FILE =
  'ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER ' +
  'command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store ' +
  'users in the Redis configuration.';
const PASSWORD_BITS = 256;
const PASSWORD_BITS_MAX = 4096;
const LOG_ENTRIES_SHOWN = 10;

// --------------------------------------------------------------------------------------------------------------- users

function setUser(c: Call): void {
  const name = c.args.binary(2);
  if (hasSpaces(name)) fail("ERR Usernames can't contain spaces or null characters");
  const error = c.server.acl.changeUser(name, wordsFrom(c, 3));
  if (error !== null) fail(`ERR ${error}`);
  c.reply.ok();
}

/** Rules may be passwords, and names are nobody else's business. */
function setUserSecrets(args: Arguments): readonly number[] {
  return Array.from({ length: args.count - 2 }, (_, i) => i + 2);
}

function deleteUsers(c: Call): void {
  const names = wordsFrom(c, 2);
  if (names.includes('default')) fail("ERR The 'default' user cannot be removed");
  // If this session is among those that end, its reply still leaves.
  c.reply.integer(names.filter((name) => c.server.acl.deleteUser(name)).length);
}

function wordsFrom({ args }: Call, first: number): string[] {
  return Array.from({ length: args.count - first }, (_, i) => args.binary(first + i));
}

function list(c: Call): void {
  c.reply.bulkArray(c.server.acl.sortedUsers.map((user) => user.describe()));
}

function users(c: Call): void {
  c.reply.bulkArray(c.server.acl.sortedUsers.map(({ name }) => name));
}

function getUser(c: Call): void {
  const { reply } = c;
  const user = c.server.acl.users.get(c.args.binary(2));
  if (user === undefined) {
    reply.nil();
    return;
  }
  reply.map(6);
  reply.bulkBinary('flags');
  reply.set(user.flags.length);
  for (const flag of user.flags) reply.bulkBinary(flag);
  reply.bulkBinary('passwords');
  reply.bulkArray([...user.passwords]);
  replySelector(c, user.root);
  reply.bulkBinary('selectors');
  reply.array(user.selectors.length - 1);
  for (const selector of user.selectors.slice(1)) {
    reply.map(3);
    replySelector(c, selector);
  }
}

function replySelector({ reply }: Call, selector: Selector): void {
  reply.bulkBinary('commands');
  reply.bulkBinary(selector.describeCommands());
  reply.bulkBinary('keys');
  reply.bulkBinary(selector.describeKeys());
  reply.bulkBinary('channels');
  reply.bulkBinary(selector.describeChannels());
}

// --------------------------------------------------------------------------------------------------------------- tools

function categories(c: Call): void {
  if (c.args.count > 3) failSubcommand(c);
  if (c.args.count === 2) {
    c.reply.bulkArray(CATEGORIES);
    return;
  }
  const name = c.args.binary(2);
  const commands = c.server.acl.catalog.category(cString(name));
  if (commands === null) fail(`ERR Unknown category '${cString(name).slice(0, 128)}'`);
  c.reply.bulkArray(commands.map(({ fullName }) => fullName));
}

/** Whether a user could run a command; the command itself is not run. */
function dryRun(c: Call): void {
  const { acl } = c.server;
  const name = c.args.binary(2);
  const user = acl.users.get(name);
  if (user === undefined) fail(`ERR User '${cString(name)}' not found`);
  const args = Arguments.ofBinary(wordsFrom(c, 3));
  const command = namedCommand(c, args);
  const { arity } = command;
  if (arity >= 0 ? args.count !== arity : args.count < -arity) fail(wrongArity(command.fullName));
  const verdict = acl.judge(user, command, args);
  if (verdict === ALLOWED) c.reply.ok();
  else c.reply.bulkBinary(`This user has no permissions to ${deniedPart(verdict, command, args, acl.deniedAt)}`);
}

function namedCommand(c: Call, args: Arguments): Command {
  const command = c.server.commands.find(args);
  const isUnknown = command === null || (command.subcommands.length > 0 && args.count > 1);
  return isUnknown ? fail(`ERR Command '${cString(args.binary(0))}' not found`) : command;
}

function deniedPart(verdict: number, command: Command, args: Arguments, at: number): string {
  if (verdict === DENIED_COMMAND) return `run the '${command.fullName}' command`;
  return `access the '${cString(args.binary(at))}' ${verdict === DENIED_KEY ? 'key' : 'channel'}`;
}

function generatePassword(c: Call): void {
  if (c.args.count > 3) failSubcommand(c);
  const bits = c.args.count === 3 ? c.integer(2) : PASSWORD_BITS;
  if (bits <= 0 || bits > PASSWORD_BITS_MAX) {
    fail(
      'ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to ' +
        PASSWORD_BITS_MAX,
    );
  }
  const digits = Math.ceil(bits / 4);
  c.reply.bulkBinary(toHex(c.services.random.bytes(Math.ceil(digits / 2))).slice(0, digits));
}

// ---------------------------------------------------------------------------------------------------------------- file

function load(c: Call): void {
  if (c.server.acl.file === '') fail(NO_FILE);
  const errors = loadAclFile(c.server);
  if (errors !== null) fail(`ERR ${errors}`);
  c.reply.ok();
}

function save(c: Call): void {
  if (c.server.acl.file === '') fail(NO_FILE);
  if (!saveAclFile(c.server)) {
    fail('ERR There was an error trying to save the ACLs. Please check the server logs for more information');
  }
  c.reply.ok();
}

// ----------------------------------------------------------------------------------------------------------------- log

function log(c: Call): void {
  const { refusals } = c.server.acl;
  if (c.args.count > 3) failSubcommand(c);
  if (c.args.count === 3 && c.args.is(2, 'reset')) {
    refusals.clear();
    c.reply.ok();
    return;
  }
  const count = c.args.count === 3 ? Math.max(0, c.integer(2)) : LOG_ENTRIES_SHOWN;
  const shown = refusals.entries.slice(0, count);
  c.reply.array(shown.length);
  for (const entry of shown) replyEntry(c, entry);
}

function replyEntry({ reply, now }: Call, entry: AclLogEntry): void {
  reply.map(7);
  reply.bulkBinary('count');
  reply.integer(entry.count);
  for (const [name, value] of [
    ['reason', entry.reason],
    ['context', entry.context],
    ['object', entry.object],
    ['username', entry.username],
  ] as const) {
    reply.bulkBinary(name);
    reply.bulkBinary(value);
  }
  reply.bulkBinary('age-seconds');
  reply.double((now - entry.atMs) / 1000);
  reply.bulkBinary('client-info');
  reply.bulkBinary(entry.clientInfo);
}

function help(c: Call): void {
  replyHelp(c, [
    'CAT [<category>]',
    '    List the categories, or the commands of one.',
    'DELUSER <username> [<username> ...]',
    '    Delete users. Their connections are closed.',
    'DRYRUN <username> <command> [<arg> ...]',
    '    Tell whether the user may run the command, without running it.',
    'GENPASS [<bits>]',
    '    Make up a password (256 bits by default), in hex.',
    'GETUSER <username>',
    '    Show the rules of a user.',
    'LIST',
    '    Show all users as lines of a configuration file.',
    'LOAD',
    '    Read the users from the ACL file.',
    'LOG [<count> | RESET]',
    '    Show what was refused lately, or forget it.',
    'SAVE',
    '    Write the users into the ACL file.',
    'SETUSER <username> <rule> [<rule> ...]',
    '    Make a user, or change the rules of one.',
    'USERS',
    '    List the names of all users.',
    'WHOAMI',
    '    Tell the name of the user of this connection.',
  ]);
}

const admin = ['admin', 'noscript', 'loading', 'stale'] as const;
const open = ['noscript', 'loading', 'stale'] as const;
const PER_USER = 'O(N) where N is the number of users';

export const aclCommands = serverFamily('server', [
  {
    name: 'acl',
    arity: -2,
    flags: [],
    since: '6.0.0',
    summary: 'Manages users and what they may do',
    complexity: 'Depends on subcommand.',
    subcommands: [
      {
        name: 'cat',
        arity: -2,
        flags: open,
        since: '6.0.0',
        summary: 'Lists the categories of commands, or the commands of one',
        complexity: 'O(1), for categories and commands do not change',
        syntax: '[categoryname]',
        run: categories,
      },
      {
        name: 'deluser',
        arity: -3,
        flags: admin,
        since: '6.0.0',
        summary: 'Deletes users and closes their connections',
        complexity: 'O(1) for each user, plus the number of connections',
        syntax: 'username ...',
        run: deleteUsers,
      },
      {
        name: 'dryrun',
        arity: -4,
        flags: admin,
        since: '7.0.0',
        summary: 'Tells whether a user may run a command, without running it',
        complexity: 'O(1)',
        syntax: 'username command [arg ...]',
        run: dryRun,
      },
      {
        name: 'genpass',
        arity: -2,
        flags: open,
        since: '6.0.0',
        summary: 'Makes up a password',
        complexity: 'O(1)',
        syntax: '[bits:integer]',
        run: generatePassword,
      },
      {
        name: 'getuser',
        arity: 3,
        flags: admin,
        since: '6.0.0',
        summary: 'Shows the rules of a user',
        complexity: 'O(N) where N is the number of passwords and rules of the user',
        history: [
          ['6.2.0', 'Shows the patterns of channels.'],
          ['7.0.0', 'Shows selectors, and patterns of keys and channels as rules in place of lists.'],
        ],
        syntax: 'username',
        run: getUser,
      },
      {
        name: 'help',
        arity: 2,
        flags: ['loading', 'stale'],
        since: '6.0.0',
        summary: 'Explains the subcommands',
        complexity: 'O(1)',
        run: help,
      },
      {
        name: 'list',
        arity: 2,
        flags: admin,
        since: '6.0.0',
        summary: 'Shows all users as lines of a configuration file',
        complexity: PER_USER,
        run: list,
      },
      {
        name: 'load',
        arity: 2,
        flags: admin,
        since: '6.0.0',
        summary: 'Reads the users from the ACL file',
        complexity: PER_USER,
        run: load,
      },
      {
        name: 'log',
        arity: -2,
        flags: admin,
        since: '6.0.0',
        summary: 'Shows what was refused lately because of rules',
        complexity: 'O(N) where N is the number of entries shown',
        syntax: 'operation=[count:integer | RESET]',
        run: log,
      },
      {
        name: 'save',
        arity: 2,
        flags: admin,
        since: '6.0.0',
        summary: 'Writes the users into the ACL file',
        complexity: PER_USER,
        run: save,
      },
      {
        name: 'setuser',
        arity: -3,
        flags: admin,
        since: '6.0.0',
        summary: 'Makes a user, or changes the rules of one',
        complexity: 'O(N) where N is the number of rules',
        history: [
          ['6.2.0', 'Takes patterns of channels.'],
          ['7.0.0', 'Takes selectors, and patterns of keys to read or to write.'],
        ],
        syntax: 'username [rule ...]',
        secrets: setUserSecrets,
        run: setUser,
      },
      {
        name: 'users',
        arity: 2,
        flags: admin,
        since: '6.0.0',
        summary: 'Lists the names of all users',
        complexity: PER_USER,
        run: users,
      },
      {
        name: 'whoami',
        arity: 2,
        flags: open,
        since: '6.0.0',
        summary: 'Tells the name of the user of the connection',
        complexity: 'O(1)',
        run: (c) => c.reply.bulkBinary(c.session.user.name),
      },
    ],
  },
]);
