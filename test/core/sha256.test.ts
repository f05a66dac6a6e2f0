import { expect, it } from 'vitest';
import { sha256, sha256Hex } from '../../src/core/sha256.ts';
import { describeDigest } from './describe-digest.ts';

describeDigest('sha256', sha256, sha256Hex);

it('sha256 gives the standard example', () => {
  expect(sha256Hex(Buffer.from('abc'))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});
