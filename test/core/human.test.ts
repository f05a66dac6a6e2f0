import { describe, expect, it } from 'vitest';
import { bytesToHuman, parseMemory } from '../../src/core/human.ts';

describe('bytesToHuman', () => {
  it.each<[number, string]>([
    [0, '0B'],
    [1023, '1023B'],
    [1024, '1.00K'],
    [1152, '1.12K'],
    [1408, '1.38K'],
    [1536 * 1024, '1.50M'],
    [1024 * 1024 - 1, '1024.00K'],
    [1024 ** 2, '1.00M'],
    [863_528, '843.29K'],
    [1024 ** 3, '1.00G'],
    [1024 ** 4, '1.00T'],
    [1024 ** 5, '1.00P'],
    [1024 ** 6, '1152921504606846976B'],
  ])('prints %d as %s', (bytes, text) => {
    expect(bytesToHuman(bytes)).toBe(text);
  });
});

describe('parseMemory', () => {
  it.each<[string, bigint]>([
    ['0', 0n],
    ['100', 100n],
    ['100b', 100n],
    ['1k', 1000n],
    ['1kb', 1024n],
    ['1K', 1000n],
    ['1m', 1_000_000n],
    ['1MB', 1_048_576n],
    ['2g', 2_000_000_000n],
    ['2Gb', 2_147_483_648n],
    ['007', 7n],
    ['', 0n],
    ['kb', 0n],
    ['18446744073709551615', 18446744073709551615n],
    ['18446744073709551616', 18446744073709551615n],
    ['18446744073709551615k', 18446744073709550616n],
    ['9'.repeat(127), 18446744073709551615n],
  ])('reads %j', (text, bytes) => {
    expect(parseMemory(text)).toBe(bytes);
  });

  it.each(['-1', '-0', '+1', ' 1', '1 ', '1.5mb', '1tb', '1kib', 'x', '10%', '1b\n', '9'.repeat(128)])(
    'refuses %j',
    (text) => {
      expect(parseMemory(text)).toBeNull();
    },
  );
});
