/**
 * Connections of a simulated client: one to each server that it talks to, one request at a time. A request is some commands
 * at once and is answered when all of them are. What was sent and is not answered in time may or may not have happened:
 * the connection is given up then, so that no late reply can be taken for another one.
 */
import { encodeCommand } from '../../client/encode-command.ts';
import { ErrorReply, ReplyParser, type ReplyValue } from '../../client/reply-parser.ts';
import type { Connection, Host, Timer } from '../../host/host.ts';
import type { Reply } from '../history.ts';

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** `unsent`: nobody can have heard of it. `lost`: nobody knows. */
export type Answer = readonly Reply[] | 'unsent' | 'lost';

type Words = readonly (string | number)[];

const CONNECT_TIMEOUT_MS = 1000;

interface Waiting {
  readonly commands: readonly Words[];
  readonly timeoutMs: number;
  readonly done: (answer: Answer) => void;
  readonly replies: Reply[];
}

class Line {
  readonly #host: Host;
  readonly #connection: Connection;
  readonly #onClosed: () => void;
  #isOpen = false;
  #isClosed = false;
  #waiting: Waiting | null = null;
  #timer: Timer | null = null;

  constructor(host: Host, { host: name, port }: ServerAddress, onClosed: () => void) {
    this.#host = host;
    this.#onClosed = onClosed;
    const parser = new ReplyParser({
      onReply: (reply) => this.#take(replyOf(reply)),
      onBroken: () => this.#close(),
    });
    this.#connection = host.net.connect(
      { kind: 'tcp', host: name, port },
      {
        open: () => {
          this.#isOpen = true;
          this.#send();
        },
        data: (chunk) => parser.feed(chunk),
        close: () => this.#close(),
      },
      { timeoutMs: CONNECT_TIMEOUT_MS },
    );
  }

  get isBusy(): boolean {
    return this.#waiting !== null;
  }

  request(commands: readonly Words[], timeoutMs: number, done: (answer: Answer) => void): void {
    this.#waiting = { commands, timeoutMs, done, replies: [] };
    if (this.#isOpen) this.#send();
  }

  #send(): void {
    if (this.#waiting === null) return;
    const { commands, timeoutMs } = this.#waiting;
    this.#connection.write(encodeAll(commands));
    this.#timer = this.#host.timers.after(timeoutMs, () => this.#close());
  }

  #take(reply: Reply): void {
    const waiting = this.#waiting;
    if (waiting === null) return;
    waiting.replies.push(reply);
    if (waiting.replies.length === waiting.commands.length) this.#finish(waiting.replies);
  }

  #finish(answer: Answer): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    this.#timer?.cancel();
    this.#timer = null;
    waiting?.done(answer);
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#connection.destroy();
    this.#onClosed();
    this.#finish(this.#isOpen ? 'lost' : 'unsent');
  }

  close(): void {
    this.#close();
  }
}

export class Exchange {
  readonly #host: Host;
  /** By host and port. */
  readonly #lines = new Map<string, Map<number, Line>>();

  constructor(host: Host) {
    this.#host = host;
  }

  /** Whether a connection is there, or on the way. */
  isConnected({ host, port }: ServerAddress): boolean {
    return this.#lines.get(host)?.has(port) ?? false;
  }

  request(address: ServerAddress, commands: readonly Words[], timeoutMs: number, done: (answer: Answer) => void): void {
    const { host, port } = address;
    let lines = this.#lines.get(host);
    if (lines === undefined) this.#lines.set(host, (lines = new Map()));
    const ofHost = lines;
    let line = ofHost.get(port);
    if (line === undefined) {
      const made: Line = new Line(this.#host, address, () => {
        if (ofHost.get(port) === made) ofHost.delete(port);
      });
      ofHost.set(port, (line = made));
    }
    line.request(commands, timeoutMs, done);
  }

  /** Gives up the connection to a server. */
  drop({ host, port }: ServerAddress): void {
    this.#lines.get(host)?.get(port)?.close();
  }
}

function encodeAll(commands: readonly Words[]): Buffer {
  return commands.length === 1 ? encodeCommand(commands[0]!) : Buffer.concat(commands.map(encodeCommand));
}

/** A reply as histories keep it. */
export function replyOf(reply: ReplyValue): Reply {
  if (reply instanceof ErrorReply) return { error: reply.message };
  if (Array.isArray(reply)) return reply.map(replyOf);
  if (Buffer.isBuffer(reply)) return reply.toString('latin1');
  return typeof reply === 'bigint' ? Number(reply) : reply;
}

export function errorOf(reply: Reply | undefined): string | null {
  return typeof reply === 'object' && reply !== null && 'error' in reply ? reply.error : null;
}
