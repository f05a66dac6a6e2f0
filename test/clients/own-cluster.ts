/** Nodes of a cluster inside this process, for clients to find each other with. */
import { startServer, type ServerHandle } from '../../src/topology/server.ts';
import { eventually } from '../support/eventually.ts';
import { RespClient } from '../support/resp-client.ts';

export interface OwnNode {
  readonly server: ServerHandle;
  readonly client: RespClient;
}

const NODE_TIMEOUT_MS = 5000;
export const READY_TIMEOUT_MS = 60_000;

/** Each on its own: not a cluster yet. */
export async function startNodes(count: number, config: Readonly<Record<string, string>> = {}): Promise<OwnNode[]> {
  return Promise.all(Array.from({ length: count }, () => startNode(config)));
}

export async function startNode(config: Readonly<Record<string, string>> = {}): Promise<OwnNode> {
  const defaults = { 'cluster-enabled': 'yes', 'cluster-node-timeout': String(NODE_TIMEOUT_MS) };
  const server = await startServer({ config: { ...defaults, ...config } });
  return { server, client: await RespClient.connect({ port: server.port }) };
}

export async function stopNodes(nodes: readonly OwnNode[]): Promise<void> {
  await Promise.all(nodes.map(({ client }) => client.close()));
  await Promise.all(nodes.map(({ server }) => server.close()));
}

/** Everybody knows everybody, and says that all is well. */
export async function allOk(nodes: readonly OwnNode[], known = nodes.length): Promise<void> {
  await eventually(
    async () => {
      for (const { client } of nodes) {
        const info = String(await client.call('CLUSTER', 'INFO'));
        if (!info.includes('cluster_state:ok') || !info.includes(`cluster_known_nodes:${known}\r`)) return false;
      }
      return true;
    },
    { what: 'all nodes agree that all is well', timeoutMs: READY_TIMEOUT_MS, everyMs: 50 },
  );
}

/** The lines of CLUSTER NODES, split into fields, by id. */
export async function tableOf({ client }: OwnNode): Promise<Map<string, string[]>> {
  const lines = String(await client.call('CLUSTER', 'NODES'))
    .trim()
    .split('\n');
  return new Map(lines.map((line) => [line.slice(0, 40), line.split(' ')]));
}

/** Masters with all slots among them, each with one replica: the second half of the nodes. */
export async function joinNodes(nodes: readonly OwnNode[]): Promise<void> {
  const masters = nodes.slice(0, nodes.length / 2);
  const bounds = masters.map((_, i) => Math.round((16384 / masters.length) * i));
  for (const [i, { client }] of masters.entries()) {
    await client.call('CLUSTER', 'ADDSLOTSRANGE', String(bounds[i]!), String((bounds[i + 1] ?? 16384) - 1));
  }
  for (const [i, { client }] of nodes.entries()) await client.call('CLUSTER', 'SET-CONFIG-EPOCH', String(i + 1));
  const first = await addressOf(nodes[0]!);
  for (const { client } of nodes.slice(1)) await client.call('CLUSTER', 'MEET', '127.0.0.1', ...first);
  await allOk(nodes);
  for (const [i, { client }] of nodes.slice(masters.length).entries()) {
    await client.call('CLUSTER', 'REPLICATE', await idOf(masters[i]!));
  }
  await eventually(async () => (await shownReplicas(nodes)).every((count) => count === masters.length), {
    what: 'every node shows every replica',
    timeoutMs: READY_TIMEOUT_MS,
    everyMs: 50,
  });
}

export async function idOf({ client }: OwnNode): Promise<string> {
  return String(await client.call('CLUSTER', 'MYID'));
}

/** The port for clients, and that of the bus. */
async function addressOf(node: OwnNode): Promise<[string, string]> {
  const [, port, busPort] = /:(\d+)@(\d+)/.exec((await tableOf(node)).get(await idOf(node))![1]!)!;
  return [port!, busPort!];
}

/** Replicas that clients are told of: they have the dataset of their master. */
function shownReplicas(nodes: readonly OwnNode[]): Promise<number[]> {
  return Promise.all(
    nodes.map(async ({ client }) => {
      const ranges = (await client.call('CLUSTER', 'SLOTS')) as unknown[][];
      return ranges.reduce((sum, range) => sum + range.length - 3, 0);
    }),
  );
}

/** Moves a slot with its keys, as redis-cli does. */
export async function moveSlot(slot: number, from: OwnNode, to: OwnNode, masters: readonly OwnNode[]): Promise<void> {
  const [source, target] = [await idOf(from), await idOf(to)];
  const set = (node: OwnNode, ...words: string[]) => node.client.call('CLUSTER', 'SETSLOT', String(slot), ...words);
  await set(to, 'IMPORTING', source);
  await set(from, 'MIGRATING', target);
  for (;;) {
    const keys = (await from.client.call('CLUSTER', 'GETKEYSINSLOT', String(slot), '10')) as Buffer[];
    if (keys.length === 0) break;
    const target = ['127.0.0.1', String(to.server.port), '', '0', '60000'];
    await from.client.call('MIGRATE', ...target, 'REPLACE', 'KEYS', ...keys.map(String));
  }
  for (const node of [to, from, ...masters]) await set(node, 'NODE', target);
}
