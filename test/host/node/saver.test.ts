/** The process that writes snapshots, as the server sees it. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { DiskError, type ProcessEnd } from '../../../src/host/host.ts';
import { NodeSaver } from '../../../src/host/node/saver.ts';
import type { Saving } from '../../../src/host/saver.ts';
import { eventually } from '../../support/eventually.ts';
import { isProcessAlive } from '../../support/process-alive.ts';
import { projectRoot } from '../../support/project.ts';
import { describeWith } from '../../support/requires.ts';

const PATIENCE = { timeoutMs: 15_000 };

let programFolder: string;
let command: string[];
let folder: string;
let saver: NodeSaver;

beforeAll(() => {
  programFolder = mkdtempSync(join(tmpdir(), 'resplica-saver-'));
  const outfile = join(programFolder, 'save-process.mjs');
  const entryPoints = [join(projectRoot, 'src/host/node/save-process.ts')];
  buildSync({ entryPoints, outfile, bundle: true, format: 'esm', platform: 'node' });
  command = [process.execPath, outfile];
});

afterAll(() => rmSync(programFolder, { recursive: true, force: true }));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'resplica-saver-'));
  saver = new NodeSaver(command, folder);
});

afterEach(() => {
  const pid = saver.prepare();
  if (pid !== null) process.kill(pid, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

interface Begun {
  readonly pid: number;
  readonly saving: Saving;
  readonly outcomes: (DiskError | ProcessEnd | null)[];
  readonly sent: Buffer[];
}

function begin(path: string, syncEveryBytes = 0): Begun {
  const pid = saver.prepare()!;
  if (!path.startsWith('/')) writeFileSync(join(folder, path), '');
  const outcomes: Begun['outcomes'] = [];
  const sent: Buffer[] = [];
  const saving = saver.begin(
    { path, title: 'test-save', syncEveryBytes },
    { sent: (bytes) => sent.push(bytes), ended: (failure) => outcomes.push(failure) },
  );
  return { pid, saving, outcomes, sent };
}

const content = (path: string): Buffer => readFileSync(join(folder, path));

async function outcomeOf({ outcomes }: Begun): Promise<DiskError | ProcessEnd | null> {
  await eventually(() => outcomes.length > 0, { what: 'the save has ended', ...PATIENCE });
  return outcomes[0]!;
}

/** The program that the shell runs, once it has read its order. */
async function programOf(shell: number): Promise<number> {
  return await eventually(
    () => {
      const pid = Number(readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').split(' ')[0]);
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('test-save') && pid;
    },
    { what: 'the program runs', ...PATIENCE },
  );
}

describeWith('/proc/self/cmdline', 'a process that writes files', () => {
  it('writes what it is given, in pieces of any size', async () => {
    const save = begin('dump', 100_000);
    const pieces: Buffer[] = [1, 300_000, 7, 262_144, 262_145, 2_000_000].map((size, i) => Buffer.alloc(size, i + 65));
    for (const piece of pieces) save.saving.write(piece);
    expect(save.saving.queuedBytes).toBe(2_824_297);
    save.saving.finish();
    expect(await outcomeOf(save)).toBeNull();
    expect(content('dump').equals(Buffer.concat(pieces))).toBe(true);
    expect(save.sent.map((bytes) => pieces.indexOf(bytes))).toEqual([...pieces.keys()]);
    expect(save.saving.queuedBytes).toBe(0);
  });

  it('leaves most of the core to the server where there is one for both', async () => {
    const save = begin('dump');
    const program = await programOf(save.pid);
    expect(getPriority(program)).toBe(getPriority(process.pid) + 5);
    const autogroup = `/proc/${program}/autogroup`;
    if (existsSync(autogroup)) expect(readFileSync(autogroup, 'utf8')).toMatch(/nice 5$/m);
    save.saving.finish();
    expect(await outcomeOf(save)).toBeNull();
  });

  it('writes one file after the other, and forgets those that are not wanted any more', async () => {
    const first = begin('first');
    first.saving.write(Buffer.from('first'));
    first.saving.finish();
    expect(await outcomeOf(first)).toBeNull();
    const unwanted = ['second', 'third'].map((path) => {
      const save = begin(path);
      expect(() => begin('at once')).toThrow('another file is being written');
      save.saving.write(Buffer.from('unwanted'));
      save.saving.abandon();
      save.saving.abandon();
      return save;
    });
    const last = begin('last');
    last.saving.finish();
    last.saving.abandon();
    const after = begin('after');
    after.saving.write(Buffer.from('after'));
    after.saving.finish();
    expect(await outcomeOf(after)).toBeNull();
    expect(content('after').toString()).toBe('after');
    expect([...unwanted, last].flatMap(({ outcomes }) => outcomes)).toEqual([]);
    expect(new Set([first, ...unwanted, last, after].map(({ pid }) => pid)).size).toBe(1);
  });

  it('tells why the disk did not take it, and takes the next file', async () => {
    const full = begin('/dev/full');
    full.saving.write(Buffer.from('x'));
    const error = await outcomeOf(full);
    expect(error).toBeInstanceOf(DiskError);
    expect((error as DiskError).message).toBe('No space left on device');
    full.saving.write(Buffer.from('nobody wants it'));
    full.saving.abandon();
    const missing = begin(join(folder, 'not/there'));
    missing.saving.finish();
    expect((await outcomeOf(missing)) as DiskError).toMatchObject({ code: 'ENOENT' });
    const next = begin('next');
    next.saving.write(Buffer.from('next'));
    next.saving.finish();
    expect(await outcomeOf(next)).toBeNull();
    expect(content('next').toString()).toBe('next');
    expect(next.pid).toBe(full.pid);
  });

  it('sends bytes only as fast as they are written', async () => {
    const save = begin('slow');
    const program = await programOf(save.pid);
    process.kill(program, 'SIGSTOP');
    for (let i = 0; i < 64; i++) save.saving.write(Buffer.alloc(1 << 16));
    save.saving.finish();
    await new Promise<void>((done) => setImmediate(done));
    expect(save.saving.queuedBytes).toBeGreaterThan(3 << 20);
    process.kill(program, 'SIGCONT');
    expect(await outcomeOf(save)).toBeNull();
    expect(content('slow').length).toBe(64 << 16);
  });

  it.each([
    ['the process that waits', 'SIGKILL', 9],
    ['the process that waits', 'SIGUSR1', 10],
    ['the program that writes', 'SIGKILL', 9],
  ] as const)('ends when %s gets %s, and is there again for the next file', async (who, signal, number) => {
    const save = begin('dump');
    save.saving.write(Buffer.from('x'));
    const program = await programOf(save.pid);
    process.kill(who === 'the program that writes' ? program : save.pid, signal);
    expect(await outcomeOf(save)).toEqual({ exitCode: 0, signal: number });
    await eventually(() => !isProcessAlive(program), { what: 'nothing goes on writing', ...PATIENCE });
    const next = begin('dump');
    expect(next.pid).not.toBe(save.pid);
    next.saving.finish();
    expect(await outcomeOf(next)).toBeNull();
  });

  it('is there again after it was killed while it waited', async () => {
    const pid = saver.prepare()!;
    process.kill(pid, 'SIGKILL');
    const other = await eventually(() => saver.prepare() !== pid && saver.prepare(), PATIENCE);
    expect(isProcessAlive(other)).toBe(true);
  });

  it('tells who stands by that it has ended, unless they have left', async () => {
    const pid = saver.prepare()!;
    const ends: ProcessEnd[] = [];
    const leave = saver.attend(() => expect.unreachable());
    saver.attend((end) => ends.push(end));
    leave();
    process.kill(pid, 'SIGKILL');
    await eventually(() => ends.length > 0, PATIENCE);
    expect(ends).toEqual([{ exitCode: 0, signal: 9 }]);
  });

  it('is none where there is no shell', () => {
    saver = new NodeSaver(command, folder, join(folder, 'missing'));
    expect(saver.prepare()).toBeNull();
    expect(saver.prepare()).toBeNull();
  });

  it('is not asked again when its program cannot be run', async () => {
    saver = new NodeSaver([join(folder, 'missing')], folder);
    const save = begin('dump');
    save.saving.write(Buffer.from('x'));
    expect(await outcomeOf(save)).toEqual({ exitCode: 127, signal: 0 });
    expect(saver.prepare()).toBeNull();
  });
});
