/**
 * Publish and subscribe: who listens to which channel, and the messages to them.
 *
 * There are three kinds of subscriptions. Channels and patterns share one count, which confirmations show; shard
 * channels, which a cluster keeps with the slots of keys, have their own and know no patterns. A client with any of
 * them is a subscriber: under RESP2 it may call few other commands, because messages and replies could not be told
 * apart (pubsub.c).
 *
 * Messages and confirmations are pushes: they go to `Session.output`, past CLIENT REPLY OFF, and in RESP3 they have a
 * type of their own. A message reaches its subscribers in the order in which they subscribed, and is encoded once for
 * each protocol. Names are binary strings.
 */
import { Glob } from '../core/glob.ts';
import { keySlot } from '../core/key-slot.ts';
import { bytesOf, latin1Of } from '../core/latin1.ts';
import type { Reply } from '../protocol/reply.ts';
import type { Server } from './server.ts';
import { SESSION, type Session } from './session.ts';

interface PatternSubscription {
  readonly glob: Glob;
  readonly sessions: Set<Session>;
}

/** The two registries of channels differ in little but their words. */
interface Registry {
  readonly subscribers: Map<string, Set<Session>>;
  /** The session's own list. */
  channelsOf(session: Session): Set<string>;
  /** What confirmations count. */
  countOf(session: Session): number;
  readonly messageWord: string;
  readonly subscribeWord: string;
  readonly unsubscribeWord: string;
}

export class PubSub {
  readonly #server: Server;
  readonly #patterns = new Map<string, PatternSubscription>();
  /** Shard channels with subscribers, by slot. */
  readonly #shardSlots = new Map<number, Set<string>>();
  readonly global: Registry = {
    subscribers: new Map(),
    channelsOf: (session) => session.channels,
    countOf: globalCount,
    messageWord: 'message',
    subscribeWord: 'subscribe',
    unsubscribeWord: 'unsubscribe',
  };
  readonly shard: Registry = {
    subscribers: new Map(),
    channelsOf: (session) => session.shardChannels,
    countOf: (session) => session.shardChannels.size,
    messageWord: 'smessage',
    subscribeWord: 'ssubscribe',
    unsubscribeWord: 'sunsubscribe',
  };

  constructor(server: Server) {
    this.#server = server;
  }

  /** INFO pubsub_channels, pubsubshard_channels and pubsub_patterns. */
  get channelCount(): number {
    return this.global.subscribers.size;
  }

  get shardChannelCount(): number {
    return this.shard.subscribers.size;
  }

  get patternCount(): number {
    return this.#patterns.size;
  }

  // --------------------------------------------------------------------------------------------------- subscriptions

  subscribe(registry: Registry, session: Session, channel: string): void {
    const channels = registry.channelsOf(session);
    if (!channels.has(channel)) {
      channels.add(channel);
      const subscribers = registry.subscribers.get(channel);
      if (subscribers === undefined) {
        registry.subscribers.set(channel, new Set([session]));
        if (registry === this.shard) this.#noteShardChannel(channel);
      } else subscribers.add(session);
    }
    session.set(SESSION.subscribed);
    this.#confirm(session, registry.subscribeWord, channel, registry.countOf(session));
  }

  unsubscribe(registry: Registry, session: Session, channel: string): void {
    this.#leaveChannel(registry, session, channel);
    this.#confirm(session, registry.unsubscribeWord, channel, registry.countOf(session));
    this.#updateMode(session);
  }

  /** Every channel of the session; one confirmation for each, or one without a name if there was none. */
  unsubscribeAll(registry: Registry, session: Session): void {
    const channels = [...registry.channelsOf(session)];
    for (const channel of channels) this.unsubscribe(registry, session, channel);
    if (channels.length === 0) this.#confirm(session, registry.unsubscribeWord, null, registry.countOf(session));
    this.#updateMode(session);
  }

  subscribePattern(session: Session, pattern: string): void {
    if (!session.patterns.has(pattern)) {
      session.patterns.add(pattern);
      const existing = this.#patterns.get(pattern);
      if (existing === undefined) {
        this.#patterns.set(pattern, { glob: new Glob(pattern), sessions: new Set([session]) });
      } else existing.sessions.add(session);
    }
    session.set(SESSION.subscribed);
    this.#confirm(session, 'psubscribe', pattern, globalCount(session));
  }

  unsubscribePattern(session: Session, pattern: string): void {
    this.#leavePattern(session, pattern);
    this.#confirm(session, 'punsubscribe', pattern, globalCount(session));
    this.#updateMode(session);
  }

  unsubscribeAllPatterns(session: Session): void {
    const patterns = [...session.patterns];
    for (const pattern of patterns) this.unsubscribePattern(session, pattern);
    if (patterns.length === 0) this.#confirm(session, 'punsubscribe', null, globalCount(session));
    this.#updateMode(session);
  }

  /** Ends every subscription without a word: the client is reset or gone. */
  leave(session: Session): void {
    if (session.subscriptions > 0) {
      for (const channel of session.channels) this.#leaveChannel(this.global, session, channel);
      for (const channel of session.shardChannels) this.#leaveChannel(this.shard, session, channel);
      for (const pattern of session.patterns) this.#leavePattern(session, pattern);
    }
    session.clear(SESSION.subscribed);
  }

  #leaveChannel(registry: Registry, session: Session, channel: string): void {
    if (!registry.channelsOf(session).delete(channel)) return;
    const subscribers = registry.subscribers.get(channel)!;
    subscribers.delete(session);
    if (subscribers.size > 0) return;
    registry.subscribers.delete(channel);
    if (registry === this.shard) this.#forgetShardChannel(channel);
  }

  #noteShardChannel(channel: string): void {
    const slot = slotOf(channel);
    const channels = this.#shardSlots.get(slot);
    if (channels === undefined) this.#shardSlots.set(slot, new Set([channel]));
    else channels.add(channel);
  }

  #forgetShardChannel(channel: string): void {
    const slot = slotOf(channel);
    const channels = this.#shardSlots.get(slot)!;
    channels.delete(channel);
    if (channels.size === 0) this.#shardSlots.delete(slot);
  }

  /** A slot is served by another node of the cluster now: its channels have no subscribers here any more. */
  dropShardSlot(slot: number): void {
    for (const channel of this.#shardSlots.get(slot) ?? []) {
      const subscribers = this.shard.subscribers.get(channel) ?? [];
      for (const session of subscribers) this.unsubscribe(this.shard, session, channel);
    }
  }

  #leavePattern(session: Session, pattern: string): void {
    if (!session.patterns.delete(pattern)) return;
    const { sessions } = this.#patterns.get(pattern)!;
    sessions.delete(session);
    if (sessions.size === 0) this.#patterns.delete(pattern);
  }

  #updateMode(session: Session): void {
    if (session.subscriptions === 0) session.clear(SESSION.subscribed);
  }

  #confirm(session: Session, word: string, name: string | null, count: number): void {
    this.#server.push(session, (output) => {
      output.push(3);
      output.bulkBinary(word);
      if (name === null) output.nil();
      else output.bulkBinary(name);
      output.integer(count);
    });
  }

  // -------------------------------------------------------------------------------------------------------- messages

  /** @returns how many received it; a client counts once for each of its subscriptions that match. */
  publish(channel: Uint8Array, message: Uint8Array): number {
    const name = latin1Of(channel, 0, channel.length);
    return this.#publishTo(this.global, name, channel, message) + this.#publishToPatterns(channel, message);
  }

  /** To the subscribers of a shard channel. */
  publishSharded(channel: Uint8Array, message: Uint8Array): number {
    return this.#publishTo(this.shard, latin1Of(channel, 0, channel.length), channel, message);
  }

  #publishTo(registry: Registry, name: string, channel: Uint8Array, message: Uint8Array): number {
    const subscribers = registry.subscribers.get(name);
    if (subscribers === undefined) return 0;
    const encoded = new EncodedMessage(registry.messageWord, [channel, message]);
    for (const session of subscribers) this.#deliver(session, encoded);
    return subscribers.size;
  }

  #publishToPatterns(channel: Uint8Array, message: Uint8Array): number {
    let receivers = 0;
    for (const [pattern, { glob, sessions }] of this.#patterns) {
      if (!glob.matches(channel, 0, channel.length)) continue;
      const encoded = new EncodedMessage('pmessage', [bytesOf(pattern), channel, message]);
      for (const session of sessions) this.#deliver(session, encoded);
      receivers += sessions.size;
    }
    return receivers;
  }

  #deliver(session: Session, message: EncodedMessage): void {
    this.#server.push(session, (output) => output.rawLent(message.for(output)));
  }

  // ---------------------------------------------------------------------------------------------------- introspection

  /** Names of channels with subscribers, those that match a pattern or all. */
  channelNames(registry: Registry, pattern: string | null): string[] {
    const names = [...registry.subscribers.keys()];
    if (pattern === null) return names;
    const glob = new Glob(pattern);
    return names.filter((name) => glob.matchesBinary(name));
  }

  subscriberCount(registry: Registry, channel: string): number {
    return registry.subscribers.get(channel)?.size ?? 0;
  }
}

function slotOf(channel: string): number {
  const bytes = bytesOf(channel);
  return keySlot(bytes, 0, bytes.length);
}

function globalCount(session: Session): number {
  return session.channels.size + session.patterns.size;
}

/** A message as bytes for the wire, made when the first subscriber of a protocol is met. */
class EncodedMessage {
  readonly #word: string;
  readonly #parts: readonly Uint8Array[];
  #resp2: Buffer | null = null;
  #resp3: Buffer | null = null;

  constructor(word: string, parts: readonly Uint8Array[]) {
    this.#word = word;
    this.#parts = parts;
  }

  for(output: Reply): Buffer {
    return output.protocol === 3 ? (this.#resp3 ??= this.#encode('>')) : (this.#resp2 ??= this.#encode('*'));
  }

  #encode(type: string): Buffer {
    const pieces: Uint8Array[] = [
      Buffer.from(`${type}${this.#parts.length + 1}\r\n$${this.#word.length}\r\n${this.#word}\r\n`, 'latin1'),
    ];
    for (const part of this.#parts) pieces.push(Buffer.from(`$${part.length}\r\n`), part, LINE_END);
    return Buffer.concat(pieces);
  }
}

const LINE_END = Buffer.from('\r\n');
