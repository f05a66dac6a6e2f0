/** A master that says what the test tells it to say, byte for byte, to one replica after the other. */
import { createServer, type Server, type Socket } from 'node:net';
import { eventually } from '../support/eventually.ts';
import { readReply } from '../support/resp-reader.ts';

/** One connection of a replica. */
export class FakeLink {
  readonly #socket: Socket;
  #bytes = Buffer.alloc(0);
  isClosed = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.isClosed = true;
    });
  }

  say(bytes: string | Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Ends the connection behind what was said. */
  finish(): void {
    this.#socket.end();
  }

  hangUp(): void {
    this.#socket.destroy();
  }

  /** The next command of the replica, as its words; an inline one as a line. */
  async hear(): Promise<string> {
    return eventually(() => this.#take(), { what: 'the replica says something', timeoutMs: 10_000 });
  }

  /** What the replica has said and the test has not heard. */
  get unheard(): string {
    return this.#bytes.toString('latin1');
  }

  #take(): string | null {
    if (this.#bytes.length === 0) return null;
    if (this.#bytes[0] !== 0x2a) {
      const end = this.#bytes.indexOf(10);
      if (end < 0) return null;
      const line = this.#bytes.toString('latin1', 0, end).trim();
      this.#bytes = this.#bytes.subarray(end + 1);
      return `inline ${line}`;
    }
    const read = readReply(this.#bytes, true);
    if (read === null) return null;
    this.#bytes = this.#bytes.subarray(read.length);
    return (read.reply as Buffer[]).map(String).join(' ');
  }

  async closed(): Promise<void> {
    await eventually(() => this.isClosed, { what: 'the replica closes the link', timeoutMs: 10_000 });
  }
}

export class FakeMaster implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;
  readonly #links: FakeLink[];
  #next = 0;

  private constructor(server: Server, links: FakeLink[]) {
    this.#server = server;
    this.#links = links;
    this.port = (server.address() as { port: number }).port;
  }

  static async start(): Promise<FakeMaster> {
    const links: FakeLink[] = [];
    const server = createServer((socket) => links.push(new FakeLink(socket)));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return new FakeMaster(server, links);
  }

  /** The next connection of the replica. */
  async link(): Promise<FakeLink> {
    const index = this.#next++;
    return eventually(() => this.#links[index], { what: 'the replica connects', timeoutMs: 20_000 });
  }

  /** The next connection, up to the PSYNC of the replica, which it returns. */
  async introduced(): Promise<{ link: FakeLink; psync: string }> {
    const link = await this.link();
    await link.hear();
    link.say('+PONG\r\n');
    await link.hear();
    link.say('+OK\r\n');
    await link.hear();
    link.say('+OK\r\n');
    return { link, psync: await link.hear() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const link of this.#links) link.hangUp();
    await new Promise<void>((done) => this.#server.close(() => done()));
  }
}

/** Takes a while to type, so: a snapshot with the string `key` in database 0. */
export function snapshotOf(key: string, value: string): Buffer {
  const text = (word: string): Buffer => Buffer.concat([Buffer.from([word.length]), Buffer.from(word)]);
  return Buffer.concat([
    Buffer.from('REDIS0010'),
    Buffer.from([0xfe, 0, 0xfb, 1, 0, 0]),
    text(key),
    text(value),
    Buffer.from([0xff]),
    Buffer.alloc(8),
  ]);
}

export function command(...words: string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
}
