/** The process that stands for snapshots, as the server sees it. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ProcessEnd } from '../../../src/host/host.ts';
import { NodeSaveProcess } from '../../../src/host/node/save-process.ts';
import { eventually } from '../../support/eventually.ts';
import { isProcessAlive } from '../../support/process-alive.ts';
import { describeWith } from '../../support/requires.ts';

const PATIENCE = { timeoutMs: 15_000 };

let folder: string;
let process_: NodeSaveProcess;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'resplica-save-process-'));
  process_ = new NodeSaveProcess();
});

afterEach(() => {
  const pid = process_.prepare();
  if (pid !== null) process.kill(pid, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

describeWith('/bin/sh', 'a process that stands for snapshots', () => {
  it.each([
    ['SIGKILL', 9],
    ['SIGUSR1', 10],
    ['SIGTERM', 15],
  ] as const)('tells that it was ended by %s, and is there again for the next one', async (signal, number) => {
    const pid = process_.prepare()!;
    expect(process_.prepare()).toBe(pid);
    const ends: ProcessEnd[] = [];
    const leave = process_.attend(join(folder, 'file'), (end) => ends.push(end));
    process.kill(pid, signal);
    await eventually(() => ends.length > 0, PATIENCE);
    leave();
    expect(ends).toEqual([{ exitCode: 0, signal: number }]);
    const next = process_.prepare()!;
    expect(next).not.toBe(pid);
    expect(isProcessAlive(next)).toBe(true);
    process_.attend(null, () => {})();
  });

  it('tells nothing to who has left', async () => {
    const pid = process_.prepare()!;
    const leave = process_.attend(join(folder, 'file'), () => expect.unreachable());
    expect(() => process_.attend(null, () => {})).toThrow('it stands for something else');
    leave();
    leave();
    process.kill(pid, 'SIGKILL');
    await eventually(() => process_.prepare() !== pid, PATIENCE);
  });

  it.each([
    ['is there while its server is gone', true],
    ['was let go', false],
  ])('removes only a file that %s', async (_, isUnfinished) => {
    const file = join(folder, "it's $HOME; -rf *");
    writeFileSync(file, '');
    const module = join(import.meta.dirname, '../../../src/host/node/save-process.ts');
    const program = `
      const { NodeSaveProcess } = await import(${JSON.stringify(module)});
      const standing = new NodeSaveProcess();
      const pid = standing.prepare();
      const leave = standing.attend(${JSON.stringify(file)}, () => {});
      if (${!isUnfinished}) leave();
      setTimeout(() => process.stdout.write(String(pid)), 200);
      setInterval(() => {}, 1000);`;
    const server = spawn(
      process.execPath,
      ['--import', import.meta.resolve('tsx'), '--input-type=module', '-e', program],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const pid = await new Promise<number>((done) => server.stdout.once('data', (text) => done(Number(text))));
    server.kill('SIGKILL');
    await eventually(() => !isProcessAlive(pid), { what: 'it ends with its server', ...PATIENCE });
    expect(existsSync(file)).toBe(!isUnfinished);
  });

  it('is none where there is no shell', () => {
    process_ = new NodeSaveProcess(join(folder, 'missing'));
    expect(process_.prepare()).toBeNull();
    expect(process_.prepare()).toBeNull();
  });
});
