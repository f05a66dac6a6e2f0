/** What every `Processes` does. Played on the real host and in the simulator. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ChildProcess, ProcessEnd } from '../../src/host/host.ts';
import type { MakeStage, Stage } from './stage.ts';

/** What these tests start, in the stage's directory: `ends` with the status of its first argument, `hangs` for ever. */
export const PROGRAMS = ['ends', 'hangs'] as const;

/** @param plant puts the programs into a directory */
export function describeProcesses(makeStage: MakeStage, plant: (directory: string) => void): void {
  let stage: Stage;
  beforeEach(async () => {
    stage = await makeStage();
    plant(stage.directory);
  });
  afterEach(() => stage.close());

  const path = (name: string): string => `${stage.directory}/${name}`;
  function start(name: string, args: string[] = []): { child: ChildProcess; ends: ProcessEnd[] } {
    const ends: ProcessEnd[] = [];
    const child = stage.server.act((host) => {
      const started = host.processes.start(path(name), args, (end) => ends.push(end));
      expect(ends).toEqual([]);
      return started;
    });
    expect(child).not.toBeNull();
    return { child: child!, ends };
  }

  it('knows which files are programs', () => {
    const isExecutable = (name: string): boolean => stage.server.act((host) => host.processes.isExecutable(path(name)));
    expect([...PROGRAMS, 'missing'].map(isExecutable)).toEqual([true, true, false]);
  });

  it.each([0, 1, 7])('tells that a program ended with status %i', async (exitCode) => {
    const { child, ends } = start('ends', [String(exitCode)]);
    expect(child.pid).toBeGreaterThan(0);
    await stage.eventually('it has ended', () => ends.length > 0);
    expect(ends).toEqual([{ exitCode, signal: 0 }]);
    stage.server.act(() => child.kill());
  });

  it('tells of a program that cannot be executed as a shell would', async () => {
    const { ends } = start('missing');
    await stage.eventually('it has ended', () => ends.length > 0);
    expect(ends).toEqual([{ exitCode: 2, signal: 0 }]);
  });

  it('kills a program, which is told once', async () => {
    const { child, ends } = start('hangs');
    stage.server.act(() => child.kill());
    stage.server.act(() => child.kill());
    await stage.eventually('it has ended', () => ends.length > 0);
    await stage.rest(20);
    expect(ends).toEqual([{ exitCode: 0, signal: 9 }]);
  });

  it('gives each process a number of its own', async () => {
    const started = ['0', '0', '0'].map((status) => start('ends', [status]));
    expect(new Set(started.map(({ child }) => child.pid)).size).toBe(3);
    await stage.eventually('all have ended', () => started.every(({ ends }) => ends.length === 1));
  });
}
