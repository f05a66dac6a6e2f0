import { describe, expect, it } from 'vitest';
import { type ArgumentDoc, parseSyntax } from '../../src/server/command-docs.ts';
import { type Command, CommandTable } from '../../src/server/command-table.ts';
import { serverFamilies } from '../../src/topology/compose.ts';
import type { KeySpec } from '../../src/commands/row.ts';
import { type ArgumentFacts, type CommandFacts, type KeySpecFacts, readCommandFacts } from './command-facts.ts';
import { missingCommands } from './missing-commands.ts';

const facts = readCommandFacts();
const table = new CommandTable(serverFamilies);

function factsOf(command: Command): CommandFacts {
  return {
    name: command.fullName,
    arity: command.arity,
    flags: command.visibleFlags,
    first_key: command.legacyRange.first,
    last_key: command.legacyRange.last,
    key_step: command.legacyRange.step,
    acl_categories: command.categories.map((name) => `@${name}`),
    tips: command.row.tips ?? [],
    key_specs: command.keys.map(describeSpec),
    group: command.group,
    since: command.row.since,
    ...docFlags(command),
    ...(command.row.deprecated && {
      deprecated_since: command.row.deprecated.since,
      replaced_by: command.row.deprecated.instead,
    }),
    ...(command.row.syntax !== undefined && { arguments: parseSyntax(command.row.syntax).map(describeArgument) }),
  };
}

function docFlags({ row }: Command): { doc_flags?: string[] } {
  const flags = [...(row.deprecated ? ['deprecated'] : []), ...(row.internal ? ['syscmd'] : [])];
  return flags.length === 0 ? {} : { doc_flags: flags };
}

function describeSpec({ flags, begin, find }: KeySpec): KeySpecFacts {
  return {
    flags: flags.split(' ').filter((word) => word !== ''),
    begin_search:
      'index' in begin
        ? { type: 'index', index: begin.index }
        : 'keyword' in begin
          ? { type: 'keyword', keyword: begin.keyword, startfrom: begin.from }
          : { type: 'unknown' },
    find_keys:
      'last' in find
        ? { type: 'range', lastkey: find.last, keystep: find.step, limit: find.limit }
        : 'count' in find
          ? { type: 'keynum', keynumidx: find.count, firstkey: find.first, keystep: find.step }
          : { type: 'unknown' },
  };
}

function describeArgument(argument: ArgumentDoc): ArgumentFacts {
  const flags = [
    ...(argument.optional ? ['optional'] : []),
    ...(argument.multiple ? ['multiple'] : []),
    ...(argument.multipleToken ? ['multiple_token'] : []),
  ];
  return {
    name: argument.name,
    type: argument.type,
    ...(argument.keySpec !== null && { key_spec_index: argument.keySpec }),
    ...(argument.token !== null && { token: argument.token }),
    ...(argument.since !== null && { since: argument.since }),
    ...(argument.deprecatedSince !== null && { deprecated_since: argument.deprecatedSince }),
    ...(flags.length > 0 && { flags }),
    ...(argument.arguments.length > 0 && { arguments: argument.arguments.map(describeArgument) }),
  };
}

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
