import { describe, expect, it } from 'vitest';
import type { Connection, ConnectionEvents, Host } from '../../src/host/host.ts';
import { checkDeterminism, NondeterminismError, World, type WorldOptions } from '../../src/sim/index.ts';
import { tcp } from '../host/stage.ts';

/** Answers each line with its length, logs, and appends every line to a file. */
function lineServer(host: Host): void {
  const file = host.disk.open('lines', 'append');
  const accept = (connection: Connection): ConnectionEvents => {
    let pending = '';
    return {
      data: (chunk: Buffer) => {
        pending += chunk.toString('latin1');
        for (let end = pending.indexOf('\n'); end >= 0; end = pending.indexOf('\n')) {
          const line = pending.slice(0, end);
          pending = pending.slice(end + 1);
          file.append(Buffer.from(line));
          host.timers.soon(() => connection.write(Buffer.from(`${line.length}\n`)));
        }
      },
      close: () => host.log('client left'),
    };
  };
  host.net.listen({ address: tcp('0.0.0.0', 6379) }, accept, (error) => {
    if (error !== null) throw new Error(error.message);
  });
  host.timers.every(100, () => file.sync((error) => host.log(error === null ? 'synced' : error.message)));
}

/** Sends random lines, checks the answers, comes back when it is thrown out. */
function lineClient(host: Host, onAnswer: () => void): void {
  const connect = (): void => {
    const expected: number[] = [];
    let answers = '';
    const say = (): void => {
      const line = 'x'.repeat(host.random.below(200));
      expected.push(line.length);
      connection.write(Buffer.from(`${line}\n`));
    };
    const connection = host.net.connect(
      tcp('server', 6379),
      {
        open: say,
        data: (chunk) => {
          answers += chunk.toString('latin1');
          for (let end = answers.indexOf('\n'); end >= 0; end = answers.indexOf('\n')) {
            if (Number(answers.slice(0, end)) !== expected.shift()) throw new Error('a wrong answer');
            answers = answers.slice(end + 1);
            onAnswer();
            host.timers.after(host.random.below(20), say);
          }
        },
        close: () => void host.timers.after(50 + host.random.below(50), connect),
      },
      { timeoutMs: 500 },
    );
  };
  connect();
}

function scenario(world: World): void {
  const server = world.boot('server', lineServer);
  let answers = 0;
  for (let i = 1; i <= 8; i++) world.boot(`client-${i}`, (host) => lineClient(host, () => answers++));
  world.runFor(300);
  const cut = world.network.partition(['client-1', 'client-2'], ['server']);
  world.runFor(200);
  server.kill();
  world.runFor(100);
  server.start();
  cut.heal();
  world.runFor(200);
  server.pause();
  world.runFor(100);
  server.resume();
  server.powerLoss();
  world.runFor(100);
  server.start();
  world.runFor(300);
  if (answers < 50) throw new Error(`only ${answers} answers`);
}

describe('events of one instant', () => {
  const order = (options: WorldOptions): string => {
    const world = new World(options);
    const ran: string[] = [];
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      world.boot(name, (host) => {
        host.timers.after(10, () => ran.push(name));
        host.timers.after(10, () => ran.push(name.toUpperCase()));
      });
    }
    world.runFor(10);
    return ran.join('');
  };

  it('run in an order that the seed draws, but those of one node in theirs', () => {
    const orders = Array.from({ length: 30 }, (_, seed) => order({ seed }));
    expect(new Set(orders).size).toBeGreaterThan(20);
    for (const one of orders) expect(one).toMatch(/^(aA|bB|cC|dD|eE){5}$/);
  });

  it('run first come, first served without shuffling', () => {
    for (const seed of [1, 2, 3]) expect(order({ seed, shuffleTies: false })).toBe('aAbBcCdDeE');
  });
});

describe('one seed is one history', () => {
  it('for 200 seeds, with kills, cuts, pauses, power losses and restarts', { timeout: 120_000 }, () => {
    const hashes = new Set<number>();
    for (let seed = 1; seed <= 200; seed++) hashes.add(checkDeterminism({ seed }, scenario).traceHash);
    expect(hashes.size).toBe(200);
  });

  it('and different knobs make different histories', () => {
    const options: WorldOptions[] = [
      { seed: 1 },
      { seed: 1, network: { chunking: 'bytewise' } },
      { seed: 1, network: { latency: { minUs: 1000, meanUs: 2000, maxUs: 9000 } } },
      { seed: 1, disk: { syncMs: [50, 100] } },
    ];
    const hashes = options.map((option) => checkDeterminism(option, scenario).traceHash);
    expect(new Set(hashes).size).toBe(options.length);
  });

  it('and what one node draws does not change another’s dice', () => {
    const draw = (extra: boolean): number[] => {
      const world = new World({ seed: 1 });
      world.boot('n1', (host) => void (extra && host.random.u32()));
      const drawn: number[] = [];
      world.boot('n2', (host) => void drawn.push(host.random.u32(), host.random.fork('x').u32()));
      return drawn;
    };
    expect(draw(true)).toEqual(draw(false));
  });

  it('and a node that is added does not change the others’ latencies', () => {
    const arrivals = (extra: boolean): number[] => {
      const world = new World({ seed: 1, shuffleTies: false });
      const times: number[] = [];
      world.boot('server', lineServer);
      if (extra) world.boot('extra', (host) => lineClient(host, () => {}));
      world.boot('client', (host) => lineClient(host, () => times.push(world.nowMs)));
      world.runFor(200);
      return times.slice(0, 5);
    };
    expect(arrivals(true)).toEqual(arrivals(false));
  });
});

describe('checkDeterminism', () => {
  it('reports figures of the run', () => {
    const report = checkDeterminism({ seed: 3 }, scenario);
    expect(report.virtualMs).toBe(1300);
    expect(report.executedEvents).toBeGreaterThan(1000);
    expect(report.tracedEvents).toBeGreaterThan(1000);
  });

  it('names the first differing event when a run leaks something into the next', () => {
    let runs = 0;
    const leaky = (world: World): void => {
      const run = ++runs;
      world.boot('n1', (host) => {
        let ticks = 0;
        host.timers.every(1, () => {
          if (++ticks === 3000) host.log(`run ${run}`);
        });
      });
      world.runFor(5000);
    };
    let message = '';
    try {
      checkDeterminism({ seed: 9 }, leaky);
    } catch (error) {
      expect(error).toBeInstanceOf(NondeterminismError);
      message = (error as Error).message;
    }
    expect(message).toContain('two runs of seed 9 differ: event 3002 is the first');
    expect(message).toMatch(/one {2}3\.000000 s {2}n1 {2}log/);
    expect(message).toMatch(/two {2}3\.000000 s {2}n1 {2}log/);
    expect(message).toContain('3.000000 s  n1  timer');
  });

  it('names the point where one run goes on and the other does not', () => {
    let runs = 0;
    const leaky = (world: World): void => {
      const longer = ++runs % 2 === 0;
      world.boot('n1', (host) => {
        if (longer) host.timers.after(5, () => {});
      });
      world.runFor(10);
    };
    expect(() => checkDeterminism({ seed: 1 }, leaky)).toThrow(/one {2}\(nothing more\)\n {2}two {2}0\.005000 s/);
  });

  it('says so when the difference does not show again', () => {
    let runs = 0;
    const leaky = (world: World): void => {
      const odd = ++runs === 2;
      world.boot('n1', (host) => {
        if (odd) host.log('once');
      });
    };
    expect(() => checkDeterminism({ seed: 1 }, leaky)).toThrow('two more runs agreed there');
  });
});
