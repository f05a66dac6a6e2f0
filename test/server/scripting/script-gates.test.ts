/** What a script is refused: by its header when it starts, or by its commands when they come. */
import { beforeEach, describe, expect, it } from 'vitest';
import { CONDITION } from '../../../src/server/gates.ts';
import { startTestServer, type TestReply, type TestServer } from '../../support/in-process.ts';

const WRITER = "#!lua\nreturn redis.call('SET', KEYS[1], 'v')";
const READER = "#!lua flags=no-writes\nreturn redis.call('GET', KEYS[1])";
const PLAIN_WRITER = "return redis.call('SET', KEYS[1], 'v')";
const PLAIN_READER = "return redis.call('GET', KEYS[1])";

let redis: TestServer;
beforeEach(() => {
  redis = startTestServer();
});

function run(script: string, command = 'EVAL'): TestReply {
  return redis.call(command, script, 1, 'k');
}

describe('the header of a script', () => {
  it.each([
    ['#!lua', 'ERR Invalid script shebang'],
    ['#!js\nreturn 1', 'ERR Unexpected engine in script shebang: #!js'],
    ['#!lua name=x\nreturn 1', 'ERR Unknown lua shebang option: name=x'],
    ['#!lua flags=fast\nreturn 1', 'ERR Unexpected flag in script shebang: fast'],
  ])('is refused as %j', (script, error) => {
    expect(run(script)).toBe(`-${error}`);
  });

  it('keeps its line, so that errors are found', () => {
    expect(run('#!lua\nreturn nosuch')).toMatch(/user_script:2: Script attempted/);
  });
});

describe('a replica that takes no writes', () => {
  beforeEach(() => redis.server.setCondition(CONDITION.readonlyReplica, true));

  it('runs scripts that say that they do not write', () => {
    expect(run(READER)).toBeNull();
    expect(run(WRITER)).toBe("-READONLY You can't write against a read only replica.");
  });

  it('runs scripts that say nothing until they write', () => {
    expect(run(PLAIN_READER)).toBeNull();
    expect(run(PLAIN_WRITER)).toMatch(/^-READONLY You can't write against a read only replica\. script: /);
  });
});

describe('without memory', () => {
  beforeEach(() => {
    redis.call('SET', 'k', 'x');
    redis.call('CONFIG', 'SET', 'maxmemory', 1);
  });

  it('scripts run that say that they need none', () => {
    expect(run(READER)).toBe('x');
    expect(run(WRITER)).toBe("-OOM command not allowed when used memory > 'maxmemory'.");
    expect(run(WRITER.replace('#!lua', '#!lua flags=allow-oom'))).toBe('OK');
  });

  it('scripts that say nothing are refused at their first write', () => {
    expect(run(PLAIN_READER)).toBe('x');
    expect(run(PLAIN_WRITER)).toMatch(/^-OOM command not allowed when used memory > 'maxmemory'\. script: /);
  });

  it('a script goes on that has written what needs no memory', () => {
    expect(run("redis.call('DEL', 'none') return redis.call('SET', KEYS[1], 'v')")).toBe('OK');
  });
});

describe('EVAL_RO', () => {
  it('refuses scripts that may write', () => {
    expect(run(WRITER, 'EVAL_RO')).toBe('-ERR Can not execute a script with write flag using *_ro command.');
    expect(run(PLAIN_WRITER, 'EVAL_RO')).toMatch(/^-ERR Write commands are not allowed from read-only scripts\./);
    expect(run(READER, 'EVAL_RO')).toBeNull();
  });
});

describe('a stale replica', () => {
  beforeEach(() => redis.server.setCondition(CONDITION.stale, true));

  it('runs scripts only that say that they may', () => {
    expect(run('return 1')).toBe("-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.");
    expect(run('#!lua flags=no-writes,allow-stale\nreturn 1')).toBe(1);
    expect(run(READER.replace('no-writes', 'no-writes,allow-stale'))).toMatch(
      /^-ERR Can not execute the command on a stale replica script: /,
    );
  });
});

describe('CLIENT PAUSE WRITE', () => {
  it('holds scripts that may write', () => {
    redis.call('CLIENT', 'PAUSE', 60_000, 'WRITE');
    expect(run(READER)).toBeNull();
    expect(run(PLAIN_READER, 'EVAL_RO')).toBeNull();
    const held = redis.connect();
    expect(held.raw('EVAL', PLAIN_READER, 1, 'k')).toBe('');
    expect(redis.connect().raw('EVAL', WRITER, 1, 'k')).toBe('');
    redis.call('CLIENT', 'UNPAUSE');
    redis.advance(1);
    expect(redis.call('GET', 'k')).toBe('v');
  });
});

describe('the commands of a script', () => {
  it('are those that its user may call', () => {
    redis.call('ACL', 'SETUSER', 'bob', 'on', '>secret', '~*', '+eval', '+get');
    const bob = redis.connect();
    bob.call('AUTH', 'bob', 'secret');
    expect(bob.call('EVAL', PLAIN_READER, 1, 'k')).toBeNull();
    expect(bob.call('EVAL', PLAIN_WRITER, 1, 'k')).toMatch(
      /^-ERR The user executing the script can't run this command or subcommand/,
    );
    const [entry] = redis.call('ACL', 'LOG') as TestReply[][];
    expect(entry).toEqual(expect.arrayContaining(['context', 'lua', 'object', 'set', 'username', 'bob']));
  });

  it('do not wait', () => {
    expect(redis.call('EVAL', "return redis.call('XREAD', 'BLOCK', 0, 'STREAMS', 'none', '$')", 0)).toMatch(
      /^-ERR XREAD command is not allowed with BLOCK option from scripts script: /,
    );
    expect(redis.call('EVAL', "return redis.call('SUBSCRIBE', 'c')", 0)).toMatch(
      /^-ERR This Redis command is not allowed from script script: /,
    );
  });

  it('choose their database for themselves', () => {
    expect(redis.call('EVAL', "redis.call('SELECT', 3) return redis.call('SET', 'k', 'v')", 0)).toBe('OK');
    expect(redis.call('EXISTS', 'k')).toBe(0);
    redis.call('SELECT', 3);
    expect(redis.call('GET', 'k')).toBe('v');
  });

  it('touch keys that are watched', () => {
    const other = redis.connect();
    other.call('WATCH', 'k');
    other.call('MULTI');
    other.call('GET', 'k');
    run(PLAIN_WRITER);
    expect(other.call('EXEC')).toBeNull();
  });

  it('are one transaction to the stream of changes, and a single one stands alone', () => {
    redis.watchPropagation();
    redis.call('EVAL', "redis.call('SET', 'a', 1) redis.call('GET', 'a') redis.call('INCR', 'a')", 0);
    redis.call('EVAL', "redis.call('SET', 'b', 1)", 0);
    redis.call('EVAL', "redis.set_repl(redis.REPL_NONE) redis.call('SET', 'c', 1)", 0);
    expect(redis.propagated()).toEqual(['MULTI', 'SET a 1', 'INCR a', 'EXEC', 'SET b 1']);
  });
});
