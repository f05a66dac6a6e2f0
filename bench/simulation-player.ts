// A process of its own that plays simulations, for simulation.ts: what comes in its first argument, as often as it says.
// Leaves a line of JSON: what each took, in seconds of the processor, those of the compiler and the collector included.

import * as fc from 'fast-check';
import { play } from '../src/simulation/play.ts';
import { profileOf } from '../src/simulation/profiles.ts';
import { type Schedule, type ScheduleInput, scheduleOf } from '../src/simulation/schedule.ts';

export interface PlayOrder {
  /** Played again and again; or, of a profile, so many that are drawn. */
  readonly schedule: ScheduleInput | null;
  readonly profile: string;
  readonly count: number;
  /** Without, nobody judges: what the nodes and their world take alone. */
  readonly hasJudges: boolean;
}

export interface Played {
  readonly cpuSeconds: number;
  readonly simulatedSeconds: number;
  readonly events: number;
}

const SEED = 7;

function schedulesOf({ schedule, profile, count }: PlayOrder): Schedule[] {
  if (schedule !== null) return Array.from({ length: count }, () => scheduleOf(schedule));
  return fc.sample(profileOf(profile)!.schedules('wide'), { seed: SEED, numRuns: count });
}

function playOne(schedule: Schedule, hasJudges: boolean): Played {
  const before = process.cpuUsage();
  const { violation, simulatedMs, events } = play(schedule, hasJudges ? {} : { checkers: [] });
  const { user, system } = process.cpuUsage(before);
  if (violation !== null) throw new Error(`${violation.checker}: ${violation.text}`);
  return { cpuSeconds: (user + system) / 1e6, simulatedSeconds: simulatedMs / 1000, events };
}

const order = JSON.parse(process.argv[2]!) as PlayOrder;
const played = schedulesOf(order).map((schedule) => playOne(schedule, order.hasJudges));
process.stdout.write(`${JSON.stringify(played)}\n`);
