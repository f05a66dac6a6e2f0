/**
 * npm run sim -- <profile> [--schedules 2000] [--seconds S] [--seed N [--path P]]
 * npm run sim -- <profile> --replay '<schedule as JSON>'
 *
 * Plays schedules of faults in simulated worlds. The first that breaks a promise is made as small as possible and printed
 * with what repeats it, and the exit code is 1. --replay plays one schedule, with the logs of all nodes if it fails.
 */
import { parseArgs } from 'node:util';
import type { Profile } from './profile.ts';
import { simulate } from './profile.ts';
import { profiles } from './profiles.ts';

const SCHEDULES = 2000;
const PROGRESS_EVERY = 100;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    schedules: { type: 'string', default: String(SCHEDULES) },
    seconds: { type: 'string' },
    seed: { type: 'string' },
    path: { type: 'string' },
    replay: { type: 'string' },
  },
});

function main(): void {
  const profile = profiles.find(({ name }) => name === positionals[0]);
  if (profile === undefined) {
    process.stderr.write(`Profiles are ${profiles.map(({ name }) => name).join(', ')}.\n`);
    process.exitCode = 2;
  } else if (options.replay !== undefined) replay(profile, options.replay);
  else search(profile);
}

function replay(profile: Profile, json: string): void {
  const { violation, simulatedMs } = profile.play(JSON.parse(json), (details) => process.stdout.write(`${details}\n`));
  process.stdout.write(`${violation ?? 'fine'}, after ${(simulatedMs / 1000).toFixed(1)} simulated seconds\n`);
  if (violation !== null) process.exitCode = 1;
}

function search(profile: Profile): void {
  const seed = options.seed === undefined ? Date.now() % 2 ** 31 : Number(options.seed);
  const startMs = Date.now();
  const cpuBefore = process.cpuUsage();
  const report = simulate(profile, {
    schedules: Number(options.schedules),
    seed,
    onPlayed: (played) => {
      if (played % PROGRESS_EVERY === 0) process.stderr.write(`${played} schedules\n`);
    },
    ...(options.seconds === undefined ? {} : { budgetMs: Number(options.seconds) * 1000 }),
    ...(options.path === undefined ? {} : { path: options.path }),
  });
  const seconds = (Date.now() - startMs) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  const simulated = report.simulatedMs / 1000;
  const lines = [
    `${profile.name}: ${report.played} schedules from seed ${seed}, ${simulated.toFixed(0)} simulated seconds in ` +
      `${seconds.toFixed(1)} s (${((user + system) / 1e6).toFixed(1)} s of CPU), ${report.failure === null ? 'fine' : 'failed'}`,
    ...[...report.counts].toSorted().map(([name, count]) => `  ${String(count).padStart(8)} ${name}`),
  ];
  const missing = profile.mustHappen.filter((name) => !report.counts.has(name));
  if (missing.length > 0) lines.push(`  never: ${missing.join(', ')}`);
  if (report.failure !== null) {
    const { violation, schedule, path } = report.failure;
    const command = `npm run sim -- ${profile.name}`;
    lines.push('', violation, `  ${command} --seed ${seed} --path ${path}`, `  ${command} --replay '${schedule}'`);
    process.exitCode = 1;
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}

main();
