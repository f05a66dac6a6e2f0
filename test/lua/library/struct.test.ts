/** struct (src/lua/library/struct.ts): what redis-server makes of each. */
import { describe, expect, it } from 'vitest';
import { evaluate, type Evaluated } from '../evaluate.ts';

describe('pack', () => {
  it.each<[string, Evaluated]>([
    ['return struct.pack("<i4", 1)', '\x01\x00\x00\x00'],
    ['return struct.pack(">I2bB", 258, -1, 255)', '\x01\x02\xff\xff'],
    ['return struct.pack("s", "abc")', 'abc\x00'],
    ['return struct.pack("c3", "abcd")', 'abc'],
    ['return struct.pack("<d", 1.5)', '\x00\x00\x00\x00\x00\x00\xf8?'],
    ['return struct.pack(">f", 1.5)', '?\xc0\x00\x00'],
    [
      'return struct.pack("<hHlL", 1, 2, 3, 4)',
      '\x01\x00\x02\x00\x03\x00\x00\x00\x00\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00',
    ],
    ['return struct.pack("!4bi", 1, 2)', '\x01\x00\x00\x00\x02\x00\x00\x00'],
    ['return struct.pack("x")', '\x00'],
    ['return struct.size("<i4i8")', 12],
    ['return struct.pack("y", 1)', "-user_script:1: bad argument #1 to 'pack' (invalid format option 'y')"],
    ['return struct.pack("i33", 1)', '-user_script:1: integral size 33 is larger than limit of 32'],
    ['return struct.pack("c5", "abc")', "-user_script:1: bad argument #3 to 'pack' (string too short)"],
    ['return struct.pack("i4")', "-user_script:1: bad argument #2 to 'pack' (number expected, got nil)"],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});

describe('unpack', () => {
  it.each<[string, Evaluated]>([
    ['return {struct.unpack("<i4", "\\001\\000\\000\\000")}', [1, 5]],
    ['return {struct.unpack("bB", "\\255\\255")}', [-1, 255, 3]],
    ['return {struct.unpack("s", "abc\\000")}', ['abc', 5]],
    ['return {struct.unpack("Bc0", "\\003abc")}', ['abc', 5]],
    ['return {struct.unpack("<i4", "\\001")}', "-user_script:1: bad argument #2 to 'unpack' (data string too short)"],
    ['return {struct.unpack("b", "ab", 2)}', [98, 3]],
    ['return struct.unpack("s", "abc")', '-user_script:1: unfinished string in data'],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});
