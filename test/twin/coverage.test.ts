import { describe, expect, it } from 'vitest';
import { CommandTable } from '../../src/server/command-table.ts';
import { serverFamilies } from '../../src/topology/compose.ts';
import { missingCommands } from '../server/missing-commands.ts';
import { coverageGaps, coverageTable, countItems, drawCalls, leftOut } from './coverage.ts';
import { families } from './families.ts';

const calls = drawCalls(families);

/** Without an option. */
function commandOf(name: string): string {
  return name.split(' ', 1)[0]!;
}

describe('The twin tests of npm test', () => {
  it('draw every command and every option that the command table names', () => {
    expect(coverageGaps(calls)).toEqual([]);
  });

  it('leave out only commands that there are or will be', () => {
    const table = new CommandTable(serverFamilies);
    const coming = new Set(Object.values(missingCommands).flat());
    expect(
      Object.keys(leftOut).filter((name) => table.named(commandOf(name)) === null && !coming.has(commandOf(name))),
    ).toEqual([]);
  });

  it('leave out nothing that they draw anyway', () => {
    const items = countItems(calls);
    const drawn = Object.keys(leftOut).filter((name) => items.get(name)?.every(({ count }) => count > 0));
    expect(drawn).toEqual([]);
  });
});

describe('The coverage table', () => {
  it('counts commands and the words of their syntax in any case', () => {
    const items = countItems([
      ['SET', 'k', 'v', 'nx', 'EX', '5'],
      ['set', 'k', 'v', 'GET'],
      ['config', 'GET', '*'],
      ['nosuch', 'k'],
    ]);
    const counts = new Map(items.get('set')!.map(({ token, count }) => [token, count]));
    expect(counts.get(null)).toBe(2);
    expect([counts.get('NX'), counts.get('XX'), counts.get('GET'), counts.get('EX')]).toEqual([1, 0, 1, 1]);
    expect(items.get('config|get')![0]!.count).toBe(1);
  });

  it('reports what was never drawn', () => {
    const gaps = coverageGaps([['SET', 'k', 'v', 'NX']]);
    expect(gaps).toContain('get');
    expect(gaps).toContain('set XX');
    expect(gaps).not.toContain('set NX');
    expect(gaps).not.toContain('shutdown');
  });

  it('is a line per command', () => {
    const table = coverageTable([['SET', 'k', 'v', 'NX']]);
    expect(table).toMatch(/^set +1 {2}NX 1 {2}XX 0 {2}GET 0 /m);
    expect(table).toMatch(/^shutdown +- ends the server/m);
  });
});
