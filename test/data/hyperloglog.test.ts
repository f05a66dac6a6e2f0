import { describe, expect, it } from 'vitest';
import {
  CHANGED,
  CORRUPT,
  DENSE_BYTES,
  estimate,
  looksLikeSketch,
  REGISTERS,
  Sketch,
} from '../../src/data/hyperloglog.ts';

const LIMIT = 3000;

function addNumbers(sketch: Sketch, count: number): void {
  for (let i = 0; i < count; i++) {
    const element = Buffer.from(`element:${i}`);
    sketch.add(element, 0, element.length, LIMIT);
  }
}

describe('a sketch', () => {
  it('counts within four standard errors, sparse and dense alike', () => {
    for (const count of [1, 10, 100, 1000, 10_000, 100_000]) {
      const sketch = Sketch.empty();
      const dense = Sketch.empty();
      dense.toDense();
      addNumbers(sketch, count);
      addNumbers(dense, count);
      const estimated = estimate(sketch.histogram()!);
      expect(estimated).toBe(estimate(dense.histogram()!));
      expect(Math.abs(Number(estimated) - count)).toBeLessThanOrEqual(Math.ceil(count * 4 * (1.04 / 128)));
    }
  });

  it('is sparse until its code exceeds the limit, and keeps its registers when it becomes dense', () => {
    const sketch = Sketch.empty();
    for (let i = 0; !sketch.isDense; i++) {
      expect(sketch.length).toBeLessThanOrEqual(LIMIT);
      const before = new Uint8Array(REGISTERS);
      sketch.mergeInto(before);
      const element = Buffer.from(`element:${i}`);
      sketch.add(element, 0, element.length, LIMIT);
      const after = new Uint8Array(REGISTERS);
      sketch.mergeInto(after);
      expect(after.filter((value, index) => value !== before[index]).length).toBeLessThanOrEqual(1);
    }
    expect(sketch.length).toBe(DENSE_BYTES);
    expect(looksLikeSketch(sketch.content)).toBe(true);
  });

  it('becomes dense when a register exceeds what the sparse code can say', () => {
    const sketch = Sketch.empty();
    expect(sketch.set(7, 32, LIMIT)).toBe(CHANGED);
    expect(sketch.isDense).toBe(false);
    expect(sketch.set(7, 33, LIMIT)).toBe(CHANGED);
    expect(sketch.isDense).toBe(true);
  });

  it('says that it is corrupt when its runs do not add up to all registers', () => {
    const empty = Sketch.empty().content;
    for (const codes of [[], [0x00], [0x7f, 0xff, 0x7f, 0xff], [0x7f, 0xfe]]) {
      const sketch = new Sketch(Buffer.concat([empty.subarray(0, 16), Buffer.from(codes)]));
      expect(sketch.histogram()).toBeNull();
      expect(sketch.mergeInto(new Uint8Array(REGISTERS))).toBe(false);
      expect(sketch.toDense()).toBe(false);
    }
    expect(new Sketch(empty.subarray(0, 16)).set(0, 1, LIMIT)).toBe(CORRUPT);
  });

  it('remembers its count until it changes', () => {
    const sketch = Sketch.empty();
    expect(sketch.cachedCount).toBe(0n);
    sketch.set(1, 1, LIMIT);
    expect(sketch.cachedCount).toBeNull();
    sketch.cacheCount(1n);
    expect(sketch.cachedCount).toBe(1n);
  });

  it('is told from other strings by its header', () => {
    expect(looksLikeSketch(Buffer.from('HYLL'))).toBe(false);
    expect(looksLikeSketch(Buffer.alloc(16))).toBe(false);
    const dense = Sketch.empty();
    dense.toDense();
    expect(looksLikeSketch(dense.content.subarray(0, DENSE_BYTES - 1))).toBe(false);
  });
});
