/** The replica side against a master that does not always do what it should. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/host/prng.ts';
import { type ServerHandle, startServer } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { command, FakeMaster, type FakeLink, snapshotOf } from './fake-master.ts';

const ID = 'a'.repeat(40);
const OTHER_ID = 'b'.repeat(40);
const MARK = 'm'.repeat(40);
const LOADS = ['disabled', 'on-empty-db', 'swapdb'] as const;

function replicaOf(master: FakeMaster, config: Record<string, string | number> = {}): Promise<ServerHandle> {
  return startServer({ replicaOf: { host: '127.0.0.1', port: master.port }, config: { ...config } });
}

async function offsets(server: ServerHandle): Promise<string> {
  const text = String(await server.execute('INFO', 'replication'));
  const field = (name: string): string => new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(text)?.[1] ?? '';
  return `${field('slave_read_repl_offset')} ${field('slave_repl_offset')} ${field('master_repl_offset')}`;
}

/** The next thing that is no acknowledgement of the periodic kind. */
async function hearPast(link: FakeLink, expected: string): Promise<void> {
  for (;;) {
    const said = await link.hear();
    if (said === expected) return;
    expect(said).toMatch(/^REPLCONF ACK \d+$/);
  }
}

/** A replica that has the snapshot and is at offset 100. */
async function synchronised(master: FakeMaster): Promise<FakeLink> {
  const { link, psync } = await master.introduced();
  expect(psync).toBe('PSYNC ? -1');
  const rdb = snapshotOf('key', 'snapshot');
  link.say(`+FULLRESYNC ${ID} 100\r\n\n$${rdb.length}\r\n`);
  link.say(rdb);
  return link;
}

describe('the link of a replica', () => {
  for (const load of LOADS) {
    for (const size of [1, 17, 10_000]) {
      it(`takes a snapshot that comes in pieces of ${size}, with repl-diskless-load ${load}`, async () => {
        await using master = await FakeMaster.start();
        await using replica = await replicaOf(master, { 'repl-diskless-load': load });
        const { link } = await master.introduced();
        const all = Buffer.concat([
          Buffer.from(`+FULLRESYNC ${ID} 100\r\n$EOF:${MARK}\r\n`),
          snapshotOf('key', 'snapshot'),
          Buffer.from(MARK),
        ]);
        for (let at = 0; at < all.length; at += size) link.say(all.subarray(at, at + size));
        await hearPast(link, 'REPLCONF ACK 100');
        expect(await replica.execute('GET', 'key')).toBe('snapshot');
        link.say(command('SET', 'key', 'stream'));
        await eventually(async () => (await replica.execute('GET', 'key')) === 'stream');
      });

      it(`takes the stream right behind a snapshot, in pieces of ${size}, with repl-diskless-load ${load}`, async () => {
        await using master = await FakeMaster.start();
        await using replica = await replicaOf(master, { 'repl-diskless-load': load });
        const { link } = await master.introduced();
        const rdb = snapshotOf('key', 'snapshot');
        const all = Buffer.concat([
          Buffer.from(`+FULLRESYNC ${ID} 100\r\n$${rdb.length}\r\n`),
          rdb,
          Buffer.from(command('SELECT', '0') + command('APPEND', 'key', '+')),
        ]);
        for (let at = 0; at < all.length; at += size) link.say(all.subarray(at, at + size));
        await eventually(async () => (await replica.execute('GET', 'key')) === 'snapshot+');
        const end = 100 + command('SELECT', '0').length + command('APPEND', 'key', '+').length;
        expect(await offsets(replica)).toBe(`${end} ${end} ${end}`);
      });
    }
  }

  it('counts what has come, and what was executed as a whole', async () => {
    await using master = await FakeMaster.start();
    await using replica = await replicaOf(master);
    const link = await synchronised(master);
    const ping = command('ping');
    link.say(ping);
    await eventually(async () => (await offsets(replica)) === '114 114 114');
    link.say(command('MULTI') + command('SET', 'key', '1'));
    const begun = command('MULTI').length + command('SET', 'key', '1').length;
    await eventually(async () => (await offsets(replica)) === `${114 + begun} 114 114`);
    expect(await replica.execute('GET', 'key')).toBe('snapshot');
    link.say(command('EXEC').slice(0, 5));
    await eventually(async () => (await offsets(replica)) === `${114 + begun + 5} 114 114`);
    link.say(command('EXEC').slice(5));
    const done = 114 + begun + command('EXEC').length;
    await eventually(async () => (await offsets(replica)) === `${done} ${done} ${done}`);
    expect(await replica.execute('GET', 'key')).toBe('1');
  });

  it('answers a question for its offset with the one before the question, and nothing else', async () => {
    await using master = await FakeMaster.start();
    await using replica = await replicaOf(master);
    const link = await synchronised(master);
    await hearPast(link, 'REPLCONF ACK 100');
    link.say(command('GET', 'key') + command('nonsense') + command('SET', 'key'));
    const before = 100 + command('GET', 'key').length + command('nonsense').length + command('SET', 'key').length;
    link.say(command('REPLCONF', 'GETACK', '*'));
    await hearPast(link, `REPLCONF ACK ${before}`);
    await hearPast(link, `REPLCONF ACK ${before + 37}`);
    expect(replica.role).toBe('replica');
  });

  it('goes on from what was executed, forgetting what was not', async () => {
    await using master = await FakeMaster.start();
    await using replica = await replicaOf(master);
    const link = await synchronised(master);
    link.say(command('SET', 'key', '1') + command('MULTI') + command('SET', 'key', '2') + '*3\r\n$3');
    await eventually(async () => (await replica.execute('GET', 'key')) === '1');
    link.hangUp();
    const { link: second, psync } = await master.introduced();
    const applied = 100 + command('SET', 'key', '1').length;
    expect(psync).toBe(`PSYNC ${ID} ${applied + 1}`);
    second.say(`+CONTINUE ${OTHER_ID}\r\n${command('SET', 'key', '3')}`);
    await eventually(async () => (await replica.execute('GET', 'key')) === '3');
    const info = String(await replica.execute('INFO', 'replication'));
    expect(info).toContain(`master_replid:${OTHER_ID}`);
    expect(info).toContain(`master_replid2:${ID}`);
    expect(info).toContain(`second_repl_offset:${applied + 1}`);
  });

  it('closes and forgets its place when what comes is no command', async () => {
    await using master = await FakeMaster.start();
    await using replica = await replicaOf(master);
    const link = await synchronised(master);
    await hearPast(link, 'REPLCONF ACK 100');
    link.say('*1\r\n$nonsense\r\n');
    await link.closed();
    const { psync } = await master.introduced();
    expect(psync).toBe('PSYNC ? -1');
    expect(await replica.execute('GET', 'key')).toBe('snapshot');
  });

  for (const load of LOADS) {
    it(`asks again when a snapshot breaks off, with repl-diskless-load ${load}`, async () => {
      await using master = await FakeMaster.start();
      await using replica = await replicaOf(master, { 'repl-diskless-load': load });
      const { link } = await master.introduced();
      link.say(`+FULLRESYNC ${ID} 100\r\n$1000\r\nREDIS0010`);
      await eventually(async () => String(await replica.execute('INFO')).includes('master_sync_in_progress:1'));
      link.hangUp();
      await synchronised(master);
      await eventually(async () => (await replica.execute('GET', 'key')) === 'snapshot');
    });

    it(`asks again when the master falls silent in the middle of a snapshot, with repl-diskless-load ${load}`, async () => {
      await using master = await FakeMaster.start();
      await using replica = await replicaOf(master, { 'repl-diskless-load': load, 'repl-timeout': 1 });
      const { link } = await master.introduced();
      link.say(`+FULLRESYNC ${ID} 100\r\n$1000\r\nREDIS0010`);
      await link.closed();
      await synchronised(master);
      await eventually(async () => (await replica.execute('GET', 'key')) === 'snapshot');
    });

    it(`asks again when a snapshot ends before its time, with repl-diskless-load ${load}`, async () => {
      await using master = await FakeMaster.start();
      await using replica = await replicaOf(master, { 'repl-diskless-load': load });
      const { link } = await master.introduced();
      const short = snapshotOf('key', 'x'.repeat(60)).subarray(0, -40);
      link.say(Buffer.concat([Buffer.from(`+FULLRESYNC ${ID} 100\r\n$EOF:${MARK}\r\n`), short, Buffer.from(MARK)]));
      link.finish();
      await synchronised(master);
      await eventually(async () => (await replica.execute('GET', 'key')) === 'snapshot');
    });

    it(`asks again when a snapshot is none, with repl-diskless-load ${load}`, async () => {
      await using master = await FakeMaster.start();
      await using replica = await replicaOf(master, { 'repl-diskless-load': load });
      const { link } = await master.introduced();
      const broken = snapshotOf('key', 'snapshot');
      broken[12] = 0xf0;
      link.say(Buffer.concat([Buffer.from(`+FULLRESYNC ${ID} 100\r\n$${broken.length}\r\n`), broken]));
      await link.closed();
      await synchronised(master);
      await eventually(async () => (await replica.execute('GET', 'key')) === 'snapshot');
    });
  }

  it('asks again when the mark behind a snapshot is another one', async () => {
    await using master = await FakeMaster.start();
    await using replica = await replicaOf(master, { 'repl-diskless-load': 'swapdb' });
    const { link } = await master.introduced();
    link.say(
      Buffer.concat([
        Buffer.from(`+FULLRESYNC ${ID} 100\r\n$EOF:${MARK}\r\n`),
        snapshotOf('key', 'broken'),
        Buffer.from('n'.repeat(40)),
      ]),
    );
    await link.closed();
    await synchronised(master);
    await eventually(async () => (await replica.execute('GET', 'key')) === 'snapshot');
  });

  it('keeps a snapshot that has come as a whole, also when the link is lost while it is loaded', async () => {
    for (const load of LOADS) {
      await using master = await FakeMaster.start();
      await using replica = await replicaOf(master, { 'repl-diskless-load': load });
      const { link } = await master.introduced();
      const rdb = snapshotOf('key', 'snapshot');
      link.say(Buffer.concat([Buffer.from(`+FULLRESYNC ${ID} 100\r\n$${rdb.length}\r\n`), rdb]));
      link.finish();
      const { psync } = await master.introduced();
      expect(psync).toBe(`PSYNC ${ID} 101`);
      expect(await replica.execute('GET', 'key')).toBe('snapshot');
    }
  });

  it('survives streams of nonsense', async () => {
    const random = new Prng(11);
    await using master = await FakeMaster.start();
    await using replica = await replicaOf(master);
    for (let round = 0; round < 25; round++) {
      const { link } = await master.introduced();
      const rdb = snapshotOf('key', 'snapshot');
      const valid = command('SELECT', '0') + command('LPUSH', 'l', 'a', 'b') + command('MULTI') + command('EXEC');
      const bytes = Buffer.from(valid.repeat(3));
      for (let i = 0; i < 3; i++) bytes[random.u32() % bytes.length] = random.u32() & 0xff;
      const head = Buffer.concat([Buffer.from(`+FULLRESYNC ${ID} 100\r\n$${rdb.length}\r\n`), rdb]);
      if (round % 5 === 0) head[random.u32() % head.length] = random.u32() & 0xff;
      link.say(Buffer.concat([head, bytes]));
      link.finish();
    }
    expect(await replica.execute('PING')).toBe('PONG');
  }, 60_000);

  it('asks with SYNC where PSYNC is not known, and acknowledges nothing then', async () => {
    await using master = await FakeMaster.start();
    await using replica = await replicaOf(master);
    const { link } = await master.introduced();
    link.say("-ERR unknown command 'PSYNC'\r\n");
    expect(await link.hear()).toBe('inline SYNC');
    const rdb = snapshotOf('key', 'old');
    link.say(Buffer.concat([Buffer.from(`$${rdb.length}\r\n`), rdb, Buffer.from(command('APPEND', 'key', 'er'))]));
    await eventually(async () => (await replica.execute('GET', 'key')) === 'older');
    expect(link.unheard).toBe('');
    // A stream without offsets is counted from -1, and its last place is remembered, for what it is worth.
    const applied = command('APPEND', 'key', 'er').length - 1;
    expect(await offsets(replica)).toBe(`${applied} ${applied} ${applied}`);
    link.hangUp();
    const second = await master.introduced();
    expect(second.psync).toMatch(new RegExp(`^PSYNC [0-9a-f]{40} ${applied + 1}$`));
    second.link.say('-ERR unknown command\r\n');
    expect(await second.link.hear()).toBe('inline SYNC');
  });

  it.each([
    ['ignore', false],
    ['panic', true],
    ['panic-on-replicas', true],
  ])('with propagation-error-behavior %s, ends at a command that fails: %s', async (behavior, ends) => {
    await using master = await FakeMaster.start();
    await using replica = await replicaOf(master, { 'propagation-error-behavior': behavior });
    const link = await synchronised(master);
    link.say(command('NOSUCH') + command('SET', 'key', 'after'));
    if (ends) {
      await link.closed();
      const last = "This replica panicked sending an error to its master after processing the command '<unknown>'";
      expect(replica.log.some((line) => line.includes(last))).toBe(true);
    } else await eventually(async () => (await replica.execute('GET', 'key')) === 'after');
  });

  it.each([false, true])(
    'ends when it cannot keep what it applies, unless it is to ignore that: %s',
    async (ignores) => {
      const dir = mkdtempSync(join(tmpdir(), 'resplica-replica-'));
      await using master = await FakeMaster.start();
      await using replica = await replicaOf(master, {
        'repl-diskless-load': 'on-empty-db',
        save: '3600 1',
        dir,
        'replica-ignore-disk-write-errors': ignores ? 'yes' : 'no',
      });
      const link = await synchronised(master);
      await eventually(async () => (await replica.execute('GET', 'key')) === 'snapshot');
      // A directory in the place of the file cannot be replaced by a file.
      mkdirSync(join(dir, 'dump.rdb'));
      await replica.execute('BGSAVE');
      await eventually(() => replica.log.some((line) => line.includes('Background saving error')));
      link.say(command('PING') + command('SET', 'key', 'after'));
      if (ignores) await eventually(async () => (await replica.execute('GET', 'key')) === 'after');
      else await link.closed();
      const last = ignores
        ? 'Replica is applying a command even though'
        : 'Replica was unable to write command to disk.';
      expect(replica.log.some((line) => line.includes(last))).toBe(true);
      rmSync(dir, { recursive: true });
    },
  );

  it('comes back when the master has errors, says nonsense, or nothing at all', async () => {
    await using master = await FakeMaster.start();
    await using replica = await replicaOf(master, { 'repl-timeout': 1 });
    const first = await master.link();
    expect(await first.hear()).toBe('PING');
    first.say('-LOADING Redis is loading the dataset in memory\r\n');
    await first.closed();
    const silent = await master.link();
    await silent.closed();
    const { link } = await master.introduced();
    link.say("-NOMASTERLINK Can't SYNC while not connected with my master\r\n");
    await link.closed();
    const { link: nonsense } = await master.introduced();
    nonsense.say(`+FULLRESYNC ${ID} 1\r\nnonsense\r\n`);
    await nonsense.closed();
    const { link: endless } = await master.introduced();
    endless.say('x'.repeat(5000));
    await endless.closed();
    await synchronised(master);
    await eventually(async () => (await replica.execute('GET', 'key')) === 'snapshot');
  }, 60_000);
});
