/**
 * Random traffic under random faults, against the promises that a reliable byte stream keeps whatever happens: what
 * arrives is a prefix of what was sent; `close` comes at most once per life and nothing after it; and once all faults
 * are over, every connection that neither side closed has delivered everything.
 */
import { describe, expect, it } from 'vitest';
import type { Connection, ConnectionEvents, Host, Random } from '../../src/host/host.ts';
import { Prng } from '../../src/host/prng.ts';
import { type SimProcess, World } from '../../src/sim/index.ts';
import { tcp } from '../host/stage.ts';

const NODES = ['n1', 'n2', 'n3', 'n4'];
const PORT = 7000;

/** Byte i of every stream is i mod 251; long enough for the longest write or chunk at any phase. */
const PERIOD = 251;
const PATTERN = Buffer.from(Uint8Array.from({ length: PERIOD + (64 << 10) }, (_, index) => index % PERIOD));

function patternAt(offset: number, length: number): Buffer {
  const phase = offset % PERIOD;
  return PATTERN.subarray(phase, phase + length);
}

/** One end of a connection: sends the pattern and checks that it receives just that. */
class End {
  readonly boot: string;
  connection!: Connection;
  /** Address and port of both ends, the lower one first: finds the other end. */
  key = '';
  sent = 0;
  received = 0;
  ended = false;
  endedByPeer = false;
  closes = 0;

  constructor(boot: string) {
    this.boot = boot;
  }

  events(): ConnectionEvents {
    return {
      data: (chunk) => {
        this.#alive();
        if (!patternAt(this.received, chunk.length).equals(chunk)) throw new Error(`wrong bytes at ${this.received}`);
        this.received += chunk.length;
      },
      drain: () => this.#alive(),
      end: () => {
        this.#alive();
        this.endedByPeer = true;
      },
      close: () => {
        this.#alive();
        this.closes++;
      },
    };
  }

  send(length: number): void {
    if (this.ended || this.closes > 0) return;
    const bytes = Buffer.from(patternAt(this.sent, length));
    this.sent += length;
    this.connection.write(bytes);
  }

  #alive(): void {
    if (this.closes > 0) throw new Error('an event after close');
  }
}

class Traffic {
  readonly ends: End[] = [];
  /** Nobody sends, opens or closes any more; everybody reads. */
  quiet = false;

  main(name: string): (host: Host) => void {
    let boots = 0;
    return (host) => {
      const boot = `${name} ${++boots}`;
      host.net.listen(
        { address: tcp('0.0.0.0', PORT) },
        (connection) => this.#accept(boot, connection, held),
        (error) => {
          if (error !== null) throw new Error(error.message);
        },
      );
      let held: End[] = [];
      const mine = (): End[] => (held = held.filter((end) => end.closes === 0));
      host.timers.every(3 + host.random.below(5), () => {
        if (!this.quiet) this.#act(host, mine(), () => held.push(this.#dial(host, boot)));
      });
      host.timers.every(100, () => {
        if (this.quiet) for (const end of mine()) end.connection.resume();
      });
    };
  }

  #accept(boot: string, connection: Connection, held: End[]): ConnectionEvents {
    const end = new End(boot);
    end.connection = connection;
    end.key = keyOf(connection);
    this.ends.push(end);
    held.push(end);
    return end.events();
  }

  #act(host: Host, mine: End[], dial: () => void): void {
    const { random } = host;
    if (mine.length < 4 && random.below(4) === 0) dial();
    const end = mine[random.below(Math.max(1, mine.length))];
    if (end === undefined) return;
    const choice = random.below(100);
    if (choice < 70) end.send(1 + random.below(random.below(8) === 0 ? 60_000 : 300));
    else if (choice < 78) end.connection.pause();
    else if (choice < 92) end.connection.resume();
    else if (choice < 94) {
      end.ended = true;
      end.connection.end();
    } else if (choice < 95) {
      end.ended = true;
      end.connection.destroy();
    } else if (choice < 96) {
      end.ended = true;
      end.connection.reset();
    } else if (choice < 98) end.connection.keepAlive(random.below(20));
  }

  #dial(host: Host, boot: string): End {
    const target = NODES[host.random.below(NODES.length)]!;
    const end = new End(boot);
    end.connection = host.net.connect(
      tcp(target, PORT),
      end.events(),
      host.random.below(2) === 0 ? { timeoutMs: 200 } : {},
    );
    end.key = keyOf(end.connection);
    this.ends.push(end);
    return end;
  }
}

function keyOf({ local, remote }: Connection): string {
  return [JSON.stringify(local), JSON.stringify(remote)].toSorted().join();
}

function disturb(world: World, random: Random, processes: SimProcess[]): void {
  const process = processes[random.below(processes.length)]!;
  const [a, b] = [NODES[random.below(4)]!, NODES[random.below(4)]!];
  const faults = [
    () => world.network.cut(a, b, { oneWay: random.below(2) === 0 }),
    () => world.network.isolate(a),
    () => world.network.heal(),
    () => world.network.heal(),
    () =>
      world.network.shape(a, b, { lossProbability: random.below(50) / 100, bytesPerSecond: 1e4 + random.below(1e7) }),
    () => world.network.resetShapes(),
    () => process.pause(),
    () => process.resume(),
    () => process.resume(),
    () => process.stall(random.below(300)),
    () => process.kill(),
    () => process.powerLoss(),
    () => void (process.alive || process.start()),
    () => void (process.alive || process.start()),
  ];
  faults[random.below(faults.length)]!();
}

interface Played {
  readonly survivors: readonly End[];
  readonly delivered: number;
  readonly connections: number;
}

function play(seed: number): Played {
  const world = new World({ seed });
  const random = new Prng(seed).fork('faults');
  const traffic = new Traffic();
  const processes = NODES.map((name) => world.boot(name, traffic.main(name)));
  for (let i = 0; i < 60; i++) {
    world.runFor(random.below(random.below(5) === 0 ? 2000 : 100));
    disturb(world, random, processes);
  }
  // Peace, for longer than any retransmission waits.
  traffic.quiet = true;
  world.network.heal();
  world.network.resetShapes();
  for (const process of processes) {
    process.resume();
    if (!process.alive) process.start();
  }
  world.runFor(200_000);
  const live = new Set(processes.map((process) => `${process.name} ${process.boots}`));
  return {
    survivors: traffic.ends.filter((end) => live.has(end.boot)),
    delivered: traffic.ends.reduce((sum, end) => sum + end.received, 0),
    connections: traffic.ends.length,
  };
}

/** Connections of which both ends live on and neither has been ended by anybody. */
function* undisturbedPairs(ends: readonly End[]): Iterable<[End, End]> {
  const byKey = new Map<string, End>();
  for (const end of ends) {
    const other = byKey.get(end.key);
    byKey.set(end.key, end);
    if (other === undefined) continue;
    const over = [end, other].some((one) => one.ended || one.endedByPeer || one.closes > 0);
    if (!over) yield [end, other];
  }
}

describe('random traffic under random faults', () => {
  it('keeps the promises of a byte stream', () => {
    let delivered = 0;
    let pairs = 0;
    for (let seed = 1; seed <= 25; seed++) {
      const result = play(seed);
      delivered += result.delivered;
      for (const [one, other] of undisturbedPairs(result.survivors)) {
        pairs++;
        expect([seed, one.key, one.received, other.received]).toEqual([seed, one.key, other.sent, one.sent]);
      }
    }
    expect(delivered).toBeGreaterThan(1 << 20);
    expect(pairs).toBeGreaterThan(20);
  });
});
