/**
 * The dataset as commands: a base file without RDB (aof.c rewriteAppendOnlyFileRio). One command makes a key, or several
 * where it holds much: up to 64 elements each; another one sets its expire time. Streams take one per entry, and some
 * more for what entries do not tell: the last ID, groups, consumers, what is pending.
 *
 * It gives way between elements, and in the middle of long ones. What is handed over meanwhile waits in a writer of its
 * own until the command that is open has all its arguments.
 */
import { INT64_MAX_LENGTH } from '../../core/integer.ts';
import { formatDouble17g } from '../../core/double.ts';
import { DictWalk } from '../../data/dict-walk.ts';
import type { Database } from '../../data/database.ts';
import { NO_EXPIRY } from '../../data/entries.ts';
import { hashSize } from '../../data/hash-entry.ts';
import type { HashValue } from '../../data/hash-value.ts';
import { NONE } from '../../data/heap.ts';
import { copyMember, intsetLength } from '../../data/intset.ts';
import type { ListValue } from '../../data/list-value.ts';
import {
  copyElement,
  firstElement,
  isIntegerElement,
  nextElement,
  textLength,
  textOffset,
} from '../../data/listpack.ts';
import { NO_ELEMENT } from '../../data/listpack-format.ts';
import type { SetValue } from '../../data/set-value.ts';
import { StreamCursor } from '../../data/stream-cursor.ts';
import type { Consumer, ConsumerGroup } from '../../data/stream-group.ts';
import { StreamId } from '../../data/stream-id.ts';
import type { StreamValue } from '../../data/stream-value.ts';
import { KIND } from '../../data/value.ts';
import { zsetAt } from '../../data/zset-entry.ts';
import { ByteRange, type ZsetReader } from '../../data/zset-reader.ts';
import type { SnapshotEncoder } from '../snapshot.ts';
import { CommandWriter } from './command-writer.ts';

/** Elements that one command adds, at most. */
const ELEMENTS_PER_COMMAND = 64;
const INITIAL_BYTES = 1 << 16;
/** A string from here on is written in parts of this size. */
const LONG_BYTES = 1 << 16;

/** Makes the rest of a value, as long as there is room. */
type Commands = Generator<undefined, void, undefined>;

export class AofBaseWriter implements SnapshotEncoder {
  readonly output = new CommandWriter(INITIAL_BYTES);
  readonly #unixSeconds: number | null;
  readonly #libraries: readonly Uint8Array[];
  /** The database that the commands so far end in, and that of the entry. */
  #selected = -1;
  #database = 0;
  #key: Uint8Array = this.output.pending;
  #keyStart = 0;
  #keyEnd = 0;
  #rest: Commands | null = null;
  /** Takes what is handed over while an entry is incomplete. */
  #aside: AofBaseWriter | null = null;
  /** The rest gives way when there is so much to take. */
  #full = Infinity;
  #expiry: number | bigint = NO_EXPIRY;
  readonly #digits = Buffer.alloc(INT64_MAX_LENGTH);

  /** @param unixSeconds for a timestamp in front, or null. */
  constructor(unixSeconds: number | null, functionLibraries: readonly Uint8Array[]) {
    this.#unixSeconds = unixSeconds;
    this.#libraries = functionLibraries;
  }

  start(): void {
    const { output } = this;
    if (this.#unixSeconds !== null) output.timestamp(this.#unixSeconds);
    for (const code of this.#libraries) {
      output.command(3);
      output.text('FUNCTION');
      output.text('LOAD');
      output.bulk(code, 0, code.length);
    }
  }

  database(): void {}

  end(): void {}

  get pendingBytes(): number {
    return this.output.pendingBytes + (this.#aside?.pendingBytes ?? 0);
  }

  take(): Buffer {
    return this.output.take();
  }

  reuse(bytes: Buffer): void {
    this.output.reuse(bytes);
  }

  startEntry(index: number, db: Database, entry: number): void {
    this.#database = index;
    this.#expiry = db.exactExpiryOf(entry);
    const isPacked = db.isPacked(entry);
    if (isPacked && db.length(entry) < LONG_BYTES) {
      this.#key = db.bytes(entry);
      this.#keyStart = db.keyOffset(entry);
      this.#keyEnd = this.#keyStart + db.keyLength(entry);
      this.#short(db, entry);
      this.#finish();
      return;
    }
    // The record may move before the value is complete.
    this.#key = db.keyOf(entry);
    this.#keyStart = 0;
    this.#keyEnd = this.#key.length;
    this.#rest = isPacked ? this.#packed(db, entry) : this.#large(db, entry);
  }

  #finish(): void {
    if (this.#expiry !== NO_EXPIRY) {
      this.#command('PEXPIREAT', 1);
      this.output.text(String(this.#expiry));
    }
    if (this.#aside !== null) this.#appendAside(this.#aside);
  }

  writeMore(bytesMax: number): boolean {
    const rest = this.#rest;
    if (rest === null) return true;
    this.#full = this.output.pendingBytes + bytesMax;
    while (!rest.next().done) if (this.#isFull) return false;
    this.#rest = null;
    this.#finish();
    return true;
  }

  get #isFull(): boolean {
    return this.output.pendingBytes >= this.#full;
  }

  handOver(index: number, db: Database, entry: number): void {
    if (this.#rest !== null) {
      this.#aside ??= new AofBaseWriter(null, []);
      this.#aside.handOver(index, db, entry);
      return;
    }
    this.startEntry(index, db, entry);
    this.writeMore(Infinity);
  }

  #appendAside(aside: AofBaseWriter): void {
    this.#aside = null;
    const bytes = aside.take();
    this.output.part(bytes, 0, bytes.length);
    this.#selected = aside.#selected;
  }

  abandon(): void {
    this.#rest?.return();
    this.#rest = null;
    this.#aside = null;
  }

  // -------------------------------------------------------------------------------------------------------------- values

  /** Writes a value at once. */
  #short(db: Database, entry: number): void {
    if (db.kind(entry) === KIND.string) {
      const start = db.valueOffset(entry);
      this.#command('SET', 1);
      this.output.bulk(db.bytes(entry), start, start + db.length(entry));
      return;
    }
    this.#full = Infinity;
    for (const _ of this.#packed(db, entry));
  }

  #packed(db: Database, entry: number): Commands {
    switch (db.kind(entry)) {
      case KIND.set:
        return this.#intset(db, entry);
      case KIND.zset:
        return this.#sortedSet(zsetAt(db, entry));
      case KIND.hash:
        return this.#packedHash(db, entry);
      default:
        return this.#string(db, entry);
    }
  }

  #large(db: Database, entry: number): Commands {
    const value = db.object(entry);
    switch (value.kind) {
      case KIND.list:
        return this.#list(value as ListValue);
      case KIND.set:
        return this.#set(db, value as SetValue);
      case KIND.zset:
        return this.#sortedSet(zsetAt(db, entry));
      case KIND.hash:
        return this.#hash(db, value as HashValue);
      default:
        return this.#stream(value as StreamValue);
    }
  }

  /** Begins a command about the key. @param count of the arguments behind it. */
  #command(name: string, count: number): void {
    this.#startCommand();
    this.output.command(2 + count);
    this.output.text(name);
    this.output.bulk(this.#key, this.#keyStart, this.#keyEnd);
  }

  #startCommand(): void {
    if (this.#aside !== null) this.#appendAside(this.#aside);
    if (this.#selected === this.#database) return;
    this.#selected = this.#database;
    this.output.select(this.#database);
  }

  /** To be called before each element: begins another command where one is due. @param left elements, this one too. */
  #batch(name: string, left: number, size: number, width: number): void {
    if ((size - left) % ELEMENTS_PER_COMMAND === 0) this.#command(name, Math.min(left, ELEMENTS_PER_COMMAND) * width);
  }

  /** An argument, unless it is long. @returns whether it was written. */
  #brief(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start >= LONG_BYTES) return false;
    this.output.bulk(bytes, start, end);
    return true;
  }

  /** A long argument. */
  *#long(bytes: Uint8Array, start: number, end: number): Commands {
    const { output } = this;
    output.startBulk(end - start);
    for (let at = start; at < end; at += LONG_BYTES) {
      output.part(bytes, at, Math.min(at + LONG_BYTES, end));
      if (this.#isFull) yield;
    }
    output.endBulk();
  }

  /** An argument that is an element of a listpack, unless it is long. @returns whether it was written. */
  #briefElement(bytes: Uint8Array, p: number): boolean {
    if (!isIntegerElement(bytes, p))
      return this.#brief(bytes, textOffset(bytes, p), textOffset(bytes, p) + textLength(bytes, p));
    this.output.bulk(this.#digits, 0, copyElement(bytes, p, this.#digits, 0));
    return true;
  }

  #longElement(bytes: Uint8Array, p: number): Commands {
    return this.#long(bytes, textOffset(bytes, p), textOffset(bytes, p) + textLength(bytes, p));
  }

  *#string(db: Database, entry: number): Commands {
    const bytes = db.bytes(entry);
    const start = db.valueOffset(entry);
    const end = start + db.length(entry);
    this.#command('SET', 1);
    yield* this.#long(bytes, start, end);
  }

  *#intset(db: Database, entry: number): Commands {
    const bytes = db.bytes(entry);
    const at = db.valueOffset(entry);
    const size = intsetLength(bytes, at);
    for (let index = 0; index < size; index++) {
      this.#batch('SADD', size - index, size, 1);
      this.output.bulk(this.#digits, 0, copyMember(bytes, at, index, this.#digits, 0));
      if (this.#isFull) yield;
    }
  }

  *#packedHash(db: Database, entry: number): Commands {
    const size = hashSize(db, entry);
    const bytes = db.bytes(entry);
    let p = firstElement(bytes, db.valueOffset(entry));
    for (let left = size; p !== NO_ELEMENT; left--) {
      this.#batch('HMSET', left, size, 2);
      for (let word = 0; word < 2; word++, p = nextElement(bytes, p)) {
        if (!this.#briefElement(bytes, p)) yield* this.#longElement(bytes, p);
      }
      if (this.#isFull) yield;
    }
  }

  *#list(list: ListValue): Commands {
    const { size } = list;
    let left = size;
    for (let node = 0; node < list.nodeCount; node++) {
      const bytes = list.nodeBytes(node);
      if (list.isPlain(node)) {
        this.#batch('RPUSH', left--, size, 1);
        if (!this.#brief(bytes, 0, bytes.length)) yield* this.#long(bytes, 0, bytes.length);
      } else {
        for (let p = firstElement(bytes, 0); p !== NO_ELEMENT; p = nextElement(bytes, p)) {
          this.#batch('RPUSH', left--, size, 1);
          if (!this.#briefElement(bytes, p)) yield* this.#longElement(bytes, p);
        }
      }
      if (this.#isFull) yield;
    }
  }

  *#set(db: Database, set: SetValue): Commands {
    const { size } = set;
    const walk = new DictWalk(set.dict);
    try {
      for (let left = size, record = walk.next(); record !== NONE; record = walk.next()) {
        this.#batch('SADD', left--, size, 1);
        const bytes = db.bytes(record);
        const at = db.keyOffset(record);
        const end = at + db.keyLength(record);
        if (!this.#brief(bytes, at, end)) yield* this.#long(bytes, at, end);
        if (this.#isFull) yield;
      }
    } finally {
      walk.close();
    }
  }

  *#hash(db: Database, hash: HashValue): Commands {
    const { size } = hash;
    const walk = new DictWalk(hash.dict);
    try {
      for (let left = size, record = walk.next(); record !== NONE; record = walk.next()) {
        this.#batch('HMSET', left--, size, 2);
        const bytes = db.bytes(record);
        const field = db.keyOffset(record);
        const value = db.valueOffset(record);
        const end = value + db.length(record);
        if (!this.#brief(bytes, field, value)) yield* this.#long(bytes, field, value);
        if (!this.#brief(bytes, value, end)) yield* this.#long(bytes, value, end);
        if (this.#isFull) yield;
      }
    } finally {
      walk.close();
    }
  }

  *#sortedSet(set: ZsetReader): Commands {
    const range = new ByteRange();
    const { size } = set;
    let left = size;
    for (let member = set.first; member !== NONE; member = set.next(member)) {
      this.#batch('ZADD', left--, size, 2);
      this.output.text(formatDouble17g(set.score(member)));
      set.locate(member, range);
      const { bytes, start, end } = range;
      if (!this.#brief(bytes, start, end)) yield* this.#long(bytes, start, end);
      if (this.#isFull) yield;
    }
  }

  // ------------------------------------------------------------------------------------------------------------- streams

  *#stream(stream: StreamValue): Commands {
    const { output } = this;
    if (stream.size === 0) {
      this.#command('XADD', 5);
      for (const word of ['MAXLEN', '0', '0-1', 'x', 'y']) output.text(word);
    } else yield* this.#entries(stream);
    this.#command('XSETID', 5);
    output.text(stream.lastId.text);
    output.text('ENTRIESADDED');
    output.text(String(stream.entriesAdded));
    output.text('MAXDELETEDID');
    output.text(stream.maxDeletedId.text);
    for (const [name, group] of stream.sortedGroups()) yield* this.#group(name, group);
  }

  *#entries(stream: StreamValue): Commands {
    const cursor = new StreamCursor().start(stream);
    while (cursor.next()) {
      this.#command('XADD', 1 + 2 * cursor.fieldCount);
      this.output.text(cursor.id.text);
      for (let left = cursor.fieldCount; left > 0; left--) {
        cursor.nextField();
        const { bytes, field, value } = cursor;
        if (!this.#briefElement(bytes, field)) yield* this.#longElement(bytes, field);
        if (!this.#briefElement(bytes, value)) yield* this.#longElement(bytes, value);
      }
      if (this.#isFull) yield;
    }
  }

  *#group(name: string, group: ConsumerGroup): Commands {
    this.#subcommand('CREATE', name, 3);
    this.output.text(group.lastId.text);
    this.output.text('ENTRIESREAD');
    this.output.text(String(group.entriesRead));
    for (const consumer of group.sortedConsumers()) {
      if (consumer.pending.size > 0) yield* this.#pending(name, group, consumer);
      else {
        this.#subcommand('CREATECONSUMER', name, 1);
        this.output.text(consumer.name);
      }
      if (this.#isFull) yield;
    }
  }

  /** Begins a subcommand of XGROUP. */
  #subcommand(subcommand: string, group: string, count: number): void {
    this.#startCommand();
    this.output.command(4 + count);
    this.output.text('XGROUP');
    this.output.text(subcommand);
    this.output.bulk(this.#key, this.#keyStart, this.#keyEnd);
    this.output.text(group);
  }

  *#pending(name: string, group: ConsumerGroup, consumer: Consumer): Commands {
    const { output } = this;
    const { pending } = consumer;
    const id = new StreamId();
    for (pending.seekFirst(); pending.hasRecord; pending.next()) {
      group.pending.seek(pending.readId(id));
      this.#command('XCLAIM', 10);
      for (const word of [name, consumer.name, '0', id.text, 'TIME', String(group.deliveredMs)]) output.text(word);
      for (const word of ['RETRYCOUNT', String(group.deliveries), 'JUSTID', 'FORCE']) output.text(word);
      yield;
      // Commands that read move the place meanwhile.
      pending.seek(id);
    }
  }
}
