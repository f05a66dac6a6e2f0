/** The command SENTINEL: its subcommands' rows. */
import type { Row } from '../../commands/row.ts';
import { replyHelp } from '../../commands/help.ts';
import type { Call } from '../../server/call.ts';
import type { SentinelHandler, SentinelNode } from './node.ts';
import { set } from './set.ts';
import { config, debug } from './settings.ts';
import * as watch from './watch.ts';

const HELP = [
  'CKQUORUM <master-name>',
  '    Says whether enough sentinels are up to agree that a master is down, and to',
  '    authorize a failover.',
  'CONFIG SET <param> <value>',
  '    Changes a parameter that holds for all masters.',
  'CONFIG GET <param>',
  '    Lists the parameters whose names match, with their values.',
  'DEBUG [<param> <value> ...]',
  '    Lists the periods and time limits in milliseconds, or changes some.',
  'GET-MASTER-ADDR-BY-NAME <master-name>',
  '    Returns the address and the port of a master.',
  'FAILOVER <master-name>',
  '    Puts a replica in the place of a master, without asking other sentinels.',
  'FLUSHCONFIG',
  '    Writes configuration and state to the configuration file.',
  'INFO-CACHE <master-name>',
  '    Returns what masters and their replicas last said to INFO.',
  'IS-MASTER-DOWN-BY-ADDR <ip> <port> <current-epoch> <runid>',
  '    Says whether this sentinel holds a master for down; <runid> asks for its vote.',
  'MASTER <master-name>',
  '    Describes a master.',
  'MASTERS',
  '    Describes all masters.',
  'MONITOR <name> <ip> <port> <quorum>',
  '    Begins to watch a master.',
  'MYID',
  '    Returns the id of this sentinel.',
  'PENDING-SCRIPTS',
  '    Describes the scripts that run or wait.',
  'REMOVE <master-name>',
  '    Ceases to watch a master.',
  'REPLICAS <master-name>',
  '    Describes the replicas of a master.',
  'RESET <pattern>',
  '    Forgets what was learned about the masters whose names match.',
  'SENTINELS <master-name>',
  '    Describes the other sentinels of a master.',
  'SET <master-name> <option> <value> [<option> <value> ...]',
  '    Changes options of a master.',
  'SIMULATE-FAILURE [CRASH-AFTER-ELECTION] [CRASH-AFTER-PROMOTION] [HELP]',
  '    Lets this sentinel end in the midst of its next failover.',
];

interface Subcommand extends Pick<
  Row<Call>,
  'arity' | 'since' | 'summary' | 'complexity' | 'syntax' | 'deprecated' | 'secrets'
> {
  readonly run: SentinelHandler;
}

const NAME = 'master-name';
const OF_INSTANCES = 'O(N) where N is the number of instances';

const SUBCOMMANDS: Readonly<Record<string, Subcommand>> = {
  ckquorum: {
    arity: 3,
    since: '2.8.4',
    summary: 'Says whether a failover could be agreed upon',
    syntax: NAME,
    run: watch.checkQuorum,
  },
  config: {
    arity: -3,
    since: '6.2.0',
    summary: 'Reads and changes parameters that hold for all masters',
    complexity: 'O(1)',
    syntax: 'set_or_get=<SET set_param_value=<parameter value> ... | GET parameter ...>',
    secrets: ({ count }) => (count === 5 ? [4] : []),
    run: config,
  },
  debug: {
    arity: -2,
    since: '7.0.0',
    summary: 'Lists or changes periods and time limits',
    complexity: 'O(N) where N is the number of configurable parameters',
    syntax: '<parameter value> ...',
    run: debug,
  },
  failover: {
    arity: 3,
    since: '2.8.4',
    summary: 'Puts a replica in the place of its master',
    syntax: NAME,
    run: watch.failover,
  },
  flushconfig: {
    arity: 2,
    since: '2.8.4',
    summary: 'Writes the configuration file',
    complexity: 'O(1)',
    run: watch.flushConfig,
  },
  'get-master-addr-by-name': {
    arity: 3,
    since: '2.8.4',
    summary: 'Returns the address of a master',
    complexity: 'O(1)',
    syntax: NAME,
    run: watch.masterAddress,
  },
  help: {
    arity: 2,
    since: '6.2.0',
    summary: 'Explains the subcommands',
    complexity: 'O(1)',
    run: (c) => replyHelp(c, HELP),
  },
  'info-cache': {
    arity: -3,
    since: '3.2.0',
    summary: 'Returns what instances last said to INFO',
    complexity: OF_INSTANCES,
    syntax: 'nodename ...',
    run: watch.infoCache,
  },
  'is-master-down-by-addr': {
    arity: 6,
    since: '2.8.4',
    summary: 'Says whether a master is down, and votes for who may fail it over',
    complexity: 'O(1)',
    syntax: 'ip port:integer current-epoch:integer runid',
    run: watch.isMasterDown,
  },
  master: {
    arity: 3,
    since: '2.8.4',
    summary: 'Describes a master',
    complexity: 'O(1)',
    syntax: NAME,
    run: watch.master,
  },
  masters: {
    arity: 2,
    since: '2.8.4',
    summary: 'Describes all masters',
    complexity: 'O(N) where N is the number of masters',
    run: watch.masters,
  },
  monitor: {
    arity: 6,
    since: '2.8.4',
    summary: 'Begins to watch a master',
    complexity: 'O(1)',
    syntax: 'name ip port:integer quorum:integer',
    run: watch.monitor,
  },
  myid: { arity: 2, since: '6.2.0', summary: 'Returns the id of the sentinel', complexity: 'O(1)', run: watch.myId },
  'pending-scripts': {
    arity: 2,
    since: '2.8.4',
    summary: 'Describes the scripts that run or wait',
    run: watch.pendingScripts,
  },
  remove: {
    arity: 3,
    since: '2.8.4',
    summary: 'Ceases to watch a master',
    complexity: 'O(1)',
    syntax: NAME,
    run: watch.remove,
  },
  replicas: {
    arity: 3,
    since: '5.0.0',
    summary: 'Describes the replicas of a master',
    complexity: 'O(N) where N is the number of replicas',
    syntax: NAME,
    run: watch.replicas,
  },
  reset: {
    arity: 3,
    since: '2.8.4',
    summary: 'Forgets what was learned about masters',
    complexity: 'O(N) where N is the number of monitored masters',
    syntax: 'pattern',
    run: watch.reset,
  },
  sentinels: {
    arity: 3,
    since: '2.8.4',
    summary: 'Describes the other sentinels of a master',
    complexity: 'O(N) where N is the number of Sentinels',
    syntax: NAME,
    run: watch.sentinels,
  },
  set: {
    arity: -5,
    since: '2.8.4',
    summary: 'Changes options of a master',
    complexity: 'O(1)',
    syntax: `${NAME} <option value> ...`,
    secrets: ({ count }) => Array.from({ length: Math.max(0, count - 3) }, (_, i) => i + 3),
    run: set,
  },
  'simulate-failure': {
    arity: -3,
    since: '3.2.0',
    summary: 'Lets the sentinel end in the midst of its next failover',
    syntax: 'mode=[crash-after-election:pure-token | crash-after-promotion:pure-token | help:pure-token] ...',
    run: watch.simulateFailure,
  },
  slaves: {
    arity: 3,
    since: '2.8.0',
    summary: 'Describes the replicas of a master',
    complexity: 'O(N) where N is the number of replicas',
    deprecated: { since: '5.0.0', instead: '`SENTINEL REPLICAS`' },
    syntax: NAME,
    run: watch.replicas,
  },
};

/** @param node gives the sentinel; it is there when the first command comes, not before. */
export function sentinelRow(node: () => SentinelNode): Row<Call> {
  return {
    name: 'sentinel',
    arity: -2,
    flags: ['admin', 'only_sentinel', 'sentinel'],
    since: '2.8.4',
    summary: 'Asks and instructs a sentinel',
    complexity: 'Depends on subcommand.',
    subcommands: Object.entries(SUBCOMMANDS).map(([name, { run, ...row }]) => ({
      ...row,
      name,
      flags:
        name === 'help' ? ['loading', 'stale', 'only_sentinel', 'sentinel'] : ['admin', 'only_sentinel', 'sentinel'],
      run: (c) => {
        const own = node();
        own.sentinel.enter(() => run(c, own));
      },
    })),
  };
}
