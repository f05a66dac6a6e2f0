import { describe, expect, it } from 'vitest';
import { BareServer, type MemoryClient } from '../support/bare-server.ts';

const LIMIT = 1_000_000;

function limited(limit: number | string = LIMIT): { bare: BareServer; admin: MemoryClient } {
  const bare = new BareServer();
  const admin = bare.connect();
  admin.call('CLIENT', 'NO-EVICT', 'ON');
  admin.call('CONFIG', 'SET', 'maxmemory-clients', limit);
  return { bare, admin };
}

/** A client with so much of a request that never ends. */
function hoarder(bare: BareServer, bytes: number): MemoryClient {
  const client = bare.connect();
  client.sendRaw(Buffer.from(`*2\r\n$${bytes}\r\n${'v'.repeat(bytes)}`));
  return client;
}

describe('maxmemory-clients', () => {
  it('closes a client whose request is too large, while it comes', () => {
    const { bare, admin } = limited();
    const client = bare.connect();
    client.sendRaw(Buffer.from('*2\r\n$1100000\r\nabc'));
    expect(client.isClosed).toBe(true);
    expect(admin.call('INFO', 'stats')).toContain('evicted_clients:1');
    expect(bare.log.some((line) => / \* Evicting client: id=\d+ addr=/.test(line))).toBe(true);
  });

  it('closes the largest first, and no more than needed', () => {
    const { bare } = limited();
    const [small, large, medium] = [hoarder(bare, 30_000), hoarder(bare, 400_000), hoarder(bare, 200_000)];
    expect([small.isClosed, large.isClosed, medium.isClosed]).toEqual([false, false, false]);
    const last = hoarder(bare, 250_000);
    expect([small.isClosed, large.isClosed, medium.isClosed, last.isClosed]).toEqual([false, true, false, false]);
  });

  it('counts queued commands', () => {
    const { bare } = limited();
    const client = bare.connect();
    client.call('MULTI');
    for (let i = 0; i < 4; i++) {
      expect(client.isClosed).toBe(false);
      client.call('SET', 'k', 'v'.repeat(200_000));
    }
    expect(client.isClosed).toBe(true);
  });

  it.each(['WATCH', 'SUBSCRIBE', 'PSUBSCRIBE', 'SSUBSCRIBE'])('counts what %s adds up to', (command) => {
    const { bare } = limited(200_000);
    const client = bare.connect();
    for (let i = 0; i < 10_000 && !client.isClosed; i++) client.call(command, `name ${i}`);
    expect(client.isClosed).toBe(true);
  });

  it('counts replies that are not read', () => {
    const { bare } = limited();
    const client = bare.connect();
    client.call('SET', 'k', 'v'.repeat(100_000));
    client.isReading = false;
    for (let i = 0; i < 100 && !client.isClosed; i++) client.send(['GET', 'k']);
    expect(client.isClosed).toBe(true);
  });

  it('counts messages to a client that does not read', () => {
    const { bare, admin } = limited();
    const subscriber = bare.connect();
    subscriber.call('SUBSCRIBE', 'news');
    subscriber.isReading = false;
    for (let i = 0; i < 100 && !subscriber.isClosed; i++) admin.call('PUBLISH', 'news', 'v'.repeat(100_000));
    expect(subscriber.isClosed).toBe(true);
  });

  it('forgets what was read', () => {
    const { bare } = limited();
    const client = bare.connect();
    client.call('SET', 'k', 'v'.repeat(100_000));
    for (let i = 0; i < 30; i++) {
      client.isReading = false;
      client.send(['GET', 'k']);
      client.read();
    }
    expect(client.isClosed).toBe(false);
  });

  it('spares clients that called CLIENT NO-EVICT, as long as they want', () => {
    const { bare } = limited();
    const client = bare.connect();
    client.call('CLIENT', 'NO-EVICT', 'ON');
    client.call('MULTI');
    for (let i = 0; i < 5; i++) client.call('SET', 'k', 'v'.repeat(250_000));
    expect(client.isClosed).toBe(false);
    client.call('DISCARD');
    client.send(['MULTI'], ['CLIENT', 'NO-EVICT', 'OFF'], ['EXEC'], ['MULTI']);
    for (let i = 0; i < 5 && !client.isClosed; i++) client.call('SET', 'k', 'v'.repeat(250_000));
    expect(client.isClosed).toBe(true);
  });

  it('can be a share of maxmemory', () => {
    const { bare, admin } = limited('7%');
    const before = hoarder(bare, 500_000);
    admin.call('CONFIG', 'SET', 'maxmemory', 6 * 1024 * 1024);
    expect(before.isClosed).toBe(true);
    expect(hoarder(bare, 200_000).isClosed).toBe(false);
  });

  it('takes effect when it is set, and leaves enough to talk', () => {
    const { bare, admin } = limited(0);
    const [one, other] = [hoarder(bare, 500_000), hoarder(bare, 20)];
    admin.call('CONFIG', 'SET', 'maxmemory-clients', 1);
    expect([one.isClosed, other.isClosed]).toEqual([true, false]);
    expect(admin.call('PING')).toBe('+PONG\r\n');
  });
});
