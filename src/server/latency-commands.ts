/** LATENCY: events that the latency monitor noted, and how long each command takes. */
import { fail } from '../core/errors.ts';
import { lowerCaseAscii } from '../core/latin1.ts';
import { replyHelp } from '../commands/help.ts';
import type { Call } from './call.ts';
import type { Command } from './command-table.ts';
import { latencyReport } from './latency-doctor.ts';
import { serverFamily } from './rows.ts';
import { drawSparkline } from './sparkline.ts';

const RULER = '-'.repeat(80);

function latest(c: Call): void {
  const { events } = c.server.latency;
  c.reply.array(events.size);
  for (const [event, { samples, maxMs }] of events) {
    const last = samples.at(-1)!;
    c.reply.array(4);
    c.reply.bulkBinary(event);
    c.reply.integer(last.unixSeconds);
    c.reply.integer(last.durationMs);
    c.reply.integer(maxMs);
  }
}

function history(c: Call): void {
  const samples = c.server.latency.events.get(c.args.binary(2))?.samples ?? [];
  c.reply.array(samples.length);
  for (const { unixSeconds, durationMs } of samples) {
    c.reply.array(2);
    c.reply.integer(unixSeconds);
    c.reply.integer(durationMs);
  }
}

function reset(c: Call): void {
  const { latency } = c.server;
  let count = c.args.count === 2 ? latency.reset(null) : 0;
  for (let i = 2; i < c.args.count; i++) count += latency.reset(lowerCaseAscii(c.args.binary(i)));
  c.reply.integer(count);
}

function graph(c: Call): void {
  const event = c.args.binary(2);
  const found = c.server.latency.events.get(event);
  if (found === undefined) return fail(`ERR No samples available for event '${c.args.cString(2)}'`);
  const nowSeconds = Math.floor(c.now / 1000);
  const durations = found.samples.map(({ durationMs }) => durationMs);
  const [high, low] = [Math.max(...durations), Math.min(...durations)];
  const head = `${event} - high ${high} ms, low ${low} ms (all time high ${found.maxMs} ms)\n${RULER}\n`;
  const columns = found.samples.map(({ unixSeconds, durationMs }) => ({
    value: durationMs,
    label: age(nowSeconds - unixSeconds),
  }));
  c.reply.verbatim(head + drawSparkline(columns));
}

function age(seconds: number): string {
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}

/** Commands that were called and timed, of those named (with their subcommands) or of all. */
function timedCommands(c: Call): Command[] {
  const { commands } = c.server;
  const named = Array.from({ length: c.args.count - 2 }, (_, i) => commands.named(c.args.binary(i + 2)));
  const wanted = c.args.count === 2 ? commands.all : named.flatMap((each) => (each ? [each, ...each.subcommands] : []));
  return wanted.filter(({ durations }) => durations.total > 0);
}

function histogram(c: Call): void {
  const commands = timedCommands(c);
  c.reply.map(commands.length);
  for (const { fullName, durations } of commands) {
    const buckets = durations.cumulative();
    c.reply.bulkBinary(fullName);
    c.reply.map(2);
    c.reply.bulkBinary('calls');
    c.reply.integer(durations.total);
    c.reply.bulkBinary('histogram_usec');
    c.reply.map(buckets.length);
    for (const [limitUs, count] of buckets) {
      c.reply.integer(limitUs);
      c.reply.integer(count);
    }
  }
}

function help(c: Call): void {
  replyHelp(c, [
    'DOCTOR',
    '    Explain the events that were noted, and what may help.',
    'GRAPH <event>',
    '    Draw the samples of an event.',
    'HISTORY <event>',
    '    List the samples of an event: Unix time and milliseconds.',
    'LATEST',
    '    List the newest sample and the maximum of each event.',
    'RESET [<event> ...]',
    '    Forget the samples of the named events, or of all.',
    'HISTOGRAM [COMMAND ...]',
    '    Show how many calls of a command took at most so many microseconds.',
  ]);
}

const flags = ['admin', 'noscript', 'loading', 'stale'] as const;
const everywhere = 'request_policy:all_nodes';
const tips = ['nondeterministic_output', everywhere, 'response_policy:special'];
const since = '2.8.13';

export const latencyCommands = serverFamily('server', [
  {
    name: 'latency',
    arity: -2,
    flags: [],
    since,
    summary: 'Shows when the server was slow, and which commands are',
    complexity: 'Depends on subcommand.',
    subcommands: [
      {
        name: 'doctor',
        arity: 2,
        flags,
        tips,
        since,
        summary: 'Explains the latency events in words',
        complexity: 'O(1)',
        run: (c) => c.reply.verbatim(latencyReport(c.server.latency, c.server.config.values, c.now)),
      },
      {
        name: 'graph',
        arity: 3,
        flags,
        tips,
        since,
        summary: 'Draws the samples of a latency event',
        complexity: 'O(1)',
        syntax: 'event',
        run: graph,
      },
      {
        name: 'help',
        arity: 2,
        flags: ['loading', 'stale'],
        since,
        summary: 'Explains the subcommands',
        complexity: 'O(1)',
        run: help,
      },
      {
        name: 'histogram',
        arity: -2,
        flags,
        tips,
        since: '7.0.0',
        summary: 'Shows how the durations of commands are distributed',
        complexity: 'O(N) where N is the number of commands with latency information being retrieved.',
        syntax: '[command ...]',
        run: histogram,
      },
      {
        name: 'history',
        arity: 3,
        flags,
        tips,
        since,
        summary: 'Lists the samples of a latency event',
        complexity: 'O(1)',
        syntax: 'event',
        run: history,
      },
      {
        name: 'latest',
        arity: 2,
        flags,
        tips,
        since,
        summary: 'Lists the newest sample of each latency event',
        complexity: 'O(1)',
        run: latest,
      },
      {
        name: 'reset',
        arity: -2,
        flags,
        tips: [everywhere, 'response_policy:all_succeeded'],
        since,
        summary: 'Forgets latency events',
        complexity: 'O(1)',
        syntax: '[event ...]',
        run: reset,
      },
    ],
  },
]);
