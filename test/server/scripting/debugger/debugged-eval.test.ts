/** EVAL under the debugger, as a client sees it. What it says was compared with redis-server's debugger. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestArgument, type TestClient, type TestServer } from '../../../support/in-process.ts';

const SCRIPT = [
  "local v = redis.call('GET', KEYS[1])",
  "redis.call('SET', KEYS[1], v .. ARGV[1])",
  'local function twice(x)',
  '  return x .. x',
  'end',
  'for i = 1, 2 do',
  '  v = twice(v)',
  'end',
  'return v',
].join('\n');

let redis: TestServer;
let client: TestClient;
let received: string;

beforeEach(() => {
  redis = startTestServer();
  redis.call('SET', 'k', 'v');
  client = redis.connect();
  received = '';
  client.onBytes = (bytes) => (received += bytes);
});
afterEach(() => redis.server.close(() => {}));

/** Sends something, and gives what comes of it: statuses and errors as lines without their ends. */
function say(...args: TestArgument[]): string[] {
  received += client.raw(...args);
  // The copy of a dataset is made in slices.
  for (let turn = 0; turn < 5; turn++) redis.advance(1);
  const lines = received.split('\r\n').slice(0, -1);
  received = '';
  return lines.filter((line) => !/^[*$]\d+$/.test(line)).map((line) => line.replace(/^\+/, ''));
}

function begin(mode: string, script = SCRIPT): string[] {
  expect(say('SCRIPT', 'DEBUG', mode)).toEqual(['OK']);
  return say('EVAL', script, 1, 'k', 'w');
}

describe.each(['SYNC', 'YES'])('SCRIPT DEBUG %s', (mode) => {
  it('goes from line to line and shows what the commands do', () => {
    expect(begin(mode)).toEqual([
      '* Stopped at 1, stop reason = step over',
      "-> 1   local v = redis.call('GET', KEYS[1])",
    ]);
    expect(say('step')).toEqual([
      '<redis> GET k',
      '<reply> "v"',
      '* Stopped at 2, stop reason = step over',
      "-> 2   redis.call('SET', KEYS[1], v .. ARGV[1])",
    ]);
    expect(say('n').slice(0, 3)).toEqual([
      '<redis> SET k vw',
      '<reply> "+OK"',
      '* Stopped at 5, stop reason = step over',
    ]);
    const lines = Array.from({ length: 7 }, () => say('s')[0]!.replace(/\D+/g, ''));
    expect(lines).toEqual(['6', '7', '4', '6', '7', '4', '6']);
    expect(say('s')[0]).toBe('* Stopped at 9, stop reason = step over');
    expect(say('s')).toEqual(['<endsession>', 'vvvv']);
  });

  it('shows variables, of the function and of those around it', () => {
    begin(mode);
    expect(say('print')).toEqual(['No local variables in the current context.']);
    say('break', 4);
    say('continue');
    expect(say('print')).toEqual(['<value> x = "v"']);
    expect(say('print', 'v')).toEqual(['<value> "v"']);
    expect(say('p', 'i')).toEqual(['<value> 1']);
    expect(say('p', 'KEYS')).toEqual(['<value> {"k"}']);
    expect(say('p', 'nope')).toEqual(['No such variable.']);
    expect(say('trace')).toEqual(['In twice:', '->#4     return x .. x', 'From top level:', '   7     v = twice(v)']);
  });

  it('stops at breakpoints, and where the script asks for it', () => {
    begin(mode, 'local a = 1\na = 2\nif redis.breakpoint() then\n  a = 3\nend\nreturn a');
    expect(say('b')).toEqual(["No breakpoints set. Use 'b <line>' to add one."]);
    expect(say('b', 2, 99, 'x')).toEqual([
      '-> 1   local a = 1',
      '  #2   a = 2',
      '   3   if redis.breakpoint() then',
      'Wrong line number.',
      "Invalid argument:'x'",
    ]);
    expect(say('c')).toEqual(['* Stopped at 2, stop reason = break point', '->#2   a = 2']);
    expect(say('b', -2, -2)).toEqual(['Breakpoint removed.', 'No breakpoint in the specified line.']);
    expect(say('c')).toEqual(['* Stopped at 4, stop reason = redis.breakpoint() called', '-> 4     a = 3']);
    expect(say('c')).toEqual(['<endsession>', ':3']);
  });

  it('runs Lua and commands in between', () => {
    begin(mode);
    expect(say('eval', '1 +', '1')).toEqual(['<retval> 2']);
    expect(say('e', 'local t = {1, x = {2}} return t')).toEqual(['<retval> {[1]=1; ["x"]={2}}']);
    expect(say('e', 'x +')).toEqual(["<error> ldb_eval:1: '=' expected near '+'"]);
    expect(say('redis', 'INCR', 'k')).toEqual([
      '<redis> INCR k',
      '<error> -ERR value is not an integer or out of range',
      '<reply> "-ERR value is not an integer or out of range"',
    ]);
    expect(say('r', 'nosuch')).toEqual(['<redis> nosuch', '<error> Unknown Redis command called from script']);
    expect(say('frobnicate')).toEqual(['<error> Unknown Redis Lua debugger command or wrong number of arguments.']);
  });

  it('ends the script where the client wants it', () => {
    begin(mode);
    say('s');
    expect(say('abort')).toEqual([
      '<endsession>',
      expect.stringMatching(/^-ERR script aborted for user request script: [0-9a-f]{40}, on @user_script:2\.$/),
    ]);
  });

  it('refuses what is no request', () => {
    begin(mode);
    expect(say('')[1]).toContain('-ERR protocol error script: ');
  });

  it('says why a script cannot start', () => {
    expect(begin(mode, 'return return')).toEqual([
      '<endsession>',
      "-ERR Error compiling script (new function): user_script:1: unexpected symbol near 'return'",
    ]);
  });

  it('stops a script that seems to have no end', () => {
    redis.server.config.set(['busy-reply-threshold', '1'], { isLocal: true, loading: false });
    begin(mode, 'local i = 0\nwhile true do\n  i = i + 1\nend');
    let lines = say('c');
    for (let turn = 0; turn < 1000 && lines.length === 0; turn++) {
      redis.advance(2);
      lines = say.call(null, 'x');
    }
    expect(lines[0]).toBe('* Stopped at 3, stop reason = timeout reached, infinite loop?');
    expect(say('a')[0]).toBe('<endsession>');
  });

  it('closes the connection afterwards', () => {
    const before = redis.server.sessions.size;
    begin(mode, 'return 1');
    say('c');
    redis.advance(1);
    expect(redis.server.sessions.size).toBe(before - 1);
  });
});

it('keeps what a script does in sync mode, and lets everybody wait', () => {
  begin('SYNC');
  say('s');
  say('s');
  const other = redis.connect();
  let answers = other.raw('GET', 'k');
  other.onBytes = (bytes) => (answers += bytes);
  redis.advance(10);
  expect(answers).toBe('');
  say('c');
  expect(answers).toBe('$2\r\nvw\r\n');
});

it('keeps nothing of what a script does on a copy, while others are served', () => {
  begin('YES');
  expect(redis.call('SET', 'k', 'other')).toBe('OK');
  expect(say('s')[1]).toBe('<reply> "v"');
  say('s');
  expect(redis.call('GET', 'k')).toBe('other');
  say('c');
  expect(redis.call('GET', 'k')).toBe('other');
});

it('copies every database, and leaves nothing behind', () => {
  client.call('SELECT', 3);
  for (let key = 0; key < 300; key++) client.call('RPUSH', `list:${key}`, 'a', 'b');
  begin('YES', "redis.call('FLUSHALL')\nreturn 1");
  expect(say('r', 'DBSIZE')[1]).toBe('<reply> 300');
  say('c');
  expect(redis.server.persistence.children.active).toBeNull();
  redis.call('SELECT', 3);
  expect(redis.call('DBSIZE')).toBe(300);
});

it('lets a script run to its end when its client goes', () => {
  begin('SYNC');
  say('s');
  const { server } = redis;
  [...server.sessions.values()].at(-1)!.close();
  for (let turn = 0; turn < 5; turn++) redis.advance(1);
  expect(server.scripting.running).toBeNull();
  expect(redis.call('GET', 'k')).toBe('vw');
});

it('lets others wait until the script has heard that its client is gone', () => {
  begin('SYNC');
  const other = redis.connect();
  let answers = '';
  other.onBytes = (bytes) => (answers += bytes);
  [...redis.server.sessions.values()].find((session) => session.debugMode === 'sync')!.close();
  answers += other.raw('GET', 'k');
  expect(answers).toBe('');
  for (let turn = 0; turn < 5; turn++) redis.advance(1);
  expect(answers).toBe('$2\r\nvw\r\n');
});

it('is over when its client goes while the copy is made', () => {
  expect(say('SCRIPT', 'DEBUG', 'YES')).toEqual(['OK']);
  client.raw('EVAL', SCRIPT, 1, 'k', 'w');
  const { server } = redis;
  expect(server.persistence.children.active).not.toBeNull();
  [...server.sessions.values()].at(-1)!.close();
  expect(server.persistence.children.active).toBeNull();
});

it('is for EVAL alone, and not for pipelines or transactions', () => {
  expect(say('SCRIPT', 'DEBUG', 'MAYBE')).toEqual(['-ERR Use SCRIPT DEBUG YES/SYNC/NO']);
  expect(say('SCRIPT', 'DEBUG', 'YES')).toEqual(['OK']);
  expect(say('EVALSHA', '0'.repeat(40), 0)).toEqual(['-ERR Please use EVAL instead of EVALSHA for debugging']);
  expect(say('MULTI')).toEqual(['OK']);
  expect(say('EVAL', 'return 1', 0)).toEqual(['QUEUED']);
  expect(say('EXEC')).toEqual(['-ERR A script cannot be debugged in a transaction']);
  expect(say('SCRIPT', 'DEBUG', 'NO')).toEqual(['OK']);
  expect(say('EVAL', 'return {redis.breakpoint(), redis.debug(1)}', 0)).toEqual(['$-1']);
});
