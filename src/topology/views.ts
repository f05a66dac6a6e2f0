/** What nodes say about the topology, and the first thing in which they do not agree. */
import type { ReplyValue } from '../client/reply-parser.ts';
import type { NodeHandle } from './node-handle.ts';

/** A command, whose answer is not waited for for ever. */
export type Ask = (node: NodeHandle, ...args: string[]) => Promise<ReplyValue>;

/** Lines "name:value" of INFO. */
export function infoFields(text: ReplyValue): ReadonlyMap<string, string> {
  const lines = String(text).split('\r\n');
  return new Map(lines.filter((line) => line.includes(':')).map((line) => split(line)));
}

function split(line: string): [string, string] {
  const at = line.indexOf(':');
  return [line.slice(0, at), line.slice(at + 1)];
}

/** Those that can answer. */
export function living(nodes: readonly NodeHandle[]): NodeHandle[] {
  return nodes.filter((node) => node.alive && !node.isPaused);
}

/** One living master, and all other living servers are in step with it. */
export async function disagreementOfServers(
  servers: readonly NodeHandle[],
  master: NodeHandle,
  ask: Ask,
): Promise<string | null> {
  if (!living([master]).includes(master)) return `${master.name}, the master, is down`;
  const own = infoFields(await ask(master, 'INFO', 'replication'));
  if (own.get('role') !== 'master') return `${master.name} says that it is a ${own.get('role')}, not the master`;
  for (const server of living(servers)) {
    if (server === master) continue;
    const view = infoFields(await ask(server, 'INFO', 'replication'));
    const followed = `${view.get('master_host')}:${view.get('master_port')}`;
    if (view.get('role') !== 'slave') return `${server.name} says that it is a master, as ${master.name} does`;
    if (followed !== `${master.host}:${master.port}`) return `${server.name} follows ${followed}, not ${master.name}`;
    if (view.get('master_link_status') !== 'up') return `${server.name} is not in sync with ${master.name}`;
    if (!isListed(own, server)) return `${master.name} does not know ${server.name} as its replica`;
    const [there, here] = [own.get('master_repl_offset'), view.get('slave_repl_offset')];
    if (Number(here) < Number(there)) return `${server.name} is at offset ${here}, ${master.name} at ${there}`;
  }
  return null;
}

/** Among the lines "slave0:ip=127.0.0.1,port=6380,state=online,…" of a master. */
function isListed(info: ReadonlyMap<string, string>, replica: NodeHandle): boolean {
  for (const [name, value] of info) {
    if (/^slave\d+$/.test(name) && value.includes(`port=${replica.port},state=online`)) return true;
  }
  return false;
}
