/**
 * npm run fuzz [-- --seconds 60] [--only decoder|server|config] [--seed N [--path P]]
 *
 * Checks each target for so many seconds. A failure is shrunk, printed with the seed and path that repeat it, and makes
 * the exit code 1. With --seed, each target starts from that seed; with --path too, only the one failing case is run.
 */
import { parseArgs } from 'node:util';
import { check } from './check.ts';
import { targets } from './targets.ts';

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    only: { type: 'string' },
    seed: { type: 'string' },
    path: { type: 'string' },
  },
});

function main(): void {
  const chosen = targets.filter(({ name }) => options.only === undefined || options.only === name);
  const seconds = Number(options.seconds);
  if (chosen.length === 0 || !(seconds > 0)) {
    const names = targets.map(({ name }) => name).join(', ');
    process.stderr.write(`Targets are ${names}; --seconds takes a positive number.\n`);
    process.exitCode = 2;
    return;
  }
  for (const target of chosen) {
    const { runs, firstSeed, failure } = check(target, {
      budgetMs: seconds * 1000,
      ...(options.seed === undefined ? {} : { seed: Number(options.seed) }),
      ...(options.path === undefined ? {} : { path: options.path }),
    });
    process.stdout.write(
      `${target.name}: ${runs} runs from seed ${firstSeed}, ${failure === null ? 'fine' : 'failed'}\n`,
    );
    if (failure === null) continue;
    process.stdout.write(`\n${failure}\n`);
    process.exitCode = 1;
  }
}

main();
