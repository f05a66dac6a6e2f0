/**
 * The families of this server, and stand-ins for the commands of redis-server 7.0.15 that it does not have yet: with
 * their names and ACL categories, but without keys and handlers. Whoever describes sets of commands needs them all.
 */
import { type Category, type Family, family, type Row } from '../../src/commands/row.ts';
import { standaloneFamilies } from '../../src/server/families.ts';
import { type CommandFacts, readCommandFacts } from '../server/command-facts.ts';

export function allCommands(): Family[] {
  const facts = [...readCommandFacts().values()].filter(({ name }) => !name.includes('|'));
  const known = new Map(standaloneFamilies.flatMap(({ rows }) => rows.map((row) => [row.name, row])));
  const missing = facts.filter(({ name }) => !known.has(name)).map(standIn);
  const families = standaloneFamilies.map(({ group, rows }) =>
    family(
      group,
      rows.map((row) =>
        withSubcommands(
          row,
          facts.find(({ name }) => name === row.name)!,
        ),
      ),
    ),
  );
  return [...families, family('server', missing)];
}

function withSubcommands(row: Row, { subcommands = [] }: CommandFacts): Row {
  const known = new Set((row.subcommands ?? []).map(({ name }) => name));
  const missing = subcommands.map(standIn).filter(({ name }) => !known.has(name));
  return missing.length === 0 ? row : { ...row, subcommands: [...(row.subcommands ?? []), ...missing] };
}

function standIn({ name, arity, acl_categories, since, subcommands = [] }: CommandFacts): Row {
  const categories = acl_categories.map((word) => word.slice(1) as Category);
  return {
    name: name.split('|').at(-1)!,
    arity,
    flags: categories.includes('fast') ? ['fast'] : [],
    acl: categories,
    since,
    summary: '',
    ...(subcommands.length > 0 ? { subcommands: subcommands.map(standIn) } : {}),
  };
}
