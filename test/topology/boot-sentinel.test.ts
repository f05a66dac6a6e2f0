import { describe, expect, it } from 'vitest';
import { bootSentinel, bootServer, type SentinelConfiguration } from '../../src/index.ts';
import { World, type WorldOptions } from '../../src/sim/index.ts';

const FILE = '/data/sentinel.conf';

interface Set {
  readonly world: World;
  /** Log lines of all its boots. */
  logOf(name: string): string;
  fileOf(name: string): string;
}

/** A master with two replicas, and three sentinels around them. */
function bootSet(more: Partial<SentinelConfiguration> = {}, seed = 3, options: Partial<WorldOptions> = {}): Set {
  const world = new World({ ...options, seed });
  world.boot('redis1', bootServer());
  const { address } = world.process('redis1');
  const config = { replicaof: [address, 6379], 'repl-diskless-sync-delay': 0 };
  for (const name of ['redis2', 'redis3']) world.boot(name, bootServer({ config }));
  const masters = [{ name: 'mymaster', host: address, quorum: 2, downAfterMs: 5000, failoverTimeoutMs: 30_000 }];
  for (const name of ['sentinel1', 'sentinel2', 'sentinel3']) world.boot(name, bootSentinel({ masters, ...more }));
  return {
    world,
    logOf: (name) => world.process(name).log.join('\n'),
    fileOf: (name) => world.process(name).enter((host) => Buffer.from(host.disk.read(FILE) ?? []).toString('latin1')),
  };
}

/** Sends lines to a sentinel, and returns what comes back in that time. */
function ask(world: World, sentinel: string, lines: readonly string[], durationMs: number): string {
  const heard: string[] = [];
  world.boot('client', (host) => {
    const connection = host.net.connect(
      { kind: 'tcp', host: sentinel, port: 26_379 },
      {
        open: () => void connection.write(Buffer.from(lines.map((line) => `${line}\r\n`).join(''))),
        data: (chunk) => heard.push(chunk.toString()),
        close: () => heard.push('closed'),
      },
    );
  });
  world.runFor(durationMs);
  return heard.join('');
}

const SENTINELS = ['sentinel1', 'sentinel2', 'sentinel3'];

describe('sentinels in a simulated world', () => {
  it('find each other and the replicas, and write them down', () => {
    const { world, logOf, fileOf } = bootSet();
    world.runFor(15_000);
    for (const name of SENTINELS) {
      expect(logOf(name)).toContain('+monitor master mymaster');
      expect(logOf(name).match(/\+sentinel sentinel/g)).toHaveLength(2);
      expect(logOf(name).match(/\+slave slave/g)).toHaveLength(2);
      expect(fileOf(name).match(/^sentinel known-sentinel mymaster/gm)).toHaveLength(2);
      expect(fileOf(name).match(/^sentinel known-replica mymaster/gm)).toHaveLength(2);
    }
  });

  it('replace a master that is killed, and remember it when they are booted again', () => {
    const { world, logOf, fileOf } = bootSet();
    world.runFor(15_000);
    world.process('redis1').kill();
    const isOver = (): boolean => SENTINELS.every((name) => logOf(name).includes('+switch-master'));
    expect(world.run({ until: isOver, maxMs: 60_000 })).toBe(true);
    world.runFor(1000);
    const masters = SENTINELS.map((name) => /^sentinel monitor mymaster (\S+)/m.exec(fileOf(name))![1]);
    expect(new Set(masters).size).toBe(1);
    expect([world.process('redis2').address, world.process('redis3').address]).toContain(masters[0]);
    const id = /^sentinel myid (.*)/m.exec(fileOf('sentinel1'))![1];
    world.process('sentinel1').restart();
    world.runFor(1000);
    expect(logOf('sentinel1').split('Sentinel ID is ').slice(1)).toEqual([
      expect.stringContaining(id!),
      expect.stringContaining(id!),
    ]);
    expect(
      logOf('sentinel1')
        .split('\n')
        .findLast((line) => line.includes('+monitor')),
    ).toContain(masters[0]);
  });

  it('run the scripts of the world', () => {
    const calls: (readonly string[])[] = [];
    const programs = {
      '/notify': (args: readonly string[]) => {
        calls.push(args);
        return { exitCode: 0 };
      },
    };
    const world = new World({ seed: 5, programs });
    const masters = [{ name: 'm', host: '10.9.9.9', quorum: 1, downAfterMs: 1000 }];
    const lines = ['sentinel notification-script m /notify'];
    world.boot('sentinel', bootSentinel({ masters, lines }));
    world.runFor(5000);
    expect(calls.map(([type]) => type)).toEqual(expect.arrayContaining(['+monitor', '+sdown', '+odown']));
    expect(calls[0]).toEqual(['+monitor', 'master m 10.9.9.9 6379 quorum 1']);
  });

  it('go on when the file cannot be written, and say so', () => {
    const { world, logOf, fileOf } = bootSet();
    world.runFor(15_000);
    const before = fileOf('sentinel1');
    world.process('sentinel1').disk.failSyncs(1000);
    world.process('redis1').kill();
    const isOver = (): boolean => SENTINELS.every((name) => logOf(name).includes('+switch-master'));
    expect(world.run({ until: isOver, maxMs: 60_000 })).toBe(true);
    expect(logOf('sentinel1')).toContain(
      '# WARNING: Sentinel was not able to save the new configuration on disk!!!: Input/output error',
    );
    expect(fileOf('sentinel1')).toBe(before);
  });

  it('find servers by their names, if they are told to', () => {
    const world = new World({ seed: 11 });
    world.boot('redis1', bootServer());
    world.boot('redis2', bootServer({ config: { replicaof: ['redis1', 6379], 'repl-diskless-sync-delay': 0 } }));
    const masters = [{ name: 'm', host: 'redis1', quorum: 1, downAfterMs: 3000 }];
    world.boot('sentinel', bootSentinel({ masters, resolveHostnames: true }));
    world.runFor(15_000);
    const log = (): string => world.process('sentinel').log.join('\n');
    expect(log()).toContain(`+monitor master m ${world.process('redis1').address} 6379 quorum 1`);
    world.process('redis1').kill();
    world.runFor(10_000);
    const [from, to] = ['redis1', 'redis2'].map((name) => world.process(name).address);
    expect(log()).toContain(`+switch-master m ${from} 6379 ${to} 6379`);
    const unknown = [{ name: 'm', host: 'nowhere', quorum: 1, downAfterMs: 1000 }];
    world.boot('lost', bootSentinel({ masters: unknown, resolveHostnames: true }));
    world.runFor(3000);
    expect(world.process('lost').log.join('\n')).toMatch(
      /# Failed to resolve hostname 'nowhere'\n[^]*\+sdown master m/,
    );
  });

  it('resolve the name of a master that they are told to watch, while its client waits', () => {
    const world = new World({ seed: 2 });
    world.boot('redis1', bootServer());
    world.boot('sentinel', bootSentinel({ masters: [] }));
    const requests = [
      'SENTINEL MONITOR a redis1 6379 1',
      'SENTINEL CONFIG SET resolve-hostnames yes',
      'SENTINEL MONITOR a redis1 6379 1',
      'SENTINEL MONITOR b nowhere 6379 1',
      'SENTINEL MONITOR c redis1 6379 1',
      'SENTINEL GET-MASTER-ADDR-BY-NAME a',
    ];
    const { address } = world.process('redis1');
    const refusal = '-ERR Invalid IP address or hostname specified';
    const place = ['*2', `$${address.length}`, address, '$4', '6379'];
    const expected = [refusal, '+OK', '+OK', refusal, '+OK', ...place, ''].join('\r\n');
    expect(ask(world, 'sentinel', requests, 3000)).toBe(expected);
  });

  it('end in the midst of a failover when that is simulated', () => {
    const { world, logOf } = bootSet();
    world.runFor(15_000);
    const requests = ['SENTINEL SIMULATE-FAILURE crash-after-promotion', 'SENTINEL FAILOVER mymaster'];
    expect(ask(world, 'sentinel2', requests, 20_000)).toBe('+OK\r\n+OK\r\nclosed');
    expect(world.process('sentinel2').log.at(-1)).toMatch(/# Sentinel CRASH because of SENTINEL simulate-failure$/);
    expect(logOf('sentinel2')).toContain('+promoted-slave');
    expect(logOf('sentinel2')).not.toContain('+switch-master');
  });

  it('tell the scripts of clients where the master is, as leader and as observers', () => {
    const calls: string[] = [];
    const programs = {
      '/tell': (args: readonly string[], node: string) => {
        calls.push(`${node} ${args.join(' ')}`);
        return null;
      },
    };
    const { world, logOf } = bootSet({ lines: ['sentinel client-reconfig-script mymaster /tell'] }, 3, { programs });
    world.runFor(15_000);
    world.process('redis1').kill();
    const isOver = (): boolean => SENTINELS.every((name) => logOf(name).includes('+switch-master'));
    expect(world.run({ until: isOver, maxMs: 60_000 })).toBe(true);
    world.runFor(1000);
    const leader = SENTINELS.find((name) => logOf(name).includes('+elected-leader'))!;
    const [, to] = /\+switch-master mymaster \S+ 6379 (\S+ 6379)/.exec(logOf(leader))!;
    const told = (name: string): string => {
      const role = name === leader ? 'leader' : 'observer';
      return `${name} mymaster ${role} start ${world.process('redis1').address} 6379 ${to}`;
    };
    expect([...calls].sort()).toEqual(SENTINELS.map(told));
  });

  it('have the same history twice', () => {
    const history = (): number => {
      const { world } = bootSet();
      world.runFor(8000);
      return world.traceHash;
    };
    expect(history()).toBe(history());
  });

  it('refuse options that make no sense before the world begins, and lines that do not when they boot', () => {
    const master = { name: 'm', host: '10.0.0.1', quorum: 1 };
    expect(() => bootSentinel({ masters: [{ ...master, name: 'two words' }] })).toThrow('Option "masters"');
    expect(() => bootSentinel({ masters: [], nonsense: 1 } as unknown as SentinelConfiguration)).toThrow('"nonsense"');
    const boot = (lines: string[]): void => {
      const world = new World({ seed: 1 });
      world.boot('sentinel', bootSentinel({ masters: [master], lines }));
      world.runFor(10);
    };
    expect(() => boot(['sentinel quorum m 3'])).toThrow('Unrecognized sentinel configuration statement.');
    expect(() => boot(['nonsense 1'])).toThrow('Bad directive');
  });
});
