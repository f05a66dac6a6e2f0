import { expect, it } from 'vitest';
import { sha1, sha1Hex } from '../../src/core/sha1.ts';
import { describeDigest } from './describe-digest.ts';

describeDigest('sha1', sha1, sha1Hex);

it('sha1 gives the standard example', () => {
  expect(sha1Hex(Buffer.from('abc'))).toBe('a9993e364706816aba3e25717850c26c9cd0d89d');
});
