import { beforeEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestReply, type TestServer } from '../support/in-process.ts';

let redis: TestServer;
beforeEach(() => {
  redis = startTestServer();
});

const call = (...args: (string | number | bigint)[]): TestReply => redis.call(...args);

describe('Events of strings', () => {
  it.each<[string, (string | number)[], string[]]>([
    ['SET', ['SET', 'k', 1], ['new k', 'set k']],
    ['SET EX', ['SET', 'k', 1, 'EX', 10], ['new k', 'set k', 'expire k']],
    ['SETNX', ['SETNX', 'old', 1], []],
    ['GETSET', ['GETSET', 'old', 1], ['set old']],
    ['MSET', ['MSET', 'k', 1, 'old', 2], ['new k', 'set k', 'set old']],
    ['INCR', ['INCR', 'k'], ['new k', 'incrby k']],
    ['DECRBY', ['DECRBY', 'old', 5], ['incrby old']],
    ['INCRBYFLOAT', ['INCRBYFLOAT', 'old', 5], ['incrbyfloat old']],
    ['APPEND', ['APPEND', 'old', ''], ['append old']],
    ['SETRANGE', ['SETRANGE', 'k', 0, 'x'], ['new k', 'setrange k']],
    ['SETRANGE of nothing', ['SETRANGE', 'old', 0, ''], []],
    ['GETDEL', ['GETDEL', 'old'], ['del old']],
    ['GETEX EX', ['GETEX', 'old', 'EX', 10], ['expire old']],
    ['GETEX EXAT in the past', ['GETEX', 'old', 'EXAT', 1], ['del old']],
    ['GETEX PERSIST', ['GETEX', 'volatile', 'PERSIST'], ['persist volatile']],
    ['GETEX PERSIST of nothing', ['GETEX', 'old', 'PERSIST'], []],
    ['a missed GET', ['GET', 'k'], ['keymiss k']],
    ['a missed MGET', ['MGET', 'k', 'old'], ['keymiss k']],
    ['a missed write', ['SET', 'k', 1, 'XX'], []],
  ])('%s', (_name, args, events) => {
    call('SET', 'old', 7);
    call('SET', 'volatile', 7, 'EX', 1000);
    call('CONFIG', 'SET', 'notify-keyspace-events', 'EAmn');
    const heard = redis.listen();
    call(...args);
    expect(heard()).toEqual(events);
  });
});

describe('What strings propagate', () => {
  it.each<[(string | number)[], string[]]>([
    [['SET', 'k', 1], ['SET k 1']],
    [['SET', 'k', 1, 'NX'], ['SET k 1 NX']],
    [['SET', 'old', 1, 'NX'], []],
    [['SET', 'k', 1, 'EX', 10], ['SET k 1 PXAT 1700000010000']],
    [['SET', 'k', 1, 'XX', 'EXAT', 1800000000], []],
    [['SET', 'old', 1, 'GET', 'XX', 'PX', 10], ['SET old 1 PXAT 1700000000010']],
    [['SET', 'old', 1, 'GET', 'KEEPTTL', 'get'], ['SET old 1 KEEPTTL']],
    [['SETEX', 'k', 10, 1], ['SET k 1 PXAT 1700000010000']],
    [['PSETEX', 'k', 10, 1], ['SET k 1 PXAT 1700000000010']],
    [['SETNX', 'k', 1], ['SETNX k 1']],
    [['GETSET', 'k', 1], ['SET k 1']],
    [['GETDEL', 'old'], ['DEL old']],
    [['GETDEL', 'k'], []],
    [['GETEX', 'old'], []],
    [['GETEX', 'old', 'EX', 10], ['PEXPIREAT old 1700000010000']],
    [['GETEX', 'old', 'PXAT', 10], ['DEL old']],
    [['GETEX', 'old', 'PERSIST'], []],
    [['GETEX', 'volatile', 'PERSIST'], ['PERSIST volatile']],
    [['MSET', 'a', 1, 'b', 2], ['MSET a 1 b 2']],
    [['INCR', 'old'], ['INCR old']],
    [['INCRBYFLOAT', 'old', '0.1'], ['SET old 7.1 KEEPTTL']],
    [['APPEND', 'old', 'x'], ['APPEND old x']],
    [['SETRANGE', 'old', 3, ''], []],
    [['GET', 'old'], []],
  ])('%s gives %s', (args, propagated) => {
    call('SET', 'old', 7);
    call('SET', 'volatile', 7, 'EX', 1000);
    redis.watchPropagation();
    call(...args);
    expect(redis.propagated()).toEqual(propagated);
  });

  it('removals as UNLINK where the options ask for lazy ones', () => {
    call('MSET', 'a', 1, 'b', 2);
    redis.watchPropagation();
    call('CONFIG', 'SET', 'lazyfree-lazy-user-del', 'yes', 'lazyfree-lazy-expire', 'yes');
    call('GETDEL', 'a');
    call('GETEX', 'b', 'PXAT', 1);
    expect(redis.propagated()).toEqual(['UNLINK a', 'UNLINK b']);
  });
});
