/**
 * A connection to an instance, as the driver holds it: commands are queued and leave together at the end of the turn,
 * replies go to those who asked, in order, and what belongs to no command is a message of a subscription.
 *
 * The other side is not trusted: what is no RESP, or a reply without an end, ends the connection.
 */
import { encodeLatin1Command } from '../client/encode-command.ts';
import { ReplyParser, type ReplyValue } from '../client/reply-parser.ts';
import type { Connection, ConnectionEvents, NetError } from '../host/host.ts';
import type { LinkEvents } from './machine.ts';
import type { LinkConnection } from './state.ts';

/** A single reply may be so long. INFO is a few kilobytes. */
const REPLY_BYTES_MAX = 16 * 2 ** 20;

/** How a wire reaches the driver. */
export interface WireOwner {
  /** Runs a turn. */
  enter(run: () => void): void;
  /** The wire has something to send at the end of the turn. */
  sendLater(wire: Wire): void;
  closed(wire: Wire): void;
}

type Answered = (reply: ReplyValue) => void;

export class Wire implements LinkConnection {
  readonly #owner: WireOwner;
  readonly #events: LinkEvents;
  readonly #parser: ReplyParser;
  #connection: Connection | null = null;
  #queued: Buffer[] = [];
  #answered: Answered[] = [];
  #isOpen = false;
  #isClosed = false;
  /** Bytes that came since the last whole reply. */
  #openBytes = 0;

  constructor(owner: WireOwner, events: LinkEvents) {
    this.#owner = owner;
    this.#events = events;
    this.#parser = new ReplyParser({
      buffers: true,
      onReply: (reply) => this.#onReply(reply),
      onBroken: (error) => this.#fail(`Protocol error, ${error.message}`),
    });
  }

  /** @param connect begins the connection. */
  open(connect: (events: ConnectionEvents) => Connection): void {
    this.#connection = connect({
      open: () => {
        this.#isOpen = true;
      },
      data: (chunk) => this.#owner.enter(() => this.#onData(chunk)),
      close: (error) => this.#owner.enter(() => this.#onClose(error)),
    });
    this.#connection.noDelay(true);
  }

  get localIp(): string | null {
    const local = this.#isOpen ? (this.#connection?.local ?? null) : null;
    return local !== null && local.kind === 'tcp' ? local.host : null;
  }

  get unanswered(): number {
    return this.#answered.length;
  }

  send(args: readonly string[], answered: Answered | null): void {
    if (this.#isClosed) return;
    this.#queued.push(encodeLatin1Command(args));
    if (answered !== null) this.#answered.push(answered);
    this.#owner.sendLater(this);
  }

  /** At the end of a turn. */
  flush(): void {
    if (this.#queued.length === 0 || this.#isClosed) return;
    const bytes = this.#queued.length === 1 ? this.#queued[0]! : Buffer.concat(this.#queued);
    this.#queued = [];
    this.#connection?.write(bytes);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#answered = [];
    this.#connection?.destroy();
    this.#owner.closed(this);
  }

  #onData(chunk: Buffer): void {
    if (this.#isClosed) return;
    this.#openBytes += chunk.length;
    this.#parser.feed(chunk);
    if (this.#openBytes > REPLY_BYTES_MAX) this.#fail('Reply too long');
  }

  #onReply(reply: ReplyValue): void {
    if (this.#isClosed) return;
    this.#openBytes = 0;
    const answered = this.#answered.shift();
    if (answered === undefined) this.#events.message(reply);
    else answered(reply);
  }

  #onClose(error: NetError | null): void {
    this.#fail(error?.message ?? 'Server closed the connection');
  }

  #fail(reason: string): void {
    if (this.#isClosed) return;
    this.close();
    this.#events.closed(reason);
  }
}
