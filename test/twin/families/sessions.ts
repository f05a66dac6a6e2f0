/**
 * Several clients in turn: transactions, watched keys, subscriptions, messages, notifications, MONITOR, replies
 * switched off, clients that are listed and killed.
 *
 * Nobody says QUIT with replies switched off: redis-server waits for the reply to leave then, which never comes, and
 * keeps the client; this server lets it go.
 */
import * as fc from 'fast-check';
import { severalClients, type SeveralClientsOptions } from '../several-clients.ts';
import type { Family } from '../suite.ts';

const CLIENTS = 3;

function oneOf(commands: string): fc.Arbitrary<string> {
  return fc.constantFrom(...commands.split('|').map((command) => command.trim()));
}

const transactions = oneOf(
  'MULTI | EXEC | DISCARD | WATCH k | UNWATCH | MULTI | EXEC | EXEC x | WATCH j k | WATCH | MULTI x | DISCARD x | RESET',
);
const data = oneOf('SET k 1 | INCR k | GET k | DEL k | APPEND k x | RENAME k j | SETNX k 2 | MGET j k | LPUSH j 1');
const databases = oneOf(
  'SELECT 0 | SELECT 1 | SWAPDB 0 1 | FLUSHDB | FLUSHALL | FLUSHALL ASYNC | FLUSHALL SYNC | FLUSHDB ASYNC | FLUSHDB sync | FLUSHDB x | SELECT 99 | SELECT x',
);
const watched = oneOf(
  'PEXPIREAT k 1 | PERSIST k | EXPIRE k 1000 | COPY j k | MOVE k 1 | SWAPDB 1 0 | TOUCH k | DEBUG x',
);
const subscriptions = oneOf(`
  SUBSCRIBE a | SUBSCRIBE a b a | UNSUBSCRIBE a | UNSUBSCRIBE b x | UNSUBSCRIBE | PSUBSCRIBE a* | PSUBSCRIBE a* b* |
  PUNSUBSCRIBE a* | SSUBSCRIBE a | SSUBSCRIBE a b | SUNSUBSCRIBE | SUNSUBSCRIBE b | PUNSUBSCRIBE | SUBSCRIBE
`);
const messages = oneOf(`
  PUBLISH a hi | PUBLISH b hi | SPUBLISH a hi | SPUBLISH b hi | PUBSUB NUMSUB a b | PUBSUB NUMSUB | PUBSUB NUMPAT |
  PUBSUB SHARDNUMSUB a | PUBSUB SHARDNUMSUB | PUBSUB CHANNELS x* | PUBSUB SHARDCHANNELS x* | PUBSUB | PUBLISH a
`);
const sayings = oneOf(`
  PING | PING x | ECHO x | HELLO 2 | HELLO 3 | RESET | PING a b | HELLO 4 | HELLO x | HELLO 3 SETNAME me |
  HELLO 2 AUTH default x | HELLO 3 AUTH default | HELLO 2 SETNAME me AUTH nobody x | HELLO 3 SETNAME
`);
const clients = oneOf(`
  CLIENT SETNAME me | CLIENT GETNAME |
  CLIENT NO-EVICT ON | CLIENT NO-EVICT OFF | CLIENT UNPAUSE | CLIENT KILL TYPE master | CLIENT KILL TYPE replica |
  CLIENT KILL TYPE slave | CLIENT KILL TYPE pubsub | CLIENT KILL TYPE normal ID 999999 | CLIENT KILL 1.2.3.4:5 |
  CLIENT KILL ID @1 | CLIENT KILL ID @0 SKIPME yes | CLIENT KILL ID @2 SKIPME no | CLIENT KILL USER nobody |
  CLIENT KILL ADDR 1.2.3.4:5 | CLIENT KILL LADDR 1.2.3.4:5 | CLIENT KILL ID x | CLIENT KILL ID @1 TYPE pubsub
`);
const replies = oneOf('CLIENT REPLY OFF | CLIENT REPLY ON | CLIENT REPLY SKIP | CLIENT REPLY x | CLIENT REPLY');
const introspection = oneOf(`
  CLIENT INFO | CLIENT LIST TYPE replica | CLIENT LIST TYPE pubsub | CLIENT LIST TYPE master | CLIENT TRACKINGINFO |
  CLIENT LIST ID @0 @1 | CLIENT LIST ID 999999 | AUTH x | AUTH default x | CLIENT LIST TYPE normal x | CLIENT LIST ID x
`);
const nonsense = oneOf(
  'FOO bar | GET | CLIENT FOO | PUBSUB | SUBSCRIBE | SHUTDOWN x y | CLIENT KILL | CLIENT UNBLOCK x',
);
const observers = oneOf(`
  MONITOR | CONFIG SET notify-keyspace-events KEA | CONFIG SET notify-keyspace-events KEnm |
  CONFIG SET notify-keyspace-events E$gx
`);

function suite(
  title: string,
  ...weighted: readonly (readonly [number, fc.Arbitrary<string>])[]
): SeveralClientsOptions {
  const commands = fc.oneof(...weighted.map(([weight, arbitrary]) => ({ weight, arbitrary })));
  return {
    title,
    runs: 60,
    clients: CLIENTS,
    steps: fc.tuple(fc.nat(CLIENTS - 1), commands),
    stepsMax: 30,
    before: ['FLUSHALL', 'CONFIG SET notify-keyspace-events '],
  };
}

export const transactionOptions = suite(
  'transactions',
  [12, transactions],
  [10, data],
  [4, databases],
  [4, watched],
  [2, subscriptions],
  [2, messages],
  [2, sayings],
  [6, clients],
  [2, introspection],
  [2, nonsense],
  [1, observers],
  [1, oneOf('QUIT')],
);

export const pubsubOptions = suite(
  'subscriptions and messages',
  [4, transactions],
  [6, data],
  [2, databases],
  [10, subscriptions],
  [10, messages],
  [6, sayings],
  [10, clients],
  [3, introspection],
  [2, nonsense],
  [3, observers],
  [3, replies],
);

const tracking = oneOf(`
  CLIENT TRACKING ON | CLIENT TRACKING OFF | CLIENT TRACKING ON BCAST | CLIENT TRACKING ON BCAST PREFIX k |
  CLIENT TRACKING ON BCAST PREFIX k PREFIX j | CLIENT TRACKING ON BCAST PREFIX k PREFIX kk | CLIENT TRACKING ON OPTIN |
  CLIENT TRACKING ON OPTOUT | CLIENT TRACKING ON NOLOOP | CLIENT TRACKING ON REDIRECT @1 | CLIENT TRACKING x |
  CLIENT TRACKING ON REDIRECT @2 BCAST NOLOOP | CLIENT TRACKING ON REDIRECT 999999 | CLIENT TRACKING ON OPTIN OPTOUT |
  CLIENT TRACKING ON BCAST OPTIN | CLIENT TRACKING ON PREFIX k | CLIENT CACHING YES | CLIENT CACHING NO |
  CLIENT CACHING x | CLIENT GETREDIR | CLIENT TRACKINGINFO | HELLO 3 | HELLO 3 | HELLO 2 | CLIENT TRACKING ON x |
  SUBSCRIBE __redis__:invalidate | CLIENT KILL ID @2 | RESET | CLIENT TRACKING ON REDIRECT x
`);
const tracked = oneOf(`
  GET k | MGET j k | GET kk | SET k 1 | SET kk 2 | INCR j | DEL j k | FLUSHALL | FLUSHDB | PEXPIREAT k 1 | EXPIRE k 1000 |
  RENAME k j | COPY k j REPLACE | APPEND k x | MULTI | EXEC | LPUSH l a | LRANGE l 0 -1 | SELECT 1 | SELECT 0 | MSET k 1 j 2
`);

export const trackingOptions = suite('tracked keys', [10, tracking], [14, tracked], [1, introspection]);

export const transactionFamily: Family = { name: 'transactions', suites: [severalClients(transactionOptions)] };
export const pubsubFamily: Family = { name: 'pubsub', suites: [severalClients(pubsubOptions)] };
