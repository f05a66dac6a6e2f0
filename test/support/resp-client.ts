/**
 * A small RESP client for tests: sends what it is told, hands back what comes, hides nothing.
 *
 *   await using client = await RespClient.connect({ port });
 *   expect(await client.call('GET', 'key')).toBe('value');
 *   expect(await client.callRaw('GET', 'key')).toBe('$5\r\nvalue\r\n');
 *   client.sendRaw('*1\r\n$-7\r\n');
 *   expect(await client.readUntilClose()).toBe('-ERR Protocol error: invalid bulk length\r\n');
 *
 * Replies are handed out in order, pushes apart from them. In RESP2, the messages of a subscription are ordinary
 * replies. Every wait has a deadline, and its message shows the bytes that came instead.
 */
import { connect, type Socket } from 'node:net';
import { readReply, RespPush, type Reply } from './resp-reader.ts';

export { RespError, RespPush, RespVerbatim, type Reply } from './resp-reader.ts';

export type Argument = string | number | bigint | Uint8Array;

export interface RespClientOptions {
  readonly port?: number;
  readonly host?: string;
  /** A unix socket instead of host and port. */
  readonly path?: string;
  /** Hand out bulk strings as Buffers. */
  readonly bulkAsBuffer?: boolean;
  /** For each wait, connecting included. */
  readonly timeoutMs?: number;
}

interface Message {
  readonly reply: Reply;
  readonly raw: Buffer;
}

interface Waiter {
  /** Returns true when it is satisfied. */
  readonly attempt: () => boolean;
  readonly fail: (error: Error) => void;
}

const EXCERPT_BYTES = 200;

export class RespClient implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #bulkAsBuffer: boolean;
  readonly #timeoutMs: number;
  readonly #replies: Message[] = [];
  readonly #pushes: RespPush[] = [];
  readonly #waiters = new Set<Waiter>();
  #unread: Buffer = Buffer.alloc(0);
  #closed = false;
  #collectsRaw = false;
  #socketError: Error | null = null;

  private constructor(socket: Socket, options: RespClientOptions) {
    this.#socket = socket;
    this.#bulkAsBuffer = options.bulkAsBuffer ?? false;
    this.#timeoutMs = options.timeoutMs ?? 5000;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#onData(chunk));
    socket.on('error', (error) => {
      this.#socketError = error;
    });
    socket.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
  }

  /** Connects, or throws the reason why not. */
  static async connect(options: RespClientOptions): Promise<RespClient> {
    const { port = 6379, host = '127.0.0.1', path, timeoutMs = 5000 } = options;
    const socket = path === undefined ? connect({ port, host }) : connect({ path });
    await new Promise<void>((done, fail) => {
      const giveUp = setTimeout(() => {
        socket.destroy();
        fail(new Error(`No connection within ${timeoutMs} ms`));
      }, timeoutMs);
      socket.once('error', fail);
      socket.once('connect', () => {
        socket.off('error', fail);
        done();
      });
      socket.once('close', () => clearTimeout(giveUp));
      socket.once('connect', () => clearTimeout(giveUp));
    });
    return new RespClient(socket, options);
  }

  /** Sends one command and returns its reply; an error reply is returned as a RespError. */
  async call(...args: readonly Argument[]): Promise<Reply> {
    this.send(...args);
    return this.nextReply();
  }

  /** As `call`, and returns the very bytes, as latin1 text. */
  async callRaw(...args: readonly Argument[]): Promise<string> {
    this.send(...args);
    return this.nextRaw();
  }

  /** Sends all commands in one write and returns their replies. */
  async pipeline(commands: readonly (readonly Argument[])[]): Promise<Reply[]> {
    this.sendRaw(Buffer.concat(commands.map(encodeCommand)));
    const replies: Reply[] = [];
    for (const _ of commands) replies.push(await this.nextReply());
    return replies;
  }

  /** As `pipeline`, and returns the very bytes of each reply, as latin1 text. */
  async pipelineRaw(commands: readonly (readonly Argument[])[]): Promise<string[]> {
    this.sendRaw(Buffer.concat(commands.map(encodeCommand)));
    const replies: string[] = [];
    for (const _ of commands) replies.push((await this.#nextMessage()).raw.toString('latin1'));
    return replies;
  }

  /** Sends one command and waits for nothing. */
  send(...args: readonly Argument[]): void {
    this.sendRaw(encodeCommand(args));
  }

  /** Sends bytes as they are; text as latin1. */
  sendRaw(bytes: string | Uint8Array): void {
    this.#socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  async nextReply(): Promise<Reply> {
    return (await this.#nextMessage()).reply;
  }

  /** The very bytes of the next reply, as latin1 text. */
  async nextRaw(): Promise<string> {
    return (await this.#nextMessage()).raw.toString('latin1');
  }

  /** The next RESP3 push, pushes that came earlier first. */
  async nextPush(): Promise<Reply[]> {
    const push = await this.#waitFor('a push', () => this.#pushes.shift());
    return [...push.items];
  }

  /** How many replies and pushes came that nobody took. */
  get unreadCount(): { replies: number; pushes: number } {
    return { replies: this.#replies.length, pushes: this.#pushes.length };
  }

  /** Everything that comes, and came unread, until the server closes, as latin1 text. It need not be RESP. */
  async readUntilClose(): Promise<string> {
    this.#collectsRaw = true;
    await this.#waitFor('the server to close', () => this.#closed || undefined);
    const earlier = this.#replies.splice(0).map((message) => message.raw);
    return Buffer.concat([...earlier, this.#unread]).toString('latin1');
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Sends FIN and goes on reading. */
  end(): void {
    this.#socket.end();
  }

  /** Stops reading, so that the server's sends back up; `resume` goes on. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Sends RST. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    this.#socket.destroy();
    await this.#waitFor('the socket to close', () => this.#closed || undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #onData(chunk: Buffer): void {
    this.#unread = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
    if (!this.#collectsRaw) this.#decode();
    this.#wake();
  }

  #decode(): void {
    let at = 0;
    try {
      for (;;) {
        const read = readReply(this.#unread.subarray(at), this.#bulkAsBuffer);
        if (read === null) break;
        const raw = this.#unread.subarray(at, at + read.length);
        at += read.length;
        if (read.reply instanceof RespPush) this.#pushes.push(read.reply);
        else this.#replies.push({ reply: read.reply, raw });
      }
    } catch (error) {
      this.#failAll(error as Error);
    }
    this.#unread = this.#unread.subarray(at);
  }

  #nextMessage(): Promise<Message> {
    return this.#waitFor('a reply', () => this.#replies.shift());
  }

  /** Waits until `take` gives something. It takes at once, so that two waiters never get the same reply. */
  #waitFor<T>(what: string, take: () => T | undefined): Promise<T> {
    return new Promise((done, fail) => {
      const giveUp = setTimeout(
        () => waiter.fail(new Error(`Waited ${this.#timeoutMs} ms for ${what}${this.#describeUnread()}`)),
        this.#timeoutMs,
      );
      const settle = (): void => {
        clearTimeout(giveUp);
        this.#waiters.delete(waiter);
      };
      const waiter: Waiter = {
        attempt: () => {
          const taken = take();
          if (taken === undefined) return false;
          settle();
          done(taken);
          return true;
        },
        fail: (error) => {
          settle();
          fail(error);
        },
      };
      this.#waiters.add(waiter);
      this.#wake();
    });
  }

  /** Lets the waiters look again; those that wait for more than a close learn that nothing more will come. */
  #wake(): void {
    for (const waiter of this.#waiters) {
      if (waiter.attempt() || !this.#closed) continue;
      const reason = this.#socketError === null ? '' : ` (${this.#socketError.message})`;
      waiter.fail(new Error(`The connection closed${reason}${this.#describeUnread()}`));
    }
  }

  #failAll(error: Error): void {
    for (const waiter of this.#waiters) waiter.fail(error);
  }

  #describeUnread(): string {
    if (this.#unread.length === 0) return '';
    return `; unread: ${JSON.stringify(this.#unread.toString('latin1', 0, EXCERPT_BYTES))}`;
  }
}

/** A command as clients send it. */
export function encodeCommand(args: readonly Argument[]): Buffer {
  const parts = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = arg instanceof Uint8Array ? Buffer.from(arg) : Buffer.from(String(arg));
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}
