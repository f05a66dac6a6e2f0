/**
 * `execute()`: commands without a socket, answered by promises.
 *
 * A command is sent, and nearly always answered, before `execute` returns its promise. All commands share one
 * connection, so that MULTI, SELECT and WATCH mean what they mean to any client. The exception is a connection whose
 * command waits (a blocking pop, CLIENT PAUSE): then the next command takes another one, on the same database, or
 * whoever waits for an element could never push it. A connection that the server closed (QUIT, CLIENT KILL) is
 * replaced by the next command.
 *
 * One command, one reply: what answers many times (SUBSCRIBE), never (CLIENT REPLY) or in RESP3 is refused.
 */
import { encodeCommand } from '../client/encode-command.ts';
import { ErrorReply, ReplyParser, type ReplyValue } from '../client/reply-parser.ts';
import type { Connection, ConnectionEvents } from '../host/host.ts';
import type { Server } from '../server/server.ts';
import type { Session } from '../server/session.ts';
import { ResplicaError } from './errors.ts';
import { MemoryConnection } from './memory-connection.ts';

/** An argument of `execute`. Strings are sent as UTF-8. */
export type CommandArgument = string | number | bigint | Uint8Array;

const NOT_ONE_REPLY = new Set(
  'subscribe psubscribe ssubscribe unsubscribe punsubscribe sunsubscribe monitor sync psync replconf'.split(' '),
);
const SHOWN_CHARS = 40;

export class DirectClients {
  readonly #server: Server;
  /** The first one is that of all commands; the others serve while it waits. */
  readonly #clients: DirectClient[] = [];

  constructor(server: Server) {
    this.#server = server;
  }

  /** @throws ErrorReply, by its promise, when the server answers an error. */
  execute(args: readonly CommandArgument[], buffers: boolean): Promise<ReplyValue> {
    try {
      checkArguments(args);
      return this.#idleClient().execute(args, buffers);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  /** The server is no more: nobody will be answered. */
  abandon(): void {
    for (const client of this.#clients) client.abandon();
  }

  #idleClient(): DirectClient {
    const clients = this.#clients;
    const closed = clients.findIndex((client) => !client.isOpen);
    if (closed > 0) clients.splice(closed, 1);
    else if (closed === 0) clients[0] = new DirectClient(this.#server);
    const idle = clients.find((client) => client.isIdle);
    if (idle !== undefined) return this.#onSameDatabase(idle);
    const added = new DirectClient(this.#server);
    clients.push(added);
    return this.#onSameDatabase(added);
  }

  #onSameDatabase(client: DirectClient): DirectClient {
    const first = this.#clients[0]!;
    if (client !== first) client.session.db = first.session.db;
    return client;
  }
}

interface Waiter {
  resolve(value: ReplyValue): void;
  reject(error: Error): void;
}

/** One connection, one command at a time. */
class DirectClient {
  readonly session: Session;
  readonly #connection: MemoryConnection;
  readonly #parser: ReplyParser;
  #waiter: Waiter | null = null;

  constructor(server: Server) {
    this.#parser = new ReplyParser({
      onReply: (reply) => {
        const waiter = this.#takeWaiter();
        if (reply instanceof ErrorReply) waiter?.reject(reply);
        else waiter?.resolve(reply);
      },
      onBroken: (error) => {
        this.#takeWaiter()?.reject(error);
        this.#connection.disconnect();
      },
    });
    let session: Session | null = null;
    const accept = (connection: Connection): ConnectionEvents => (session = server.acceptInternal(connection));
    this.#connection = new MemoryConnection(accept, {
      queuedBytes: 0,
      write: (bytes) => {
        this.#parser.feed(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
        return true;
      },
      setPaused: () => {},
      closed: () => this.#takeWaiter()?.reject(connectionClosed()),
    });
    this.session = session!;
  }

  get isOpen(): boolean {
    return this.#connection.isOpen;
  }

  get isIdle(): boolean {
    return this.#waiter === null && this.isOpen;
  }

  execute(args: readonly CommandArgument[], buffers: boolean): Promise<ReplyValue> {
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
      this.#parser.buffers = buffers;
      this.#connection.send(encodeCommand(args));
    });
  }

  abandon(): void {
    this.#takeWaiter()?.reject(connectionClosed());
  }

  #takeWaiter(): Waiter | null {
    const waiter = this.#waiter;
    this.#waiter = null;
    return waiter;
  }
}

function connectionClosed(): ResplicaError {
  return new ResplicaError('ERR_CONNECTION_CLOSED', 'The server closed the connection before it answered.');
}

function checkArguments(args: readonly CommandArgument[]): void {
  for (const [index, arg] of args.entries()) {
    const isFine = typeof arg === 'string' || typeof arg === 'bigint' || arg instanceof Uint8Array;
    if (isFine || (typeof arg === 'number' && !Number.isNaN(arg))) continue;
    const shown = String(arg).slice(0, SHOWN_CHARS);
    throw new ResplicaError(
      'ERR_BAD_ARGUMENT',
      `Argument ${index} of execute() is ${shown}: give a string, a number, a bigint or bytes.`,
    );
  }
  const [name, first, second] = args.slice(0, 3).map(wordOf);
  if (name === undefined) throw new ResplicaError('ERR_BAD_ARGUMENT', 'execute() needs the name of a command.');
  const isRefused =
    NOT_ONE_REPLY.has(name) || (name === 'client' && first === 'reply') || (name === 'hello' && first === '3');
  if (!isRefused) return;
  const shown = [name, first, second].filter((word) => word !== undefined).join(' ');
  throw new ResplicaError(
    'ERR_BAD_ARGUMENT',
    `execute() gives one RESP2 reply to one command, which does not fit ${shown}: use a client on "url" or "connect()".`,
  );
}

function wordOf(arg: CommandArgument): string {
  const text = arg instanceof Uint8Array ? Buffer.from(arg.slice(0, SHOWN_CHARS)).toString('latin1') : String(arg);
  return text.slice(0, SHOWN_CHARS).toLowerCase();
}
