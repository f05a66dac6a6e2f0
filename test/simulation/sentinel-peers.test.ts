/** Peers of a sentinel that lie, rave or keep silent: it goes on, and so do the others. */
import { describe, expect, it } from 'vitest';
import type { Connection, Host } from '../../src/host/host.ts';
import { Prng } from '../../src/host/prng.ts';
import { processHello } from '../../src/sentinel/hello.ts';
import { World } from '../../src/sim/index.ts';
import { topologyOf, USUAL_KNOBS } from '../../src/simulation/schedule.ts';
import { makeTopology } from '../../src/simulation/topologies/make.ts';
import { SentinelTopology } from '../../src/simulation/topologies/sentinel-topology.ts';

const STRANGER = 'f'.repeat(40);

function makeSet(world: World): SentinelTopology {
  const watcher = { boot: () => {}, event: () => {}, turn: () => {} };
  const set = makeTopology(world, topologyOf({ kind: 'sentinel' }), USUAL_KNOBS, watcher);
  set.boot();
  return set as SentinelTopology;
}

/** Answers whatever comes with bytes that `answer` makes. */
function stranger(answer: (random: Prng) => string | null): (host: Host) => void {
  return (host) => {
    const random = new Prng(5);
    const accept = (connection: Connection): { data(): void; close(): void } => ({
      data() {
        const text = answer(random);
        if (text === null) connection.destroy();
        else connection.write(Buffer.from(text, 'latin1'));
      },
      close() {},
    });
    host.net.listen({ address: { kind: 'tcp', host: '0.0.0.0', port: 26_379 } }, accept, () => {});
  };
}

function pick<T>(random: Prng, values: readonly T[]): T {
  return values[random.below(values.length)]!;
}

const STRANGERS: Readonly<Record<string, (random: Prng) => string | null>> = {
  'keeps silent': () => '',
  'hangs up': () => null,
  'speaks HTTP': () => 'HTTP/1.1 400 Bad Request\r\n\r\n',
  'refuses everything': () => '-NOAUTH Authentication required.\r\n',
  'answers with anything': (random) =>
    pick(random, [
      '+\r\n',
      ':1\r\n',
      '$-1\r\n',
      '*-1\r\n',
      '*0\r\n',
      '*3\r\n:1\r\n$1\r\n*\r\n:-1\r\n',
      '$3\r\nabc\r\n',
    ]),
  'claims that the master is down and votes for itself': () => `*3\r\n:1\r\n$40\r\n${STRANGER}\r\n:1\r\n`,
  raves: (random) => Buffer.from(random.bytes(40)).toString('latin1'),
};

const TIMEOUT_MS = 120_000;

describe('a peer that', { timeout: TIMEOUT_MS }, () => {
  it.each(Object.entries(STRANGERS))('%s disturbs nobody', (_, answer) => {
    const world = new World({ seed: 11 });
    const set = makeSet(world);
    const liar = world.boot('stranger', stranger(answer));
    expect(world.run({ until: () => set.isReady, maxMs: 30_000 })).toBe(true);
    const hello = `${liar.address},26379,${STRANGER},0,mymaster,${world.process('redis0').address},6379,0`;
    for (const name of set.sentinelNames) {
      world.process(name).enter(() => {
        const sentinel = set.sentinel(name)!;
        sentinel.enter(() => processHello(sentinel.machine, hello));
      });
    }
    world.runFor(20_000);
    for (const name of set.sentinelNames) expect(set.view(name)!.sentinels.size).toBe(3);
    world.process('redis0').kill();
    const old = world.process('redis0').address;
    const hasSwitched = (): boolean => set.sentinelNames.every((name) => set.view(name)!.addr.ip !== old);
    expect(world.run({ until: hasSwitched, maxMs: 60_000 })).toBe(true);
    world.process('redis0').start();
    expect(world.run({ until: () => set.disagreement() === null, maxMs: 60_000 })).toBe(true);
  });

  it('has the id of another one takes its place, and gives it back', () => {
    const world = new World({ seed: 12 });
    const set = makeSet(world);
    expect(world.run({ until: () => set.isReady, maxMs: 30_000 })).toBe(true);
    const id = set.sentinel('sentinel1')!.state.myid;
    const hello = `10.9.9.9,26379,${id},0,mymaster,${world.process('redis0').address},6379,0`;
    world.process('sentinel0').enter(() => {
      const sentinel = set.sentinel('sentinel0')!;
      sentinel.enter(() => processHello(sentinel.machine, hello));
    });
    const addressOf = (): string => set.view('sentinel0')!.sentinels.get(id)!.addr.ip;
    expect(addressOf()).toBe('10.9.9.9');
    const real = world.process('sentinel1').address;
    expect(world.run({ until: () => addressOf() === real, maxMs: 10_000 })).toBe(true);
  });
});

describe('a file that cannot be written', { timeout: TIMEOUT_MS }, () => {
  it('is warned of, and the sentinel goes on', () => {
    const world = new World({ seed: 13 });
    const set = makeSet(world);
    expect(world.run({ until: () => set.isReady, maxMs: 30_000 })).toBe(true);
    for (const name of set.sentinelNames) world.process(name).disk.failSyncs(1000);
    world.process('redis0').kill();
    const old = world.process('redis0').address;
    const hasSwitched = (): boolean => set.sentinelNames.every((name) => set.view(name)!.addr.ip !== old);
    expect(world.run({ until: hasSwitched, maxMs: 60_000 })).toBe(true);
    const warning = 'WARNING: Sentinel was not able to save the new configuration on disk!!!:';
    expect(world.process('sentinel0').log.some((line) => line.includes(warning))).toBe(true);
  });
});
