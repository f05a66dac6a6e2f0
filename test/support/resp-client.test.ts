import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from './eventually.ts';
import { encodeCommand, RespClient, RespError } from './resp-client.ts';

describe('the test client', () => {
  let server: Server;
  let port: number;
  let peer: Socket;
  let received: string;
  let client: RespClient;

  beforeEach(async () => {
    received = '';
    const accepted = new Promise<Socket>((done) => {
      server = createServer((socket) => {
        socket.on('data', (chunk) => {
          received += chunk.toString('latin1');
        });
        socket.on('error', () => {});
        done(socket);
      });
    });
    await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
    port = (server.address() as AddressInfo).port;
    client = await RespClient.connect({ port, timeoutMs: 500 });
    peer = await accepted;
  });

  afterEach(async () => {
    await client.close();
    peer.destroy();
    await new Promise((done) => server.close(done));
  });

  it('sends a command and returns its reply', async () => {
    const reply = client.call('SET', 'k', 7, Buffer.from([255]));
    peer.write('+OK\r\n');
    expect(await reply).toBe('OK');
    await eventually(() => received === '*4\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\n7\r\n$1\r\n\xff\r\n');
  });

  it('returns errors as values and raw bytes as they are', async () => {
    peer.write('-ERR no\r\n$2\r\nab\r\n');
    expect(await client.call('A')).toEqual(new RespError('ERR no'));
    expect(await client.callRaw('B')).toBe('$2\r\nab\r\n');
  });

  it('gives each of several waiting calls its own reply', async () => {
    const replies = Promise.all([client.call('A'), client.call('B'), client.call('C')]);
    for (const part of [':', '1\r\n:', '2\r\n', ':3\r\n']) {
      peer.write(part);
      await new Promise(setImmediate);
    }
    expect(await replies).toEqual([1, 2, 3]);
  });

  it('sends a pipeline in one piece', async () => {
    const replies = client.pipeline([['A'], ['B', 'x']]);
    peer.write(':1\r\n:2\r\n');
    expect(await replies).toEqual([1, 2]);
    await eventually(() => received === '*1\r\n$1\r\nA\r\n*2\r\n$1\r\nB\r\n$1\r\nx\r\n');
  });

  it('keeps pushes apart from replies', async () => {
    peer.write('>2\r\n+message\r\n+a\r\n:1\r\n>1\r\n+later\r\n');
    expect(await client.nextReply()).toBe(1);
    expect(await client.nextPush()).toEqual(['message', 'a']);
    expect(await client.nextPush()).toEqual(['later']);
    expect(client.unreadCount).toEqual({ replies: 0, pushes: 0 });
  });

  it('reads whatever comes until the server closes', async () => {
    peer.write('+first\r\nno RESP at all');
    peer.end('!');
    expect(await client.readUntilClose()).toBe('+first\r\nno RESP at all!');
    expect(client.isClosed).toBe(true);
  });

  it('fails a call at the deadline and shows what came instead', async () => {
    peer.write('$5\r\nab');
    await expect(client.call('A')).rejects.toThrow('Waited 500 ms for a reply; unread: "$5\\r\\nab"');
  });

  it('fails a call when the server closes', async () => {
    const reply = client.call('A');
    peer.end();
    await expect(reply).rejects.toThrow('The connection closed');
  });

  it('fails a call when the answer is no RESP', async () => {
    const reply = client.call('A');
    peer.write('HTTP/1.1 400 Bad Request\r\n');
    await expect(reply).rejects.toThrow('No reply starts with "H"');
  });

  it('says why it could not connect', async () => {
    const closed = (server.address() as AddressInfo).port;
    peer.destroy();
    await new Promise((done) => server.close(done));
    await expect(RespClient.connect({ port: closed })).rejects.toThrow('ECONNREFUSED');
    await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
  });

  it('encodes text as UTF-8', () => {
    expect(encodeCommand(['é']).toString('latin1')).toBe('*1\r\n$2\r\n\xc3\xa9\r\n');
  });
});
