import { describe, expect, it } from 'vitest';
import { CommandTable } from '../../../src/server/command-table.ts';
import { sentinelCommands } from '../../../src/topology/compose-sentinel.ts';
import { type CommandFacts, factsOf, readCommandFacts } from '../../server/command-facts.ts';

const facts = readCommandFacts('sentinel');
const table = new CommandTable(sentinelCommands);

describe('the commands of a sentinel', () => {
  it('are those of redis-sentinel, and no others', () => {
    expect(table.byName.size).toBe(15);
    expect(table.all.map(({ fullName }) => fullName).sort()).toEqual([...facts.keys()].sort());
  });

  it.each(table.all.map((command) => [command.fullName, command] as const))(
    'are described as redis-sentinel describes them: %s',
    (name, command) => {
      const { subcommands: _, ...expected } = facts.get(name) ?? ({} as CommandFacts);
      expect(factsOf(command)).toEqual(expected);
      expect(command.row.summary).toMatch(/^[A-Z(].*[^.]$/);
    },
  );
});
