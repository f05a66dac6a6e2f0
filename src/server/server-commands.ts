/** Commands about the server as a whole: INFO, emptying and exchanging databases, time, role, the way down. */
import { fail, SYNTAX_ERROR } from '../core/errors.ts';
import { bytesOf } from '../core/latin1.ts';
import { freeSoon } from '../data/value.ts';
import type { Call } from './call.ts';
import { CONDITION } from './gates.ts';
import { lolwut } from './lolwut.ts';
import { serverFamily } from './rows.ts';
import { PLAIN_SHUTDOWN, type ShutdownRequest } from './shutdown.ts';

function info(c: Call): void {
  const wanted = Array.from({ length: c.args.count - 1 }, (_, i) => c.args.binary(i + 1));
  c.reply.verbatimBytes(bytesOf(c.server.info.text(wanted)));
}

function time(c: Call): void {
  const { clock } = c.server.host;
  const milliseconds = clock.wallMs();
  // The wall clock counts milliseconds; the digits below come from the monotonic one, so that they move.
  const microseconds = (milliseconds % 1000) * 1000 + (Math.floor(clock.monotonicUs()) % 1000);
  c.reply.bulkArray([String(Math.floor(milliseconds / 1000)), String(microseconds)]);
}

function role(c: Call): void {
  const { replication } = c.server.hooks;
  if (replication !== null) {
    replication.replyRole(c);
    return;
  }
  c.reply.array(3);
  c.reply.bulkBinary('master');
  c.reply.integer(0);
  c.reply.array(0);
}

// ----------------------------------------------------------------------------------------------------------- databases

function parseLazily(c: Call): boolean {
  if (c.args.count === 1) return c.services.settings.lazyUserFlush;
  if (c.args.count === 2 && c.args.is(1, 'async')) return true;
  if (c.args.count === 2 && c.args.is(1, 'sync')) return false;
  return fail(SYNTAX_ERROR);
}

function flushDatabase(c: Call): void {
  const lazily = parseLazily(c);
  const { size } = c.db;
  c.server.databaseChanges(c.db, null);
  c.server.tracking.flushed();
  const free = c.db.empty();
  if (lazily) c.services.freeLater(free);
  else freeSoon(free, c.keyspace.reclaimer);
  finishFlush(c, size, lazily);
}

function flushAll(c: Call): void {
  const lazily = parseLazily(c);
  const { size } = c.keyspace;
  const { persistence } = c.server;
  persistence.beforeFlush();
  c.server.emptyDatabases();
  finishFlush(c, size, lazily);
  persistence.afterFlush();
}

/** Flushing enters the stream of changes even if there was nothing to flush. */
function finishFlush(c: Call, removed: number, lazily: boolean): void {
  if (lazily) c.server.statistics.lazyFreedObjects += removed;
  c.services.countChanges(removed);
  if (removed === 0 && c.services.propagates) {
    c.propagateInstead(Array.from({ length: c.args.count }, (_, i) => c.args.copy(i)));
  }
  c.reply.ok();
}

const INT_MAX = 0x7fffffff;

function swapDatabases(c: Call): void {
  if (c.server.config.values['cluster-enabled']) fail('ERR SWAPDB is not allowed in cluster mode');
  const first = c.integerWithin(1, -INT_MAX - 1, INT_MAX, 'ERR invalid first DB index');
  const second = c.integerWithin(2, -INT_MAX - 1, INT_MAX, 'ERR invalid second DB index');
  const { databases } = c.keyspace;
  const [a, b] = [databases[first], databases[second]];
  if (a === undefined || b === undefined) return fail('ERR DB index is out of range');
  if (a !== b) {
    c.server.databaseChanges(a, b);
    c.server.databaseChanges(b, a);
    a.swap(b);
  }
  c.services.countChanges(1);
  c.reply.ok();
}

// ------------------------------------------------------------------------------------------------------------ shutdown

function parseShutdown(c: Call): ShutdownRequest | 'abort' {
  const words = ['save', 'nosave', 'now', 'force', 'abort'] as const;
  const given = new Set<string>();
  for (let i = 1; i < c.args.count; i++) {
    given.add(words.find((word) => c.args.is(i, word)) ?? fail(SYNTAX_ERROR));
  }
  if ((given.has('abort') && given.size > 1) || (given.has('save') && given.has('nosave'))) fail(SYNTAX_ERROR);
  if (given.has('abort')) return 'abort';
  return {
    ...PLAIN_SHUTDOWN,
    save: given.has('save'),
    nosave: given.has('nosave'),
    now: given.has('now'),
    force: given.has('force'),
  };
}

/** A shutdown that goes well is not answered: the connection closes with the server. */
function shutdown(c: Call): void {
  const request = parseShutdown(c);
  if (request === 'abort') {
    const refusal = c.server.shutdown.abort();
    if (refusal === null) c.reply.ok();
    else c.reply.error(refusal);
    return;
  }
  if (!request.nosave && (c.server.conditions & CONDITION.busy) !== 0) fail(c.server.scripting.busyText);
  const error = c.server.shutdown.requestBy(c.session, request);
  if (error !== null) c.reply.error(error);
}

const shards = 'request_policy:all_shards';
const flushing = {
  arity: -1,
  flags: ['write'],
  acl: ['keyspace', 'dangerous'],
  tips: [shards, 'response_policy:all_succeeded'],
  since: '1.0.0',
  syntax: 'async=[ASYNC@4.0.0 | SYNC@6.2.0]',
  history: [
    ['4.0.0', 'Takes ASYNC.'],
    ['6.2.0', 'Takes SYNC; lazyfree-lazy-user-flush decides where neither is given.'],
  ],
} as const;

export const serverCommands = serverFamily('server', [
  {
    name: 'dbsize',
    arity: 1,
    flags: ['readonly', 'fast'],
    acl: ['keyspace'],
    tips: [shards, 'response_policy:agg_sum'],
    since: '1.0.0',
    summary: 'Counts the keys of the database',
    complexity: 'O(1)',
    run: (c) => c.reply.integer(c.db.size),
  },
  {
    ...flushing,
    name: 'flushall',
    summary: 'Removes all keys of all databases',
    complexity: 'O(N) where N is the total number of keys in all databases',
    run: flushAll,
  },
  {
    ...flushing,
    name: 'flushdb',
    summary: 'Removes all keys of the database',
    complexity: 'O(N) where N is the number of keys in the selected database',
    run: flushDatabase,
  },
  {
    name: 'info',
    arity: -1,
    flags: ['loading', 'stale'],
    acl: ['dangerous'],
    tips: ['nondeterministic_output', shards, 'response_policy:special'],
    since: '1.0.0',
    summary: 'Tells about the server in sections of named values',
    complexity: 'O(1)',
    history: [['7.0.0', 'Takes several sections.']],
    syntax: '[section ...]',
    run: info,
  },
  {
    name: 'lolwut',
    arity: -1,
    flags: ['readonly', 'fast'],
    since: '5.0.0',
    summary: 'Draws a picture and tells the version',
    syntax: '[VERSION version:integer]',
    run: lolwut,
  },
  {
    name: 'role',
    arity: 1,
    flags: ['noscript', 'loading', 'stale', 'fast'],
    acl: ['admin', 'dangerous'],
    since: '2.8.12',
    summary: 'Tells the place of the server in a replication',
    complexity: 'O(1)',
    run: role,
  },
  {
    name: 'shutdown',
    arity: -1,
    flags: ['admin', 'noscript', 'loading', 'stale', 'no_multi', 'allow_busy'],
    since: '1.0.0',
    summary: 'Saves the dataset and ends the server',
    complexity:
      'O(N) when saving, where N is the total number of keys in all databases when saving data, otherwise O(1)',
    history: [['7.0.0', 'Takes NOW, FORCE and ABORT, and waits for replicas that lag behind.']],
    syntax: '[NOSAVE | SAVE] [NOW@7.0.0] [FORCE@7.0.0] [ABORT@7.0.0]',
    run: shutdown,
  },
  {
    name: 'swapdb',
    arity: 3,
    flags: ['write', 'fast'],
    acl: ['keyspace', 'dangerous'],
    since: '4.0.0',
    summary: 'Exchanges the contents of two databases',
    complexity: 'O(N) where N is the count of clients watching or blocking on keys from both databases.',
    syntax: 'index1:integer index2:integer',
    run: swapDatabases,
  },
  {
    name: 'time',
    arity: 1,
    flags: ['loading', 'stale', 'fast'],
    tips: ['nondeterministic_output'],
    since: '2.6.0',
    summary: 'Tells the time of the server',
    complexity: 'O(1)',
    run: time,
  },
]);
