/** `resplica sim` with a terminal in memory; test/cli.test.ts has the real one. */
import { describe, expect, it } from 'vitest';
import { readInput } from '../../../src/simulation/cli/input.ts';
import { simulationCommand } from '../../../src/simulation/cli/main.ts';
import { Counts } from '../../../src/simulation/checker.ts';
import { runCommand } from '../../../src/simulation/cli/run.ts';
import type { search } from '../../../src/simulation/search.ts';
import { parseSchedule } from '../../../src/simulation/schedule.ts';
import { testTerminal, type TestTerminal } from './terminal.ts';

const CALM = '{"topology":{"kind":"replication","replicas":1},"seed":5,"tailMs":500}';
const KILLED = `{"topology":{"kind":"replication","replicas":1},"seed":5,
  "steps":[{"afterMs":100,"fault":{"kind":"kill","node":1,"forMs":1000}}],
  "ops":[{"afterMs":50,"client":0,"op":{"kind":"set","key":1}}],"tailMs":1500}`;
const TIMEOUT_MS = 120_000;

function run(terminal: TestTerminal, ...args: string[]): number {
  return simulationCommand(args, terminal);
}

describe('resplica sim', () => {
  it('shows how it is used', () => {
    const terminal = testTerminal();
    expect(run(terminal, '--help')).toBe(0);
    expect(terminal.printed.out).toMatch(/^Usage: resplica sim run/);
    expect(run(terminal, 'run', '--help')).toBe(0);
  });

  it('names the scenarios', () => {
    const terminal = testTerminal();
    expect(run(terminal, 'scenarios')).toBe(0);
    expect(terminal.printed.out).toMatch(/^sentinel-partition\n {2}Jepsen 2013: /m);
    expect(readInput(['sentinel-partition'], terminal)).toMatchObject({ kind: 'schedule', schedule: { seed: 2013 } });
  });

  it.each([
    [[], /What shall be done/],
    [['dance'], /no command dance/],
    [['constructor'], /no command constructor/],
    [['run', '--profile', 'ring'], /Profiles are replication, sentinel, cluster and all; there is no ring/],
    [['run', '--schedules', 'many'], /--schedules takes a number, not many/],
    [['run', '--schedules', '-1'], /--schedules takes a number/],
    [['run', '--seed'], /--seed needs a value/],
    [['run', '--frobnicate'], /no option --frobnicate/],
    [['run', '--path', '1:2'], /--path goes with/],
    [['run', 'sentinel', 'cluster'], /What is cluster/],
    [['replay'], /One schedule is needed/],
    [['replay', 'missing.json'], /missing\.json cannot be read: ENOENT/],
    [['replay', '{"topology":{"kind":"ring"}}'], /neither a schedule nor a history/],
    [['replay', '{"topology":'], /neither a schedule nor a history/],
    [['view', 'a', 'b'], /One schedule is needed/],
  ])('says what is wrong with %j', (args, complaint) => {
    const terminal = testTerminal();
    expect(run(terminal, ...args)).toBe(2);
    expect(terminal.printed.error).toMatch(complaint);
    expect(terminal.printed.out).toBe('');
  });
});

describe('a search that finds something', () => {
  const violation = { checker: 'R1', text: 'redis1 has what nobody wrote' };
  const report = { played: 7, simulatedMs: 1000, coverage: new Counts(), exemptions: new Counts(), lostWrites: 0 };
  const failure = { violation, schedule: parseSchedule(CALM), seed: 21, path: '3:1', shrinks: 12 };
  const find: typeof search = () => ({ ...report, failure });

  it('prints what was broken, how to play it again, and how to find it again', () => {
    const terminal = testTerminal();
    expect(runCommand(['--seed', '20', '--profile', 'replication'], terminal, find)).toBe(1);
    const { out } = terminal.printed;
    expect(out).toContain('R1: redis1 has what nobody wrote');
    expect(out).toContain('npx resplica sim run --profile replication --seed 21 --path 3:1');
    const json = /npx resplica sim replay '(.*)'/.exec(out)![1]!;
    expect(run(terminal, 'replay', json, '--quiet')).toBe(0);
  });

  it('keeps the schedule where it is told to, as replay and view take it', () => {
    const terminal = testTerminal();
    runCommand(['--save', 'failed.json'], terminal, find);
    expect(parseSchedule(terminal.files.get('failed.json')!)).toEqual(failure.schedule);
    expect(terminal.printed.out).toContain('npx resplica sim view failed.json');
  });

  it('leaves the other profiles alone', () => {
    const names: string[] = [];
    const terminal = testTerminal();
    expect(runCommand(['--profile', 'all'], terminal, (...args) => (names.push('one'), find(...args)))).toBe(1);
    expect(names).toEqual(['one']);
  });
});

describe('resplica sim run', { timeout: TIMEOUT_MS }, () => {
  it('plays so many schedules and says what happened in them', () => {
    const terminal = testTerminal();
    expect(run(terminal, 'run', '--profile=replication', '--schedules', '2', '--seed', '1')).toBe(0);
    expect(terminal.printed.out).toMatch(/^replication: 2 schedules from seed 1, \d+ simulated seconds/);
    expect(terminal.printed.out).toContain('every promise was kept');
    expect(terminal.printed.out).toMatch(/\d+ fault \w+/);
    expect(terminal.printed.out).toContain('never happened: ');
  });

  it('fails where asked to, if something never happened', () => {
    expect(run(testTerminal(), 'run', 'replication', '--schedules', '1', '--seed', '1', '--must-cover')).toBe(3);
  });

  it('ends when its time is up, and tells how it goes on', () => {
    const terminal = testTerminal({ tickMs: 5000 });
    expect(run(terminal, 'run', 'replication', '--seconds', '30', '--seed', '1')).toBe(0);
    expect(terminal.printed.error).toMatch(
      /replication: \d+ schedules {2}[\d.]+\/s {2}\d+ sim-s\/s {2}coverage \d+\/\d+/,
    );
  });

  it('writes its line of progress over where somebody watches', () => {
    const terminal = testTerminal({ isWatched: true, tickMs: 300 });
    run(terminal, 'run', 'replication', '--schedules', '2', '--seed', '1');
    expect(terminal.printed.error).toContain('\r\u001b[Kreplication: 1 schedules');
    expect(terminal.printed.error).not.toContain('\n');
    expect(terminal.printed.error.endsWith('\r\u001b[K')).toBe(true);
  });
});

describe('resplica sim replay', { timeout: TIMEOUT_MS }, () => {
  it('tells what happens, and how it ends', () => {
    const terminal = testTerminal();
    expect(run(terminal, 'replay', KILLED)).toBe(0);
    const { out } = terminal.printed;
    expect(out).toMatch(/^ +0\.000000 s {2}redis0 {5}is up$/m);
    expect(out).toMatch(/s {2}· {10}kill redis1$/m);
    expect(out).toMatch(/redis1 {5}is in sync with redis0/);
    expect(out).toMatch(/\nevery promise was kept; .* simulated seconds, \d+ events, trace [0-9a-f]{8}\n$/);
    expect(out).not.toContain('Ready to accept connections');
  });

  it('tells all of it on demand, or only the end', () => {
    const all = testTerminal();
    run(all, 'replay', KILLED, '--all');
    expect(all.printed.out).toContain('Ready to accept connections');
    expect(all.printed.out).toMatch(/client0 .*SET r:1 v\d+/);
    const quiet = testTerminal();
    run(quiet, 'replay', KILLED, '--quiet');
    expect(quiet.printed.out.split('\n')).toHaveLength(2);
  });

  it('takes a file, standard input, and what keeps a schedule among other things', () => {
    const terminal = testTerminal({ stdin: CALM });
    terminal.files.set('plain.json', CALM);
    terminal.files.set('regression.json', `{"found":"long ago","schedule":${CALM}}`);
    const ends = ['plain.json', 'regression.json', '-', CALM].map((source) => {
      terminal.printed.out = '';
      expect(run(terminal, 'replay', source, '--quiet')).toBe(0);
      return terminal.printed.out;
    });
    expect(new Set(ends).size).toBe(1);
  });

  it('writes down the history, which view takes', () => {
    const terminal = testTerminal();
    run(terminal, 'replay', KILLED, '--quiet', '--history', 'run.jsonl');
    const lines = terminal.files.get('run.jsonl')!.trimEnd().split('\n');
    expect(JSON.parse(lines[0]!)).toMatchObject({ t: 0, seq: 0, kind: 'process' });
    expect(run(terminal, 'view', 'run.jsonl')).toBe(0);
    expect(terminal.files.get('run.html')).toContain('A recorded run');
    expect(run(terminal, 'replay', 'run.jsonl')).toBe(2);
    expect(terminal.printed.error).toContain('A history has been played already');
  });
});

describe('resplica sim view', { timeout: TIMEOUT_MS }, () => {
  it('writes a page beside the file, or where it is told to', () => {
    const terminal = testTerminal();
    terminal.files.set('failures/one.json', KILLED);
    expect(run(terminal, 'view', 'failures/one.json')).toBe(0);
    expect(terminal.printed.out).toBe('failures/one.html\n');
    expect(run(terminal, 'view', 'failures/one.json', '--out', 'page.html')).toBe(0);
    expect(run(terminal, 'view', CALM)).toBe(0);
    expect([...terminal.files.keys()]).toEqual([
      'failures/one.json',
      'failures/one.html',
      'page.html',
      'sim-replication-5.html',
    ]);
    expect(terminal.files.get('page.html')).toBe(terminal.files.get('failures/one.html'));
  });

  it('has in the page what replay would tell, and the program that draws it', () => {
    const terminal = testTerminal();
    run(terminal, 'view', KILLED, '--out', 'page.html');
    const html = terminal.files.get('page.html')!;
    expect(html).toContain('A master and 1 replica');
    expect(html).toContain('viewer()');
    const json = /<script type="application\/json" id="run">(.*?)<\/script>/s.exec(html)![1]!;
    const { entries } = JSON.parse(json) as { entries: { kind: string }[] };
    expect(new Set(entries.map(({ kind }) => kind))).toEqual(
      new Set(['process', 'log', 'phase', 'role', 'message', 'sync', 'op', 'fault', 'heal']),
    );
    expect(parseSchedule(KILLED).steps).toHaveLength(1);
  });
});
