/** npm run twin: see options.ts. */
import { parseOptions, UsageError, USAGE, type Options } from './options.ts';
import { coverageGaps, coverageTable, drawCalls } from './coverage.ts';
import { families } from './families.ts';
import { findProblem } from '../support/requires.ts';
import { check, type Family } from './suite.ts';

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(
    args,
    families.map(({ name }) => name),
  );
  if (options.mode === 'play') return playAll(options);
  if (options.mode === 'coverage') return showCoverage();
  process.stdout.write(options.mode === 'help' ? USAGE : families.map(({ name }) => `${name}\n`).join(''));
  return 0;
}

function showCoverage(): number {
  const calls = drawCalls(families);
  process.stdout.write(coverageTable(calls));
  const gaps = coverageGaps(calls);
  for (const gap of gaps) process.stderr.write(`never drawn: ${gap}\n`);
  return gaps.length === 0 ? 0 : 1;
}

async function playAll(options: Options): Promise<number> {
  const problem = findProblem(['redis-server']);
  if (problem !== null) throw new UsageError(problem);
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 31);
  process.stdout.write(`seed ${seed}\n`);
  let status = 0;
  for (const name of options.families) {
    if (
      !(await play(
        families.find((family) => family.name === name)!,
        options.calls,
        seed,
      ))
    )
      status = 1;
  }
  return status;
}

/** @returns whether both servers were the same. */
async function play(family: Family, callsMax: number, seed: number): Promise<boolean> {
  const share = Math.ceil(callsMax / family.suites.length);
  const startedMs = performance.now();
  let played = 0;
  for (const suite of family.suites) {
    const onRound = (calls: number): void => showProgress(family.name, played + calls, callsMax);
    const { calls, failure } = await check(family.name, suite, { calls: share, seed, onRound });
    played += calls;
    if (failure === null) continue;
    clearProgress();
    process.stdout.write(`${family.name}: differs after ${played} calls\n${failure}\n`);
    return false;
  }
  clearProgress();
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
  process.stdout.write(`${family.name}: ${played} calls without a difference, ${seconds} s\n`);
  return true;
}

function showProgress(family: string, calls: number, callsMax: number): void {
  if (process.stdout.isTTY) process.stdout.write(`\r${family}: ${calls} of ${callsMax} calls`);
}

function clearProgress(): void {
  if (process.stdout.isTTY) process.stdout.write('\r\x1b[K');
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof UsageError ? error.message : (error as Error).stack}\n`);
  process.exitCode = 2;
}
