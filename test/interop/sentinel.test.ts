/**
 * Quorums of this sentinel and redis-sentinel, over servers of both makes: they find each other, vote together, and take
 * over each other's files.
 */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { describeWith } from '../support/requires.ts';
import { type Reply, RespError } from '../support/resp-client.ts';
import { MixedSet, type Participant, type Plan } from './participants.ts';

const PATIENT = { timeoutMs: 60_000, everyMs: 50 };
const TIMEOUT_MS = 240_000;

const plans: readonly (readonly [string, Plan])[] = [
  [
    'one sentinel of ours with two real ones',
    { servers: ['ours', 'real', 'ours'], sentinels: ['ours', 'real', 'real'] },
  ],
  ['two sentinels of ours with a real one', { servers: ['real', 'ours', 'real'], sentinels: ['real', 'ours', 'ours'] }],
];

describeWith('redis-server', 'a quorum', () => {
  it.concurrent.each(plans)(
    'of %s',
    async (_, plan) => {
      await using set = await MixedSet.start(plan);
      let master = set.servers[0]!;
      await agrees(set, master);
      for (const sentinel of set.sentinels) {
        expect(await sentinel.ask('SENTINEL', 'CKQUORUM', 'mymaster')).toMatch(/^OK 3 usable Sentinels\. Quorum and/);
      }
      await master.ask('SET', 'k', 'v');
      await everywhere(set, 'k', 'v');

      // Whoever is told leads.
      for (const make of ['ours', 'real'] as const) {
        const leader = set.sentinels.find((sentinel) => sentinel.make === make)!;
        const before = master;
        master = await eventually(() => afterFailoverBy(leader, set, before), PATIENT);
        await agrees(set, master);
        expect(leader.log).toContain('+try-failover');
      }

      // A master that dies is replaced by whom they elect, and comes back as a replica.
      const dead = master;
      await dead.kill();
      master = await eventually(() => anotherMaster(set, dead), PATIENT);
      await agrees(set, master);
      expect(set.sentinels.filter(({ log }) => log.includes('+odown')).length).toBeGreaterThan(0);
      await dead.start();
      await agrees(set, master);
      for (const server of set.servers) expect(await server.ask('GET', 'k')).toBe('v');

      // What one forgets, it learns again.
      for (const sentinel of set.sentinels.slice(0, 2)) expect(await sentinel.ask('SENTINEL', 'RESET', 'my*')).toBe(1);
      await agrees(set, master);

      // Each goes on from the other's file.
      const epoch = await epochOf(set.sentinels[0]!);
      for (const sentinel of set.sentinels) {
        const id = await sentinel.ask('SENTINEL', 'MYID');
        await sentinel.kill();
        sentinel.make = sentinel.make === 'ours' ? 'real' : 'ours';
        await sentinel.start();
        expect(await sentinel.ask('SENTINEL', 'MYID')).toBe(id);
        expect(readFileSync(sentinel.file, 'utf8')).toContain('# a comment that stays');
      }
      await agrees(set, master);
      expect(await epochOf(set.sentinels[0]!)).toBeGreaterThanOrEqual(epoch);

      const last = master;
      await last.kill();
      master = await eventually(() => anotherMaster(set, last), PATIENT);
      await agrees(set, master);
      expect(await master.ask('GET', 'k')).toBe('v');
    },
    TIMEOUT_MS,
  );

  it.concurrent(
    'without its majority replaces nobody, of either make',
    async () => {
      await using set = await MixedSet.start({ servers: ['ours', 'real'], sentinels: ['ours', 'real', 'real'] });
      const [master] = set.servers;
      await agrees(set, master!);
      for (const sentinel of set.sentinels.slice(1)) await sentinel.kill();
      const [lonely] = set.sentinels;
      await eventually(async () => {
        const reply = await lonely!.ask('SENTINEL', 'CKQUORUM', 'mymaster');
        return reply instanceof RespError && reply.message.startsWith('NOQUORUM 1 usable Sentinels.');
      }, PATIENT);
      await master!.kill();
      await eventually(() => lonely!.log.includes('+sdown master mymaster'), PATIENT);
      expect(lonely!.log).not.toContain('+try-failover');
      expect(await set.servers[1]!.info('replication', 'role')).toBe('slave');
    },
    TIMEOUT_MS,
  );
});

/** Tells a sentinel to replace the master until it has happened: a failover that takes too long is given up. */
async function afterFailoverBy(leader: Participant, set: MixedSet, before: Participant): Promise<Participant | null> {
  if ((await namedPort(leader)) === before.port) await leader.ask('SENTINEL', 'FAILOVER', 'mymaster');
  return anotherMaster(set, before);
}

/** The server that most sentinels name, if it is another one than `before`. */
async function anotherMaster(set: MixedSet, before: Participant): Promise<Participant | null> {
  const ports = await Promise.all(set.sentinels.map(namedPort));
  const found = set.servers.find((server) => ports.filter((port) => port === server.port).length >= 2);
  return found === undefined || found === before ? null : found;
}

async function namedPort(sentinel: Participant): Promise<number> {
  const reply = (await sentinel.ask('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'mymaster')) as Reply[];
  return Number(reply[1]);
}

async function epochOf(sentinel: Participant): Promise<number> {
  return Number((await masterFields(sentinel)).get('config-epoch'));
}

async function masterFields(sentinel: Participant): Promise<Map<string, string>> {
  const words = ((await sentinel.ask('SENTINEL', 'MASTER', 'mymaster')) as Reply[]).map(String);
  return new Map(words.flatMap((word, index) => (index % 2 === 0 ? [[word, words[index + 1]!]] : [])));
}

/**
 * Every server has the value. A replica whose link is up may still lack it for a second: behind a snapshot from socket to
 * socket the master holds the stream back until the replica's next acknowledgement.
 */
async function everywhere(set: MixedSet, key: string, value: string): Promise<void> {
  const has = async (): Promise<boolean> => {
    for (const server of set.servers) expect([server.name, await server.ask('GET', key)]).toEqual([server.name, value]);
    return true;
  };
  await eventually(has, { ...PATIENT, what: `all have ${key}` });
}

/** All sentinels see the same healthy master with everybody around it, and all living servers are in step with it. */
async function agrees(set: MixedSet, master: Participant): Promise<void> {
  const check = async (): Promise<boolean> => {
    for (const sentinel of set.sentinels) {
      const view = await masterFields(sentinel);
      expect([sentinel.name, view.get('port'), view.get('flags')]).toEqual([
        sentinel.name,
        String(master.port),
        'master',
      ]);
      expect([sentinel.name, view.get('num-slaves')]).toEqual([sentinel.name, String(set.servers.length - 1)]);
      expect([sentinel.name, view.get('num-other-sentinels')]).toEqual([
        sentinel.name,
        String(set.sentinels.length - 1),
      ]);
    }
    for (const server of set.servers) {
      if (!server.alive || server === master) continue;
      const state = [
        await server.info('replication', 'master_port'),
        await server.info('replication', 'master_link_status'),
      ];
      expect([server.name, ...state]).toEqual([server.name, String(master.port), 'up']);
    }
    return true;
  };
  try {
    await eventually(check, { ...PATIENT, what: `all agree on ${master.name}` });
  } catch (error) {
    const logs = set.living.map(
      ({ name, make, log }) => `--- ${name} (${make})\n${log.split('\n').slice(-25).join('\n')}`,
    );
    throw new Error(`${(error as Error).message}\n${logs.join('\n')}`, { cause: error });
  }
}
