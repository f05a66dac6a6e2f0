/**
 * Where the project stands on this disk, and its build.
 *
 * Tests that need `dist/` (the packed tarball, Redis' own suite) call `ensureBuilt`, which builds only when a source
 * file is newer than the last build. Several test workers and other runs may ask at once; one of them builds while
 * the others wait at a lock folder.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** The repository's root folder. */
export const projectRoot = resolve(fileURLToPath(import.meta.url), '../../..');

/** Git-ignored; whatever is in it can be deleted at any time. */
export const cacheFolder = join(projectRoot, '.cache');

const BUILD_INPUTS = ['src', 'package.json', 'tsconfig.json', 'tsconfig.build.json'];
const LOCK_STALE_MS = 120_000;
const LOCK_POLL_MS = 50;

/** Builds `dist/` if it is missing or older than a source file. Throws with the compiler's output if that fails. */
export async function ensureBuilt(): Promise<void> {
  if (isBuildFresh()) return;
  const release = await takeBuildLock();
  try {
    if (!isBuildFresh()) build();
  } finally {
    release();
  }
}

function isBuildFresh(): boolean {
  const built = modifiedMs(join(projectRoot, 'dist/cli.js'));
  return built !== null && BUILD_INPUTS.every((input) => newestMs(join(projectRoot, input)) < built);
}

function build(): void {
  const startedAt = new Date();
  const result = spawnSync('npm', ['run', 'build'], { cwd: projectRoot, encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`npm run build failed:\n${result.stdout}${result.stderr}`);
  const cli = join(projectRoot, 'dist/cli.js');
  if (modifiedMs(cli) === null) throw new Error('npm run build wrote no dist/cli.js');
  removeOlderThan(join(projectRoot, 'dist'), startedAt.getTime());
  // A source file that was saved while the compiler ran must look newer than the build.
  utimesSync(cli, startedAt, startedAt);
}

/** What the compiler did not write again has no source any more. */
function removeOlderThan(path: string, limitMs: number): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) removeOlderThan(child, limitMs);
    else if (Math.ceil(statSync(child).mtimeMs) < limitMs) rmSync(child);
  }
}

async function takeBuildLock(): Promise<() => void> {
  const lock = join(cacheFolder, 'build.lock');
  mkdirSync(cacheFolder, { recursive: true });
  for (;;) {
    try {
      mkdirSync(lock);
      return () => rmSync(lock, { recursive: true, force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const taken = modifiedMs(lock);
    if (taken !== null && Date.now() - taken > LOCK_STALE_MS) rmSync(lock, { recursive: true, force: true });
    await delay(LOCK_POLL_MS);
  }
}

function newestMs(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newestMs(join(path, name))));
}

function modifiedMs(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? null;
}
