import { beforeEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestReply, type TestServer } from '../support/in-process.ts';

let redis: TestServer;
beforeEach(() => {
  redis = startTestServer();
  redis.call('SET', 'k', 'v');
});

const call = (...args: (string | number | bigint)[]): TestReply => redis.call(...args);

const MAX = 9223372036854775807n;
const MIN = -9223372036854775808n;

describe('The four forms of EXPIRE', () => {
  it.each([
    ['EXPIRE', () => 10],
    ['PEXPIRE', () => 10_000],
    ['EXPIREAT', () => redis.now / 1000 + 10],
    ['PEXPIREAT', () => redis.now + 10_000],
  ])('%s lets a key expire', (command, amount) => {
    expect(call(command, 'k', amount())).toBe(1);
    expect(call('PTTL', 'k')).toBe(10_000);
    redis.advance(10_000);
    expect(call('GET', 'k')).toBe('v');
    redis.advance(1);
    expect(call('GET', 'k')).toBeNull();
    expect(call(command, 'k', 10)).toBe(0);
  });

  it.each([
    ['EXPIRE', 0],
    ['EXPIRE', -1],
    ['PEXPIRE', -5],
    ['EXPIREAT', 1],
    ['PEXPIREAT', -1],
    ['PEXPIREAT', MIN],
    ['PEXPIRE', MIN],
  ])('%s %s removes the key at once', (command, amount) => {
    expect(call(command, 'k', amount)).toBe(1);
    expect(call('EXISTS', 'k')).toBe(0);
  });

  it.each([
    ['EXPIRE', 'expire', '9223372036854776'],
    ['EXPIRE', 'expire', '-9223372036854776'],
    ['EXPIRE', 'expire', '9223370399119966'],
    ['PEXPIRE', 'pexpire', '9223372036854770000'],
    ['EXPIREAT', 'expireat', '9223372036854776'],
  ])('%s refuses a time beyond 64 bits', (command, name, amount) => {
    expect(call(command, 'k', amount)).toBe(`-ERR invalid expire time in '${name}' command`);
    expect(call('TTL', 'k')).toBe(-1);
  });

  it('are exact up to the last millisecond of 64 bits', () => {
    expect(call('PEXPIREAT', 'k', MAX)).toBe(1);
    expect(call('PEXPIRETIME', 'k')).toBe(MAX);
    expect(call('PTTL', 'k')).toBe(MAX - BigInt(redis.now));
    expect(call('EXPIRETIME', 'k')).toBe(9223372036854776n);
    expect(call('GET', 'k')).toBe('v');
    expect(call('PEXPIREAT', 'k', MAX - 1n, 'GT')).toBe(0);
    expect(call('PEXPIREAT', 'k', MAX - 1n, 'LT')).toBe(1);
    expect(call('PEXPIRETIME', 'k')).toBe(MAX - 1n);
    expect(call('EXPIRE', 'k', 9223370336854775n)).toBe(1);
    expect(call('PEXPIRETIME', 'k')).toBe(9223370336854775000n + BigInt(redis.now));
  });

  it.each(['x', '', '1.5', '9223372036854775808'])('refuse %j', (amount) => {
    expect(call('EXPIRE', 'k', amount)).toBe('-ERR value is not an integer or out of range');
  });
});

describe('Conditions', () => {
  it('NX sets a time only where there is none', () => {
    expect([call('EXPIRE', 'k', 100, 'NX'), call('EXPIRE', 'k', 200, 'nx'), call('TTL', 'k')]).toEqual([1, 0, 100]);
  });

  it('XX sets a time only where there is one', () => {
    expect(call('EXPIRE', 'k', 100, 'XX')).toBe(0);
    call('EXPIRE', 'k', 100);
    expect([call('EXPIRE', 'k', 50, 'XX'), call('TTL', 'k')]).toEqual([1, 50]);
  });

  it('GT sets only a later time, which no key without one has', () => {
    expect(call('EXPIRE', 'k', 100, 'GT')).toBe(0);
    call('EXPIRE', 'k', 100);
    expect([call('EXPIRE', 'k', 100, 'GT'), call('EXPIRE', 'k', 101, 'GT')]).toEqual([0, 1]);
  });

  it('LT sets only an earlier time, which every key without one has', () => {
    expect([call('EXPIRE', 'k', 100, 'LT'), call('EXPIRE', 'k', 100, 'LT')]).toEqual([1, 0]);
    expect([call('EXPIRE', 'k', 99, 'XX', 'LT'), call('EXPIRE', 'k', -1, 'LT')]).toEqual([1, 1]);
    expect(call('EXISTS', 'k')).toBe(0);
  });

  it.each([
    [['NX', 'XX'], 'NX and XX, GT or LT options at the same time are not compatible'],
    [['GT', 'NX'], 'NX and XX, GT or LT options at the same time are not compatible'],
    [['GT', 'LT'], 'GT and LT options at the same time are not compatible'],
    [['foo'], 'Unsupported option foo'],
    [['NX', 'AB\r\nC'], 'Unsupported option AB  C'],
  ])('%j do not go together', (conditions, text) => {
    expect(call('EXPIRE', 'k', 'x', ...conditions)).toBe(`-ERR ${text}`);
  });
});

describe('Asking for the time', () => {
  it('answers -2 without key and -1 without time', () => {
    for (const command of ['TTL', 'PTTL', 'EXPIRETIME', 'PEXPIRETIME']) {
      expect([call(command, 'absent'), call(command, 'k')]).toEqual([-2, -1]);
    }
  });

  it('rounds seconds to the nearest', () => {
    call('PEXPIRE', 'k', 1499);
    expect(call('TTL', 'k')).toBe(1);
    call('PEXPIRE', 'k', 1500);
    expect(call('TTL', 'k')).toBe(2);
    redis.advance(1500);
    expect([call('TTL', 'k'), call('PTTL', 'k')]).toEqual([0, 0]);
  });

  it('is not a use of the key', () => {
    redis.advance(5000);
    for (const command of ['TTL', 'PEXPIRETIME', 'TYPE', 'EXISTS']) call(command, 'k');
    expect(call('OBJECT', 'IDLETIME', 'k')).toBe(5);
    call('TOUCH', 'k');
    expect(call('OBJECT', 'IDLETIME', 'k')).toBe(0);
  });

  it('PERSIST takes the time off', () => {
    expect(call('PERSIST', 'k')).toBe(0);
    call('EXPIRE', 'k', 100);
    expect([call('PERSIST', 'k'), call('TTL', 'k'), call('PERSIST', 'absent')]).toEqual([1, -1, 0]);
  });
});

describe('Keys whose time has passed', () => {
  it('are gone for every command', () => {
    const commands = [
      ['GET', 'k'],
      ['EXISTS', 'k'],
      ['TYPE', 'k'],
      ['TTL', 'k'],
      ['DEL', 'k'],
      ['UNLINK', 'k'],
      ['PERSIST', 'k'],
      ['RENAMENX', 'other', 'k'],
      ['OBJECT', 'ENCODING', 'k'],
      ['SETNX', 'k', 'new'],
      ['KEYS', 'k'],
    ];
    const replies = commands.map((command) => {
      call('MSET', 'k', 'v', 'other', 'o');
      call('PEXPIRE', 'k', 5);
      call('DEBUG', 'SET-ACTIVE-EXPIRE', 0);
      redis.advance(6);
      return call(...(command as [string]));
    });
    expect(replies).toEqual([null, 0, 'none', -2, 0, 0, 0, 1, null, 1, []]);
  });

  it('are removed by the cron if nobody asks', () => {
    for (let i = 0; i < 500; i++) call('SET', `short:${i}`, 'v', 'PX', 50);
    for (let i = 0; i < 500; i++) call('SET', `long:${i}`, 'v', 'EX', 5000);
    redis.advance(40);
    expect(call('DBSIZE')).toBe(1001);
    redis.advance(20_000);
    expect(call('DBSIZE')).toBe(501);
    expect(call('INFO', 'stats')).toMatch(/expired_keys:500\r/);
  });

  it('stay where the cron must not remove them', () => {
    redis = startTestServer({ config: { 'enable-debug-command': 'yes' } });
    expect(call('DEBUG', 'SET-ACTIVE-EXPIRE', 0)).toBe('OK');
    call('SET', 'k', 'v', 'PX', 5);
    redis.advance(5000);
    expect(call('DBSIZE')).toBe(1);
    call('DEBUG', 'SET-ACTIVE-EXPIRE', 1);
    redis.advance(200);
    expect(call('DBSIZE')).toBe(0);
  });

  it('are reported as expired and propagated as removed, before what found them', () => {
    call('CONFIG', 'SET', 'notify-keyspace-events', 'EAmn');
    call('PEXPIRE', 'k', 5);
    redis.server.debugging.activeExpiry = false;
    redis.advance(6);
    redis.watchPropagation();
    const heard = redis.listen();
    call('SET', 'k', 'again');
    expect(heard()).toEqual(['expired k', 'new k', 'set k']);
    expect(redis.propagated()).toEqual(['MULTI', 'DEL k', 'SET k again', 'EXEC']);
  });
});

describe('Events and propagation', () => {
  it.each<[(string | number)[], string[], string[]]>([
    [['EXPIRE', 'k', 10], ['expire k'], ['PEXPIREAT k 1700000010000']],
    [['PEXPIRE', 'k', 10, 'NX'], ['expire k'], ['PEXPIREAT k 1700000000010 NX']],
    [['EXPIREAT', 'k', 1_800_000_000], ['expire k'], ['PEXPIREAT k 1800000000000']],
    [['PEXPIREAT', 'k', 1_800_000_000_000], ['expire k'], ['PEXPIREAT k 1800000000000']],
    [['EXPIRE', 'k', 10, 'XX'], [], []],
    [['EXPIRE', 'k', -1], ['del k'], ['DEL k']],
    [['EXPIRE', 'absent', 10], [], []],
    [['PERSIST', 'volatile'], ['persist volatile'], ['PERSIST volatile']],
    [['PERSIST', 'k'], [], []],
  ])('%s tells %s and propagates %s', (args, events, propagated) => {
    call('SET', 'volatile', 'v', 'EX', 1000);
    call('CONFIG', 'SET', 'notify-keyspace-events', 'EA');
    const heard = redis.listen();
    redis.watchPropagation();
    call(...args);
    expect(heard()).toEqual(events);
    expect(redis.propagated()).toEqual(propagated);
  });
});
