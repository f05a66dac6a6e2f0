/**
 * Several clients wait for the same keys while others push, rename, swap, delete and unblock; one that listens to
 * keyspace events hears the same ones in the same order.
 *
 * SWAPDB is left out: which of two keys it makes ready first depends on Redis' hash table.
 */
import * as fc from 'fast-check';
import { severalClients, type ClientStep } from '../several-clients.ts';
import type { Family } from '../suite.ts';

const WAITING_CLIENTS = 4;

function oneOf(commands: string): fc.Arbitrary<string> {
  return fc.constantFrom(...commands.split('|').map((command) => command.trim()));
}

const waits = oneOf(`
  BLPOP a 0 | BRPOP a 0 | BLPOP b a 0 | BRPOP b c b 0 | BLMPOP 0 2 a b LEFT |
  BLMPOP 0 1 a RIGHT COUNT 2 | BLMOVE a b LEFT RIGHT 0 | BLMOVE b a RIGHT LEFT 0 |
  BLMOVE a a LEFT RIGHT 0 | BRPOPLPUSH a c 0 | BRPOPLPUSH b b 0 | HELLO 3 | SELECT 1 | SELECT 0 | PING |
  BLPOP a -1 | BLPOP a | BLMPOP 0 3 a b LEFT | BLMPOP 0 1 a MIDDLE | BLPOP a inf | BLPOP a nan |
  BLPOP a 1e400 | BLPOP a x | BLPOP a 9223372036854775807 | BLPOP a 0x10 0x10 | BLMPOP 0 2 b a LEFT COUNT 0
`);
const zsetWaits = oneOf(`
  BZPOPMIN z 0 | BZPOPMAX z 0 | BZPOPMIN y z 0 | BZPOPMAX z y 0 | BZMPOP 0 2 z y MIN | BZMPOP 0 1 z MAX COUNT 2 |
  BZPOPMIN a z 0 | BZMPOP 0 1 y MIN COUNT 9 | BZPOPMIN z -1 | BZMPOP 0 0 z MIN | BZMPOP 0 1 z LEFT | HELLO 3
`);
const streamWaits = oneOf(`
  XREAD BLOCK 0 STREAMS s $ | XREAD BLOCK 0 STREAMS s t 0 $ | XREAD COUNT 1 BLOCK 0 STREAMS s 5-1 |
  XREADGROUP GROUP g x BLOCK 0 STREAMS s > | XREADGROUP GROUP g y COUNT 1 BLOCK 0 NOACK STREAMS s > |
  XREADGROUP GROUP g x BLOCK 0 STREAMS s t > > | XREADGROUP GROUP h x BLOCK 0 STREAMS s > |
  XREADGROUP GROUP g x BLOCK 0 STREAMS s 0 | XREAD BLOCK -1 STREAMS s $ | XREAD BLOCK 0 STREAMS s
`);
const zsetChanges = oneOf(`
  ZADD z 1 m | ZADD z 1 m 2 n 3 o | ZADD y 1 m | ZINCRBY z 5 n | ZUNIONSTORE z 1 y | ZRANGESTORE z y 0 -1 | DEL z |
  GEOADD z 1 1 m | SET z text | ZREM y m | RENAME y z | COPY y z
`);
const streamChanges = oneOf(`
  XADD s 6-* f v | XADD s 7-* f v | XADD t 6-* f v | XADD s 5-9 f v | XGROUP CREATE s g $ MKSTREAM |
  XGROUP CREATE s g 0 | XGROUP DESTROY s g | DEL s | SET s text | XTRIM s MAXLEN 0 | RENAME t s | XGROUP CREATE t g 0
`);
const unblocks = oneOf(`
  CLIENT UNBLOCK @1 | CLIENT UNBLOCK @2 TIMEOUT | CLIENT UNBLOCK @3 ERROR | CLIENT UNBLOCK @4 error | CLIENT KILL ID @2 |
  CLIENT UNBLOCK @0 | CLIENT UNBLOCK @1 x
`);
const changes = oneOf(`
  RPUSH a 1 | RPUSH a 1 2 3 | LPUSH b x y | RPUSH c z | LPUSHX a w | RPUSH d 1 2 | LPUSH a 1 |
  RPUSH b 5 | RENAME d a | RENAME a b | COPY d b | MOVE a 1 | RPOPLPUSH d a | LMOVE d b LEFT LEFT |
  SORT d STORE a | SET c text | SET a text | DEL a | DEL c | FLUSHALL | SELECT 1 | SELECT 0 | SADD a m |
  MULTI | EXEC | EXEC | LRANGE a 0 -1 | LRANGE b 0 -1 | KEYS none | INFO none | PEXPIREAT a 1
`);

const waiting = fc.integer({ min: 1, max: WAITING_CLIENTS });

/** Steps of those that wait, and of those that do not. */
function steps(waitCommands: fc.Arbitrary<string>, changeCommands: fc.Arbitrary<string>): fc.Arbitrary<ClientStep> {
  return fc.oneof(
    { weight: 8, arbitrary: fc.tuple(waiting, waitCommands) },
    { weight: 8, arbitrary: fc.tuple(fc.constant(0), changeCommands) },
    { weight: 1, arbitrary: fc.tuple(fc.constant(0), unblocks) },
  );
}

const common = {
  clients: WAITING_CLIENTS + 1,
  stepsMax: 40,
  before: ['FLUSHALL', 'CONFIG SET notify-keyspace-events EA'],
  listener: 'PSUBSCRIBE *',
  after: { 'DEBUG DIGEST': /.*/, 'INFO clients': /blocked_clients:\d+/ },
};

export const blockingFamily: Family = {
  name: 'blocking',
  suites: [
    severalClients({ ...common, title: 'clients that wait for lists', runs: 30, steps: steps(waits, changes) }),
    severalClients({
      ...common,
      title: 'clients that wait for lists, sorted sets and streams',
      runs: 40,
      steps: steps(fc.oneof(waits, zsetWaits, streamWaits), fc.oneof(changes, zsetChanges, streamChanges)),
    }),
  ],
};
