/** A server of either make, for tests that let both replicate. */
import { startServer } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { startRedis } from '../support/redis-process.ts';
import { RespClient } from '../support/resp-client.ts';

export type Make = 'ours' | 'real';
export type Config = Readonly<Record<string, string | number>>;

export interface Node extends AsyncDisposable {
  readonly make: Make;
  readonly port: number;
  readonly client: RespClient;
  /** The last lines of its log. */
  readonly log: () => string;
}

const TIMEOUT_MS = 30_000;

export function startNode(make: Make, config: Config): Promise<Node> {
  return make === 'ours' ? startOurs(config) : startReal(config);
}

async function startOurs(config: Config): Promise<Node> {
  const server = await startServer({ config });
  return nodeOf(
    'ours',
    server.port,
    () => lastLines(server.log.join('\n')),
    () => server.close(),
  );
}

async function startReal(config: Config): Promise<Node> {
  const process = await startRedis({ options: config });
  return nodeOf(
    'real',
    process.port,
    () => lastLines(process.log),
    () => process.stop(),
  );
}

async function nodeOf(make: Make, port: number, log: () => string, stop: () => Promise<unknown>): Promise<Node> {
  const client = await RespClient.connect({ port, timeoutMs: TIMEOUT_MS });
  return {
    make,
    port,
    client,
    log,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await stop();
    },
  };
}

const LOG_CHARS = 3000;

function lastLines(log: string): string {
  const crash = log.indexOf('=== REDIS BUG REPORT START');
  return (crash < 0 ? log.slice(-LOG_CHARS) : log.slice(crash, crash + 2 * LOG_CHARS)).replace(/^.*\n/, '');
}

/** A field of INFO, '' if there is none. */
export async function info(node: Node, field: string): Promise<string> {
  const text = String(await node.client.call('INFO', 'everything'));
  return new RegExp(`^${field}:(.*?)\r?$`, 'm').exec(text)?.[1] ?? '';
}

/** Waits until a replica is connected with its master. */
export async function linked(replica: Node): Promise<void> {
  await eventually(async () => (await info(replica, 'master_link_status')) === 'up', {
    what: 'the link is up',
    timeoutMs: 60_000,
  });
}

/** Makes it a replica of whoever answers at a port, and waits until it has the dataset. */
export async function follow(replica: Node, port: number): Promise<void> {
  await replica.client.call('REPLICAOF', '127.0.0.1', port);
  await linked(replica);
}
