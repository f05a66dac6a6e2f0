/**
 * A server without sockets whose commands are answered at once, for tests of commands:
 *
 *   const redis = startTestServer();
 *   redis.call('SET', 'k', 'v');                      // 'OK'
 *   redis.raw('GET', 'k');                            // '$1\r\nv\r\n'
 *   redis.advance(60_000);                            // its clock moves only so
 *   redis.propagated();                               // what the AOF and replicas would get: ['SET k v']
 *
 * Arguments and replies are binary strings, one character per byte. An error is returned as the text of its line,
 * dash included. Nothing is left open: there is nothing to close.
 */
import type { Arguments } from '../../src/core/arguments.ts';
import { repr } from '../../src/core/repr.ts';
import type { ManualTime } from '../../src/host/manual-time.ts';
import { createManualTime, createNodeHost } from '../../src/host/node/host.ts';
import type { Server } from '../../src/server/server.ts';
import { MemoryConnection } from '../../src/topology/memory-connection.ts';
import { composeServer, type ServerOptions } from '../../src/topology/server.ts';
import { readReply, RespError, type Reply } from './resp-reader.ts';

export type TestArgument = string | number | bigint;

/** A decoded reply; bulk strings are binary strings, errors texts such as "-ERR syntax error". */
export type TestReply = string | number | bigint | boolean | null | TestReply[] | Map<TestReply, TestReply>;

const FIRST_MS = 1_700_000_000_000;

export class TestServer {
  readonly server: Server;
  readonly #time: ManualTime;
  readonly #client: TestClient;
  readonly #propagated: string[] = [];

  constructor(options: ServerOptions) {
    this.#time = createManualTime({ wallMs: FIRST_MS });
    this.server = composeServer(createNodeHost({ time: this.#time }), options);
    this.server.cron.start();
    this.#client = this.connect();
  }

  /** Another client. */
  connect(): TestClient {
    return new TestClient(this.server);
  }

  call(...args: TestArgument[]): TestReply {
    return this.#client.call(...args);
  }

  raw(...args: TestArgument[]): string {
    return this.#client.raw(...args);
  }

  get now(): number {
    return this.server.host.clock.wallMs();
  }

  advance(ms: number): void {
    this.#time.advance(ms);
  }

  /** Starts to note what enters the stream of changes. */
  watchPropagation(): void {
    const feed = (database: number, args: Arguments): void => {
      const words = Array.from({ length: args.count }, (_, i) => args.binary(i)).map(quote);
      this.#propagated.push(`${database === 0 ? '' : `[${database}] `}${words.join(' ')}`);
    };
    this.server.hooks.changeSinks.push({ takesMessages: false, feed });
  }

  /** What entered the stream of changes since the last call. */
  propagated(): string[] {
    return this.#propagated.splice(0);
  }

  /** Keyspace events since the last call, as "event key", while `notify-keyspace-events` lets them be published. */
  listen(): () => string[] {
    const events: string[] = [];
    const listener = this.connect();
    listener.onBytes = (bytes) => {
      for (const reply of decodeAll(bytes)) {
        const [, , channel, key] = reply as string[];
        if (channel !== undefined && channel.startsWith('__keyevent')) events.push(`${channel.split(':')[1]} ${key}`);
      }
    };
    listener.call('PSUBSCRIBE', '__keyevent*');
    return () => {
      // Messages leave at the end of the turn.
      this.#time.advance(0);
      return events.splice(0);
    };
  }
}

export class TestClient {
  /** Takes what comes outside of a call. */
  onBytes: ((bytes: string) => void) | null = null;
  readonly #connection: MemoryConnection;
  #received: Buffer[] | null = null;

  constructor(server: Server) {
    this.#connection = new MemoryConnection((connection) => server.acceptInternal(connection), {
      queuedBytes: 0,
      write: (bytes) => {
        const copy = Buffer.from(bytes);
        if (this.#received !== null) this.#received.push(copy);
        else this.onBytes?.(copy.toString('latin1'));
        return true;
      },
      setPaused: () => {},
      closed: () => {},
    });
  }

  /** Sends a command and returns its decoded reply. */
  call(...args: TestArgument[]): TestReply {
    const replies = decodeAll(this.raw(...args));
    if (replies.length !== 1) throw new Error(`${quote(String(args[0]))} has ${replies.length} replies`);
    return replies[0]!;
  }

  /** Sends a command and returns the bytes of its reply. */
  raw(...args: TestArgument[]): string {
    const parts = args.map((arg) => Buffer.from(String(arg), 'latin1'));
    const heads = parts.map((part) => `$${part.length}\r\n${part.toString('latin1')}\r\n`);
    const received: Buffer[] = (this.#received = []);
    this.#connection.send(Buffer.from(`*${parts.length}\r\n${heads.join('')}`, 'latin1'));
    this.#received = null;
    return Buffer.concat(received).toString('latin1');
  }
}

function decodeAll(bytes: string): TestReply[] {
  const replies: TestReply[] = [];
  let rest = Buffer.from(bytes, 'latin1');
  while (rest.length > 0) {
    const read = readReply(rest, true);
    if (read === null) throw new Error(`half a reply: ${JSON.stringify(bytes)}`);
    replies.push(simplify(read.reply));
    rest = rest.subarray(read.length);
  }
  return replies;
}

function simplify(reply: Reply): TestReply {
  if (Buffer.isBuffer(reply)) return reply.toString('latin1');
  if (reply instanceof RespError) return `-${reply.message}`;
  if (Array.isArray(reply)) return reply.map(simplify);
  if (reply instanceof Map) return new Map([...reply].map(([key, value]) => [simplify(key), simplify(value)]));
  return reply as TestReply;
}

function quote(text: string): string {
  return /^[\w:.+-]+$/.test(text) ? text : repr(text);
}

export function startTestServer(options: ServerOptions = {}): TestServer {
  return new TestServer(options);
}
