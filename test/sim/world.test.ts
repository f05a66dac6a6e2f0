import { describe, expect, it } from 'vitest';
import { formatEvent, SimulationError, type TraceEvent, World } from '../../src/sim/index.ts';

const idle = (): void => {};

describe('run', () => {
  it('runs until a condition holds, and says whether it came to that', () => {
    const world = new World({ seed: 1 });
    let ticks = 0;
    world.boot('n1', (host) => void host.timers.every(10, () => ticks++));
    expect(world.run({ until: () => ticks === 5 })).toBe(true);
    expect(world.nowMs).toBe(50);
    expect(world.run({ until: () => ticks === 500, maxMs: 100 })).toBe(false);
    expect(world.nowMs).toBe(150);
    expect(world.run({ untilMs: 200 })).toBe(true);
    expect([world.nowMs, ticks]).toEqual([200, 20]);
    expect(world.run({ until: () => true })).toBe(true);
    expect(world.nowMs).toBe(200);
    expect(world.run({ until: () => false, untilMs: 300 })).toBe(false);
    expect(world.nowMs).toBe(300);
  });

  it('lets time pass when nothing happens', () => {
    const world = new World({ seed: 1 });
    world.runFor(1234.5);
    expect(world.nowMs).toBe(1234.5);
    expect(world.step()).toBe(false);
  });

  it('calls faults at their time, outside all nodes', () => {
    const world = new World({ seed: 1 });
    const node = world.boot('n1', idle);
    world.at(500, () => node.kill());
    world.runFor(499);
    expect(node.alive).toBe(true);
    world.runFor(1);
    expect(node.alive).toBe(false);
  });

  it('ends with the error of a node, and tells seed and time', () => {
    const world = new World({ seed: 77 });
    world.boot('n1', (host) => {
      host.timers.after(1500, () => {
        throw new TypeError('something is undefined');
      });
    });
    expect(() => world.runFor(2000)).toThrow(new TypeError('something is undefined [seed 77, 1.500000 s]'));
  });

  it('ends when time stands still', () => {
    const world = new World({ seed: 1 });
    const node = world.boot('n1', idle);
    const again = (): void => world.at(world.nowMs, again);
    again();
    expect(() => world.runFor(1)).toThrow('time stands still');
    expect(node.alive).toBe(true);
  });
});

describe('the ambient world', () => {
  const attempts: [string, () => unknown][] = [
    ['Date.now', () => Date.now()],
    ['new Date()', () => new Date()],
    ['Math.random', () => Math.random()],
    ['performance.now', () => performance.now()],
    ['setTimeout', () => setTimeout(idle, 1)],
    ['setInterval', () => setInterval(idle, 1)],
    ['setImmediate', () => setImmediate(idle)],
    ['queueMicrotask', () => queueMicrotask(idle)],
    ['process.hrtime', () => process.hrtime()],
    ['process.hrtime.bigint', () => process.hrtime.bigint()],
    ['crypto.randomUUID', () => crypto.randomUUID()],
    ['crypto.getRandomValues', () => crypto.getRandomValues(new Uint8Array(4))],
    ['AbortSignal.timeout', () => AbortSignal.timeout(1)],
    ['fetch', () => fetch('http://127.0.0.1:9')],
  ];

  it.each(attempts)('is out of reach while a node runs: %s', (_name, attempt) => {
    const world = new World({ seed: 1 });
    const node = world.boot('n1', (host) => void host.timers.after(1, attempt));
    expect(() => world.runFor(10)).toThrow('was called inside the simulation; use host.');
    expect(() => node.enter(attempt)).toThrow(SimulationError);
    expect(() => world.boot('n2', attempt)).toThrow(SimulationError);
  });

  it('is back after each run, also after one that failed', () => {
    const before = [Date, Math.random, performance.now, setTimeout, setImmediate];
    const world = new World({ seed: 1 });
    world.boot('n1', (host) => void host.timers.after(1, () => Date.now()));
    expect(() => world.runFor(10)).toThrow('Date.now');
    expect([Date, Math.random, performance.now, setTimeout, setImmediate]).toEqual(before);
    expect(Date.now()).toBeGreaterThan(0);
  });

  it('leaves computing with dates alone', () => {
    const world = new World({ seed: 1 });
    const node = world.boot('n1', idle);
    const shown = node.enter((host) => new Date(host.clock.wallMs()).toISOString());
    expect(shown).toBe('2024-01-01T00:00:00.000Z');
    expect(node.enter(() => [Date.UTC(2000, 0, 1), new Date(0) instanceof Date])).toEqual([946_684_800_000, true]);
  });

  it('can be let in', () => {
    const world = new World({ seed: 1, forbidAmbientWorld: false });
    expect(world.boot('n1', idle).enter(() => Date.now())).toBeGreaterThan(0);
  });

  it('lets worlds run within worlds', () => {
    const outer = new World({ seed: 1 });
    outer.at(1, () => {
      const inner = new World({ seed: 2 });
      inner.boot('n1', idle);
      inner.runFor(10);
    });
    outer.runFor(2);
    expect(Date.now()).toBeGreaterThan(0);
  });
});

describe('the trace', () => {
  it('tells observers what happens, with names', () => {
    const world = new World({ seed: 1 });
    const events: TraceEvent[] = [];
    world.observe((event) => events.push(event));
    const node = world.boot('n1', (host) => void host.timers.after(5, () => host.log('hello')));
    world.runFor(10);
    node.powerLoss();
    expect(events.map(({ kind, node: name }) => `${kind} ${name}`)).toEqual([
      'boot n1',
      'timer n1',
      'log n1',
      'powerLoss n1',
    ]);
    expect(formatEvent(events[1]!)).toBe('0.005000 s  n1  timer  #1 0');
    expect(world.tracedEvents).toBe(4);
  });

  it('makes a checkpoint of every 1024 events', () => {
    const world = new World({ seed: 1 });
    world.boot('n1', (host) => void host.timers.every(1, idle));
    world.runFor(3000);
    expect(world.checkpoints.length).toBe(2);
    expect(world.checkpoints[0]).not.toBe(world.checkpoints[1]);
  });
});

describe('nodes', () => {
  it('see the environment and the wall time that the world was given', () => {
    const world = new World({ seed: 1, wallMs: 42_000, environment: { NOTIFY_SOCKET: '/run/notify' } });
    const node = world.boot('n1', idle, { address: '192.168.7.7' });
    node.enter((host) => {
      expect(host.clock.wallMs()).toBe(42_000);
      expect(host.system.environment('NOTIFY_SOCKET')).toBe('/run/notify');
      expect(host.system.environment('toString')).toBeUndefined();
    });
    expect(node.address).toBe('192.168.7.7');
    expect(world.processes).toEqual([node]);
  });

  it('log to the world’s listener as well', () => {
    const lines: string[] = [];
    const world = new World({ seed: 1, onLog: (process, line) => lines.push(`${process.name}: ${line}`) });
    world.boot('n1', (host) => host.log('hello'));
    expect(lines).toEqual(['n1: hello']);
  });
});
