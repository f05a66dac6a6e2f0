/**
 * What runs in a process of its own, over whichever sources it was bundled with: plays schedules of a profile until one
 * fails, or one schedule. The order comes as JSON in the first argument, the report leaves as JSON on standard output.
 */
import * as fc from 'fast-check';
import { profiles } from '../profiles.ts';

export interface Order {
  readonly profile: string;
  readonly seed: number;
  readonly schedules: number;
  /** Ends after that time, whatever came of it. */
  readonly budgetMs: number;
  /** Plays this one alone. */
  readonly schedule?: unknown;
}

export interface Report {
  readonly played: number;
  readonly simulatedMs: number;
  readonly failure: { readonly checker: string; readonly text: string; readonly schedule: unknown } | null;
}

type Played = { violation: string | null; simulatedMs: number };

function play(profile: string, schedule: unknown): Played {
  const found = profiles.find(({ name }) => name === profile);
  if (found === undefined) throw new Error(`there is no profile ${profile}`);
  try {
    return found.play(schedule);
  } catch (error) {
    // A mutant may break what it was built into: that is not a checker's merit.
    return { violation: `crash: ${(error as Error).stack ?? String(error)}`, simulatedMs: 0 };
  }
}

function search({ profile, seed, schedules, budgetMs }: Order): Report {
  const { schedules: drawn } = profiles.find(({ name }) => name === profile)!;
  let played = 0;
  let simulatedMs = 0;
  let failure: Report['failure'] = null;
  const property = fc.property(drawn, (schedule) => {
    const outcome = play(profile, schedule);
    played++;
    simulatedMs += outcome.simulatedMs;
    if (outcome.violation === null) return true;
    failure = { ...checkerOf(outcome.violation), schedule };
    return false;
  });
  fc.check(property, { numRuns: schedules, seed, endOnFailure: true, interruptAfterTimeLimit: budgetMs });
  return { played, simulatedMs, failure };
}

function checkerOf(violation: string): { checker: string; text: string } {
  const [, checker, text] = /^([A-Z]\d+|crash): (.*)$/s.exec(violation) ?? [];
  return checker === undefined ? { checker: '', text: violation } : { checker, text: text! };
}

function main(order: Order): void {
  let report: Report;
  if (order.schedule === undefined) report = search(order);
  else {
    const { violation, simulatedMs } = play(order.profile, order.schedule);
    const failure = violation === null ? null : { ...checkerOf(violation), schedule: order.schedule };
    report = { played: 1, simulatedMs, failure };
  }
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

main(JSON.parse(process.argv[2]!) as Order);
