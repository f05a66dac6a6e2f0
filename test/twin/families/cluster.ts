import * as fc from 'fast-check';
import { eventually } from '../../support/eventually.ts';
import type { RespClient } from '../../support/resp-client.ts';
import { call, word } from '../calls.ts';
import { comparable, type Comparable } from '../comparable.ts';
import { oneClient, type PairOptions } from '../one-client.ts';
import type { Call, Family, Step } from '../suite.ts';

/** Names of six slots, and two without a tag. */
const TAGS = ['a', 'b', 'c', 'd', 'e', 'f'];
const SLOTS_OF_TAGS = [15495, 3300, 7365, 11298, 15363, 3168];
const LAST_SLOT = 16383;

const key = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constantFrom(...TAGS), fc.nat(2)).map(([tag, n]) => `{${tag}}${n}`) },
  fc.constantFrom('a', 'b', 'c', 'plain', '{}x', ''),
);
const sameTag = fc
  .constantFrom(...TAGS)
  .chain((tag) => fc.array(fc.nat(2), { minLength: 1, maxLength: 3 }).map((all) => all.map((n) => `{${tag}}${n}`)));
const keys = fc.oneof({ weight: 3, arbitrary: sameTag }, fc.array(key, { minLength: 1, maxLength: 3 }));
const slot = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...SLOTS_OF_TAGS).map(String) },
  fc.constantFrom('0', '1', '16382', '-1', '16384', 'x', '', '1.5', '9223372036854775808', '007'),
);
const slots = fc.array(slot, { minLength: 1, maxLength: 3 });
const ranges = fc.array(
  fc.tuple(slot, slot).map(([a, b]) => [a, b === '16382' ? a : b]),
  { minLength: 1, maxLength: 2 },
);
const narrow = fc.constantFrom(...SLOTS_OF_TAGS).map((at) => [String(at), String(at + 2)]);
const nodeId = fc.constantFrom('0123456789012345678901234567890123456789', 'x', '', 'A'.repeat(40));

/** Subcommands that change nothing but slots of this node, and the questions. */
const slotCalls = fc.oneof(
  { weight: 3, arbitrary: call('CLUSTER', word('DELSLOTS'), slots) },
  { weight: 4, arbitrary: call('CLUSTER', word('ADDSLOTS'), slots) },
  call('CLUSTER', 'DELSLOTSRANGE', fc.oneof(narrow, fc.constant(['5', '3']), fc.constant(['1', '2', '3']))),
  call(
    'CLUSTER',
    'ADDSLOTSRANGE',
    fc.oneof(
      narrow,
      ranges.map((all) => all.flat()),
    ),
  ),
  call('CLUSTER', 'KEYSLOT', key),
  call('CLUSTER', word('COUNTKEYSINSLOT'), slot),
  { weight: 3, arbitrary: call('CLUSTER', 'GETKEYSINSLOT', slot, fc.constantFrom('0', '1', '10', '-1', 'x')) },
  call('CLUSTER', fc.constantFrom('SLOTS', 'SHARDS', 'NODES', 'INFO', 'MYID', 'LINKS')),
  call(
    'CLUSTER',
    'SETSLOT',
    slot,
    fc.oneof(fc.constant(['STABLE']), fc.tuple(fc.constantFrom('MIGRATING', 'IMPORTING', 'NODE', 'OTHER'), nodeId)),
  ),
);

const dataCalls = fc.oneof(
  { weight: 4, arbitrary: call('SET', key, 'v') },
  { weight: 2, arbitrary: call('GET', key) },
  call('MGET', keys),
  call(
    'MSET',
    keys.map((all) => all.flatMap((name) => [name, 'v'])),
  ),
  { weight: 2, arbitrary: call('DEL', keys) },
  call('RENAME', key, key),
  call('COPY', key, key, fc.constantFrom<string[]>([], ['DB', '0'], ['DB', '1'], ['REPLACE'])),
  call('MOVE', key, fc.constantFrom('0', '1')),
  call('SELECT', fc.constantFrom('0', '1', 'x')),
  call('SWAPDB', '0', fc.constantFrom('0', '1')),
  call('RPUSH', key, '3', '1', '2'),
  call(
    'SORT',
    key,
    fc.constantFrom<string[]>([], ['BY', 'w_*'], ['BY', 'nosort'], ['GET', '#'], ['GET', 'w_*'], ['STORE', '{a}0']),
  ),
  call('SUNIONSTORE', keys),
  call('ZUNIONSTORE', key, '2', keys),
  call('XREAD', 'STREAMS', key, '0'),
  call('BLPOP', keys, '0.01'),
  call('OBJECT', 'ENCODING', key),
  call('REPLICAOF', 'no', 'one'),
  call('FAILOVER'),
  call('SPUBLISH', key, 'hello'),
  call('PUBLISH', key, 'hello'),
  call(word('ASKING')),
  call(word('READONLY')),
  call(word('READWRITE')),
  call(
    'RESTORE-ASKING',
    key,
    '0',
    fc.constantFrom('payload', '\u0000\u0001v\u000a\u0000k\u0017\u00b5\u0002\u0021\u00d5\u0019'),
    fc.constantFrom<string[]>([], ['REPLACE'], ['ABSTTL'], ['IDLETIME', '5'], ['FREQ', '5']),
  ),
  call('EVAL', "return redis.call('SET', KEYS[1], 'v')", '1', key),
  call('EVAL', "return redis.call('GET', ARGV[1])", '0', key),
  call('EVAL', "return {redis.call('GET', ARGV[1]), redis.call('GET', ARGV[2])}", '0', key, key),
  call('EVAL', "#!lua\nreturn {redis.call('GET', ARGV[1]), redis.call('GET', ARGV[2])}", '0', key, key),
  call(
    'EVAL',
    "#!lua flags=allow-cross-slot-keys\nreturn {redis.call('GET', ARGV[1]), redis.call('GET', ARGV[2])}",
    '0',
    key,
    key,
  ),
  call('EVAL', '#!lua flags=no-cluster\nreturn 1', '0'),
  call('EVAL', '#!lua\nreturn #KEYS', '2', key, key),
  call('EVAL_RO', "return redis.pcall('GET', KEYS[1])", '1', key),
  call('WATCH', key),
);

const transaction = fc
  .array(fc.oneof(dataCalls, slotCalls), { maxLength: 4 })
  .map((all): Step => [['MULTI'], ...all, ['EXEC']]);

/** Who the node is, at which port, and what its clock says. */
const asNode: Comparable = (query, reply) => {
  const isTable = query[0]!.toUpperCase() === 'CLUSTER' && query[1]?.toUpperCase() !== 'HELP';
  const plain = reply
    .replaceAll(/\b[0-9a-f]{40}\b/g, 'ID')
    .replaceAll(/:\d+@\d+/g, ':PORT@BUS')
    .replaceAll(/\$\d+\r\n(?=ID :PORT)/g, '$N\r\n')
    .replaceAll(/=\d+\r\n(?=txt:ID :PORT)/g, '=N\r\n');
  if (!isTable && !reply.startsWith('*')) return comparable(query, plain);
  // Ports stand as numbers behind an endpoint.
  return comparable(query, plain.replaceAll(/(\$0\r\n\r\n|port\r\n):\d{4,5}\r\n/g, '$1:PORT\r\n'));
};

const CONFIG = { 'cluster-enabled': 'yes', 'cluster-require-full-coverage': 'no' };

async function isOk(client: RespClient): Promise<boolean> {
  return String(await client.call('CLUSTER', 'INFO')).startsWith('cluster_state:ok');
}

/** A node with all slots, which serves: for two seconds after its start it does not. */
async function ownAllSlots(client: RespClient): Promise<void> {
  await client.call('CLUSTER', 'ADDSLOTSRANGE', '0', String(LAST_SLOT));
  await eventually(() => isOk(client), { what: 'the cluster is ok', timeoutMs: 30_000 });
}

/** Each is refused where the slot has not been taken away. */
const giveSlotsBack: readonly Call[] = [...SLOTS_OF_TAGS.flatMap((at) => [at, at + 1, at + 2]), 0, 1, 16382].map(
  (at) => ['CLUSTER', 'ADDSLOTS', String(at)],
);

const pair: Omit<PairOptions, 'title'> = { config: CONFIG, prepare: ownAllSlots, comparable: asNode };

const membership = fc.oneof(
  call(
    'CLUSTER',
    'MEET',
    fc.constantFrom('127.0.0.300', 'localhost', '', '1.2.3', '::g'),
    fc.constantFrom('7000', '0', 'x', '70000'),
    fc.constantFrom<string[]>([], ['17000'], ['x'], ['0'], ['1', '2']),
  ),
  call('CLUSTER', fc.constantFrom('FORGET', 'REPLICATE', 'REPLICAS', 'SLAVES', 'COUNT-FAILURE-REPORTS'), nodeId),
  call('CLUSTER', word('BUMPEPOCH')),
  call('CLUSTER', 'SET-CONFIG-EPOCH', fc.constantFrom('0', '1', '7', '-1', 'x', '9223372036854775808')),
  call('CLUSTER', 'FAILOVER', fc.constantFrom<string[]>([], ['FORCE'], ['TAKEOVER'], ['X'], ['A', 'B'])),
  call('CLUSTER', 'RESET', fc.constantFrom<string[]>([], ['HARD'], ['SOFT'], ['X'], ['A', 'B'])),
  call('CLUSTER', 'SAVECONFIG'),
  call('CLUSTER', 'FLUSHSLOTS'),
  call(
    'CLUSTER',
    fc.constantFrom('SETSLOT', 'NOSUCH', 'ADDSLOTS', 'ADDSLOTSRANGE', 'KEYSLOT', 'NODES', 'REPLICATE'),
    fc.array(slot, { maxLength: 3 }),
  ),
  call('CLUSTER'),
  call('CLUSTER', 'ADDSLOTSRANGE', '0', '100'),
  call('CLUSTER', fc.constantFrom('NODES', 'INFO', 'SLOTS', 'HELP')),
  call('READONLY', fc.constantFrom<string[]>([], ['x'])),
);

/** While no slot has an owner, the state is computed when the clock says so. */
const withoutState: Comparable = (query, reply) =>
  asNode(
    query,
    reply
      .replaceAll(/cluster_(?:state|size):\w+\r\n/g, '')
      .replaceAll(/([$=])\d+(?=\r\n(?:txt:)?cluster_slots_assigned)/g, '$1N'),
  );

export const clusterFamily: Family = {
  name: 'cluster',
  suites: [
    oneClient({
      ...pair,
      title: 'keys and slots of a node',
      runs: 60,
      calls: fc.oneof({ weight: 6, arbitrary: dataCalls }, { weight: 4, arbitrary: slotCalls }, transaction),
      cleanup: giveSlotsBack,
    }),
    oneClient({
      ...pair,
      title: 'who belongs to the cluster',
      runs: 40,
      calls: fc.oneof(membership, call('CLUSTER', 'MYID')),
      setup: [['CLUSTER', 'RESET', 'HARD']],
      comparable: withoutState,
    }),
    oneClient({
      title: 'commands of cluster mode without it',
      runs: 10,
      calls: fc.oneof(membership, slotCalls, call(fc.constantFrom('ASKING', 'READONLY', 'READWRITE'))),
    }),
  ],
};
