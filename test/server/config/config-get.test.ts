import { describe, expect, it } from 'vitest';
import { Config } from '../../../src/server/config/config.ts';
import { parametersByName } from '../../../src/server/config/parameters.ts';
import { MemoryDisk } from './memory-disk.ts';

const config = new Config({ disk: new MemoryDisk(), workingDirectory: '/srv' });

function namesOf(...patterns: string[]): string[] {
  return config.get(patterns).map(([name]) => name);
}

describe('CONFIG GET', () => {
  it('shows everything but hidden parameters for *', () => {
    expect(namesOf('*')).toHaveLength(192);
    expect(new Set(namesOf('*')).size).toBe(192);
  });

  it('shows a hidden parameter to who knows its name', () => {
    expect(config.get(['key-load-delay'])).toEqual([['key-load-delay', '0']]);
    expect(namesOf('key-load-dela?')).toEqual([]);
  });

  it('repeats the spelling of an exact name', () => {
    expect(config.get(['MaxMemory', 'maxmemory'])).toEqual([['MaxMemory', '0']]);
  });

  it('matches patterns in any case, first and second names alike', () => {
    expect(namesOf('*-PRIORITY')).toEqual(['replica-priority', 'slave-priority']);
    expect(namesOf('slave-pri[oO]rity', 'slave-priority')).toEqual(['slave-priority']);
  });

  it('shows nothing for unknown names, bad patterns and no pattern', () => {
    expect(namesOf('nope', 'nop*', '[', '')).toEqual([]);
    expect(namesOf()).toEqual([]);
  });

  it('does not take names with a NUL for names', () => {
    expect(namesOf('port\0', 'por*\0x')).toEqual(['port']);
  });

  it('starts sentinel from other defaults', () => {
    const sentinel = new Config({ disk: new MemoryDisk(), workingDirectory: '/srv', sentinel: true });
    expect(sentinel.get(['port', 'protected-mode'])).toEqual([
      ['port', '26379'],
      ['protected-mode', 'no'],
    ]);
  });

  it('gives two configurations values of their own', () => {
    const other = new Config({ disk: new MemoryDisk(), workingDirectory: '/srv' });
    other.assign('timeout', '77');
    expect(config.values.timeout).toBe(0);
    expect(parametersByName.get('timeout')!.parameter.initial.text).toBe('0');
  });
});

describe('the paths of a configuration', () => {
  it('start in dir, decoded from UTF-8', () => {
    const disk = new MemoryDisk();
    disk.makeDirectory('/srv/ä');
    const config = new Config({ disk, workingDirectory: '/srv' });
    config.assign('dir', 'Ã¤');
    expect(config.values.dir).toBe('/srv/Ã¤');
    expect(config.path('log.txt')).toBe('/srv/ä/log.txt');
    expect(config.path('/log.txt')).toBe('/log.txt');
  });
});
