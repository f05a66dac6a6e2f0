/**
 * The dataset as commands: a base file without RDB (aof.c rewriteAppendOnlyFileRio). One command makes a key, or several
 * where it holds much: up to 64 elements each; another one sets its expire time. Streams take one per entry, and some
 * more for what entries do not tell: the last ID, groups, consumers, what is pending.
 */
import { INT64_MAX_LENGTH } from '../../core/integer.ts';
import { formatDouble17g } from '../../core/double.ts';
import { DictWalk } from '../../data/dict-walk.ts';
import type { Database } from '../../data/database.ts';
import { NO_EXPIRY } from '../../data/entries.ts';
import { eachField, hashSize } from '../../data/hash-entry.ts';
import type { HashValue } from '../../data/hash-value.ts';
import { NONE } from '../../data/heap.ts';
import { eachElementOfNode } from '../../data/list-elements.ts';
import type { ListValue } from '../../data/list-value.ts';
import { copyElement, isIntegerElement, textLength, textOffset } from '../../data/listpack.ts';
import { eachMember, setSize } from '../../data/set-entry.ts';
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

/** Makes the rest of a value, a command at a time. */
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
    return this.output.pendingBytes;
  }

  take(): Buffer {
    return this.output.take();
  }

  startEntry(index: number, db: Database, entry: number): void {
    this.#database = index;
    this.#expiry = db.exactExpiryOf(entry);
    if (db.isPacked(entry)) {
      this.#key = db.bytes(entry);
      this.#keyStart = db.keyOffset(entry);
      this.#keyEnd = this.#keyStart + db.keyLength(entry);
      this.#packed(db, entry);
      this.#finish();
      return;
    }
    // The record may move before the value is complete.
    this.#key = db.keyOf(entry);
    this.#keyStart = 0;
    this.#keyEnd = this.#key.length;
    this.#rest = this.#large(db, entry);
  }

  #finish(): void {
    if (this.#expiry === NO_EXPIRY) return;
    this.#command('PEXPIREAT', 1);
    this.output.text(String(this.#expiry));
  }

  writeMore(bytesMax: number): boolean {
    const rest = this.#rest;
    if (rest === null) return true;
    const until = this.output.pendingBytes + bytesMax;
    while (!rest.next().done) if (this.output.pendingBytes >= until) return false;
    this.#rest = null;
    this.#finish();
    return true;
  }

  handOver(index: number, db: Database, entry: number): void {
    const rest = this.#rest;
    const database = this.#database;
    const key = this.#key;
    const keyEnd = this.#keyEnd;
    const expiry = this.#expiry;
    this.startEntry(index, db, entry);
    this.writeMore(Infinity);
    if (rest === null) return;
    this.#rest = rest;
    this.#database = database;
    this.#key = key;
    this.#keyStart = 0;
    this.#keyEnd = keyEnd;
    this.#expiry = expiry;
  }

  abandon(): void {
    this.#rest?.return();
    this.#rest = null;
  }

  // -------------------------------------------------------------------------------------------------------------- values

  #packed(db: Database, entry: number): void {
    const start = db.valueOffset(entry);
    switch (db.kind(entry)) {
      case KIND.set:
        return this.#intset(db, entry);
      case KIND.zset:
        return this.#packedSortedSet(db, entry);
      case KIND.hash:
        return this.#packedHash(db, entry);
      default:
        this.#command('SET', 1);
        this.output.bulk(db.bytes(entry), start, start + db.length(entry));
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
    this.#select();
    this.output.command(2 + count);
    this.output.text(name);
    this.output.bulk(this.#key, this.#keyStart, this.#keyEnd);
  }

  #select(): void {
    if (this.#selected === this.#database) return;
    this.#selected = this.#database;
    this.output.select(this.#database);
  }

  /** To be called before each element: begins another command where one is due. @param left elements, this one too. */
  #batch(name: string, left: number, size: number, width: number): void {
    if ((size - left) % ELEMENTS_PER_COMMAND === 0) this.#command(name, Math.min(left, ELEMENTS_PER_COMMAND) * width);
  }

  #intset(db: Database, entry: number): void {
    const size = setSize(db, entry);
    let left = size;
    eachMember(db, entry, (bytes, start, end) => {
      this.#batch('SADD', left--, size, 1);
      this.output.bulk(bytes, start, end);
    });
  }

  #packedHash(db: Database, entry: number): void {
    const size = hashSize(db, entry);
    let left = size;
    eachField(db, entry, (field, fieldStart, fieldEnd, value, start, end) => {
      this.#batch('HMSET', left--, size, 2);
      this.output.bulk(field, fieldStart, fieldEnd);
      this.output.bulk(value, start, end);
    });
  }

  #packedSortedSet(db: Database, entry: number): void {
    for (const _ of this.#sortedSet(zsetAt(db, entry)));
  }

  *#list(list: ListValue): Commands {
    let left = list.size;
    for (let node = 0; node < list.nodeCount; node++) {
      eachElementOfNode(list, node, (bytes, start, end) => {
        this.#batch('RPUSH', left--, list.size, 1);
        this.output.bulk(bytes, start, end);
      });
      if ((list.size - left) % ELEMENTS_PER_COMMAND === 0) yield;
    }
  }

  *#set(db: Database, set: SetValue): Commands {
    const { size } = set;
    const walk = new DictWalk(set.dict);
    try {
      for (let left = size, record = walk.next(); record !== NONE; record = walk.next()) {
        this.#batch('SADD', left--, size, 1);
        const at = db.keyOffset(record);
        this.output.bulk(db.bytes(record), at, at + db.keyLength(record));
        if ((size - left) % ELEMENTS_PER_COMMAND === 0) yield;
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
        const value = db.valueOffset(record);
        this.output.bulk(bytes, db.keyOffset(record), value);
        this.output.bulk(bytes, value, value + db.length(record));
        if ((size - left) % ELEMENTS_PER_COMMAND === 0) yield;
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
      this.output.bulk(range.bytes, range.start, range.end);
      if ((size - left) % ELEMENTS_PER_COMMAND === 0) yield;
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
        this.#element(cursor.bytes, cursor.field);
        this.#element(cursor.bytes, cursor.value);
      }
      yield;
    }
  }

  #element(bytes: Buffer, p: number): void {
    if (isIntegerElement(bytes, p)) this.output.bulk(this.#digits, 0, copyElement(bytes, p, this.#digits, 0));
    else this.output.bulk(bytes, textOffset(bytes, p), textOffset(bytes, p) + textLength(bytes, p));
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
    }
  }

  /** Begins a subcommand of XGROUP. */
  #subcommand(subcommand: string, group: string, count: number): void {
    this.#select();
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
