/** A replica that only listens: the bytes that a master sends it, taken apart. */
import { connect, type Socket } from 'node:net';
import { eventually } from '../support/eventually.ts';
import { command } from './fake-master.ts';

const MARK_BYTES = 40;

export class RawReplica implements AsyncDisposable {
  readonly #socket: Socket;
  #bytes = Buffer.alloc(0);
  isClosed = false;

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
    });
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.isClosed = true;
    });
  }

  say(...words: string[]): void {
    this.#socket.write(command(...words));
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  hangUp(): void {
    this.#socket.destroy();
  }

  get text(): string {
    return this.#bytes.toString('latin1');
  }

  /** Says REPLCONF with an option, and hears the answer. */
  async tell(option: string, value: string): Promise<void> {
    this.say('REPLCONF', option, value);
    await this.line();
  }

  /** The next line that is not empty. */
  async line(): Promise<string> {
    return eventually(
      () => {
        const end = this.#bytes.indexOf('\n');
        if (end < 0) return null;
        const line = this.#bytes.toString('latin1', 0, end).trim();
        this.#bytes = this.#bytes.subarray(end + 1);
        return line;
      },
      { what: 'the master says a line', timeoutMs: 20_000, everyMs: 5 },
    );
  }

  async #take(length: number): Promise<Buffer> {
    await eventually(() => this.#bytes.length >= length, { what: `${length} bytes come`, timeoutMs: 20_000 });
    const taken = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return taken;
  }

  /** The snapshot, in either form. */
  async snapshot(): Promise<Buffer> {
    const head = await this.line();
    if (!head.startsWith('$EOF:')) return this.#take(Number(head.slice(1)));
    const mark = head.slice('$EOF:'.length);
    const end = await eventually(() => this.#bytes.indexOf(mark) + 1, { what: 'the mark comes', timeoutMs: 20_000 });
    const taken = await this.#take(end - 1 + MARK_BYTES);
    return taken.subarray(0, end - 1);
  }

  /** Waits until a text has come, and returns everything up to its end. */
  async until(text: string): Promise<string> {
    const at = await eventually(() => this.text.indexOf(text) + 1, { what: `${text} comes`, timeoutMs: 20_000 });
    return (await this.#take(at - 1 + text.length)).toString('latin1');
  }

  async closed(): Promise<void> {
    await eventually(() => this.isClosed, { what: 'the master closes', timeoutMs: 20_000 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
  }
}
