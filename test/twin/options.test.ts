import { describe, expect, it } from 'vitest';
import { parseOptions, UsageError } from './options.ts';

const KNOWN = ['strings', 'lists'];

describe('the command line of the twin tests', () => {
  it('plays 100 000 calls of every family with a new seed when nothing is asked for', () => {
    expect(parseOptions([], KNOWN)).toEqual({ families: KNOWN, calls: 100_000, seed: undefined, mode: 'play' });
  });

  it('takes families, each once, a number of calls and a seed', () => {
    const options = parseOptions(['lists', 'lists', '--runs', '5', '--seed=-7'], KNOWN);
    expect(options).toEqual({ families: ['lists'], calls: 5, seed: -7, mode: 'play' });
  });

  it('shows the coverage, the families or its help', () => {
    expect(parseOptions(['--coverage'], KNOWN).mode).toBe('coverage');
    expect(parseOptions(['--list'], KNOWN).mode).toBe('list');
    expect(parseOptions(['--help'], KNOWN).mode).toBe('help');
  });

  it.each([
    [['hashes'], 'There is no family hashes. There are: strings, lists.'],
    [['--runs', '0'], '--runs is a whole number from 1 to 1000000000.'],
    [['--runs', 'many'], '--runs is a whole number'],
    [['--runs', ''], '--runs is a whole number'],
    [['--seed', '1.5'], '--seed is a whole number from -2147483648 to 2147483647.'],
    [['--seed'], "'--seed <value>' argument missing"],
    [['--nosuch'], "Unknown option '--nosuch'"],
    [['--coverage', '--list'], '--coverage, --list and --help exclude each other.'],
    [['--coverage', 'lists'], '--coverage takes no families.'],
  ])('refuses %j', (args, message) => {
    expect(() => parseOptions(args, KNOWN)).toThrow(UsageError);
    expect(() => parseOptions(args, KNOWN)).toThrow(message);
  });
});
