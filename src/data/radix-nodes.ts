/**
 * How many nodes the radix tree has that redis-server would index a stream's nodes with (rax.c): XINFO tells it.
 *
 * Its keys are the 16 bytes of the master IDs, in order. Each key has a leaf, each place where keys part has a node, and
 * so has each stretch of bytes that is shared by all keys below it and is not just the byte by which it was chosen. All
 * of it follows from how many bytes neighbouring keys have in common.
 */
import { Heap } from './heap.ts';
import type { StreamNodes } from './stream-cursor.ts';

const KEY_BYTES = 16;
const KEY_WORDS = 4;
/** The depth above the root. */
const OUTSIDE = -1;

export function countRadixNodes(stream: StreamNodes): number {
  const { nodeCount } = stream;
  if (nodeCount === 0) return 1;
  /** Depths at which the last key parts from others, from the root downwards. */
  const branches: number[] = [];
  let count = nodeCount;
  let before = OUTSIDE;
  for (let i = 1; i <= nodeCount; i++) {
    const shared = i === nodeCount ? OUTSIDE : commonBytes(stream, i - 1, i);
    count += stretch(Math.max(before, shared), KEY_BYTES);
    while (branches.length > 0 && branches.at(-1)! > shared) {
      const depth = branches.pop()!;
      count += stretch(Math.max(branches.at(-1) ?? OUTSIDE, shared), depth);
    }
    if (shared !== OUTSIDE && branches.at(-1) !== shared) {
      branches.push(shared);
      count++;
    }
    before = shared;
  }
  return count;
}

/** One node if there is anything between a branch's chosen byte and a depth below. */
function stretch(branch: number, depth: number): number {
  return depth - branch > 1 ? 1 : 0;
}

/** Bytes that two master IDs begin with alike. */
function commonBytes(stream: StreamNodes, a: number, b: number): number {
  const { heap } = stream;
  const first = stream.nodeAt(a);
  const second = stream.nodeAt(b);
  const firstWords = heap.wordsOf(first);
  const secondWords = heap.wordsOf(second);
  for (let word = 0; word < KEY_WORDS; word++) {
    const difference = firstWords[Heap.wordOffset(first) + word]! ^ secondWords[Heap.wordOffset(second) + word]!;
    if (difference !== 0) return word * 4 + (Math.clz32(difference) >> 3);
  }
  return KEY_BYTES;
}
