/**
 * DEBUG, as Redis' own tests use it. What crashes a server is refused by one that lives in somebody else's process.
 * Subsystems add their subcommands, see debugging.ts.
 */
import { fail, NO_SUCH_KEY, NOT_AN_INTEGER } from '../../core/errors.ts';
import { parseMemory } from '../../core/human.ts';
import { lowerCaseAscii } from '../../core/latin1.ts';
import { failSubcommand, replyHelp } from '../../commands/help.ts';
import { encodingOf } from '../../data/encoding.ts';
import { NONE } from '../../data/heap.ts';
import { userLines } from '../acl/user-lines.ts';
import type { Call } from '../call.ts';
import { REPLY_PEAK_RESET_MS } from '../clients.ts';
import { rewriteConfigFile } from '../config/rewrite.ts';
import { serverFamily } from '../rows.ts';
import { crashedBySignal } from './crash-report.ts';
import { type CrashSignal, PACKED_THRESHOLD_BYTES, type DebugCommand, type Debugging } from './debugging.ts';
import { clientBuckets, digest, digestValues, object, sdsLength, tableOfKey, tableStatistics } from './inspect.ts';
import { populate } from './populate.ts';
import { protocolSample } from './protocol-samples.ts';

const PACKED_THRESHOLD_BYTES_MAX = 2 ** 32 - 2 ** 20;
/** Its number, where there are signals. */
const SIGSEGV = 11;
const STRUCT_SIZES = 'bits:64 robj:16 dictentry:24 sdshdr5:1 sdshdr8:3 sdshdr16:5 sdshdr32:9 sdshdr64:17 ';

/** As C's atoi. */
function number(c: Call, index: number): number {
  return Number.parseInt(c.args.binary(index), 10) || 0;
}

function sleep(c: Call): void {
  const seconds = Number.parseFloat(c.args.binary(2));
  if (seconds > 0) c.server.host.timers.sleep(seconds * 1000);
  c.reply.ok();
}

function error(c: Call): void {
  // Written as it stands, and not counted in errorstats.
  c.reply.raw(Buffer.from(`-${c.args.binary(2).replaceAll(/[\r\n]/g, ' ')}\r\n`, 'latin1'));
}

function log(c: Call): void {
  c.server.log.warning(`DEBUG LOG: ${c.args.text(2)}`);
  c.reply.ok();
}

function setPackedThreshold(c: Call): void {
  const bytes = parseMemory(c.args.binary(2));
  if (bytes === null || bytes > PACKED_THRESHOLD_BYTES_MAX) {
    return fail('ERR argument must be a memory value bigger than 1 and smaller than 4gb');
  }
  c.server.debugging.packedThresholdBytes = bytes === 0n ? PACKED_THRESHOLD_BYTES : Number(bytes);
  c.reply.ok();
}

function rewriteComplete(c: Call): void {
  const { server } = c;
  const { config } = server;
  const lines = userLines(server.acl);
  const failure =
    config.file === null ? 'No such file or directory' : rewriteConfigFile(server.host, config, lines, true);
  if (failure === null) c.reply.ok();
  else c.reply.error(`ERR CONFIG-REWRITE-FORCE-ALL failed: ${failure}`);
}

function replyBuffer(c: Call): void {
  const { clients } = c.server;
  if (c.args.is(2, 'peak-reset-time')) {
    if (c.args.is(3, 'never')) clients.replyPeakResetMs = -1;
    else if (c.args.is(3, 'reset')) clients.replyPeakResetMs = REPLY_PEAK_RESET_MS;
    else clients.replyPeakResetMs = c.integer(3, NOT_AN_INTEGER);
  } else if (c.args.is(2, 'resizing')) clients.resizesReplyBuffers = number(c, 3) !== 0;
  else failSubcommand(c);
  c.reply.ok();
}

function changeReplicationId(c: Call): void {
  c.server.log.warning('Changing replication IDs after receiving DEBUG change-repl-id');
  c.server.identity.changeReplicationId();
  c.reply.ok();
}

/** Redis prints the structure to its standard output; here only the reply is the same. */
function printed(encoding: string, name: string): (c: Call) => void {
  return (c) => {
    const entry = c.db.peek(c.args.bytes, c.args.starts[2]!, c.args.ends[2]!);
    if (entry === NONE) fail(NO_SUCH_KEY);
    if (encodingOf(c.db, entry) !== encoding) fail(`ERR Not a ${encoding} encoded object.`);
    c.reply.simple(`${name} structure printed on stdout`);
  };
}

/** Switches something on or off by a number. */
function toggle(set: (c: Call, on: boolean) => void): DebugCommand {
  return {
    min: 3,
    max: 3,
    run(c) {
      set(c, number(c, 2) !== 0);
      c.reply.ok();
    },
  };
}

/** Ends the process if it is the server's own. */
function crash(name: string, signal: CrashSignal, what: (c: Call) => readonly string[]): (c: Call) => void {
  return (c) => {
    const { crash: die } = c.server.debugging;
    if (die === null) return fail(`ERR DEBUG ${name} is not supported: the server is part of another process`);
    die({ what: what(c), stack: new Error(`DEBUG ${name}`).stack ?? '', call: c }, signal);
  };
}

function panic(c: Call): readonly string[] {
  return guruMeditation(`DEBUG PANIC called at Unix time ${Math.floor(c.server.host.clock.wallMs() / 1000)}`);
}

function outOfMemory(): readonly string[] {
  return guruMeditation('Redis aborting for OUT OF MEMORY.');
}

function guruMeditation(about: string): readonly string[] {
  return [
    '------------------------------------------------',
    '!!! Software Failure. Press left mouse button to continue',
    `Guru Meditation: ${about}`,
  ];
}

function exactly(count: number, run: (c: Call) => void): DebugCommand {
  return { min: count, max: count, run };
}

function help(c: Call): void {
  replyHelp(c, HELP);
}

const COMMANDS: Readonly<Record<string, DebugCommand>> = {
  'change-repl-id': exactly(2, changeReplicationId),
  'client-eviction': exactly(2, clientBuckets),
  'config-rewrite-force-all': exactly(2, rewriteComplete),
  digest: exactly(2, digest),
  'digest-value': { min: 2, max: Infinity, run: digestValues },
  error: exactly(3, error),
  help: exactly(2, help),
  htstats: exactly(3, tableStatistics),
  'htstats-key': exactly(3, tableOfKey),
  leak: exactly(3, (c) => c.reply.ok()),
  listpack: exactly(3, printed('listpack', 'Listpack')),
  quicklist: { min: 3, max: 4, run: printed('quicklist', 'Quicklist') },
  log: exactly(3, log),
  object: exactly(3, object),
  populate: { min: 3, max: 5, run: populate },
  protocol: exactly(3, protocolSample),
  'quicklist-packed-threshold': exactly(3, setPackedThreshold),
  replybuffer: exactly(4, replyBuffer),
  sdslen: exactly(3, sdsLength),
  sleep: exactly(3, sleep),
  structsize: exactly(2, (c) => c.reply.bulkBinary(STRUCT_SIZES)),
  'pause-cron': toggle((c, on) => {
    c.server.cron.paused = on;
  }),
  'set-active-expire': toggle((c, on) => {
    c.server.debugging.activeExpiry = on;
  }),
  'set-disable-deny-scripts': toggle((c, on) => {
    c.server.debugging.scriptsMayCallAll = on;
  }),
  'set-skip-checksum-validation': toggle((c, on) => {
    c.server.debugging.skipsChecksums = on;
  }),
  'aof-flush-sleep': exactly(3, (c) => {
    c.server.debugging.aofFlushSleepUs = number(c, 2);
    c.reply.ok();
  }),
  // Until replication brings its own.
  replicate: { min: 3, max: Infinity, run: (c) => c.reply.ok() },
  assert: {
    min: 2,
    max: Infinity,
    run: crash('ASSERT', 'SIGABRT', () => ['=== ASSERTION FAILED ===', "'1 == 2' is not true"]),
  },
  'crash-and-recover': { min: 2, max: 3, run: () => fail('ERR failed to restart the server. Check server logs.') },
  oom: { min: 2, max: Infinity, run: crash('OOM', 'SIGABRT', outOfMemory) },
  panic: { min: 2, max: Infinity, run: crash('PANIC', 'SIGABRT', panic) },
  restart: { min: 2, max: 3, run: () => fail('ERR failed to restart the server. Check server logs.') },
  segfault: { min: 2, max: Infinity, run: crash('SEGFAULT', 'SIGSEGV', () => [crashedBySignal(SIGSEGV)]) },
};

const HELP: readonly string[] = [
  'ASSERT',
  '    End the process as a failed assertion does.',
  'CHANGE-REPL-ID',
  '    Take other replication IDs, as if the dataset had gone its own way.',
  'CLIENT-EVICTION',
  '    Show the memory of clients by size.',
  'CONFIG-REWRITE-FORCE-ALL',
  '    As CONFIG REWRITE, defaults included.',
  'DIGEST',
  '    Sum up the dataset in one SHA-1.',
  'DIGEST-VALUE <key> [<key> ...]',
  '    Sum up the values of keys, each in a SHA-1.',
  'ERROR <string>',
  '    Answer with an error of this text.',
  'HTSTATS <dbid>',
  '    Show the hash table of a database.',
  'HTSTATS-KEY <key>',
  '    Show the hash table of a value.',
  'LOADAOF',
  '    Load the append-only file anew.',
  'LOG <message>',
  '    Write a line into the log.',
  'OBJECT <key>',
  '    Show how the value of a key is kept.',
  'PAUSE-CRON <0|1>',
  '    Hold the periodic work of the server.',
  'OOM',
  '    End the process as running out of memory does.',
  'PANIC',
  '    End the process as a panic does.',
  'POPULATE <count> [<prefix>] [<size>]',
  '    Make <count> strings named <prefix>:<number>.',
  'PROTOCOL <type>',
  '    Answer with a sample of a type: string, integer, double, bignum, null, array,',
  '    set, map, attrib, push, verbatim, true, false.',
  'QUICKLIST-PACKED-THRESHOLD <size>',
  '    Keep elements of lists from this size on by themselves. 0 for the default.',
  'RELOAD [option ...]',
  '    Save the dataset and load it again. Options: MERGE, NOFLUSH, NOSAVE.',
  'REPLYBUFFER PEAK-RESET-TIME <NEVER||RESET|time>',
  '    Set for how many milliseconds the peak use of a reply buffer is remembered.',
  'REPLYBUFFER RESIZING <0|1>',
  '    Let reply buffers follow their use, or not.',
  'SDSLEN <key>',
  '    Show the lengths of a key and its string.',
  'SEGFAULT',
  '    End the process as a segmentation fault does.',
  'SET-ACTIVE-EXPIRE <0|1>',
  '    Remove keys whose time has passed also when nobody asks for them, or not.',
  'SET-SKIP-CHECKSUM-VALIDATION <0|1>',
  '    Do not look at checksums of snapshots and payloads.',
  'SLEEP <seconds>',
  '    Hold up the server. Decimals allowed.',
  'STRUCTSIZE',
  "    Show the sizes of Redis' C structures.",
];

/** Gives a server the subcommands that need nothing but itself. */
export function provideDebugCommands(debugging: Debugging): void {
  for (const [name, command] of Object.entries(COMMANDS)) debugging.provide(name, command);
}

function debug(c: Call): void {
  const command = c.server.debugging.find(lowerCaseAscii(c.args.binary(1)));
  if (command === null || c.args.count < command.min || c.args.count > command.max) failSubcommand(c);
  else command.run(c);
}

export const debugCommands = serverFamily('server', [
  {
    name: 'debug',
    arity: -2,
    flags: ['admin', 'noscript', 'loading', 'stale', 'protected'],
    since: '1.0.0',
    summary: 'Looks into the server and tampers with it, for tests',
    complexity: 'Depends on subcommand.',
    internal: true,
    run: debug,
  },
]);
