/**
 * npm run interop [-- [--seconds 60] [--seed N] [--only TEXT] [--list]]
 *
 * Lets this server and redis-server 7.0 replicate each other in every arrangement (or those whose title has TEXT) for so
 * many seconds each: writes of all kinds while links are cut and the master changes. Exit status: 0, 1 if datasets
 * differ, 2 if the run could not be made.
 */
import { parseArgs } from 'node:util';
import { findProblem } from '../support/requires.ts';
import { play } from './play.ts';
import { plans } from './plans.ts';

const ROUND_SECONDS = 5;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
      only: { type: 'string', default: '' },
      list: { type: 'boolean', default: false },
    },
  });
  const [seconds, seed] = [Number(values.seconds), Number(values.seed)];
  const chosen = plans.filter(({ title }) => title.includes(values.only));
  const problem = findProblem(['redis-server']);
  if (!(seconds > 0) || !Number.isInteger(seed)) return complain('--seconds is a positive number, --seed a whole one.');
  if (chosen.length === 0)
    return complain(`No arrangement has ${JSON.stringify(values.only)} in its title; see --list.`);
  if (problem !== null) return complain(problem);
  if (values.list) {
    process.stdout.write(chosen.map(({ title }) => `${title}\n`).join(''));
    return 0;
  }
  process.stdout.write(`seed ${seed}\n`);
  let status = 0;
  for (const plan of chosen) {
    try {
      const done = await play(plan, { seconds, roundSeconds: ROUND_SECONDS, seed });
      const { calls, cuts, continued, fullResyncs, promotions } = done;
      process.stdout.write(
        `${plan.title}: same after ${calls} calls, ${cuts} cuts, ${continued} partial and ${fullResyncs} full ` +
          `synchronisations, ${promotions} promotions\n`,
      );
    } catch (error) {
      status = 1;
      process.stdout.write(`${plan.title}: ${(error as Error).stack}\n`);
      process.stdout.write(`Again: npm run interop -- --seed ${seed} --only '${plan.title}'\n`);
    }
  }
  return status;
}

function complain(text: string): number {
  process.stderr.write(`${text}\n`);
  return 2;
}

process.exitCode = await main();
