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
