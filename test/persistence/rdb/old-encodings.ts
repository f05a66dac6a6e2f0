/** Values as versions of Redis before 7.0 wrote them: built here, since no server at hand writes them any more. */
import { crc64 } from '../../../src/core/crc64.ts';

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

export function length(value: number): Buffer {
  if (value < 64) return Buffer.from([value]);
  if (value < 16384) return Buffer.from([0x40 | (value >> 8), value & 0xff]);
  const bytes = Buffer.alloc(5, 0x80);
  bytes.writeUInt32BE(value, 1);
  return bytes;
}

export function text(value: string | Buffer): Buffer {
  const bytes = typeof value === 'string' ? latin1(value) : value;
  return Buffer.concat([length(bytes.length), bytes]);
}

/** An element of a ziplist, without the length of the one before. */
function ziplistEntry(value: string): Buffer {
  if (/^(0|-?[1-9]\d*)$/.test(value)) {
    const number = BigInt(value);
    if (number >= 0n && number <= 12n) return Buffer.from([0xf1 + Number(number)]);
    for (const [head, bytes] of [
      [0xfe, 1],
      [0xc0, 2],
      [0xf0, 3],
      [0xd0, 4],
    ] as const) {
      if (BigInt.asIntN(bytes * 8, number) !== number) continue;
      const entry = Buffer.alloc(1 + bytes, head);
      entry.writeIntLE(Number(number), 1, bytes);
      return entry;
    }
    const entry = Buffer.alloc(9, 0xe0);
    entry.writeBigInt64LE(number, 1);
    return entry;
  }
  const bytes = latin1(value);
  if (bytes.length < 64) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  if (bytes.length < 16384) return Buffer.concat([length(bytes.length), bytes]);
  return Buffer.concat([length(bytes.length), bytes]);
}

export function ziplist(values: readonly string[]): Buffer {
  const entries: Buffer[] = [];
  let before = 0;
  let tail = 10;
  let at = 10;
  for (const value of values) {
    const previous = before < 254 ? Buffer.from([before]) : Buffer.from([0xfe, before, before >> 8, before >> 16, 0]);
    const entry = Buffer.concat([previous, ziplistEntry(value)]);
    entries.push(entry);
    before = entry.length;
    tail = at;
    at += before;
  }
  const header = Buffer.alloc(10);
  header.writeUInt32LE(at + 1, 0);
  header.writeUInt32LE(tail, 4);
  header.writeUInt16LE(values.length, 8);
  return Buffer.concat([header, ...entries, Buffer.from([0xff])]);
}

export function zipmap(values: readonly string[]): Buffer {
  const parts: Buffer[] = [Buffer.from([values.length / 2])];
  values.forEach((value, i) => {
    const bytes = latin1(value);
    if (bytes.length < 254) parts.push(Buffer.from([bytes.length]));
    else parts.push(Buffer.from([0xfe, bytes.length & 0xff, bytes.length >> 8, 0, 0]));
    const free = i % 2 === 1 ? i % 3 : 0;
    if (i % 2 === 1) parts.push(Buffer.from([free]));
    parts.push(bytes, Buffer.alloc(free, 'x'));
  });
  return Buffer.concat([...parts, Buffer.from([0xff])]);
}

/** The value with a seal. */
export function payload(type: number, ...parts: readonly Buffer[]): Buffer {
  const bytes = Buffer.concat([Buffer.from([type]), ...parts, Buffer.alloc(10)]);
  bytes.writeUInt16LE(9, bytes.length - 10);
  bytes.writeBigUInt64LE(crc64(bytes, 0, bytes.length - 8), bytes.length - 8);
  return bytes;
}

const MIXED = 'a 0 12 13 -1 127 -129 32767 -32769 8388607 -8388609 2147483647 -2147483649 9223372036854775807 007'
  .split(' ')
  .concat('x'.repeat(63), 'y'.repeat(64), 'z'.repeat(300), 'w'.repeat(20_000));
const LONG = 'v'.repeat(260);
const PAIRS = ['field', 'value', '1', '2', '-5000', 'n', 'long', LONG, 'last', '9999999999'];
const SCORED = ['d', '-inf', 'c', '-3', 'a', '1', 'b', '1', 'e', '2.5', 'f', '3.3000000000000003', 'g', 'inf'];

function oldScore(score: string): Buffer {
  if (score === 'inf') return Buffer.from([254]);
  return score === '-inf' ? Buffer.from([255]) : Buffer.concat([Buffer.from([score.length]), latin1(score)]);
}

function elements(values: readonly string[]): Buffer {
  return Buffer.concat(values.map(text));
}

function numbers(count: number): string[] {
  return Array.from({ length: count }, (_, i) => String(i));
}

const STREAM_ID = '0000000000000001'.repeat(2);
const STREAM_NODE = '1d0000000a000101000101018166020001020100010001817602 0401ff'.replace(' ', '');

/** By name. */
export const oldPayloads: Readonly<Record<string, Buffer>> = {
  'a plain list': payload(1, length(MIXED.length), elements(MIXED)),
  'a long plain list': payload(1, length(3000), elements(numbers(3000))),
  'a plain set': payload(2, length(3), elements(['a', 'b', '5'])),
  'a plain set of integers': payload(2, length(3), elements(['3', '70000', '-5'])),
  'a plain set of many integers': payload(2, length(600), elements(numbers(600))),
  'a sorted set with scores as text': payload(
    3,
    length(SCORED.length / 2),
    ...SCORED.map((value, i) => (i % 2 === 0 ? text(value) : oldScore(value))),
  ),
  'a plain hash': payload(4, length(2), elements(['f', 'v', 'g', '12'])),
  'a plain hash with a long value': payload(4, length(PAIRS.length / 2), elements(PAIRS)),
  'a plain hash of many fields': payload(4, length(600), elements(numbers(1200))),
  'a zipmap': payload(9, text(zipmap(['f', 'v', 'g', '12', 'h', '']))),
  'a zipmap with a long value': payload(9, text(zipmap(PAIRS))),
  'a list as a ziplist': payload(10, text(ziplist(MIXED))),
  'a sorted set as a ziplist': payload(12, text(ziplist(SCORED))),
  'a long sorted set as a ziplist': payload(
    12,
    text(ziplist(numbers(200).flatMap((n) => [`m${n.padStart(3, '0')}`, n]))),
  ),
  'a hash as a ziplist': payload(13, text(ziplist(PAIRS))),
  'a long hash as a ziplist': payload(13, text(ziplist(numbers(1200)))),
  'a list of ziplists': payload(14, length(3), text(ziplist(MIXED)), text(ziplist([])), text(ziplist(['b', '5']))),
  'a stream without counters': payload(
    15,
    length(1),
    text(Buffer.from(STREAM_ID, 'hex')),
    text(Buffer.from(STREAM_NODE, 'hex')),
    Buffer.from('010501', 'hex'),
    length(1),
    text('readers'),
    Buffer.from('010101', 'hex'),
    Buffer.from(`${STREAM_ID}00e1f50500000000`, 'hex'),
    length(3),
    length(1),
    text('zoe'),
    Buffer.from('00e2f50500000000', 'hex'),
    length(1),
    Buffer.from(STREAM_ID, 'hex'),
  ),
};

/** Values that are not sound, or empty, which RESTORE refuses. */
export const refusedPayloads: Readonly<Record<string, Buffer>> = {
  'an empty list': payload(1, length(0)),
  'an empty list of ziplists': payload(14, length(1), text(ziplist([]))),
  'an empty ziplist as a list': payload(10, text(ziplist([]))),
  'an empty ziplist as a hash': payload(13, text(ziplist([]))),
  'a set with a member twice': payload(2, length(2), elements(['a', 'a'])),
  'a set with an integer twice': payload(2, length(2), elements(['1', '1'])),
  'a hash with a field twice': payload(4, length(2), elements(['f', 'v', 'f', LONG])),
  'a hash of a ziplist with a field twice': payload(13, text(ziplist(['f', '1', 'f', '2']))),
  'a hash of a ziplist with a field alone': payload(13, text(ziplist(['f', '1', 'g']))),
  'a zipmap with a field twice': payload(9, text(zipmap(['f', '1', 'f', '2']))),
  'a zipmap that ends early': payload(9, text(zipmap(['f', '1']).subarray(0, -1))),
  'a sorted set with NaN': payload(3, length(1), text('m'), Buffer.from([253])),
  'a sorted set with a member twice': payload(3, length(2), text('m'), oldScore('1'), text('m'), oldScore('2')),
  'a sorted set whose score is no number': payload(3, length(1), text('m'), oldScore('')),
  'an intset out of order': payload(11, text(Buffer.from('020000000200000002000100', 'hex'))),
  'an intset of another length': payload(11, text(Buffer.from('0200000003000000010002 00'.replace(' ', ''), 'hex'))),
  'a node of an unknown kind': payload(18, length(1), length(3), text('x')),
  'a module': payload(7, Buffer.from('816fab7cde10518701', 'hex'), length(0)),
  'a type of 7.2': payload(20, text('x')),
  'a type that never was': payload(8, text('x')),
};
