/** `resplica sim view`: one page of HTML of a schedule, which is played for it, or of a history that was written down. */
import { replay } from '../replay.ts';
import { viewOfHistory, viewOfOutcome } from '../view/viewed-run.ts';
import { renderPage } from '../view/page.ts';
import { EXIT } from './exit.ts';
import { type Input, readInput } from './input.ts';
import { parseOptions } from './options.ts';
import type { Terminal } from './terminal.ts';

export function viewCommand(args: readonly string[], terminal: Terminal): number {
  const parsed = parseOptions(args, { values: ['out'] });
  const input = readInput(parsed.positionals, terminal);
  const script = terminal.readViewer();
  const run =
    input.kind === 'history' ? viewOfHistory(input.entries) : viewOfOutcome(replay(input.schedule), input.schedule);
  const file = parsed.values.get('out') ?? pageFor(parsed.positionals[0]!, input);
  terminal.writeFile(file, renderPage(run, script));
  terminal.out(`${file}\n`);
  return EXIT.fine;
}

/** Beside a file; in the working directory for what came as text. */
function pageFor(source: string, input: Input): string {
  if (source !== '-' && !source.trimStart().startsWith('{')) return `${source.replace(/\.jsonl?$/, '')}.html`;
  return input.kind === 'schedule' ? `sim-${input.schedule.topology.kind}-${input.schedule.seed}.html` : 'sim.html';
}
