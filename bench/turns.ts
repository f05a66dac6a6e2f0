// Lets two servers be measured in turns, one figure in ms each time, and shows what came of it.

import type { Contestant } from './contestants.ts';
import { formatNumber, formatTable, progress } from './report.ts';
import type { Report, Run } from './run.ts';
import { median } from './statistics.ts';

export interface Measured {
  /** What the figures are: the head of the table's first column. */
  readonly what: string;
  /** Unless `--rounds` says otherwise. */
  readonly rounds: number;
  readonly note: string;
  readonly measure: (contestant: Contestant) => Promise<number>;
}

export async function takeTurns(run: Run, { what, rounds: usual, note, measure }: Measured): Promise<Report> {
  const rounds = run.options.rounds ?? usual;
  const contestants = run.contestants.slice(0, 2);
  const samples: Record<string, number[]> = Object.fromEntries(contestants.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const contestant of contestants) {
      progress(`round ${round} of ${rounds}: ${contestant.name}`);
      samples[contestant.name]!.push(await measure(contestant));
    }
  }
  const rows = contestants.map(({ name }) => {
    const taken = samples[name]!;
    return [name, ...[median(taken), Math.min(...taken), Math.max(...taken)].map((ms) => formatNumber(ms))];
  });
  return { table: formatTable([what, 'median', 'fastest', 'slowest'], rows), notes: [note], data: { samples } };
}
