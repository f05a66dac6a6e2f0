import { describe, expect, it } from 'vitest';
import type { Connection, ConnectionEvents, Host, Net } from '../../src/host/host.ts';
import { createManualTime, createNodeHost } from '../../src/host/node/host.ts';
import { createInstance } from '../../src/sentinel/instances.ts';
import { Sentinel } from '../../src/sentinel/sentinel.ts';
import { FAILURE, Instance } from '../../src/sentinel/state.ts';
import { OTHER_ID } from './fake-machine.ts';

/** A sentinel of which is noted, in order, what it does. */
function setUp(): {
  sentinel: Sentinel;
  master: Instance;
  done: string[];
  peers: ConnectionEvents[];
  advance: (ms: number) => void;
} {
  const done: string[] = [];
  const peers: ConnectionEvents[] = [];
  const time = createManualTime({ wallMs: 1_700_000_000_000 });
  const { clock, timers, disk, random, system, processes } = createNodeHost({ time });
  const net = { connect: (_: unknown, events: ConnectionEvents) => connect(events) } as unknown as Net;
  const connect = (events: ConnectionEvents): Connection => {
    peers.push(events);
    const address = { kind: 'tcp', host: '10.0.0.9', port: 1 } as const;
    const write = (bytes: Uint8Array): boolean => {
      const words = Buffer.from(bytes).toString().split('\r\n');
      done.push(`send ${words.filter((word) => /^[A-Z]{4,}$/.test(word)).join(' ')}`);
      return true;
    };
    return { local: address, write, noDelay() {}, destroy() {} } as unknown as Connection;
  };
  const host: Host = { clock, timers, net, disk, random, system, processes, log: () => {} };
  const sentinel = new Sentinel({
    host,
    settings: { port: 26_379, requirePass: '', sourceHost: '' },
    log: (_, text) => done.push(`log ${text.split(' ')[0]}`),
    publish: (channel) => done.push(`publish ${channel}`),
    save: () => {
      done.push('save');
      return null;
    },
    schedule: (script) => done.push(`script ${script[0]}`),
    exit: (code) => done.push(`exit ${code}`),
  });
  const made = { kind: 'master', name: 'mymaster', host: '10.0.0.1', port: 6379, quorum: 1 } as const;
  const master = createInstance(sentinel.machine, made);
  if (!(master instanceof Instance)) throw new Error(master);
  return { sentinel, master, done, peers, advance: (ms) => time.advance(ms) };
}

describe('a sentinel', () => {
  it('draws an id, saves it, and tells what it monitors', () => {
    const { sentinel, done } = setUp();
    sentinel.start();
    expect(sentinel.state.myid).toMatch(/^[0-9a-f]{40}$/);
    expect(done).toEqual(['save', 'log Sentinel', 'log Sentinel', 'log +monitor', 'publish +monitor']);
    sentinel.stop();
  });

  it('keeps the id that it has', () => {
    const { sentinel, done } = setUp();
    sentinel.state.myid = OTHER_ID;
    sentinel.start();
    expect(sentinel.state.myid).toBe(OTHER_ID);
    expect(done).not.toContain('save');
    sentinel.stop();
  });

  it('ticks ten to twenty times a second', () => {
    const { sentinel, advance } = setUp();
    sentinel.start();
    const times = new Set<number>();
    sentinel.afterTurn = (): void => void times.add(sentinel.state.previousTime);
    advance(10_000);
    expect(times.size).toBeGreaterThanOrEqual(100);
    expect(times.size).toBeLessThanOrEqual(200);
    sentinel.stop();
    const before = sentinel.state.previousTime;
    advance(1000);
    expect(sentinel.state.previousTime).toBe(before);
  });

  it('saves what it has promised before it says anything, once for a whole turn', () => {
    const { sentinel, master, done } = setUp();
    sentinel.enter(() => {
      sentinel.tick();
      sentinel.vote(master, 3n, OTHER_ID);
      sentinel.vote(master, 4n, OTHER_ID);
      done.push('end of the turn');
    });
    const afterwards = done.slice(done.indexOf('end of the turn') + 1);
    expect(afterwards).toEqual([
      'save',
      'log Sentinel',
      'send CLIENT SETNAME PING INFO',
      'send CLIENT SETNAME SUBSCRIBE',
    ]);
    expect(done.filter((text) => text.startsWith('send'))).toHaveLength(2);
  });

  it('saves what a command has changed before it failed', () => {
    const { sentinel, master, done } = setUp();
    const run = (): void =>
      void sentinel.enter(() => {
        sentinel.vote(master, 3n, OTHER_ID);
        throw new Error('no');
      });
    expect(run).toThrow('no');
    expect(done).toContain('save');
  });

  it('lets observers hear its events', () => {
    const { sentinel, master } = setUp();
    const heard: string[] = [];
    const end = sentinel.observe(({ type, payload }) => heard.push(`${type} ${payload}`));
    sentinel.enter(() => sentinel.vote(master, 3n, OTHER_ID));
    end();
    sentinel.enter(() => sentinel.vote(master, 4n, OTHER_ID));
    expect(heard).toEqual(['+new-epoch 3', `+vote-for-leader ${OTHER_ID} 3`]);
  });

  it('crashes where that is simulated: saved, and nothing more sent', () => {
    const { sentinel, done, advance } = setUp();
    sentinel.start();
    sentinel.state.simulatedFailures = FAILURE.crashAfterElection;
    done.length = 0;
    advance(60_000);
    const crash = done.indexOf('exit 99');
    expect(done.slice(crash - 5)).toEqual([
      'log +elected-leader',
      'publish +elected-leader',
      'save',
      'log Sentinel',
      'log Sentinel',
      'exit 99',
    ]);
  });

  it('is not led astray by what comes after it has stopped', () => {
    const { sentinel, peers, done } = setUp();
    sentinel.tick();
    sentinel.stop();
    done.length = 0;
    for (const events of peers) {
      events.data(Buffer.from('+PONG\r\n'));
      events.close(null);
    }
    sentinel.tick();
    sentinel.receiveHello('x');
    expect(done).toEqual([]);
  });
});
