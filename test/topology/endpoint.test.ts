/** The address that leads to the master: passages of bytes between a client and whoever it is. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createNodeHost } from '../../src/host/node/host.ts';
import { Endpoint, type EndpointTarget } from '../../src/topology/endpoint.ts';
import { eventually } from '../support/eventually.ts';

const BIG_BYTES = 20 * 1024 * 1024;

/** One end of a connection, and what it has heard. */
class End {
  readonly socket: Socket;
  heard = '';
  hasEnded = false;
  isClosed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => (this.heard += chunk.toString('latin1')));
    socket.on('end', () => (this.hasEnded = true));
    socket.on('close', () => (this.isClosed = true));
    socket.on('error', () => {});
  }
}

async function listen(served: End[]): Promise<[Server, EndpointTarget]> {
  const server = createServer({ allowHalfOpen: true }, (socket) => served.push(new End(socket)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return [server, { host: '127.0.0.1', port: (server.address() as { port: number }).port }];
}

describe('an endpoint', () => {
  let endpoint: Endpoint;
  let target: EndpointTarget | null;
  let server: Server;
  let served: End[];
  const clients: End[] = [];

  beforeEach(async () => {
    served = [];
    [server, target] = await listen(served);
    endpoint = await Endpoint.open({
      net: createNodeHost().net,
      address: '127.0.0.1',
      password: 'a secret',
      target: () => target,
    });
  });
  afterEach(async () => {
    for (const { socket } of [...clients.splice(0), ...served]) socket.destroy();
    await endpoint.close();
    await new Promise((done) => server.close(done));
  });

  async function open(): Promise<End> {
    const client = new End(connect({ host: endpoint.host, port: endpoint.port, allowHalfOpen: true }));
    clients.push(client);
    await once(client.socket, 'connect');
    return client;
  }

  /** A client, and the server's end of where it was led. */
  async function pair(): Promise<[End, End]> {
    const count = served.length;
    const client = await open();
    return [client, await eventually(() => served[count])];
  }

  it('has a URL for any client', () => {
    expect(endpoint.url).toBe(`redis://:a%20secret@127.0.0.1:${endpoint.port}`);
  });

  it('passes bytes both ways, and ends of either side', async () => {
    const [client, there] = await pair();
    client.socket.write('to the server');
    there.socket.write('to the client');
    await eventually(() => there.heard === 'to the server' && client.heard === 'to the client');
    client.socket.end();
    await eventually(() => there.hasEnded);
    there.socket.end(', last words');
    await eventually(() => client.heard.endsWith('last words') && client.isClosed);
  });

  it('lets whoever sends faster than the other reads wait, and loses nothing', async () => {
    const [client, there] = await pair();
    client.socket.pause();
    there.socket.write(Buffer.alloc(BIG_BYTES, 'x'));
    await eventually(() => there.socket.writableLength > 0 && client.socket.readableLength > 0);
    client.socket.resume();
    await eventually(() => client.heard.length === BIG_BYTES, { timeoutMs: 15_000 });
  });

  it('breaks the connection of a client whose server breaks it, and the other way round', async () => {
    const [client, there] = await pair();
    there.socket.resetAndDestroy();
    await eventually(() => client.isClosed);
    const [other, otherThere] = await pair();
    other.socket.resetAndDestroy();
    await eventually(() => otherThere.isClosed);
  });

  it('closes at once while there is nobody to lead to', async () => {
    target = null;
    const client = await open();
    await eventually(() => client.hasEnded || client.isClosed);
    expect(served).toEqual([]);
  });

  it('closes when it cannot connect', async () => {
    target = { host: '127.0.0.1', port: 1 };
    const client = await open();
    await eventually(() => client.isClosed);
  });

  it('leads those who come later to whoever it is then', async () => {
    const [first] = await pair();
    const [second, address] = await listen(served);
    target = address;
    const [client, there] = await pair();
    there.socket.write('I am the second');
    await eventually(() => client.heard === 'I am the second');
    expect(first.isClosed).toBe(false);
    second.close();
  });
});
