import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../support/project.ts';
import { parseRatchet } from './ratchet.ts';
import { closingLine, describeResult, readmeTable, replaceTable, toJson } from './report.ts';
import type { UnitResult } from './run-unit.ts';
import type { Counts } from './suites.ts';

const expected: Counts = { unit: { 'unit/colour': 5, 'unit/paint': 2 }, sentinel: { '00-mix': 3 }, cluster: {} };

function result(name: string, passed: number, failures: UnitResult['failures'] = []): UnitResult {
  return { suite: 'unit', name, passed, failures, seconds: 1.25, logFile: '/logs/x.log' };
}

describe('the report of a run', () => {
  it('shows a unit in one line and each failure in one more', () => {
    const text = describeResult(result('unit/colour', 3, [{ test: 'paint', text: 'a\tb\nc' }]), 5);
    expect(text.split('\n')).toEqual([
      'unit/colour                                       3/5                1      1.3',
      '    paint: a b c',
    ]);
  });

  it('cuts long texts and long lists, and says where the rest is', () => {
    const failures = Array.from({ length: 40 }, (_, at) => ({ test: `t${at}`, text: 'x'.repeat(500) }));
    const lines = describeResult(result('unit/colour', 0, failures), undefined).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(180);
    expect(lines).toHaveLength(32);
    expect(lines.at(-1)).toBe('    and 10 more in /logs/x.log');
  });

  it('closes with passed tests of the suite and tests lost against the ratchet', () => {
    const regressions = [{ suite: 'unit', name: 'unit/colour', passed: 3, held: 5 } as const];
    expect(closingLine([result('unit/colour', 3), result('unit/paint', 2)], expected, regressions)).toBe(
      "5 passed, 2 failed (tests of Redis' own suite; failed: lost against the ratchet; 2 do not pass yet)",
    );
  });

  it('says when the ratchet did not judge', () => {
    expect(closingLine([result('unit/colour', 3)], expected, null)).toContain('3 passed, 0 failed');
    expect(closingLine([result('unit/colour', 3)], expected, null)).toContain('not judged');
  });

  it('does not count tests beyond the expected ones as missing elsewhere', () => {
    expect(closingLine([result('unit/colour', 9), result('unit/paint', 1)], expected, [])).toContain(
      '1 do not pass yet',
    );
  });

  it('has a JSON form', () => {
    const json = JSON.parse(toJson([result('unit/colour', 3, [{ test: 'a', text: 'b' }])], expected, 'resplica'));
    expect(json).toEqual({
      server: 'resplica',
      units: [
        {
          suite: 'unit',
          name: 'unit/colour',
          passed: 3,
          expected: 5,
          failures: [{ test: 'a', text: 'b' }],
          seconds: 1.25,
        },
      ],
    });
  });
});

describe('the table in the README', () => {
  const ratchet = parseRatchet('{"unit": {"unit/colour": {"passed": 4, "ci": true}}}');

  it('sums each suite and lists each unit, run or not', () => {
    const table = readmeTable(ratchet, expected);
    expect(table).toContain('| unit and integration | 4 | 7 |');
    expect(table).toContain('| sentinel | 0 | 3 |');
    expect(table).toContain('| unit/colour | 4 | 5 |');
    expect(table).toContain('| sentinel/00-mix | – | 3 |');
  });

  it('is put between the markers, and putting it there twice changes nothing', () => {
    const readme = '# Title\n<!-- conformance:begin -->\nold\n<!-- conformance:end -->\nrest\n';
    const once = replaceTable(readme, 'new');
    expect(once).toBe('# Title\n<!-- conformance:begin -->\n\nnew\n\n<!-- conformance:end -->\nrest\n');
    expect(replaceTable(once, 'new')).toBe(once);
  });

  it('is refused by a README without markers', () => {
    expect(() => replaceTable('# Title\n', 'new')).toThrow(/conformance:begin/);
  });

  it('is the one that the ratchet gives (npm run conformance -- --readme writes it)', () => {
    const read = (path: string): string => readFileSync(join(projectRoot, path), 'utf8');
    const committed = parseRatchet(read('test/conformance/ratchet.json'));
    const counts = JSON.parse(read('test/conformance/expected.json')) as Counts;
    const readme = read('README.md');
    expect(readme).toBe(replaceTable(readme, readmeTable(committed, counts)));
  });
});
