import { describe, expect, it } from 'vitest';
import { Arguments } from '../../src/core/arguments.ts';
import { Heap } from '../../src/data/heap.ts';
import { countRadixNodes } from '../../src/data/radix-nodes.ts';
import { StreamId } from '../../src/data/stream-id.ts';
import { StreamValue } from '../../src/data/stream-value.ts';

/** A stream with a node for each time. */
function streamOf(times: readonly number[]): StreamValue {
  const stream = new StreamValue(new Heap());
  const args = Arguments.ofBinary(['f', 'v']);
  for (const time of times) {
    stream.append(new StreamId().setTime(time), args, 0, 1, 2, { nodeBytesMax: 0, nodeEntriesMax: 1 });
  }
  return stream;
}

describe('the radix tree that redis-server would have', () => {
  it.each([
    [[], 1],
    // A stretch of 16 bytes, and the leaf.
    [[1], 2],
    // Seven bytes, the place where they part, and for each the sequence and the leaf.
    [[1, 2], 6],
    [[1, 2, 3], 8],
    // They part a byte earlier; two of them part once more.
    [[1, 2, 0x100], 9],
    // The keys part at the first byte: no stretch before it.
    [[1, 2 ** 53 * 16], 5],
  ])('for nodes that begin at %j has %i nodes', (times, expected) => {
    expect(countRadixNodes(streamOf(times))).toBe(expected);
  });
});
