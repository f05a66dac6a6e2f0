import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { isProcessAlive } from '../support/process-alive.ts';
import { describeWith } from '../support/requires.ts';
import { ProcessGroups, runUnit, type UnitRun } from './run-unit.ts';

describeWith('sh', 'one run of a unit', () => {
  let folder: string;
  const groups = new ProcessGroups();
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'unit-'));
    mkdirSync(join(folder, 'tests/tmp/server.1'), { recursive: true });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** A suite that is a shell script. */
  function suite(script: string, limitSeconds = 30): UnitRun {
    writeFileSync(join(folder, 'runtest'), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, 'runtest'), 0o755);
    const unit = { suite: 'unit', name: 'unit/colour' } as const;
    return {
      unit,
      folder,
      basePort: 10_240,
      limitSeconds,
      logFile: join(folder, 'out.log'),
      suiteOptions: ['--durable'],
    };
  }

  it('counts, times and keeps the output', async () => {
    const result = await runUnit(suite('echo \'[ok]: red (0 ms)\'; echo "$@"'), groups);
    expect(result).toMatchObject({ name: 'unit/colour', passed: 1, failures: [] });
    const log = readFileSync(result.logFile, 'utf8');
    expect(log).toContain('--single unit/colour');
    expect(log).toContain('--baseport 10240');
    expect(log).toContain('--durable');
  });

  it('reports a suite that ends badly without naming a failed test', async () => {
    const result = await runUnit(suite("echo '[ok]: red (0 ms)'; echo no tcl here; exit 3"), groups);
    expect(result.failures).toEqual([{ test: '(the suite)', text: 'ended with 3: no tcl here' }]);
  });

  it('kills the whole group at the time limit, stopped servers too', async () => {
    const run = suite('sleep 300 & echo $! > pid; kill -STOP $!; wait', 1);
    const result = await runUnit(run, groups);
    expect(result.failures).toEqual([{ test: '(time limit)', text: 'killed after 1 s' }]);
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    await eventually(() => !isProcessAlive(pid), { what: 'the server is gone' });
  });

  it('kills a server that the suite left behind', async () => {
    const result = await runUnit(suite("sleep 300 & echo $! > pid; echo '[ok]: red (0 ms)'"), groups);
    expect(result.passed).toBe(1);
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    await eventually(() => !isProcessAlive(pid), { what: 'the server is gone' });
  });

  it('keeps what the servers printed, but only when a test failed', async () => {
    writeFileSync(join(folder, 'tests/tmp/server.1/stdout'), 'started\nwet paint\n');
    writeFileSync(join(folder, 'tests/tmp/server.1/dump.rdb'), 'not a log');
    const kept = join(folder, 'out.servers.log');
    await runUnit(suite("echo '[err]: red in tests/unit/colour.tcl'; echo wrong"), groups);
    expect(readFileSync(kept, 'utf8')).toBe('===== server.1/stdout\nstarted\nwet paint\n');
    await runUnit(suite("echo '[ok]: red (0 ms)'"), groups);
    expect(existsSync(kept)).toBe(false);
  });
});
