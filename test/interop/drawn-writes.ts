/**
 * Scripts that change a dataset in every way that there is: what the families of the twin tests draw, the writes of
 * mixed-writes.ts, whose keys go by themselves, and scripts and functions that write several times.
 *
 * Left out is what would decide the outcome of the test itself (`LEFT_OUT`), and what need not be the same on a
 * replica even between two servers of one make (`isAmbiguous`).
 */
import { Prng } from '../../src/host/prng.ts';
import { families } from '../twin/families.ts';
import { everyType } from '../twin/families/any-command.ts';
import type { Call, Suite } from '../twin/suite.ts';
import { mixedWrites } from './mixed-writes.ts';

const FAMILIES = new Set(
  (
    'any-command strings generic bitmap hyperloglog lists hashes sets sorted-sets streams dumps geo sort blocking ' +
    'transactions pubsub tracking scripts'
  ).split(' '),
);
/**
 * Commands about the server instead of the dataset; what changes nothing and takes hours or gigabytes on redis-server with
 * some arguments (LCS, members by chance); QUIT, which it does not obey where replies are switched off.
 */
const LEFT_OUT = new RegExp(
  `^(?:${
    'acl auth bgsave bgrewriteaof config debug failover hrandfield lcs migrate module psync quit replconf replicaof ' +
    'save shutdown slaveof srandmember sync zrandmember'
  })$`.replaceAll(' ', '|'),
  'i',
);
/** Redis 7.0 crashes when somebody who waits is served, or unblocked, while clients are paused. */
const LEFT_OUT_OF_CLIENT = /^(?:kill|pause)$/i;
const CALLS_PER_SCRIPT = 30;
const SCRIPTS_PER_SUITE = 8;

const SUITES: readonly Suite[] = families.filter(({ name }) => FAMILIES.has(name)).flatMap(({ suites }) => suites);

const LIBRARY = `#!lua name=writer
redis.register_function('several', function(keys, args)
  redis.call('SET', keys[1], args[1])
  redis.call('INCR', 'function:calls')
  redis.call('RPUSH', 'function:list', args[1])
  redis.call('LTRIM', 'function:list', -50, -1)
  return redis.call('GET', keys[1])
end)
redis.register_function('random', function(keys)
  redis.call('SADD', keys[1], math.random(1000), redis.call('TIME')[2])
  redis.call('SPOP', keys[1], 2)
  return redis.call('PEXPIRE', keys[1], 300)
end)`;

const OWN: readonly (readonly Call[])[] = [
  [
    ['FUNCTION', 'LOAD', 'REPLACE', LIBRARY],
    ['FCALL', 'several', '1', 'function:key', 'some'],
    ['FCALL', 'random', '1', 'function:set'],
  ],
  [['FUNCTION', 'DELETE', 'writer']],
  [
    ['EVAL', "redis.call('SET', KEYS[1], 1) redis.call('INCR', KEYS[1]) return redis.call('NOSUCH')", '1', 'script:a'],
    ['EVAL', "for i = 1, 5 do redis.call('SELECT', i % 3) redis.call('RPUSH', KEYS[1], i) end", '1', 'script:list'],
    ['EVAL', "return redis.pcall('SET', KEYS[1], 'v', 'PX', 200)", '1', 'script:soon'],
    ['EVAL', "redis.call('DEL', KEYS[1]) return redis.call('XADD', KEYS[1], '*', 'f', 'v')", '1', 'script:stream'],
    ['EVAL', "redis.call('MSET', 'script:b', 1, 'script:c', 2) redis.call('SWAPDB', 0, 1)", '0'],
  ],
  [
    ['MULTI'],
    ['SELECT', '1'],
    ['SET', 'transaction', '1'],
    ['SELECT', '2'],
    ['INCR', 'transaction'],
    ['SPOP', 'set', '2'],
    ['PUBLISH', 'channel', 'message'],
    ['SELECT', '0'],
    ['EXPIRE', 'transaction', '1'],
    ['EXEC'],
  ],
  [
    ['RPUSH', 'sorted', '3', '1', '2', '10'],
    ['SORT', 'sorted', 'DESC', 'STORE', 'sorted:there'],
    ['COPY', 'sorted:there', 'copied', 'DB', '2', 'REPLACE'],
    ['SWAPDB', '1', '2'],
    ['FLUSHDB', 'ASYNC'],
  ],
  [
    ['ZADD', 'lexical', ...['', 'a', 'b', 'bb', 'c', 'd', 'm'.repeat(65)].flatMap((member) => ['0', member])],
    ['ZREMRANGEBYLEX', 'lexical', '(a', '[bb'],
    ['ZRANGESTORE', 'lexical:there', 'lexical', '[m', '-', 'BYLEX', 'REV', 'LIMIT', '1', '3'],
  ],
];

/** One after the other, without end. */
export function* drawnScripts(seed: number): Generator<readonly Call[]> {
  const prng = new Prng(seed);
  const draw = (bound: number): number => prng.u32() % bound;
  for (;;) {
    const dice = draw(10);
    if (dice === 0) yield OWN[draw(OWN.length)]!;
    else if (dice < 4) yield mixedWrites(prng.u32(), CALLS_PER_SCRIPT).map((words) => words.map(String));
    else yield* scriptsOf(SUITES[draw(SUITES.length)]!, prng.u32() | 0, draw);
  }
}

function* scriptsOf(suite: Suite, seed: number, draw: (bound: number) => number): Generator<readonly Call[]> {
  const calls = suite.sample(SCRIPTS_PER_SUITE, seed).filter(isWanted);
  if (draw(3) === 0) yield everyType;
  for (let at = 0; at < calls.length; at += CALLS_PER_SCRIPT) yield calls.slice(at, at + CALLS_PER_SCRIPT);
}

function isWanted(call: Call): boolean {
  const [name = '', subcommand = ''] = call;
  if (LEFT_OUT.test(name) || (/^client$/i.test(name) && LEFT_OUT_OF_CLIENT.test(subcommand))) return false;
  return !isAmbiguous(call);
}

/**
 * Effects that a script keeps from replicas; distances, whose last digit mathematical libraries do not agree on; counters
 * of groups that overflow, which replicas refuse. SORT by weights as texts leaves elements of one weight in any order. What is
 * taken by bytes from members of unequal scores depends on the levels of a skip list, which each server draws for itself.
 */
function isAmbiguous(call: Call): boolean {
  if (call.some((arg) => /^storedist$/i.test(arg) || arg.includes('set_repl'))) return true;
  if (hasWord(call, 'ENTRIESREAD') && call.some((arg) => /^\d{17,}$/.test(arg))) return true;
  switch (call[0]?.toLowerCase()) {
    case 'zremrangebylex':
      return true;
    case 'zrangestore':
      return hasWord(call, 'BYLEX');
    case 'sort':
      return ['BY', 'ALPHA', 'STORE'].every((each) => hasWord(call, each));
    default:
      return false;
  }
}

function hasWord(call: Call, word: string): boolean {
  return call.some((arg) => arg.toUpperCase() === word);
}
