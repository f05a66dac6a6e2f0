/** EVAL, EVALSHA and SCRIPT. */
import { fail } from '../../core/errors.ts';
import { replyHelp } from '../../commands/help.ts';
import { numberedKeys } from '../../commands/row.ts';
import type { Call } from '../call.ts';
import { serverFamily } from '../rows.ts';

const SCRIPT_HELP = [
  'DEBUG (YES|SYNC|NO)',
  '    Lets the scripts that follow be debugged: YES on a copy of the dataset, SYNC on the dataset itself.',
  'EXISTS <sha1> [<sha1> ...]',
  '    For each script, whether EVALSHA would find it.',
  'FLUSH [ASYNC|SYNC]',
  '    Forgets all scripts.',
  'KILL',
  '    Ends the script that is running.',
  'LOAD <script>',
  '    Keeps a script for EVALSHA without running it.',
];

function evaluate(isReadOnly: boolean): (c: Call) => void {
  return (c) => {
    c.server.monitors.feedScript(c);
    c.server.scripting.evaluate(c, isReadOnly);
  };
}

function evaluateBySha(isReadOnly: boolean): (c: Call) => void {
  return (c) => {
    c.server.monitors.feedScript(c);
    c.server.scripting.evaluateBySha(c, isReadOnly);
  };
}

function scriptLoad(c: Call): void {
  c.reply.bulkBinary(c.server.scripting.load(c.args.binary(2)).sha);
}

function scriptExists(c: Call): void {
  const { args, reply, server } = c;
  reply.array(args.count - 2);
  for (let index = 2; index < args.count; index++) {
    reply.integer(server.scripting.find(args, index) === null ? 0 : 1);
  }
}

/** ASYNC and SYNC come to the same: what nobody refers to is freed when there is time. */
function scriptFlush(c: Call): void {
  const { args } = c;
  if (args.count > 3 || (args.count === 3 && !args.is(2, 'async') && !args.is(2, 'sync'))) {
    fail('ERR SCRIPT FLUSH only support SYNC|ASYNC option');
  }
  c.server.scripting.flush();
  c.reply.ok();
}

function scriptKill(c: Call): void {
  c.server.scripting.kill(false);
  c.reply.ok();
}

function scriptDebug(c: Call): void {
  const { args, session, reply } = c;
  if (session.output.pendingBytes > 0) fail('ERR SCRIPT DEBUG must be called outside a pipeline');
  if (args.is(2, 'no')) session.debugMode = 'off';
  else if (args.is(2, 'yes')) session.debugMode = 'isolated';
  else if (args.is(2, 'sync')) session.debugMode = 'sync';
  else fail('ERR Use SCRIPT DEBUG YES/SYNC/NO');
  reply.ok();
}

function scriptHelp(c: Call): void {
  replyHelp(c, SCRIPT_HELP);
}

const EVAL_KEYS = numberedKeys(2, 'RW access update');
const READ_ONLY_KEYS = numberedKeys(2, 'RO access');
const EVAL_COMPLEXITY = 'That of the script';

export const scriptCommands = serverFamily('scripting', [
  {
    name: 'eval',
    arity: -3,
    flags: ['noscript', 'stale', 'skip_monitor', 'may_replicate', 'no_mandatory_keys', 'movablekeys', 'runs_script'],
    keys: EVAL_KEYS,
    since: '2.6.0',
    summary: 'Runs a Lua script',
    complexity: EVAL_COMPLEXITY,
    syntax: 'script numkeys:integer [key ...] [arg ...]',
    run: evaluate(false),
  },
  {
    name: 'eval_ro',
    arity: -3,
    flags: ['readonly', 'noscript', 'stale', 'skip_monitor', 'no_mandatory_keys', 'movablekeys', 'runs_script'],
    keys: READ_ONLY_KEYS,
    since: '7.0.0',
    summary: 'Runs a Lua script that must not write',
    complexity: EVAL_COMPLEXITY,
    syntax: 'script numkeys:integer [key ...] [arg ...]',
    run: evaluate(true),
  },
  {
    name: 'evalsha',
    arity: -3,
    flags: ['noscript', 'stale', 'skip_monitor', 'may_replicate', 'no_mandatory_keys', 'movablekeys', 'runs_script'],
    keys: EVAL_KEYS,
    since: '2.6.0',
    summary: 'Runs a Lua script that the server knows, by its SHA1',
    complexity: EVAL_COMPLEXITY,
    syntax: 'sha1 numkeys:integer [key ...] [arg ...]',
    run: evaluateBySha(false),
  },
  {
    name: 'evalsha_ro',
    arity: -3,
    flags: ['readonly', 'noscript', 'stale', 'skip_monitor', 'no_mandatory_keys', 'movablekeys', 'runs_script'],
    keys: READ_ONLY_KEYS,
    since: '7.0.0',
    summary: 'Runs a Lua script that must not write and that the server knows, by its SHA1',
    complexity: EVAL_COMPLEXITY,
    syntax: 'sha1 numkeys:integer [key ...] [arg ...]',
    run: evaluateBySha(true),
  },
  {
    name: 'script',
    arity: -2,
    flags: [],
    since: '2.6.0',
    summary: 'Commands about scripts',
    complexity: 'That of the subcommand',
    subcommands: [
      {
        name: 'debug',
        arity: 3,
        flags: ['noscript'],
        since: '3.2.0',
        summary: 'Switches the debugger of scripts',
        complexity: 'O(1)',
        syntax: 'mode=<YES | SYNC | NO>',
        run: scriptDebug,
      },
      {
        name: 'exists',
        arity: -3,
        flags: ['noscript'],
        tips: ['request_policy:all_shards', 'response_policy:agg_logical_and'],
        since: '2.6.0',
        summary: 'Says which scripts the server knows',
        complexity: 'O(N) with N scripts to look for',
        syntax: 'sha1 ...',
        run: scriptExists,
      },
      {
        name: 'flush',
        arity: -2,
        flags: ['noscript'],
        tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
        since: '2.6.0',
        summary: 'Forgets all scripts',
        complexity: 'O(N) with N scripts',
        history: [['6.2.0', 'Added the ASYNC and SYNC modifiers.']],
        syntax: 'async=[ASYNC | SYNC]@6.2.0',
        run: scriptFlush,
      },
      {
        name: 'help',
        arity: 2,
        flags: ['loading', 'stale'],
        since: '5.0.0',
        summary: 'Describes the subcommands',
        complexity: 'O(1)',
        run: scriptHelp,
      },
      {
        name: 'kill',
        arity: 2,
        flags: ['noscript', 'allow_busy'],
        tips: ['request_policy:all_shards', 'response_policy:one_succeeded'],
        since: '2.6.0',
        summary: 'Ends the script that is running',
        complexity: 'O(1)',
        run: scriptKill,
      },
      {
        name: 'load',
        arity: 3,
        flags: ['noscript', 'stale'],
        tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
        since: '2.6.0',
        summary: 'Keeps a script for EVALSHA',
        complexity: 'O(N) with N the length of the script',
        syntax: 'script',
        run: scriptLoad,
      },
    ],
  },
]);
