/**
 * Finds the source of Redis 7.0, which brings the test suite. It is not part of this repository: it is taken at run
 * time from `--source`, from an earlier download, or from Debian's source package through apt.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cacheFolder } from '../support/project.ts';

/** What the suite needs of the source; the C files stay behind. */
const PARTS = [
  'tests',
  'utils',
  'runtest',
  'runtest-sentinel',
  'runtest-cluster',
  'redis.conf',
  'sentinel.conf',
  'src/version.h',
  'src/commands',
];

const TARBALL = /^redis[_-]7\.0\.\d+(?:\.orig)?\.tar\.(?:gz|xz|bz2)$/;
const DOWNLOAD_TIMEOUT_MS = 120_000;

/** A text for the person at the terminal: what is missing and how to get it. */
export class MissingPrerequisite extends Error {}

/** Unpacks the suite into `target` and returns the version of Redis that it belongs to. */
export function unpackSource(source: string | undefined, target: string): string {
  const found = source === undefined ? cachedTarball() : locate(resolve(source));
  mkdirSync(target, { recursive: true });
  if (statSync(found).isDirectory()) copyParts(found, target);
  else extractParts(found, target);
  const version = /REDIS_VERSION "([^"]+)"/.exec(readFileSync(join(target, 'src/version.h'), 'utf8'))?.[1];
  if (version === undefined) throw new MissingPrerequisite(`${found} is not the source of Redis.`);
  return version;
}

/** An unpacked folder, a tarball, or a folder that holds a tarball. */
function locate(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new MissingPrerequisite(`--source ${path}: there is nothing.`);
  if (!stat.isDirectory() || existsSync(join(path, 'runtest'))) return path;
  const tarball = findTarball(path);
  if (tarball === null) throw new MissingPrerequisite(`--source ${path}: neither Redis' source nor its tarball.`);
  return tarball;
}

function cachedTarball(): string {
  const folder = join(cacheFolder, 'redis-source');
  mkdirSync(folder, { recursive: true });
  return findTarball(folder) ?? downloadTarball(folder);
}

function downloadTarball(folder: string): string {
  process.stderr.write("Taking Redis' test suite from Debian's source package ...\n");
  const apt = spawnSync('apt-get', ['source', '--download-only', 'redis'], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: DOWNLOAD_TIMEOUT_MS,
  });
  const tarball = findTarball(folder);
  if (tarball !== null) return tarball;
  const reason = apt.error === undefined ? lastLine(apt.stderr) : `apt-get: ${apt.error.message}`;
  throw new MissingPrerequisite(
    `Redis' test suite could not be had (${reason || 'the package is not of Redis 7.0'}).\n` +
      'On Debian 12, enable deb-src and run apt-get update. Elsewhere, download the source of Redis 7.0.15 and\n' +
      'pass it: npm run conformance -- --source redis-7.0.15.tar.gz',
  );
}

function findTarball(folder: string): string | null {
  const name = readdirSync(folder)
    .filter((entry) => TARBALL.test(entry))
    .sort()
    .at(-1);
  return name === undefined ? null : join(folder, name);
}

function extractParts(tarball: string, target: string): void {
  const listing = runTar(['-tf', tarball]);
  const top = listing.slice(0, listing.indexOf('/'));
  const members = PARTS.filter((part) => listing.includes(`${top}/${part}`)).map((part) => `${top}/${part}`);
  runTar(['-xf', tarball, '-C', target, '--strip-components=1', ...members]);
}

function copyParts(folder: string, target: string): void {
  for (const part of PARTS) {
    if (existsSync(join(folder, part))) cpSync(join(folder, part), join(target, part), { recursive: true });
  }
}

function runTar(args: readonly string[]): string {
  const tar = spawnSync('tar', args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (tar.status !== 0) throw new MissingPrerequisite(`tar ${args.join(' ')}: ${lastLine(tar.stderr ?? '')}`);
  return tar.stdout;
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
