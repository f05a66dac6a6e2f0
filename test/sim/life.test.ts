import { describe, expect, it } from 'vitest';
import type { Host } from '../../src/host/host.ts';
import { DeadNodeError, SimulationError, World } from '../../src/sim/index.ts';

const world = (seed = 1): World => new World({ seed });
const idle = (): void => {};

describe('the guard of the ports', () => {
  it('refuses calls from outside the simulation, and lets process.enter in', () => {
    const sim = world();
    let escaped: Host | null = null;
    const node = sim.boot('n1', (host) => void (escaped = host));
    const host = escaped! as Host;
    expect(() => host.clock.wallMs()).toThrow('code outside the simulation called a port of n1');
    expect(() => host.timers.after(1, idle)).toThrow(SimulationError);
    expect(() => host.disk.list('.')).toThrow(SimulationError);
    expect(() => host.net.resolve('n1', idle)).toThrow(SimulationError);
    expect(() => host.log('x')).toThrow(SimulationError);
    expect(node.enter(() => host.clock.wallMs())).toBeGreaterThan(0);
  });

  it('refuses calls from another node’s event', () => {
    const sim = world();
    const hosts: Host[] = [];
    sim.boot('n1', (host) => void hosts.push(host));
    const other = sim.boot('n2', (host) => void hosts.push(host));
    expect(() => other.enter(() => hosts[0]!.timers.after(1, idle))).toThrow('code of n2 called a port of n1');
  });

  it('throws at whatever a dead node calls', () => {
    const sim = world();
    let escaped: Host | null = null;
    const node = sim.boot('n1', (host) => void (escaped = host));
    const host = escaped! as Host;
    const file = node.enter(({ disk }) => disk.open('f', 'create'));
    const timer = node.enter(({ timers }) => timers.every(1, idle));
    const connection = node.enter(({ net }) =>
      net.connect({ kind: 'tcp', host: 'n1', port: 1 }, { data: idle, close: idle }),
    );
    node.kill();
    node.start();
    const calls = [
      () => host.clock.monotonicUs(),
      () => host.timers.soon(idle),
      () => host.disk.read('f'),
      () => file.append(Buffer.from('x')),
      () => timer.cancel(),
      () => connection.write(Buffer.from('x')),
      () => connection.destroy(),
      () => host.log('x'),
    ];
    for (const call of calls) {
      expect(call).toThrow(DeadNodeError);
      expect(() => node.enter(call)).toThrow(DeadNodeError);
    }
  });

  it('lets a node die in the midst of its own event', () => {
    const sim = world();
    const steps: string[] = [];
    const node = sim.boot('n1', (host) => {
      host.timers.after(5, () => {
        host.timers.soon(() => steps.push('soon'));
        steps.push('before');
        host.log('the last word');
        steps.push('after');
        host.timers.after(1, () => steps.push('timer'));
      });
    });
    sim.observe((event) => {
      if (event.kind === 'log') node.kill();
    });
    sim.runFor(100);
    expect(steps).toEqual(['before', 'after']);
    expect(node.state).toBe('killed');
  });

  it('does not enter a node that is dead, nor one from within an event', () => {
    const sim = world();
    const node = sim.boot('n1', idle);
    const other = sim.boot('n2', idle);
    expect(() => node.enter(() => other.enter(idle))).toThrow('in the midst of an event');
    node.kill();
    expect(() => node.enter(idle)).toThrow('n1 is not running');
  });

  it('does not run the world from within an event', () => {
    const sim = world();
    const node = sim.boot('n1', idle);
    expect(() => node.enter(() => sim.runFor(1))).toThrow('inside an event');
  });
});

describe('pause and resume', () => {
  it('parks events and runs them on resume, in order, periodic ones once', () => {
    const sim = world();
    const ran: string[] = [];
    const node = sim.boot('n1', (host) => {
      const mark = (name: string) => (): void => void ran.push(`${name} ${Math.round(sim.nowMs)}`);
      host.timers.every(10, mark('every'));
      host.timers.after(25, mark('25'));
      host.timers.after(15, mark('15'));
      host.timers.after(105, mark('105'));
    });
    sim.runFor(12);
    node.pause();
    expect(node.state).toBe('paused');
    sim.runFor(88);
    expect(ran).toEqual(['every 10']);
    node.resume();
    sim.runFor(12);
    expect(ran).toEqual(['every 10', '15 100', 'every 100', '25 100', '105 105', 'every 110']);
  });

  it('does not run a parked timer that was cancelled on resume', () => {
    const sim = world();
    const ran: string[] = [];
    const node = sim.boot('n1', (host) => {
      const victim = host.timers.after(11, () => ran.push('victim'));
      host.timers.after(10, () => {
        ran.push('first');
        victim.cancel();
      });
    });
    node.pause();
    sim.runFor(50);
    node.resume();
    sim.runFor(50);
    expect(ran).toEqual(['first']);
  });

  it('drops parked events when the node dies', () => {
    const sim = world();
    let runs = 0;
    const node = sim.boot('n1', (host) => void host.timers.after(1, () => runs++));
    node.pause();
    sim.runFor(10);
    node.kill();
    node.resume();
    sim.runFor(10);
    expect(runs).toBe(0);
  });
});

describe('restart', () => {
  it('boots a new life: new timers, new dice, nothing of the old', () => {
    const sim = world();
    const drawn: number[] = [];
    let ticks = 0;
    const node = sim.boot('n1', (host) => {
      drawn.push(host.random.u32());
      host.timers.every(10, () => ticks++);
    });
    sim.runFor(35);
    node.kill();
    sim.runFor(100);
    expect(ticks).toBe(3);
    node.start();
    sim.runFor(35);
    expect(ticks).toBe(6);
    expect(node.boots).toBe(2);
    expect(drawn[0]).not.toBe(drawn[1]);
    expect(() => node.start()).toThrow('running already');
    node.restart();
    expect(node.boots).toBe(3);
  });

  it('can be ordered from within another node’s event', () => {
    const sim = world();
    const node = sim.boot('n1', idle);
    sim.boot('n2', (host) => void host.timers.after(5, () => host.log('now')));
    sim.observe((event) => {
      if (event.kind === 'log') node.restart();
    });
    sim.runFor(10);
    expect(node.boots).toBe(2);
    expect(node.state).toBe('running');
  });

  it('takes another program, and keeps the log of all lives', () => {
    const sim = world();
    const node = sim.boot('n1', (host) => host.log('one'));
    node.restart((host) => host.log('two'));
    node.restart();
    expect(node.log).toEqual(['one', 'two', 'two']);
  });
});

describe('time on a node', () => {
  it('starts the monotonic clock anew with each boot, and never lets it go back', () => {
    const sim = world();
    const node = sim.boot('n1', idle);
    const read = (): number => node.enter((host) => host.clock.monotonicUs());
    const first = read();
    sim.runFor(1000);
    expect(read() - first).toBe(1_000_000);
    node.restart();
    expect(read()).not.toBe(first + 1_000_000);
  });

  it('jumps the wall clock without timers noticing', () => {
    const sim = world();
    let firedMs = 0;
    const node = sim.boot('n1', (host) => void host.timers.after(1000, () => (firedMs = sim.nowMs)));
    const before = node.enter((host) => host.clock.wallMs());
    node.jumpClock(-3_600_000);
    expect(node.enter((host) => host.clock.wallMs())).toBe(before - 3_600_000);
    sim.runFor(2000);
    expect(firedMs).toBe(1000);
    expect(node.enter((host) => host.clock.wallMs())).toBe(before - 3_600_000 + 2000);
  });

  it('lets a clock drift, and timers with it', () => {
    const sim = world();
    const node = sim.boot('n1', idle);
    const straight = sim.boot('n2', idle);
    node.setDrift(10_000);
    const fired: string[] = [];
    node.enter((host) => void host.timers.after(1000, () => fired.push(`fast ${sim.nowMs.toFixed(1)}`)));
    straight.enter((host) => void host.timers.after(1000, () => fired.push(`right ${sim.nowMs.toFixed(1)}`)));
    const before = node.enter((host) => host.clock.monotonicUs());
    sim.runFor(1000);
    expect(fired).toEqual(['fast 990.1', 'right 1000.0']);
    expect(Math.round(node.enter((host) => host.clock.monotonicUs()) - before)).toBe(1_010_000);
  });

  it('keeps the time that a clock has shown when its drift changes', () => {
    const sim = world();
    const node = sim.boot('n1', idle);
    const read = (): number => node.enter((host) => host.clock.monotonicUs());
    const start = read();
    const passed = (): number => Math.round((read() - start) / 1000);
    node.setDrift(100_000);
    sim.runFor(1000);
    expect(passed()).toBe(1100);
    node.setDrift(-100_000);
    expect(passed()).toBe(1100);
    sim.runFor(1000);
    expect(passed()).toBe(2000);
    node.setDrift(0);
    sim.runFor(1000);
    expect(passed()).toBe(3000);
  });

  it('makes a node that polls the clock in a loop busy, and its events late', () => {
    const sim = world();
    const ran: string[] = [];
    sim.boot('n1', (host) => {
      host.timers.after(10, () => {
        const endUs = host.clock.monotonicUs() + 50_000;
        while (host.clock.monotonicUs() < endUs);
        ran.push('spun');
      });
      host.timers.after(20, () => ran.push(`late ${Math.round(sim.nowMs)}`));
    });
    sim.runFor(100);
    expect(ran).toEqual(['spun', 'late 60']);
  });

  it('stalls a node on demand', () => {
    const sim = world();
    const ran: number[] = [];
    const node = sim.boot('n1', (host) => void host.timers.after(10, () => ran.push(sim.nowMs)));
    node.stall(300);
    sim.runFor(1000);
    expect(ran).toEqual([300]);
  });
});

describe('two nodes', () => {
  it('are told apart by name, address, pid, disk and dice', () => {
    const sim = world();
    const seen: string[][] = [];
    for (const name of ['n1', 'n2']) {
      sim.boot(name, (host) => {
        const file = host.disk.open('name', 'create');
        file.appendNow(Buffer.from(name));
        seen.push([String(host.system.pid), String(host.random.u32()), host.random.bytes(4).join()]);
      });
    }
    for (const index of [0, 1, 2]) expect(seen[0]![index]).not.toBe(seen[1]![index]);
    expect(sim.process('n1').address).not.toBe(sim.process('n2').address);
    expect(Buffer.from(sim.process('n1').disk.read('name')!).toString()).toBe('n1');
    expect(() => sim.boot('n1', idle)).toThrow('there is a node named n1 already');
    expect(() => sim.boot('n3', idle, { address: sim.process('n1').address })).toThrow('belongs to a node');
    expect(() => sim.process('n9')).toThrow('there is no node named n9');
  });
});
