/** SLOWLOG. */
import { INT64_MAX } from '../core/integer.ts';
import { failSubcommand, replyHelp } from '../commands/help.ts';
import type { Call } from './call.ts';
import { serverFamily } from './rows.ts';

const DEFAULT_COUNT = 10;
const BAD_COUNT = 'ERR count should be greater than or equal to -1';

function parseCount(c: Call): number {
  if (c.args.count > 3) failSubcommand(c);
  if (c.args.count === 2) return DEFAULT_COUNT;
  const count = c.integerWithin(2, -1, Number(INT64_MAX), BAD_COUNT);
  return count === -1 ? c.server.slowLog.length : count;
}

function get(c: Call): void {
  const entries = c.server.slowLog.newest(parseCount(c));
  c.reply.array(entries.length);
  for (const entry of entries) {
    c.reply.array(6);
    c.reply.integer(entry.id);
    c.reply.integer(entry.unixSeconds);
    c.reply.integer(entry.durationUs);
    c.reply.bulkArray(entry.args);
    c.reply.bulkBinary(entry.peer);
    c.reply.bulkBinary(entry.clientName);
  }
}

function reset(c: Call): void {
  c.server.slowLog.clear();
  c.reply.ok();
}

function help(c: Call): void {
  replyHelp(c, [
    'GET [<count>]',
    '    Show the newest entries (10 by default, -1 for all). Each has its id, Unix time,',
    '    duration in microseconds, arguments, client address and client name.',
    'LEN',
    '    Count the entries.',
    'RESET',
    '    Delete all entries.',
  ]);
}

const flags = ['admin', 'loading', 'stale'] as const;
const tips = ['request_policy:all_nodes'];

export const slowLogCommands = serverFamily('server', [
  {
    name: 'slowlog',
    arity: -2,
    flags: [],
    since: '2.2.12',
    summary: 'Shows the commands that took long',
    complexity: 'Depends on subcommand.',
    subcommands: [
      {
        name: 'get',
        arity: -2,
        flags,
        tips: [...tips, 'nondeterministic_output'],
        since: '2.2.12',
        summary: 'Lists the newest entries of the slow log',
        complexity: 'O(N) where N is the number of entries returned',
        history: [['4.0.0', 'Entries have the address and the name of the client.']],
        syntax: '[count:integer]',
        run: get,
      },
      {
        name: 'help',
        arity: 2,
        flags: ['loading', 'stale'],
        since: '6.2.0',
        summary: 'Explains the subcommands',
        complexity: 'O(1)',
        run: help,
      },
      {
        name: 'len',
        arity: 2,
        flags,
        tips: [...tips, 'response_policy:agg_sum', 'nondeterministic_output'],
        since: '2.2.12',
        summary: 'Counts the entries of the slow log',
        complexity: 'O(1)',
        run: (c) => c.reply.integer(c.server.slowLog.length),
      },
      {
        name: 'reset',
        arity: 2,
        flags,
        tips: [...tips, 'response_policy:all_succeeded'],
        since: '2.2.12',
        summary: 'Deletes all entries of the slow log',
        complexity: 'O(N) where N is the number of entries',
        run: reset,
      },
    ],
  },
]);
