import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { takeInfo } from '../../src/sentinel/info-reply.ts';
import { FLAG, type Instance } from '../../src/sentinel/state.ts';
import '../support/fixed-seed.ts';
import { connectionOf, FakeMachine } from './fake-machine.ts';

const MASTER_INFO = ['role:master'];
const AT_MASTER = ['role:slave', 'master_host:10.0.0.1', 'master_port:6379', 'master_link_status:up'];
const REPLICA = 'slave 10.0.0.2:6379 10.0.0.2 6379 @ mymaster 10.0.0.1 6379';

function take(machine: FakeMachine, instance: Instance, ...lines: string[]): void {
  takeInfo(machine, instance, lines.map((line) => `${line}\r\n`).join(''));
}

function setUp(): { machine: FakeMachine; master: Instance; replica: Instance } {
  const machine = new FakeMachine();
  const master = machine.master();
  const replica = machine.replica(master, 2);
  take(machine, master, ...MASTER_INFO);
  return { machine, master, replica };
}

describe('takeInfo', () => {
  it('finds replicas, in the new form and in the old one', () => {
    const machine = new FakeMachine();
    const master = machine.master();
    const lines = ['slave0:ip=10.0.0.2,port=6379,state=online,offset=1,lag=0', 'slave1:10.0.0.3,6380,online'];
    take(machine, master, 'role:master', ...lines);
    expect([...master.replicas.keys()]).toEqual(['10.0.0.2:6379', '10.0.0.3:6380']);
    expect(machine.events()).toEqual([
      `+slave ${REPLICA}`,
      '+slave slave 10.0.0.3:6380 10.0.0.3 6380 @ mymaster 10.0.0.1 6379',
    ]);
    take(machine, master, 'role:master', ...lines);
    expect(machine.events()).toEqual([]);
  });

  it.each([
    'slave0:',
    'slave0:ip=,port=1',
    'slave0:ip=10.0.0.2',
    'slave0:ip=a b,port=1,state=x',
    'slave0:ip=10.0.0.2,port=70000,state=x',
    'slave0:10.0.0.2,6379',
    'slave0',
    ':',
    'run_id:short',
    'master_link_down_since_seconds:many',
  ])('survives %j', (line) => {
    const machine = new FakeMachine();
    const master = machine.master();
    take(machine, master, line);
    expect(master.replicas.size).toBe(0);
    expect(master).toMatchObject({ runid: null, masterLinkDownTime: 0, infoRefresh: machine.nowMs });
  });

  it('survives whatever a server may say, in any state', () => {
    const word = fc.constantFrom(
      '',
      'x',
      '-1',
      '6379',
      '99999999999999999999',
      '10.0.0.9',
      'a b',
      '\0',
      'ip=',
      ',',
      ':',
    );
    const name = fc.constantFrom(
      'role',
      'run_id',
      'slave0',
      'master_host',
      'master_port',
      'slave_priority',
      '',
      'slave',
    );
    const line = fc.tuple(name, fc.array(word, { maxLength: 5 })).map(([key, values]) => `${key}:${values.join(',')}`);
    const lines = fc.array(fc.oneof(line, fc.constantFrom('role:slave', 'role:master'), fc.string()));
    const property = fc.property(lines, fc.nat(2 ** 14 - 1), (said, flags) => {
      const { machine, master, replica } = setUp();
      awaitPromotion(master, replica);
      for (const instance of [replica, master]) {
        instance.flags |= flags & ~(FLAG.master | FLAG.replica | FLAG.sentinel);
        take(machine, instance, ...said);
      }
      for (const { addr } of master.replicas.values()) expect(addr.ip).toMatch(/^[\da-f.:]+$/);
    });
    fc.assert(property, { numRuns: 500 });
  });

  it('notes what a replica says, once it has said that it is one', () => {
    const { machine, replica } = setUp();
    const lines = ['slave_priority:7', 'slave_repl_offset:18446744073709551615', 'replica_announced:0'];
    take(machine, replica, ...lines, ...AT_MASTER);
    expect(replica).toMatchObject({ slavePriority: 100, slaveReplOffset: 0n, replicaAnnounced: true });
    take(machine, replica, ...AT_MASTER, ...lines, 'master_link_down_since_seconds:-1');
    expect(replica).toMatchObject({
      slavePriority: 7,
      slaveReplOffset: 2n ** 64n - 1n,
      replicaAnnounced: false,
      slaveMasterHost: '10.0.0.1',
      slaveMasterLinkUp: true,
      masterLinkDownTime: -1000,
    });
  });

  it('notices a restart', () => {
    const { machine, master } = setUp();
    master.masterRebootDownAfterPeriod = 5000;
    take(machine, master, `run_id:${'1'.repeat(40)}`, 'role:master');
    expect(machine.events()).toEqual([]);
    take(machine, master, `run_id:${'2'.repeat(40)}`, 'role:master');
    expect(machine.events()).toEqual(['+reboot master mymaster 10.0.0.1 6379']);
    expect(master.has(FLAG.masterReboot)).toBe(true);
  });

  it('tells of a role that fits again, and of one that does not', () => {
    const { machine, replica } = setUp();
    take(machine, replica, 'role:master');
    expect(machine.events()).toEqual([`-role-change ${REPLICA} new reported role is master`]);
    take(machine, replica, ...AT_MASTER);
    expect(machine.events()).toEqual([`+role-change ${REPLICA} new reported role is slave`]);
  });

  it('makes a replica again of one that has been a master for eight seconds', () => {
    const { machine, master, replica } = setUp();
    take(machine, replica, 'role:master');
    machine.events();
    machine.nowMs += 8000;
    take(machine, replica, 'role:master');
    expect(machine.events()).toEqual([]);
    machine.nowMs++;
    take(machine, replica, 'role:master');
    expect(machine.events()).toEqual([`+convert-to-slave ${REPLICA}`]);
    expect(connectionOf(replica).sent).toEqual([
      'MULTI',
      'SLAVEOF 10.0.0.1 6379',
      'CONFIG REWRITE',
      'CLIENT KILL TYPE normal',
      'CLIENT KILL TYPE pubsub',
      'EXEC',
    ]);
    master.flags |= FLAG.sDown;
    take(machine, replica, 'role:master');
    expect(machine.events()).toEqual([]);
  });

  it('does nothing of that in TILT', () => {
    const { machine, replica } = setUp();
    machine.state.tilt = true;
    take(machine, replica, 'role:master');
    machine.nowMs += 9000;
    take(machine, replica, 'role:master');
    expect(connectionOf(replica).sent).toEqual([]);
  });

  it('puts a replica right that follows somebody else for the failover timeout', () => {
    const { machine, master, replica } = setUp();
    const elsewhere = ['role:slave', 'master_host:10.0.0.9', 'master_port:6379'];
    take(machine, replica, ...elsewhere);
    machine.nowMs += master.failoverTimeout + 1;
    take(machine, master, ...MASTER_INFO);
    take(machine, replica, ...elsewhere);
    expect(machine.events()).toEqual([`+fix-slave-config ${REPLICA}`]);
  });

  it('knows by the role of the promoted replica that the failover has succeeded', () => {
    const { machine, master, replica } = setUp();
    awaitPromotion(master, replica);
    take(machine, replica, 'role:master');
    expect(machine.events().slice(1)).toEqual([
      `+promoted-slave ${REPLICA}`,
      '+failover-state-reconf-slaves master mymaster 10.0.0.1 6379',
    ]);
    expect(master).toMatchObject({ failoverState: 'reconf_slaves', configEpoch: 5n });
    expect(machine.saves).toBe(1);
    expect(master.lastPubTime).toBe(machine.nowMs - 2001);
  });

  it('gives the failover up if a later one is over', () => {
    const { machine, master, replica } = setUp();
    awaitPromotion(master, replica);
    master.configEpoch = 6n;
    take(machine, replica, 'role:master');
    expect(master).toMatchObject({ failoverState: 'none', configEpoch: 6n, promotedReplica: null });
    expect(replica.has(FLAG.promoted)).toBe(false);
  });

  it('sees a replica follow the new master', () => {
    const { machine, master, replica } = setUp();
    const other = machine.replica(master, 3);
    awaitPromotion(master, other);
    master.failoverState = 'reconf_slaves';
    replica.flags |= FLAG.reconfSent;
    const lines = ['role:slave', 'master_host:10.0.0.3', 'master_port:6379'];
    take(machine, replica, ...lines, 'master_link_status:down');
    expect(machine.events()).toEqual([`+slave-reconf-inprog ${REPLICA}`]);
    take(machine, replica, ...lines, 'master_link_status:up');
    expect(machine.events()).toEqual([`+slave-reconf-done ${REPLICA}`]);
    expect(replica.has(FLAG.reconfDone)).toBe(true);
  });
});

function awaitPromotion(master: Instance, replica: Instance): void {
  master.flags |= FLAG.failoverInProgress;
  replica.flags |= FLAG.promoted;
  Object.assign(master, { failoverState: 'wait_promotion', failoverEpoch: 5n, promotedReplica: replica });
}
