/**
 * Client-side caching: which clients hold which keys, and the messages that tell them to let go (tracking.c).
 *
 * In the default mode the server remembers the keys that a client's reading commands name, in a table with a limited
 * number of keys (`tracking-table-max-keys`); a key that changes, expires or has to make room is forgotten, and its
 * readers are told. In broadcasting mode nothing is remembered: a client gets every changed key under its prefixes, at
 * the end of the turn.
 *
 * A client hears of it by a push, under RESP3, or through another client that it redirects to, which under RESP2 must
 * be a subscriber. When that one is gone the client itself is told so, once it would have been needed.
 *
 * What the client of the running command would be told waits until that command, with the transaction around it, has
 * answered, so that a message never stands in the middle of a reply.
 *
 * While no client tracks, a command meets none of this: changes ask `watches`, reads a bit of `Server.observers`.
 */
import { bytesOf } from '../core/latin1.ts';
import { ReplyError } from '../core/errors.ts';
import { FoundKeys, findKeys } from '../commands/key-specs.ts';
import type { Reply } from '../protocol/reply.ts';
import type { Arguments } from '../core/arguments.ts';
import type { Call } from './call.ts';
import { type Command, FLAG } from './command-table.ts';
import { CONDITION } from './gates.ts';
import { OBSERVER } from './monitor.ts';
import type { Server } from './server.ts';
import { SESSION, type Session } from './session.ts';
import { prefixTreeBytes, type PrefixState, TrackingPrefixes } from './tracking-prefixes.ts';
import { TrackingTable } from './tracking-table.ts';

const CHANNEL = '__redis__:invalidate';
/** Keys that are forgotten at once while there are too many; more with each time that this was not enough. */
const TRIM_EFFORT = 100;
const MODES = SESSION.trackingBroadcast | SESSION.trackingOptIn | SESSION.trackingOptOut | SESSION.trackingNoLoop;
const ALL = SESSION.tracking | SESSION.brokenRedirect | SESSION.trackingCaching | MODES;

export interface TrackingOptions {
  /** Bits of SESSION. */
  readonly modes: number;
  /** The client that gets the messages, or 0 for the client itself. */
  readonly redirect: number;
  readonly prefixes: readonly string[];
}

/** What a message says: one key, an array of keys as RESP, or null for all keys. */
type Keys = { readonly key: Buffer } | { readonly encoded: Buffer } | null;

export class Tracking {
  readonly #server: Server;
  readonly #table: TrackingTable;
  readonly #prefixes = new TrackingPrefixes();
  /** Clients whose ids may be in the table. When the last one is gone, the table goes too. */
  readonly #readers = new Set<Session>();
  readonly #found = new FoundKeys();
  /** Clients that track, in any mode. */
  clientCount = 0;
  /** Whether it matters to anybody that a key changes. */
  watches = false;
  /** What the client whose command runs is told when it has been answered. */
  #pending: Keys[] = [];
  #trimsInVain = 0;
  #isTrimPlanned = false;
  #isBroadcastPlanned = false;

  constructor(server: Server) {
    this.#server = server;
    this.#table = new TrackingTable(server.keyspace, (id) => server.sessions.has(id));
    server.memory.addSource('tracking', () => this.#table.usedBytes);
    server.config.onChange('tracking-table-max-keys', () => {
      this.#planTrim();
      return null;
    });
  }

  get keyCount(): number {
    return this.#table.size;
  }

  get itemCount(): number {
    return this.#table.items;
  }

  get prefixCount(): number {
    return this.#prefixes.size;
  }

  // --------------------------------------------------------------------------------------------------------- clients

  enable(session: Session, { modes, redirect, prefixes }: TrackingOptions): void {
    if (!session.has(SESSION.tracking)) this.clientCount++;
    session.clear(SESSION.brokenRedirect | MODES);
    session.set(SESSION.tracking | modes);
    session.trackingRedirect = redirect;
    if ((modes & SESSION.trackingBroadcast) === 0) this.#readers.add(session);
    else this.#addPrefixes(session, prefixes.length === 0 ? [''] : prefixes);
    this.#update();
    if (this.#isOverfull) this.#planTrim();
  }

  #addPrefixes(session: Session, prefixes: readonly string[]): void {
    for (const prefix of prefixes) this.#prefixes.add(session, prefix);
    session.trackingPrefixes = [...new Set([...session.trackingPrefixes, ...prefixes])].sort();
    session.trackingPrefixBytes = prefixTreeBytes(session.trackingPrefixes);
  }

  disable(session: Session): void {
    if (!session.has(SESSION.tracking)) return;
    this.clientCount--;
    for (const prefix of session.trackingPrefixes) this.#prefixes.remove(session, prefix);
    session.trackingPrefixes = [];
    session.trackingPrefixBytes = 0;
    session.clear(ALL);
    this.#update();
  }

  /** The client is gone. What it has read is forgotten when nobody is left who reads. */
  forget(session: Session): void {
    this.disable(session);
    if (!this.#readers.delete(session) || this.#readers.size > 0) return;
    this.#clearTable();
  }

  #clearTable(): void {
    if (this.#table.size > 0) this.#table.clear();
    this.#update();
  }

  #update(): void {
    this.watches = this.#table.size > 0 || this.#prefixes.size > 0;
    this.#server.setObserver(OBSERVER.tracking, this.clientCount > 0 || this.#pending.length > 0);
  }

  // ---------------------------------------------------------------------------------------------- what clients have read

  /** A command was executed. */
  observe(call: Call): void {
    const { dispatcher } = this.#server;
    if (call.command.has(FLAG.readonly) && !call.command.has(FLAG.skip_monitor)) {
      // What a script reads, its client reads: all keys that the script was given.
      const { session, command, args } = call.session.has(SESSION.inScript) ? (dispatcher.innermost ?? call) : call;
      if (session.has(SESSION.tracking)) this.#remember(session, command, args);
    }
    if (dispatcher.depth === 0) this.settle(call.session);
  }

  #remember(session: Session, command: Command, args: Arguments): void {
    if (session.has(SESSION.trackingBroadcast)) return;
    const isCachingGiven = session.has(SESSION.trackingCaching);
    if (session.has(SESSION.trackingOptIn) && !isCachingGiven) return;
    if (session.has(SESSION.trackingOptOut) && isCachingGiven) return;
    const found = this.#found;
    findKeys(command.row, args, found);
    for (let i = 0; i < found.count; i++) this.#rememberKey(session, args, found.indexes[i]!);
    if (this.#isOverfull) this.#planTrim();
    this.watches ||= this.#table.size > 0;
  }

  #rememberKey(session: Session, args: Arguments, index: number): void {
    try {
      this.#table.add(args.bytes, args.starts[index]!, args.ends[index]!, session.id);
    } catch (error) {
      // No room to remember it: the client must not either.
      if (!(error instanceof ReplyError)) throw error;
      this.#pending.push({ key: args.copy(index) });
    }
  }

  // ------------------------------------------------------------------------------------------------------ what changes

  /**
   * The key bytes[start..end) was changed, created or removed. To be called while `watches`.
   * @param spontaneous no command asked for it: the key has expired.
   */
  changed(bytes: Uint8Array, start: number, end: number, spontaneous: boolean): void {
    if (this.#prefixes.size > 0) {
      const { innermost, served } = this.#server.dispatcher;
      // A change by a script is, to NOLOOP, not one by its client.
      const isByNobody = spontaneous || innermost?.session.has(SESSION.inScript) === true;
      if (this.#prefixes.note(bytes, start, end, isByNobody ? null : served)) this.#planBroadcast();
    }
    const readers = this.#table.take(bytes, start, end);
    if (readers !== null) this.#invalidate(Buffer.from(bytes.subarray(start, end)), readers);
  }

  #invalidate(key: Buffer, readers: readonly number[]): void {
    const { sessions, dispatcher } = this.#server;
    const running = dispatcher.served;
    const keys = { key };
    for (const id of readers) {
      const session = sessions.get(id);
      if (session === undefined || !session.has(SESSION.tracking) || session.has(SESSION.trackingBroadcast)) continue;
      if (session.has(SESSION.trackingNoLoop) && session === running) continue;
      this.#tell(session, keys, running);
    }
    if (this.#table.size === 0) this.#update();
  }

  /** Databases are being emptied: every key is invalid. */
  flushed(): void {
    const running = this.#server.dispatcher.served;
    if (this.clientCount > 0) {
      for (const session of this.#server.sessions.values()) {
        if (session.has(SESSION.tracking)) this.#tell(session, null, running);
      }
    }
    this.#clearTable();
  }

  // ---------------------------------------------------------------------------------------------------------- messages

  #tell(session: Session, keys: Keys, running: Session | null): void {
    if (session === running) {
      this.#pending.push(keys);
      this.#server.setObserver(OBSERVER.tracking, true);
    } else this.#send(session, keys);
  }

  /** The command of a client, or its wait, is over and was answered. */
  settle(session: Session): void {
    const pending = this.#pending;
    if (pending.length === 0) return;
    this.#pending = [];
    for (const keys of pending) this.#send(session, keys);
    this.#update();
  }

  #send(session: Session, keys: Keys): void {
    const { trackingRedirect: redirect } = session;
    const receiver = redirect > 0 ? this.#server.sessions.get(redirect) : session;
    if (receiver === undefined) this.#reportBroken(session);
    else if (receiver.protocol === 3) {
      this.#server.push(receiver, (output) => {
        output.push(2);
        output.bulkBinary('invalidate');
        writeKeys(output, keys, session.protocol);
      });
    } else if (receiver !== session || redirect > 0) this.#publish(receiver, keys, session.protocol);
  }

  #publish(receiver: Session, keys: Keys, nullProtocol: number): void {
    if (!receiver.has(SESSION.subscribed)) return;
    this.#server.push(receiver, (output) => {
      output.push(3);
      output.bulkBinary('message');
      output.bulkBinary(CHANNEL);
      writeKeys(output, keys, nullProtocol);
    });
  }

  #reportBroken(session: Session): void {
    session.set(SESSION.brokenRedirect);
    if (session.protocol !== 3) return;
    this.#server.push(session, (output) => {
      output.push(2);
      output.bulkBinary('tracking-redir-broken');
      output.integer(session.trackingRedirect);
    });
  }

  // --------------------------------------------------------------------------------------------------------- broadcasts

  #planBroadcast(): void {
    if (this.#isBroadcastPlanned) return;
    this.#isBroadcastPlanned = true;
    this.#server.host.timers.soon(() => {
      // What clients do that were just unblocked belongs to the same message; it must not put it off for ever.
      if (this.#server.blocking.hasUnblocked) this.#server.host.timers.soon(this.#broadcast);
      else this.#broadcast();
    });
  }

  readonly #broadcast = (): void => {
    this.#isBroadcastPlanned = false;
    for (const { clients, changed } of this.#prefixes.takeChanged()) {
      let all: Buffer | null = null;
      for (const session of clients) {
        const keys = session.has(SESSION.trackingNoLoop)
          ? encodeChanged(changed, session)
          : (all ??= encodeChanged(changed));
        if (keys !== null) this.#send(session, { encoded: keys });
      }
    }
  };

  // --------------------------------------------------------------------------------------------------- the table's limit

  get #isOverfull(): boolean {
    const keysMax = this.#server.config.values['tracking-table-max-keys'];
    return keysMax > 0 && this.#table.size > keysMax;
  }

  /** Lets the table be trimmed before the next command, or at the end of the turn if there is none. */
  #planTrim(): void {
    if (!this.#isOverfull || this.clientCount === 0) return;
    this.#server.setCondition(CONDITION.trackingTable, true);
    if (this.#isTrimPlanned) return;
    this.#isTrimPlanned = true;
    this.#server.host.timers.soon(() => {
      this.#isTrimPlanned = false;
      this.trim();
      this.#planTrim();
    });
  }

  /** Forgets some of the keys that are too many. */
  trim(): void {
    if (this.clientCount > 0) {
      for (let effort = TRIM_EFFORT * (this.#trimsInVain + 1); effort > 0 && this.#isOverfull; effort--) {
        const { key, ids } = this.#table.takeAny();
        this.#invalidate(key, ids);
      }
      if (this.#isOverfull) {
        this.#trimsInVain++;
        return;
      }
    }
    this.#trimsInVain = 0;
    this.#server.setCondition(CONDITION.trackingTable, false);
  }
}

function writeKeys(output: Reply, keys: Keys, nullProtocol: number): void {
  // Null is written in the protocol of the client that tracks, whoever receives it.
  if (keys === null) output.raw(nullProtocol === 3 ? NULL : NULL_BULK);
  else if ('encoded' in keys) output.rawLent(keys.encoded);
  else {
    output.array(1);
    output.bulkBytes(keys.key);
  }
}

const NULL = Buffer.from('_\r\n');
const NULL_BULK = Buffer.from('$-1\r\n');

/** The keys as a RESP array, in the order of their bytes, without those that a client changed itself; null for none. */
function encodeChanged(changed: PrefixState['changed'], except?: Session): Buffer | null {
  const keys: string[] = [];
  for (const [key, by] of changed) if (except === undefined || by !== except) keys.push(key);
  if (keys.length === 0) return null;
  const bulks = keys.sort().map((key) => `$${key.length}\r\n${key}\r\n`);
  return bytesOf(`*${keys.length}\r\n${bulks.join('')}`);
}
