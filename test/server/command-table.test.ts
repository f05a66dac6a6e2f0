import { describe, expect, it } from 'vitest';
import { CommandTable } from '../../src/server/command-table.ts';
import { serverFamilies } from '../../src/topology/compose.ts';
import { type CommandFacts, factsOf, readCommandFacts } from './command-facts.ts';
import { missingCommands } from './missing-commands.ts';

const facts = readCommandFacts();
const table = new CommandTable(serverFamilies);

describe('The command table', () => {
  it.each(table.all.map((command) => [command.fullName, command] as const))(
    'describes %s as Redis does',
    (name, command) => {
      const { subcommands: _, ...expected } = facts.get(name) ?? ({} as CommandFacts);
      expect(factsOf(command)).toEqual(expected);
    },
  );

  it.each(table.all.map((command) => [command.fullName, command] as const))(
    'says what %s is for',
    (_, { row, subcommands }) => {
      expect(row.summary).toMatch(/^[A-Z(].*[^.]$/);
      expect(row.run !== undefined || subcommands.length > 0).toBe(true);
    },
  );

  it('has every command of Redis but those that are listed as missing', () => {
    const missing = [...facts.keys()].filter((name) => table.named(name) === null);
    expect(missing.sort()).toEqual(Object.values(missingCommands).flat().sort());
  });

  it('gives each command a number of its own', () => {
    expect(table.all.map(({ id }) => id)).toEqual(table.all.map((_, index) => index));
  });
});
