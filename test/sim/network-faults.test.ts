import { describe, expect, it } from 'vitest';
import { cleanUp, connect, connectedPair, listen, type Listening, type Peer } from '../host/peer.ts';
import { simulatedPair, type SimulatedPair, tcp } from '../host/stage.ts';

const SEEDS = Array.from({ length: 10 }, (_, index) => index + 1);

interface Connected extends SimulatedPair {
  readonly near: Peer;
  readonly far: Peer;
  readonly listening: Listening;
}

/** `near` is the client's end, `far` the server's. */
async function connected(seed: number, prepare?: (peer: Peer) => void): Promise<Connected> {
  const pair = simulatedPair({ seed });
  const { client, server, listening } = await connectedPair(pair.stage, prepare);
  return { ...pair, near: client, far: server, listening };
}

describe.each(SEEDS)('a cut, seed %i', (seed) => {
  it('holds bytes back, and delivers them late after it is healed', async () => {
    const { world, near, far } = await connected(seed);
    world.network.cut('client', 'server');
    near.write('through the dark');
    world.runFor(10_000);
    expect(far.text).toBe('');
    expect([near.closed, far.closed]).toEqual([false, false]);
    const healedMs = world.nowMs;
    world.network.heal();
    expect(world.run({ until: () => far.text === 'through the dark' })).toBe(true);
    // The sender has doubled its intervals meanwhile: 6.2 s, 12.6 s after it began to wait.
    expect(world.nowMs - healedMs).toBeGreaterThan(2000);
    expect(world.nowMs - healedMs).toBeLessThan(3000);
    near.write(', and on');
    world.runFor(100);
    expect(far.text).toBe('through the dark, and on');
  });

  it('in one direction lets the other speak until its buffer is full', async () => {
    const { world, near, far } = await connected(seed);
    world.network.cut('client', 'server', { oneWay: true });
    expect(world.network.reaches('client', 'server')).toBe(false);
    expect(world.network.reaches('server', 'client')).toBe(true);
    near.write('unheard');
    far.write('heard');
    world.runFor(1000);
    expect([far.text, near.text]).toEqual(['', 'heard']);
    // Acknowledgements cannot come back, so the server's kernel must keep what it has sent.
    let sent = 5;
    while (far.connection.queuedBytes === 0 && sent < 16 << 20) {
      far.act((connection) => connection.write(Buffer.alloc(64 << 10)));
      sent += 64 << 10;
      world.runFor(10);
    }
    expect(far.connection.queuedBytes).toBeGreaterThan(0);
    world.network.heal();
    world.run({ until: () => near.receivedBytes === sent, maxMs: 60_000 });
    expect([near.receivedBytes, far.text, far.connection.queuedBytes]).toEqual([sent, 'unheard', 0]);
  });

  it('that outlasts the sender’s patience breaks the connection for who was sending', async () => {
    const { world, near, far } = await connected(seed);
    world.network.cut('client', 'server');
    near.write('anybody?');
    world.runFor(900_000);
    expect(near.closed).toBe(false);
    world.runFor(30_000);
    expect(near.closes).toEqual([{ code: 'ETIMEDOUT', message: 'Connection timed out' }]);
    expect(far.closed).toBe(false);
    world.network.heal();
    far.write('still there?');
    world.runFor(1000);
    expect(far.closes).toEqual([{ code: 'ECONNRESET', message: 'Connection reset by peer' }]);
  });

  it('swallows attempts to connect, which get through after it is healed', async () => {
    const pair = simulatedPair({ seed });
    const { world, stage } = pair;
    const listening = await listen(stage);
    world.network.isolate('server');
    const patient = connect(stage, tcp('server', listening.port));
    const hasty = connect(stage, tcp('server', listening.port), { timeoutMs: 1500 });
    world.runFor(1400);
    expect([patient.closed, hasty.closed]).toEqual([false, false]);
    world.runFor(200);
    expect(hasty.closes).toEqual([{ code: 'ETIMEDOUT', message: 'Connection timed out' }]);
    world.network.heal();
    world.run({ until: () => patient.opened === 1, maxMs: 5000 });
    // Tried again 1, 3, 7 ... seconds after the first packet.
    expect(world.nowMs).toBeGreaterThan(3000);
    expect(world.nowMs).toBeLessThan(3200);
    await cleanUp(stage, listening, patient);
    expect(hasty.opened).toBe(0);
  });

  it('in either direction keeps connections from opening', async () => {
    for (const [from, to] of [
      ['client', 'server'],
      ['server', 'client'],
    ] as const) {
      const { world, stage } = simulatedPair({ seed });
      const listening = await listen(stage);
      world.network.cut(from, to, { oneWay: true });
      const peer = connect(stage, tcp('server', listening.port));
      world.runFor(20_000);
      expect([peer.opened, peer.closed, listening.accepted.length]).toEqual([0, false, 0]);
    }
  });

  it('swallows a reset and what was sent before it; the next word of the peer brings it out', async () => {
    const { world, near, far } = await connected(seed);
    world.network.cut('client', 'server');
    near.write('lost with the connection');
    world.runFor(10);
    near.act((connection) => connection.reset());
    world.runFor(1000);
    world.network.heal();
    world.runFor(100_000);
    expect([far.text, far.closed]).toEqual(['', false]);
    far.write('hello?');
    world.runFor(100);
    expect(far.closes.map((error) => error?.code)).toEqual(['ECONNRESET']);
  });

  it('makes the kernel give up connecting after two minutes', async () => {
    const { world, stage } = simulatedPair({ seed });
    const listening = await listen(stage);
    world.network.isolate('server');
    const peer = connect(stage, tcp('server', listening.port));
    world.runFor(126_000);
    expect(peer.closed).toBe(false);
    world.runFor(2000);
    expect(peer.closes.map((error) => error?.code)).toEqual(['ETIMEDOUT']);
  });
});

describe('cuts', () => {
  it('overlap: a link is open when the last one is healed', () => {
    const { world } = simulatedPair({ seed: 1 });
    const first = world.network.cut('client', 'server');
    const second = world.network.partition(['client'], ['server']);
    first.heal();
    first.heal();
    expect(world.network.reaches('client', 'server')).toBe(false);
    second.heal();
    expect(world.network.reaches('client', 'server')).toBe(true);
    const third = world.network.isolate('client');
    world.network.heal();
    third.heal();
    world.network.cut('client', 'server');
    third.heal();
    expect(world.network.reaches('server', 'client')).toBe(false);
  });

  it('split groups from each other and leave others alone', () => {
    const { world } = simulatedPair({ seed: 1 });
    for (const name of ['a', 'b', 'c', 'bridge']) world.boot(name, () => {});
    world.network.partition(['a', 'b'], ['c'], 'client');
    const reaches = (from: string, to: string): boolean => world.network.reaches(from, to);
    expect([reaches('a', 'b'), reaches('a', 'c'), reaches('c', 'b'), reaches('client', 'a')]).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect([reaches('bridge', 'a'), reaches('c', 'bridge'), reaches('a', 'a')]).toEqual([true, true, true]);
  });

  it('name nodes that exist', () => {
    const { world } = simulatedPair({ seed: 1 });
    expect(() => world.network.cut('client', 'nobody')).toThrow('there is no node named nobody');
  });

  it('do not keep a node from itself', async () => {
    const { world, server } = simulatedPair({ seed: 1 });
    let text = '';
    server.enter((host) =>
      host.net.listen(
        { address: tcp('127.0.0.1', 7000) },
        () => ({ data: (chunk) => (text += chunk.toString()), close: () => {} }),
        () => {},
      ),
    );
    world.network.isolate('server');
    server.enter((host) => {
      const connection = host.net.connect(tcp('localhost', 7000), { data: () => {}, close: () => {} });
      connection.write(Buffer.from('to myself'));
    });
    world.runFor(100);
    expect(text).toBe('to myself');
  });

  it('make flapping links slow, but never lose or reorder bytes', async () => {
    for (const seed of SEEDS) {
      const { world, near, far } = await connected(seed);
      let expected = '';
      for (let i = 0; i < 300; i++) {
        if (i % 20 === 5) world.network.cut('client', 'server', { oneWay: i % 40 === 5 });
        if (i % 20 === 15) world.network.heal();
        near.write(`${i};`);
        expected += `${i};`;
        world.runFor(20);
      }
      world.network.heal();
      world.run({ until: () => far.text.length === expected.length, maxMs: 300_000 });
      expect(far.text).toBe(expected);
    }
  });
});

describe.each(SEEDS)('a peer that dies, seed %i', (seed) => {
  it('by kill closes its connections at once and refuses new ones', async () => {
    const { world, stage, server, near, listening } = await connected(seed);
    server.kill();
    world.runFor(100);
    expect(near.ended).toBe(1);
    near.write('hello?');
    world.runFor(100);
    near.write('hello?');
    world.runFor(100);
    expect(near.closes.map((error) => error?.code)).toEqual(['EPIPE']);
    const late = connect(stage, tcp('server', listening.port));
    world.runFor(100);
    expect(late.closes.map((error) => error?.code)).toEqual(['ECONNREFUSED']);
  });

  it('by kill with unread input resets them', async () => {
    const { world, server, near } = await connected(seed, (peer) => peer.connection.pause());
    // One chunk may still reach a reader that pauses, so there are two.
    near.write('unread');
    world.runFor(100);
    near.write('unread');
    world.runFor(100);
    server.kill();
    world.runFor(100);
    expect(near.closes.map((error) => error?.code)).toEqual(['ECONNRESET']);
  });

  it('by kill still sends what its kernel had taken', async () => {
    const { world, server, near, far } = await connected(seed);
    far.write('last words');
    server.kill();
    world.runFor(100);
    expect(near.text).toBe('last words');
    expect(near.ended).toBe(1);
  });

  it('by power loss falls silent, and resets what it no longer knows once it is back', async () => {
    const { world, server, near, far } = await connected(seed);
    server.powerLoss();
    expect(server.state).toBe('off');
    near.write('hello?');
    world.runFor(5000);
    expect([near.ended, near.closed, far.closed]).toEqual([0, false, false]);
    server.start();
    world.runFor(3000);
    expect(near.closes.map((error) => error?.code)).toEqual(['ECONNRESET']);
    expect(far.closed).toBe(false);
  });

  it('by power loss leaves a silent peer waiting, unless keep-alive asks', async () => {
    const { world, server, near } = await connected(seed);
    const { near: careful, ...other } = await connected(seed);
    careful.act((connection) => connection.keepAlive(60));
    server.powerLoss();
    other.server.powerLoss();
    world.runFor(3_600_000);
    expect(near.closed).toBe(false);
    other.world.runFor(100_000);
    expect(careful.closed).toBe(false);
    other.world.runFor(30_000);
    expect(careful.closes.map((error) => error?.code)).toEqual(['ETIMEDOUT']);
  });

  it('by power loss and comes back is found out by keep-alive as well', async () => {
    const { world, server, near } = await connected(seed);
    near.act((connection) => connection.keepAlive(60));
    server.powerLoss();
    world.runFor(1000);
    server.start();
    world.runFor(61_000);
    expect(near.closes.map((error) => error?.code)).toEqual(['ECONNRESET']);
  });
});

describe.each(SEEDS)('a paused peer, seed %i', (seed) => {
  it('still completes handshakes and takes bytes, and hears all on resume', async () => {
    const { world, stage, server } = simulatedPair({ seed });
    const listening = await listen(stage);
    server.pause();
    const peer = connect(stage, tcp('server', listening.port));
    peer.write('are you there?');
    world.runFor(30_000);
    expect([peer.opened, peer.closed, listening.accepted.length]).toEqual([1, false, 0]);
    expect(peer.connection.queuedBytes).toBe(0);
    server.resume();
    world.runFor(10);
    expect(listening.accepted[0]?.text).toBe('are you there?');
  });

  it('keeps answering keep-alive probes', async () => {
    const { world, server, near } = await connected(seed);
    near.act((connection) => connection.keepAlive(10));
    server.pause();
    world.runFor(600_000);
    expect(near.closed).toBe(false);
  });

  it('fills the sender’s buffers, and drains them on resume', async () => {
    const { world, server, near, far } = await connected(seed);
    server.pause();
    let sent = 0;
    while (near.connection.queuedBytes === 0 && sent < 16 << 20) {
      near.act((connection) => connection.write(Buffer.alloc(64 << 10)));
      sent += 64 << 10;
      world.runFor(10);
    }
    expect(near.connection.queuedBytes).toBeGreaterThan(0);
    server.resume();
    world.run({ until: () => far.receivedBytes === sent });
    world.runFor(100);
    expect([far.receivedBytes, near.connection.queuedBytes]).toEqual([sent, 0]);
  });

  it('resets those it never accepted when it is killed', async () => {
    const { world, stage, server } = simulatedPair({ seed });
    const listening = await listen(stage);
    server.pause();
    const peer = connect(stage, tcp('server', listening.port));
    world.runFor(100);
    server.kill();
    world.runFor(100);
    expect(peer.closes.map((error) => error?.code)).toEqual(['ECONNRESET']);
  });

  it('drops handshakes beyond its backlog, which succeed once it accepts again', async () => {
    const { world, stage, server } = simulatedPair({ seed });
    const listening = await listen(stage, () => {}, { backlog: 3 });
    server.pause();
    const peers = Array.from({ length: 8 }, () => connect(stage, tcp('server', listening.port)));
    world.runFor(500);
    expect(peers.filter((peer) => peer.opened === 1).length).toBe(4);
    server.resume();
    world.runFor(10_000);
    expect(peers.filter((peer) => peer.opened === 1).length).toBe(8);
  });
});

describe('ways that are far, slow or lossy', () => {
  it('take the latency that was set', async () => {
    const { world, near, far } = await connected(1);
    world.network.shape('client', 'server', { latency: { minUs: 50_000, meanUs: 50_000, maxUs: 50_000 } });
    const startMs = world.nowMs;
    near.write('ping');
    world.run({ until: () => far.text === 'ping' });
    expect(world.nowMs - startMs).toBeCloseTo(50, 3);
    world.network.resetShapes();
    const againMs = world.nowMs;
    near.write('ping');
    world.run({ until: () => far.text === 'pingping' });
    expect(world.nowMs - againMs).toBeLessThan(25);
  });

  it('let small things wait behind big ones when bandwidth is short', async () => {
    const { world, stage, near, far, listening } = await connected(1);
    world.network.shape('client', 'server', { bytesPerSecond: 100_000 });
    const other = connect(stage, tcp('server', listening.port));
    world.run({ until: () => listening.accepted.length === 2 });
    const startMs = world.nowMs;
    near.act((connection) => connection.write(Buffer.alloc(10_000)));
    other.write('small');
    world.run({ until: () => listening.accepted[1]!.text === 'small' });
    expect(world.nowMs - startMs).toBeGreaterThan(100);
    world.run({ until: () => far.receivedBytes === 10_000 });
    expect(world.nowMs - startMs).toBeLessThan(400);
  });

  it('show loss as delay, never as missing bytes', async () => {
    let totalMs = 0;
    for (const seed of SEEDS) {
      const { world, near, far } = await connected(seed);
      world.network.shape('client', 'server', { lossProbability: 0.3 });
      let expected = '';
      const startMs = world.nowMs;
      for (let i = 0; i < 100; i++) {
        near.write(`${i};`);
        expected += `${i};`;
        world.runFor(1);
      }
      world.run({ until: () => far.text.length === expected.length });
      expect(far.text).toBe(expected);
      totalMs += world.nowMs - startMs;
    }
    expect(totalMs / SEEDS.length).toBeGreaterThan(400);
  });

  it('repeat together what was sent together: a burst of bytes needs one lucky try', async () => {
    for (const seed of SEEDS) {
      const { world, near, far } = await connected(seed);
      world.network.shape('client', 'server', { lossProbability: 0.6 });
      near.act((connection) => {
        for (let i = 0; i < 2000; i++) connection.write(Buffer.from([i]));
      });
      expect(world.run({ until: () => far.receivedBytes === 2000, maxMs: 60_000 })).toBe(true);
    }
  });

  it('let a packet through at its next try once they lose nothing any more', async () => {
    for (const seed of SEEDS) {
      const { world, near, far } = await connected(seed);
      world.network.shape('client', 'server', { lossProbability: 0.999 });
      near.write('late');
      world.runFor(10_000);
      expect(far.text).toBe('');
      world.network.resetShapes();
      expect(world.run({ until: () => far.text === 'late', maxMs: 4000 })).toBe(true);
    }
  });

  it('find no way to an address that no machine has', async () => {
    const { world, stage } = simulatedPair({ seed: 1 });
    const peer = connect(stage, tcp('10.9.9.9', 6379));
    world.runFor(5000);
    expect(peer.closes).toEqual([{ code: 'EHOSTUNREACH', message: 'No route to host' }]);
  });
});

describe('names', () => {
  it('resolve to the machine’s address, from everywhere', async () => {
    const { world, server, client } = simulatedPair({ seed: 1 });
    const found: string[] = [];
    for (const node of [server, client]) {
      node.enter((host) => host.net.resolve('server', (_error, addresses) => found.push(...addresses)));
    }
    world.runFor(10);
    expect(found).toEqual([server.address, server.address]);
  });

  it('do not make a loopback listener reachable from outside', async () => {
    const { world, stage } = simulatedPair({ seed: 1 });
    const listening = await listen(stage, () => {}, { address: tcp('127.0.0.1', 0) });
    const outside = connect(stage, tcp('server', listening.port));
    world.runFor(100);
    expect(outside.closes.map((error) => error?.code)).toEqual(['ECONNREFUSED']);
  });
});
