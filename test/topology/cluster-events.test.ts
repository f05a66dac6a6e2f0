/** Bitmaps of slots as ranges. */
import { expect, it } from 'vitest';
import { SLOT_BITMAP_BYTES } from '../../src/cluster/state.ts';
import { rangesIn } from '../../src/topology/cluster-events.ts';

function bitmap(...slots: number[]): Uint8Array {
  const bits = new Uint8Array(SLOT_BITMAP_BYTES);
  for (const slot of slots) bits[slot >> 3]! |= 1 << (slot & 7);
  return bits;
}

it.each([
  [[], [], []],
  [
    [0, 1, 7, 8, 9, 16_383],
    [],
    [
      [0, 1],
      [7, 9],
      [16_383, 16_383],
    ],
  ],
  [
    [6, 7, 8, 9, 24, 31, 32],
    [7, 24],
    [
      [6, 6],
      [8, 9],
      [31, 32],
    ],
  ],
  [[100, 101], [100, 101, 102], []],
])('of %j without %j there are %j', (slots, without, ranges) => {
  expect(rangesIn(bitmap(...slots), bitmap(...without))).toEqual(ranges);
});
