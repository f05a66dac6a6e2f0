import { describe, expect, it } from 'vitest';
import { Prng } from '../../../src/host/prng.ts';
import type { Replication } from '../../../src/replication/replication.ts';
import { Lineage, type Place } from '../../../src/simulation/oracle/lineage.ts';
import { Watched } from '../../../src/simulation/oracle/watched.ts';

const ORIGIN = { node: 'redis0', timeMs: 0 } as const;

function family(): { lineage: Lineage; places: Place[] } {
  const lineage = new Lineage();
  const root = lineage.add('a', 0, { ...ORIGIN, birth: 'empty', parent: null });
  root.append(Buffer.alloc(20));
  const child = lineage.add('b', 10, { ...ORIGIN, birth: 'promotion', parent: { branch: root, offset: 10 } });
  child.append(Buffer.alloc(20));
  const places = [root, child].flatMap((branch) =>
    Array.from({ length: 20 }, (_, i) => ({ branch, offset: branch.start + i + 1 })),
  );
  return { lineage, places };
}

describe('a server that is watched', () => {
  it('first stood behind a place when a look at all of its places says so', () => {
    const random = new Prng(5);
    const { lineage, places } = family();
    let found = 0;
    for (let round = 0; round < 500; round++) {
      const watched = new Watched('redis0', {} as Replication);
      const stays: { timeMs: number; place: Place }[] = [];
      let at = 0;
      for (let timeMs = 0; timeMs < 12; timeMs++) {
        // It goes on mostly, and leaps at times, also back.
        at = random.below(4) === 0 ? random.below(places.length) : Math.min(places.length - 1, at + random.below(5));
        stays.push({ timeMs, place: places[at]! });
        watched.moveTo(places[at]!, timeMs);
      }
      const place = places[random.below(places.length)]!;
      const untilMs = random.below(14);
      const first = stays.find((stay) => stay.timeMs <= untilMs && lineage.covers(stay.place, place))?.timeMs ?? null;
      expect(watched.firstBehind(lineage, place, untilMs)).toBe(first);
      found += Number(first !== null);
    }
    expect(found).toBeGreaterThan(100);
    expect(found).toBeLessThan(450);
  });
});
