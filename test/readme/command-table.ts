/**
 * The table of commands in README.md, made from the rows of the server's and the sentinel's command tables: a line per group, each
 * command with its subcommands. `npm run docs:commands` writes it; a test says when that is due.
 */
import type { Group } from '../../src/commands/row.ts';
import { type Command, CommandTable } from '../../src/server/command-table.ts';
import { serverFamilies } from '../../src/topology/compose.ts';
import { sentinelCommands } from '../../src/topology/compose-sentinel.ts';

const BEGIN = '<!-- commands:begin -->';
const END = '<!-- commands:end -->';

/** In the order of the table. */
const GROUPS: readonly (readonly [group: Group, title: string])[] = [
  ['generic', 'keys'],
  ['string', 'strings'],
  ['list', 'lists'],
  ['hash', 'hashes'],
  ['set', 'sets'],
  ['sorted-set', 'sorted sets'],
  ['stream', 'streams'],
  ['bitmap', 'bitmaps'],
  ['hyperloglog', 'HyperLogLog'],
  ['geo', 'geo'],
  ['pubsub', 'pub/sub'],
  ['transactions', 'transactions'],
  ['scripting', 'scripting'],
  ['connection', 'connections'],
  ['server', 'the server'],
  ['cluster', 'cluster'],
  ['sentinel', 'Sentinel'],
];

/** Of a server, and what only a sentinel has. */
export function allCommands(): readonly Command[] {
  const own = sentinelCommands.filter(({ group }) => group === 'sentinel');
  return new CommandTable([...serverFamilies, ...own]).all;
}

/** The table, as Markdown. */
export function commandTable(): string {
  const commands = allCommands().filter(({ parent }) => parent === null);
  const lines = GROUPS.flatMap(([group, title]) => {
    const names = commands.filter((command) => command.group === group).map(describe);
    return names.length === 0 ? [] : [`| ${title} | ${names.length} | ${names.sort().join(', ')} |`];
  });
  return ['| about | commands | |', '|---|---:|---|', ...lines].join('\n');
}

function describe({ fullName, subcommands }: Command): string {
  const name = fullName.toUpperCase();
  if (subcommands.length === 0) return name;
  const own = subcommands.map(({ row }) => row.name.toUpperCase()).filter((word) => word !== 'HELP');
  return `${name} (${own.sort().join(', ')})`;
}

/** Puts the table between the markers. Throws if `readme` has none. */
export function withCommandTable(readme: string): string {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`README.md needs the lines ${BEGIN} and ${END}, in that order.`);
  return `${readme.slice(0, begin + BEGIN.length)}\n\n${commandTable()}\n\n${readme.slice(end)}`;
}
