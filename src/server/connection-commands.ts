/** AUTH, HELLO, PING, ECHO, SELECT, QUIT, RESET; CLIENT stands in client-commands.ts. */
import type { Arguments } from '../core/arguments.ts';
import { DB_INDEX_OUT_OF_RANGE, fail, SYNTAX_ERROR, wrongArity } from '../core/errors.ts';
import type { Call } from './call.ts';
import { clientContainer, setClientName } from './client-commands.ts';
import { REDIS_VERSION } from './config/config-error.ts';
import { serverFamily } from './rows.ts';
import { SESSION, type Session } from './session.ts';
import { discardTransaction } from './transactions.ts';

const WRONG_PASSWORD = 'WRONGPASS invalid username-password pair or user is disabled.';
const NO_PASSWORD_SET =
  'ERR AUTH <password> called without any password configured for the default user. ' +
  'Are you sure your configuration is correct?';
const HELLO_NEEDS_LOGIN =
  'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> ' +
  'option can be used to authenticate the client and select the RESP protocol version at the same time';
const INT_MIN = -(2 ** 31);
const INT_MAX = 2 ** 31 - 1;
const NOT_AN_INT = `ERR value is out of range, value must between ${INT_MIN} and ${INT_MAX}`;

// --------------------------------------------------------------------------------------------------------------- login

function auth(c: Call): void {
  const { args, server, session } = c;
  if (args.count > 3) fail(SYNTAX_ERROR);
  if (args.count === 2 && server.acl.defaultUser.noPassword) fail(NO_PASSWORD_SET);
  const name = args.count === 2 ? server.acl.defaultUser.name : args.binary(1);
  if (!server.acl.authenticate(session, name, args.view(args.count - 1), args.binary(0))) fail(WRONG_PASSWORD);
  c.reply.ok();
}

/** A request with too many arguments is no login, and Redis shows it. */
function authSecrets(args: Arguments): readonly number[] {
  if (args.count > 3) return [];
  return args.count === 2 ? [1] : [1, 2];
}

/** Options take effect one after the other, up to the first that is wrong. */
function hello(c: Call): void {
  const { args, session, server } = c;
  const version = args.count > 1 ? protocolVersion(c) : 0;
  for (let i = 2; i < args.count; i++) {
    const left = args.count - 1 - i;
    if (args.is(i, 'auth') && left >= 2) {
      const isIn = server.acl.authenticate(session, args.binary(i + 1), args.view(i + 2), args.binary(0));
      if (!isIn) fail(WRONG_PASSWORD);
      i += 2;
    } else if (args.is(i, 'setname') && left >= 1) {
      setClientName(session, args.binary(i + 1));
      i++;
    } else fail(`ERR Syntax error in HELLO option '${args.cString(i)}'`);
  }
  if (!session.authenticated) fail(HELLO_NEEDS_LOGIN);
  if (version > 0) session.output.protocol = version;
  replyHello(c);
}

function protocolVersion(c: Call): number {
  const version = c.integer(1, 'ERR Protocol version is not an integer or out of range');
  return version < 2 || version > 3 ? fail('NOPROTO unsupported protocol version') : version;
}

function replyHello(c: Call): void {
  const { reply, server, session } = c;
  const isSentinel = server.mode === 'sentinel';
  reply.map(isSentinel ? 6 : 7);
  reply.bulkBinary('server');
  reply.bulkBinary('redis');
  reply.bulkBinary('version');
  reply.bulkBinary(REDIS_VERSION);
  reply.bulkBinary('proto');
  reply.integer(session.protocol);
  reply.bulkBinary('id');
  reply.integer(session.id);
  reply.bulkBinary('mode');
  reply.bulkBinary(server.mode);
  if (!isSentinel) {
    reply.bulkBinary('role');
    reply.bulkBinary(server.hooks.replication?.isReplica ? 'replica' : 'master');
  }
  reply.bulkBinary('modules');
  reply.array(0);
}

function helloSecrets(args: Arguments): readonly number[] {
  const secrets: number[] = [];
  for (let i = 2; i < args.count; i++) {
    const left = args.count - 1 - i;
    if (args.is(i, 'auth') && left >= 2) {
      secrets.push(i + 1, i + 2);
      i += 2;
    } else if (args.is(i, 'setname') && left >= 1) i++;
    else break;
  }
  return secrets;
}

// ---------------------------------------------------------------------------------------------------------------- talk

function ping(c: Call): void {
  const { args, reply, session } = c;
  if (args.count > 2) fail(wrongArity('ping'));
  if (session.has(SESSION.subscribed) && session.protocol === 2) {
    reply.array(2);
    reply.bulkBinary('pong');
    if (args.count === 1) reply.bulkBinary('');
    else reply.bulk(args.bytes, args.starts[1]!, args.length(1));
  } else if (args.count === 1) reply.raw(PONG);
  else reply.bulk(args.bytes, args.starts[1]!, args.length(1));
}

const PONG = Buffer.from('+PONG\r\n');

function echo(c: Call): void {
  c.reply.bulk(c.args.bytes, c.args.starts[1]!, c.args.length(1));
}

function select(c: Call): void {
  const index = c.integer(1);
  if (index < INT_MIN || index > INT_MAX) fail(NOT_AN_INT);
  if (index !== 0 && c.server.config.values['cluster-enabled']) fail('ERR SELECT is not allowed in cluster mode');
  const database = c.keyspace.databases[index];
  if (database === undefined) return fail(DB_INDEX_OUT_OF_RANGE);
  c.session.db = database;
  c.reply.ok();
}

function quit(c: Call): void {
  c.reply.ok();
  c.session.closeAfterReply();
}

function reset(c: Call): void {
  const { session } = c;
  if (session.has(SESSION.replica | SESSION.master)) fail('ERR can only reset normal client connections');
  resetSession(session);
  session.reply.simple('RESET');
}

/** Back to the state of a connection that was just made (networking.c clearClientConnectionState). */
function resetSession(session: Session): void {
  const { server } = session;
  server.monitors.remove(session);
  server.tracking.disable(session);
  session.db = server.keyspace.databases[0]!;
  session.output.protocol = 2;
  session.logOut();
  discardTransaction(server, session);
  server.pubsub.leave(session);
  session.name = '';
  session.clear(SESSION.asking | SESSION.readonly | SESSION.replyOff | SESSION.replySkipNext);
  session.updateReply();
}

const ALWAYS = ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'] as const;

export const connectionCommands = serverFamily('connection', [
  {
    name: 'auth',
    arity: -2,
    flags: ALWAYS,
    secrets: authSecrets,
    since: '1.0.0',
    summary: 'Logs the connection in',
    complexity: 'O(N) where N is the number of passwords of the user',
    syntax: '[username]@6.0.0 password',
    history: [['6.0.0', 'Takes a user name, as ACL needs it.']],
    run: auth,
  },
  clientContainer,
  {
    name: 'echo',
    arity: 2,
    flags: ['loading', 'stale', 'fast'],
    since: '1.0.0',
    summary: 'Replies what it was given',
    complexity: 'O(1)',
    syntax: 'message',
    run: echo,
  },
  {
    name: 'hello',
    arity: -1,
    flags: ALWAYS,
    secrets: helloSecrets,
    since: '6.0.0',
    summary: 'Greets the server: selects the protocol, logs in, names the connection',
    complexity: 'O(1)',
    syntax: 'arguments=[<protover:integer [AUTH username_password=<username password>] [SETNAME clientname]>]',
    history: [['6.2.0', 'The protocol may be left out; the reply then describes the connection as it is.']],
    run: hello,
  },
  {
    name: 'ping',
    arity: -1,
    flags: ['fast', 'subscriber'],
    tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
    since: '1.0.0',
    summary: 'Replies PONG, or what it was given',
    complexity: 'O(1)',
    syntax: '[message]',
    run: ping,
  },
  {
    name: 'quit',
    arity: -1,
    flags: [...ALWAYS, 'immediate', 'subscriber', 'ends_transaction'],
    since: '1.0.0',
    summary: 'Closes the connection',
    complexity: 'O(1)',
    run: quit,
  },
  {
    name: 'reset',
    arity: 1,
    flags: [...ALWAYS, 'immediate', 'subscriber', 'ends_transaction'],
    since: '6.2.0',
    summary: 'Brings the connection back to the state in which it began',
    complexity: 'O(1)',
    run: reset,
  },
  {
    name: 'select',
    arity: 2,
    flags: ['loading', 'stale', 'fast'],
    since: '1.0.0',
    summary: 'Chooses the database of the connection',
    complexity: 'O(1)',
    syntax: 'index:integer',
    run: select,
  },
]);
