import { describe, expect, it } from 'vitest';
import { copyBytes, copyRequest } from '../../src/core/copy-bytes.ts';

describe.each([
  ['copyBytes', copyBytes],
  ['copyRequest', copyRequest],
])('%s', (_name, copy) => {
  it('copies ranges of every length between any positions, and touches nothing else', () => {
    const source = Buffer.from(Array.from({ length: 400 }, (_, i) => (i * 7 + 1) & 0xff));
    for (let length = 0; length <= 300; length++) {
      const start = length % 9;
      const at = length % 5;
      const target = Buffer.alloc(320, 0xee);
      copy(source, start, start + length, target, at);
      const expected = Buffer.concat([
        Buffer.alloc(at, 0xee),
        source.subarray(start, start + length),
        Buffer.alloc(320 - at - length, 0xee),
      ]);
      expect(target.equals(expected), `length ${length}`).toBe(true);
    }
  });

  it('copies from a view that does not begin where its memory does', () => {
    const memory = Buffer.alloc(400, 1);
    const view = memory.subarray(100, 300).fill(2);
    const target = Buffer.alloc(200);
    copy(view, 0, 200, target, 0);
    expect(target.equals(Buffer.alloc(200, 2))).toBe(true);
  });
});
