import { beforeEach, describe, expect, it } from 'vitest';
import { Config } from '../../../src/server/config/config.ts';
import { setCases } from './fixtures/set-cases.ts';
import { MemoryDisk } from './memory-disk.ts';
import { localClient } from './run-fixture.ts';

let config: Config;
let warnings: string[];

beforeEach(() => {
  warnings = [];
  const disk = new MemoryDisk({ '/etc/passwd': '' });
  config = new Config({ disk, workingDirectory: '/srv', warn: (message) => warnings.push(message) });
});

function set(...args: string[]): string | null {
  return config.set(args, localClient);
}

describe('CONFIG SET of one parameter', () => {
  it('answers and shows what redis-server answers and shows', () => {
    config.assign('save', '');
    config.assign('enable-protected-configs', 'yes');
    for (const [name, value, reason, shown] of setCases) {
      const error = set(name, value);
      const label = `${name} ${JSON.stringify(value)}`;
      if (reason === null) expect(error, label).toBeNull();
      else expect(error, label).toContain(reason);
      expect(config.get([name])[0]?.[1] ?? null, label).toBe(shown);
    }
  });

  it('names the parameter as the caller spells it where the parameter cannot be set', () => {
    expect(set('DataBases', '1')).toBe(
      "ERR CONFIG SET failed (possibly related to argument 'DataBases') - can't set immutable config",
    );
  });

  it('names the parameter as the table spells it where the value is wrong', () => {
    expect(set('Slave-Priority', 'x')).toBe(
      "ERR CONFIG SET failed (possibly related to argument 'slave-priority') - argument couldn't be parsed into an integer",
    );
  });

  it('keeps line ends and what follows a NUL out of the error', () => {
    expect(set('\r\na\nb\0c', '1')).toBe("ERR Unknown option or number of arguments for CONFIG SET - '  a b'");
  });

  it('changes the value that the server reads', () => {
    expect(
      set('maxmemory', '1gb', 'appendfsync', 'ALWAYS', 'maxmemory-clients', '5%', 'oom-score-adj', 'no'),
    ).toBeNull();
    expect(config.values.maxmemory).toBe(1024 ** 3);
    expect(config.values.appendfsync).toBe('always');
    expect(config.values['maxmemory-clients']).toBe(-5);
  });

  it('reads the synonym of an enum as the value that it stands for', () => {
    expect(set('oom-score-adj', 'relative')).toBeNull();
    expect(config.values['oom-score-adj']).toBe('yes');
  });
});

describe('CONFIG SET of several parameters', () => {
  it('needs values for all names', () => {
    expect(set('maxmemory', '1', 'timeout')).toBe('ERR syntax error');
  });

  it('changes nothing when one name is unknown', () => {
    expect(set('timeout', '5', 'nope', '1', 'databases', '1')).toBe(
      "ERR Unknown option or number of arguments for CONFIG SET - 'nope'",
    );
    expect(config.values.timeout).toBe(0);
  });

  it('puts every value back when one is refused', () => {
    const before = config.get(['*']);
    expect(
      set('timeout', '5', 'save', '1 1', 'bind', '127.0.0.1', 'client-output-buffer-limit', 'normal 1 1 1', 'hz', 'x'),
    ).toBe("ERR CONFIG SET failed (possibly related to argument 'hz') - argument couldn't be parsed into an integer");
    expect(config.get(['*'])).toEqual(before);
    expect(config.values.save).toHaveLength(3);
  });

  it('refuses the same name twice, in whatever case', () => {
    expect(set('timeout', '5', 'TIMEOUT', '6')).toBe(
      "ERR CONFIG SET failed (possibly related to argument 'TIMEOUT') - duplicate parameter",
    );
  });

  it('takes a parameter by both of its names, the later one winning', () => {
    expect(set('replica-priority', '5', 'slave-priority', '6')).toBeNull();
    expect(config.values['replica-priority']).toBe(6);
  });
});

describe('the rules of CONFIG SET', () => {
  const protectedError =
    "ERR CONFIG SET failed (possibly related to argument 'dbfilename') - can't set protected config";

  it('protects dir and dbfilename', () => {
    expect(set('dbfilename', 'x')).toBe(protectedError);
    expect(set('dir', '/')).toContain("can't set protected config");
  });

  it('lets local clients alone set them when told so', () => {
    config.assign('enable-protected-configs', 'local');
    expect(config.set(['dbfilename', 'x'], { isLocal: false, loading: false })).toBe(protectedError);
    expect(config.set(['dbfilename', 'x'], localClient)).toBeNull();
  });

  it.each(['appendonly', 'repl-diskless-load', 'dir'])('does not set %s while a dataset is loaded', (name) => {
    config.assign('enable-protected-configs', 'yes');
    expect(config.set([name, 'no'], { isLocal: true, loading: true })).toBe(
      'LOADING Redis is loading the dataset in memory',
    );
  });

  it('knows which values are secret', () => {
    const names = ['requirepass', 'MASTERAUTH', 'masteruser', 'maxmemory', 'nope'];
    expect(names.map((name) => config.isSensitive(name))).toEqual([true, true, true, false, false]);
  });
});

describe('hooks', () => {
  it('run with the new value after all values are set', () => {
    const seen: unknown[] = [];
    config.onChange('maxmemory', (bytes) => {
      seen.push(bytes, config.values['maxmemory-policy']);
      return null;
    });
    expect(set('maxmemory', '1kb', 'maxmemory-policy', 'allkeys-lru')).toBeNull();
    expect(seen).toEqual([1024, 'allkeys-lru']);
  });

  it('run for a real change only, except for parameters that Redis does not compare', () => {
    const seen: string[] = [];
    for (const name of ['timeout', 'save', 'bind', 'tls-cert-file'] as const) {
      config.onChange(name, () => {
        seen.push(name);
        return null;
      });
    }
    expect(set('timeout', '0', 'save', '3600 1 300 100 60 10000', 'bind', '* -::*', 'tls-cert-file', '')).toBeNull();
    expect(seen).toEqual(['save', 'bind', 'tls-cert-file']);
  });

  it('refuse the whole SET, which puts the old values back and has the hooks act on them', () => {
    const seen: unknown[] = [];
    config.onChange('timeout', (seconds) => {
      seen.push(seconds);
      return null;
    });
    config.onChange('port', (port) => (port === 1 ? 'Unable to listen on this port. Check server logs.' : null));
    expect(set('timeout', '5', 'port', '1', 'maxmemory', '7')).toBe(
      "ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port. Check server logs.",
    );
    expect(seen).toEqual([5, 0]);
    expect([config.values.timeout, config.values.port, config.values.maxmemory]).toEqual([0, 6379, 0]);
    expect(warnings).toEqual([
      'Failed applying new configuration. Possibly related to new port setting. Restoring previous settings.',
    ]);
  });

  it('that refuse the old value as well are reported in the log', () => {
    config.onChange('port', () => 'never');
    expect(set('port', '1')).toContain('never');
    expect(warnings[1]).toBe('Failed applying restored failed CONFIG SET command: never');
  });

  it('shared by several parameters run once per SET', () => {
    let calls = 0;
    const hook = (): null => {
      calls++;
      return null;
    };
    config.onChange('cluster-announce-port', hook);
    config.onChange('cluster-announce-bus-port', hook);
    expect(set('cluster-announce-port', '1', 'cluster-announce-bus-port', '2')).toBeNull();
    expect(calls).toBe(1);
  });

  it('do not run for what the server assigns itself', () => {
    config.onChange('replicaof', () => 'never');
    config.assign('replicaof', '127.0.0.1', '7001');
    expect(config.values.replicaof).toEqual({ host: '127.0.0.1', port: 7001 });
    expect(config.get(['slaveof'])).toEqual([['slaveof', '127.0.0.1 7001']]);
  });
});
