/**
 * npm run mutants -- [--only part-of-a-name,…] [--seeds 1] [--seed N] [--budget 1] [--seconds 600] [--wide] [--state FILE]
 * npm run mutants -- --witnesses [--only …]
 * npm run mutants -- --list
 *
 * Lets the simulation find mutants (mutant.ts): each is played with schedules of its profile until a checker speaks, such as
 * can bring it to light (its focus), or with --wide any. It is killed if that is the right checker, within the budget.
 * Schedules that the code as it is fails too are passed over, and told. With --seeds 10 that is done from ten seeds, of
 * which nine must kill. --budget multiplies the number of schedules, --seconds bounds the processor's time of each search.
 * --state keeps what was found in a file, so that a run which was stopped goes on where it was.
 *
 * A witness is a schedule that kills a mutant for sure (witnesses/). With --witnesses these are played alone.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { mutants } from './all.ts';
import { type Finding, Hunt } from './hunt.ts';
import type { Mutant } from './mutant.ts';
import { readWitness } from './witness.ts';

const KILLING_SHARE = 0.9;
const FIRST_SEED = 20_240_109;

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    seeds: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(FIRST_SEED) },
    budget: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '600' },
    state: { type: 'string' },
    wide: { type: 'boolean', default: false },
    witnesses: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
});

type Known = Record<string, Finding>;

function chosen(): readonly Mutant[] {
  const { only } = options;
  if (only === undefined) return mutants;
  const parts = only.split(',');
  return mutants.filter(({ name, profile }) => parts.some((part) => name.includes(part) || profile === part));
}

async function main(): Promise<void> {
  if (options.list) {
    const lines = chosen().map(({ name, profile, checkers, schedules, mistake }) =>
      [name.padEnd(32), profile.padEnd(12), checkers.join(',').padEnd(12), String(schedules).padStart(5), mistake].join(
        ' ',
      ),
    );
    process.stdout.write(`${lines.join('\n')}\n`);
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), 'resplica-mutants-'));
  try {
    const hunt = new Hunt(folder, {
      budget: Number(options.budget),
      seconds: Number(options.seconds),
      wide: options.wide,
    });
    const known = readState();
    let survivors = 0;
    const isKilled = (mutant: Mutant): Promise<boolean> =>
      options.witnesses ? judgeByWitness(hunt, mutant) : judge(hunt, mutant, known);
    for (const mutant of chosen()) if (!(await isKilled(mutant))) survivors++;
    for (const text of new Set(hunt.insane)) process.stdout.write(`Without any mistake: ${text}\n`);
    process.stdout.write(survivors === 0 ? 'All are killed.\n' : `${survivors} survive.\n`);
    if (survivors > 0) process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function readState(): Known {
  const { state } = options;
  return state !== undefined && existsSync(state) ? (JSON.parse(readFileSync(state, 'utf8')) as Known) : {};
}

/** @returns whether its witness kills the mutant, and nothing else. */
async function judgeByWitness(hunt: Hunt, mutant: Mutant): Promise<boolean> {
  const schedule = readWitness(mutant);
  const { isKilled, text } =
    schedule === null ? { isKilled: false, text: 'has no witness' } : await hunt.testify(mutant, schedule);
  process.stdout.write(`${isKilled ? 'killed  ' : 'SURVIVES'} ${mutant.name.padEnd(32)} ${text}\n`);
  return isKilled;
}

/** @returns whether the mutant is killed from enough seeds. */
async function judge(hunt: Hunt, mutant: Mutant, known: Known): Promise<boolean> {
  const findings: Finding[] = [];
  const seeds = Number(options.seeds);
  for (let i = 0; i < seeds; i++) {
    const seed = Number(options.seed) + i;
    const key = [mutant.name, seed, options.budget, options.wide ? 'wide' : ''].join(' ').trim();
    const finding = known[key] ?? (await hunt.search(mutant, seed));
    findings.push(finding);
    known[key] = finding;
    if (options.state !== undefined) writeFileSync(options.state, `${JSON.stringify(known, null, 1)}\n`);
  }
  const killed = findings.filter(({ isKilled }) => isKilled);
  const isKilled = killed.length >= KILLING_SHARE * seeds;
  const counts = killed.map(({ played }) => played).toSorted((a, b) => a - b);
  const median = counts[Math.floor(counts.length / 2)];
  const words = [isKilled ? 'killed  ' : 'SURVIVES', mutant.name.padEnd(32)];
  words.push(`${killed.length}/${seeds}`, median === undefined ? '' : `after ${median} (at most ${counts.at(-1)})`);
  words.push(`of ${mutant.schedules}`, [...new Set(killed.map(({ checker }) => checker))].join(','));
  const reasons = findings.filter((each) => !each.isKilled).map(({ text, played }) => `  ${text} (${played} played)`);
  process.stdout.write(`${[words.join(' '), ...reasons].join('\n')}\n`);
  return isKilled;
}

await main();
