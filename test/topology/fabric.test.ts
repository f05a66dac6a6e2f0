/** Faults between two nodes, on real sockets: what is sent, what arrives, and when. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Connection, ConnectOptions, Net } from '../../src/host/host.ts';
import { createNodeHost } from '../../src/host/node/host.ts';
import { Fabric, type FabricChange } from '../../src/topology/fabric.ts';
import { eventually } from '../support/eventually.ts';

/** One end of a connection, and what it has heard. */
interface End {
  readonly connection: Connection;
  heard: string;
  /** "open", "end", "close" or "close ECONNRESET", in order. */
  readonly events: string[];
}

describe('a fabric', () => {
  const { timers, clock, net: outside } = createNodeHost();
  let fabric: Fabric;
  let changes: FabricChange[];
  let a: Net;
  let port: number;
  /** Ends of b, as they are accepted. */
  let accepted: End[];
  let stop: () => Promise<void>;

  beforeEach(async () => {
    changes = [];
    fabric = new Fabric(timers, clock, (change) => changes.push(change));
    a = fabric.net('a', outside);
    accepted = [];
    await new Promise<void>((done, fail) => {
      fabric.net('b', outside).listen(
        { address: { kind: 'tcp', host: '127.0.0.1', port: 0 } },
        (connection) => {
          const end: End = { connection, heard: '', events: [] };
          accepted.push(end);
          return eventsOf(end);
        },
        (error, listener) => {
          if (listener === null) return fail(new Error(error?.message));
          port = listener.address.kind === 'tcp' ? listener.address.port : 0;
          stop = () => new Promise((closed) => listener.close(closed));
          done();
        },
      );
    });
  });
  afterEach(async () => {
    fabric.close();
    for (const { connection } of accepted) connection.destroy();
    await stop();
  });

  function eventsOf(end: End) {
    return {
      open: () => end.events.push('open'),
      data: (chunk: Buffer) => void (end.heard += chunk.toString()),
      end: () => {
        end.events.push('end');
        end.connection.end();
      },
      close: (error: { code: string } | null) => void end.events.push(error === null ? 'close' : `close ${error.code}`),
    };
  }

  function open(options?: ConnectOptions): End {
    const end = { heard: '', events: [] as string[] } as unknown as End & { connection: Connection };
    Object.assign(end, { connection: a.connect({ kind: 'tcp', host: '127.0.0.1', port }, eventsOf(end), options) });
    return end;
  }

  /** A connection of a to b that works. */
  async function pair(): Promise<[End, End]> {
    const here = open();
    here.connection.write(Buffer.from('!'));
    const there = await eventually(() => accepted.find(({ heard }) => heard === '!'));
    there.heard = '';
    return [here, there];
  }

  const say = (end: End, text: string): void => void end.connection.write(Buffer.from(text));
  /** Something that was sent afterwards, on a way without faults, has arrived by now. */
  const pause = (): Promise<void> => new Promise((done) => void timers.after(60, done));

  it('lets everything pass while nothing is wrong', async () => {
    const [here, there] = await pair();
    say(here, 'there');
    say(there, 'back');
    await eventually(() => here.heard === 'back' && there.heard === 'there');
    here.connection.destroy();
    await eventually(() => there.events.includes('close'));
  });

  it('holds back what is sent across a cut, and delivers it in order when it heals', async () => {
    const [here, there] = await pair();
    fabric.cut('a', 'b');
    for (const word of ['one ', 'two ', 'three']) say(here, word);
    say(there, 'four ');
    say(there, 'five');
    await pause();
    expect([here.heard, there.heard]).toEqual(['', '']);
    fabric.heal();
    await eventually(() => here.heard === 'four five' && there.heard === 'one two three');
  });

  it('cuts one way only, if told so', async () => {
    const [here, there] = await pair();
    fabric.cut('b', 'a', { oneWay: true });
    say(here, 'heard');
    say(there, 'lost');
    await eventually(() => there.heard === 'heard');
    await pause();
    expect(here.heard).toBe('');
    fabric.heal('a', 'b');
    await eventually(() => here.heard === 'lost');
  });

  it('delays each way', async () => {
    const [here, there] = await pair();
    fabric.delay('a', 'b', 80);
    const start = clock.monotonicUs();
    say(here, 'slow');
    await eventually(() => there.heard === 'slow');
    say(there, 'too');
    await eventually(() => here.heard === 'too');
    expect((clock.monotonicUs() - start) / 1000).toBeGreaterThanOrEqual(160);
    fabric.delay('a', 'b', 0);
    say(here, ' no more');
    await eventually(() => there.heard === 'slow no more');
  });

  it('connects across a cut when that heals, and gives up in time otherwise', async () => {
    fabric.cut('a', 'b', { oneWay: true });
    const patient = open();
    const hasty = open({ timeoutMs: 30 });
    say(patient, 'late');
    await eventually(() => hasty.events.join() === 'close ETIMEDOUT');
    expect(patient.events).toEqual([]);
    expect(accepted).toEqual([]);
    fabric.heal();
    await eventually(() => accepted.some(({ heard }) => heard === 'late'));
    expect(patient.events).toEqual(['open']);
    expect(accepted.length).toBe(1);
  });

  it('tells nobody across a cut that a connection is over', async () => {
    const [here, there] = await pair();
    const [other, otherThere] = await pair();
    fabric.cut('a', 'b');
    here.connection.reset();
    otherThere.connection.destroy();
    await eventually(() => here.events.includes('close'));
    await pause();
    expect([there.events, other.events]).toEqual([[], ['open']]);
    fabric.heal();
    await eventually(() => there.events.some((event) => event.startsWith('close')));
    await eventually(() => other.events.some((event) => event.startsWith('close')));
  });

  it('lets a sender wait who sends too much across a cut', async () => {
    const [here, there] = await pair();
    fabric.cut('a', 'b');
    const chunk = Buffer.alloc(1024 * 1024, 'x');
    for (let i = 0; i < 20; i++) there.connection.write(Buffer.from(chunk));
    here.connection.write(Buffer.from(chunk));
    await pause();
    expect(there.connection.queuedBytes).toBeGreaterThan(0);
    expect(here.connection.queuedBytes).toBe(chunk.length);
    fabric.heal();
    await eventually(() => here.heard.length === 20 * chunk.length && there.heard.length === chunk.length);
  });

  it('parts groups, and whoever is in none of them stays with everybody', async () => {
    const [here, there] = await pair();
    fabric.partition([['c'], ['d']]);
    say(here, 'together');
    await eventually(() => there.heard === 'together');
    fabric.partition([['a', 'c'], ['b']]);
    say(here, ' apart');
    await pause();
    expect(there.heard).toBe('together');
    fabric.heal();
    await eventually(() => there.heard === 'together apart');
    expect(changes.map(({ kind }) => kind)).toEqual(['partition', 'partition', 'heal']);
  });

  it('leaves the connections of outsiders alone', async () => {
    fabric.partition([['a'], ['b']]);
    const end: End = { connection: null as unknown as Connection, heard: '', events: [] };
    const connection = outside.connect({ kind: 'tcp', host: '127.0.0.1', port }, eventsOf(end));
    connection.write(Buffer.from('hello'));
    await eventually(() => accepted.some(({ heard }) => heard === 'hello'));
    connection.destroy();
  });
});
