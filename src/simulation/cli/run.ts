/** `resplica sim run`: many schedules of one profile or of each, with a line of progress, until one breaks a promise. */
import { failureText } from '../property.ts';
import { profileOf, profiles, type Profile } from '../profiles.ts';
import { search, type SearchReport } from '../search.ts';
import { EXIT } from './exit.ts';
import { type Arguments, numberOf, parseOptions } from './options.ts';
import { Progress } from './progress.ts';
import { type Terminal, UsageError } from './terminal.ts';

const USUAL_SCHEDULES = 1000;
const SEED_BITS = 31;

/** @param find stands in for the search in tests */
export function runCommand(args: readonly string[], terminal: Terminal, find: typeof search = search): number {
  const parsed = parseOptions(args, {
    values: ['profile', 'schedules', 'seconds', 'seed', 'path', 'save'],
    flags: ['must-cover'],
  });
  const chosen = profilesOf(parsed);
  if (parsed.values.has('path') && (!parsed.values.has('seed') || chosen.length > 1)) {
    throw new UsageError('--path goes with the --seed and the --profile that a failure names.');
  }
  let status: number = EXIT.fine;
  for (const profile of chosen) {
    const one = runProfile(profile, { shares: chosen.length, parsed, terminal, find });
    if (one === EXIT.broken) return one;
    status = Math.max(status, one);
  }
  return status;
}

/** `--profile sentinel`, or `sim run sentinel`. */
function profilesOf(parsed: Arguments): readonly Profile[] {
  const { positionals } = parsed;
  if (positionals.length > 1) throw new UsageError(`What is ${positionals[1]}?`);
  const name = parsed.values.get('profile') ?? positionals[0] ?? 'sentinel';
  if (name === 'all') return profiles;
  const profile = profileOf(name);
  if (profile !== null) return [profile];
  throw new UsageError(`Profiles are ${profiles.map((each) => each.name).join(', ')} and all; there is no ${name}.`);
}

interface Search {
  /** Among how many profiles the budget is divided. */
  readonly shares: number;
  readonly parsed: Arguments;
  readonly terminal: Terminal;
  readonly find: typeof search;
}

function runProfile(profile: Profile, { shares, parsed, terminal, find }: Search): number {
  const seconds = numberOf(parsed, 'seconds');
  const schedules = numberOf(parsed, 'schedules') ?? (seconds === undefined ? USUAL_SCHEDULES : Infinity);
  const seed = numberOf(parsed, 'seed') ?? Math.floor(terminal.nowMs()) % 2 ** SEED_BITS;
  const path = parsed.values.get('path');
  const endMs = seconds === undefined ? Infinity : terminal.nowMs() + (seconds * 1000) / shares;
  const progress = new Progress(profile, terminal);
  const report = find(profile.schedules(), {
    schedules: Math.ceil(schedules / shares),
    seed,
    ...(path === undefined ? {} : { path }),
    until: () => terminal.nowMs() >= endMs,
    onPlayed: (_, outcome) => progress.played(outcome),
    onShrinking: (tried) => progress.shrinking(tried),
  });
  progress.end();
  terminal.out(progress.summary(report, seed));
  if (report.failure !== null) {
    reportFailure(profile, report.failure, parsed, terminal);
    return EXIT.broken;
  }
  return parsed.flags.has('must-cover') && progress.missing(report).length > 0 ? EXIT.notCovered : EXIT.fine;
}

function reportFailure(
  profile: Profile,
  { violation, schedule, seed, path, shrinks }: NonNullable<SearchReport['failure']>,
  parsed: Arguments,
  terminal: Terminal,
): void {
  terminal.out(`\n${failureText(violation, schedule)}\n`);
  if (path !== null) {
    const again = `npx resplica sim run --profile ${profile.name} --seed ${seed} --path ${path}`;
    terminal.out(`  find it again: ${again}\n`);
  }
  terminal.out(`  ${shrinks} smaller schedules were tried; Node ${terminal.version}\n`);
  const file = parsed.values.get('save');
  if (file === undefined) return;
  terminal.writeFile(file, `${JSON.stringify(schedule, null, 2)}\n`);
  terminal.out(`  look at it: npx resplica sim view ${file}\n`);
}
