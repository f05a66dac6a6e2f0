/**
 * A master, its replica and the replica of that, under cuts, pauses, kills and power losses: what a replica holds is at
 * every moment a prefix of its master's history, transactions whole; and when the faults are over, all hold the same.
 */
import { describe, expect, it } from 'vitest';
import type { Host } from '../../src/host/host.ts';
import { Prng } from '../../src/host/prng.ts';
import { digestDatabases } from '../../src/server/debug/dataset-digest.ts';
import type { Server } from '../../src/server/server.ts';
import { startUp } from '../../src/server/start-up.ts';
import { checkDeterminism, type Scenario, World } from '../../src/sim/index.ts';
import { composeServer } from '../../src/topology/server.ts';
import { TestClient } from '../support/in-process.ts';

const SEEDS = 12;
const STEPS = 80;
const STEP_MS = 150;
const REST_MS = 120_000;
const NAMES = ['master', 'middle', 'last'] as const;
type Name = (typeof NAMES)[number];
const MASTER_OF: Readonly<Partial<Record<Name, Name>>> = { middle: 'master', last: 'middle' };

/** The servers of one world. */
class Chain {
  readonly world: World;
  readonly #servers = new Map<Name, Server>();
  readonly #backlog: string;

  /** @param backlog a small one makes partial resynchronisations fail. */
  constructor(world: World, backlog: string) {
    this.world = world;
    this.#backlog = backlog;
    for (const name of NAMES) world.boot(name, (host) => this.#start(name, host));
  }

  #start(name: Name, host: Host): void {
    const master = MASTER_OF[name];
    const server = composeServer(host, {
      host: '0.0.0.0',
      port: 6379,
      config: {
        'protected-mode': false,
        'repl-timeout': 5,
        'repl-ping-replica-period': 1,
        'repl-backlog-size': this.#backlog,
        ...(master === undefined ? {} : { replicaof: [master, 6379] }),
      },
    });
    this.#servers.set(name, server);
    startUp(server, { anyPort: false, terminal: false, withoutConfiguration: null }, () => {});
  }

  server(name: Name): Server {
    return this.#servers.get(name)!;
  }

  call(name: Name, ...words: string[]): unknown {
    return this.world.process(name).enter(() => new TestClient(this.server(name)).call(...words));
  }

  /** A transaction that belongs together: a counter, and a list of all its values. */
  append(padding: number): void {
    this.world.process('master').enter(() => {
      const client = new TestClient(this.server('master'));
      client.call('MULTI');
      client.call('INCR', 'count');
      client.call('RPUSH', 'log', 'x'.repeat(padding));
      client.call('EXEC');
    });
  }

  /** Length of the history that a server holds, which must be whole up to there. */
  length(name: Name): number {
    const count = Number(this.call(name, 'GET', 'count') ?? 0);
    expect(this.call(name, 'LLEN', 'log')).toBe(count);
    return count;
  }

  digest(name: Name): string {
    return digestDatabases(this.server(name).keyspace.databases).hex;
  }

  offset(name: Name): number {
    return this.server(name).hooks.replication!.offset;
  }
}

function breakSomething(chain: Chain, random: Prng): void {
  const { world } = chain;
  const name = NAMES[random.u32() % 3]!;
  const process = world.process(name);
  const durationMs = 50 + (random.u32() % 8000);
  const later = (act: () => void): void => world.at(world.nowMs + durationMs, act);
  switch (random.u32() % 6) {
    case 0: {
      const cut = world.network.cut(name, NAMES[(NAMES.indexOf(name) + 1) % 3]!);
      later(() => cut.heal());
      return;
    }
    case 1: {
      const cut = world.network.isolate(name);
      later(() => cut.heal());
      return;
    }
    case 2:
      if (name === 'master' || !process.alive) return;
      if (random.u32() % 2 === 0) process.kill();
      else process.powerLoss();
      later(() => process.start());
      return;
    case 3:
      process.stall(durationMs / 4);
      return;
    case 4:
      if (process.alive) chain.call(name, 'CLIENT', 'KILL', 'TYPE', name === 'last' ? 'master' : 'replica');
      return;
    default:
      world.network.shape(name, NAMES[(NAMES.indexOf(name) + 1) % 3]!, { lossProbability: 0.3 });
  }
}

function play(world: World, seed: number): Chain {
  const random = new Prng(seed);
  const chain = new Chain(world, '1mb');
  world.runFor(500);
  for (let step = 0; step < STEPS; step++) {
    for (let i = random.u32() % 30; i > 0; i--) chain.append(random.u32() % 300);
    if (random.u32() % 4 === 0) breakSomething(chain, random);
    world.runFor(STEP_MS);
  }
  return chain;
}

describe('a chain of replicas in a world of faults', () => {
  it(`holds prefixes of one history, and all of it in the end, for each of ${SEEDS} seeds`, () => {
    let partial = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const world = new World({ seed });
      const random = new Prng(seed);
      const chain = new Chain(world, seed % 2 === 0 ? '16kb' : '1mb');
      for (let step = 0; step < STEPS; step++) {
        for (let i = random.u32() % 30; i > 0; i--) chain.append(random.u32() % 300);
        if (random.u32() % 4 === 0) breakSomething(chain, random);
        world.runFor(STEP_MS);
        const total = chain.length('master');
        for (const name of ['middle', 'last'] as const) {
          if (world.process(name).alive) expect(chain.length(name)).toBeLessThanOrEqual(total);
        }
      }
      world.runFor(10_000);
      world.network.heal();
      world.network.resetShapes();
      const isSettled = (): boolean =>
        chain.digest('middle') === chain.digest('master') && chain.digest('last') === chain.digest('master');
      for (let waitedMs = 0; !isSettled() && waitedMs < REST_MS; waitedMs += 500) world.runFor(500);
      expect([seed, isSettled()]).toEqual([seed, true]);
      world.runFor(3000);
      expect(chain.length('last')).toBe(chain.length('master'));
      expect(Math.abs(chain.offset('master') - chain.offset('last'))).toBeLessThan(200);
      partial += chain.server('master').statistics.partialSyncsAccepted;
    }
    // Both kinds of synchronisation were put to the test.
    expect(partial).toBeGreaterThan(3);
  }, 300_000);

  it('has the same history twice for one seed', () => {
    const scenario: Scenario = (world) => void play(world, 7);
    checkDeterminism({ seed: 7 }, scenario);
  }, 60_000);
});
