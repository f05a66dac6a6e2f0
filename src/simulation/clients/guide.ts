/**
 * How a client finds the server to talk to: it asks sentinels, or servers whether they are masters, or lets a cluster
 * redirect it. A guide may be wrong; that is found out by what the server answers.
 */
import type { Random } from '../../core/random.ts';
import { keySlot } from '../../core/key-slot.ts';
import type { Reply } from '../history.ts';
import { type Answer, errorOf, type Exchange, type ServerAddress } from './exchange.ts';

/** What a reply says about where else to ask. */
export type Redirection = { readonly address: ServerAddress; readonly isAsking: boolean };

export interface Guide {
  /** @param done gets the server to ask, or null if nobody knows one */
  find(key: string | null, done: (address: ServerAddress | null) => void): void;
  /** Learns from an answer. @returns where to ask instead, if it says so. */
  learn(key: string | null, address: ServerAddress, answer: Answer): Redirection | null;
}

const ASK_TIMEOUT_MS = 500;
const WRONG_SERVER = /^(?:READONLY|LOADING|MASTERDOWN|NOREPLICAS|UNBLOCKED|ERR WAIT cannot)/;

function repliesOf(answer: Answer): readonly Reply[] {
  return typeof answer === 'string' ? [] : answer;
}

function isUseless(answer: Answer): boolean {
  return typeof answer === 'string' || answer.some((reply) => WRONG_SERVER.test(errorOf(reply) ?? ''));
}

/** One master, which a client keeps to as long as it answers. Who it is, is asked of others when it does not. */
abstract class MasterGuide implements Guide {
  protected readonly exchange: Exchange;
  #master: ServerAddress | null = null;

  constructor(exchange: Exchange) {
    this.exchange = exchange;
  }

  find(_key: string | null, done: (address: ServerAddress | null) => void): void {
    if (this.#master !== null && this.exchange.isConnected(this.#master)) {
      done(this.#master);
      return;
    }
    this.#master = null;
    this.seek((address) => {
      this.#master = address;
      done(address);
    });
  }

  learn(_key: string | null, address: ServerAddress, answer: Answer): null {
    if (!isUseless(answer)) return null;
    this.#master = null;
    this.exchange.drop(address);
    return null;
  }

  protected abstract seek(done: (address: ServerAddress | null) => void): void;

  /** Asks a server whether it is a master. */
  protected check(address: ServerAddress, done: (role: 'master' | 'replica' | null, replies: Reply) => void): void {
    this.exchange.request(address, [['ROLE']], ASK_TIMEOUT_MS, (answer) => {
      const role = repliesOf(answer)[0];
      if (!Array.isArray(role)) done(null, null);
      else done(role[0] === 'master' ? 'master' : 'replica', role as Reply);
    });
  }
}

/** Knows all servers, asks one after the other for its role, and believes a replica whose master is there. */
export class ServerListGuide extends MasterGuide {
  readonly #servers: readonly ServerAddress[];
  #at: number;

  constructor(exchange: Exchange, servers: readonly ServerAddress[], first: number) {
    super(exchange);
    this.#servers = servers;
    this.#at = first;
  }

  protected seek(done: (address: ServerAddress | null) => void): void {
    this.#try(this.#servers.length, done);
  }

  #try(left: number, done: (address: ServerAddress | null) => void): void {
    const address = this.#servers[this.#at % this.#servers.length]!;
    this.check(address, (role, reply) => {
      if (role === 'master') {
        done(address);
        return;
      }
      const host = role === 'replica' ? (reply as readonly Reply[])[1] : null;
      const followed = this.#servers.findIndex((server) => server.host === host);
      this.#at = followed >= 0 ? followed : this.#at + 1;
      if (left <= 1) done(null);
      else this.#try(left - 1, done);
    });
  }
}

/** Asks the sentinels, the nearest first, and the master whether it is one. */
export class SentinelGuide extends MasterGuide {
  readonly #sentinels: readonly ServerAddress[];
  readonly #masterName: string;
  readonly #first: number;

  constructor(exchange: Exchange, sentinels: readonly ServerAddress[], masterName: string, first: number) {
    super(exchange);
    this.#sentinels = sentinels;
    this.#masterName = masterName;
    this.#first = first;
  }

  protected seek(done: (address: ServerAddress | null) => void): void {
    this.#try(0, done);
  }

  #try(turn: number, done: (address: ServerAddress | null) => void): void {
    if (turn === this.#sentinels.length) {
      done(null);
      return;
    }
    const sentinel = this.#sentinels[(this.#first + turn) % this.#sentinels.length]!;
    const question = ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', this.#masterName];
    this.exchange.request(sentinel, [question], ASK_TIMEOUT_MS, (answer) => {
      const place = repliesOf(answer)[0];
      if (!Array.isArray(place)) {
        this.#try(turn + 1, done);
        return;
      }
      const address = { host: String(place[0] as string), port: Number(place[1]) };
      this.check(address, (role) => {
        if (role === 'master') done(address);
        else this.#try(turn + 1, done);
      });
    });
  }
}

/** Remembers who serves which slot, and asks anybody about the others. */
export class ClusterGuide implements Guide {
  readonly #nodes: readonly ServerAddress[];
  readonly #random: Random;
  readonly #slots = new Map<number, ServerAddress>();

  constructor(nodes: readonly ServerAddress[], random: Random) {
    this.#nodes = nodes;
    this.#random = random;
  }

  find(key: string | null, done: (address: ServerAddress | null) => void): void {
    const known = key === null ? undefined : this.#slots.get(slotOf(key));
    done(known ?? this.#nodes[this.#random.below(this.#nodes.length)]!);
  }

  learn(key: string | null, address: ServerAddress, answer: Answer): Redirection | null {
    if (key === null) return null;
    const slot = slotOf(key);
    const text = repliesOf(answer)
      .map(errorOf)
      .find((error) => error !== null && /^(?:MOVED|ASK) /.test(error));
    if (text !== undefined) {
      const [kind, , place] = text!.split(' ');
      const [host, port] = place!.split(':');
      const next = { host: host!, port: Number(port) };
      if (kind === 'MOVED') this.#slots.set(slot, next);
      return { address: next, isAsking: kind === 'ASK' };
    }
    if (isUseless(answer)) this.#slots.delete(slot);
    else this.#slots.set(slot, address);
    return null;
  }
}

export function slotOf(key: string): number {
  const bytes = Buffer.from(key, 'latin1');
  return keySlot(bytes, 0, bytes.length);
}
