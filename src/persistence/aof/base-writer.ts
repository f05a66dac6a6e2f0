/**
 * The dataset as commands: a base file without RDB (aof.c rewriteAppendOnlyFileRio). One command makes a key, or several
 * where it holds much: up to 64 elements each; another one sets its expire time. Streams take one per entry, and some
 * more for what entries do not tell: the last ID, groups, consumers, what is pending.
 */
import { INT64_MAX_LENGTH } from '../../core/integer.ts';
import { formatDouble17g } from '../../core/double.ts';
import type { Database } from '../../data/database.ts';
import { NO_EXPIRY } from '../../data/entries.ts';
import { eachField, hashSize } from '../../data/hash-entry.ts';
import { NONE } from '../../data/heap.ts';
import { eachElement } from '../../data/list-elements.ts';
import type { ListValue } from '../../data/list-value.ts';
import { copyElement, isIntegerElement, textLength, textOffset } from '../../data/listpack.ts';
import { eachMember, setSize } from '../../data/set-entry.ts';
import { StreamCursor } from '../../data/stream-cursor.ts';
import type { Consumer, ConsumerGroup } from '../../data/stream-group.ts';
import { StreamId } from '../../data/stream-id.ts';
import type { StreamValue } from '../../data/stream-value.ts';
import { KIND } from '../../data/value.ts';
import { zsetAt } from '../../data/zset-entry.ts';
import { ByteRange } from '../../data/zset-reader.ts';
import { CommandWriter } from './command-writer.ts';

/** Elements that one command adds, at most. */
const ELEMENTS_PER_COMMAND = 64;

export class AofBaseWriter {
  readonly output: CommandWriter;
  #database = -1;
  #key: Uint8Array = Buffer.alloc(0);
  #keyStart = 0;
  #keyEnd = 0;
  readonly #cursor = new StreamCursor();
  readonly #digits = Buffer.alloc(INT64_MAX_LENGTH);

  constructor(output: CommandWriter) {
    this.output = output;
  }

  /** @param unixSeconds for a timestamp in front, or null. */
  begin(unixSeconds: number | null, functionLibraries: readonly Uint8Array[]): void {
    const { output } = this;
    if (unixSeconds !== null) output.timestamp(unixSeconds);
    for (const code of functionLibraries) {
      output.command(3);
      output.text('FUNCTION');
      output.text('LOAD');
      output.bulk(code, 0, code.length);
    }
  }

  /** Writes an entry; all of one database follow each other. */
  entry(database: number, db: Database, entry: number): void {
    if (database !== this.#database) {
      this.#database = database;
      this.output.select(database);
    }
    this.#key = db.bytes(entry);
    this.#keyStart = db.keyOffset(entry);
    this.#keyEnd = this.#keyStart + db.keyLength(entry);
    this.#value(db, entry);
    const expiry = db.exactExpiryOf(entry);
    if (expiry === NO_EXPIRY) return;
    this.#command('PEXPIREAT', 1);
    this.output.text(String(expiry));
  }

  #value(db: Database, entry: number): void {
    switch (db.kind(entry)) {
      case KIND.string: {
        const start = db.valueOffset(entry);
        this.#command('SET', 1);
        this.output.bulk(db.bytes(entry), start, start + db.length(entry));
        return;
      }
      case KIND.list:
        return this.#list(db.object(entry) as ListValue);
      case KIND.set:
        return this.#set(db, entry);
      case KIND.zset:
        return this.#sortedSet(db, entry);
      case KIND.hash:
        return this.#hash(db, entry);
      case KIND.stream:
        return this.#stream(db.object(entry) as StreamValue);
    }
  }

  /** Begins a command about the key. @param count of the arguments behind it. */
  #command(name: string, count: number): void {
    this.output.command(2 + count);
    this.output.text(name);
    this.output.bulk(this.#key, this.#keyStart, this.#keyEnd);
  }

  /** To be called before each element: begins another command where one is due. @param left elements, this one too. */
  #batch(name: string, left: number, size: number, width: number): void {
    if ((size - left) % ELEMENTS_PER_COMMAND === 0) this.#command(name, Math.min(left, ELEMENTS_PER_COMMAND) * width);
  }

  #list(list: ListValue): void {
    let left = list.size;
    eachElement(list, (bytes, start, end) => {
      this.#batch('RPUSH', left--, list.size, 1);
      this.output.bulk(bytes, start, end);
    });
  }

  #set(db: Database, entry: number): void {
    const size = setSize(db, entry);
    let left = size;
    eachMember(db, entry, (bytes, start, end) => {
      this.#batch('SADD', left--, size, 1);
      this.output.bulk(bytes, start, end);
    });
  }

  #hash(db: Database, entry: number): void {
    const size = hashSize(db, entry);
    let left = size;
    eachField(db, entry, (field, fieldStart, fieldEnd, value, start, end) => {
      this.#batch('HMSET', left--, size, 2);
      this.output.bulk(field, fieldStart, fieldEnd);
      this.output.bulk(value, start, end);
    });
  }

  #sortedSet(db: Database, entry: number): void {
    const set = zsetAt(db, entry);
    const range = new ByteRange();
    let left = set.size;
    for (let member = set.first; member !== NONE; member = set.next(member)) {
      this.#batch('ZADD', left--, set.size, 2);
      this.output.text(formatDouble17g(set.score(member)));
      set.locate(member, range);
      this.output.bulk(range.bytes, range.start, range.end);
    }
  }

  // ------------------------------------------------------------------------------------------------------------- streams

  #stream(stream: StreamValue): void {
    const { output } = this;
    if (stream.size === 0) {
      this.#command('XADD', 5);
      for (const word of ['MAXLEN', '0', '0-1', 'x', 'y']) output.text(word);
    } else this.#entries(stream);
    this.#command('XSETID', 5);
    output.text(stream.lastId.text);
    output.text('ENTRIESADDED');
    output.text(String(stream.entriesAdded));
    output.text('MAXDELETEDID');
    output.text(stream.maxDeletedId.text);
    for (const [name, group] of stream.sortedGroups()) this.#group(name, group);
  }

  #entries(stream: StreamValue): void {
    const cursor = this.#cursor.start(stream);
    while (cursor.next()) {
      this.#command('XADD', 1 + 2 * cursor.fieldCount);
      this.output.text(cursor.id.text);
      for (let left = cursor.fieldCount; left > 0; left--) {
        cursor.nextField();
        this.#element(cursor.bytes, cursor.field);
        this.#element(cursor.bytes, cursor.value);
      }
    }
  }

  #element(bytes: Buffer, p: number): void {
    if (isIntegerElement(bytes, p)) this.output.bulk(this.#digits, 0, copyElement(bytes, p, this.#digits, 0));
    else this.output.bulk(bytes, textOffset(bytes, p), textOffset(bytes, p) + textLength(bytes, p));
  }

  #group(name: string, group: ConsumerGroup): void {
    this.#subcommand('CREATE', name, 3);
    this.output.text(group.lastId.text);
    this.output.text('ENTRIESREAD');
    this.output.text(String(group.entriesRead));
    for (const consumer of group.sortedConsumers()) {
      if (consumer.pending.size > 0) this.#pending(name, group, consumer);
      else {
        this.#subcommand('CREATECONSUMER', name, 1);
        this.output.text(consumer.name);
      }
    }
  }

  /** Begins a subcommand of XGROUP. */
  #subcommand(subcommand: string, group: string, count: number): void {
    this.output.command(4 + count);
    this.output.text('XGROUP');
    this.output.text(subcommand);
    this.output.bulk(this.#key, this.#keyStart, this.#keyEnd);
    this.output.text(group);
  }

  #pending(name: string, group: ConsumerGroup, consumer: Consumer): void {
    const { output } = this;
    const { pending } = consumer;
    const id = new StreamId();
    for (pending.seekFirst(); pending.hasRecord; pending.next()) {
      group.pending.seek(pending.readId(id));
      this.#command('XCLAIM', 10);
      for (const word of [name, consumer.name, '0', id.text, 'TIME', String(group.deliveredMs)]) output.text(word);
      for (const word of ['RETRYCOUNT', String(group.deliveries), 'JUSTID', 'FORCE']) output.text(word);
    }
  }
}
