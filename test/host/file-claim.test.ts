/** Whose claims count: those of processes that live. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimFile } from '../../src/host/node/file-claim.ts';
import { itWith } from '../support/requires.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'resplica-claim-'));
  path = join(folder, 'nodes.conf');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What a process of that pid would have written, as far as we can know. */
function claimOf(pid: number, birth = '-'): string {
  return `${pid} ${birth} 00000000-0000-4000-8000-000000000000\n`;
}

/** The claim of this very process, taken apart. */
function ownParts(): { birth: string } {
  const probe = join(folder, 'probe');
  const release = claimFile(probe)!;
  const birth = readFileSync(`${probe}.lock`, 'latin1').split(' ')[1]!;
  release();
  return { birth };
}

async function pidOfTheDead(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  return child.pid!;
}

describe('a claim', () => {
  it('is held by this process until it lets go, and leaves nothing', () => {
    const release = claimFile(path);
    expect(claimFile(path)).toBeNull();
    release!();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('of a process that is gone is taken over', async () => {
    writeFileSync(`${path}.lock`, claimOf(await pidOfTheDead()));
    const release = claimFile(path);
    expect(readFileSync(`${path}.lock`, 'latin1').split(' ')[0]).toBe(String(process.pid));
    expect(existsSync(`${path}.lock.next`)).toBe(false);
    release!();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('of a process that lives is respected', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    try {
      writeFileSync(`${path}.lock`, claimOf(child.pid!));
      expect(claimFile(path)).toBeNull();
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    expect(claimFile(path)).not.toBeNull();
  });

  itWith('/proc/locks', 'of an earlier process with the same pid, boot or container is not', () => {
    const { birth } = ownParts();
    const [boot, namespace, start] = birth.split(/\/(?=pid)|\/(?=\d+$)/) as [string, string, string];
    writeFileSync(`${path}.lock`, claimOf(process.pid, birth));
    expect(claimFile(path)).toBeNull();
    for (const other of [`${boot}/${namespace}/${Number(start) - 1}`, `x${boot}/${namespace}/${start}`]) {
      writeFileSync(`${path}.lock`, claimOf(process.pid, other));
      claimFile(path)!();
    }
    writeFileSync(`${path}.lock`, claimOf(process.pid, `${boot}/pid:[1]/${start}`));
    claimFile(path)!();
  });

  itWith(['/proc/locks', 'sh'], 'of a zombie is not', async () => {
    // The shell becomes a program that does not wait for the child that it has.
    const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60']);
    try {
      const [line] = (await once(parent.stdout, 'data')) as [Buffer];
      const pid = Number(line);
      const state = (): string | undefined => /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.[1];
      while (state() !== 'Z') await new Promise((done) => setTimeout(done, 5));
      writeFileSync(`${path}.lock`, claimOf(pid));
      expect(claimFile(path)).not.toBeNull();
    } finally {
      parent.kill('SIGKILL');
    }
  });

  it('that is not complete counts for a moment, as one that is being written', () => {
    writeFileSync(`${path}.lock`, '123');
    expect(claimFile(path)).toBeNull();
    const then = Date.now() / 1000 - 60;
    utimesSync(`${path}.lock`, then, then);
    expect(claimFile(path)).not.toBeNull();
  });

  it('is not taken over by two: whoever is about to do so is respected, if he lives', async () => {
    const dead = claimOf(await pidOfTheDead());
    writeFileSync(`${path}.lock`, dead);
    writeFileSync(`${path}.lock.next`, claimOf(process.pid));
    expect(claimFile(path)).toBeNull();
    expect(readFileSync(`${path}.lock`, 'latin1')).toBe(dead);
    writeFileSync(`${path}.lock.next`, dead);
    expect(claimFile(path)).not.toBeNull();
    expect(readdirSync(folder)).toEqual(['nodes.conf.lock']);
  });

  itWith(['/proc/locks', 'perl'], 'is made with flock by others', async () => {
    writeFileSync(path, '');
    const script = 'open F, ">>", $ARGV[0]; flock F, 6 or die; $| = 1; print "held"; sleep 600';
    const holder = spawn('perl', ['-e', script, path]);
    try {
      await once(holder.stdout, 'data');
      expect(claimFile(path)).toBeNull();
    } finally {
      holder.kill('SIGKILL');
      await once(holder, 'exit');
    }
    expect(claimFile(path)).not.toBeNull();
  });
});
