/**
 * How often the small budget of `npm test` draws each command and each option. The list of both is the command table's
 * own: a new command that no family plays is a gap, and so is a new word in a command's syntax.
 */
import { type ArgumentDoc, parseSyntax } from '../../src/server/command-docs.ts';
import { CommandTable, type Command } from '../../src/server/command-table.ts';
import { serverFamilies } from '../../src/topology/compose.ts';
import { FIXED_SEED } from '../support/fixed-seed.ts';
import type { Call, Family } from './suite.ts';

/** Commands that are not played beside redis-server, and why. With a bar, a subcommand; with a blank, an option. */
export const leftOut: Readonly<Record<string, string>> = {
  bgrewriteaof: 'writes files: test/server/persistence has it',
  bgsave: 'writes files: test/server/persistence has it',
  'config|rewrite': 'writes a file: test/twin/config.test.ts compares it',
  failover: 'needs replicas',
  lolwut: 'draws for the eye',
  'memory|malloc-stats': 'says what the allocator of the other one counts',
  migrate: 'needs another server',
  'module|load': 'loads machine code',
  'module|loadex': 'loads machine code',
  'module|unload': 'there is nothing to unload',
  pfselftest: 'takes seconds and answers OK',
  psync: 'makes the client a replica',
  replconf: 'makes the client a replica',
  save: 'writes a file: test/server/persistence has it',
  'script|debug': 'refuses to be called in a pipeline, and stops the server for a debugger',
  shutdown: 'ends the server: test/topology has it',
  slaveof: 'makes the server a replica',
  sync: 'makes the client a replica',
};

/** One count of the table. */
export interface Item {
  readonly command: string;
  /** A word of the command's syntax; null counts the command. */
  readonly token: string | null;
  count: number;
}

/** The calls that `npm test` draws. */
export function drawCalls(families: readonly Family[]): Call[] {
  const suites = families.flatMap((family) => family.suites);
  return suites.flatMap((suite) => suite.sample(suite.runs, FIXED_SEED));
}

/** By command: how often the calls have it, and each word of its syntax. */
export function countItems(calls: readonly Call[]): Map<string, Item[]> {
  const table = new CommandTable(serverFamilies);
  const runnable = table.all.filter(({ run }) => run !== null);
  const items = new Map(runnable.map((command) => [command.fullName, itemsOf(command)]));
  for (const call of calls) {
    const words = new Set(call.map((arg) => arg.toUpperCase()));
    for (const item of items.get(commandOf(table, call)?.fullName ?? '') ?? []) {
      if (item.token === null || words.has(item.token)) item.count++;
    }
  }
  return items;
}

function itemsOf({ fullName, row }: Command): Item[] {
  const tokens = new Set(parseSyntax(row.syntax ?? '').flatMap(tokensOf));
  return [null, ...tokens].map((token) => ({ command: fullName, token, count: 0 }));
}

function tokensOf(arg: ArgumentDoc): string[] {
  return [...(arg.token === null ? [] : [arg.token.toUpperCase()]), ...arg.arguments.flatMap(tokensOf)];
}

function commandOf(table: CommandTable, call: Call): Command | null {
  const command = table.named(call[0]!.replaceAll('|', ' '));
  return command?.subcommands.find(({ row }) => row.name === call[1]?.toLowerCase()) ?? command;
}

/** What was never drawn, though nothing is said against it. */
export function coverageGaps(calls: readonly Call[]): string[] {
  const items = [...countItems(calls).values()].flat();
  const missing = items.filter(({ command, token, count }) => count === 0 && !isLeftOut(command, token));
  return missing.map(({ command, token }) => (token === null ? command : `${command} ${token}`));
}

function isLeftOut(command: string, token: string | null): boolean {
  return command in leftOut || `${command} ${token}` in leftOut;
}

/** A line per command: how often it was drawn, and with which options. */
export function coverageTable(calls: readonly Call[]): string {
  const lines = [...countItems(calls)].sort().map(([command, items]) => {
    const reason = leftOut[command];
    const options = items.filter(({ token }) => token !== null).map(({ token, count }) => `${token} ${count}`);
    const counts = reason ?? [String(items[0]!.count).padStart(7), ...options].join('  ');
    return `${command.padEnd(24)}${reason === undefined ? '' : '      - '}${counts}\n`;
  });
  return lines.join('');
}
