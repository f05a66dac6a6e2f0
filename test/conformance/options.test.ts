import { describe, expect, it } from 'vitest';
import { parseOptions, USAGE } from './options.ts';

describe('the command line', () => {
  it('runs the CI share when nothing is asked for', () => {
    expect(parseOptions([])).toMatchObject({ selection: 'ci', suite: 'unit', jobs: 2, limitSeconds: 600 });
    expect(parseOptions(['--ci']).selection).toBe('ci');
  });

  it('takes units, or all of a suite', () => {
    expect(parseOptions(['unit/auth', 'unit/quit'])).toMatchObject({
      selection: 'units',
      units: ['unit/auth', 'unit/quit'],
    });
    expect(parseOptions(['--all', '--suite', 'cluster'])).toMatchObject({ selection: 'all', suite: 'cluster' });
  });

  it('runs units of many instances one after another, unless told otherwise', () => {
    expect(parseOptions(['--all', '--suite', 'sentinel']).jobs).toBe(1);
    expect(parseOptions(['--all', '--suite', 'cluster', '--jobs', '3']).jobs).toBe(3);
  });

  it('only writes the README when nothing else is asked for with it', () => {
    expect(parseOptions(['--readme']).selection).toBe('none');
    expect(parseOptions(['--readme', '--ci']).selection).toBe('ci');
    expect(parseOptions(['--readme', 'unit/auth']).selection).toBe('units');
  });

  it('hands the options of partial runs to the suite', () => {
    expect(parseOptions(['unit/auth', '--only', 'a b', '--only', '/c.*', '--durable']).suiteOptions).toEqual([
      '--only',
      'a b',
      '--only',
      '/c.*',
      '--durable',
    ]);
    expect(parseOptions(['unit/auth', '--tags=-slow']).suiteOptions).toEqual(['--tags', '-slow']);
  });

  it.each([
    [['--all', '--ci']],
    [['--all', 'unit/auth']],
    [['--suite', 'module']],
    [['--jobs', '0']],
    [['--jobs', 'two']],
    [['--limit', '1.5']],
    [['--nonsense']],
    [['--update-ratchet', '--server', 'redis-server']],
    [['--readme', '--server', 'redis-server']],
    [['--update-ratchet', '--durable']],
    [['--suite', 'sentinel', '--only', 'a']],
  ])('refuses %j', (args) => {
    expect(() => parseOptions(args)).toThrow();
  });

  it('describes every option that it knows', () => {
    for (const name of ['--all', '--ci', '--suite', '--server', '--source', '--jobs', '--limit', '--out', '--json']) {
      expect(USAGE).toContain(`  ${name} `);
    }
    for (const name of ['--update-ratchet', '--readme', '--only', '--tags', '--durable']) {
      expect(USAGE).toContain(`  ${name} `);
    }
  });
});
