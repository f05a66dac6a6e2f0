/** docs/simulation.md tells of what there is. */
import { describe, expect, it } from 'vitest';
import { usualCheckers } from '../../src/simulation/checkers/usual.ts';
import type { Run } from '../../src/simulation/run.ts';
import { scheduleOf } from '../../src/simulation/schedule.ts';
import { play } from '../../src/simulation/play.ts';
import { readText } from '../tidy/source-file.ts';
import { withTables } from './document.ts';

const page = readText('docs/simulation.md');

describe('docs/simulation.md', () => {
  it('has the promises and scenarios of the code (npm run docs:simulation -- --tables writes them)', () => {
    expect(withTables(page)).toBe(page);
  });

  it('leaves no checker out', () => {
    const ids = new Set<string>();
    for (const kind of ['sentinel', 'cluster'] as const) {
      const note = (run: Run): void => {
        for (const make of usualCheckers(kind)) ids.add(make(run).id);
      };
      play(scheduleOf({ topology: { kind } }), { checkers: [], observe: note });
    }
    const missing = [...ids].filter((id) => !page.includes(`\n| ${id} | `));
    expect(ids.size).toBeGreaterThan(30);
    expect(missing).toEqual([]);
  }, 60_000);
});
