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

/** How much of a stream its readers have to have, by replication id: what there was when somebody first looked. */
export type StreamGoals = Map<string, number>;

/**
 * One living master, and all other living servers follow it and have what it had at first. Under load they never have all.
 * @param address of the master, as its replicas know it.
 */
export async function disagreementOfServers(
  servers: readonly NodeHandle[],
  master: NodeHandle,
  ask: Ask,
  goals: StreamGoals,
  address = `${master.host}:${master.port}`,
): Promise<string | null> {
  if (!living([master]).includes(master)) return `${master.name}, the master, is down`;
  const own = infoFields(await ask(master, 'INFO', 'replication'));
  if (own.get('role') !== 'master') return `${master.name} says that it is a ${own.get('role')}, not the master`;
  const stream = own.get('master_replid') ?? '';
  if (!goals.has(stream)) goals.set(stream, Number(own.get('master_repl_offset')));
  const goal = goals.get(stream)!;
  for (const server of living(servers)) {
    if (server === master) continue;
    const view = infoFields(await ask(server, 'INFO', 'replication'));
    const followed = `${view.get('master_host')}:${view.get('master_port')}`;
    if (view.get('role') !== 'slave') return `${server.name} says that it is a master, as ${master.name} does`;
    if (followed !== address) return `${server.name} follows ${followed}, not ${master.name}`;
    if (view.get('master_link_status') !== 'up') return `${server.name} is not in sync with ${master.name}`;
    if (!isListed(own, server)) return `${master.name} does not know ${server.name} as its replica`;
    const here = Number(view.get('slave_repl_offset'));
    if (here < goal) return `${server.name} is at offset ${here}, ${master.name} was at ${goal}`;
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

export interface SentinelViews {
  /** Of the master. */
  readonly name: string;
  readonly master: NodeHandle;
  readonly servers: readonly NodeHandle[];
  readonly sentinels: readonly NodeHandle[];
  readonly ask: Ask;
}

/** Every living sentinel knows the master, its replicas and the other sentinels, and holds none that lives for down. */
export async function disagreementOfSentinels(views: SentinelViews): Promise<string | null> {
  for (const sentinel of living(views.sentinels)) {
    const reason = await disagreementOf(sentinel, views);
    if (reason !== null) return `${sentinel.name} ${reason}`;
  }
  return null;
}

async function disagreementOf(sentinel: NodeHandle, views: SentinelViews): Promise<string | null> {
  const { name, master, servers, sentinels, ask } = views;
  const view = pairs(await ask(sentinel, 'SENTINEL', 'MASTER', name));
  if (view.get('port') !== String(master.port))
    return `holds port ${view.get('port')} for the master, not ${master.name}`;
  if (view.get('flags') !== 'master') return `sees ${master.name} as ${view.get('flags')}`;
  const replicas = (await ask(sentinel, 'SENTINEL', 'REPLICAS', name)) as ReplyValue[];
  const peers = (await ask(sentinel, 'SENTINEL', 'SENTINELS', name)) as ReplyValue[];
  return findUnknown(replicas, 'slave', servers, master) ?? findUnknown(peers, 'sentinel', sentinels, sentinel);
}

/** A living node that is not in a list of what a sentinel knows, or not well there. */
function findUnknown(
  list: readonly ReplyValue[],
  flags: string,
  nodes: readonly NodeHandle[],
  except: NodeHandle,
): string | null {
  const known = new Map(list.map((entry) => [pairs(entry).get('port'), pairs(entry)]));
  for (const node of living(nodes)) {
    if (node === except) continue;
    const view = known.get(String(node.port));
    if (view === undefined) return `does not know ${node.name}`;
    if (view.get('flags') !== flags) return `sees ${node.name} as ${view.get('flags')}`;
  }
  return null;
}

/** A map as RESP2 has it: names and values in turn. */
function pairs(reply: ReplyValue): ReadonlyMap<string, string> {
  const words = (reply as ReplyValue[]).map(String);
  return new Map(words.flatMap((word, index) => (index % 2 === 0 ? [[word, words[index + 1] ?? '']] : [])));
}
