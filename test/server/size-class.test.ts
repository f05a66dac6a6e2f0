import { expect, it } from 'vitest';
import { sizeClass } from '../../src/server/size-class.ts';

it.each([
  [1, 8],
  [8, 8],
  [9, 16],
  [16, 16],
  [17, 32],
  [128, 128],
  [129, 160],
  [256, 256],
  [257, 320],
  [1024, 1024],
  [1025, 1280],
  [16_384, 16_384],
  [16_390, 20_480],
  [20_481, 24_576],
  [1_048_577, 1_310_720],
])('%i bytes take %i of jemalloc', (bytes, taken) => {
  expect(sizeClass(bytes)).toBe(taken);
});
