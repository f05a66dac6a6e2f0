/** CLIENT: what a connection can ask about itself and, with the right to, about and of others. */
import type { Arguments } from '../core/arguments.ts';
import { fail, SYNTAX_ERROR } from '../core/errors.ts';
import { cString, lowerCaseAscii } from '../core/latin1.ts';
import { failSubcommand, replyHelp } from '../commands/help.ts';
import type { Row } from '../commands/row.ts';
import type { User } from './acl/user.ts';
import { deadlineOf } from './blocking.ts';
import type { Call } from './call.ts';
import { clientInfo } from './client-info.ts';
import { PAUSE } from './pause.ts';
import { type ClientClass, SESSION, type Session } from './session.ts';
import { trackingSubcommands } from './tracking-commands.ts';

const NAME_REFUSED = 'ERR Client names cannot contain spaces, newlines or special characters.';
const ID_REFUSED = 'ERR client-id should be greater than 0';
const LONG_MAX = 2n ** 63n - 1n;

/** CLIENT SETNAME and HELLO SETNAME. An empty name takes the name away. */
export function setClientName(session: Session, name: string): void {
  if (!/^[!-~]*$/.test(name)) fail(NAME_REFUSED);
  session.name = name;
}

/** The connected clients; those of the embedder are nobody's business but its own. */
function visibleSessions(c: Call): Session[] {
  return [...c.server.sessions.values()].filter((session) => !session.has(SESSION.internal) || session === c.session);
}

function clientClass(args: Arguments, index: number): ClientClass {
  const name = lowerCaseAscii(args.binary(index));
  if (name === 'slave') return 'replica';
  if (name === 'normal' || name === 'replica' || name === 'pubsub' || name === 'master') return name;
  return fail(`ERR Unknown client type '${args.cString(index)}'`);
}

// ------------------------------------------------------------------------------------------------------------- asking

function replyInfo(c: Call, sessions: readonly Session[]): void {
  const lines = sessions.map((session) => `${clientInfo(session)}\n`);
  c.reply.verbatimBytes(Buffer.from(lines.join(''), 'latin1'));
}

function list(c: Call): void {
  const { args } = c;
  if (args.count === 2) replyInfo(c, visibleSessions(c));
  else if (args.count === 4 && args.is(2, 'type')) {
    const wanted = clientClass(args, 3);
    replyInfo(
      c,
      visibleSessions(c).filter((session) => session.clientClass === wanted),
    );
  } else if (args.count > 3 && args.is(2, 'id')) replyInfo(c, sessionsById(c, 3));
  else fail(SYNTAX_ERROR);
}

/** The clients whose ids are given from an argument on; ids of nobody are passed over. */
function sessionsById(c: Call, from: number): Session[] {
  const found: Session[] = [];
  for (let i = from; i < c.args.count; i++) {
    const session = c.server.sessions.get(c.integer(i, 'ERR Invalid client ID'));
    if (session !== undefined) found.push(session);
  }
  return found;
}

function getName(c: Call): void {
  if (c.session.name === '') c.reply.nil();
  else c.reply.bulkBinary(c.session.name);
}

// ------------------------------------------------------------------------------------------------------------- kill

interface KillFilter {
  id: number | null;
  address: string | null;
  localAddress: string | null;
  type: ClientClass | null;
  user: User | null;
  skipMe: boolean;
}

function parseKill(c: Call): KillFilter {
  const { args } = c;
  const filter: KillFilter = { id: null, address: null, localAddress: null, type: null, user: null, skipMe: true };
  // The old form names an address and nothing else, and may name one's own.
  if (args.count === 3) return { ...filter, address: args.binary(2), skipMe: false };
  for (let i = 2; i < args.count; i += 2) {
    if (i + 1 >= args.count) fail(SYNTAX_ERROR);
    if (args.is(i, 'id')) filter.id = clientId(c, i + 1);
    else if (args.is(i, 'type')) filter.type = clientClass(args, i + 1);
    else if (args.is(i, 'addr')) filter.address = args.binary(i + 1);
    else if (args.is(i, 'laddr')) filter.localAddress = args.binary(i + 1);
    else if (args.is(i, 'user')) filter.user = knownUser(c, i + 1);
    else if (args.is(i, 'skipme')) filter.skipMe = yesOrNo(args, i + 1);
    else fail(SYNTAX_ERROR);
  }
  return filter;
}

function clientId(c: Call, index: number): number {
  const id = c.int64(index, ID_REFUSED);
  return id < 1n || id > LONG_MAX ? fail(ID_REFUSED) : Number(id);
}

function knownUser(c: Call, index: number): User {
  const name = c.args.binary(index);
  return c.server.acl.users.get(name) ?? fail(`ERR No such user '${cString(name)}'`);
}

function yesOrNo(args: Arguments, index: number): boolean {
  if (args.is(index, 'yes')) return true;
  return args.is(index, 'no') ? false : fail(SYNTAX_ERROR);
}

function matches(session: Session, filter: KillFilter): boolean {
  return (
    (filter.address === null || session.peer === filter.address) &&
    (filter.localAddress === null || session.localAddress === filter.localAddress) &&
    (filter.type === null || session.clientClass === filter.type) &&
    (filter.id === null || session.id === filter.id) &&
    (filter.user === null || session.user === filter.user)
  );
}

function kill(c: Call): void {
  const filter = parseKill(c);
  const victims = visibleSessions(c).filter(
    (session) => matches(session, filter) && !(filter.skipMe && session === c.session),
  );
  for (const session of victims) if (session !== c.session) session.close();
  if (c.args.count > 3) c.reply.integer(victims.length);
  else if (victims.length === 0) fail('ERR No such client');
  else c.reply.ok();
  // The killer gets its answer first.
  if (victims.includes(c.session)) c.session.closeAfterReply();
}

// ------------------------------------------------------------------------------------------------------------- modes

function setName(c: Call): void {
  setClientName(c.session, c.args.binary(2));
  c.reply.ok();
}

function reply(c: Call): void {
  const { args, session } = c;
  if (args.is(2, 'on')) {
    session.clear(SESSION.replySkip | SESSION.replyOff);
    session.updateReply();
    session.reply.ok();
  } else if (args.is(2, 'off')) {
    session.set(SESSION.replyOff);
    session.updateReply();
  } else if (args.is(2, 'skip')) {
    if (!session.has(SESSION.replyOff)) session.set(SESSION.replySkipNext);
  } else fail(SYNTAX_ERROR);
}

function noEvict(c: Call): void {
  const { args, session } = c;
  if (args.is(2, 'on')) session.set(SESSION.noEvict);
  else if (args.is(2, 'off')) session.clear(SESSION.noEvict);
  else fail(SYNTAX_ERROR);
  c.reply.ok();
}

function pause(c: Call): void {
  const { args, server } = c;
  if (args.count > 4) failSubcommand(c);
  const writesOnly = args.count === 4 && args.is(3, 'write');
  if (args.count === 4 && !writesOnly && !args.is(3, 'all')) fail('ERR CLIENT PAUSE mode must be WRITE or ALL');
  server.pause.begin('client', deadlineOf(c, 2), writesOnly ? PAUSE.writes : PAUSE.all);
  c.reply.ok();
}

function unpause(c: Call): void {
  c.server.pause.end('client');
  c.reply.ok();
}

function unblock(c: Call): void {
  const { args, server } = c;
  if (args.count > 4) failSubcommand(c);
  const asError = args.count === 4 && args.is(3, 'error');
  if (args.count === 4 && !asError && !args.is(3, 'timeout')) {
    fail('ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR');
  }
  const session = server.sessions.get(c.integer(2));
  c.reply.integer(session !== undefined && server.blocking.cutShort(session, asError) ? 1 : 0);
}

const HELP = [
  'CACHING (YES|NO)',
  '    Says whether the keys of the next command are tracked, in the modes OPTIN and OPTOUT.',
  'GETNAME',
  '    Replies the name of this connection.',
  'GETREDIR',
  '    Replies the id of the client that gets the invalidations of this one.',
  'ID',
  '    Replies the id of this connection.',
  'INFO',
  '    Describes this connection.',
  'KILL <ip:port>',
  '    Closes the connection from <ip:port>.',
  'KILL <option> <value> [<option> <value> [...]]',
  '    Closes the connections that all options select:',
  '    * ADDR (<ip:port>|<unixsocket>:0)',
  '      Those from this address.',
  '    * ID <clientid>',
  '      The one with this id.',
  '    * LADDR (<ip:port>|<unixsocket>:0)',
  '      Those to this address of the server.',
  '    * SKIPME (YES|NO)',
  '      Whether to spare this connection (default: yes).',
  '    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)',
  '      Those of this type.',
  '    * USER <username>',
  '      Those that are logged in as this user.',
  'LIST [options ...]',
  '    Describes the connections, all or:',
  '    * ID <clientid> [<clientid> ...]',
  '      Those with these ids.',
  '    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)',
  '      Those of this type.',
  'NO-EVICT (ON|OFF)',
  '    Says whether this connection may be closed when clients take too much memory.',
  'PAUSE <timeout> [WRITE|ALL]',
  '    Holds back commands, all or those that write, for <timeout> milliseconds.',
  'REPLY (ON|OFF|SKIP)',
  '    Says whether commands of this connection are answered.',
  'SETNAME <name>',
  '    Gives this connection a name.',
  'TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]',
  '         [OPTIN] [OPTOUT] [NOLOOP]',
  '    Turns the invalidation of cached keys on or off.',
  'TRACKINGINFO',
  '    Describes the tracking of this connection.',
  'UNBLOCK <clientid> [TIMEOUT|ERROR]',
  '    Ends the waiting of a blocked connection.',
  'UNPAUSE',
  '    Ends a pause.',
];

const QUIET = ['noscript', 'loading', 'stale'] as const;
const ADMIN = ['admin', 'noscript', 'loading', 'stale'] as const;

const clientSubcommands: readonly Row<Call>[] = [
  ...trackingSubcommands,
  {
    name: 'getname',
    arity: 2,
    flags: QUIET,
    since: '2.6.9',
    summary: 'Replies the name of the connection',
    complexity: 'O(1)',
    run: getName,
  },
  {
    name: 'help',
    arity: 2,
    flags: ['loading', 'stale'],
    since: '5.0.0',
    summary: 'Describes the subcommands',
    complexity: 'O(1)',
    run: (c) => replyHelp(c, HELP),
  },
  {
    name: 'id',
    arity: 2,
    flags: QUIET,
    since: '5.0.0',
    summary: 'Replies the id of the connection',
    complexity: 'O(1)',
    run: (c) => c.reply.integer(c.session.id),
  },
  {
    name: 'info',
    arity: 2,
    flags: QUIET,
    tips: ['nondeterministic_output'],
    since: '6.2.0',
    summary: 'Describes the connection',
    complexity: 'O(1)',
    run: (c) => replyInfo(c, [c.session]),
  },
  {
    name: 'kill',
    arity: -3,
    flags: ADMIN,
    since: '2.4.0',
    summary: 'Closes connections of clients',
    complexity: 'O(N) where N is the number of connections',
    syntax:
      'filter=<ip:port!2.8.12 | new-format=<[ID client-id:integer]@2.8.12 | ' +
      '[TYPE normal_master_slave_pubsub=<NORMAL | MASTER@3.2.0 | SLAVE | REPLICA@5.0.0 | PUBSUB>]@2.8.12 | ' +
      '[USER username] | [ADDR ip:port] | [LADDR ip:port]@6.2.0 | [SKIPME yes/no]> ...>',
    history: [
      ['2.8.12', 'Takes filters, such as an id.'],
      ['3.2.0', 'Selects masters by their type.'],
      ['5.0.0', 'Calls replicas so; the old word for them is still understood.'],
      ['6.2.0', 'Selects by the local address.'],
    ],
    run: kill,
  },
  {
    name: 'list',
    arity: -2,
    flags: ADMIN,
    tips: ['nondeterministic_output'],
    since: '2.4.0',
    summary: 'Describes the connections of all clients or some',
    complexity: 'O(N) where N is the number of connections',
    syntax:
      '[TYPE normal_master_replica_pubsub=<NORMAL | MASTER | REPLICA | PUBSUB>]@5.0.0 [ID id=<client-id:integer ...>]@6.2.0',
    history: [
      ['2.8.12', 'Shows the id.'],
      ['5.0.0', 'Selects by type.'],
      ['6.0.0', 'Shows the user.'],
      ['6.2.0', 'Shows argv-mem, tot-mem, laddr and redir, and selects by id.'],
      ['7.0.0', 'Shows resp, multi-mem, rbs and rbp.'],
      ['7.0.3', 'Shows ssub.'],
    ],
    run: list,
  },
  {
    name: 'no-evict',
    arity: 3,
    flags: ADMIN,
    since: '7.0.0',
    summary: 'Protects the connection from being closed for lack of memory',
    complexity: 'O(1)',
    syntax: 'enabled=<ON | OFF>',
    run: noEvict,
  },
  {
    name: 'pause',
    arity: -3,
    flags: ADMIN,
    since: '2.9.50',
    summary: 'Holds back commands of all clients for a time',
    complexity: 'O(1)',
    syntax: 'timeout:integer mode=[WRITE | ALL]@6.2.0',
    history: [['6.2.0', 'Can hold back writes alone.']],
    run: pause,
  },
  {
    name: 'reply',
    arity: 3,
    flags: QUIET,
    since: '3.2.0',
    summary: 'Says whether commands are answered',
    complexity: 'O(1)',
    syntax: '<ON | OFF | SKIP>',
    run: reply,
  },
  {
    name: 'setname',
    arity: 3,
    flags: QUIET,
    since: '2.6.9',
    summary: 'Names the connection',
    complexity: 'O(1)',
    syntax: 'connection-name',
    run: setName,
  },
  {
    name: 'unblock',
    arity: -3,
    flags: ADMIN,
    since: '5.0.0',
    summary: 'Ends the waiting of a client that is blocked',
    complexity: 'O(log N) where N is the number of connections',
    syntax: 'client-id:integer timeout_error=[TIMEOUT | ERROR]',
    run: unblock,
  },
  {
    name: 'unpause',
    arity: 2,
    flags: ADMIN,
    since: '6.2.0',
    summary: 'Lets the commands go on that a pause holds back',
    complexity: 'O(N) where N is the number of clients that wait',
    run: unpause,
  },
];

export const clientContainer: Row<Call> = {
  name: 'client',
  arity: -2,
  flags: [],
  since: '2.4.0',
  summary: 'Manages connections of clients',
  complexity: 'Depends on subcommand',
  subcommands: clientSubcommands,
};
