import { beforeEach, describe, expect, it } from 'vitest';
import { Router } from '../../src/cluster/router.ts';
import { ClusterNode, ClusterState, NODE, SLOTS } from '../../src/cluster/state.ts';
import { WaitingClients } from '../../src/cluster/waiting-clients.ts';
import { CONDITION } from '../../src/server/gates.ts';
import type { ClusterHook } from '../../src/server/hooks.ts';
import { serverFamilies } from '../../src/topology/compose.ts';
import { BareServer, type MemoryClient } from '../support/bare-server.ts';

/** Slots of keys whose tag is a or b. */
const SLOT = { a: 15495, b: 3300 };

let bare: BareServer;
let client: MemoryClient;
let state: ClusterState;
let router: Router;
let other: ClusterNode;

function node(digit: string, flags: number, port: number): ClusterNode {
  return Object.assign(new ClusterNode(digit.repeat(40), flags, 0), { ip: '10.0.0.1', port });
}

/** A node that owns all slots but that of b, which another master owns. */
beforeEach(() => {
  bare = new BareServer([], serverFamilies);
  const { server } = bare;
  state = new ClusterState(node('a', NODE.myself | NODE.master, 6379));
  other = node('b', NODE.master, 7000);
  state.add(other);
  for (let slot = 0; slot < SLOTS; slot++) state.assign(slot, slot === SLOT.b ? other : state.myself);
  state.isOk = true;
  router = new Router(server, { state });
  server.hooks.router = router;
  server.hooks.cluster = { state, publish: () => {} } as unknown as ClusterHook;
  server.setCondition(CONDITION.cluster, true);
  client = bare.connect();
});

describe('A node of a cluster', () => {
  it('serves keys of its own slots and sends clients to the owners of others', () => {
    expect(client.call('SET', 'a', '1')).toBe('+OK\r\n');
    expect(client.call('SET', 'b', '1')).toBe('-MOVED 3300 10.0.0.1:7000\r\n');
    expect(client.call('PING')).toBe('+PONG\r\n');
  });

  it('names others as clients are to reach them', () => {
    const { config } = bare.server;
    config.assign('cluster-preferred-endpoint-type', 'hostname');
    expect(client.call('GET', 'b')).toBe('-MOVED 3300 ?:7000\r\n');
    other.hostname = 'b.example';
    expect(client.call('GET', 'b')).toBe('-MOVED 3300 b.example:7000\r\n');
    config.assign('cluster-preferred-endpoint-type', 'unknown-endpoint');
    expect(client.call('GET', 'b')).toBe('-MOVED 3300 :7000\r\n');
  });

  it('refuses keys of different slots, even if it owns both', () => {
    expect(client.call('MGET', 'a', 'c')).toMatch(/^-CROSSSLOT Keys in request don't hash to the same slot\r\n/);
    expect(client.call('MGET', 'a', '{a}1', 'a')).toBe('*3\r\n$-1\r\n$-1\r\n$-1\r\n');
  });

  it('says first that a slot has no owner', () => {
    state.unassign(SLOT.a);
    expect(client.call('MGET', 'a', 'c')).toBe('-CLUSTERDOWN Hash slot not served\r\n');
    state.isOk = false;
    expect(client.call('GET', 'a')).toBe('-CLUSTERDOWN Hash slot not served\r\n');
  });

  it('serves nothing with keys while the cluster is down, unless reads are allowed', () => {
    state.isOk = false;
    expect(client.call('GET', 'a')).toBe('-CLUSTERDOWN The cluster is down\r\n');
    bare.server.config.assign('cluster-allow-reads-when-down', 'yes');
    expect(client.call('GET', 'a')).toBe('$-1\r\n');
    expect(client.call('GET', 'b')).toBe('-MOVED 3300 10.0.0.1:7000\r\n');
    expect(client.call('SET', 'a', '1')).toBe('-CLUSTERDOWN The cluster is down and only accepts read commands\r\n');
  });

  it('lets shard channels be used while the cluster is down, unless that is forbidden', () => {
    state.isOk = false;
    expect(client.call('SPUBLISH', 'a', 'hello')).toBe(':0\r\n');
    bare.server.config.assign('cluster-allow-pubsubshard-when-down', 'no');
    expect(client.call('SPUBLISH', 'a', 'hello')).toBe('-CLUSTERDOWN The cluster is down\r\n');
  });

  it('takes shard channels for keys', () => {
    expect(client.call('SSUBSCRIBE', 'b')).toBe('-MOVED 3300 10.0.0.1:7000\r\n');
    expect(client.call('SSUBSCRIBE', 'a', 'c')).toMatch(/^-CROSSSLOT/);
    expect(client.call('SUNSUBSCRIBE')).toContain('sunsubscribe');
    expect(client.call('SUBSCRIBE', 'b')).toContain('subscribe');
  });

  it('counts a refused command as rejected, by its error', () => {
    client.call('SET', 'b', '1');
    const info = client.call('INFO', 'commandstats', 'errorstats');
    expect(info).toMatch(/cmdstat_set:calls=0,usec=0,usec_per_call=0\.00,rejected_calls=1,failed_calls=0/);
    expect(info).toContain('errorstat_MOVED:count=1');
  });
});

describe('A transaction', () => {
  it('is spoilt by a command that belongs elsewhere', () => {
    client.call('MULTI');
    expect(client.call('SET', 'b', '1')).toBe('-MOVED 3300 10.0.0.1:7000\r\n');
    expect(client.call('EXEC')).toBe('-EXECABORT Transaction discarded because of previous errors.\r\n');
  });

  it('must have one slot for all its commands', () => {
    client.call('MULTI');
    client.call('SET', 'a', '1');
    client.call('SET', 'c', '1');
    expect(client.call('EXEC')).toMatch(/^-CROSSSLOT/);
    expect(client.call('EXEC')).toBe('-ERR EXEC without MULTI\r\n');
  });

  it('is over when its slot went away before EXEC, and the error says where to', () => {
    client.call('MULTI');
    client.call('SET', 'a', '1');
    state.unassign(SLOT.a);
    state.assign(SLOT.a, other);
    expect(client.call('EXEC')).toBe('-MOVED 15495 10.0.0.1:7000\r\n');
    expect(client.call('PING')).toBe('+PONG\r\n');
  });
});

describe('A slot that is moved away', () => {
  beforeEach(() => {
    client.call('SET', '{a}here', '1');
    state.migratingTo.set(SLOT.a, other);
  });

  it('is served for keys that are still there, and asked for elsewhere for others', () => {
    expect(client.call('GET', '{a}here')).toBe('$1\r\n1\r\n');
    expect(client.call('GET', '{a}gone')).toBe('-ASK 15495 10.0.0.1:7000\r\n');
    expect(client.call('MGET', '{a}here', '{a}gone')).toMatch(/^-TRYAGAIN Multiple keys request/);
    expect(client.call('MGET', '{a}gone', '{a}lost')).toBe('-ASK 15495 10.0.0.1:7000\r\n');
  });

  it('counts a key whose time has passed as gone', () => {
    client.call('PEXPIRE', '{a}here', '10');
    bare.advance(100);
    expect(client.call('GET', '{a}here')).toBe('-ASK 15495 10.0.0.1:7000\r\n');
  });

  it('keeps its shard channels', () => {
    expect(client.call('SPUBLISH', '{a}gone', 'hello')).toBe(':0\r\n');
  });
});

describe('A slot that comes', () => {
  beforeEach(() => {
    state.importingFrom.set(SLOT.b, other);
  });

  it('is served to those who were sent here, for one command', () => {
    expect(client.call('SET', 'b', '1')).toBe('-MOVED 3300 10.0.0.1:7000\r\n');
    expect(client.call('ASKING')).toBe('+OK\r\n');
    expect(client.call('SET', 'b', '1')).toBe('+OK\r\n');
    expect(client.call('GET', 'b')).toBe('-MOVED 3300 10.0.0.1:7000\r\n');
  });

  it('is served to a transaction as a whole', () => {
    client.call('ASKING');
    client.call('MULTI');
    expect(client.call('SET', 'b', '1')).toBe('+QUEUED\r\n');
    expect(client.call('SET', '{b}2', '1')).toBe('+QUEUED\r\n');
    expect(client.call('EXEC')).toMatch(/^-TRYAGAIN/);
    client.call('ASKING');
    client.call('MULTI');
    client.call('SET', 'b', '1');
    expect(client.call('EXEC')).toBe('*1\r\n+OK\r\n');
    expect(client.call('GET', 'b')).toBe('-MOVED 3300 10.0.0.1:7000\r\n');
  });

  it('needs all keys of a command to be there already', () => {
    client.call('ASKING');
    client.call('SET', 'b', '1');
    client.call('ASKING');
    expect(client.call('MGET', 'b', '{b}2')).toMatch(/^-TRYAGAIN/);
    client.call('ASKING');
    expect(client.call('MGET', 'b', 'b')).toBe('*2\r\n$1\r\n1\r\n$1\r\n1\r\n');
  });

  it('lets RESTORE-ASKING in without a word before', () => {
    expect(client.call('RESTORE-ASKING', 'b', '0', 'x')).toMatch(/^-ERR DUMP payload/);
    expect(client.call('RESTORE', 'b', '0', 'x')).toMatch(/^-MOVED/);
  });
});

describe('A replica', () => {
  beforeEach(() => {
    const { myself } = state;
    state.unassignAllOf(myself);
    for (let slot = 0; slot < SLOTS; slot++) if (slot !== SLOT.b) state.assign(slot, other);
    myself.flags = NODE.myself | NODE.replica;
    state.setMaster(myself, other);
  });

  it('serves reads to those who want that', () => {
    expect(client.call('GET', 'a')).toBe('-MOVED 15495 10.0.0.1:7000\r\n');
    client.call('READONLY');
    expect(client.call('GET', 'a')).toBe('$-1\r\n');
    expect(client.call('SET', 'a', '1')).toBe('-MOVED 15495 10.0.0.1:7000\r\n');
    client.call('MULTI');
    client.call('GET', 'a');
    expect(client.call('EXEC')).toBe('*1\r\n$-1\r\n');
    client.call('READWRITE');
    expect(client.call('GET', 'a')).toBe('-MOVED 15495 10.0.0.1:7000\r\n');
  });

  it('serves shard channels to all', () => {
    expect(client.call('SPUBLISH', 'a', 'hello')).toBe(':0\r\n');
  });
});

describe('A script', () => {
  it('may use keys of several slots of the node, unless its header speaks of its keys', () => {
    const two = "return {redis.call('GET', 'a'), redis.call('GET', 'c')}";
    expect(client.call('EVAL', two, '0')).toBe('*2\r\n$-1\r\n$-1\r\n');
    expect(client.call('EVAL', `#!lua\n${two}`, '0')).toContain(
      'Script attempted to access keys that do not hash to the same slot',
    );
    expect(client.call('EVAL', `#!lua flags=allow-cross-slot-keys\n${two}`, '0')).toBe('*2\r\n$-1\r\n$-1\r\n');
    expect(client.call('EVAL', "#!lua\nreturn redis.call('GET', 'c')", '1', 'a')).toContain('same slot');
    expect(client.call('EVAL', 'return 1', '2', 'a', 'c')).toMatch(/^-CROSSSLOT/);
  });

  it('must not use keys of other nodes', () => {
    expect(client.call('EVAL', "return redis.call('GET', 'b')", '0')).toContain(
      'Script attempted to access a non local key in a cluster node',
    );
    state.unassign(SLOT.a);
    expect(client.call('EVAL', "return redis.call('GET', 'a')", '0')).toContain('non local key');
  });

  it('is told when the cluster is down', () => {
    state.isOk = false;
    const script = "return redis.call('SET', 'a', '1')";
    expect(client.call('EVAL', script, '0')).toContain(
      'Script attempted to execute a command while the cluster is down',
    );
    bare.server.config.assign('cluster-allow-reads-when-down', 'yes');
    expect(client.call('EVAL', script, '0')).toContain(
      'Script attempted to execute a write command while the cluster is down and readonly',
    );
  });

  it('can say that it is not for clusters', () => {
    expect(client.call('EVAL', '#!lua flags=no-cluster\nreturn 1', '0')).toContain(
      "Can not run script on cluster, 'no-cluster' flag is set.",
    );
  });
});

describe('A client that waits for a key', () => {
  let waiting: WaitingClients;
  beforeEach(() => {
    waiting = new WaitingClients(bare.server, router);
    client.send(['BLPOP', '{a}1', '{a}2', '0']);
  });

  function look(nowMs = 0): string {
    bare.server.enter(() => waiting.redirect(nowMs));
    bare.endTurn();
    return client.received();
  }

  it('goes on waiting where the slot stays', () => {
    expect(look()).toBe('');
    state.migratingTo.set(SLOT.a, other);
    expect(look()).toBe('');
  });

  it('is sent to the new owner', () => {
    state.unassign(SLOT.a);
    state.assign(SLOT.a, other);
    expect(look()).toBe('-MOVED 15495 10.0.0.1:7000\r\n');
    expect(client.call('PING')).toBe('+PONG\r\n');
  });

  it('is told that nobody serves the slot, or anything', () => {
    state.unassign(SLOT.a);
    expect(look()).toBe('-CLUSTERDOWN Hash slot not served\r\n');
    state.assign(SLOT.a, state.myself);
    client.send(['BLPOP', '{a}1', '0']);
    state.isOk = false;
    expect(look()).toBe('-CLUSTERDOWN The cluster is down\r\n');
  });

  it('is looked at once per second where many wait', () => {
    const others = Array.from({ length: 100 }, () => bare.connect());
    for (const one of others) one.send(['BLPOP', '{a}1', '0']);
    expect(look(5000)).toBe('');
    state.unassign(SLOT.a);
    expect(look(5500)).toBe('');
    expect(look(6000)).toMatch(/^-CLUSTERDOWN/);
    for (const one of others) expect(one.received()).toMatch(/^-CLUSTERDOWN/);
  });
});

describe('Subscribers of shard channels', () => {
  it('are told when their slot goes', () => {
    const second = bare.connect();
    client.call('SSUBSCRIBE', '{a}1', '{a}2');
    client.call('SSUBSCRIBE', 'c');
    second.call('SSUBSCRIBE', '{a}1');
    bare.server.pubsub.dropShardSlot(SLOT.a);
    bare.endTurn();
    const gone = (channel: string, left: number): string =>
      `*3\r\n$12\r\nsunsubscribe\r\n$4\r\n${channel}\r\n:${left}\r\n`;
    expect(client.received()).toBe(gone('{a}1', 2) + gone('{a}2', 1));
    expect(second.received()).toBe(gone('{a}1', 0));
    expect(second.call('PUBSUB', 'SHARDCHANNELS')).toBe('*1\r\n$1\r\nc\r\n');
    bare.server.pubsub.dropShardSlot(SLOT.a);
    expect(client.received()).toBe('');
  });
});
