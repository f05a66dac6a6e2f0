/**
 * DEBUG DIGEST: one SHA-1 that says whether two datasets are equal, byte for byte that of redis-server (debug.c
 * computeDatasetDigest).
 *
 * `xor` takes bytes into a digest regardless of their place among others, `mix` with regard to it. A key and its value
 * are mixed, databases are mixed, keys of a database are xored; so the order of a hash table does not count, that of a
 * list does. When you add a type, add how its elements are taken to ELEMENTS.
 */
import { formatDouble17g } from '../../core/double.ts';
import { SHA1_BYTES, sha1 } from '../../core/sha1.ts';
import { toHex } from '../../core/hex.ts';
import { bytesOf } from '../../core/latin1.ts';
import { NO_EXPIRY, type Database } from '../../data/database.ts';
import { NONE } from '../../data/heap.ts';
import { eachField } from '../../data/hash-entry.ts';
import { eachElement } from '../../data/list-elements.ts';
import type { ListValue } from '../../data/list-value.ts';
import { binaryOfElement } from '../../data/listpack.ts';
import { eachMember } from '../../data/set-entry.ts';
import { StreamCursor } from '../../data/stream-cursor.ts';
import type { StreamValue } from '../../data/stream-value.ts';
import { KIND, type Kind } from '../../data/value.ts';
import { zsetAt } from '../../data/zset-entry.ts';
import { ByteRange } from '../../data/zset-reader.ts';

const EXPIRE_MARK = bytesOf('!!expire!!');

export class Digest {
  #value: Uint8Array = new Uint8Array(SHA1_BYTES);

  get bytes(): Uint8Array {
    return this.#value;
  }

  get hex(): string {
    return toHex(this.#value);
  }

  xor(bytes: Uint8Array, start = 0, end = bytes.length): void {
    this.xorHash(sha1(bytes, start, end));
  }

  /** As `xor` of bytes with that SHA-1. */
  xorHash(hash: Uint8Array): void {
    for (let i = 0; i < SHA1_BYTES; i++) this.#value[i]! ^= hash[i]!;
  }

  mix(bytes: Uint8Array, start = 0, end = bytes.length): void {
    this.xor(bytes, start, end);
    this.#value = sha1(this.#value);
  }

  mixInteger(value: number): void {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setInt32(0, value);
    this.mix(bytes);
  }
}

type Elements = (database: Database, entry: number, digest: Digest) => void;

const ELEMENTS: Record<Kind, Elements> = {
  [KIND.string]: (database, entry, digest) => digest.mix(database.view(entry)),
  [KIND.list]: (database, entry, digest) =>
    eachElement(database.object(entry) as ListValue, (bytes, start, end) => digest.mix(bytes, start, end)),
  [KIND.set]: (database, entry, digest) =>
    eachMember(database, entry, (bytes, start, end) => digest.xor(bytes, start, end)),
  [KIND.hash]: (database, entry, digest) =>
    eachField(database, entry, (field, fieldStart, fieldEnd, value, valueStart, valueEnd) => {
      const pair = new Digest();
      pair.mix(field, fieldStart, fieldEnd);
      pair.mix(value, valueStart, valueEnd);
      digest.xor(pair.bytes);
    }),
  [KIND.zset]: (database, entry, digest) => {
    const set = zsetAt(database, entry);
    const range = new ByteRange();
    for (let member = set.first; member !== NONE; member = set.next(member)) {
      const pair = new Digest();
      set.locate(member, range);
      pair.mix(range.bytes, range.start, range.end);
      pair.mix(bytesOf(formatDouble17g(set.score(member))));
      digest.xor(pair.bytes);
    }
  },
  [KIND.stream]: (database, entry, digest) => {
    const cursor = new StreamCursor().start(database.object(entry) as StreamValue);
    while (cursor.next()) {
      digest.mix(bytesOf(cursor.id.digestText));
      for (let left = cursor.fieldCount; left > 0; left--) {
        cursor.nextField();
        digest.mix(bytesOf(binaryOfElement(cursor.bytes, cursor.field)));
        digest.mix(bytesOf(binaryOfElement(cursor.bytes, cursor.value)));
      }
    }
  },
};

/** Redis numbers its types; between hashes and streams come those of modules. */
function typeNumber(kind: Kind): number {
  return kind === KIND.stream ? 6 : kind;
}

/** Takes a value into a digest, and whether it has an expire time. */
export function digestValue(database: Database, entry: number, digest: Digest): void {
  const kind = database.kind(entry);
  digest.mixInteger(typeNumber(kind));
  ELEMENTS[kind](database, entry, digest);
  if (database.expiryOf(entry) !== NO_EXPIRY) digest.xor(EXPIRE_MARK);
}

/** The digest of everything. */
export function digestDatabases(databases: readonly Database[]): Digest {
  const total = new Digest();
  for (const database of databases) {
    if (database.size === 0) continue;
    total.mixInteger(database.index);
    database.dict.forEach((entry) => {
      const digest = new Digest();
      digest.mix(database.keyOf(entry));
      digestValue(database, entry, digest);
      total.xor(digest.bytes);
    });
  }
  return total;
}
