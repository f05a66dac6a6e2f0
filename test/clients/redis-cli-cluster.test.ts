/** What redis-cli --cluster does with nodes of this server: it makes a cluster of them, looks after it and changes it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import slotOf from 'cluster-key-slot';
import { startServer } from '../../src/topology/server.ts';
import { eventually } from '../support/eventually.ts';
import { describeWith } from '../support/requires.ts';
import { allOk, type OwnNode, startNode, startNodes, stopNodes, tableOf } from './own-cluster.ts';
import { type Outcome, runProgram } from './program.ts';

const TIMEOUT_MS = 120_000;
const KEYS = 300;

let nodes: OwnNode[] = [];

function address({ server }: OwnNode): string {
  return `127.0.0.1:${server.port}`;
}

function cli(...args: readonly (string | number)[]): Promise<Outcome> {
  const words = ['redis-cli', '--cluster', ...args.map(String)];
  return runProgram(words, { timeoutMs: TIMEOUT_MS, input: 'yes\n' });
}

/** What it prints when all goes well. */
async function cliOk(...args: readonly (string | number)[]): Promise<string> {
  const { code, stdout, stderr } = await cli(...args);
  expect(code, `redis-cli --cluster ${args.join(' ')}\n${stdout}${stderr}`).toBe(0);
  return stdout;
}

const idOf = async ({ client }: OwnNode): Promise<string> => String(await client.call('CLUSTER', 'MYID'));

/** The node that owns the slot of a key, by its own word. */
async function ownerOf(key: string): Promise<OwnNode> {
  for (const node of nodes) {
    const table = await tableOf(node);
    const own = [...table.values()].find((fields) => fields[2]!.startsWith('myself'))!;
    if (own.slice(8).some((range) => covers(range, slotOf(key)))) return node;
  }
  throw new Error(`nobody owns the slot of ${key}`);
}

function covers(range: string, slot: number): boolean {
  const [first, last = first] = range.split('-').map(Number);
  return slot >= first! && slot <= last!;
}

async function slotCount(node: OwnNode): Promise<number> {
  const own = [...(await tableOf(node)).values()].find((fields) => fields[2]!.startsWith('myself'))!;
  return own.slice(8).reduce((sum, range) => {
    const [first, last = first] = range.split('-').map(Number);
    return sum + last! - first! + 1;
  }, 0);
}

/** Keys of every type, so many each. */
async function fill(): Promise<void> {
  for (let i = 0; i < KEYS; i++) {
    const { client } = await ownerOfCached(`key:${i}`);
    const key = `key:${i}`;
    const calls = [
      ['SET', key, `value ${i}`],
      ['RPUSH', key, 'a', 'b', String(i)],
      ['HSET', key, 'field', String(i)],
      ['SADD', key, 'x', String(i)],
      ['ZADD', key, '1', 'one', '2', String(i)],
      ['XADD', key, '1-1', 'field', String(i)],
    ];
    await client.call(...calls[i % calls.length]!);
    if (i % 7 === 0) await client.call('EXPIRE', key, '1000000');
  }
}

const owners = new Map<number, OwnNode>();
async function ownerOfCached(key: string): Promise<OwnNode> {
  const slot = slotOf(key);
  const known = owners.get(slot) ?? (await ownerOf(key));
  owners.set(slot, known);
  return known;
}

/** Every key is with the owner of its slot, and nowhere else. */
async function expectAllKeys(): Promise<void> {
  owners.clear();
  for (let i = 0; i < KEYS; i++) {
    const { client } = await ownerOfCached(`key:${i}`);
    expect(await client.call('EXISTS', `key:${i}`)).toBe(1);
    expect(Number(await client.call('PTTL', `key:${i}`)) > 0).toBe(i % 7 === 0);
  }
  const sizes = await Promise.all(masters().map(({ client }) => client.call('DBSIZE')));
  expect(sizes.map(Number).reduce((a, b) => a + b)).toBe(KEYS);
}

const masters = (): OwnNode[] => nodes.filter(({ server }) => server.role === 'master');

/** redis-cli goes by what the nodes say; after a change they need a moment to agree. */
async function settle(): Promise<void> {
  await allOk(nodes);
  await eventually(async () => (await cli('check', address(nodes[0]!))).code === 0, {
    what: 'redis-cli finds nothing wrong',
    timeoutMs: TIMEOUT_MS,
    everyMs: 100,
  });
}

describeWith('redis-cli', 'redis-cli --cluster', () => {
  beforeAll(async () => {
    nodes = await startNodes(6);
  });
  afterAll(async () => {
    await stopNodes(nodes);
  });

  it('makes a cluster of three masters with a replica each', { timeout: TIMEOUT_MS }, async () => {
    const text = await cliOk('create', ...nodes.map(address), '--cluster-replicas', 1, '--cluster-yes');
    expect(text).toContain('Master[0] -> Slots 0 - 5460');
    expect(text).toContain('Master[1] -> Slots 5461 - 10922');
    expect(text).toContain('Master[2] -> Slots 10923 - 16383');
    expect(text).toContain('[OK] All nodes agree about slots configuration.');
    expect(text).toContain('[OK] All 16384 slots covered.');
    await settle();
    const roles = async (): Promise<string> => {
      const flags = [...(await tableOf(nodes[0]!)).values()].map((fields) => fields[2]!.replace('myself,', ''));
      return flags.sort().join(' ');
    };
    await eventually(async () => (await roles()) === 'master master master slave slave slave', {
      timeoutMs: TIMEOUT_MS,
    });
    const table = await tableOf(nodes[0]!);
    const epochs = [...table.values()].filter((fields) => !fields[2]!.includes('slave')).map((fields) => fields[6]);
    expect(new Set(epochs).size).toBe(3);
    await fill();
  });

  it('says how the cluster is', { timeout: TIMEOUT_MS }, async () => {
    const text = await cliOk('info', address(nodes[3]!));
    expect(text).toMatch(new RegExp(`\\[OK\\] ${KEYS} keys in 3 masters\\.`));
    expect(text.match(/slots \| 1 slaves/g)).toHaveLength(3);
    const checked = await cliOk('check', address(nodes[1]!), '--cluster-search-multiple-owners');
    expect(checked).toContain('[OK] No multiple owners found.');
  });

  it('calls every node, and sets the timeout on all', { timeout: TIMEOUT_MS }, async () => {
    const text = await cliOk('call', address(nodes[0]!), 'CONFIG', 'GET', 'cluster-enabled');
    expect(text.match(/yes/g)).toHaveLength(6);
    const onMasters = await cliOk('call', address(nodes[0]!), 'PING', '--cluster-only-masters');
    expect(onMasters.match(/PONG/g)).toHaveLength(3);
    // In-process nodes have no configuration file to be rewritten.
    const { stdout } = await cli('set-timeout', address(nodes[0]!), 4000);
    expect(stdout).toContain('New node timeout set. 0 OK, 6 ERR.');
    for (const { client } of nodes) {
      expect(await client.call('CONFIG', 'GET', 'cluster-node-timeout')).toEqual(['cluster-node-timeout', '4000']);
    }
  });

  it('moves slots with their keys', { timeout: TIMEOUT_MS }, async () => {
    const [from, to] = [await idOf(nodes[0]!), await idOf(nodes[1]!)];
    const slots = ['--cluster-slots', 50, '--cluster-yes'];
    await cliOk('reshard', address(nodes[0]!), '--cluster-from', from, '--cluster-to', to, ...slots);
    await settle();
    expect(await slotCount(nodes[0]!)).toBe(5461 - 50);
    expect(await slotCount(nodes[1]!)).toBe(5462 + 50);
    await expectAllKeys();
  });

  it(
    'takes in a new master with the functions of the others, and shares the slots anew',
    { timeout: TIMEOUT_MS },
    async () => {
      const library = "#!lua name=mine\nredis.register_function('one', function() return 1 end)";
      await nodes[0]!.client.call('FUNCTION', 'LOAD', library);
      const added = await startNode();
      await cliOk('add-node', address(added), address(nodes[0]!));
      nodes.push(added);
      await allOk(nodes);
      expect(await added.client.call('FCALL', 'one', '0')).toBe(1);
      expect(await slotCount(added)).toBe(0);
      // A slot takes seven commands, one after the other: few slots are enough.
      const weights = ['--cluster-use-empty-masters', '--cluster-weight', `${await idOf(added)}=0.02`];
      await cliOk('rebalance', address(nodes[0]!), ...weights, '--cluster-pipeline', 20);
      await settle();
      expect(await slotCount(added)).toBe(Math.trunc((16384 / 3.02) * 0.02));
      await expectAllKeys();
      expect(await cliOk('rebalance', address(nodes[0]!), ...weights)).toContain('*** No rebalancing needed!');
    },
  );

  it('takes in a replica, and lets it go', { timeout: TIMEOUT_MS }, async () => {
    const added = await startNode();
    const master = await idOf(nodes[0]!);
    await cliOk('add-node', address(added), address(nodes[0]!), '--cluster-slave', '--cluster-master-id', master);
    nodes.push(added);
    await allOk(nodes);
    const id = await idOf(added);
    await eventually(async () => (await tableOf(nodes[2]!)).get(id)?.[3] === master, { timeoutMs: TIMEOUT_MS });
    const text = await cliOk('del-node', address(nodes[0]!), id);
    expect(text).toContain('>>> Sending CLUSTER FORGET messages to the cluster...');
    nodes.pop();
    for (const node of nodes) expect((await tableOf(node)).has(id)).toBe(false);
    await eventually(() => added.server.role === 'master', { what: 'it is reset' });
    expect(await added.client.call('DBSIZE')).toBe(0);
    await stopNodes([added]);
  });

  it('mends slots that were left half moved', { timeout: TIMEOUT_MS }, async () => {
    const node = await ownerOf('key:1');
    const other = masters().find((one) => one !== node)!;
    const slot = String(slotOf('key:1'));
    await other.client.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', await idOf(node));
    await node.client.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', await idOf(other));
    const before = await cli('check', address(nodes[0]!));
    expect(before.code).toBe(1);
    expect(before.stdout).toContain(`[WARNING] The following slots are open: ${slot}`);
    await cliOk('fix', address(nodes[0]!), '--cluster-yes');
    await settle();
    await expectAllKeys();
  });

  it('gives slots that nobody serves to somebody', { timeout: TIMEOUT_MS }, async () => {
    const slot = slotOf('key:2');
    const keys = Array.from({ length: KEYS }, (_, i) => `key:${i}`).filter((key) => slotOf(key) === slot);
    for (const { client } of masters()) await client.call('CLUSTER', 'DELSLOTS', String(slot));
    expect((await cli('check', address(nodes[0]!))).stdout).toContain(
      '[ERR] Not all 16384 slots are covered by nodes.',
    );
    await cliOk('fix', address(nodes[0]!), '--cluster-yes');
    await settle();
    expect(keys).toContain('key:2');
    await expectAllKeys();
  });

  it('takes over the keys of a server outside of the cluster', { timeout: TIMEOUT_MS }, async () => {
    await using source = await startServer();
    for (let i = 0; i < 50; i++) await source.execute('SET', `imported:${i}`, String(i));
    await cliOk('import', address(nodes[0]!), '--cluster-from', `127.0.0.1:${source.port}`, '--cluster-copy');
    expect(await source.execute('DBSIZE')).toBe(50);
    owners.clear();
    for (let i = 0; i < 50; i++) {
      const { client } = await ownerOfCached(`imported:${i}`);
      expect(await client.call('GET', `imported:${i}`)).toBe(String(i));
      await client.call('DEL', `imported:${i}`);
    }
  });

  it('fetches a snapshot of each master', { timeout: TIMEOUT_MS }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'resplica-backup-'));
    try {
      await cliOk('backup', address(nodes[0]!), folder);
      const files = readdirSync(folder);
      expect(files.filter((name) => name.endsWith('.rdb'))).toHaveLength(4);
      const listed = JSON.parse(readFileSync(join(folder, 'nodes.json'), 'utf8')) as unknown[];
      expect(listed).toHaveLength(nodes.length);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('follows redirections', { timeout: TIMEOUT_MS }, async () => {
    const commands = Array.from({ length: 20 }, (_, i) => `EXISTS key:${i}`).join('\n');
    const { stdout } = await runProgram(['redis-cli', '-c', '-p', String(nodes[0]!.server.port)], { input: commands });
    expect(
      stdout
        .trim()
        .split('\n')
        .filter((line) => line === '1'),
    ).toHaveLength(20);
  });

  it('asks where a key has gone that is under way', { timeout: TIMEOUT_MS }, async () => {
    const [source, target] = [await ownerOf('{under way}'), masters()[0]!];
    const other = source === target ? masters()[1]! : target;
    const slot = String(slotOf('{under way}'));
    await source.client.call('SET', '{under way}', 'here');
    await other.client.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', await idOf(source));
    await source.client.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', await idOf(other));
    await source.client.call('MIGRATE', '127.0.0.1', String(other.server.port), '{under way}', '0', '60000');
    const words = ['redis-cli', '-c', '-p', String(source.server.port), 'GET', '{under way}'];
    expect((await runProgram(words, {})).stdout.trim()).toBe('here');
    expect(await source.client.call('GET', '{under way}')).toMatchObject({
      message: `ASK ${slot} 127.0.0.1:${other.server.port}`,
    });
    for (const node of [other, source, ...masters()]) {
      await node.client.call('CLUSTER', 'SETSLOT', slot, 'NODE', await idOf(other));
    }
    await other.client.call('DEL', '{under way}');
    await settle();
  });
});
