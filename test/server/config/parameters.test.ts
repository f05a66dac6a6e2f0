import { setFlagsFromString } from 'node:v8';
import { describe, expect, it } from 'vitest';
import { Config } from '../../../src/server/config/config.ts';
import { parameters, parametersByName } from '../../../src/server/config/parameters.ts';
import { MemoryDisk } from './memory-disk.ts';

const config = new Config({ disk: new MemoryDisk(), workingDirectory: '/srv' });

describe('the parameter table', () => {
  it('has the 178 parameters of Redis 7.0, five of them hidden, and nineteen second names', () => {
    expect(parameters).toHaveLength(178);
    expect(parameters.filter(({ rules }) => rules.hidden)).toHaveLength(5);
    expect(parametersByName.size).toBe(178 + 19);
  });

  it('states each default as the value and the text that its own type reads', () => {
    for (const { name, type, initial, rules } of parameters) {
      if (name === 'dir' || name === 'replicaof') continue;
      const args = rules.multiArgument ? initial.text.split(' ') : [initial.text];
      const parsed = type.parse(args, {
        current: initial,
        addsSavePoints: false,
        enterDirectory: () => ({ reason: 'not here' }),
        titleVariables: () => config.titleVariables('x'),
      });
      expect(parsed, name).toEqual(initial);
    }
  });

  it('has no line to write for a default, apart from dir, save and the percentiles', () => {
    const context = { sentinel: false, cluster: false };
    const written = parameters.filter(({ name, type, initial }) =>
      type.rewrite(name, config.setting(name), initial, context).some(({ line, force }) => line !== null && force),
    );
    expect(written.map(({ name }) => name)).toEqual(['latency-tracking-info-percentiles', 'dir', 'save']);
  });
});

describe('the values of a configuration', () => {
  it('have the type of their parameter', () => {
    const { values } = config;
    const memory: number = values['proto-max-bulk-len'];
    const flag: boolean = values.appendonly;
    const policy: 'always' | 'everysec' | 'no' = values.appendfsync;
    expect([memory, flag, policy]).toEqual([512 * 1024 ** 2, false, 'everysec']);
    expect(values.save[0]).toEqual({ seconds: 3600, changes: 1 });
    expect(values['client-output-buffer-limit'].replica.softSeconds).toBe(60);
    expect(values.bind).toEqual(['*', '-::*']);
    expect(values.replicaof).toBeNull();
    expect(values['shutdown-on-sigint']).toEqual([]);
    expect(values.dir).toBe('/srv');
  });

  it('are fields of one fast object, also after they have changed', () => {
    setFlagsFromString('--allow-natives-syntax');
    const hasFastProperties = new Function('values', 'return %HasFastProperties(values)') as (o: object) => boolean;
    const changed = new Config({ disk: new MemoryDisk(), workingDirectory: '/srv', sentinel: true });
    changed.set(['maxmemory', '3gb', 'save', '1 1', 'hz', '100'], { isLocal: true, loading: false });
    expect([hasFastProperties(config.values), hasFastProperties(changed.values)]).toEqual([true, true]);
  });
});
