/**
 * Plays an arrangement: a full synchronisation, then rounds of writes with cuts, after each of which all servers must
 * hold the same. Between rounds the master changes, there and back.
 */
import { Arrangement, type Outcome, type Plan } from './arrangement.ts';

export interface PlayOptions {
  readonly seconds: number;
  readonly roundSeconds: number;
  readonly seed: number;
}

/** Throws a report of what differs. */
export async function play(plan: Plan, { seconds, roundSeconds, seed }: PlayOptions): Promise<Outcome> {
  await using arrangement = await Arrangement.open(plan, seed);
  try {
    await playRounds(arrangement, seconds, Math.max(2, Math.round(seconds / roundSeconds)));
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${await arrangement.describe()}`, { cause: error });
  }
  return arrangement.outcome;
}

async function playRounds(arrangement: Arrangement, seconds: number, rounds: number): Promise<void> {
  await arrangement.synchronise();
  for (let round = 0; round < rounds; round++) {
    await arrangement.write((seconds * 1000) / rounds);
    // There in the middle, back at the end: what is written while roles are exchanged counts too.
    if (round === Math.floor(rounds / 2) - 1 || round === rounds - 1) await arrangement.promote();
  }
}
