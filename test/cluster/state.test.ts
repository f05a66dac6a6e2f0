import { expect, it } from 'vitest';
import { ownedRanges } from '../../src/cluster/nodes-conf.ts';
import { ClusterNode, ClusterState, NODE, SLOTS, type SlotRange } from '../../src/cluster/state.ts';
import { Prng } from '../../src/host/prng.ts';

it('knows the ranges of each node, whatever came and went', () => {
  const prng = new Prng(5);
  const nodes = ['a', 'b', 'c'].map((letter) => new ClusterNode(letter.repeat(40), NODE.master, 0));
  const state = new ClusterState(nodes[0]!);
  for (const node of nodes.slice(1)) state.add(node);
  const expected = (): Map<ClusterNode, SlotRange[]> => {
    const byNode = new Map<ClusterNode, SlotRange[]>(nodes.map((node) => [node, []]));
    for (const [owner, range] of ownedRanges(state)) byNode.get(owner)!.push(range);
    return byNode;
  };
  const give = (first: number, last: number, node: ClusterNode | null): void => {
    for (let slot = first; slot <= last; slot++) {
      state.unassign(slot);
      if (node !== null) state.assign(slot, node);
    }
  };
  give(0, SLOTS - 1, nodes[0]!);
  expect(nodes.map(({ ranges }) => ranges)).toEqual([[[0, SLOTS - 1]], [], []]);
  for (let round = 0; round < 300; round++) {
    const first = prng.u32() % SLOTS;
    const length = [1, 3, 8, 64, 1000][prng.u32() % 5]!;
    give(first, Math.min(SLOTS, first + length) - 1, [...nodes, null][prng.u32() % 4]!);
    for (const [node, ranges] of expected()) {
      expect(node.ranges).toEqual(ranges);
      expect(node.slotCount).toBe(ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0));
    }
  }
  state.unassignAllOf(nodes[1]!);
  expect(nodes[1]!.ranges).toEqual([]);
});
