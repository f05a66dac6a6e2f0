/**
 * CRC-64 with the Jones polynomial, reflected: the checksum at the end of RDB files and DUMP payloads.
 *
 * A 64-bit remainder is held as two 32-bit halves, because bigints would cost an allocation per byte. Eight bytes are
 * taken per step (slicing by 8): table k holds the remainders of each byte value followed by k zero bytes, so the
 * effect of eight bytes is the XOR of eight look-ups. Longer inputs may come in any pieces.
 */

/** The polynomial 0xad93d23594c935a9 with its bits reversed. */
const POLYNOMIAL_HIGH = 0x95ac9329;
const POLYNOMIAL_LOW = 0xac4bc9b5;

const SLICES = 8;

/** Halves of the remainders; entry 256 · k + value is of `value` followed by k zero bytes. */
const LOW = new Int32Array(256 * SLICES);
const HIGH = new Int32Array(256 * SLICES);
fillTables();

function fillTables(): void {
  for (let value = 0; value < 256; value++) {
    let low = value;
    let high = 0;
    for (let bit = 0; bit < 8; bit++) {
      const carry = low & 1;
      low = (low >>> 1) | (high << 31);
      high >>>= 1;
      if (carry) {
        low ^= POLYNOMIAL_LOW;
        high ^= POLYNOMIAL_HIGH;
      }
    }
    LOW[value] = low;
    HIGH[value] = high;
  }
  for (let i = 256; i < LOW.length; i++) {
    const low = LOW[i - 256]!;
    const high = HIGH[i - 256]!;
    LOW[i] = ((low >>> 8) | (high << 24)) ^ LOW[low & 0xff]!;
    HIGH[i] = (high >>> 8) ^ HIGH[low & 0xff]!;
  }
}

/** A checksum in the making. */
export class Crc64 {
  #low = 0;
  #high = 0;

  /** Takes the next bytes. */
  update(bytes: Uint8Array, start = 0, end = bytes.length): this {
    let low = this.#low;
    let high = this.#high;
    let at = start;
    for (const last = end - 8; at <= last; at += 8) {
      const near = low ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24));
      const far = high ^ (bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24));
      const i0 = 0x700 | (near & 0xff);
      const i1 = 0x600 | ((near >>> 8) & 0xff);
      const i2 = 0x500 | ((near >>> 16) & 0xff);
      const i3 = 0x400 | (near >>> 24);
      const i4 = 0x300 | (far & 0xff);
      const i5 = 0x200 | ((far >>> 8) & 0xff);
      const i6 = 0x100 | ((far >>> 16) & 0xff);
      const i7 = far >>> 24;
      low = LOW[i0]! ^ LOW[i1]! ^ LOW[i2]! ^ LOW[i3]! ^ LOW[i4]! ^ LOW[i5]! ^ LOW[i6]! ^ LOW[i7]!;
      high = HIGH[i0]! ^ HIGH[i1]! ^ HIGH[i2]! ^ HIGH[i3]! ^ HIGH[i4]! ^ HIGH[i5]! ^ HIGH[i6]! ^ HIGH[i7]!;
    }
    for (; at < end; at++) {
      const index = (low ^ bytes[at]!) & 0xff;
      low = ((low >>> 8) | (high << 24)) ^ LOW[index]!;
      high = (high >>> 8) ^ HIGH[index]!;
    }
    this.#low = low;
    this.#high = high;
    return this;
  }

  /** The checksum of everything taken so far. More may follow. */
  value(): bigint {
    return (BigInt(this.#high >>> 0) << 32n) | BigInt(this.#low >>> 0);
  }

  /** Writes the checksum in 8 bytes, least significant first, as RDB has it, and returns the offset after them. */
  writeTo(target: Uint8Array, offset: number): number {
    for (let i = 0; i < 4; i++) {
      target[offset + i] = this.#low >>> (8 * i);
      target[offset + 4 + i] = this.#high >>> (8 * i);
    }
    return offset + 8;
  }

  /** Whether the 8 bytes at `offset` are the checksum. */
  matches(bytes: Uint8Array, offset: number): boolean {
    for (let i = 0; i < 4; i++) {
      if (bytes[offset + i] !== ((this.#low >>> (8 * i)) & 0xff)) return false;
      if (bytes[offset + 4 + i] !== ((this.#high >>> (8 * i)) & 0xff)) return false;
    }
    return true;
  }

  reset(): void {
    this.#low = 0;
    this.#high = 0;
  }
}

/** The checksum of bytes that are all at hand. */
export function crc64(bytes: Uint8Array, start = 0, end = bytes.length): bigint {
  return new Crc64().update(bytes, start, end).value();
}
