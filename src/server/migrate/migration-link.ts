/**
 * A connection to the server that keys are moved to. It is kept for a while after its use, with the number of the
 * database that is selected there.
 */
import { ReplyParser, type ReplyValue } from '../../client/reply-parser.ts';
import type { Connection, Host, NetError } from '../../host/host.ts';

/** Who uses a link at the moment. */
export interface LinkUser {
  opened(): void;
  replied(reply: ReplyValue): void;
  /** There is room for more. */
  drained(): void;
  /** The link is gone, of itself. */
  lost(error: NetError | null): void;
}

export class MigrationLink {
  /** "host:port", as the command names them. */
  readonly name: string;
  /** Database that is selected at the other end, or -1. */
  database = -1;
  lastUseMs = 0;
  isOpen = false;
  isClosed = false;
  user: LinkUser | null = null;
  readonly #connection: Connection;
  readonly #onClose: (link: MigrationLink) => void;

  constructor(host: Host, name: string, address: string, port: number, onClose: (link: MigrationLink) => void) {
    this.name = name;
    this.#onClose = onClose;
    const parser = new ReplyParser({
      onReply: (reply) => this.user?.replied(reply),
      onBroken: () => this.#connection.destroy(),
    });
    this.#connection = host.net.connect(
      { kind: 'tcp', host: address, port },
      {
        open: () => {
          this.isOpen = true;
          this.#connection.noDelay(true);
          this.user?.opened();
        },
        data: (chunk) => parser.feed(chunk),
        drain: () => this.user?.drained(),
        close: (error) => this.#closed(error),
      },
    );
  }

  get queuedBytes(): number {
    return this.#connection.queuedBytes;
  }

  send(bytes: Buffer): void {
    this.#connection.write(bytes);
  }

  /** Ends the link; its user hears nothing of it. */
  close(): void {
    this.user = null;
    this.#connection.destroy();
  }

  #closed(error: NetError | null): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#onClose(this);
    this.user?.lost(error);
    this.user = null;
  }
}
