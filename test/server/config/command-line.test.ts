import { describe, expect, it } from 'vitest';
import { parseCommandLine, type ServerStart } from '../../../src/server/config/command-line.ts';

function parse(...args: string[]): ReturnType<typeof parseCommandLine> {
  return parseCommandLine('/usr/bin/redis-server', args, '/srv/data');
}

function optionsOf(...args: string[]): string | null {
  return (parse(...args) as ServerStart).options;
}

describe('the command line', () => {
  it('starts with defaults when it is empty', () => {
    expect(parse()).toEqual({ kind: 'start', sentinel: false, configFile: null, readsStdin: false, options: null });
  });

  it('asks for information by its first argument alone', () => {
    expect(parse('-v')).toEqual({ kind: 'version' });
    expect(parse('--version', 'x')).toEqual({ kind: 'version' });
    expect(parse('-h')).toEqual({ kind: 'help' });
    expect(parse('--help')).toEqual({ kind: 'help' });
    expect(parse('--check-system')).toEqual({ kind: 'check-system' });
    expect(parse('--test-memory', '12')).toEqual({ kind: 'test-memory', megabytes: 12 });
    expect(parse('--test-memory', 'x')).toEqual({ kind: 'test-memory', megabytes: 0 });
    expect(parse('--test-memory')).toEqual({ kind: 'test-memory', megabytes: null });
    expect(parse('--test-memory', '1', '2')).toEqual({ kind: 'test-memory', megabytes: null });
    expect(parse('--port', '1', '--help').kind).toBe('start');
  });

  it.each([
    ['redis.conf', '/srv/data/redis.conf'],
    ['/etc/redis.conf', '/etc/redis.conf'],
    ['./a/../b.conf', '/srv/data/./a/../b.conf'],
    ['../b.conf', '/srv/b.conf'],
    ['../../../b.conf', '/b.conf'],
    [' b.conf\n', '/srv/data/b.conf'],
  ])('makes the path %j absolute', (name, path) => {
    expect(parse(name)).toMatchObject({ configFile: path, options: '' });
  });

  it('reads standard input for a dash in the first or the last place', () => {
    expect(parse('-')).toMatchObject({ readsStdin: true, options: '' });
    expect(parse('-', '--port', '1')).toMatchObject({ readsStdin: true, options: 'port "1" ' });
    expect(parse('a.conf', '--port', '1', '-')).toMatchObject({ readsStdin: true, options: 'port "1" ' });
    expect(parse('a.conf', '-', '--port', '1')).toMatchObject({ readsStdin: false, options: '"-" \nport "1" ' });
  });

  it.each<[string[], string]>([
    [['--port', '1'], 'port "1" '],
    [['--port', '1', '--bind', 'a', 'b'], 'port "1" \nbind "a" "b" '],
    [['--save 1 2'], 'save 1 2 '],
    [['--save 1 2', '--port', '1'], 'save 1 2 \nport "1" '],
    [['--masterauth', '--x', '--port', '1'], 'masterauth "--x" \nport "1" '],
    [['--save', '--port', '1'], 'save ""\nport "1" '],
    [['--SAVE'], 'SAVE ""'],
    [['--save', '1', '2'], 'save "1" "2" '],
    [['--sentinel', '--port', '1'], 'sentinel \nport "1" '],
    [['--port', '1', '--sentinel'], 'port "1" \nsentinel '],
    [['--requirepass', 'a "b"\n\u00e9'], String.raw`requirepass "a \"b\"\n\xc3\xa9" `],
    [['--port'], 'port '],
    [['x.conf', 'stray'], '"stray" '],
  ])('turns %j into configuration', (args, options) => {
    expect(optionsOf(...args)).toBe(options);
  });

  it('knows sentinel by an argument or by the name of the program', () => {
    expect(parse('s.conf', '--sentinel')).toMatchObject({ sentinel: true });
    expect(parse('s.conf', '--sentinel yes')).toMatchObject({ sentinel: false });
    expect(parseCommandLine('/opt/redis-sentinel', ['s.conf'], '/')).toMatchObject({ sentinel: true });
    expect(parseCommandLine('/opt/redis-sentinel/redis-server', ['s.conf'], '/')).toMatchObject({ sentinel: false });
  });
});
