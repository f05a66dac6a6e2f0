/** What nodes of one make say of themselves, nodes of the other believe: addresses behind a router, names, IPv6. */
import { expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { findFreePort, oursCommand, type RedisProcess, startRedis } from '../support/redis-process.ts';
import { describeWith } from '../support/requires.ts';
import { RespClient, RespError, type Reply } from '../support/resp-client.ts';

const TIMEOUT_MS = 120_000;
const PATIENCE = { timeoutMs: 60_000, everyMs: 50 };
const BUS_PORT_DISTANCE = 10_000;
/** Another address of this machine, as a router would have one. */
const PUBLIC_IP = '127.0.0.2';

type Options = Readonly<Record<string, string | number | readonly string[]>>;

class Node implements AsyncDisposable {
  readonly process: RedisProcess;
  readonly client: RespClient;

  private constructor(process: RedisProcess, client: RespClient) {
    this.process = process;
    this.client = client;
  }

  static async start(isOurs: boolean, options: Options, host = '127.0.0.1'): Promise<Node> {
    const port = Number(options.port ?? (await findFreePort()));
    const common = { 'cluster-enabled': 'yes', 'cluster-node-timeout': 5000, ...options };
    const process = await startRedis({ port, options: common, ...(isOurs ? { command: oursCommand() } : {}) });
    return new Node(process, await RespClient.connect({ port, host, timeoutMs: 20_000 }));
  }

  async call(...words: (string | number)[]): Promise<Reply> {
    const reply = await this.client.call(...words);
    if (reply instanceof RespError) throw new Error(`${words.join(' ')}: ${reply.message}`);
    return reply;
  }

  /** Where a node of that id is, as this one sees it. */
  async addressOf(id: Reply): Promise<string | undefined> {
    const lines = String(await this.call('CLUSTER', 'NODES')).split('\n');
    return lines.find((line) => line.startsWith(String(id)))?.split(' ')[1];
  }

  async knows(id: Reply, address: string): Promise<void> {
    await eventually(async () => (await this.addressOf(id)) === address, { ...PATIENCE, what: `${address} is known` });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]();
    await this.process.stop();
  }
}

describeWith('redis-server', 'nodes of both makes', () => {
  it.each([
    ['a real one believes what one of ours announces', true],
    ['one of ours believes what a real one announces', false],
  ])('%s', { timeout: TIMEOUT_MS }, async (_title, isOurs) => {
    const port = await findFreePort();
    const publicPort = await findFreePort();
    await using told = await Node.start(isOurs, {
      port,
      bind: '0.0.0.0',
      'protected-mode': 'no',
      'cluster-announce-ip': PUBLIC_IP,
      'cluster-announce-port': publicPort,
      'cluster-announce-hostname': 'first.example',
    });
    await using other = await Node.start(!isOurs, {});
    const id = await told.call('CLUSTER', 'MYID');
    await told.call('CLUSTER', 'ADDSLOTSRANGE', 0, 16_383);
    await told.call('CLUSTER', 'MEET', '127.0.0.1', other.process.port);
    const bus = port + BUS_PORT_DISTANCE;
    await other.knows(id, `${PUBLIC_IP}:${publicPort}@${bus},first.example`);
    // A link is opened to where it says that it is.
    await eventually(async () => /connected 0-16383/.test(String(await other.call('CLUSTER', 'NODES'))), PATIENCE);
    const moved = (host: string): object => ({ message: `MOVED 12182 ${host}:${publicPort}` });
    await eventually(async () => {
      expect(await other.client.call('GET', 'foo')).toMatchObject(moved(PUBLIC_IP));
      return true;
    }, PATIENCE);
    await other.call('CONFIG', 'SET', 'cluster-preferred-endpoint-type', 'hostname');
    expect(await other.client.call('GET', 'foo')).toMatchObject(moved('first.example'));
    expect(await other.call('CLUSTER', 'SLOTS')).toEqual([
      [0, 16_383, ['first.example', publicPort, id, ['ip', PUBLIC_IP]]],
    ]);
    // What changes while it runs is known to others soon.
    await told.call('CONFIG', 'SET', 'cluster-announce-hostname', 'second.example');
    await other.knows(id, `${PUBLIC_IP}:${publicPort}@${bus},second.example`);
    await told.call('CONFIG', 'SET', 'cluster-announce-hostname', '');
    await told.call('CONFIG', 'SET', 'cluster-announce-port', 0);
    await other.knows(id, `${PUBLIC_IP}:${port}@${bus}`);
    expect(await other.client.call('GET', 'foo')).toMatchObject({ message: `MOVED 12182 ?:${port}` });
  });

  it('meet over IPv6', { timeout: TIMEOUT_MS }, async () => {
    const both = { bind: ['::1', '127.0.0.1'] };
    await using ours = await Node.start(true, both, '::1');
    await using real = await Node.start(false, both, '::1');
    await ours.call('CLUSTER', 'MEET', '::1', real.process.port);
    for (const [one, other] of [
      [ours, real],
      [real, ours],
    ] as const) {
      const { port } = other.process;
      await one.knows(await other.call('CLUSTER', 'MYID'), `::1:${port}@${port + BUS_PORT_DISTANCE}`);
      await eventually(async () => !String(await one.call('CLUSTER', 'NODES')).includes('disconnected'), PATIENCE);
    }
    await ours.call('CLUSTER', 'ADDSLOTSRANGE', 0, 16_383);
    const expected = { message: `MOVED 12182 ::1:${ours.process.port}` };
    await eventually(async () => {
      expect(await real.client.call('GET', 'foo')).toMatchObject(expected);
      return true;
    }, PATIENCE);
    await real.call('CLUSTER', 'REPLICATE', String(await ours.call('CLUSTER', 'MYID')));
    // A master that has been without a cluster for a while waits before it takes writes.
    await eventually(async () => (await ours.client.call('SET', 'foo', 'bar')) === 'OK', PATIENCE);
    await eventually(async () => (await ours.call('WAIT', 1, 1000)) === 1, PATIENCE);
  });
});
