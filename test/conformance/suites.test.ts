import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listUnits, selectUnits } from './suites.ts';

describe('the units of a suite', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'suites-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('come from the list in the helper, in its order, without those about the C program', () => {
    mkdirSync(join(folder, 'tests'));
    writeFileSync(
      join(folder, 'tests/test_helper.tcl'),
      'set x 1\nset ::all_tests {\n    unit/paint\n    unit/tls\n    unit/colour\n}\nset ::next_test 0\n',
    );
    expect(listUnits(folder, 'unit')).toEqual(['unit/paint', 'unit/colour']);
  });

  it('are the numbered files of the sentinel and cluster suites', () => {
    const tests = join(folder, 'tests/cluster/tests');
    mkdirSync(join(tests, 'includes'), { recursive: true });
    for (const name of ['02-b.tcl', '00-a.tcl', '12.1-c.tcl', 'notes.txt']) writeFileSync(join(tests, name), '');
    expect(listUnits(folder, 'cluster')).toEqual(['00-a', '02-b', '12.1-c']);
  });
});

describe('the choice of units', () => {
  const available = ['unit/type/set', 'unit/type/string', 'unit/auth'];

  it('takes names and endings with a star, each unit once', () => {
    expect(selectUnits(available, ['unit/auth', 'unit/type/*', 'unit/type/set'])).toEqual([
      'unit/auth',
      'unit/type/set',
      'unit/type/string',
    ]);
  });

  it('suggests near names for one that does not exist', () => {
    expect(() => selectUnits(available, ['string'])).toThrow('Did you mean unit/type/string?');
    expect(() => selectUnits(available, ['unit/none*'])).toThrow(/No unit is named/);
  });
});
