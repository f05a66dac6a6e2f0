import { describe, expect, it } from 'vitest';
import { startTestServer } from '../support/in-process.ts';
import { readCommandFacts } from '../server/command-facts.ts';
import { missingCommands } from '../server/missing-commands.ts';
import { readText } from '../tidy/source-file.ts';
import { allCommands, commandTable, withCommandTable } from './command-table.ts';

describe('The table of commands in README.md', () => {
  it('is the one that `npm run docs:commands` writes', () => {
    const readme = readText('README.md');
    expect(readme).toBe(withCommandTable(readme));
  });

  it('has every command in one of its lines', () => {
    const all = allCommands();
    const words = commandTable().split(/[^A-Z_-]+/);
    for (const { fullName, row } of all) {
      if (row.name !== 'help') expect(words, fullName).toContain(row.name.toUpperCase());
    }
    const total = [...commandTable().matchAll(/\| (\d+) \|/g)].reduce((sum, [, count]) => sum + Number(count), 0);
    expect(total).toBe(all.filter(({ parent }) => parent === null).length);
  });

  it('needs its markers', () => {
    expect(() => withCommandTable('# resplica\n')).toThrow('README.md needs the lines');
  });
});

describe('COMMAND LIST', () => {
  it("has every name of redis-server's, but those of commands to come, and no other", () => {
    const listed = new Set(startTestServer().call('COMMAND', 'LIST') as string[]);
    const toCome = new Set(Object.values(missingCommands).flat());
    const names = [...readCommandFacts().keys()];
    expect(names.filter((name) => !listed.has(name) && !toCome.has(name))).toEqual([]);
    expect([...listed].filter((name) => !names.includes(name))).toEqual([]);
  });
});
