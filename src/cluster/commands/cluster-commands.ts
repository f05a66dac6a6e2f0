/**
 * The commands of cluster mode: CLUSTER, and what clients of a cluster say about their connection. They exist on every
 * server; where cluster mode is off they say so.
 */
import { replyHelp } from '../../commands/help.ts';
import type { Row } from '../../commands/row.ts';
import type { Call } from '../../server/call.ts';
import { serverFamily } from '../../server/rows.ts';
import { SESSION } from '../../server/session.ts';
import { clusterOf } from './cluster-of.ts';
import { bumpEpoch, failOver, forget, meet, replicate, reset, saveConfig, setConfigEpoch } from './membership.ts';
import { changeSlotRanges, changeSlots, flushSlots, replyKeyCount, replyKeys, replyKeySlot, setSlot } from './slots.ts';
import {
  replyFailureReports,
  replyInfo,
  replyLinks,
  replyMyId,
  replyNodes,
  replyReplicas,
  replyShards,
  replySlots,
} from './views.ts';

const HELP = [
  'ADDSLOTS <slot> [<slot> ...]',
  '    Gives slots that belong to nobody to this node.',
  'ADDSLOTSRANGE <first slot> <last slot> [<first slot> <last slot> ...]',
  '    Gives ranges of slots that belong to nobody to this node.',
  'BUMPEPOCH',
  '    Raises the configuration epoch of this node above all others.',
  'COUNT-FAILURE-REPORTS <node-id>',
  '    Counts the masters that say that a node fails.',
  'COUNTKEYSINSLOT <slot>',
  '    Counts the keys of this node in a slot.',
  'DELSLOTS <slot> [<slot> ...]',
  '    Lets this node forget who owns slots.',
  'DELSLOTSRANGE <first slot> <last slot> [<first slot> <last slot> ...]',
  '    Lets this node forget who owns ranges of slots.',
  'FAILOVER [FORCE|TAKEOVER]',
  '    Lets this replica take the place of its master.',
  'FLUSHSLOTS',
  '    Lets this node forget its own slots.',
  'FORGET <node-id>',
  '    Removes a node from what this node knows of the cluster.',
  'GETKEYSINSLOT <slot> <count>',
  '    Lists keys of this node in a slot.',
  'INFO',
  '    Tells how the cluster is doing.',
  'KEYSLOT <key>',
  '    Tells the slot of a key.',
  'LINKS',
  '    Lists the connections of the bus, each as a map.',
  'MEET <ip> <port> [<bus-port>]',
  '    Makes this node and another one, and the nodes that they know, one cluster.',
  'MYID',
  '    Tells the id of this node.',
  'NODES',
  '    Lists the nodes, one per line:',
  '    <id> <ip:port@bus-port> <flags> <master> <ping sent> <pong received> <epoch> <link> <slots> ...',
  'REPLICAS <node-id>',
  '    Lists the replicas of a master.',
  'REPLICATE <node-id>',
  '    Makes this node the replica of a master.',
  'RESET [HARD|SOFT]',
  '    Lets this node leave the cluster (SOFT, unless said otherwise), with HARD also forget who it was.',
  'SAVECONFIG',
  '    Saves what this node knows of the cluster.',
  'SET-CONFIG-EPOCH <epoch>',
  '    Sets the configuration epoch of a node that is new.',
  'SETSLOT <slot> (IMPORTING <node-id>|MIGRATING <node-id>|STABLE|NODE <node-id>)',
  '    Says what is being done with a slot, or whose it is.',
  'SHARDS',
  '    Lists the shards with their slots and nodes.',
  'SLOTS',
  '    Lists ranges of slots with the addresses and ids of the nodes that serve them.',
];

const CHANGING = ['admin', 'stale', 'no_async_loading'] as const;
const ADMIN = ['admin', 'stale'] as const;
const OPEN = ['stale'] as const;
const VARYING = ['nondeterministic_output'] as const;
const RANGES = 'start-slot_end-slot=<start-slot:integer end-slot:integer> ...';

function row(
  name: string,
  arity: number,
  summary: string,
  run: (c: Call) => void,
  more: Partial<Row<Call>>,
): Row<Call> {
  const settled = more.flags === CHANGING ? settling(run) : run;
  return { name, arity, flags: OPEN, since: '3.0.0', summary, complexity: 'O(1)', run: settled, ...more };
}

/** What a command has changed is on disk before anybody hears that it was done. */
function settling(run: (c: Call) => void): (c: Call) => void {
  return (c) => {
    run(c);
    clusterOf(c).settle();
  };
}

const SLOTS_GIVEN = 'O(N) where N is the number of slots given';
const SLOTS_IN_RANGES = 'O(N) where N is the number of slots in the ranges';
const NODES_KNOWN = 'O(N) where N is the number of nodes';

const subcommands: readonly Row<Call>[] = [
  row('addslots', -3, 'Gives slots to the node', (c) => changeSlots(c, false), {
    flags: CHANGING,
    complexity: SLOTS_GIVEN,
    syntax: 'slot:integer ...',
  }),
  row('addslotsrange', -4, 'Gives ranges of slots to the node', (c) => changeSlotRanges(c, false), {
    flags: CHANGING,
    since: '7.0.0',
    complexity: SLOTS_IN_RANGES,
    syntax: RANGES,
  }),
  row('bumpepoch', 2, 'Raises the configuration epoch of the node', bumpEpoch, { flags: CHANGING, tips: VARYING }),
  row('count-failure-reports', 3, 'Counts the masters that say that a node fails', replyFailureReports, {
    flags: ADMIN,
    tips: VARYING,
    complexity: 'O(N) where N is the number of reports',
    syntax: 'node-id',
  }),
  row('countkeysinslot', 3, 'Counts the keys in a slot', replyKeyCount, { syntax: 'slot:integer' }),
  row('delslots', -3, 'Takes slots from their owners, as far as the node is concerned', (c) => changeSlots(c, true), {
    flags: CHANGING,
    complexity: SLOTS_GIVEN,
    syntax: 'slot:integer ...',
  }),
  row(
    'delslotsrange',
    -4,
    'Takes ranges of slots from their owners, as far as the node is concerned',
    (c) => changeSlotRanges(c, true),
    { flags: CHANGING, since: '7.0.0', complexity: SLOTS_IN_RANGES, syntax: RANGES },
  ),
  row('failover', -2, 'Lets a replica take the place of its master', failOver, {
    flags: CHANGING,
    syntax: 'options=[FORCE | TAKEOVER]',
  }),
  row('flushslots', 2, 'Takes all slots from the node', flushSlots, { flags: CHANGING }),
  row('forget', 3, 'Removes a node from the table of nodes', forget, { flags: CHANGING, syntax: 'node-id' }),
  row('getkeysinslot', 4, 'Lists keys in a slot', replyKeys, {
    tips: VARYING,
    complexity: 'O(N) where N is the number of keys returned',
    syntax: 'slot:integer count:integer',
  }),
  {
    name: 'help',
    arity: 2,
    flags: ['loading', 'stale'],
    since: '5.0.0',
    summary: 'Describes the subcommands',
    complexity: 'O(1)',
    run: (c) => {
      clusterOf(c);
      replyHelp(c, HELP);
    },
  },
  row('info', 2, 'Tells how the cluster is doing', replyInfo, { tips: VARYING }),
  row('keyslot', 3, 'Tells the slot of a key', replyKeySlot, {
    complexity: 'O(N) where N is the length of the key',
    syntax: 'key:string',
  }),
  row('links', 2, 'Lists the connections between this node and the others', replyLinks, {
    since: '7.0.0',
    tips: VARYING,
    complexity: NODES_KNOWN,
  }),
  row('meet', -4, 'Makes the clusters of two nodes one', meet, {
    flags: CHANGING,
    syntax: 'ip port:integer [cluster_bus_port:integer]@4.0.0',
    history: [['4.0.0', 'Argument `cluster_bus_port`']],
  }),
  row('myid', 2, 'Tells the id of the node', replyMyId, {}),
  row('nodes', 2, 'Lists the nodes as lines of text', replyNodes, { tips: VARYING, complexity: NODES_KNOWN }),
  row('replicas', 3, 'Lists the replicas of a master', replyReplicas, {
    flags: ADMIN,
    since: '5.0.0',
    tips: VARYING,
    syntax: 'node-id',
  }),
  row('replicate', 3, 'Makes the node the replica of a master', replicate, { flags: CHANGING, syntax: 'node-id' }),
  row('reset', -2, 'Lets the node leave the cluster', reset, {
    flags: ['admin', 'noscript', 'stale'],
    complexity: NODES_KNOWN,
    syntax: 'hard_soft=[HARD | SOFT]',
  }),
  row('saveconfig', 2, 'Saves what the node knows of the cluster', saveConfig, { flags: CHANGING }),
  row('set-config-epoch', 3, 'Sets the configuration epoch of a new node', setConfigEpoch, {
    flags: CHANGING,
    syntax: 'config-epoch:integer',
  }),
  row('setslot', -4, 'Says whose a slot is, or that it is being moved', setSlot, {
    flags: CHANGING,
    syntax: 'slot:integer subcommand=<IMPORTING node-id | MIGRATING node-id | NODE node-id | STABLE>',
  }),
  row('shards', 2, 'Lists the shards with their slots and nodes', replyShards, {
    since: '7.0.0',
    tips: VARYING,
    complexity: NODES_KNOWN,
  }),
  row('slaves', 3, 'Lists the replicas of a master', replyReplicas, {
    flags: ADMIN,
    tips: VARYING,
    syntax: 'node-id',
    deprecated: { since: '5.0.0', instead: '`CLUSTER REPLICAS`' },
  }),
  row('slots', 2, 'Lists ranges of slots and who serves them', replySlots, {
    tips: VARYING,
    complexity: NODES_KNOWN,
    deprecated: { since: '7.0.0', instead: '`CLUSTER SHARDS`' },
  }),
];

/** Sets or clears a state of the connection. */
function assign(c: Call, flag: number, on: boolean): void {
  clusterOf(c);
  c.session.assign(flag, on);
  c.reply.ok();
}

export const clusterCommands = serverFamily('cluster', [
  {
    name: 'asking',
    arity: 1,
    flags: ['fast'],
    acl: ['connection'],
    since: '3.0.0',
    summary: 'Lets the next command use a slot that is being moved to the node',
    complexity: 'O(1)',
    run: (c) => assign(c, SESSION.asking, true),
  },
  {
    name: 'cluster',
    arity: -2,
    flags: [],
    since: '3.0.0',
    summary: 'Tells about the cluster and changes it',
    complexity: 'Depends on subcommand',
    subcommands,
  },
  {
    name: 'readonly',
    arity: 1,
    flags: ['loading', 'stale', 'fast'],
    acl: ['connection'],
    since: '3.0.0',
    summary: 'Lets the connection read from a replica',
    complexity: 'O(1)',
    run: (c) => assign(c, SESSION.readonly, true),
  },
  {
    name: 'readwrite',
    arity: 1,
    flags: ['loading', 'stale', 'fast'],
    acl: ['connection'],
    since: '3.0.0',
    summary: 'Sends reads of the connection to the master again',
    complexity: 'O(1)',
    run: (c) => assign(c, SESSION.readonly, false),
  },
]);
