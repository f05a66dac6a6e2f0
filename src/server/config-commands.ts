/**
 * CONFIG, on top of config/.
 *
 * CONFIG SET is all or nothing. When it changes the addresses to listen on, its client waits until they are bound; if
 * they cannot be, everything that the command changed is taken back before the client gets its error.
 */
import type { Arguments } from '../core/arguments.ts';
import { lowerCaseAscii } from '../core/latin1.ts';
import { replyHelp } from '../commands/help.ts';
import type { Reply } from '../protocol/reply.ts';
import { userLines } from './acl/user-lines.ts';
import { mayBlock } from './blocking.ts';
import type { Call } from './call.ts';
import type { ChangeRequest } from './config/config.ts';
import { parametersByName } from './config/parameters.ts';
import { rewriteConfigFile } from './config/rewrite.ts';
import type { PendingListen } from './config-wiring.ts';
import { CONDITION } from './gates.ts';
import { serverFamily } from './rows.ts';
import type { Server } from './server.ts';
import { listenPlan } from './start-up.ts';

function argumentsOf(c: Call): string[] {
  return Array.from({ length: c.args.count - 2 }, (_, i) => c.args.binary(i + 2));
}

function get(c: Call): void {
  const found = c.server.config.get(argumentsOf(c));
  c.reply.map(found.length);
  for (const [name, value] of found) {
    c.reply.bulkBinary(name);
    c.reply.bulkBinary(value);
  }
}

function set(c: Call): void {
  const { server, session } = c;
  const { config } = server;
  const args = argumentsOf(c);
  const loading = (server.conditions & (CONDITION.loading | CONDITION.asyncLoading)) !== 0;
  const request = { isLocal: session.isLocal, loading };
  const before = currentValues(server, args);
  const error = config.set(args, request);
  const pending = server.pendingListen;
  server.pendingListen = null;
  if (error !== null) c.reply.error(error);
  else if (pending === null) c.reply.ok();
  else listenAgain(c, pending, () => takeBack(server, before, request));
}

/** The values of passwords. */
function secretsOfSet(args: Arguments): number[] {
  const secrets: number[] = [];
  for (let i = 2; i + 1 < args.count; i += 2) {
    if (parametersByName.get(lowerCaseAscii(args.binary(i)))?.parameter.rules.sensitive) secrets.push(i + 1);
  }
  return secrets;
}

/** Names and values in turn, as they are before a SET, of the parameters that it names. */
function currentValues({ config }: Server, args: readonly string[]): string[] {
  return args.flatMap((name, i) => {
    const named = i % 2 === 0 ? parametersByName.get(lowerCaseAscii(name)) : undefined;
    return named === undefined ? [] : [name, config.text(named.parameter.name)];
  });
}

function takeBack(server: Server, before: readonly string[], request: ChangeRequest): void {
  server.config.set(before, request);
  server.pendingListen = null;
}

function listenAgain(c: Call, pending: PendingListen, undo: () => void): void {
  const { server, session } = c;
  const { parameter, reason } = pending;
  const answer = (reply: Reply, failure: string | null): void => {
    if (failure === null) {
      reply.ok();
      return;
    }
    server.log.warning('Failed to bind');
    undo();
    reply.error(`ERR CONFIG SET failed (possibly related to argument '${parameter}') - ${reason}`);
  };
  let outcome: string | null | undefined;
  let waits = false;
  server.listeners.rebindTcp(listenPlan(server, false), (failure) => {
    outcome = failure;
    if (!waits) return;
    server.enter(() => {
      answer(session.reply, failure);
      server.blocking.unblock(session);
    });
  });
  if (outcome !== undefined) answer(c.reply, outcome);
  // Nothing waits inside a transaction or a script; there, a failure is only logged.
  else if (!mayBlock(session)) c.reply.ok();
  else {
    waits = true;
    server.blocking.block(session, { kind: 'configuration', deadlineMs: 0, giveUp: null });
  }
}

function rewrite(c: Call): void {
  const { server } = c;
  if (server.config.file === null) {
    c.reply.error('ERR The server is running without a config file');
    return;
  }
  const error = rewriteConfigFile(server.host, server.config, userLines(server.acl));
  if (error === null) {
    server.log.warning('CONFIG REWRITE executed with success.');
    c.reply.ok();
  } else {
    server.log.warning(`CONFIG REWRITE failed: ${error}`);
    c.reply.error(`ERR Rewriting config file: ${error}`);
  }
}

function resetStatistics(c: Call): void {
  c.server.resetStatistics();
  c.reply.ok();
}

function help(c: Call): void {
  replyHelp(c, [
    'GET <pattern> [<pattern> ...]',
    '    List the parameters whose names match a pattern, with their values.',
    'SET <directive> <value> [<directive> <value> ...]',
    '    Change parameters, all of them or none.',
    'RESETSTAT',
    '    Set the statistics of INFO to zero.',
    'REWRITE',
    '    Write the values that are in use into the configuration file.',
  ]);
}

const flags = ['admin', 'noscript', 'loading', 'stale'] as const;

export const configCommands = serverFamily('server', [
  {
    name: 'config',
    arity: -2,
    flags: [],
    since: '2.0.0',
    summary: 'Reads and changes the configuration',
    complexity: 'Depends on subcommand.',
    subcommands: [
      {
        name: 'get',
        arity: -3,
        flags,
        since: '2.0.0',
        summary: 'Lists parameters and their values',
        complexity: 'O(N) when N is the number of configuration parameters provided',
        history: [['7.0.0', 'Takes several patterns.']],
        syntax: '<parameter> ...',
        run: get,
      },
      {
        name: 'help',
        arity: 2,
        flags: ['loading', 'stale'],
        since: '5.0.0',
        summary: 'Explains the subcommands',
        complexity: 'O(1)',
        run: help,
      },
      {
        name: 'resetstat',
        arity: 2,
        flags,
        since: '2.0.0',
        summary: 'Sets the statistics of INFO to zero',
        complexity: 'O(1)',
        run: resetStatistics,
      },
      {
        name: 'rewrite',
        arity: 2,
        flags,
        since: '2.8.0',
        summary: 'Writes the configuration in use into the configuration file',
        complexity: 'O(1)',
        run: rewrite,
      },
      {
        name: 'set',
        arity: -4,
        flags,
        tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
        since: '2.0.0',
        summary: 'Changes parameters, all of them or none',
        complexity: 'O(N) when N is the number of configuration parameters provided',
        history: [['7.0.0', 'Takes several parameters.']],
        syntax: '<parameter value> ...',
        secrets: secretsOfSet,
        run: set,
      },
    ],
  },
]);
