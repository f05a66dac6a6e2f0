import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { processHello, receiveHello, sendHello } from '../../src/sentinel/hello.ts';
import type { Instance } from '../../src/sentinel/state.ts';
import '../support/fixed-seed.ts';
import { bulk, connectionOf, errorReply, FakeMachine, MY_ID, OTHER_ID, THIRD_ID } from './fake-machine.ts';

const MASTER = 'mymaster 10.0.0.1 6379';

function hello(
  over: Partial<Record<'ip' | 'id' | 'epoch' | 'name' | 'host' | 'port' | 'config', string>> = {},
): string {
  const given = { ip: '10.0.1.1', id: OTHER_ID, epoch: '0', name: 'mymaster', host: '10.0.0.1', port: '6379', ...over };
  return `${given.ip},26379,${given.id},${given.epoch},${given.name},${given.host},${given.port},${over.config ?? '0'}`;
}

function setUp(): { machine: FakeMachine; master: Instance } {
  const machine = new FakeMachine();
  return { machine, master: machine.master() };
}

describe('processHello', () => {
  it('makes acquaintance, and remembers it', () => {
    const { machine, master } = setUp();
    processHello(machine, hello());
    expect(machine.events()).toEqual([`+sentinel sentinel ${OTHER_ID} 10.0.1.1 26379 @ ${MASTER}`]);
    expect(machine.saves).toBe(1);
    machine.nowMs += 500;
    processHello(machine, hello());
    expect(machine.events()).toEqual([]);
    expect(machine.saves).toBe(1);
    expect(master.sentinels.get(OTHER_ID)!.lastHelloTime).toBe(machine.nowMs);
  });

  it('follows a sentinel to another address', () => {
    const { machine, master } = setUp();
    processHello(machine, hello());
    machine.events();
    processHello(machine, hello({ ip: '10.0.1.9' }));
    const text = `+sentinel-address-switch master ${MASTER} ip 10.0.1.9 port 26379 for ${OTHER_ID}`;
    expect(machine.events()).toEqual([text]);
    expect([...master.sentinels.values()].map(({ addr }) => addr.ip)).toEqual(['10.0.1.9']);
  });

  it('forgets who was at the address of somebody new', () => {
    const { machine, master } = setUp();
    processHello(machine, hello());
    machine.events();
    processHello(machine, hello({ id: THIRD_ID }));
    expect(machine.events()).toEqual([
      `+sentinel-invalid-addr sentinel ${OTHER_ID} 10.0.1.1 26379 @ ${MASTER}`,
      `+sentinel sentinel ${THIRD_ID} 10.0.1.1 26379 @ ${MASTER}`,
    ]);
    expect([...master.sentinels.keys()]).toEqual([THIRD_ID]);
  });

  it('shares one link with a sentinel that watches several masters', () => {
    const { machine, master } = setUp();
    const other = machine.create({ kind: 'master', name: 'second', host: '10.0.0.7', port: 6379, quorum: 2 });
    processHello(machine, hello());
    processHello(machine, hello({ name: 'second', host: '10.0.0.7' }));
    const [one, two] = [master.sentinels.get(OTHER_ID)!, other.sentinels.get(OTHER_ID)!];
    expect(two.link).toBe(one.link);
    expect(one.link.refcount).toBe(2);
    machine.events();
    processHello(machine, hello({ ip: '10.0.1.9' }));
    expect(machine.events()).toContain(
      `+sentinel-address-update sentinel ${OTHER_ID} 10.0.1.9 26379 @ ${MASTER} 1 additional matching instances`,
    );
    expect(two.addr.ip).toBe('10.0.1.9');
  });

  it('adopts a later epoch', () => {
    const { machine } = setUp();
    processHello(machine, hello({ epoch: '18446744073709551615' }));
    expect(machine.state.currentEpoch).toBe(2n ** 64n - 1n);
    expect(machine.events()).toContain('+new-epoch 18446744073709551615');
  });

  it('adopts a later configuration, with the old master as a replica', () => {
    const { machine, master } = setUp();
    machine.replica(master, 2);
    master.clientReconfigScript = '/script';
    processHello(machine, hello({ host: '10.0.0.2', config: '3' }));
    expect(machine.events()).toEqual([
      `+sentinel sentinel ${OTHER_ID} 10.0.1.1 26379 @ ${MASTER}`,
      `+config-update-from sentinel ${OTHER_ID} 10.0.1.1 26379 @ ${MASTER}`,
      '+switch-master mymaster 10.0.0.1 6379 10.0.0.2 6379',
      '+slave slave 10.0.0.1:6379 10.0.0.1 6379 @ mymaster 10.0.0.2 6379',
    ]);
    expect(master).toMatchObject({ configEpoch: 3n, addr: { ip: '10.0.0.2' } });
    expect(machine.scripts).toEqual([
      ['/script', 'mymaster', 'observer', 'start', '10.0.0.1', '6379', '10.0.0.2', '6379'],
    ]);
  });

  it('does not go back to an earlier configuration', () => {
    const { machine, master } = setUp();
    master.configEpoch = 3n;
    for (const config of ['2', '3']) processHello(machine, hello({ host: '10.0.0.2', config }));
    expect(master.addr.ip).toBe('10.0.0.1');
  });

  it('saves a later epoch of the same address', () => {
    const { machine, master } = setUp();
    processHello(machine, hello({ config: '3' }));
    expect(master.configEpoch).toBe(3n);
    expect(machine.saves).toBe(2);
    expect(machine.events()).toHaveLength(1);
  });

  it.each([{ port: '0' }, { port: '70000' }, { host: 'nowhere' }])('takes no configuration with %j', (over) => {
    const { machine, master } = setUp();
    machine.state.resolveHostnames = true;
    processHello(machine, hello({ ...over, config: '3' }));
    expect(master).toMatchObject({ configEpoch: 0n, addr: { ip: '10.0.0.1' } });
  });

  it('ends a failover of ours when a later one has brought the old master back', () => {
    const { machine, master } = setUp();
    const replica = machine.replica(master, 2);
    Object.assign(master, { failoverState: 'reconf_slaves', promotedReplica: replica, configEpoch: 3n });
    master.flags |= 1 << 6;
    processHello(machine, hello({ config: '4' }));
    expect(machine.events()).toContain('+switch-master mymaster 10.0.0.2 6379 10.0.0.1 6379');
    expect(master).toMatchObject({ failoverState: 'none', promotedReplica: null, configEpoch: 4n });
  });

  it.each([
    ['too few parts', '10.0.1.1,26379,x'],
    ['too many parts', `${hello()},1`],
    ['a master that nobody knows', hello({ name: 'unknown' })],
    ['a host that is none', hello({ ip: '10.0.1.1\nport 1' })],
    ['a name where addresses are wanted', hello({ ip: 'example' })],
    ['an id with a space', hello({ id: 'a b' })],
    ['no id', hello({ id: '' })],
    ['a master at a host that is none', hello({ host: 'x y', config: '9' })],
    ['nothing', ''],
  ])('ignores %s', (_, text) => {
    const { machine, master } = setUp();
    processHello(machine, text);
    expect(machine.events()).toEqual([]);
    expect(machine.saves).toBe(0);
    expect(master.sentinels.size).toBe(0);
    expect(master.configEpoch).toBe(0n);
  });

  it('survives whatever is published, and believes nothing that could not stand in a file', () => {
    const word = fc.constantFrom(
      '',
      '10.0.1.1',
      '10.0.0.1',
      '6379',
      '0',
      '-1',
      '18446744073709551616',
      OTHER_ID,
      'mymaster',
    );
    const text = fc.array(fc.oneof({ weight: 8, arbitrary: word }, { weight: 1, arbitrary: fc.string() }), {
      minLength: 7,
      maxLength: 9,
    });
    const property = fc.property(fc.array(text, { maxLength: 20 }), (hellos) => {
      const { machine, master } = setUp();
      for (const tokens of hellos) {
        tokens[4] = 'mymaster';
        processHello(machine, tokens.join(','));
      }
      for (const { name, addr } of [...master.sentinels.values(), ...master.replicas.values()]) {
        expect(`${name} ${addr.ip} ${addr.port}`).toMatch(/^[!-~]+ [\da-f.:]+ \d+$/);
      }
    });
    fc.assert(property, { numRuns: 500 });
  });

  it('waits for a name to be resolved', () => {
    const { machine, master } = setUp();
    machine.state.resolveHostnames = true;
    machine.hosts.set('example', '10.0.1.1');
    processHello(machine, hello({ ip: 'example' }));
    expect(master.sentinels.get(OTHER_ID)?.addr).toEqual({ hostname: 'example', ip: '10.0.1.1', port: 26_379 });
  });
});

describe('receiveHello', () => {
  it('takes messages, and knows its own', () => {
    const { machine, master } = setUp();
    receiveHello(machine, master, [bulk('message'), bulk('__sentinel__:hello'), bulk(hello({ id: MY_ID }))]);
    expect(master.sentinels.size).toBe(0);
    expect(master.link.pcLastActivity).toBe(machine.nowMs);
    receiveHello(machine, master, [bulk('message'), bulk('__sentinel__:hello'), bulk(hello())]);
    expect(master.sentinels.size).toBe(1);
  });

  it.each([
    ['a confirmation', [bulk('subscribe'), bulk('c'), 1]],
    ['a number', 7],
    ['an empty array', []],
    ['a status', 'OK'],
    ['an array of arrays', [[], [], []]],
  ])('ignores %s', (_, message) => {
    const { machine, master } = setUp();
    receiveHello(machine, master, message);
    expect(machine.events()).toEqual([]);
  });
});

describe('sendHello', () => {
  it('tells who and where we are, and what we know', () => {
    const { machine, master } = setUp();
    machine.connected(master);
    machine.nowMs += 3000;
    sendHello(machine, master);
    const connection = connectionOf(master);
    expect(connection.sent).toEqual([
      `PUBLISH __sentinel__:hello 10.0.0.100,26379,${MY_ID},0,mymaster,10.0.0.1,6379,0`,
    ]);
    connection.answer(errorReply('ERR no'));
    expect(master.lastPubTime).toBe(machine.nowMs - 3000);
    Object.assign(machine.state, { announceIp: '1.2.3.4', announcePort: 99 });
    sendHello(machine, master);
    expect(connection.sent[1]).toContain('hello 1.2.3.4,99,');
    connection.answer(1);
    expect(master.lastPubTime).toBe(machine.nowMs);
  });

  it('waits until it knows its own address', () => {
    const { machine, master } = setUp();
    machine.connected(master).localIp = null;
    sendHello(machine, master);
    expect(connectionOf(master).sent).toEqual([]);
  });
});
