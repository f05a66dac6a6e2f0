/**
 * A `Server` without sockets and listeners, for tests of what is inside it: commands of the test's own beside the real
 * ones, clients over memory that take replies or do not, time and turns by hand.
 *
 *   const bare = new BareServer([family('string', [...])]);
 *   const client = bare.connect();
 *   expect(client.call('PING')).toBe('+PONG\r\n');
 */
import type { Family } from '../../src/commands/row.ts';
import type { Address, Connection, ConnectionEvents } from '../../src/host/host.ts';
import { ManualTime } from '../../src/host/manual-time.ts';
import { createNodeHost } from '../../src/host/node/host.ts';
import { Config } from '../../src/server/config/config.ts';
import { standaloneFamilies } from '../../src/server/families.ts';
import { Server } from '../../src/server/server.ts';
import type { Session } from '../../src/server/session.ts';
import { encodeCommand, type Argument } from './resp-client.ts';

const CHUNK_BYTES = 64 * 1024;

export class BareServer {
  readonly time = new ManualTime({ wallMs: 1_700_000_000_000, scheduleTurn: (run) => this.#turns.push(run) });
  readonly log: string[] = [];
  readonly server: Server;
  readonly #turns: (() => void)[] = [];

  /** @param families beside those of `base` */
  constructor(families: readonly Family[] = [], base: readonly Family[] = standaloneFamilies) {
    const host = createNodeHost({ log: (line) => this.log.push(line), time: this.time });
    const config = new Config({ disk: host.disk, workingDirectory: host.system.workingDirectory });
    this.server = new Server({ host, config, families: [...base, ...families] });
  }

  connect(): MemoryClient {
    return new MemoryClient(this);
  }

  /** Ends the turn: whatever was put off to its end happens. */
  endTurn(): void {
    for (let run = this.#turns.shift(); run !== undefined; run = this.#turns.shift()) run();
  }

  advance(durationMs: number): void {
    this.time.advance(durationMs);
    this.endTurn();
  }
}

export class MemoryClient implements Connection {
  readonly local: Address = { kind: 'tcp', host: '127.0.0.1', port: 6379 };
  readonly remote: Address = { kind: 'tcp', host: '127.0.0.1', port: 50_000 };
  /** While false, replies are kept back as by a peer that does not read. */
  isReading = true;
  isClosed = false;
  readonly session: Session;
  readonly #bare: BareServer;
  readonly #events: ConnectionEvents;
  #received = '';
  #queue: Uint8Array[] = [];

  constructor(bare: BareServer) {
    this.#bare = bare;
    this.#events = bare.server.accept(this);
    this.session = this.#events as Session;
  }

  // -------------------------------------------------------------------------------------------------- for the server

  get queuedBytes(): number {
    return this.#queue.reduce((sum, bytes) => sum + bytes.length, 0);
  }

  write(bytes: Uint8Array): boolean {
    if (this.isReading && this.#queue.length === 0) {
      this.#received += Buffer.from(bytes).toString('latin1');
      return true;
    }
    this.#queue.push(bytes);
    return false;
  }

  end(): void {
    this.destroy();
  }

  destroy(): void {
    this.isClosed = true;
    this.#queue = [];
  }

  reset(): void {
    this.destroy();
  }

  pause(): void {}

  resume(): void {}

  keepAlive(): void {}

  noDelay(): void {}

  // --------------------------------------------------------------------------------------------------- for the test

  /** Sends commands together, and ends the turn. */
  send(...commands: (readonly Argument[])[]): void {
    this.sendRaw(Buffer.concat(commands.map(encodeCommand)));
  }

  /** Sends bytes, in chunks as large as those that a socket gives. */
  sendRaw(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) this.#events.data(bytes.subarray(at, at + CHUNK_BYTES));
    this.#bare.endTurn();
  }

  /** Sends a command and returns the bytes that have come since the last call. */
  call(...args: Argument[]): string {
    this.send(args);
    return this.received();
  }

  /** The bytes that have come since the last call. */
  received(): string {
    const text = this.#received;
    this.#received = '';
    return text;
  }

  /** Takes what was kept back. */
  read(): void {
    this.isReading = true;
    const queue = this.#queue;
    this.#queue = [];
    for (const bytes of queue) this.#received += Buffer.from(bytes).toString('latin1');
    if (queue.length > 0) this.#events.drain?.();
    this.#bare.endTurn();
  }

  /** Goes away. */
  leave(): void {
    this.#events.close(null);
    this.#bare.endTurn();
  }
}
