/**
 * `resplica sim`: looks for schedules of faults that break a promise, plays one again, and makes a page of it. A plain
 * server never loads this.
 */
import { EXIT } from './exit.ts';
import { replayCommand } from './replay.ts';
import { scenarios } from '../scenarios/all.ts';
import { runCommand } from './run.ts';
import { type Terminal, UsageError } from './terminal.ts';
import { viewCommand } from './view.ts';

export const USAGE = `Usage: resplica sim run [--profile sentinel|cluster|replication|all] [--schedules N | --seconds S]
                        [--seed N [--path P]] [--save FILE] [--must-cover]
       resplica sim replay SCHEDULE [--all] [--quiet] [--history FILE]
       resplica sim view SCHEDULE [--out FILE.html]
       resplica sim scenarios

SCHEDULE is a file, the JSON itself, the name of a scenario, or - for standard input.

run     plays schedules of faults in simulated worlds. The first that breaks a promise is made as small as possible and
        printed with the command that plays it again.
          --profile     what is simulated; sentinel by default
          --schedules   how many; 1000 by default       --seconds   until so many seconds have passed
          --seed        of the search; a new one each time by default
          --path        with --seed: the one schedule that a failure names
          --save        writes the schedule that failed to a file
          --must-cover  fails if something that should happen never did
replay  plays one schedule and tells what happens, a line for each change.
          --all         operations, messages and logs too
          --quiet       only how it ends
          --history     writes everything to a file, one line of JSON each
view    makes one HTML page of a schedule, or of a file that replay --history wrote.
scenarios  names schedules that somebody has thought of, and what they show.

Exit status: 0 all promises were kept, 1 one was broken, 2 wrong usage, 3 something never happened.
`;

type Command = (args: readonly string[], terminal: Terminal) => number;

const COMMANDS: Readonly<Record<string, Command>> = {
  run: (args, terminal) => runCommand(args, terminal),
  replay: replayCommand,
  view: viewCommand,
  scenarios: scenariosCommand,
};

/** @param args what follows `sim`. @returns the exit status */
export function simulationCommand(args: readonly string[], terminal: Terminal): number {
  const [name = '', ...rest] = args;
  if (name === '--help' || name === '-h' || name === 'help' || rest.includes('--help')) {
    terminal.out(USAGE);
    return EXIT.fine;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  try {
    if (command !== undefined) return command(rest, terminal);
    throw new UsageError(name === '' ? 'What shall be done?' : `There is no command ${name}.`);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    terminal.error(`${error.message}\n\n${USAGE}`);
    return EXIT.usage;
  }
}

function scenariosCommand(_args: readonly string[], terminal: Terminal): number {
  for (const { name, tells } of scenarios) terminal.out(`${name}\n  ${tells}\n`);
  return EXIT.fine;
}
