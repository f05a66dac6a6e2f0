import { describe, expect, it } from 'vitest';
import { encodeCommand } from '../../../src/client/encode-command.ts';
import { Prng } from '../../../src/host/prng.ts';
import { type Branch, Lineage, type Place } from '../../../src/simulation/oracle/lineage.ts';
import { Model } from '../../../src/simulation/oracle/model.ts';
import { findState, Replay } from '../../../src/simulation/oracle/replay.ts';
import { readCommands } from '../../../src/simulation/oracle/stream-commands.ts';

const ORIGIN = { node: 'redis0', timeMs: 0 } as const;

/** A history, and one that a promotion has grown out of its midst. */
function family(random: Prng): { lineage: Lineage; branches: Branch[] } {
  const lineage = new Lineage();
  const root = lineage.add('a', 0, { ...ORIGIN, birth: 'empty', parent: null });
  for (let i = 0; i < 20; i++) root.append(randomCommand(random));
  const fork = { branch: root, offset: root.commands[9]!.end };
  const child = lineage.add('b', fork.offset, { ...ORIGIN, birth: 'promotion', parent: fork });
  return { lineage, branches: [root, child] };
}

function randomCommand(random: Prng): Buffer {
  const value = `v${random.below(1000)}`;
  const key = String(random.below(3));
  return encodeCommand(
    [
      ['SET', `r:${key}`, value],
      ['RPUSH', `l:${key}`, value],
      ['SADD', `s:${key}`, value],
      ['INCRBY', `n:${key}`, '7'],
      ['DEL', `l:${key}`],
    ][random.below(5)]!,
  );
}

function fromTheBeginning(lineage: Lineage, place: Place): Model {
  const model = new Model();
  for (const { branch, from, to } of lineage.path(place)) {
    for (const { words } of readCommands(branch.bytes(from, to), from)) model.apply(words);
  }
  return model;
}

describe('the dataset at a place', () => {
  it('is what all commands up to there come to, wherever one has looked before', () => {
    const random = new Prng(3);
    const { lineage, branches } = family(random);
    const replay = new Replay(lineage);
    for (let round = 0; round < 300; round++) {
      const branch = branches[random.below(2)]!;
      if (random.below(3) === 0) branch.append(randomCommand(random));
      // Also in the midst of a command.
      const isOnWay = random.below(3) > 0;
      const place = isOnWay ? branch.tip : { branch, offset: branch.start + random.below(branch.end - branch.start) };
      expect(replay.at(place).digest).toBe(fromTheBeginning(lineage, place).digest);
    }
  });

  it('is found by its digest', () => {
    const random = new Prng(4);
    const { lineage, branches } = family(random);
    const child = branches[1]!;
    for (const value of ['x', 'y', 'z']) child.append(encodeCommand(['SET', 'r:1', value]));
    const place = { branch: child, offset: child.commands[1]!.end };
    expect(findState(lineage, child.tip, fromTheBeginning(lineage, place).digest)).toEqual(place);
    expect(findState(lineage, child.tip, 'f'.repeat(40))).toBeNull();
  });

  it('is found where all that was there has been deleted', () => {
    const lineage = new Lineage();
    const root = lineage.add('a', 0, { ...ORIGIN, birth: 'empty', parent: null });
    root.append(encodeCommand(['SET', 'r:1', 'x']));
    const full = root.tip;
    root.append(encodeCommand(['DEL', 'r:1']));
    const empty = root.tip;
    root.append(encodeCommand(['SET', 'r:1', 'y']));
    const { digest } = fromTheBeginning(lineage, empty);
    expect(findState(lineage, root.tip, digest)).toEqual(empty);
    expect(findState(lineage, full, digest)).toBeNull();
  });
});
