/**
 * Random rules on this server and on redis-server: both must accept and refuse the same, with the same words, describe
 * users the same way, and judge the same requests the same way.
 *
 * redis-server lists the single commands of a description in the order of a hash table with a random seed; here they
 * are sorted before they are compared. Rules name every command of redis-server, so this server stands here with
 * stand-ins for those that it does not have.
 */
import * as fc from 'fast-check';
import { CATEGORIES } from '../../../src/server/command-table.ts';
import { readCommandFacts } from '../../server/command-facts.ts';
import { allCommands } from '../../support/all-commands.ts';
import { BareServer, type MemoryClient } from '../../support/bare-server.ts';
import { type RedisProcess, startRedis } from '../../support/redis-process.ts';
import { RespClient } from '../../support/resp-client.ts';
import { quote } from '../one-client.ts';
import { type Call, type Family, makeSuite, type Player } from '../suite.ts';

const CALLS_PER_RUN = 25;
const HASH = '5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8';

const facts = [...readCommandFacts().values()];
const commandName = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('get', 'set', 'config', 'config|get', 'debug', 'select', 'publish', 'sort') },
  { weight: 3, arbitrary: fc.constantFrom(...facts.map(({ name }) => name)) },
);
const sign = fc.constantFrom('+', '-');
const category = fc.constantFrom<string>(...CATEGORIES, 'all', 'ALL', 'Read');
const commandRule = fc.oneof(
  { weight: 4, arbitrary: joined(sign, commandName) },
  { weight: 5, arbitrary: joined(sign, fc.constant('@'), category) },
  { weight: 1, arbitrary: joined(sign, commandName, fc.constantFrom('|1', '|GET', '|get', '|', '|x|y')) },
  fc.constantFrom('allcommands', 'nocommands', 'AllCommands', '+', '-', '+@', '+@nosuch', '+nosuch', '-select|1'),
  fc.constantFrom('+select|0', '+SELECT|1', '+debug|object', '+config|nosuch'),
);
const pattern = fc.constantFrom('*', 'a*', 'b*', 'a:[0-9]', 'b', '', 'é', 'a b', 'x\0y');
const keyRule = fc.oneof(
  joined(fc.constantFrom('~', '%R~', '%W~', '%RW~', '%rw~', '%WR~', '%RR~', '%X~', '%R'), pattern),
  fc.constantFrom('allkeys', 'resetkeys', 'ALLKEYS'),
);
const channelRule = fc.oneof(
  joined(fc.constant('&'), pattern),
  fc.constantFrom('allchannels', 'resetchannels', 'AllChannels'),
);
const userRule = fc.constantFrom(
  'on',
  'off',
  'ON',
  'nopass',
  'resetpass',
  'reset',
  'clearselectors',
  'sanitize-payload',
  '',
  'nosuch',
  '(',
  '>password',
  '>p',
  '<p',
  '<password',
  `#${HASH}`,
  `!${HASH}`,
  '#abc',
  `#${HASH.toUpperCase()}`,
  '!x',
  '>',
  'skip-sanitize-payload',
  '>\0x',
  '()',
  '(~a* +get',
  '+set)',
  '(',
  ')',
  '( +get)',
  '((+get)',
  '(on)',
  'on\0',
);
const selectorRule = fc
  .array(fc.oneof(commandRule, keyRule, channelRule), { maxLength: 4 })
  .map((rules) => `(${rules.join(' ')})`);
const rules = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: commandRule },
    { weight: 3, arbitrary: keyRule },
    { weight: 2, arbitrary: channelRule },
    { weight: 3, arbitrary: userRule },
    { weight: 2, arbitrary: selectorRule },
  ),
  { maxLength: 6 },
);
const user = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('u', 'v') },
  fc.constantFrom('w', '', 'a b', 'x\0', 'nosuch'),
);
const request = fc.oneof(
  words('GET a:1', 'GET b', 'SET a x', 'SET b x GET', 'STRLEN b', 'MGET a b', 'COPY a b', 'SORT a BY x* STORE b'),
  words(
    'PUBLISH a x',
    'SUBSCRIBE a b',
    'PSUBSCRIBE a*',
    'PSUBSCRIBE b',
    'UNSUBSCRIBE x',
    'SPUBLISH é x',
    'SSUBSCRIBE b',
  ),
  words(
    'CONFIG GET x',
    'CONFIG',
    'CONFIG NOSUCH',
    'SELECT 0',
    'select 1',
    'DEBUG object x',
    'AUTH x',
    'RESET',
    'NOSUCH',
  ),
  words(
    'ZUNION 2 a b',
    'ZUNIONSTORE a 1 b',
    'LMPOP 1 a LEFT',
    'RENAME a b',
    'DEL a b',
    'OBJECT ENCODING b',
    'GET',
    'PING',
  ),
  words(
    'BITFIELD a GET u8 0',
    'BITFIELD b SET u8 0 1',
    'ACL WHOAMI',
    'CLIENT ID',
    'SINTERCARD 2 a b',
    'EXISTS a',
    'WATCH b',
  ),
);
const calls = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(user, rules).map(([name, list]) => ['ACL', 'SETUSER', name, ...list]) },
  { weight: 3, arbitrary: user.map((name) => ['ACL', 'GETUSER', name]) },
  { weight: 2, arbitrary: fc.constantFrom(['ACL', 'LIST'], ['ACL', 'USERS']) },
  { weight: 6, arbitrary: fc.tuple(user, request).map(([name, words]) => ['ACL', 'DRYRUN', name, ...words]) },
  { weight: 1, arbitrary: user.map((name) => ['ACL', 'DELUSER', name]) },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom(
        'CONFIG SET acl-pubsub-default allchannels',
        'CONFIG SET acl-pubsub-default resetchannels',
        'ACL CAT nosuch',
        'ACL LOG RESET',
        'ACL LOG reset',
        'ACL DELUSER',
        'ACL GETUSER',
        'ACL WHOAMI x',
        'ACL GENPASS 0',
        'ACL GENPASS 4097',
        'ACL GENPASS x',
        'ACL GENPASS 1 2',
        'ACL CAT',
        'ACL LOG x',
        'ACL LOG 1 2',

        'ACL DELUSER u default',
        'ACL LOAD',
        'ACL SAVE',
        'ACL LOG',
        'ACL WHOAMI',
        'ACL NOSUCH',
        'ACL DRYRUN u',
        'ACL',
      )
      .map((text) => text.split(' ')),
  },
);

function joined(...parts: fc.Arbitrary<string>[]): fc.Arbitrary<string> {
  return fc.tuple(...parts).map((list) => list.join(''));
}

function words(...texts: string[]): fc.Arbitrary<string[]> {
  return fc.constantFrom(...texts).map((text) => text.split(' '));
}

/** Single commands of a description in alphabetic order. */
function comparable(reply: string): string {
  return reply.replaceAll(
    /([+-]@all(?: [+-]@\w+)*)((?: [+-][\w|-]+)*)/g,
    (_all, start: string, single: string) => start + single.split(' ').sort().join(' '),
  );
}

interface Script {
  readonly calls: readonly Call[];
  readonly protocol: number;
}

class Gates implements Player<Script> {
  readonly #ours: MemoryClient;
  readonly #theirs: RespClient;
  readonly #redis: RedisProcess;

  private constructor(ours: MemoryClient, theirs: RespClient, redis: RedisProcess) {
    this.#ours = ours;
    this.#theirs = theirs;
    this.#redis = redis;
  }

  static async open(): Promise<Gates> {
    const ours = new BareServer([], allCommands()).connect();
    const redis = await startRedis();
    return new Gates(ours, await RespClient.connect({ port: redis.port, timeoutMs: 20_000 }), redis);
  }

  async play({ calls: script, protocol }: Script): Promise<void> {
    const before = ['HELLO 2', 'ACL DELUSER u v w', 'CONFIG SET acl-pubsub-default resetchannels', `HELLO ${protocol}`];
    const setup = [...before.map((text) => text.split(' ')), ['ACL', 'DELUSER', ''], ['ACL', 'LOG', 'RESET']];
    const requests = [...setup, ...script, ['ACL', 'LIST']].map((call) =>
      call.map((arg) => Buffer.from(arg, 'latin1')),
    );
    const real = await this.#theirs.pipelineRaw(requests);
    for (const [i, call] of requests.entries()) {
      const mine = this.#ours.call(...call);
      if (i < setup.length || comparable(mine) === comparable(real[i]!)) continue;
      const shown = script.slice(0, i - setup.length + 1).map((each) => `  ${quote(each)}`);
      const lines = [
        `  redis-server: ${JSON.stringify(real[i])}`,
        `  this server:  ${JSON.stringify(mine)}`,
        'script for redis-cli:',
      ];
      throw new Error([...lines, ...shown].join('\n'));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#theirs.close();
    await this.#redis.stop();
  }
}

export const aclFamily: Family = {
  name: 'acl',
  suites: [
    makeSuite({
      title: 'access rules',
      runs: 60,
      scripts: fc.record({
        calls: fc.array(calls, { minLength: 1, maxLength: CALLS_PER_RUN, size: 'max' }),
        protocol: fc.constantFrom(2, 3),
      }),
      callsOf: (script) => script.calls,
      open: () => Gates.open(),
    }),
  ],
};
