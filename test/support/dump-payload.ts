/**
 * Reads what DUMP of a real server replies, as far as the tests of packed values need it: the type, and the strings
 * inside. Start the server with `rdbcompression no`.
 */

/** Numbers of value types in RDB files. */
export const RDB_TYPE = { setIntset: 11, hashListpack: 16, zsetListpack: 17, listQuicklist2: 18 } as const;

/** Version and checksum at the end. */
const TRAILER_BYTES = 10;

/** A payload whose value is one string: the bytes of a listpack or intset. */
export function packedBytesOf(payload: Buffer): { type: number; bytes: Buffer } {
  const reader = new Reader(payload);
  return { type: reader.byte(), bytes: reader.string() };
}

/** The listpacks of a dumped list: one per node. */
export function listNodesOf(payload: Buffer): Buffer[] {
  const reader = new Reader(payload);
  if (reader.byte() !== RDB_TYPE.listQuicklist2) throw new Error('no quicklist');
  const nodes: Buffer[] = [];
  for (let left = reader.length(); left > 0; left--) {
    if (reader.length() !== 2) throw new Error('a plain node');
    nodes.push(reader.string());
  }
  return nodes;
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(payload: Buffer) {
    this.#bytes = payload.subarray(0, payload.length - TRAILER_BYTES);
  }

  byte(): number {
    return this.#bytes[this.#at++]!;
  }

  length(): number {
    const head = this.byte();
    if (head < 0x40) return head;
    if (head < 0x80) return ((head & 0x3f) << 8) | this.byte();
    if (head !== 0x80) throw new Error(`an encoded string (0x${head.toString(16)}): is rdbcompression off?`);
    this.#at += 4;
    return this.#bytes.readUInt32BE(this.#at - 4);
  }

  string(): Buffer {
    const length = this.length();
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}
