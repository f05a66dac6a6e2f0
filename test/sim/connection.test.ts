import { describe, expect, it } from 'vitest';
import { connectedPair } from '../host/peer.ts';
import { simulatedPair, tcp } from '../host/stage.ts';

const SMALL = { sendBufferBytes: [1000, 1000], windowBytes: [1000, 1000], chunking: 'whole' } as const;

describe('the rules of ownership', () => {
  it('catch a receiver that keeps a chunk without copying it', async () => {
    const { stage, world } = simulatedPair({ seed: 1 });
    const kept: Buffer[] = [];
    const { client } = await connectedPair(stage, (peer) => {
      peer.onData = (chunk) => kept.push(chunk);
    });
    client.write('precious');
    world.runFor(100);
    expect(kept.length).toBeGreaterThan(0);
    expect(Buffer.concat(kept).every((byte) => byte === 0xdb)).toBe(true);
  });

  it('catch a sender that changes bytes after write returned false', async () => {
    const { stage, world } = simulatedPair({ seed: 5, network: SMALL });
    const { client } = await connectedPair(stage);
    const bytes = Buffer.alloc(10_000, 'a');
    expect(client.act((connection) => connection.write(bytes))).toBe(false);
    bytes.fill('b');
    expect(() => world.runFor(1000)).toThrow('client changed bytes after write() had returned false for them [seed 5,');
  });

  it('let a sender change bytes after write returned true', async () => {
    const { stage, world } = simulatedPair({ seed: 1, network: SMALL });
    const { client, server } = await connectedPair(stage);
    const bytes = Buffer.from('original');
    expect(client.act((connection) => connection.write(bytes))).toBe(true);
    bytes.fill('x');
    world.runFor(100);
    expect(server.text).toBe('original');
  });

  it('are not checked when paranoia is off', async () => {
    const { stage, world } = simulatedPair({ seed: 1, paranoid: false, network: SMALL });
    const kept: Buffer[] = [];
    const { client } = await connectedPair(stage, (peer) => {
      peer.onData = (chunk) => kept.push(chunk);
    });
    client.write('precious');
    world.runFor(100);
    expect(Buffer.concat(kept).toString()).toBe('precious');
  });
});

describe('a reset that meets unread bytes', () => {
  it('lets the reader have them first or not, as systems differ', async () => {
    const outcomes = new Set<string>();
    for (let seed = 1; seed <= 40; seed++) {
      const { stage, world } = simulatedPair({ seed, network: { chunking: 'whole' } });
      const { client, server } = await connectedPair(stage, (peer) => peer.connection.pause());
      client.write('one');
      client.write('two');
      world.runFor(100);
      client.act((connection) => connection.reset());
      world.runFor(100);
      expect(server.closed).toBe(false);
      server.act((connection) => connection.resume());
      world.runFor(100);
      expect(server.closes.map((error) => error?.code)).toEqual(['ECONNRESET']);
      outcomes.add(server.text);
    }
    // "one" alone: a chunk that had been read when the reader paused.
    expect([...outcomes].toSorted()).toEqual(['', 'one', 'onetwo']);
  });
});

describe('a write that finds out that the peer is gone', () => {
  it('closes a paused connection with the error', async () => {
    const { stage, world } = simulatedPair({ seed: 1 });
    const { client, server } = await connectedPair(stage);
    client.act((connection) => connection.pause());
    server.act((connection) => connection.reset());
    world.runFor(100);
    expect(client.closed).toBe(false);
    expect(client.write('x')).toBe(true);
    world.runFor(1);
    expect(client.closes.map((error) => error?.code)).toEqual(['ECONNRESET']);
  });
});

describe('a connection that nobody holds any more', () => {
  it('is not counted as open', async () => {
    const { stage, world, server, client } = simulatedPair({ seed: 1 });
    const pair = await connectedPair(stage);
    expect([server.openConnections, client.openConnections]).toEqual([1, 1]);
    pair.client.act((connection) => connection.destroy());
    pair.server.act((connection) => connection.destroy());
    world.runFor(100);
    expect([server.openConnections, client.openConnections]).toEqual([0, 0]);
  });
});

describe('a connect that is killed half-way', () => {
  it('leaves nothing behind on the other side', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { stage, world, server, client } = simulatedPair({ seed });
      let accepted = 0;
      let port = 0;
      stage.server.act((host) =>
        host.net.listen(
          { address: tcp('server', 6379) },
          () => {
            accepted++;
            return { data: () => {}, close: () => accepted-- };
          },
          () => (port = 6379),
        ),
      );
      world.run({ until: () => port > 0 });
      client.enter((host) => host.net.connect(tcp('server', 6379), { data: () => {}, close: () => {} }));
      world.runFor(seed * 0.1);
      client.kill();
      world.runFor(1000);
      expect([accepted, server.openConnections]).toEqual([0, 0]);
    }
  });
});
