/**
 * npm run determinism -- [--seeds 500] [--profile sentinel,cluster,replication] [--seed N] [--nodes 20,22,24] [--across 30]
 *
 * Holds that a schedule has one history: each of so many is played twice, in turn of every profile. Then some of them
 * (--across, of each profile) are played in a second process, and on other versions of Node, which npm brings into a
 * temporary folder; all must come to the same hashes.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import * as fc from 'fast-check';
import { profileOf } from '../../../src/simulation/profiles.ts';
import { bundlePlayer } from '../mutants/bundle.ts';
import { order } from '../mutants/hunt.ts';
import { differenceOfRuns, hex } from './twice.ts';

const run = promisify(execFile);
const FIRST_SEED = 20_240_109;
const PROGRESS_EVERY = 25;

const { values: options } = parseArgs({
  options: {
    seeds: { type: 'string', default: '500' },
    profile: { type: 'string', default: 'sentinel,cluster,replication' },
    seed: { type: 'string', default: String(FIRST_SEED) },
    nodes: { type: 'string', default: '' },
    across: { type: 'string', default: '30' },
  },
});

const profiles = options.profile.split(',');
const seed = Number(options.seed);

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** @returns how many schedules had two histories. */
function playTwice(): number {
  const count = Math.ceil(Number(options.seeds) / profiles.length);
  const drawn = profiles.map((name) => fc.sample(profileOf(name)!.schedules('wide'), { numRuns: count, seed }));
  let differing = 0;
  for (let i = 0; i < count * profiles.length; i++) {
    const [profile, at] = [i % profiles.length, Math.floor(i / profiles.length)];
    const schedule = drawn[profile]![at]!;
    const difference = differenceOfRuns(schedule);
    if (difference !== null) {
      differing++;
      say(`${profiles[profile]} ${at}: ${difference}\n  ${JSON.stringify(schedule)}`);
    }
    if ((i + 1) % PROGRESS_EVERY === 0) process.stderr.write(`${i + 1} played twice\n`);
  }
  say(`${count * profiles.length} schedules, each played twice: ${differing} differ`);
  return differing;
}

/** Another Node, out of npm's package of that name. @returns its program. */
async function install(version: string, folder: string): Promise<string> {
  const prefix = join(folder, `node-${version}`);
  await run('npm', ['install', '--prefix', prefix, '--no-save', '--no-audit', '--no-fund', `node@${version}`]);
  return join(prefix, 'node_modules', 'node', 'bin', 'node');
}

/** @returns how many profiles come to other hashes somewhere. */
async function playElsewhere(folder: string): Promise<number> {
  const player = join(folder, 'player.mjs');
  await bundlePlayer([], player);
  const programs = [process.execPath, process.execPath];
  for (const version of options.nodes.split(',').filter((each) => each !== '')) {
    programs.push(await install(version, folder));
  }
  const versions = await Promise.all(
    programs.map(async (program) => (await run(program, ['--version'])).stdout.trim()),
  );
  let differing = 0;
  for (const profile of profiles) {
    const what = { kind: 'hashes', profile, seed, schedules: Number(options.across) } as const;
    const sums: string[] = [];
    for (const program of programs) sums.push((await order(player, what, program)).hashes.map(hex).join(' '));
    const isEqual = new Set(sums).size === 1;
    if (!isEqual) differing++;
    const where = versions.map((version, i) => `${version} ${sums[i]!.slice(0, 17)}…`).join(', ');
    say(`${profile}: ${options.across} schedules on ${where}: ${isEqual ? 'equal' : 'NOT EQUAL'}`);
  }
  return differing;
}

async function main(): Promise<void> {
  let differing = Number(options.seeds) > 0 ? playTwice() : 0;
  const folder = await mkdtemp(join(tmpdir(), 'resplica-determinism-'));
  try {
    if (Number(options.across) > 0) differing += await playElsewhere(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  if (differing > 0) process.exitCode = 1;
}

await main();
