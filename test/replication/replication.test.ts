import { describe, expect, it } from 'vitest';
import { type ServerHandle, startServer } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { RespClient, RespError } from '../support/resp-client.ts';

const CONFIG = { 'enable-debug-command': 'yes', 'repl-ping-replica-period': 3600 };
const SELECT_0 = '*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n';
const PING = '*1\r\n$4\r\nping\r\n';
const GETACK = '*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n';

function start(config: Record<string, string | number> = {}): Promise<ServerHandle> {
  return startServer({ config: { ...CONFIG, ...config } });
}

async function follower(master: ServerHandle, config: Record<string, string | number> = {}): Promise<ServerHandle> {
  const replica = await startServer({ config: { ...CONFIG, ...config }, replicaOf: master });
  await eventually(async () => (await info(replica))['master_link_status'] === 'up', { timeoutMs: 20_000 });
  return replica;
}

async function info(server: ServerHandle, section = 'replication'): Promise<Record<string, string>> {
  const text = String(await server.execute('INFO', section));
  const lines = text.split('\r\n').filter((line) => line.includes(':'));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
}

/** Waits until the replica has everything. */
async function caughtUp(master: ServerHandle, replica: ServerHandle): Promise<void> {
  await eventually(async () => {
    const { slave_repl_offset: offset } = await info(replica);
    return offset === (await info(master))['master_repl_offset'];
  });
}

function connect(server: ServerHandle): Promise<RespClient> {
  return RespClient.connect({ port: server.port });
}

/** Becomes a replica without a snapshot, at the end of the stream. */
async function followRaw(server: ServerHandle): Promise<RespClient> {
  const client = await connect(server);
  expect(await client.call('REPLCONF', 'listening-port', 1234, 'capa', 'psync2')).toBe('OK');
  const { master_replid: id, master_repl_offset: offset } = await info(server);
  client.send('PSYNC', id!, Number(offset) + 1);
  expect(await client.nextRaw()).toBe(`+CONTINUE ${id}\r\n`);
  return client;
}

/** The next commands of the stream; the PING of the first second is passed over. */
async function stream(link: RespClient, count: number): Promise<string> {
  const commands: string[] = [];
  while (commands.length < count) {
    const command = await link.nextRaw();
    if (command !== PING) commands.push(command);
  }
  return commands.join('');
}

/** A master that keeps the stream: somebody has asked for all of it once. */
async function masterWithBacklog(config: Record<string, string | number> = {}): Promise<ServerHandle> {
  const server = await start(config);
  await using client = await connect(server);
  client.sendRaw('SYNC\r\n');
  await eventually(async () => (await info(server))['repl_backlog_active'] === '1');
  return server;
}

describe('a replica', () => {
  it('gets the dataset, then every change', async () => {
    await using master = await start();
    await master.execute('SET', 'before', '1');
    await using replica = await follower(master);
    expect(await replica.execute('GET', 'before')).toBe('1');
    await master.execute('SET', 'after', '2');
    await caughtUp(master, replica);
    expect(await replica.execute('GET', 'after')).toBe('2');
    expect([master.role, replica.role]).toEqual(['master', 'replica']);
  });

  it('needs a password where its master has one', async () => {
    await using master = await startServer({ password: 'secret', config: CONFIG });
    await using replica = await follower(master);
    expect((await info(replica))['master_link_status']).toBe('up');
  });

  it('takes no writes, and tells so', async () => {
    await using master = await start();
    await using replica = await follower(master);
    await expect(replica.execute('SET', 'k', 'v')).rejects.toThrow(
      "READONLY You can't write against a read only replica.",
    );
    await replica.execute('CONFIG', 'SET', 'replica-read-only', 'no');
    await replica.execute('SET', 'own', 'v');
    expect(await replica.execute('GET', 'own')).toBe('v');
    expect((await info(replica))['slave_repl_offset']).toBe((await info(master))['master_repl_offset']);
  });

  it('goes on from where it was when the link is lost', async () => {
    await using master = await start();
    await using replica = await follower(master);
    for (let i = 0; i < 5; i++) {
      await master.execute('CLIENT', 'KILL', 'TYPE', 'replica');
      await master.execute('INCR', 'n');
      await eventually(async () => (await info(replica))['master_link_status'] === 'up');
      await caughtUp(master, replica);
    }
    expect(await replica.execute('GET', 'n')).toBe('5');
    expect(await info(master, 'stats')).toMatchObject({ sync_full: '1', sync_partial_ok: '5' });
  });

  it('hides keys whose time has passed, and leaves it to its master to remove them', async () => {
    await using master = await start();
    await using replica = await follower(master);
    await master.execute('DEBUG', 'SET-ACTIVE-EXPIRE', '0');
    await master.execute('SET', 'k', 'v', 'PX', 1);
    await caughtUp(master, replica);
    await eventually(async () => (await replica.execute('GET', 'k')) === null);
    expect(await replica.execute('DBSIZE')).toBe(1);
    expect([await replica.execute('EXISTS', 'k'), await replica.execute('TTL', 'k')]).toEqual([0, -2]);
    await master.execute('GET', 'k');
    await caughtUp(master, replica);
    expect(await replica.execute('DBSIZE')).toBe(0);
  });

  it('is master again on demand, with a history of its own that others can follow', async () => {
    await using master = await start();
    await using middle = await follower(master);
    await using last = await follower(middle);
    await master.execute('SET', 'k', '1');
    await caughtUp(master, last);
    const before = await info(middle);
    expect(await middle.execute('REPLICAOF', 'NO', 'ONE')).toBe('OK');
    const after = await info(middle);
    expect(after).toMatchObject({
      role: 'master',
      master_replid2: before['master_replid'],
      second_repl_offset: String(Number(before['master_repl_offset']) + 1),
    });
    await eventually(async () => (await info(last))['master_link_status'] === 'up');
    await middle.execute('SET', 'k', '2');
    await caughtUp(middle, last);
    expect(await last.execute('GET', 'k')).toBe('2');
    expect(await info(last)).toMatchObject({
      master_replid: after['master_replid'],
      master_replid2: before['master_replid'],
    });
    expect((await info(middle, 'stats'))['sync_partial_ok']).toBe('1');
  });

  it('tells its clients when it has no link and may not serve old data', async () => {
    await using master = await start();
    await using replica = await follower(master, { 'replica-serve-stale-data': 'no' });
    const closed = master.port;
    await master.close();
    const text = "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.";
    await eventually(async () => (await info(replica))['master_link_status'] === 'down');
    await expect(replica.execute('GET', 'k')).rejects.toThrow(text);
    await expect(replica.execute('PING')).rejects.toThrow(text);
    expect(((await replica.execute('ROLE')) as unknown[]).slice(0, 3)).toEqual(['slave', '127.0.0.1', closed]);
  });

  it('ends the waiting of its clients when it becomes one', async () => {
    await using master = await start();
    await using server = await start();
    await using client = await connect(server);
    client.send('BLPOP', 'list', 0);
    await eventually(async () => (await info(server, 'clients'))['blocked_clients'] === '1');
    await server.execute('REPLICAOF', '127.0.0.1', String(master.port));
    const reply = await client.nextReply();
    expect((reply as RespError).message).toBe(
      'UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)',
    );
  });

  for (const [title, config] of [
    ['by way of a file', { 'repl-diskless-load': 'disabled' }],
    ['into its empty keyspace', { 'repl-diskless-load': 'on-empty-db' }],
    ['beside what it had', { 'repl-diskless-load': 'swapdb' }],
  ] as const) {
    for (const diskless of ['yes', 'no']) {
      it(`loads ${title}, with repl-diskless-sync ${diskless}`, async () => {
        await using master = await start({ 'repl-diskless-sync': diskless });
        await master.execute('DEBUG', 'POPULATE', '5000', 'key', '100');
        await master.execute('SELECT', '5');
        await master.execute('ZADD', 'z', '1', 'a', '2', 'b');
        await using replica = await follower(master, config);
        expect(await replica.execute('DEBUG', 'DIGEST')).toBe(await master.execute('DEBUG', 'DIGEST'));
        await master.execute('ZADD', 'z', '3', 'c');
        await caughtUp(master, replica);
        await replica.execute('SELECT', '5');
        expect(await replica.execute('ZCARD', 'z')).toBe(3);
      });
    }
  }
});

describe('a master', () => {
  it('keeps no stream until the first replica comes', async () => {
    await using server = await start();
    await server.execute('SET', 'k', 'v');
    expect(await info(server)).toMatchObject({ master_repl_offset: '0', repl_backlog_active: '0' });
    const { master_replid: id } = await info(server);
    await using replica = await follower(server);
    expect(replica.role).toBe('replica');
    expect((await info(server))['master_replid']).not.toBe(id);
  });

  it('sends SELECT before the first command, and what each command came to', async () => {
    await using server = await masterWithBacklog();
    await using link = await followRaw(server);
    await server.execute('SET', 'k', 'v', 'NX', 'GET');
    await server.execute('INCRBYFLOAT', 'n', '1.5');
    const first = '*4\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n$2\r\nNX\r\n';
    const second = '*4\r\n$3\r\nSET\r\n$1\r\nn\r\n$3\r\n1.5\r\n$7\r\nKEEPTTL\r\n';
    expect(await stream(link, 3)).toBe(SELECT_0 + first + second);
  });

  it('wraps what belongs together, and sends messages', async () => {
    await using server = await masterWithBacklog();
    await using link = await followRaw(server);
    await using client = await connect(server);
    for (const words of [['MULTI'], ['SET', 'a', '1'], ['GET', 'a'], ['SET', 'b', '2'], ['EXEC']]) {
      await client.call(...words);
    }
    await client.call('PUBLISH', 'c', 'm');
    const expected =
      `${SELECT_0}*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n` +
      '*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$1\r\n2\r\n*1\r\n$4\r\nEXEC\r\n*3\r\n$7\r\nPUBLISH\r\n$1\r\nc\r\n$1\r\nm\r\n';
    expect(await stream(link, 6)).toBe(expected);
  });

  it('lets WAIT wait until replicas have acknowledged, and asks them', async () => {
    await using server = await masterWithBacklog();
    await using link = await followRaw(server);
    await using client = await connect(server);
    expect(await client.call('WAIT', 0, 0)).toBe(1);
    await client.call('SET', 'k', 'v');
    client.send('WAIT', 1, 0);
    const set = '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n';
    expect(await stream(link, 3)).toBe(SELECT_0 + set + GETACK);
    link.send('REPLCONF', 'ACK', Number((await info(server))['master_repl_offset']) - GETACK.length);
    expect(await client.nextReply()).toBe(1);
    await client.call('SET', 'k', 'w');
    expect(await client.call('WAIT', 1, 10)).toBe(0);
    expect(await client.call('WAIT', -1, 0)).toBe(0);
    expect(((await client.call('WAIT', 1, -1)) as RespError).message).toBe('ERR timeout is negative');
  });

  it('refuses writes while too few replicas are there', async () => {
    await using server = await masterWithBacklog({ 'min-replicas-to-write': 1 });
    await expect(server.execute('SET', 'k', 'v')).rejects.toThrow('NOREPLICAS Not enough good replicas to write.');
    expect(await server.execute('GET', 'k')).toBe(null);
    await using link = await followRaw(server);
    expect(await server.execute('SET', 'k', 'v')).toBe('OK');
    expect((await info(server))['min_slaves_good_slaves']).toBe('1');
    link.send('REPLCONF', 'ACK', 0);
  });

  it('cuts a replica off that calls a command for data', async () => {
    await using server = await masterWithBacklog();
    await using link = await followRaw(server);
    link.send('GET', 'k');
    await link.readUntilClose();
    expect(server.log.join('\n')).toContain("Replica generated a reply to command 'get', disconnecting it");
  });

  it('ignores SYNC and PSYNC on a link', async () => {
    await using server = await masterWithBacklog();
    await using link = await followRaw(server);
    link.send('SYNC');
    link.send('PSYNC', '?', -1);
    link.send('REPLCONF', 'ACK', 0);
    await server.execute('SET', 'k', 'v');
    expect(await stream(link, 1)).toBe(SELECT_0);
  });

  it('refuses what a replica may not ask', async () => {
    await using server = await start();
    await using client = await connect(server);
    const error = async (...words: (string | number)[]): Promise<string> =>
      ((await client.call(...words)) as RespError).message;
    expect(await error('PSYNC', '?', 'x')).toBe('ERR value is not an integer or out of range');
    expect(await error('PSYNC', '?', 1, 'FAILOVER')).toBe("ERR PSYNC FAILOVER can't be sent to a master.");
    expect(await error('REPLCONF', 'capa')).toBe('ERR syntax error');
    expect(await error('REPLCONF', 'version', '7')).toBe('ERR Unrecognized REPLCONF option: version');
    expect(await error('REPLCONF', 'ip-address', 'x'.repeat(256))).toBe(
      'ERR REPLCONF ip-address provided by replica instance is too long: 256 bytes',
    );
    expect(await error('REPLCONF', 'rdb-only', 2)).toBe('ERR value is out of range, value must between 0 and 1');
    expect(await error('REPLCONF', 'rdb-filter-only', 'keys')).toBe('ERR Unsupported rdb-filter-only option: keys');
    expect(await client.call('REPLCONF', 'rdb-filter-only', '')).toBe('OK');
    expect(await error('SYNC')).toBe('ERR Filtered replica requires EOF capability');
    expect(await error('REPLICAOF', 'host', 'port')).toBe('ERR Invalid master port');
    expect(await client.call('PING')).toBe('PONG');
  });

  it('shows its replicas in ROLE, INFO and CLIENT LIST', async () => {
    await using server = await masterWithBacklog();
    await using link = await followRaw(server);
    link.send('REPLCONF', 'ACK', 0);
    await eventually(async () => (await info(server))['connected_slaves'] === '1');
    expect(await server.execute('ROLE')).toEqual(['master', 0, [['127.0.0.1', '1234', '0']]]);
    expect((await info(server))['slave0']).toMatch(/^ip=127\.0\.0\.1,port=1234,state=online,offset=0,lag=\d$/);
    expect(await server.execute('CLIENT', 'LIST', 'TYPE', 'replica')).toMatch(/ flags=S /);
  });

  it('answers with a new id and no second one after DEBUG CHANGE-REPL-ID', async () => {
    await using server = await masterWithBacklog();
    const { master_replid: id } = await info(server);
    await server.execute('DEBUG', 'CHANGE-REPL-ID');
    expect((await info(server))['master_replid']).not.toBe(id);
  });
});

describe('FAILOVER', () => {
  it('hands the role of master to a replica that has everything', async () => {
    await using master = await start();
    await using replica = await follower(master);
    await master.execute('SET', 'k', '1');
    expect(await master.execute('FAILOVER')).toBe('OK');
    await eventually(() => replica.role === 'master' && master.role === 'replica', { timeoutMs: 20_000 });
    await eventually(async () => (await info(master))['master_link_status'] === 'up');
    await replica.execute('SET', 'k', '2');
    await caughtUp(replica, master);
    expect(await master.execute('GET', 'k')).toBe('2');
    expect(await info(replica, 'stats')).toMatchObject({ sync_full: '0', sync_partial_ok: '1' });
    expect((await info(master))['master_failover_state']).toBe('no-failover');
  });

  it('refuses what makes no sense, in the order of Redis', async () => {
    await using master = await start();
    const refused = async (...words: string[]): Promise<string> => {
      try {
        return String(await master.execute('FAILOVER', ...words));
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(await refused('ABORT')).toBe('ERR No failover in progress.');
    expect(await refused('TIMEOUT', '0')).toBe('ERR FAILOVER timeout must be greater than 0');
    expect(await refused('TO', 'host')).toBe('ERR syntax error');
    expect(await refused()).toBe('ERR FAILOVER requires connected replicas.');
    await using replica = await follower(master);
    expect(await refused('FORCE')).toBe(
      'ERR FAILOVER with force option requires both a timeout and target HOST and IP.',
    );
    expect(await refused('TO', 'nobody', '1')).toBe('ERR FAILOVER target HOST and PORT is not a replica.');
    await expect(replica.execute('FAILOVER')).rejects.toThrow('ERR FAILOVER is not valid when server is a replica.');
  });

  it('ends without a change when no replica catches up', async () => {
    await using master = await masterWithBacklog();
    await using link = await followRaw(master);
    await master.execute('SET', 'k', 'v');
    await master.execute('FAILOVER', 'TIMEOUT', '100');
    await expect(master.execute('REPLICAOF', 'host', '1')).rejects.toThrow(
      'ERR REPLICAOF not allowed while failing over.',
    );
    await eventually(async () => (await info(master))['master_failover_state'] === 'no-failover');
    expect(await master.execute('SET', 'k', 'w')).toBe('OK');
    expect(master.role).toBe('master');
    link.send('REPLCONF', 'ACK', 0);
  });
});
