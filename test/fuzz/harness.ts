/**
 * A server without any world around it: time stands still until it is told to pass, the dice have a seed, there is
 * no network and no disk. Clients are byte streams. One such server takes a millisecond to make, so each run of the
 * fuzzer has its own, and what happened can happen again.
 */
import { DiskError, type Disk, type Host, type Net } from '../../src/host/host.ts';
import { ManualTime } from '../../src/host/manual-time.ts';
import { createNodeHost } from '../../src/host/node/host.ts';
import { Prng } from '../../src/host/prng.ts';
import { NOWHERE } from '../../src/server/nowhere.ts';
import type { Server } from '../../src/server/server.ts';
import { MemoryConnection } from '../../src/topology/memory-connection.ts';
import { composeServer } from '../../src/topology/server.ts';
import { readReply, type Reply } from '../support/resp-reader.ts';

const WALL_MS = 1_700_000_000_000;
const DEAF_BYTES_MAX = 4 * 1024 * 1024;

/** Limits that keep a single command from taking memory by the gigabyte. */
const CONFIG = {
  'proto-max-bulk-len': '1mb',
  'client-query-buffer-limit': '4mb',
  'client-output-buffer-limit': 'normal 64mb 0 0 pubsub 8mb 0 0',
  'enable-debug-command': 'local',
  loglevel: 'debug',
};

export class FuzzServer {
  readonly server: Server;
  readonly log: string[] = [];
  readonly #time: ManualTime;
  readonly #turns: (() => void)[] = [];
  /** Heap bytes of the server when it was new. */
  readonly #emptyBytes: number;

  constructor(seed: number) {
    const scheduleTurn = (run: () => void): void => void this.#turns.push(run);
    this.#time = new ManualTime({ wallMs: WALL_MS, scheduleTurn, periodicCallsMax: 100 });
    const node = createNodeHost({ time: this.#time, log: (line) => this.log.push(line) });
    const host: Host = { ...node, disk: NO_DISK, net: NO_NET, random: new Prng(seed) };
    this.server = composeServer(host, { config: CONFIG });
    this.server.cron.start();
    this.#emptyBytes = this.server.keyspace.usedBytes;
    this.#populate();
  }

  /** Small and large values of each type. What the server does not have yet it refuses. */
  #populate(): void {
    const many = Array.from({ length: 300 }, (_, index) => String(index));
    const pairs = many.flatMap((each) => [each, `value ${each}`]);
    const own = new FuzzClient(this.server, true);
    own.ask([
      ['SET', 'string', '10'],
      ['SET', 'string2', 'x'.repeat(3000), 'EX', '100'],
      ['RPUSH', 'list', 'e', 'f', '1'],
      ['RPUSH', 'list2', ...many],
      ['SADD', 'set', '1', '2', '3'],
      ['SADD', 'set2', 'm', 'n', ...many],
      ['HSET', 'hash', 'f', '1', 'g', 'x'],
      ['HSET', 'hash2', ...pairs],
      ['ZADD', 'sorted-set', '1', 'm', '2.5', 'n'],
      ['ZADD', 'sorted-set2', ...many.flatMap((each) => [each, `m${each}`])],
      ['XADD', 'stream', '0-1', 'f', 'v'],
      ['XGROUP', 'CREATE', 'stream', 'g', '0'],
      ['SETBIT', 'bitmap', '100', '1'],
      ['PFADD', 'hyperloglog', 'a', 'b'],
      ['GEOADD', 'geo', '13.36', '38.11', 'm', '15.08', '37.5', 'n'],
    ]);
    own.close();
  }

  connect(): FuzzClient {
    return new FuzzClient(this.server);
  }

  /** Lets time pass, and everything happen that was put off to the end of the turn. */
  advance(durationMs: number): void {
    this.endTurn();
    this.#time.advance(durationMs);
    this.endTurn();
  }

  endTurn(): void {
    for (let left = 1000; this.#turns.length > 0 && left > 0; left--) for (const run of this.#turns.splice(0)) run();
  }

  /** What must hold after whatever happened. @returns what does not, or null. */
  findHarm(clients: readonly FuzzClient[]): string | null {
    const fault = this.log.find((line) => line.includes('Fault in command'));
    if (fault !== undefined) return fault;
    for (const client of clients) client.listen();
    this.endTurn();
    for (const client of clients) {
      const problem = client.findMalformed();
      if (problem !== null) return problem;
    }
    return this.#findNoLongerServing() ?? this.#findLeak(clients);
  }

  /** The embedder's own connection always works, whatever clients did to users, limits and databases. */
  #findNoLongerServing(): string | null {
    const { server } = this;
    server.pause.end('client');
    const own = new FuzzClient(server, true);
    const replies = own.ask([
      ['RESET'],
      ['CONFIG', 'SET', 'maxmemory', '0'],
      ['SET', 'alive', 'yes'],
      ['GET', 'alive'],
      ['DBSIZE'],
      ['FLUSHALL', 'SYNC'],
      ['DBSIZE'],
    ]);
    const [, , set, get, size, flush, empty] = replies;
    own.close();
    if (set !== 'OK' || get !== 'yes' || Number(size) < 1 || flush !== 'OK' || empty !== 0) {
      return `it no longer serves: ${JSON.stringify(replies.map(String))}`;
    }
    return null;
  }

  /** With the keys and the clients gone, everything is as it was. */
  #findLeak(clients: readonly FuzzClient[]): string | null {
    const { server } = this;
    for (const client of clients) client.close();
    this.advance(2000);
    const left = server.keyspace.usedBytes - this.#emptyBytes;
    if (server.sessions.size !== 0) return `${server.sessions.size} sessions are left of clients that are gone`;
    if (server.watches.count !== 0) return `${server.watches.count} watches are left of clients that are gone`;
    if (left > EMPTY_TABLES_BYTES) return `${left} bytes are left of keys that are gone`;
    return null;
  }
}

/** Tables that grew keep some of their size. */
const EMPTY_TABLES_BYTES = 64 * 1024;

export class FuzzClient {
  readonly #connection: MemoryConnection;
  readonly #received: Buffer<ArrayBuffer>[] = [];
  #kept: Buffer<ArrayBuffer>[] = [];
  #isDeaf = false;
  /** CLIENT REPLY OFF within a transaction leaves EXEC's reply without its end, in Redis too. */
  #mayBeMuted = false;

  constructor(server: Server, isTrusted = false) {
    const keptBytes = (): number => this.#keptBytes;
    this.#connection = new MemoryConnection(
      (connection) => (isTrusted ? server.acceptInternal(connection) : server.accept(connection)),
      {
        get queuedBytes() {
          return keptBytes();
        },
        write: (bytes) => {
          if (this.#isDeaf && this.#keptBytes < DEAF_BYTES_MAX) {
            this.#kept.push(Buffer.from(bytes));
            return false;
          }
          this.#received.push(Buffer.from(bytes));
          return true;
        },
        setPaused: () => {},
        closed: () => {
          this.#kept = [];
        },
      },
    );
  }

  get #keptBytes(): number {
    return this.#kept.reduce((sum, bytes) => sum + bytes.length, 0);
  }

  get isOpen(): boolean {
    return this.#connection.isOpen;
  }

  /** The server may only rely on the bytes until `send` returns. */
  send(bytes: Buffer): void {
    const lent = Buffer.from(bytes);
    this.#connection.send(lent);
    lent.fill(0x58);
  }

  /** What it will send may contain CLIENT REPLY. */
  expectSilence(): void {
    this.#mayBeMuted = true;
  }

  close(): void {
    this.#connection.disconnect();
  }

  /** Takes nothing any more, until it listens again. */
  turnDeaf(): void {
    this.#isDeaf = true;
  }

  listen(): void {
    this.#isDeaf = false;
    while (this.#kept.length > 0) {
      for (const bytes of this.#kept.splice(0)) this.#received.push(bytes);
      this.#connection.drained();
    }
  }

  /** Commands and their replies. */
  ask(commands: readonly (readonly string[])[]): Reply[] {
    for (const words of commands) this.send(encode(words.map((word) => Buffer.from(word, 'latin1'))));
    return this.#read().replies;
  }

  /** Whatever was received must be RESP, and whole unless the server hung up. No answer may admit a bug. */
  findMalformed(): string | null {
    try {
      const rest = this.#mayBeMuted ? 0 : this.#read().rest;
      if (rest > 0 && this.isOpen) return `${rest} bytes at the end are no whole reply`;
      return Buffer.concat(this.#received).includes('-ERR internal error') ? 'an internal error' : null;
    } catch (error) {
      return (error as Error).message;
    }
  }

  #read(): { replies: Reply[]; rest: number } {
    const bytes = Buffer.concat(this.#received);
    const replies: Reply[] = [];
    let at = 0;
    for (;;) {
      const read = readReply(bytes.subarray(at));
      if (read === null) return { replies, rest: bytes.length - at };
      replies.push(read.reply);
      at += read.length;
    }
  }
}

export function encode(args: readonly Buffer[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) parts.push(Buffer.from(`$${arg.length}\r\n`), arg, Buffer.from('\r\n'));
  return Buffer.concat(parts);
}

export const NO_NET: Net = {
  listen: (_options, _accept, done) => done({ code: 'EACCES', message: 'Permission denied' }, null),
  /** Nobody answers. */
  connect: () => NOWHERE,
  resolve: (_name, done) => done({ code: 'ENOTFOUND', message: 'Name or service not known' }, []),
};

function refuse(): never {
  throw new DiskError('EACCES', 'Permission denied');
}

const NO_DISK: Disk = {
  read: () => null,
  stat: () => null,
  list: () => [],
  makeDirectory: refuse,
  rename: refuse,
  unlink: refuse,
  syncDirectory: refuse,
  open: refuse,
  claim: refuse,
};
