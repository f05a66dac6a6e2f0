/** FUNCTION, FCALL and FCALL_RO. */
import { fail } from '../../core/errors.ts';
import { globMatches } from '../../core/glob.ts';
import { failSubcommand, replyHelp } from '../../commands/help.ts';
import { numberedKeys } from '../../commands/row.ts';
import { isSealedDump } from '../../persistence/rdb/dump-payload.ts';
import type { Call } from '../call.ts';
import { serverFamily } from '../rows.ts';
import { SESSION } from '../session.ts';
import type { RestorePolicy } from './function-libraries.ts';
import { ENGINE_NAME, type Library, type LibraryFunction } from './function-library.ts';
import { scriptFlags } from './script-header.ts';

const HELP = [
  'DELETE <library>',
  '    Removes a library and its functions.',
  'DUMP',
  '    Gives all libraries as bytes that RESTORE takes.',
  'FLUSH [ASYNC|SYNC]',
  '    Removes all libraries.',
  'KILL',
  '    Ends the function that is running.',
  'LIST [LIBRARYNAME <pattern>] [WITHCODE]',
  '    Describes the libraries and their functions.',
  'LOAD [REPLACE] <source>',
  '    Adds a library.',
  'RESTORE <payload> [FLUSH|APPEND|REPLACE]',
  '    Adds the libraries that DUMP gave, in place of all others with FLUSH, or of those of the same names with REPLACE.',
  'STATS',
  '    Describes the function that is running, and the engines.',
];

function call(isReadOnly: boolean): (c: Call) => void {
  return (c) => {
    c.server.monitors.feedScript(c);
    c.server.scripting.callFunction(c, isReadOnly);
  };
}

function load(c: Call): void {
  const { args, server, session } = c;
  let replaces = false;
  for (let index = 2; index < args.count - 1; index++) {
    if (!args.is(index, 'replace')) fail(`ERR Unknown option given: ${args.cString(index)}`);
    replaces = true;
  }
  // What our master could load can be loaded, however long it takes.
  const isLimited = !session.has(SESSION.master);
  const name = server.scripting.functions.create(args.binary(args.count - 1), replaces, isLimited);
  server.countChanges(1);
  c.reply.bulkBinary(name);
}

function remove(c: Call): void {
  if (!c.server.scripting.functions.delete(c.args.binary(2))) fail('ERR Library not found');
  c.server.countChanges(1);
  c.reply.ok();
}

/** ASYNC and SYNC come to the same: what nobody refers to is freed when there is time. */
function flush(c: Call): void {
  const { args, server } = c;
  if (args.count > 3) failSubcommand(c);
  if (args.count === 3 && !args.is(2, 'async') && !args.is(2, 'sync')) {
    fail('ERR FUNCTION FLUSH only supports SYNC|ASYNC option');
  }
  server.scripting.functions.clear();
  server.countChanges(1);
  c.reply.ok();
}

// ------------------------------------------------------------------------------------------------------- DUMP and RESTORE

function dump(c: Call): void {
  c.reply.bulkBytes(c.server.scripting.functions.dump());
}

function restore(c: Call): void {
  const { args, server } = c;
  if (args.count > 4) failSubcommand(c);
  const policy = args.count === 4 ? policyOf(c) : 'append';
  const payload = args.copy(2);
  if (!isSealedDump(payload, server.debugging.skipsChecksums)) fail('ERR DUMP payload version or checksum are wrong');
  server.scripting.functions.restore(payload, policy);
  server.countChanges(1);
  c.reply.ok();
}

function policyOf({ args }: Call): RestorePolicy {
  const policies = ['append', 'replace', 'flush'] as const;
  const policy = policies.find((name) => args.is(3, name));
  return policy ?? fail('ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.');
}

// --------------------------------------------------------------------------------------------------------- LIST and STATS

function list(c: Call): void {
  const { pattern, hasCode } = parseList(c);
  const all = c.server.scripting.functions.libraries;
  const libraries = pattern === null ? all : all.filter(({ name }) => globMatches(pattern, name, true));
  c.reply.array(libraries.length);
  for (const library of libraries) replyLibrary(c, library, hasCode);
}

function parseList({ args }: Call): { pattern: string | null; hasCode: boolean } {
  let pattern: string | null = null;
  let hasCode = false;
  for (let index = 2; index < args.count; index++) {
    if (!hasCode && args.is(index, 'withcode')) hasCode = true;
    else if (pattern === null && args.is(index, 'libraryname')) {
      if (index === args.count - 1) fail('ERR library name argument was not given');
      pattern = args.binary(++index);
    } else fail(`ERR Unknown argument ${args.cString(index)}`);
  }
  return { pattern, hasCode };
}

function replyLibrary({ reply }: Call, { name, source, functions }: Library, hasCode: boolean): void {
  reply.map(hasCode ? 4 : 3);
  reply.bulkBinary('library_name');
  reply.bulkBinary(name);
  reply.bulkBinary('engine');
  reply.bulkBinary(ENGINE_NAME);
  reply.bulkBinary('functions');
  reply.array(functions.size);
  for (const each of functions.values()) replyFunction(reply, each);
  if (!hasCode) return;
  reply.bulkBinary('library_code');
  reply.bulkBinary(source);
}

function replyFunction(reply: Call['reply'], { name, description, flags }: LibraryFunction): void {
  reply.map(3);
  reply.bulkBinary('name');
  reply.bulkBinary(name);
  reply.bulkBinary('description');
  if (description === null) reply.nil();
  else reply.bulkBinary(description);
  reply.bulkBinary('flags');
  const names = [...scriptFlags].filter(([, flag]) => (flags & flag) !== 0).map(([flagName]) => flagName);
  reply.set(names.length);
  for (const flagName of names) reply.simple(flagName);
}

function stats(c: Call): void {
  const { reply, server } = c;
  const { functions, running, busyText } = server.scripting;
  if (running !== null && !running.isFunction) fail(busyText);
  reply.map(2);
  reply.bulkBinary('running_script');
  if (running === null) reply.nil();
  else {
    const { args } = running.caller;
    reply.map(3);
    reply.bulkBinary('name');
    reply.bulkBinary(running.name);
    reply.bulkBinary('command');
    reply.array(args.count);
    for (let index = 0; index < args.count; index++) reply.bulkBinary(args.binary(index));
    reply.bulkBinary('duration_ms');
    reply.integer(Math.floor((server.host.clock.monotonicUs() - running.timer.startUs) / 1000));
  }
  reply.bulkBinary('engines');
  reply.map(1);
  reply.bulkBinary(ENGINE_NAME);
  reply.map(2);
  reply.bulkBinary('libraries_count');
  reply.integer(functions.libraryCount);
  reply.bulkBinary('functions_count');
  reply.integer(functions.functionCount);
}

function kill(c: Call): void {
  c.server.scripting.kill(true);
  c.reply.ok();
}

function help(c: Call): void {
  replyHelp(c, HELP);
}

const CALL_COMPLEXITY = 'That of the function';
const TO_ALL = ['request_policy:all_shards', 'response_policy:all_succeeded'] as const;

export const functionCommands = serverFamily('scripting', [
  {
    name: 'fcall',
    arity: -3,
    flags: ['noscript', 'stale', 'skip_monitor', 'may_replicate', 'no_mandatory_keys', 'movablekeys', 'runs_script'],
    keys: numberedKeys(2, 'RW access update'),
    since: '7.0.0',
    summary: 'Calls a function of a library',
    complexity: CALL_COMPLEXITY,
    syntax: 'function numkeys:integer [key ...] [arg ...]',
    run: call(false),
  },
  {
    name: 'fcall_ro',
    arity: -3,
    flags: ['readonly', 'noscript', 'stale', 'skip_monitor', 'no_mandatory_keys', 'movablekeys', 'runs_script'],
    keys: numberedKeys(2, 'RO access'),
    since: '7.0.0',
    summary: 'Calls a function of a library that must not write',
    complexity: CALL_COMPLEXITY,
    syntax: 'function numkeys:integer [key ...] [arg ...]',
    run: call(true),
  },
  {
    name: 'function',
    arity: -2,
    flags: [],
    since: '7.0.0',
    summary: 'Commands about libraries of functions',
    complexity: 'That of the subcommand',
    subcommands: [
      {
        name: 'delete',
        arity: 3,
        flags: ['write', 'noscript'],
        tips: TO_ALL,
        since: '7.0.0',
        summary: 'Removes a library and its functions',
        complexity: 'O(N) with N functions in the library',
        syntax: 'library-name',
        run: remove,
      },
      {
        name: 'dump',
        arity: 2,
        flags: ['noscript'],
        since: '7.0.0',
        summary: 'Gives all libraries as bytes that FUNCTION RESTORE takes',
        complexity: 'O(N) with N functions',
        run: dump,
      },
      {
        name: 'flush',
        arity: -2,
        flags: ['write', 'noscript'],
        tips: TO_ALL,
        since: '7.0.0',
        summary: 'Removes all libraries',
        complexity: 'O(N) with N functions',
        syntax: 'async=[ASYNC | SYNC]',
        run: flush,
      },
      {
        name: 'help',
        arity: 2,
        flags: ['loading', 'stale'],
        since: '7.0.0',
        summary: 'Describes the subcommands',
        complexity: 'O(1)',
        run: help,
      },
      {
        name: 'kill',
        arity: 2,
        flags: ['noscript', 'allow_busy'],
        tips: ['request_policy:all_shards', 'response_policy:one_succeeded'],
        since: '7.0.0',
        summary: 'Ends the function that is running',
        complexity: 'O(1)',
        run: kill,
      },
      {
        name: 'list',
        arity: -2,
        flags: ['noscript'],
        tips: ['nondeterministic_output_order'],
        since: '7.0.0',
        summary: 'Describes the libraries and their functions',
        complexity: 'O(N) with N functions',
        syntax: '[LIBRARYNAME library-name-pattern] [WITHCODE]',
        run: list,
      },
      {
        name: 'load',
        arity: -3,
        flags: ['write', 'denyoom', 'noscript'],
        tips: TO_ALL,
        since: '7.0.0',
        summary: 'Adds a library',
        complexity: 'O(1), plus what it takes to compile the source',
        syntax: '[REPLACE] function-code',
        run: load,
      },
      {
        name: 'restore',
        arity: -3,
        flags: ['write', 'denyoom', 'noscript'],
        tips: TO_ALL,
        since: '7.0.0',
        summary: 'Adds the libraries that FUNCTION DUMP gave',
        complexity: 'O(N) with N functions in the payload',
        syntax: 'serialized-value policy=[FLUSH | APPEND | REPLACE]',
        run: restore,
      },
      {
        name: 'stats',
        arity: 2,
        flags: ['noscript', 'allow_busy'],
        tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
        since: '7.0.0',
        summary: 'Describes the function that is running, and the engines',
        complexity: 'O(1)',
        run: stats,
      },
    ],
  },
]);
