/**
 * A way between a replica and its master that can be cut: a port that forwards to another one. It reads the beginning of
 * what the master says, so that it can tell how often replicas were let go on and how often they had to start anew, and
 * keeps the end of it, for a report of what went wrong.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';

/** An answer to PSYNC comes within the first bytes. */
const HANDSHAKE_BYTES_MAX = 4096;
const KEPT_BYTES_MAX = 64 << 20;

export class CuttingProxy implements AsyncDisposable {
  /** Answers to PSYNC that came by. */
  continued = 0;
  fullResyncs = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #kept: Buffer[] = [];
  #keptBytes = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(targetPort: number): Promise<CuttingProxy> {
    const server = createServer({ noDelay: true });
    const proxy = new CuttingProxy(server);
    server.on('connection', (socket) => proxy.#forward(socket, targetPort));
    await new Promise<void>((done, fail) => {
      server.once('error', fail);
      server.listen(0, '127.0.0.1', done);
    });
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  #forward(replica: Socket, targetPort: number): void {
    const master = connect({ port: targetPort, host: '127.0.0.1', noDelay: true });
    const watch = this.#watchHandshake();
    master.on('data', (chunk: Buffer) => {
      watch(chunk);
      this.#keep(chunk);
    });
    replica.pipe(master);
    master.pipe(replica);
    for (const [socket, other] of [
      [replica, master],
      [master, replica],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
  }

  #watchHandshake(): (chunk: Buffer) => void {
    let seen = '';
    return (chunk) => {
      if (seen.length > HANDSHAKE_BYTES_MAX) return;
      seen += chunk.toString('latin1', 0, HANDSHAKE_BYTES_MAX);
      const answer = /(?:^|\n)\+(CONTINUE|FULLRESYNC)\b/.exec(seen)?.[1];
      if (answer === undefined) return;
      seen = ' '.repeat(HANDSHAKE_BYTES_MAX + 1);
      if (answer === 'CONTINUE') this.continued++;
      else this.fullResyncs++;
    };
  }

  #keep(chunk: Buffer): void {
    if (this.#keptBytes > KEPT_BYTES_MAX) this.forget();
    this.#kept.push(chunk);
    this.#keptBytes += chunk.length;
  }

  /** What the master has sent since the last `forget`, or the end of it. */
  get kept(): Buffer {
    return Buffer.concat(this.#kept);
  }

  forget(): void {
    this.#kept = [];
    this.#keptBytes = 0;
  }

  /** Cuts all links that there are. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise((done) => this.#server.close(done));
  }
}
