/** cmsgpack (src/lua/library/cmsgpack.ts): what redis-server makes of each. */
import { describe, expect, it } from 'vitest';
import { evaluate, type Evaluated } from '../evaluate.ts';

describe('pack', () => {
  it.each<[string, Evaluated]>([
    [
      'return cmsgpack.pack(1, 127, 128, 255, 256, 65536, -1, -32, -33, -129)',
      '\x01\x7f\xcc\x80\xcc\xff\xcd\x01\x00\xce\x00\x01\x00\x00\xff\xe0\xd0\xdf\xd1\xff\x7f',
    ],
    ['return cmsgpack.pack(1.5, 0.1)', '\xca?\xc0\x00\x00\xcb?\xb9\x99\x99\x99\x99\x99\x9a'],
    ['return cmsgpack.pack(nil, true, false)', '\xc0\xc3\xc2'],
    ['return cmsgpack.pack("", "abc", ("x"):rep(32))', '\xa0\xa3abc\xd9 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'],
    ['return cmsgpack.pack({}, {1, 2}, {a = 1})', '\x90\x92\x01\x02\x81\xa1a\x01'],
    ['return cmsgpack.pack({[2] = 1})', '\x81\x02\x01'],
    [
      'return cmsgpack.pack(2^53, 2^31, -2^31)',
      '\xcf\x00 \x00\x00\x00\x00\x00\x00\xce\x80\x00\x00\x00\xd2\x80\x00\x00\x00',
    ],
    ['return cmsgpack.pack()', "-user_script:1: bad argument #0 to 'pack' (MessagePack pack needs input.)"],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});

describe('unpack', () => {
  it.each<[string, Evaluated]>([
    ['return cmsgpack.unpack("\\147\\001\\002\\163abc")', [1, 2, 'abc']],
    ['return {cmsgpack.unpack("\\001\\002")}', [1, 2]],
    ['return {cmsgpack.unpack_one("\\001\\002")}', [1, 1]],
    ['return {cmsgpack.unpack_limit("\\001\\002\\003", 2)}', [2, 1, 2]],
    ['return cmsgpack.unpack("\\129\\161a\\001").a', 1],
    ['return cmsgpack.unpack("\\147\\001")', '-user_script:1: Missing bytes in input.'],
    ['return cmsgpack.unpack("\\193")', '-user_script:1: Bad data format in input.'],
    ['return cmsgpack.unpack_one("\\001", 5)', '-user_script:1: Start offset 5 greater than input length 1.'],
    ['return cmsgpack.unpack(cmsgpack.pack({1, {2, {3}}}))[2][2]', [3]],
    // The upper half of the unsigned integers of 64 bits comes out negative.
    ['return cmsgpack.unpack("\\207\\255\\255\\255\\255\\255\\255\\255\\255")', -1],
    ['return {cmsgpack.unpack("\\208\\128\\209\\128\\001\\210\\255\\255\\255\\254")}', [-128, -32_767, -2]],
    ['return cmsgpack.unpack("\\206\\127\\255\\255\\255")', 2 ** 31 - 1],
    ['return cmsgpack.unpack("\\203\\191\\240\\000\\000\\000\\000\\000\\000")', -1],
    ['return cmsgpack.unpack("\\163\\000\\255a")', '\0\xffa'],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});
