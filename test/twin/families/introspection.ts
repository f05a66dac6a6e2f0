/**
 * What the server says about itself, its commands and its clients: COMMAND, CONFIG, CLIENT, INFO and their kind. Of
 * most of it only errors and the form of the answers can be equal; of commands and configuration, the answers are.
 */
import * as fc from 'fast-check';
import { CommandTable, type Command } from '../../../src/server/command-table.ts';
import { parametersByName } from '../../../src/server/config/parameters.ts';
import { serverFamilies } from '../../../src/topology/compose.ts';
import { allBytes, anyInteger, brokenIntegerText, call, nearlyValid, value, word } from '../calls.ts';
import { type Vocabulary, withEdges, wordsOf } from '../from-syntax.ts';
import { oneClient } from '../one-client.ts';
import type { Call, Family, Step } from '../suite.ts';
import { dataCommands, everyType, vocabulary as dataVocabulary } from './any-command.ts';

type Text = fc.Arbitrary<string>;

const table = new CommandTable(serverFamilies);

function listed(names: string): Text {
  return fc.constantFrom(...names.trim().split(/\s+/));
}

// ------------------------------------------------------------------------------------------------- by their syntax

/** Played as their rows say. What is not here is played by families of its own, or is left out in coverage.ts. */
const BY_SYNTAX = `
  acl|cat acl|genpass acl|getuser acl|help acl|list acl|log acl|users acl|whoami acl|dryrun command|count command|help
  command|list client|caching client|getname client|getredir client|help client|id client|info client|list
  client|no-evict client|setname client|tracking client|trackinginfo client|unblock client|unpause config|help
  config|resetstat dbsize echo info lastsave latency|doctor latency|graph latency|help latency|histogram
  latency|history latency|latest latency|reset memory|doctor memory|help memory|purge memory|stats memory|usage
  module|help module|list object|help ping publish pubsub|channels pubsub|help pubsub|numpat pubsub|numsub
  pubsub|shardchannels pubsub|shardnumsub role select slowlog|get slowlog|help slowlog|len slowlog|reset spublish
  swapdb time xgroup|help xinfo|help flushall flushdb
`;

const names = new Set(BY_SYNTAX.trim().split(/\s+/));

const vocabularies: Readonly<Record<string, Text>> = {
  categoryname: listed('string GEO write nosuch @read'),
  username: listed('default nobody'),
  command: listed('GET PING nosuch'),
  'module-name': listed('nosuch'),
  category: listed('geo HyperLogLog bitmap nosuch'),
  pattern: listed('z* X* [a-b]* *|get config|* nosuch GETRANGE'),
  'client-id': listed('0 -1 999999999 x'),
  'connection-name': fc.constantFrom('me', '', 'a b', 'é', 'x'.repeat(100), 'a\nb', '!~'),
  prefix: listed('a b'),
  section: listed('server nosuch all ALL default everything clients'),
  version: listed('5 6 1'),
  event: listed('command fork nosuch'),
  index1: listed('0 1 2 16 -1 x'),
  index2: listed('0 1 2 16 -1 x'),
  index: listed('0 1 2 16 -1 x'),
  bits: fc.oneof(listed('0 1 4 5 256 4096 4097'), anyInteger),
  channel: listed('a b'),
  parameter: listed('maxmemory nosuch'),
};

const vocabulary: Vocabulary = (command, doc) =>
  doc.type !== 'key' && doc.name in vocabularies ? vocabularies[doc.name]! : dataVocabulary(command, doc);

const bySyntax = table.all
  .filter(({ fullName }) => names.has(fullName))
  .map((command) => nearlyValid(withEdges(wordsOf(command, vocabulary), 0.15)));

// -------------------------------------------------------------------------------------------------------- commands

/** The container, the subcommand and the command asked about. */
const commandNames = fc.oneof(
  fc.constantFrom(...dataCommands.map(({ fullName }) => fullName)),
  listed('config|get CONFIG|SET client|kill nosuch get|x object|nosuch xgroup XINFO client|no-evict subscribe multi'),
);

const describing = fc.oneof(
  call('COMMAND', 'INFO', fc.array(commandNames, { minLength: 1, maxLength: 3 })),
  call('COMMAND', word('DOCS'), fc.array(commandNames, { minLength: 1, maxLength: 3 })),
  call('COMMAND', 'LIST', word('FILTERBY'), word('MODULE'), listed('nosuch')),
  call('COMMAND', 'LIST', word('FILTERBY'), word('ACLCAT'), listed('geo stream HyperLogLog nosuch @geo')),
  call('COMMAND', 'LIST', word('FILTERBY'), word('PATTERN'), listed('z* X* [a-b]* *|get config|* nosuch')),
  call('COMMAND', word('GETKEYS')),
  call('COMMAND', fc.constantFrom('NOSUCH', 'DOCS', 'INFO', 'COUNT', 'LIST', '')),
  call('COMMAND'),
);

/** Whose keys only their arguments tell, more often than others. */
const movable = dataCommands.filter(({ visibleFlags }) => visibleFlags.includes('movablekeys'));
const sorts = table.all.filter(({ fullName }) => fullName.startsWith('sort'));
const watchers = table.all.filter(({ fullName }) =>
  /^(?:watch|memory\|usage|publish|subscribe|spublish|ping)$/.test(fullName),
);

function anyOf(commands: readonly Command[]): fc.Arbitrary<Call> {
  return fc.oneof(...commands.map((command) => withEdges(wordsOf(command, vocabulary), 0.1)));
}

const keyed = nearlyValid(
  fc.oneof({ weight: 2, arbitrary: anyOf(dataCommands) }, anyOf([...movable, ...sorts]), anyOf(watchers)),
);
const keys = fc.oneof(call('COMMAND', word('GETKEYS'), keyed), call('COMMAND', word('GETKEYSANDFLAGS'), keyed));

// --------------------------------------------------------------------------------------------------- configuration

/** Parameters that change nothing but later answers, or nothing at all; each script starts with them as they were. */
const harmless = `
  maxmemory-samples lazyfree-lazy-eviction hash-max-listpack-entries hash-max-ziplist-value list-max-listpack-size
  list-compress-depth set-max-intset-entries zset-max-listpack-entries stream-node-max-bytes hll-sparse-max-bytes
  slowlog-log-slower-than slowlog-max-len latency-monitor-threshold notify-keyspace-events lfu-log-factor
  lfu-decay-time active-expire-effort hz maxmemory-policy tracking-table-max-keys acllog-max-len proto-max-bulk-len
  client-query-buffer-limit repl-backlog-size slave-priority replica-announced oom-score-adj-values
  latency-tracking-info-percentiles acl-pubsub-default lua-time-limit
`
  .trim()
  .split(/\s+/);
const parameter = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...harmless) },
  { weight: 1, arbitrary: listed('nosuch databases unixsocket io-threads HZ') },
);
const setting = fc.oneof(
  fc.integer({ min: -2, max: 600 }).map(String),
  anyInteger,
  brokenIntegerText,
  listed('yes no 1kb 1mb 1gb 4GB 10% volatile-ttl noeviction KEA g$lshz 50 99.9 allchannels resetchannels'),
);
const pairs = fc.array(fc.tuple(parameter, setting), { minLength: 1, maxLength: 3 }).map((list) => list.flat());
const configPattern = fc.oneof(parameter, listed('*max-listpack* slowlog* [l-m]a* *-ENTRIES nosuch* \\h?'));
const configuring = fc.oneof(
  { weight: 3, arbitrary: call('CONFIG', word('SET'), pairs) },
  { weight: 2, arbitrary: call('CONFIG', word('GET'), fc.array(configPattern, { minLength: 1, maxLength: 3 })) },
  call('CONFIG', fc.constantFrom('GET', 'SET', 'NOSUCH', 'get', '')),
);
const asTheyWere: Call = [
  'CONFIG',
  'SET',
  ...harmless.flatMap((name) => [name, parametersByName.get(name)!.parameter.initial.text]),
];

// --------------------------------------------------------------------------------------------------------- clients

/** A pause that lasts until the end of its own transaction. */
const pause: fc.Arbitrary<Step> = nearlyValid(
  call(
    'CLIENT',
    word('PAUSE'),
    fc.oneof(listed('1 100 0 -1 x 9223372036854775807'), anyInteger),
    fc.oneof(fc.constant([]), word('WRITE'), word('ALL'), fc.constant('x')),
  ),
).map((paused) => [['MULTI'], paused, ['CLIENT', 'UNPAUSE'], ['EXEC']]);

const greeting = fc.oneof(
  call('HELLO'),
  call('HELLO', listed('2 3 4 1 x 2.0')),
  call('HELLO', listed('2 3'), 'SETNAME', fc.constantFrom('me', 'a b', '')),
  call('HELLO', listed('2 3'), 'AUTH', listed('default nobody'), value),
  call('AUTH', value),
  call('AUTH', listed('default nobody'), value),
  call('RESET'),
);

const debugging = fc.oneof(
  call('DEBUG', listed('NOSUCH OBJECT SLEEP LISTPACK'), fc.constantFrom('missing', allBytes, 'text')),
  call('DEBUG', 'STRINGMATCH-LEN', fc.constantFrom('*', '[a-', '\\'), value),
  call('DEBUG', 'DIGEST-VALUE', fc.array(listed('text number list hash set zset stream missing'), { maxLength: 3 })),
  call('DEBUG', 'PROTOCOL', listed('string integer double null array set map attrib verbatim true false push nosuch')),
  call('DEBUG', 'CHANGE-REPL-ID', 'x', 'y'),
  call('DEBUG', 'SET-ACTIVE-EXPIRE', 'x', 'y'),
);

/** All commands are slow ones from then on. */
const setup = [...everyType, asTheyWere, ['CONFIG', 'SET', 'slowlog-log-slower-than', '0'], ['SLOWLOG', 'RESET']];

export const introspectionFamily: Family = {
  name: 'introspection',
  suites: [
    oneClient({
      title: 'what the server says of itself',
      calls: fc.oneof(
        { weight: 12, arbitrary: fc.oneof(...bySyntax) },
        { weight: 2, arbitrary: nearlyValid(fc.oneof(greeting, debugging)) },
        { weight: 1, arbitrary: pause },
      ),
      setup,
      runs: 200,
    }),
    oneClient({
      title: 'commands and their keys',
      calls: fc.oneof({ weight: 1, arbitrary: nearlyValid(describing) }, { weight: 4, arbitrary: keys }),
      runs: 100,
    }),
    oneClient({ title: 'configuration', calls: nearlyValid(configuring), setup: [asTheyWere], runs: 100 }),
  ],
};
