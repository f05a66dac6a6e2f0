import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bigMemberAt,
  copyMember,
  insertMember,
  intsetBytes,
  intsetBytesWith,
  intsetLength,
  intsetWidth,
  INTSET_HEADER_BYTES,
  isValidIntset,
  memberAt,
  removeMember,
  searchMember,
  writeEmptyIntset,
} from '../../src/data/intset.ts';
import { packedBytesOf, RDB_TYPE } from '../support/dump-payload.ts';
import { startRedis } from '../support/redis-process.ts';
import { describeWith } from '../support/requires.ts';

/** Intsets lie behind other bytes, at no particular alignment. */
const AT = 5;

class Intset {
  readonly bytes = Buffer.alloc(4096, 0xaa);

  constructor(members: readonly bigint[] = []) {
    writeEmptyIntset(this.bytes, AT);
    for (const member of members) this.add(member);
  }

  get whole(): Buffer {
    return this.bytes.subarray(AT, AT + intsetBytes(this.bytes, AT));
  }

  add(member: bigint): void {
    const index = this.search(member);
    if (index >= 0) return;
    const length = intsetBytesWith(this.bytes, AT, numberOf(member));
    insertMember(this.bytes, AT, -1 - index, numberOf(member));
    expect(intsetBytes(this.bytes, AT)).toBe(length);
    expect(this.bytes[AT + length]).toBe(0xaa);
  }

  remove(member: bigint): void {
    const index = this.search(member);
    if (index < 0) return;
    removeMember(this.bytes, AT, index);
    this.bytes.fill(0xaa, AT + intsetBytes(this.bytes, AT));
  }

  search(member: bigint): number {
    return searchMember(this.bytes, AT, numberOf(member));
  }

  members(): bigint[] {
    return Array.from({ length: intsetLength(this.bytes, AT) }, (_, index) => bigMemberAt(this.bytes, AT, index));
  }
}

/** Members are handed over as numbers where that is exact. */
function numberOf(member: bigint): number | bigint {
  return Number.isSafeInteger(Number(member)) ? Number(member) : member;
}

const boundaries = [0, 1, 15, 16, 31, 32, 53].flatMap((bits) => {
  const power = 2n ** BigInt(bits);
  return [power - 1n, power, power + 1n, -power + 1n, -power, -power - 1n];
});

const int64 = fc.oneof(
  fc.constantFrom(...boundaries, 2n ** 63n - 1n, 2n ** 63n - 2n, -(2n ** 63n), -(2n ** 63n) + 1n),
  fc.bigInt(-20n, 20n),
  fc.bigInt(-40000n, 40000n),
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
);

const edit = fc.record({ isRemoval: fc.nat(2).map((n) => n === 0), member: int64 });

describe('an intset', () => {
  it('starts with its header, as narrow as can be', () => {
    expect(new Intset().whole).toEqual(Buffer.from('0200000000000000', 'hex'));
    expect(new Intset().whole.length).toBe(INTSET_HEADER_BYTES);
  });

  it('keeps its members in order, in as many bytes as the widest needs', () => {
    expect(new Intset([5n, -1n, 300n]).whole.toString('hex')).toBe('0200000003000000ffff05002c01');
    expect(new Intset([1n, -1n, 32768n]).whole.toString('hex')).toBe('0400000003000000ffffffff0100000000800000');
    expect(new Intset([1n, -32769n]).whole.toString('hex')).toBe('0400000002000000ff7fffff01000000');
    expect(new Intset([-1n, 2147483648n]).whole.toString('hex')).toBe(
      '0800000002000000ffffffffffffffff0000008000000000',
    );
    expect(new Intset([1n, -(2n ** 63n)]).whole.toString('hex')).toBe(
      '080000000200000000000000000000800100000000000000',
    );
  });

  it('stays as wide as it was', () => {
    const intset = new Intset([1n, 70000n]);
    intset.remove(70000n);
    expect(intsetWidth(intset.bytes, AT)).toBe(4);
    expect(intset.members()).toEqual([1n]);
  });

  it('does what a sorted set of integers does', () => {
    fc.assert(
      fc.property(
        fc.array(edit, { maxLength: 60, size: 'max' }),
        fc.array(int64, { maxLength: 10 }),
        (edits, probes) => {
          const intset = new Intset();
          const model = new Set<bigint>();
          for (const { isRemoval, member } of edits) {
            if (isRemoval) {
              intset.remove(member);
              model.delete(member);
            } else {
              intset.add(member);
              model.add(member);
            }
          }
          const sorted = [...model].toSorted((a, b) => (a < b ? -1 : 1));
          expect(intset.members()).toEqual(sorted);
          for (const probe of [...probes, ...sorted]) {
            const index = sorted.indexOf(probe);
            const place = sorted.filter((member) => member < probe).length;
            expect(intset.search(probe)).toBe(index >= 0 ? index : -1 - place);
          }
          sorted.forEach((member, index) => {
            const isSafe = Number.isSafeInteger(Number(member));
            expect(memberAt(intset.bytes, AT, index)).toBe(isSafe ? Number(member) : Number(member) * Infinity);
            const digits = Buffer.alloc(30);
            const end = copyMember(intset.bytes, AT, index, digits, 2);
            expect(digits.toString('latin1', 2, end)).toBe(String(member));
          });
          const { whole } = intset;
          expect(isValidIntset(whole, 0, whole.length, true)).toBe(sorted.length > 0);
        },
      ),
    );
  });

  it('is refused with a wrong width, a wrong length, no member or members out of order', () => {
    const { whole } = new Intset([1n, 2n, 3n]);
    const isValid = (hex: string, deep = true): boolean => {
      const bytes = Buffer.from(hex, 'hex');
      return isValidIntset(bytes, 0, bytes.length, deep);
    };
    expect(isValid(whole.toString('hex'))).toBe(true);
    expect(isValid(whole.toString('hex').slice(2))).toBe(false);
    expect(isValid('02000000')).toBe(false);
    expect(isValid('0300000001000000010000')).toBe(false);
    expect(isValid('0200000000000000')).toBe(false);
    expect(isValid('0200000002000000020001000000')).toBe(false);
    expect(isValid('020000000200000002000100')).toBe(false);
    expect(isValid('020000000200000001000100')).toBe(false);
    expect(isValid('020000000200000001000100', false)).toBe(true);
  });
});

describeWith('redis-server', 'intsets of real Redis', () => {
  it('have the same bytes', async () => {
    await using redis = await startRedis({ options: { rdbcompression: 'no' } });
    await using client = await redis.connect({ bulkAsBuffer: true });
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 30 }), async (edits) => {
        const intset = new Intset();
        await client.call('DEL', 's');
        for (const { isRemoval, member } of edits) {
          await client.call(isRemoval ? 'SREM' : 'SADD', 's', String(member));
          if (isRemoval) intset.remove(member);
          else intset.add(member);
          // Without members the key is gone, and the next intset starts narrow.
          if (intset.members().length === 0) writeEmptyIntset(intset.bytes, AT);
        }
        if (intset.members().length === 0) return;
        const { type, bytes } = packedBytesOf((await client.call('DUMP', 's')) as Buffer);
        expect(type).toBe(RDB_TYPE.setIntset);
        expect(bytes).toEqual(intset.whole);
      }),
      { numRuns: 100 },
    );
  });
});
