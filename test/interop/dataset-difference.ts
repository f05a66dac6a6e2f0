/**
 * Whether two servers hold the same: DEBUG DIGEST, INFO keyspace, the libraries of functions, and of streams their groups,
 * which the digest leaves out. Where they do not, `describeDifference` names the keys.
 */
import { repr } from '../../src/core/repr.ts';
import { RespClient } from '../support/resp-client.ts';
import { decode } from '../twin/comparable.ts';
import { info, type Node } from './node.ts';

const DATABASES = 16;
const KEYS_SHOWN = 5;

/** What has to be equal of each, as texts. Read it when nothing is on its way any more. */
export async function summaryOf(node: Node): Promise<string> {
  const { client } = node;
  const digest = await client.call('DEBUG', 'DIGEST');
  const keyspace = String(await client.call('INFO', 'keyspace')).replaceAll(/,avg_ttl=\d+/g, '');
  const functions = (await client.callRaw('FUNCTION', 'LIST', 'WITHCODE')).replaceAll(/\r\n/g, ' ');
  const libraries = [...functions.matchAll(/#!lua.*?(?= \*|$)/g)].map(([code]) => code).sort();
  return [String(digest), keyspace.trim(), ...libraries, await groupsOf(client)].join('\n');
}

/** The groups of all streams, without the times that each server notes for itself. */
async function groupsOf(client: RespClient): Promise<string> {
  const lines: string[] = [];
  for (const [database, keys] of await keysByDatabase(client)) {
    await client.call('SELECT', database);
    const types = await client.pipelineRaw(keys.map((key) => ['TYPE', bytes(key)]));
    for (const key of keys.filter((_, i) => types[i] === '+stream\r\n')) {
      const full = decode(await client.callRaw('XINFO', 'STREAM', bytes(key), 'FULL', 'COUNT', 0));
      lines.push(`${database} ${repr(key)} ${textOf(replicated(full))}`);
    }
  }
  await client.call('SELECT', 0);
  return lines.sort().join('\n');
}

/** Fields that depend on where the nodes of a stream begin, and those that the digest covers. */
const OWN_FIELDS = new Set(['radix-tree-keys', 'radix-tree-nodes', 'entries']);

/**
 * What of XINFO STREAM FULL is the same on replicas. Redis does not tell them how much a group has read, how often and
 * when an entry was delivered again, and of consumers that never got anything.
 */
function replicated(full: unknown): unknown {
  const fields = pairsOf(full).filter(([name]) => !OWN_FIELDS.has(name));
  return fields.map(([name, value]) => [name, name === 'groups' ? (value as unknown[]).map(groupOf) : value]);
}

/** Counters may be beyond 2^53. */
function textOf(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each));
}

function groupOf(group: unknown): unknown {
  const fields = new Map(pairsOf(group));
  const pending = fields.get('pending') as unknown[][];
  return [fields.get('name'), fields.get('last-delivered-id'), pending.map(([id, consumer]) => [id, consumer])];
}

function pairsOf(flat: unknown): [string, unknown][] {
  const list = flat as unknown[];
  return list.flatMap((name, i) => (i % 2 === 0 ? [[String(name), list[i + 1]] as [string, unknown]] : []));
}

async function keysByDatabase(client: RespClient): Promise<Map<number, string[]>> {
  const found = new Map<number, string[]>();
  for (let database = 0; database < DATABASES; database++) {
    await client.call('SELECT', database);
    const keys = decode(await client.callRaw('KEYS', '*')) as string[];
    if (keys.length > 0) found.set(database, keys.sort());
  }
  await client.call('SELECT', 0);
  return found;
}

function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

/** What differs, key by key, and the names of those keys. */
export async function describeDifference(a: Node, b: Node): Promise<{ text: string; keys: string[] }> {
  const [left, right] = await Promise.all([describeKeys(a), describeKeys(b)]);
  const names = [...new Set([...left.keys(), ...right.keys()])].filter((name) => left.get(name) !== right.get(name));
  const lines = names
    .slice(0, KEYS_SHOWN)
    .map(
      (name) => `${name}\n  ${a.make}: ${left.get(name) ?? 'missing'}\n  ${b.make}: ${right.get(name) ?? 'missing'}`,
    );
  const [first, second] = [await summaryOf(a), await summaryOf(b)].map((text) => text.split('\n'));
  const at = first!.findIndex((line, i) => line !== second![i] && i > 0);
  if (at > 0) lines.push(`${a.make}: ${first![at]}\n${b.make}: ${second![at]}`);
  for (const node of [a, b]) lines.push(`${node.make}: ${await info(node, 'role')}`);
  const keys = names.map((name) => decodeName(name));
  return { text: lines.join('\n'), keys };
}

function decodeName(name: string): string {
  return String(JSON.parse(name.slice(name.indexOf(' ') + 1)));
}

const READERS: Readonly<Record<string, readonly string[]>> = {
  string: ['GET'],
  list: ['LRANGE', '0', '-1'],
  set: ['SMEMBERS'],
  hash: ['HGETALL'],
  zset: ['ZRANGE', '0', '-1', 'WITHSCORES'],
  stream: ['XINFO', 'STREAM', 'FULL', 'COUNT', '0'],
};

async function describeKeys({ client }: Node): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const [database, keys] of await keysByDatabase(client)) {
    await client.call('SELECT', database);
    for (const key of keys) {
      const type = String(await client.call('TYPE', bytes(key)));
      const [expiry, digest] = await client.pipelineRaw([
        ['PEXPIRETIME', bytes(key)],
        ['DEBUG', 'DIGEST-VALUE', bytes(key)],
      ]);
      found.set(
        `${database} ${JSON.stringify(key)}`,
        `${type} ${expiry} ${digest} ${await contentOf(client, type, key)}`,
      );
    }
  }
  await client.call('SELECT', 0);
  return found;
}

async function contentOf(client: RespClient, type: string, key: string): Promise<string> {
  const [name = 'TYPE', ...rest] = READERS[type] ?? [];
  const words = type === 'stream' ? [name, rest[0]!, bytes(key), ...rest.slice(1)] : [name, bytes(key), ...rest];
  const reply = decode(await client.callRaw(...words));
  const plain = type === 'set' && Array.isArray(reply) ? reply.map(String).sort() : reply;
  return textOf(type === 'hash' ? '' : plain).slice(0, 600);
}
