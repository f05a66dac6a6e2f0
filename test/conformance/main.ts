/**
 * `npm run conformance`: Redis' own Tcl test suite, unmodified, against this server.
 *
 * main → options → playground (source, server) → run-unit (several at a time) → output → report and ratchet.
 * A unit that falls below its ratchet runs once more, alone, before it counts: the suite has tests that watch the
 * clock, and a busy machine makes them fail now and then.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cacheFolder, projectRoot } from '../support/project.ts';
import { parseOptions, USAGE, UsageError, type Options } from './options.ts';
import { Playground } from './playground.ts';
import { claimPortBlock } from './ports.ts';
import { ciShare, findGains, findRegressions, formatRatchet, parseRatchet, raiseRatchet } from './ratchet.ts';
import type { Ratchet, Regression } from './ratchet.ts';
import { closingLine, describeRegression, describeResult, readmeTable, replaceTable } from './report.ts';
import { tableHeading, toJson, unitLabel } from './report.ts';
import { ProcessGroups, runUnit, type UnitResult } from './run-unit.ts';
import { MissingPrerequisite } from './source.ts';
import { selectUnits, type Counts, type Unit } from './suites.ts';

const folder = join(projectRoot, 'test/conformance');
const ratchetFile = join(folder, 'ratchet.json');
const readmeFile = join(projectRoot, 'README.md');
const EXPECTED_VERSION = '7.0.15';

interface Run {
  readonly options: Options;
  readonly playground: Playground;
  readonly groups: ProcessGroups;
  readonly outFolder: string;
  readonly expected: Counts;
}

async function main(): Promise<number> {
  if (process.argv.includes('--help')) {
    process.stdout.write(USAGE);
    return 0;
  }
  const options = parseOptions(process.argv.slice(2));
  const ratchet = parseRatchet(readFileSync(ratchetFile, 'utf8'));
  const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Counts;
  if (options.selection === 'none') {
    writeReadme(ratchet, expected);
    return 0;
  }
  const run: Run = {
    options,
    playground: new Playground(),
    groups: new ProcessGroups(),
    outFolder: resolve(options.out ?? join(cacheFolder, 'conformance')),
    expected,
  };
  const stop = endOnSignals(run);
  try {
    return await runAndReport(run, ratchet);
  } finally {
    run.groups.endAll();
    run.playground.close();
    stop();
  }
}

async function runAndReport(run: Run, ratchet: Ratchet): Promise<number> {
  const { options, expected, playground } = run;
  await playground.prepare(options.source, options.server);
  if (playground.version !== EXPECTED_VERSION) {
    print(`The suite is that of Redis ${playground.version}; the expected counts are of ${EXPECTED_VERSION}.`);
  }
  mkdirSync(run.outFolder, { recursive: true });
  const first = await runAll(run, chooseUnits(run, ratchet), options.jobs);
  const judged = options.suiteOptions.length === 0;
  const results = judged ? await secondChance(run, ratchet, first) : first;
  const regressions = judged ? findRegressions(ratchet, results) : null;
  if (options.json !== undefined) writeFileSync(options.json, toJson(results, expected, options.server ?? 'resplica'));
  const held = judged ? applyGains(run, ratchet, results) : ratchet;
  if (options.readme) writeReadme(held, expected);
  print(`\nFull outputs: ${run.outFolder}`);
  for (const regression of regressions ?? []) print(describeRegression(regression));
  print(closingLine(results, expected, regressions));
  return regressions === null || regressions.length === 0 ? 0 : 1;
}

function chooseUnits({ options, playground }: Run, ratchet: Ratchet): Unit[] {
  if (options.selection === 'ci') return ciShare(ratchet);
  const available = playground.units(options.suite);
  const names = options.selection === 'all' ? available : selectUnits(available, options.units);
  return names.map((name) => ({ suite: options.suite, name }));
}

/** Runs the units, `jobs` at a time, and prints each as it ends. Results come in the order of `units`. */
async function runAll(run: Run, units: readonly Unit[], jobs: number): Promise<UnitResult[]> {
  print(tableHeading());
  const results: UnitResult[] = [];
  const queue = [...units.entries()];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [at, unit] = next;
      results[at] = await runInCopy(run, unit);
      print(describeResult(results[at], run.expected[unit.suite][unit.name]));
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  return results;
}

async function runInCopy({ options, playground, groups, outFolder }: Run, unit: Unit): Promise<UnitResult> {
  const ports = await claimPortBlock();
  const copy = playground.copy(unit, ports.basePort);
  try {
    const logFile = join(outFolder, `${unitLabel(unit).replaceAll('/', '_')}.log`);
    const { limitSeconds, suiteOptions } = options;
    return await runUnit({ unit, folder: copy, basePort: ports.basePort, limitSeconds, logFile, suiteOptions }, groups);
  } finally {
    playground.discard(copy);
    ports.release();
  }
}

/** Runs the regressed units once more, one at a time, and keeps the better result of each. */
async function secondChance(run: Run, ratchet: Ratchet, results: UnitResult[]): Promise<UnitResult[]> {
  const regressed = findRegressions(ratchet, results);
  if (regressed.length === 0) return results;
  print(`\n${regressed.length} below the ratchet; once more, one at a time:`);
  const again = await runAll(run, regressed, 1);
  return results.map((result) => {
    const other = again.find(({ suite, name }) => suite === result.suite && name === result.name);
    return other !== undefined && other.passed > result.passed ? other : result;
  });
}

/** Returns the ratchet as it stands after the run, and writes it if asked to. */
function applyGains({ options }: Run, ratchet: Ratchet, results: readonly UnitResult[]): Ratchet {
  const gains: Regression[] = findGains(ratchet, results);
  if (options.updateRatchet) {
    const raised = raiseRatchet(ratchet, results);
    writeFileSync(ratchetFile, formatRatchet(raised));
    print(`\nratchet.json: ${gains.length} units raised.`);
    return raised;
  }
  if (gains.length > 0 && options.server === undefined) {
    print(`\n${gains.length} units pass more than the ratchet holds; --update-ratchet keeps that.`);
  }
  return ratchet;
}

function writeReadme(ratchet: Ratchet, expected: Counts): void {
  writeFileSync(readmeFile, replaceTable(readFileSync(readmeFile, 'utf8'), readmeTable(ratchet, expected)));
  print('README.md: table written.');
}

/** Ends the servers and removes the folders when the runner is interrupted. Returns a function that undoes this. */
function endOnSignals({ groups, playground }: Run): () => void {
  const end = (signal: NodeJS.Signals): void => {
    groups.endAll();
    playground.close();
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
  process.on('SIGINT', end).on('SIGTERM', end).on('SIGHUP', end);
  return () => void process.off('SIGINT', end).off('SIGTERM', end).off('SIGHUP', end);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  process.exitCode = await main();
} catch (error) {
  const expected = error instanceof UsageError || error instanceof MissingPrerequisite;
  process.stderr.write(`${expected ? error.message : (error as Error).stack}\n`);
  process.exitCode = 2;
}
