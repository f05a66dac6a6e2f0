/**
 * A client in the simulated world: a node without a server. It does one operation after the other, and retries nothing but
 * what it was told to ask elsewhere; so each operation happens once at most. What it asked for and what came of it stands
 * in the history.
 *
 * `fail` is what has happened in no case: the server said so, or was never reached. `info` is what nobody knows.
 */
import type { Host } from '../../host/host.ts';
import { commandsOf } from '../checkers/operations.ts';
import type { History, OpPhase, Reply } from '../history.ts';
import { type Answer, errorOf, type Exchange, type ServerAddress } from './exchange.ts';
import type { Guide } from './guide.ts';

export interface Request {
  readonly id: number;
  readonly words: readonly string[];
  /** Whose server is to be asked; null for the one that was asked last. */
  readonly key: string | null;
  readonly timeoutMs: number;
}

const REDIRECTIONS_MAX = 5;
const QUEUE_MAX = 64;

export class SimClient {
  readonly name: string;
  readonly #host: Host;
  readonly #exchange: Exchange;
  readonly #guide: Guide;
  readonly #history: History;
  readonly #nodeAt: (address: string) => string;
  #queue: Request[] = [];
  #isBusy = false;
  #lastKey: string | null = null;

  constructor(
    name: string,
    host: Host,
    exchange: Exchange,
    guide: Guide,
    history: History,
    nodeAt: (address: string) => string,
  ) {
    this.name = name;
    this.#host = host;
    this.#exchange = exchange;
    this.#guide = guide;
    this.#history = history;
    this.#nodeAt = nodeAt;
  }

  /** Operations that have no outcome. */
  get pending(): number {
    return this.#queue.length + Number(this.#isBusy);
  }

  get host(): Host {
    return this.#host;
  }

  /** @returns whether it will be done: a client that waits for long forgets what it should do. */
  submit(request: Request): boolean {
    if (this.#queue.length >= QUEUE_MAX) return false;
    this.#queue.push(request);
    this.#next();
    return true;
  }

  /** Begins nothing new. */
  drain(): void {
    this.#queue = [];
  }

  #next(): void {
    if (this.#isBusy) return;
    const request = this.#queue.shift();
    if (request === undefined) return;
    this.#isBusy = true;
    this.#note(request, 'invoke');
    const key = request.key ?? this.#lastKey;
    this.#lastKey = key;
    this.#guide.find(key, (address) => {
      if (address === null) this.#finish(request, 'fail', '', { error: 'no server is known' });
      else this.#ask(request, key, address, false, REDIRECTIONS_MAX);
    });
  }

  #ask(request: Request, key: string | null, address: ServerAddress, isAsking: boolean, left: number): void {
    const commands = wireCommands(request.words);
    if (isAsking) commands.unshift(['ASKING']);
    this.#exchange.request(address, commands, request.timeoutMs, (answer) => {
      const node = this.#nodeAt(address.host);
      const redirection = this.#guide.learn(key, address, answer);
      if (redirection !== null && left > 0) {
        this.#ask(request, key, redirection.address, redirection.isAsking, left - 1);
        return;
      }
      const reply = typeof answer === 'string' ? null : (answer.at(-1) ?? null);
      this.#finish(request, phaseOf(answer, reply), node, reply ?? undefined);
    });
  }

  #finish(request: Request, phase: OpPhase, at: string, reply?: Reply): void {
    this.#isBusy = false;
    this.#note(request, phase, at, reply);
    if (this.#queue.length > 0) this.#host.timers.soon(() => this.#next());
  }

  #note({ id, words }: Request, phase: OpPhase, at = '', reply?: Reply): void {
    this.#history.add(this.name, {
      kind: 'op',
      id,
      phase,
      words,
      ...(at === '' ? {} : { at }),
      ...(reply === undefined ? {} : { reply }),
    });
  }
}

function wireCommands(words: readonly string[]): (readonly string[])[] {
  return words[0] === 'MULTI' ? [['MULTI'], ...commandsOf(words), ['EXEC']] : [words];
}

function phaseOf(answer: Answer, reply: Reply): OpPhase {
  if (answer === 'unsent') return 'fail';
  if (answer === 'lost') return 'info';
  return errorOf(reply) === null ? 'ok' : 'fail';
}
