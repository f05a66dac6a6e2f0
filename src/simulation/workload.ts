/**
 * What clients do. Each value is written once in a run, so that it says who wrote it; counters grow by amounts of which there
 * are no two alike; and a deletion names a key beside that nobody else names. So every write can be found in the streams.
 *
 * Keys: r: are registers, n: counters, l: lists, s: sets, {t:n} what a transaction writes. Lists and sets that have grown
 * long are left for new ones.
 */
import type { Random } from '../core/random.ts';
import { transactionOf } from './checkers/operations.ts';
import { type Request, SimClient } from './clients/client.ts';
import { Exchange, type ServerAddress } from './clients/exchange.ts';
import { ClusterGuide, type Guide, SentinelGuide, ServerListGuide } from './clients/guide.ts';
import type { Run, Workload } from './run.ts';
import type { ClientOp } from './schedule.ts';
import { MASTER_NAME, SENTINEL_PORT, SentinelTopology } from './topologies/sentinel-topology.ts';

const TIMEOUT_MS = 1500;
const KEYS = 6;
const ELEMENTS_MAX = 40;
/** How often which operation is drawn. */
const WEIGHTS: Readonly<Record<ClientOp['kind'], number>> = {
  get: 4,
  set: 5,
  incr: 2,
  del: 1,
  rpush: 2,
  lrange: 1,
  sadd: 2,
  smembers: 1,
  multi: 1,
  wait: 1,
};
const KINDS = Object.entries(WEIGHTS).flatMap(([kind, weight]) =>
  Array.from({ length: weight }, () => kind as ClientOp['kind']),
);

export function usualWorkload(run: Run): Workload {
  return new Clients(run);
}

class Clients implements Workload {
  readonly #run: Run;
  readonly #clients: SimClient[] = [];
  /** How often was added to which list or set. */
  readonly #added = new Map<string, number>();
  #operations = 0;
  #isLoading = false;

  constructor(run: Run) {
    this.#run = run;
    const { clients } = run.schedule.knobs;
    for (let i = 0; i < clients; i++) {
      const name = `client${i}`;
      run.world.boot(name, (host) => {
        const exchange = new Exchange(host);
        const guide = guideOf(run, exchange, i);
        const { history, topology } = run;
        this.#clients.push(new SimClient(name, host, exchange, guide, history, (address) => topology.nodeAt(address)));
      });
    }
  }

  get pending(): number {
    return this.#clients.reduce((sum, { pending }) => sum + pending, 0);
  }

  begin(): void {
    const { opsPerSecond } = this.#run.schedule.knobs;
    if (opsPerSecond === 0) return;
    this.#isLoading = true;
    const meanMs = (1000 * this.#clients.length) / opsPerSecond;
    for (const client of this.#clients) {
      const random = this.#run.random(`load of ${client.name}`);
      const again = (): void => {
        if (!this.#isLoading) return;
        this.#submit(client, drawOp(random));
        client.host.timers.after(waitMs(random, meanMs), again);
      };
      this.#run.world.process(client.name).enter((host) => host.timers.after(waitMs(random, meanMs), again));
    }
  }

  perform(index: number, op: ClientOp): void {
    const client = this.#clients[index % this.#clients.length];
    if (client === undefined) return;
    // Faults and operations are no events of a node: the client begins in one of its own.
    this.#run.world.process(client.name).enter(() => this.#submit(client, op));
  }

  end(): void {
    this.#isLoading = false;
    for (const client of this.#clients) client.drain();
  }

  #submit(client: SimClient, op: ClientOp): void {
    const id = ++this.#operations;
    if (!client.submit(this.#requestOf(op, id))) this.#run.coverage.add('operation left out: the client waits');
  }

  #requestOf(op: ClientOp, id: number): Request {
    const request = (key: string, ...words: string[]): Request => ({ id, words, key, timeoutMs: TIMEOUT_MS });
    const value = `v${id}`;
    switch (op.kind) {
      case 'get':
        return request(`r:${op.key}`, 'GET', `r:${op.key}`);
      case 'set':
        return request(`r:${op.key}`, 'SET', `r:${op.key}`, value);
      case 'del':
        return request(`r:${op.key}`, 'DEL', `r:${op.key}`, `{r:${op.key}}${value}`);
      case 'incr':
        return request(`n:${op.key}`, 'INCRBY', `n:${op.key}`, String(id));
      case 'rpush':
      case 'sadd': {
        const key = this.#growing(op.kind === 'rpush' ? 'l' : 's', op.key, true);
        return request(key, op.kind.toUpperCase(), key, value);
      }
      case 'lrange': {
        const key = this.#growing('l', op.key, false);
        return request(key, 'LRANGE', key, '0', '-1');
      }
      case 'smembers': {
        const key = this.#growing('s', op.key, false);
        return request(key, 'SMEMBERS', key);
      }
      case 'multi': {
        const tag = `{t:${op.keys[0] ?? 0}}`;
        const commands = op.keys.map((key, at) => ['SET', `${tag}${key}`, `${value}.${at}`]);
        return { id, words: transactionOf(commands), key: tag, timeoutMs: TIMEOUT_MS };
      }
      case 'wait': {
        const words = ['WAIT', String(op.replicas), String(op.timeoutMs)];
        return { id, words, key: null, timeoutMs: op.timeoutMs + TIMEOUT_MS };
      }
    }
  }

  #growing(letter: string, index: number, grows: boolean): string {
    const name = `${letter}:${index}`;
    const count = this.#added.get(name) ?? 0;
    if (grows) this.#added.set(name, count + 1);
    return `${name}.${Math.floor(count / ELEMENTS_MAX)}`;
  }
}

function guideOf(run: Run, exchange: Exchange, index: number): Guide {
  const { topology } = run;
  const at = (names: readonly string[], port: number): ServerAddress[] =>
    names.map((name) => ({ host: topology.process(name).address, port }));
  const servers = at(topology.serverNames, topology.port);
  if (topology.kind === 'cluster') return new ClusterGuide(servers, run.random(`slots of client${index}`));
  if (topology instanceof SentinelTopology) {
    return new SentinelGuide(exchange, at(topology.sentinelNames, SENTINEL_PORT), MASTER_NAME, index);
  }
  return new ServerListGuide(exchange, servers, index);
}

function drawOp(random: Random): ClientOp {
  const kind = KINDS[random.below(KINDS.length)]!;
  if (kind === 'wait') return { kind, replicas: 1 + random.below(2), timeoutMs: 100 + random.below(900) };
  if (kind === 'multi') return { kind, keys: [random.below(3), random.below(3), 3 + random.below(3)] };
  return { kind, key: random.below(KEYS) };
}

/** Between two operations of a client. */
function waitMs(random: Random, meanMs: number): number {
  return Math.max(1, Math.round(-Math.log(1 - random.below(1_000_000) / 1_000_000) * meanMs));
}
