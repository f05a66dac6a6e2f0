/**
 * A client of a cluster for tests: follows MOVED and ASK, and asks elsewhere when a node is gone or not ready. One command
 * at a time, so that what was acknowledged is known for sure.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Argument, RespClient, RespError, type Reply } from '../support/resp-client.ts';

const AGAIN_MS = 10;
const GIVE_UP_MS = 60_000;
const CALL_TIMEOUT_MS = 20_000;
/** What a node says that cannot serve at the moment. */
const NOT_NOW = /^(CLUSTERDOWN|TRYAGAIN|LOADING|MASTERDOWN|UNBLOCKED)/;

export class ClusterCaller implements AsyncDisposable {
  readonly #ports: () => readonly number[];
  readonly #connections = new Map<number, RespClient>();
  #port: number;
  /** Commands of which nobody knows whether they were carried out: their connection broke. */
  uncertain = 0;

  /** @param ports of the nodes that may be asked for the way. */
  constructor(ports: () => readonly number[]) {
    this.#ports = ports;
    this.#port = ports()[0]!;
  }

  /** @returns the reply of the node that serves it, an error too. */
  async call(...words: Argument[]): Promise<Reply> {
    const deadlineMs = performance.now() + GIVE_UP_MS;
    for (let port = this.#port; ;) {
      const reply = await this.#ask(port, words, false);
      const message = reply instanceof RespError ? reply.message : '';
      if (message.startsWith('MOVED ')) port = portOf(message);
      else if (message.startsWith('ASK ')) {
        const answer = await this.#ask(portOf(message), words, true);
        if (!(answer instanceof RespError && /^(MOVED|ASK|TRYAGAIN)/.test(answer.message)) && answer !== GONE) {
          return answer;
        }
      } else if (reply === GONE || NOT_NOW.test(message)) {
        await delay(AGAIN_MS);
        const ports = this.#ports();
        port = ports[Math.floor(Math.random() * ports.length)]!;
      } else {
        this.#port = port;
        return reply;
      }
      if (performance.now() > deadlineMs) throw new Error(`${words.join(' ')} finds nobody: ${message || 'silence'}`);
    }
  }

  /** Asks the node that answered last, whoever that is. */
  async callSame(...words: Argument[]): Promise<Reply | typeof GONE> {
    return this.#ask(this.#port, words, false);
  }

  async #ask(port: number, words: readonly Argument[], asking: boolean): Promise<Reply | typeof GONE> {
    try {
      const client = await this.#connect(port);
      if (asking) return (await client.pipeline([['ASKING'], words]))[1]!;
      return await client.call(...words);
    } catch {
      const broken = this.#connections.get(port);
      if (broken !== undefined) this.uncertain++;
      this.#connections.delete(port);
      await broken?.[Symbol.asyncDispose]();
      return GONE;
    }
  }

  async #connect(port: number): Promise<RespClient> {
    let client = this.#connections.get(port);
    if (client === undefined) {
      client = await RespClient.connect({ port, timeoutMs: CALL_TIMEOUT_MS });
      this.#connections.set(port, client);
    }
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#connections.values()) await client[Symbol.asyncDispose]();
  }
}

/** The connection could not be made, or broke. */
const GONE = Symbol('gone');

function portOf(redirection: string): number {
  return Number(redirection.slice(redirection.lastIndexOf(':') + 1));
}

/** Does something over and over while a test goes on. */
export class Load {
  rounds = 0;
  #isOver = false;
  readonly #done: Promise<void>;

  constructor(round: (index: number) => Promise<void>) {
    this.#done = this.#run(round);
    this.#done.catch(() => {});
  }

  async #run(round: (index: number) => Promise<void>): Promise<void> {
    for (; !this.#isOver; this.rounds++) await round(this.rounds);
  }

  /** Waits until some more rounds are done. @throws what the load has run into. */
  async advance(more: number): Promise<void> {
    const goal = this.rounds + more;
    const deadlineMs = performance.now() + GIVE_UP_MS;
    const isOver = this.#done.then(() => true);
    while (this.rounds < goal) {
      await Promise.race([isOver, delay(AGAIN_MS)]);
      if (performance.now() > deadlineMs) throw new Error(`${goal - this.rounds} rounds are missing`);
    }
  }

  /** @returns how many rounds there were. */
  async end(): Promise<number> {
    this.#isOver = true;
    await this.#done;
    return this.rounds;
  }
}
