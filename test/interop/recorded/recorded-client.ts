/**
 * A client of real servers whose operations go into a history, as those of simulated clients do: what it asks for, and what
 * came of it. It asks one thing at a time, writes no value twice and repeats nothing. After a timeout or a lost connection
 * nobody knows whether the operation took effect.
 */
import type { Random } from '../../../src/core/random.ts';
import { transactionOf } from '../../../src/simulation/checkers/operations.ts';
import type { History, OpPhase, Reply } from '../../../src/simulation/history.ts';
import { type Reply as RawReply, type RespClient, RespError } from '../../support/resp-client.ts';
import type { RealNode } from './real-node.ts';

/** Where a key is to be asked for. */
export interface Router {
  /** @returns null if nobody knows at the moment. */
  find(key: string): Promise<RealNode | null>;
  /** The node has refused, or does not answer: look anew. @param refusal what it said, '' if nothing. */
  refused(key: string, refusal: string): void;
}

interface Outcome {
  readonly phase: OpPhase;
  readonly reply: Reply;
}

const TIMEOUT_MS = 400;
const THINK_MS = 8;
const NOWHERE_MS = 30;
const KEYS = 3;

export class RecordedClient {
  readonly #name: string;
  readonly #history: History;
  readonly #router: Router;
  readonly #random: Random;
  readonly #connections = new Map<RealNode, RespClient>();
  #count = 0;
  #isOver = false;

  constructor(name: string, history: History, router: Router, random: Random) {
    this.#name = name;
    this.#history = history;
    this.#router = router;
    this.#random = random;
  }

  /** Asks for one thing after another, until `end`. */
  async run(): Promise<void> {
    while (!this.#isOver) {
      await this.#once();
      await new Promise((done) => void setTimeout(done, this.#random.below(THINK_MS)));
    }
    for (const connection of this.#connections.values()) await connection.close();
  }

  end(): void {
    this.#isOver = true;
  }

  async #once(): Promise<void> {
    const commands = this.#draw();
    const key = commands[0]![1]!;
    const node = await this.#router.find(key);
    if (node === null) {
      await new Promise((done) => void setTimeout(done, NOWHERE_MS));
      return;
    }
    const id = this.#count++;
    const words = commands.length === 1 ? commands[0]! : transactionOf(commands);
    const note = (phase: OpPhase, reply: Reply): void =>
      this.#history.add(this.#name, { kind: 'op', id, phase, words, at: node.name, reply });
    this.#history.add(this.#name, { kind: 'op', id, phase: 'invoke', words, at: node.name });
    const { phase, reply } = await this.#perform(node, commands);
    note(phase, reply);
    if (phase !== 'ok') this.#router.refused(key, isRefusal(reply) ? reply.error : '');
  }

  async #perform(node: RealNode, commands: readonly (readonly string[])[]): Promise<Outcome> {
    const connection = await this.#connect(node);
    // Nothing was sent.
    if (connection === null) return { phase: 'fail', reply: { error: 'no connection' } };
    try {
      if (commands.length === 1) return outcomeOf(await connection.call(...commands[0]!));
      const replies = await connection.pipeline([['MULTI'], ...commands, ['EXEC']]);
      return outcomeOf(replies.at(-1)!);
    } catch (error) {
      this.#connections.delete(node);
      connection.close().catch(() => {});
      return { phase: 'info', reply: { error: (error as Error).message } };
    }
  }

  async #connect(node: RealNode): Promise<RespClient | null> {
    const open = this.#connections.get(node);
    if (open !== undefined && !open.isClosed) return open;
    try {
      const connection = await node.connect(TIMEOUT_MS);
      this.#connections.set(node, connection);
      return connection;
    } catch {
      return null;
    }
  }

  /** Keys of a kind have a name that says so; those of one number share a slot. */
  #draw(): string[][] {
    const number = this.#random.below(KEYS);
    const key = (kind: string): string => `${kind}:{${number}}`;
    const value = `${this.#name}.${this.#count}`;
    // There are no two alike, whoever draws them.
    const amount = String(this.#count * 16 + Number(this.#name.slice('client'.length)) + 1);
    switch (this.#random.below(24)) {
      case 0:
        return [['DEL', key('value')]];
      case 1:
      case 2:
        return [
          ['SET', key('value'), value],
          ['RPUSH', key('list'), value],
        ];
      case 3:
      case 4:
        return [
          ['GET', key('value')],
          ['SMEMBERS', key('set')],
        ];
      case 5:
      case 6:
        return [['INCRBY', key('sum'), amount]];
      case 7:
      case 8:
        return [['RPUSH', key('list'), value]];
      case 9:
      case 10:
        return [['LRANGE', key('list'), '0', '-1']];
      case 11:
      case 12:
        return [['SADD', key('set'), value]];
      case 13:
      case 14:
        return [['SMEMBERS', key('set')]];
      case 15:
      case 16:
      case 17:
      case 18:
        return [['GET', key('value')]];
      default:
        return [['SET', key('value'), value]];
    }
  }
}

/** An error as a reply means that nothing has happened. */
function outcomeOf(reply: RawReply): Outcome {
  if (reply instanceof RespError) return { phase: 'fail', reply: { error: reply.message } };
  return { phase: 'ok', reply: plain(reply) };
}

function plain(reply: RawReply): Reply {
  if (Array.isArray(reply)) return (reply as readonly RawReply[]).map(plain);
  if (reply instanceof RespError) return { error: reply.message };
  return reply as Reply;
}

function isRefusal(reply: Reply): reply is { readonly error: string } {
  return reply !== null && typeof reply === 'object' && 'error' in reply;
}
