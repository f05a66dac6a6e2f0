/**
 * Schedules that broke something once, as small as they could be made (`resplica sim` prints them). Each is played first of
 * all, and must not break anything again; docs/simulation.md tells of each.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { play } from '../../src/simulation/play.ts';
import { parseSchedule } from '../../src/simulation/schedule.ts';

const FOLDER = new URL('regressions/', import.meta.url);
const GALLERY = new URL('../../docs/simulation.md', import.meta.url);
const TIMEOUT_MS = 120_000;

const files = readdirSync(FOLDER).toSorted();

describe('what was found once', () => {
  it.each(files)('does not happen again: %s', { timeout: TIMEOUT_MS }, (file) => {
    const { violation } = play(parseSchedule(readFileSync(new URL(file, FOLDER), 'utf8')));
    expect(violation).toBeNull();
  });

  it('is told in docs/simulation.md', () => {
    const gallery = readFileSync(GALLERY, 'utf8');
    expect(files.filter((file) => !gallery.includes(`\`${file.replace(/\.json$/, '')}\``))).toEqual([]);
  });
});
