import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../support/project.ts';
import { ciShare, findGains, findRegressions, formatRatchet, parseRatchet, raiseRatchet } from './ratchet.ts';
import type { PassedCount, Ratchet } from './ratchet.ts';
import type { Counts } from './suites.ts';

const ratchet: Ratchet = {
  unit: { 'unit/colour': { passed: 5, ci: true }, 'unit/paint': { passed: 2, ci: false } },
  sentinel: { '00-mix': { passed: 1, ci: true } },
  cluster: {},
};

function count(
  suite: 'unit' | 'sentinel',
  name: string,
  passed: number,
  failures: readonly string[] = [],
): PassedCount {
  return { suite, name, passed, failures };
}

describe('the ratchet', () => {
  it('finds a unit that passes fewer tests than before', () => {
    expect(findRegressions(ratchet, [count('unit', 'unit/colour', 4), count('unit', 'unit/paint', 2)])).toMatchObject([
      { suite: 'unit', name: 'unit/colour', passed: 4, held: 5 },
    ]);
  });

  it('accepts equal and higher counts and units that it does not know', () => {
    const counts = [count('unit', 'unit/colour', 5), count('unit', 'unit/paint', 9), count('unit', 'unit/new', 0)];
    expect(findRegressions(ratchet, counts)).toEqual([]);
  });

  it('keeps suites apart', () => {
    expect(findRegressions(ratchet, [count('unit', '00-mix', 0), count('sentinel', '00-mix', 0)])).toMatchObject([
      { suite: 'sentinel', name: '00-mix', passed: 0, held: 1 },
    ]);
  });

  it('forgives a unit that draws its tests by chance, as long as none of them failed', () => {
    const drawn = { ...ratchet, unit: { 'integration/psync2-reg': { passed: 21, ci: false } } };
    expect(findRegressions(drawn, [count('unit', 'integration/psync2-reg', 17)])).toEqual([]);
    expect(findRegressions(drawn, [count('unit', 'integration/psync2-reg', 17, ['a failure'])])).toHaveLength(1);
  });

  it('finds gains', () => {
    expect(findGains(ratchet, [count('unit', 'unit/paint', 3), count('unit', 'unit/colour', 5)])).toMatchObject([
      { suite: 'unit', name: 'unit/paint', passed: 3, held: 2 },
    ]);
  });

  it('is raised, never lowered, and takes new units into the long share', () => {
    const raised = raiseRatchet(ratchet, [
      count('unit', 'unit/colour', 4),
      count('unit', 'unit/paint', 7),
      count('unit', 'unit/new', 3),
    ]);
    expect(raised.unit).toEqual({
      'unit/colour': { passed: 5, ci: true },
      'unit/paint': { passed: 7, ci: false },
      'unit/new': { passed: 3, ci: false },
    });
    expect(ratchet.unit['unit/paint']!.passed).toBe(2);
  });

  it('names the CI share of all suites', () => {
    expect(ciShare(ratchet)).toEqual([
      { suite: 'unit', name: 'unit/colour' },
      { suite: 'sentinel', name: '00-mix' },
    ]);
  });

  it('is written with one line per unit and read back the same', () => {
    const text = formatRatchet(ratchet);
    expect(text.split('\n')).toContain('    "unit/colour": { "passed": 5, "ci": true },');
    expect(parseRatchet(text)).toEqual(ratchet);
  });

  it('refuses an entry without a count or a share', () => {
    expect(() => parseRatchet('{"unit": {"unit/colour": {"passed": -1, "ci": true}}}')).toThrow(/unit\/colour/);
    expect(() => parseRatchet('{"cluster": {"00-mix": {"passed": 1}}}')).toThrow(/00-mix/);
  });
});

describe('the committed files', () => {
  const read = (name: string): string => readFileSync(join(projectRoot, 'test/conformance', name), 'utf8');
  const committed = parseRatchet(read('ratchet.json'));
  const expected = JSON.parse(read('expected.json')) as Counts;

  it('hold the ratchet in the form that the runner writes', () => {
    expect(read('ratchet.json')).toBe(formatRatchet(committed));
  });

  it('name only units that exist in Redis', () => {
    for (const suite of ['unit', 'sentinel', 'cluster'] as const) {
      for (const name of Object.keys(committed[suite])) expect(expected[suite], name).toHaveProperty([name]);
    }
  });

  it('give the CI share something to run', () => {
    expect(ciShare(committed).length).toBeGreaterThan(10);
  });
});
