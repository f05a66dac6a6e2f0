/**
 * A client that sends whole scripts and reads no replies: whatever a script does to its connection (subscriptions,
 * transactions that stay open, replies switched off, MONITOR), RESET undoes, and an ECHO tells that all of it is done.
 * It connects again when it was disconnected. Whoever waits for a key is not let wait for long (`nudge`).
 */
import { connect, type Socket } from 'node:net';
import { encodeCommand } from '../support/resp-client.ts';
import type { Call } from '../twin/suite.ts';

const TAIL_CHARS = 200;
const SCRIPT_TIMEOUT_MS = 60_000;

export class Writer {
  /** Id of its connection, to unblock it by; null while nobody knows. */
  clientId: number | null = null;
  calls = 0;
  /** What it plays or has played last. */
  current: readonly Call[] = [];
  readonly #port: number;
  readonly #greeting: readonly Call[];
  #socket: Socket | null = null;
  #tail = '';
  #scripts = 0;
  #wake: (() => void) | null = null;

  /** @param greeting sent on each new connection, and after each RESET. */
  constructor(port: number, greeting: readonly Call[]) {
    this.#port = port;
    this.#greeting = greeting;
  }

  /** Sends a script and waits until it is done, or the connection is. */
  async play(script: readonly Call[]): Promise<void> {
    this.#socket ??= await this.#connect();
    const socket = this.#socket;
    const mark = `done-${this.#scripts++}-`;
    const calls = [...script, ['RESET'], ...this.#greeting, ['ECHO', mark]];
    this.calls += script.length;
    this.current = script;
    this.#tail = '';
    socket.write(Buffer.concat(calls.map((call) => encodeCommand(call.map((arg) => Buffer.from(arg, 'latin1'))))));
    await this.#until(
      () => this.#tail.includes(mark) || this.#socket === null,
      () => script,
    );
  }

  async #connect(): Promise<Socket> {
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    this.clientId = null;
    socket.on('data', (chunk) => {
      this.#tail = (this.#tail + chunk.toString('latin1')).slice(-TAIL_CHARS);
      this.#wake?.();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#socket = null;
      this.#wake?.();
    });
    this.#tail = '';
    const greeting = [...this.#greeting, ['CLIENT', 'ID']];
    socket.write(Buffer.concat(greeting.map((call) => encodeCommand(call))));
    this.#socket = socket;
    await this.#until(
      () => /:\d+\r\n/.test(this.#tail) || this.#socket === null,
      () => greeting,
    );
    this.clientId = Number(/:(\d+)\r\n/.exec(this.#tail)?.[1] ?? Number.NaN);
    return socket;
  }

  async #until(isTrue: () => boolean, what: () => readonly Call[]): Promise<void> {
    const giveUpMs = performance.now() + SCRIPT_TIMEOUT_MS;
    while (!isTrue()) {
      if (performance.now() > giveUpMs) throw new Error(`No end of a script: ${JSON.stringify(what())}`);
      await new Promise<void>((done) => {
        const timer = setTimeout(done, 1000);
        this.#wake = (): void => {
          clearTimeout(timer);
          done();
        };
      });
    }
  }

  close(): void {
    this.#socket?.destroy();
  }
}
