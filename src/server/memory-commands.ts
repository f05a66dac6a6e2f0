/** MEMORY. The server manages its memory itself, in pages; towards clients it behaves like Redis built on libc's malloc. */
import { SYNTAX_ERROR, fail } from '../core/errors.ts';
import { replyHelp } from '../commands/help.ts';
import { keyAt } from '../commands/row.ts';
import { NONE } from '../data/heap.ts';
import type { Reply } from '../protocol/reply.ts';
import type { Call } from './call.ts';
import { memoryComplaints } from './memory-doctor.ts';
import { bytesOfEntry } from './memory-usage.ts';
import type { DatabaseOverhead, MemoryReport } from './memory.ts';
import { serverFamily } from './rows.ts';

const DEFAULT_SAMPLES = 5;

function parseSamples(c: Call): number {
  let samples = DEFAULT_SAMPLES;
  for (let i = 3; i < c.args.count; i += 2) {
    if (!c.args.is(i, 'samples') || i + 1 >= c.args.count) fail(SYNTAX_ERROR);
    samples = c.integer(i + 1);
    if (samples < 0) fail(SYNTAX_ERROR);
  }
  return samples;
}

function usage(c: Call): void {
  const samples = parseSamples(c);
  const { args, db } = c;
  // As Redis: also keys whose time has passed, as long as they are there.
  const entry = db.dict.find(args.bytes, args.starts[2]!, args.ends[2]!);
  if (entry === NONE) c.reply.nil();
  else c.reply.integer(bytesOfEntry(db, entry, samples, c.services.random));
}

type Field = readonly [name: string, value: number, kind?: 'ratio'];

function stats(c: Call): void {
  const { memory } = c.server;
  const report = memory.report();
  const backlog = memory.from('replicationBacklog');
  const before: Field[] = [
    ['peak.allocated', report.peak],
    ['total.allocated', report.used],
    ['startup.allocated', report.startup],
    ['replication.backlog', backlog],
    ['clients.slaves', report.clients.replicas + memory.from('replicas')],
    ['clients.normal', report.clients.normal],
    ['cluster.links', memory.from('clusterLinks')],
    ['aof.buffer', memory.from('aofBuffer')],
    ['lua.caches', memory.from('scripts')],
    ['functions.caches', memory.from('functions')],
  ];
  const after = [...datasetFields(report), ...allocatorFields(report)];
  c.reply.map(before.length + report.databases.length + after.length);
  for (const field of before) replyField(c.reply, field);
  for (const database of report.databases) replyDatabase(c.reply, database);
  for (const field of after) replyField(c.reply, field);
}

function datasetFields(report: MemoryReport): Field[] {
  return [
    ['overhead.total', report.overhead],
    ['keys.count', report.keys],
    ['keys.bytes-per-key', report.bytesPerKey],
    ['dataset.bytes', report.dataset],
    ['dataset.percentage', report.datasetPercent, 'ratio'],
    ['peak.percentage', report.peakPercent, 'ratio'],
  ];
}

function allocatorFields({ allocated, active, resident, processResident, used }: MemoryReport): Field[] {
  return [
    ['allocator.allocated', allocated],
    ['allocator.active', active],
    ['allocator.resident', resident],
    ['allocator-fragmentation.ratio', active / allocated, 'ratio'],
    ['allocator-fragmentation.bytes', active - allocated],
    ['allocator-rss.ratio', resident / active, 'ratio'],
    ['allocator-rss.bytes', resident - active],
    ['rss-overhead.ratio', processResident / resident, 'ratio'],
    ['rss-overhead.bytes', processResident - resident],
    ['fragmentation', processResident / used, 'ratio'],
    ['fragmentation.bytes', processResident - used],
  ];
}

function replyField(reply: Reply, [name, value, kind]: Field): void {
  reply.bulkBinary(name);
  if (kind === 'ratio') reply.double(Math.fround(value));
  else reply.integer(value);
}

function replyDatabase(reply: Reply, { index, mainBytes, expiresBytes }: DatabaseOverhead): void {
  reply.bulkBinary(`db.${index}`);
  reply.map(3);
  replyField(reply, ['overhead.hashtable.main', mainBytes]);
  replyField(reply, ['overhead.hashtable.expires', expiresBytes]);
  replyField(reply, ['overhead.hashtable.slot-to-keys', 0]);
}

function doctor(c: Call): void {
  const { sessions, memory } = c.server;
  c.reply.verbatim(memoryComplaints(memory.report(), sessions.size));
}

function help(c: Call): void {
  replyHelp(c, [
    'DOCTOR',
    '    Say what is wrong with the memory of the server.',
    'MALLOC-STATS',
    '    Show the statistics of the allocator.',
    'PURGE',
    '    Ask the allocator to give back what it does not need.',
    'STATS',
    '    Show what memory is used for.',
    'USAGE <key> [SAMPLES <count>]',
    '    Tell how many bytes a key and its value take. Of a collection, so many elements',
    '    are weighed (5 by default, 0 for all).',
  ]);
}

const everyShard = 'request_policy:all_shards';
const tips = ['nondeterministic_output', everyShard, 'response_policy:special'];
const since = '4.0.0';

export const memoryCommands = serverFamily('server', [
  {
    name: 'memory',
    arity: -2,
    flags: [],
    since,
    summary: 'Shows what memory is used for',
    complexity: 'Depends on subcommand.',
    subcommands: [
      {
        name: 'doctor',
        arity: 2,
        flags: [],
        tips,
        since,
        summary: 'Says what is wrong with the memory of the server',
        complexity: 'O(1)',
        run: doctor,
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
        name: 'malloc-stats',
        arity: 2,
        flags: [],
        tips,
        since,
        summary: 'Shows the statistics of the allocator',
        complexity: 'Depends on how much memory is allocated, could be slow',
        run: (c) => c.reply.bulkBinary('Stats not supported for the current allocator'),
      },
      {
        name: 'purge',
        arity: 2,
        flags: [],
        tips: [everyShard, 'response_policy:all_succeeded'],
        since,
        summary: 'Asks the allocator to give back what it does not need',
        complexity: 'Depends on how much memory is allocated, could be slow',
        run: (c) => {
          c.server.host.system.releaseMemory?.();
          c.reply.ok();
        },
      },
      {
        name: 'stats',
        arity: 2,
        flags: [],
        tips,
        since,
        summary: 'Shows what memory is used for, in figures',
        complexity: 'O(1)',
        run: stats,
      },
      {
        name: 'usage',
        arity: -3,
        flags: ['readonly'],
        keys: keyAt(2, 'RO'),
        since,
        summary: 'Tells how many bytes a key and its value take',
        complexity: 'O(N) where N is the number of samples.',
        syntax: 'key [SAMPLES count:integer]',
        run: usage,
      },
    ],
  },
]);
