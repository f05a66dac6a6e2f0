/** SUBSCRIBE and its relatives, PUBLISH, PUBSUB. */
import { fail } from '../core/errors.ts';
import { failSubcommand, replyHelp } from '../commands/help.ts';
import { keyAt, keysFrom, type Row } from '../commands/row.ts';
import type { Call } from './call.ts';
import type { PubSub } from './pubsub.ts';
import { serverFamily } from './rows.ts';
import { SESSION } from './session.ts';

type Registry = PubSub['global'];

/** Scripts expect one reply for each command. MULTI always allowed subscriptions, so clients may rely on it. */
function refuseInScript(c: Call, mayBeQueued: boolean): void {
  if (c.session.has(SESSION.inScript) || (c.session.has(SESSION.inExec) && !mayBeQueued)) {
    fail(`ERR ${c.command.row.name.toUpperCase()} isn't allowed for a DENY BLOCKING client`);
  }
}

function subscribe(c: Call): void {
  refuseInScript(c, true);
  const { pubsub } = c.server;
  for (let i = 1; i < c.args.count; i++) pubsub.subscribe(pubsub.global, c.session, c.args.binary(i));
}

function shardSubscribe(c: Call): void {
  refuseInScript(c, false);
  const { pubsub } = c.server;
  for (let i = 1; i < c.args.count; i++) pubsub.subscribe(pubsub.shard, c.session, c.args.binary(i));
}

function unsubscribeFrom(c: Call, registry: Registry): void {
  const { pubsub } = c.server;
  if (c.args.count === 1) pubsub.unsubscribeAll(registry, c.session);
  else for (let i = 1; i < c.args.count; i++) pubsub.unsubscribe(registry, c.session, c.args.binary(i));
}

function subscribePatterns(c: Call): void {
  refuseInScript(c, true);
  for (let i = 1; i < c.args.count; i++) c.server.pubsub.subscribePattern(c.session, c.args.binary(i));
}

function unsubscribePatterns(c: Call): void {
  const { pubsub } = c.server;
  if (c.args.count === 1) pubsub.unsubscribeAllPatterns(c.session);
  else for (let i = 1; i < c.args.count; i++) pubsub.unsubscribePattern(c.session, c.args.binary(i));
}

function publish(c: Call): void {
  const receivers = c.server.pubsub.publish(c.args.view(1), c.args.view(2));
  forward(c, false);
  c.reply.integer(receivers);
}

function shardPublish(c: Call): void {
  const receivers = c.server.pubsub.publishSharded(c.args.view(1), c.args.view(2));
  forward(c, true);
  c.reply.integer(receivers);
}

/** Replicas hear of messages by the stream of changes, nodes of a cluster by their bus. */
function forward(c: Call, isSharded: boolean): void {
  const { cluster } = c.server.hooks;
  if (cluster === null) c.server.propagation.message(c);
  else cluster.publish(c.args.view(1), c.args.view(2), isSharded);
}

// ------------------------------------------------------------------------------------------------------------- pubsub

function replyChannels(c: Call, registry: Registry): void {
  if (c.args.count > 3) failSubcommand(c);
  const names = c.server.pubsub.channelNames(registry, c.args.count === 3 ? c.args.binary(2) : null);
  c.reply.bulkArray(names);
}

function replyCounts(c: Call, registry: Registry): void {
  const { args, reply } = c;
  reply.array((args.count - 2) * 2);
  for (let i = 2; i < args.count; i++) {
    const channel = args.binary(i);
    reply.bulkBinary(channel);
    reply.integer(c.server.pubsub.subscriberCount(registry, channel));
  }
}

const PUBSUB_HELP = [
  'CHANNELS [<pattern>]',
  '    Lists the channels that have subscribers, those that match the <pattern> or all.',
  'NUMPAT',
  '    Counts the patterns that have subscribers.',
  'NUMSUB [<channel> ...]',
  '    Counts the subscribers of each <channel>; subscribers of patterns are left out.',
  'SHARDCHANNELS [<pattern>]',
  '    Lists the shard channels that have subscribers, those that match the <pattern> or all.',
  'SHARDNUMSUB [<shardchannel> ...]',
  '    Counts the subscribers of each <shardchannel>.',
];

const INTROSPECTION = ['pubsub', 'loading', 'stale'] as const;
const LISTENING = ['pubsub', 'noscript', 'loading', 'stale', 'subscriber'] as const;

const pubsubSubcommands: readonly Row<Call>[] = [
  {
    name: 'channels',
    arity: -2,
    flags: INTROSPECTION,
    since: '2.8.0',
    summary: 'Lists channels that have subscribers',
    complexity: 'O(N) where N is the number of channels with subscribers',
    syntax: '[pattern]',
    run: (c) => replyChannels(c, c.server.pubsub.global),
  },
  {
    name: 'help',
    arity: 2,
    flags: ['loading', 'stale'],
    since: '6.2.0',
    summary: 'Describes the subcommands',
    complexity: 'O(1)',
    run: (c) => replyHelp(c, PUBSUB_HELP),
  },
  {
    name: 'numpat',
    arity: 2,
    flags: INTROSPECTION,
    since: '2.8.0',
    summary: 'Counts patterns that have subscribers',
    complexity: 'O(1)',
    run: (c) => c.reply.integer(c.server.pubsub.patternCount),
  },
  {
    name: 'numsub',
    arity: -2,
    flags: INTROSPECTION,
    since: '2.8.0',
    summary: 'Counts the subscribers of channels',
    complexity: 'O(N) where N is the number of channels asked for',
    syntax: '[channel ...]',
    run: (c) => replyCounts(c, c.server.pubsub.global),
  },
  {
    name: 'shardchannels',
    arity: -2,
    flags: INTROSPECTION,
    since: '7.0.0',
    summary: 'Lists shard channels that have subscribers',
    complexity: 'O(N) where N is the number of shard channels with subscribers',
    syntax: '[pattern]',
    run: (c) => replyChannels(c, c.server.pubsub.shard),
  },
  {
    name: 'shardnumsub',
    arity: -2,
    flags: INTROSPECTION,
    since: '7.0.0',
    summary: 'Counts the subscribers of shard channels',
    complexity: 'O(N) where N is the number of shard channels asked for',
    syntax: '[shardchannel ...]',
    run: (c) => replyCounts(c, c.server.pubsub.shard),
  },
];

export const pubsubCommands = serverFamily('pubsub', [
  {
    name: 'psubscribe',
    arity: -2,
    flags: LISTENING,
    since: '2.0.0',
    summary: 'Listens to the channels that match patterns',
    complexity: 'O(N) where N is the number of patterns',
    syntax: 'pattern=<pattern> ...',
    run: subscribePatterns,
  },
  {
    name: 'publish',
    arity: 3,
    flags: ['pubsub', 'loading', 'stale', 'fast', 'may_replicate'],
    since: '2.0.0',
    summary: 'Sends a message to the subscribers of a channel',
    complexity:
      'O(N+M) where N is the number of subscribers of the channel and M the number of patterns of all clients',
    syntax: 'channel message',
    run: publish,
  },
  {
    name: 'pubsub',
    arity: -2,
    flags: [],
    since: '2.8.0',
    summary: 'Tells about channels and their subscribers',
    complexity: 'Depends on subcommand',
    subcommands: pubsubSubcommands,
  },
  {
    name: 'punsubscribe',
    arity: -1,
    flags: LISTENING,
    since: '2.0.0',
    summary: 'Ends subscriptions to patterns',
    complexity: 'O(N) where N is the number of patterns',
    syntax: '[pattern ...]',
    run: unsubscribePatterns,
  },
  {
    name: 'spublish',
    arity: 3,
    flags: ['pubsub', 'loading', 'stale', 'fast', 'may_replicate'],
    keys: keyAt(1, 'not_key'),
    since: '7.0.0',
    summary: 'Sends a message to the subscribers of a shard channel',
    complexity: 'O(N) where N is the number of subscribers of the shard channel',
    syntax: 'shardchannel message',
    run: shardPublish,
  },
  {
    name: 'ssubscribe',
    arity: -2,
    flags: LISTENING,
    keys: keysFrom(1, 'not_key'),
    since: '7.0.0',
    summary: 'Listens to shard channels',
    complexity: 'O(N) where N is the number of shard channels',
    syntax: 'shardchannel ...',
    run: shardSubscribe,
  },
  {
    name: 'subscribe',
    arity: -2,
    flags: LISTENING,
    since: '2.0.0',
    summary: 'Listens to channels',
    complexity: 'O(N) where N is the number of channels',
    syntax: 'channel ...',
    run: subscribe,
  },
  {
    name: 'sunsubscribe',
    arity: -1,
    flags: LISTENING,
    keys: keysFrom(1, 'not_key'),
    since: '7.0.0',
    summary: 'Ends subscriptions to shard channels',
    complexity: 'O(N) where N is the number of shard channels',
    syntax: '[shardchannel ...]',
    run: (c) => unsubscribeFrom(c, c.server.pubsub.shard),
  },
  {
    name: 'unsubscribe',
    arity: -1,
    flags: LISTENING,
    since: '2.0.0',
    summary: 'Ends subscriptions to channels',
    complexity: 'O(N) where N is the number of channels',
    syntax: '[channel ...]',
    run: (c) => unsubscribeFrom(c, c.server.pubsub.global),
  },
]);
