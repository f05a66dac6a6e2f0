/** MULTI, EXEC, DISCARD, WATCH, UNWATCH. */
import { EXEC_ABORT, fail } from '../core/errors.ts';
import { keysFrom } from '../commands/row.ts';
import type { Call } from './call.ts';
import { serverFamily } from './rows.ts';
import { SESSION } from './session.ts';
import { discardTransaction, type QueuedCommand, Transaction } from './transactions.ts';

function multi(c: Call): void {
  const { session } = c;
  if (session.has(SESSION.multi)) fail('ERR MULTI calls can not be nested');
  session.set(SESSION.multi);
  session.transaction = new Transaction();
  c.reply.ok();
}

function discard(c: Call): void {
  if (!c.session.has(SESSION.multi)) fail('ERR DISCARD without MULTI');
  discardTransaction(c.server, c.session);
  c.reply.ok();
}

function exec(c: Call): void {
  const { server, session, reply } = c;
  const { transaction } = session;
  if (transaction === null) fail('ERR EXEC without MULTI');
  const isDirty = session.has(SESSION.dirty) || server.watches.hasExpired(session);
  if (transaction.spoilt || isDirty) {
    discardTransaction(server, session);
    if (transaction.spoilt) fail(EXEC_ABORT);
    reply.nilArray();
    return;
  }
  server.watches.unwatch(session);
  session.set(SESSION.inExec);
  reply.array(transaction.queued.length);
  runFrom(c, transaction, 0);
}

/** Runs the queued commands from one on, then ends the transaction. */
function runFrom(c: Call, transaction: Transaction, from: number): void {
  const { server, session } = c;
  const { dispatcher } = server;
  for (let at = from; at < transaction.queued.length; at++) {
    runQueued(c, transaction.queued[at]!);
    if (dispatcher.isHalting) {
      dispatcher.goOnWith(() => runFrom(c, transaction, at + 1));
      return;
    }
  }
  session.clear(SESSION.inExec);
  discardTransaction(server, session);
}

/** Rules may have changed since the command was queued. */
function runQueued({ server, session }: Call, { command, args }: QueuedCommand): void {
  const refusal = session.has(SESSION.restricted) ? server.acl.recheck(session, command, args) : null;
  if (refusal === null) {
    server.dispatcher.call(session, command, args);
    return;
  }
  session.reply.error(
    'NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. ' +
      `This command is no longer allowed for the following reason: ${refusal}`,
  );
}

function watch(c: Call): void {
  const { session, server, args, db } = c;
  if (session.has(SESSION.multi)) fail('ERR WATCH inside MULTI is not allowed');
  if (!session.has(SESSION.dirty)) {
    for (let i = 1; i < args.count; i++) server.watches.watch(session, db, args.copy(i));
  }
  c.reply.ok();
}

function unwatch(c: Call): void {
  c.server.watches.unwatch(c.session);
  c.session.clear(SESSION.dirty);
  c.reply.ok();
}

export const transactionCommands = serverFamily('transactions', [
  {
    name: 'discard',
    arity: 1,
    flags: ['noscript', 'loading', 'stale', 'fast', 'allow_busy', 'immediate', 'ends_transaction'],
    since: '2.0.0',
    summary: 'Forgets the queued commands and ends the transaction',
    complexity: 'O(N) where N is the number of queued commands',
    run: discard,
  },
  {
    name: 'exec',
    arity: 1,
    flags: ['noscript', 'loading', 'stale', 'skip_slowlog', 'immediate', 'ends_transaction', 'aborts_transaction'],
    since: '1.2.0',
    summary: 'Runs the queued commands as one',
    complexity: 'That of the queued commands',
    run: exec,
  },
  {
    name: 'multi',
    arity: 1,
    flags: ['noscript', 'loading', 'stale', 'fast', 'allow_busy', 'immediate'],
    since: '1.2.0',
    summary: 'Begins a transaction: commands are queued from here on',
    complexity: 'O(1)',
    run: multi,
  },
  {
    name: 'unwatch',
    arity: 1,
    flags: ['noscript', 'loading', 'stale', 'fast', 'allow_busy'],
    since: '2.2.0',
    summary: 'Forgets every watched key',
    complexity: 'O(N) where N is the number of watched keys',
    run: unwatch,
  },
  {
    name: 'watch',
    arity: -2,
    flags: ['noscript', 'loading', 'stale', 'fast', 'allow_busy', 'immediate'],
    keys: keysFrom(1, 'RO'),
    since: '2.2.0',
    summary: 'Lets the next transaction fail if one of the keys changes before it',
    complexity: 'O(1) for each key',
    syntax: 'key ...',
    run: watch,
  },
]);
