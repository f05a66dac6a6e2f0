/**
 * TCP and unix sockets of the real world.
 *
 * Accepted sockets are read into one buffer that all connections of a host share: the receiver copies what it keeps
 * (see host.ts), so a read costs no memory and skips the machinery of readable streams. Node offers that (`onread`)
 * only for sockets that it is told to create, so an accepted handle is put into a new `net.Socket`. Where the handle
 * cannot be had, the usual 'data' events serve. docs/decisions/sockets.md has the figures.
 */
import dns from 'node:dns';
import fs from 'node:fs';
import net from 'node:net';
import type {
  Accept,
  Address,
  Connection,
  ConnectionEvents,
  ConnectOptions,
  Listener,
  ListenOptions,
  Net,
  NetError,
} from '../host.ts';
import { netError } from './errors.ts';

const READ_BUFFER_BYTES = 64 * 1024;
/** Views of the first bytes of the read buffer are kept up to this length: making one costs as much as a short request. */
const KEPT_VIEW_BYTES = 4096;
const NOTHING = Buffer.alloc(0);

class ReadBuffer {
  readonly bytes = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  readonly #views: (Buffer | undefined)[] = Array.from({ length: KEPT_VIEW_BYTES + 1 });

  /** Its first `length` bytes. */
  view(length: number): Buffer {
    if (length > KEPT_VIEW_BYTES) return this.bytes.subarray(0, length);
    return (this.#views[length] ??= this.bytes.subarray(0, length));
  }
}

export class NodeNet implements Net {
  /** Shared by all accepted connections: a read is handled before the next one starts. */
  readonly #readBuffer = new ReadBuffer();
  readonly #open = new Set<NodeConnection>();

  listen(
    options: ListenOptions,
    accept: Accept,
    done: (error: NetError | null, listener: Listener | null) => void,
  ): void {
    const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
      const connection = new NodeConnection(adopt(socket, this.#readBuffer), this.#open);
      connection.attach(accept(connection));
      connection.start();
    });
    const { address } = options;
    let settled = false;
    server.on('error', (error: NodeJS.ErrnoException) => {
      if (settled) return;
      settled = true;
      done(netError(error), null);
    });
    server.on('listening', () => {
      settled = true;
      const error = address.kind === 'unix' ? setPermissions(address.path, options.unixPermissions ?? 0) : null;
      if (error === null) done(null, new NodeListener(server, address));
      else server.close(() => done(error, null));
    });
    const backlog = options.backlog ?? 511;
    if (address.kind === 'unix') {
      // As redis-server does: the socket that a killed process left behind must not keep the next one from starting.
      unlinkQuietly(address.path);
      server.listen({ path: address.path, backlog });
    } else server.listen({ host: address.host, port: address.port, backlog, ipv6Only: address.host.includes(':') });
  }

  connect(address: Address, events: ConnectionEvents, options?: ConnectOptions): Connection {
    const socket = new net.Socket({ allowHalfOpen: true });
    const connection = new NodeConnection({ socket, onChunk: null }, this.#open);
    connection.attach(events);
    const timeoutMs = options?.timeoutMs ?? 0;
    const giveUp = (): void => void socket.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' }));
    const timer = timeoutMs > 0 ? setTimeout(giveUp, timeoutMs) : undefined;
    socket.on('close', () => clearTimeout(timer));
    socket.on('connect', () => {
      clearTimeout(timer);
      events.open?.();
    });
    if (address.kind === 'unix') socket.connect({ path: address.path });
    else {
      const { sourceHost } = options ?? {};
      socket.connect({ host: address.host, port: address.port, ...(sourceHost ? { localAddress: sourceHost } : {}) });
    }
    return connection;
  }

  resolve(name: string, done: (error: NetError | null, addresses: string[]) => void): void {
    dns.lookup(name, { all: true }, (error, found) => {
      if (error) done(netError(error), []);
      else {
        done(
          null,
          found.map((entry) => entry.address),
        );
      }
    });
  }
}

function unlinkQuietly(path: string): void {
  try {
    fs.unlinkSync(path);
  } catch {
    // Nothing there, or something that binding will complain about.
  }
}

/** Permission bits of a unix socket; 0 leaves them to the umask. */
function setPermissions(path: string, permissions: number): NetError | null {
  if (permissions === 0) return null;
  try {
    fs.chmodSync(path, permissions);
    return null;
  } catch (error) {
    return netError(error);
  }
}

interface Adopted {
  readonly socket: net.Socket;
  /** Set by the connection: where chunks go that did not come as 'data' events. */
  onChunk: ((chunk: Buffer) => boolean) | null;
}

interface SocketInternals {
  _handle: object | null;
  _server: { _connections: number } | null;
}

/** Moves an accepted, paused socket's handle into a socket that reads into `buffer`. */
function adopt(socket: net.Socket, buffer: ReadBuffer): Adopted {
  const internals = socket as unknown as SocketInternals;
  const handle = internals._handle;
  if (handle === null || handle === undefined) return { socket, onChunk: null };
  internals._handle = null;
  socket.removeAllListeners();
  // The server would wait for this socket before it reports that it has closed.
  if (internals._server) internals._server._connections--;
  const adopted: { socket: net.Socket | null; onChunk: ((chunk: Buffer) => boolean) | null } = {
    socket: null,
    onChunk: () => true,
  };
  adopted.socket = new net.Socket({
    handle,
    allowHalfOpen: true,
    pauseOnCreate: true,
    onread: {
      buffer: buffer.bytes,
      callback: (length: number): boolean => adopted.onChunk!(buffer.view(length)),
    },
  } as net.SocketConstructorOpts);
  return adopted as Adopted;
}

class NodeListener implements Listener {
  readonly address: Address;
  readonly #server: net.Server;

  constructor(server: net.Server, requested: Address) {
    this.#server = server;
    const bound = server.address();
    this.address =
      requested.kind === 'tcp' && bound !== null && typeof bound === 'object'
        ? { kind: 'tcp', host: bound.address, port: bound.port }
        : requested;
  }

  close(done?: () => void): void {
    this.#server.close(() => done?.());
  }
}

class NodeConnection implements Connection {
  readonly #socket: net.Socket;
  readonly #adopted: Adopted;
  readonly #registry: Set<NodeConnection>;
  #error: NodeJS.ErrnoException | null = null;
  #onDrain: () => void = () => {};
  #paused = false;
  /** Bytes are waiting, and the end of them is watched for. */
  #waiting = false;
  #local: Address | null = null;
  #remote: Address | null = null;

  constructor(adopted: Adopted, registry: Set<NodeConnection>) {
    this.#adopted = adopted;
    this.#socket = adopted.socket;
    this.#registry = registry;
    registry.add(this);
  }

  attach(events: ConnectionEvents): void {
    const socket = this.#socket;
    this.#onDrain = (): void => events.drain?.();
    if (this.#adopted.onChunk === null) socket.on('data', (chunk: Buffer) => events.data(chunk));
    else {
      this.#adopted.onChunk = (chunk): boolean => {
        events.data(chunk);
        return !this.#paused;
      };
    }
    socket.on('end', () => {
      if (events.end) events.end();
      else socket.end();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#error = error;
    });
    socket.on('close', () => {
      this.#registry.delete(this);
      events.close(this.#error === null ? null : netError(this.#error));
    });
  }

  get local(): Address {
    return (this.#local ??= addressOf(this.#socket.localAddress, this.#socket.localPort));
  }

  get remote(): Address {
    return (this.#remote ??= addressOf(this.#socket.remoteAddress, this.#socket.remotePort));
  }

  get queuedBytes(): number {
    return this.#socket.writableLength;
  }

  write(bytes: Uint8Array): boolean {
    const socket = this.#socket;
    if (!socket.writable) return true;
    socket.write(bytes);
    // The kernel took everything at once, or the stream keeps the array until it can.
    if (socket.writableLength === 0) return true;
    if (!this.#waiting) this.#watchForDrain();
    return false;
  }

  /** Node's own 'drain' comes only above its high-water mark. An empty write completes behind all that waits. */
  #watchForDrain(): void {
    this.#waiting = true;
    this.#socket.write(NOTHING, (error) => {
      this.#waiting = false;
      if (error || this.#socket.destroyed) return;
      if (this.#socket.writableLength > 0) this.#watchForDrain();
      else this.#onDrain();
    });
  }

  /** Begins to read, unless whoever accepted the connection paused it. */
  start(): void {
    if (!this.#paused) this.resume();
  }

  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#socket.resume();
    this.#socket.read(0);
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  reset(): void {
    this.#socket.resetAndDestroy();
  }

  keepAlive(seconds: number): void {
    this.#socket.setKeepAlive(seconds > 0, seconds * 1000);
  }

  noDelay(enabled: boolean): void {
    this.#socket.setNoDelay(enabled);
  }
}

function addressOf(host: string | undefined, port: number | undefined): Address {
  if (host === undefined || port === undefined) return { kind: 'unix', path: '' };
  // An IPv4 peer of a dual-stack listener.
  return { kind: 'tcp', host: host.startsWith('::ffff:') ? host.slice(7) : host, port };
}
