/** What every `Net` does. Played on the real host and in the simulator. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cleanUp, connect, connectedPair, listen, type Listening, Peer, tryListen } from './peer.ts';
import { type MakeStage, portOf, type Stage, tcp } from './stage.ts';

export function describeNet(makeStage: MakeStage): void {
  let stage: Stage;
  beforeEach(async () => {
    stage = await makeStage();
  });
  afterEach(() => stage.close());
  const dial = (listening: Listening): Peer => connect(stage, tcp(stage.server.address, listening.port));

  describe('opening a connection', () => {
    it('opens both ends, which know each other’s address', async () => {
      const { client, server, listening } = await connectedPair(stage);
      expect(listening.listener.address).toEqual(tcp(stage.server.address, listening.port));
      expect(client.connection.remote).toEqual(listening.listener.address);
      expect(server.connection.local).toEqual(listening.listener.address);
      expect(server.connection.remote).toEqual(client.connection.local);
      expect(server.opened).toBe(0);
      await cleanUp(stage, listening, client);
    });

    it('never calls back before connect returns', async () => {
      const listening = await listen(stage);
      const peer = dial(listening);
      expect(peer.opened + peer.closes.length).toBe(0);
      await stage.eventually('the connection is open', () => peer.opened === 1);
      await cleanUp(stage, listening, peer);
    });

    it('keeps bytes that are written while opening, and sends them', async () => {
      const listening = await listen(stage);
      const peer = dial(listening);
      expect(peer.write('early ')).toBe(false);
      expect(peer.write('bird')).toBe(false);
      expect(peer.connection.queuedBytes).toBe(10);
      await stage.eventually('the bytes arrive', () => listening.accepted[0]?.text === 'early bird');
      await stage.eventually('the queue has drained', () => peer.drained === 1);
      expect(peer.connection.queuedBytes).toBe(0);
      await cleanUp(stage, listening, peer);
    });

    it('is refused where nobody listens', async () => {
      const listening = await listen(stage);
      await cleanUp(stage, listening);
      const peer = dial(listening);
      await stage.eventually('the connection is closed', () => peer.closed);
      expect(peer.closes).toEqual([{ code: 'ECONNREFUSED', message: 'Connection refused' }]);
      expect(peer.opened).toBe(0);
    });

    it('fails for a name that nobody has', async () => {
      const peer = connect(stage, tcp('no-such-host.invalid', 6379));
      await stage.eventually('the connection is closed', () => peer.closed);
      expect(peer.closes.map((error) => error?.code)).toEqual(['ENOTFOUND']);
      expect(peer.opened).toBe(0);
    });

    it('can be called off while opening', async () => {
      const listening = await listen(stage);
      const peer = dial(listening);
      peer.write('never to be sent');
      peer.act((connection) => connection.destroy());
      await stage.eventually('the connection is closed', () => peer.closed);
      await stage.rest(20);
      expect(peer.closes).toEqual([null]);
      expect(peer.opened).toBe(0);
      await cleanUp(stage, listening);
    });

    it('leaves from the address that the caller chose', async () => {
      const listening = await listen(stage);
      const options = { sourceHost: stage.client.address };
      const peer = connect(stage, tcp(stage.server.address, listening.port), options);
      await stage.eventually('the connection is accepted', () => peer.opened === 1 && listening.accepted.length === 1);
      expect(listening.accepted[0]!.connection.remote).toMatchObject({ host: stage.client.address });
      await cleanUp(stage, listening, peer);
    });

    it('cannot leave from an address that the machine does not have', async () => {
      const listening = await listen(stage);
      const options = { sourceHost: '203.0.113.1' };
      const peer = connect(stage, tcp(stage.server.address, listening.port), options);
      await stage.eventually('the connection is closed', () => peer.closed);
      expect(peer.closes).toEqual([{ code: 'EADDRNOTAVAIL', message: 'Cannot assign requested address' }]);
      await cleanUp(stage, listening);
    });

    it('opens a hundred at once', async () => {
      const listening = await listen(stage);
      const peers = Array.from({ length: 100 }, () => dial(listening));
      for (const [index, peer] of peers.entries()) peer.write(`client ${index};`);
      await stage.eventually(
        'all have been heard',
        () => listening.accepted.filter((one) => one.text.endsWith(';')).length === 100,
      );
      const texts = listening.accepted.map((one) => one.text);
      expect(new Set(texts)).toEqual(new Set(peers.map((_, index) => `client ${index};`)));
      await cleanUp(stage, listening, ...peers);
    });
  });

  describe('carrying bytes', () => {
    it('echoes a megabyte unchanged', async () => {
      const content = stage.client.act((host) => Buffer.from(host.random.bytes(1 << 20)));
      const listening = await listen(stage, (peer) => {
        peer.onData = (chunk) => peer.connection.write(Buffer.from(chunk));
      });
      const client = dial(listening);
      client.act((connection) => connection.write(Buffer.from(content)));
      await stage.eventually('all is back', () => client.receivedBytes === content.length);
      expect(Buffer.concat(client.received).equals(content)).toBe(true);
      await cleanUp(stage, listening, client);
    });

    it('keeps the order of many small writes', async () => {
      const { client, server, listening } = await connectedPair(stage);
      let expected = '';
      for (let i = 0; i < 2000; i++) {
        expected += `${i},`;
        client.write(`${i},`);
      }
      await stage.eventually('all has arrived', () => server.receivedBytes === expected.length);
      expect(server.text).toBe(expected);
      await cleanUp(stage, listening, client);
    });

    it('lets the caller reuse an array for which write returned true', async () => {
      const { client, server, listening } = await connectedPair(stage);
      let reused = Buffer.alloc(16);
      let expected = '';
      for (let i = 0; i < 300; i++) {
        reused.fill(65 + (i % 26));
        expected += reused.toString('latin1');
        if (!client.act((connection) => connection.write(reused))) reused = Buffer.alloc(16);
      }
      await stage.eventually('all has arrived', () => server.receivedBytes === expected.length);
      expect(server.text).toBe(expected);
      await cleanUp(stage, listening, client);
    });

    it('takes an empty write for nothing', async () => {
      const { client, server, listening } = await connectedPair(stage);
      client.write('');
      client.write('x');
      await stage.eventually('the byte has arrived', () => server.receivedBytes === 1);
      await cleanUp(stage, listening, client);
    });
  });

  describe('pushing back', () => {
    it('returns false when the peer does not read, and delivers everything once it does', async () => {
      const { client, server, listening } = await connectedPair(stage, (peer) => peer.connection.pause());
      const blockBytes = 256 * 1024;
      let written = 0;
      let stuck = false;
      while (!stuck && written < 64 << 20) {
        const block = Buffer.alloc(blockBytes);
        block.writeUInt32BE(written, 0);
        written += blockBytes;
        const drained = client.drained;
        if (client.act((connection) => connection.write(block))) continue;
        await stage.rest(20);
        stuck = client.drained === drained;
      }
      const drained = client.drained;
      expect(stuck).toBe(true);
      expect(client.connection.queuedBytes).toBeGreaterThan(0);
      server.act((connection) => connection.resume());
      await stage.eventually('the queue has drained', () => client.drained === drained + 1);
      expect(client.connection.queuedBytes).toBe(0);
      await stage.eventually('all has arrived', () => server.receivedBytes === written);
      const all = Buffer.concat(server.received);
      for (let offset = 0; offset < written; offset += blockBytes) expect(all.readUInt32BE(offset)).toBe(offset);
      await cleanUp(stage, listening, client);
    });

    it('delivers at most one more chunk after pause', async () => {
      const { client, server, listening } = await connectedPair(stage);
      server.onData = () => server.connection.pause();
      for (let i = 0; i < 50; i++) {
        client.write('0123456789');
        await stage.rest(1);
      }
      await stage.eventually('something has arrived', () => server.received.length > 0);
      await stage.rest(20);
      expect(server.received.length).toBeLessThanOrEqual(2);
      server.onData = () => {};
      server.act((connection) => connection.resume());
      await stage.eventually('the rest has arrived', () => server.receivedBytes === 500);
      await cleanUp(stage, listening, client);
    });

    it('holds back the end, too, while paused', async () => {
      const { client, server, listening } = await connectedPair(stage, (peer) => peer.connection.pause());
      client.write('last words');
      client.act((connection) => connection.end());
      await stage.rest(20);
      expect(server.ended).toBe(0);
      server.act((connection) => connection.resume());
      await stage.eventually('the end has been told', () => server.ended === 1);
      expect(server.text).toBe('last words');
      await cleanUp(stage, listening, client);
    });
  });

  describe('ending', () => {
    it('lets one side go on after the other has ended', async () => {
      const { client, server, listening } = await connectedPair(stage);
      server.onEnd = () => {
        server.connection.write(Buffer.from(`you said: ${server.text}`));
        server.connection.end();
      };
      client.onEnd = () => {};
      client.write('a question');
      client.act((connection) => connection.end());
      await stage.eventually('both ends are closed', () => client.closed && server.closed);
      expect(client.text).toBe('you said: a question');
      expect([client.ended, server.ended]).toEqual([1, 1]);
      expect([...client.closes, ...server.closes]).toEqual([null, null]);
      await cleanUp(stage, listening);
    });

    it('sends everything that was written before end', async () => {
      const { client, server, listening } = await connectedPair(stage, (peer) => peer.connection.pause());
      const content = Buffer.alloc(8 << 20, 'z');
      client.act((connection) => {
        connection.write(content);
        connection.end();
      });
      await stage.rest(5);
      server.onEnd = () => server.connection.end();
      server.act((connection) => connection.resume());
      await stage.eventually('both ends are closed', () => client.closed && server.closed);
      expect(server.receivedBytes).toBe(content.length);
      expect([...client.closes, ...server.closes]).toEqual([null, null]);
      await cleanUp(stage, listening);
    });

    it('drops what is written after end', async () => {
      const { client, server, listening } = await connectedPair(stage);
      client.write('in time');
      client.act((connection) => connection.end());
      expect(client.write('too late')).toBe(true);
      await stage.eventually('the end has been told', () => server.ended === 1);
      expect(server.text).toBe('in time');
      await cleanUp(stage, listening, client);
    });

    it('answers an end with its own when nobody handles it', async () => {
      const closes: unknown[] = [];
      const outcome = await tryListen(stage, { address: tcp(stage.server.address, 0) }, () => ({
        data: () => {},
        close: (error) => closes.push(error),
      }));
      const listening = { listener: outcome.listener!, port: portOf(outcome.listener!.address), accepted: [] };
      const client = dial(listening);
      client.act((connection) => connection.end());
      await stage.eventually('both ends are closed', () => client.closed && closes.length === 1);
      expect([...client.closes, ...closes]).toEqual([null, null]);
      await cleanUp(stage, listening);
    });

    it('closes the peer’s end after destroy', async () => {
      const { client, server, listening } = await connectedPair(stage);
      server.onEnd = () => server.connection.end();
      client.act((connection) => connection.destroy());
      await stage.eventually('both ends are closed', () => client.closed && server.closed);
      expect(client.closes).toEqual([null]);
      expect(server.ended).toBe(1);
      await cleanUp(stage, listening);
    });

    it('calls close exactly once and nothing after it, whatever is done meanwhile', async () => {
      const { client, server, listening } = await connectedPair(stage, (peer) => {
        peer.onData = () => peer.connection.write(Buffer.from('answer'));
        peer.onEnd = () => peer.connection.end();
      });
      client.write('request');
      client.act((connection) => {
        connection.end();
        connection.destroy();
        expect(connection.write(Buffer.from('x'))).toBe(true);
        connection.end();
        connection.resume();
        connection.destroy();
        connection.reset();
      });
      await stage.eventually('both ends are closed', () => client.closed && server.closed);
      client.act((connection) => {
        connection.pause();
        connection.resume();
        connection.keepAlive(1);
        connection.noDelay(true);
        expect(connection.write(Buffer.from('x'))).toBe(true);
        connection.destroy();
      });
      await stage.rest(20);
      expect(client.closes).toEqual([null]);
      expect([client.late, server.late]).toEqual([0, 0]);
      expect(client.text).toBe('');
      await cleanUp(stage, listening);
    });

    it('delivers nothing more once data has destroyed the connection', async () => {
      const { client, server, listening } = await connectedPair(stage);
      server.onData = () => server.connection.destroy();
      for (let i = 0; i < 20; i++) client.write('0123456789');
      await stage.eventually('the server’s end is closed', () => server.closed);
      await stage.rest(10);
      expect(server.received.length).toBe(1);
      expect(server.closes).toEqual([null]);
      await cleanUp(stage, listening, client);
    });
  });

  describe('breaking', () => {
    it('resets the peer when unread input is thrown away', async () => {
      const { client, server, listening } = await connectedPair(stage, (peer) => peer.connection.pause());
      // More than one read takes, so that some of it is in the kernel still.
      client.act((connection) => connection.write(Buffer.alloc(256 * 1024)));
      await stage.rest(20);
      server.act((connection) => connection.destroy());
      await stage.eventually('both ends are closed', () => client.closed && server.closed);
      expect(client.closes).toEqual([{ code: 'ECONNRESET', message: 'Connection reset by peer' }]);
      expect(server.closes).toEqual([null]);
      await cleanUp(stage, listening);
    });

    it('resets the peer on reset', async () => {
      const { client, server, listening } = await connectedPair(stage);
      server.act((connection) => connection.reset());
      await stage.eventually('both ends are closed', () => client.closed && server.closed);
      expect(client.closes).toEqual([{ code: 'ECONNRESET', message: 'Connection reset by peer' }]);
      expect(server.closes).toEqual([null]);
      expect(client.ended).toBe(0);
      await cleanUp(stage, listening);
    });

    it('reports an error to who goes on writing to a peer that has closed', async () => {
      const { client, server, listening } = await connectedPair(stage);
      server.act((connection) => connection.destroy());
      await stage.eventually('the client has seen the end', () => client.ended === 1);
      await stage.eventually('writing fails', () => {
        if (!client.closed) client.write('anybody there?');
        return client.closed;
      });
      expect(client.closes.length).toBe(1);
      expect(['EPIPE', 'ECONNRESET']).toContain(client.closes[0]?.code);
      await cleanUp(stage, listening);
    });
  });

  describe('listening', () => {
    it('picks different free ports for port 0', async () => {
      const first = await listen(stage);
      const second = await listen(stage);
      expect(first.port).toBeGreaterThan(0);
      expect(second.port).not.toBe(first.port);
      await cleanUp(stage, first);
      await cleanUp(stage, second);
    });

    it('refuses a port that is taken', async () => {
      const listening = await listen(stage);
      const outcome = await tryListen(stage, { address: tcp(stage.server.address, listening.port) });
      await stage.rest(10);
      expect(outcome).toEqual({
        error: { code: 'EADDRINUSE', message: 'Address already in use' },
        listener: null,
        calls: 1,
      });
      await cleanUp(stage, listening);
    });

    it('refuses an address that the machine does not have', async () => {
      const outcome = await tryListen(stage, { address: tcp('203.0.113.1', 0) });
      expect(outcome.error).toEqual({ code: 'EADDRNOTAVAIL', message: 'Cannot assign requested address' });
    });

    it('hears all addresses on the wildcard', async () => {
      const listening = await listen(stage, () => {}, { address: tcp('0.0.0.0', 0) });
      const client = dial(listening);
      await stage.eventually('the connection is open', () => client.opened === 1);
      await cleanUp(stage, listening, client);
    });

    it('stops accepting on close, keeps what was accepted, and frees the port', async () => {
      const { client, server, listening } = await connectedPair(stage);
      let freed = false;
      stage.server.act(() => listening.listener.close(() => (freed = true)));
      const refused = dial(listening);
      await stage.eventually('the newcomer is refused', () => refused.closed);
      expect(refused.closes[0]?.code).toBe('ECONNREFUSED');
      client.write('still here');
      await stage.eventually('the old connection works', () => server.text === 'still here');
      client.act((connection) => connection.destroy());
      server.act((connection) => connection.destroy());
      await stage.eventually('the port is free', () => freed);
      const again = await listen(stage, () => {}, { address: tcp(stage.server.address, listening.port) });
      expect(again.port).toBe(listening.port);
      await cleanUp(stage, again);
    });
  });

  describe('resolving', () => {
    const resolve = async (name: string): Promise<{ code: string | undefined; addresses: string[]; calls: number }> => {
      const outcome = { code: undefined as string | undefined, addresses: [] as string[], calls: 0 };
      stage.client.act((host) =>
        host.net.resolve(name, (error, addresses) => {
          outcome.code = error?.code;
          outcome.addresses = addresses;
          outcome.calls++;
        }),
      );
      await stage.eventually('the name is resolved', () => outcome.calls > 0);
      return outcome;
    };

    it('gives literals back', async () => {
      expect(await resolve('127.0.0.1')).toEqual({ code: undefined, addresses: ['127.0.0.1'], calls: 1 });
    });

    it('knows localhost', async () => {
      const { addresses } = await resolve('localhost');
      expect(addresses.some((address) => address === '127.0.0.1' || address === '::1')).toBe(true);
    });

    it('reports a name that nobody has', async () => {
      expect(await resolve('no-such-host.invalid')).toMatchObject({ code: 'ENOTFOUND', addresses: [], calls: 1 });
    });
  });
}
