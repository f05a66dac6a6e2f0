/**
 * What a handler sees while its command runs: the arguments, the database, the place for its reply, and the services
 * of the server around it. Handlers are synchronous; everything they do happens at `now`.
 *
 * A handler first decodes and checks its arguments (the helpers here throw `ReplyError` with Redis' text), then acts,
 * then replies. Whoever changes a key says so with `changed` or `removed`, which wakes WATCH and client tracking,
 * publishes the keyspace notification, and counts the change for persistence and replication.
 */
import type { Arguments } from '../core/arguments.ts';
import { fail, NOT_A_FLOAT, NOT_AN_INTEGER, WRONG_TYPE } from '../core/errors.ts';
import type { Database } from '../data/database.ts';
import { NONE } from '../data/heap.ts';
import type { Keyspace } from '../data/keyspace.ts';
import type { StreamLimits } from '../data/stream-value.ts';
import { KIND, type Kind } from '../data/value.ts';
import type { ZsetLimits } from '../data/zset-entry.ts';
import type { Random } from '../host/host.ts';
import type { Reply } from '../protocol/reply.ts';
import type { NotifyClass } from './notify-class.ts';

/** The configuration that command handlers depend on, always current. */
export interface CommandSettings {
  /** proto-max-bulk-len */
  readonly bulkBytesMax: number;
  /** cluster-enabled: there is one database, and commands must not use keys that they do not name. */
  readonly isClusterNode: boolean;
  /** lazyfree-lazy-user-del */
  readonly lazyUserDelete: boolean;
  /** lazyfree-lazy-server-del */
  readonly lazyServerDelete: boolean;
  /** lazyfree-lazy-expire */
  readonly lazyExpire: boolean;
  /** lazyfree-lazy-user-flush */
  readonly lazyUserFlush: boolean;
  /** redis-server keeps one object for each small integer, unless maxmemory evicts by use. Only OBJECT REFCOUNT tells. */
  readonly sharesIntegers: boolean;
  /** hll-sparse-max-bytes */
  readonly sparseSketchBytesMax: number;
  /** hash-max-listpack-entries, hash-max-listpack-value: what a packed hash may hold. */
  readonly packedHashFieldsMax: number;
  readonly packedHashBytesMax: number;
  /** zset-max-listpack-entries, zset-max-listpack-value */
  readonly zsetLimits: ZsetLimits;
  /** set-max-intset-entries */
  readonly intsetMembersMax: number;
  /** list-max-listpack-size: what a node of a new list may hold; negative for sizes in bytes. */
  readonly listNodeFill: number;
  /** An element of a list from this size on is not packed together with others. */
  readonly plainElementBytes: number;
  /** stream-node-max-bytes, stream-node-max-entries */
  readonly streamLimits: StreamLimits;
}

/** What the server does for handlers. */
export interface Services {
  readonly keyspace: Keyspace;
  readonly random: Random;
  readonly settings: CommandSettings;
  /** Whether anybody listens to the stream of changes (AOF, replicas): else rewriting commands for it is wasted. */
  readonly propagates: boolean;
  /** A key's value or existence changed: WATCH, tracking. */
  keyModified(database: Database, bytes: Uint8Array, start: number, end: number): void;
  /** Publishes a keyspace notification, if the class is enabled. */
  notify(type: NotifyClass, event: string, database: Database, bytes: Uint8Array, start: number, end: number): void;
  /** Changes of the dataset so far. */
  readonly changes: number;
  /** Counts changes, for save points and to decide whether a command is propagated. */
  countChanges(count: number): void;
  /** Whether the client that called may read every key: SORT's patterns can lead to any. */
  readsAnyKey(context: Context): boolean;
  /** Whether a script called the command. */
  isScripted(context: Context): boolean;
  /** Frees the contents of a database or a large value in slices, later. */
  freeLater(free: () => boolean): void;
}

/** How the command that runs enters the stream of changes; null: as it came, if it changed anything. */
export interface Propagation {
  /** Replaces the command; an empty list propagates nothing. */
  instead: (readonly (string | Uint8Array)[])[] | null;
  also: (readonly (string | Uint8Array)[])[];
}

export class Context {
  args: Arguments;
  reply: Reply;
  db: Database;
  readonly services: Services;
  propagation: Propagation | null = null;

  constructor(services: Services, args: Arguments, reply: Reply, db: Database) {
    this.services = services;
    this.args = args;
    this.reply = reply;
    this.db = db;
  }

  /** Unix time in ms of this command. */
  get now(): number {
    return this.services.keyspace.nowMs;
  }

  get keyspace(): Keyspace {
    return this.services.keyspace;
  }

  // ------------------------------------------------------------------------------------------------------------ keys

  /** The entry at a key argument, to read; NONE if there is none. */
  read(index: number): number {
    const { args } = this;
    return this.db.read(args.bytes, args.starts[index]!, args.ends[index]!);
  }

  /** The entry at a key argument, to ask about it without using it: EXISTS, TTL, TYPE. */
  look(index: number): number {
    const { args } = this;
    return this.db.look(args.bytes, args.starts[index]!, args.ends[index]!);
  }

  /** The entry at a key argument, to change. */
  write(index: number): number {
    const { args } = this;
    return this.db.write(args.bytes, args.starts[index]!, args.ends[index]!);
  }

  /** As `read`, but it must be of a kind. */
  readKind(index: number, kind: Kind): number {
    const entry = this.read(index);
    if (entry !== NONE) this.demandKind(entry, kind);
    return entry;
  }

  writeKind(index: number, kind: Kind): number {
    const entry = this.write(index);
    if (entry !== NONE) this.demandKind(entry, kind);
    return entry;
  }

  demandKind(entry: number, kind: Kind): void {
    if (this.db.kind(entry) !== kind) fail(WRONG_TYPE);
  }

  readString(index: number): number {
    return this.readKind(index, KIND.string);
  }

  writeString(index: number): number {
    return this.writeKind(index, KIND.string);
  }

  /** Stores argument `value` as a string under key argument `key`. */
  setString(key: number, value: number, keepExpiry = false): number {
    const { args } = this;
    const { starts, ends, bytes } = args;
    return this.db.setString(bytes, starts[key]!, ends[key]!, bytes, starts[value]!, ends[value]!, keepExpiry);
  }

  /** The key at an argument changed. */
  changed(index: number, type: NotifyClass, event: string, count = 1): void {
    const { args, services } = this;
    const start = args.starts[index]!;
    const end = args.ends[index]!;
    services.keyModified(this.db, args.bytes, start, end);
    services.notify(type, event, this.db, args.bytes, start, end);
    services.countChanges(count);
  }

  /** Only the notification, for commands that publish more than one. */
  notify(index: number, type: NotifyClass, event: string): void {
    const { args } = this;
    this.services.notify(type, event, this.db, args.bytes, args.starts[index]!, args.ends[index]!);
  }

  // ------------------------------------------------------------------------------------------------------- arguments

  /** An integer within ±2^53; @throws the given text, or that the value is not an integer. */
  integer(index: number, error = NOT_AN_INTEGER): number {
    const value = this.args.integer(index);
    return Number.isNaN(value) ? fail(error) : value;
  }

  /** An integer of 64 bits. */
  int64(index: number, error = NOT_AN_INTEGER): bigint {
    return this.args.int64(index) ?? fail(error);
  }

  /** An integer within a range, both ends included. */
  integerWithin(index: number, min: number, max: number, error = NOT_AN_INTEGER): number {
    const value = this.integer(index, error);
    return value < min || value > max ? fail(error) : value;
  }

  /** A double, infinities included. */
  double(index: number, error = NOT_A_FLOAT): number {
    const value = this.args.double(index);
    return Number.isNaN(value) ? fail(error) : value;
  }

  // ----------------------------------------------------------------------------------------------------- propagation

  /** Puts other commands into the stream of changes than the one that runs; none at all if the list is empty. */
  propagateInstead(...commands: (readonly (string | Uint8Array)[])[]): void {
    (this.propagation ??= { instead: null, also: [] }).instead = commands;
  }

  /** Adds a command behind the one that runs. */
  alsoPropagate(command: readonly (string | Uint8Array)[]): void {
    (this.propagation ??= { instead: null, also: [] }).also.push(command);
  }
}
