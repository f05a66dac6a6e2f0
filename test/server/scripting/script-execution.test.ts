/** Scripts that run for too long: what others are told meanwhile, and how it ends. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SESSION } from '../../../src/server/session.ts';
import { startTestServer, type TestClient, type TestReply, type TestServer } from '../../support/in-process.ts';

const BUSY = '-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.';
const BUSY_FUNCTION = '-BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.';
const ENDLESS = 'while true do end';
const COUNTING = 'local n = 0 while n < 1e7 do n = n + 1 end return n';

let redis: TestServer;
let caller: TestClient;
let answers: string;

beforeEach(() => {
  redis = startTestServer({ config: { 'busy-reply-threshold': 1 } });
  caller = redis.connect();
  answers = '';
  caller.onBytes = (bytes) => (answers += bytes);
});
afterEach(() => redis.server.close(() => {}));

/** Starts a script that does not end at once. */
function start(...args: (string | number)[]): void {
  answers += caller.raw(...args);
  expect(redis.server.scripting.running).not.toBeNull();
}

/** Lets the script run until it has ended. */
function finish(): string {
  for (let slices = 0; redis.server.scripting.running !== null; slices++) {
    if (slices > 10_000) throw new Error('the script does not end');
    redis.advance(1);
  }
  redis.advance(1);
  return answers;
}

function kill(command = 'SCRIPT'): TestReply {
  const reply = redis.call(command, 'KILL');
  if (reply === 'OK') finish();
  return reply;
}

describe('an error that is no table', () => {
  it.each([
    ['error(function() return 1 end)', /^-ERR function: 0x[0-9a-f]+ script: /],
    ['error(coroutine.create(function() end))', /^-ERR thread: 0x[0-9a-f]+ script: /],
    ['error(true)', /^-ERR true script: /],
    ['error(nil)', /^-ERR nil script: /],
    ['error(1e15, 0)', /^-ERR 1e\+15 script: /],
    ['error(0 / 0)', /^-ERR user_script:1: -nan script: /],
  ])('is told as Lua shows it: %s', (source, text) => {
    expect(redis.call('EVAL', source, 0)).toMatch(text);
  });
});

describe('a script that runs for too long', () => {
  it('lets others be told so, until it is killed', () => {
    start('EVAL', ENDLESS, 0);
    expect(redis.call('GET', 'k')).toBe(BUSY);
    expect(redis.call('PING')).toBe(BUSY);
    expect(redis.call('FUNCTION', 'STATS')).toBe(BUSY);
    expect(redis.call('FUNCTION', 'KILL')).toBe(BUSY);
    expect(answers).toBe('');
    expect(kill()).toBe('OK');
    expect(answers).toMatch(
      /^-ERR Script killed by user with SCRIPT KILL\.\.\. script: [0-9a-f]{40}, on @user_script:1\.\r\n$/,
    );
    expect(redis.call('PING')).toBe('PONG');
    expect(redis.call('SCRIPT', 'KILL')).toBe('-NOTBUSY No scripts in execution right now.');
  });

  it.each([
    ['inside pcall', 'while true do pcall(function() while true do end end) end'],
    ['inside pcall of a chunk without loops', 'return pcall(function() while true do end end)'],
    ['inside xpcall', 'xpcall(function() while true do end end, function() while true do end end)'],
    ['inside a coroutine', 'coroutine.wrap(function() while true do end end)()'],
    ['while it calls commands', "while true do redis.call('PING') end"],
    ['with for without end', 'for i = 1, math.huge do end'],
    ['with repeat without end', 'repeat until false'],
    ['by calling itself at its end', 'local function f() return f() end return f()'],
  ])('can be killed %s', (_, script) => {
    start('EVAL', script, 0);
    expect(kill()).toBe('OK');
    expect(answers).toContain('-ERR Script killed by user');
  });

  it('goes on and answers when nobody kills it', () => {
    start('EVAL', COUNTING, 0);
    expect(redis.call('GET', 'k')).toBe(BUSY);
    expect(finish()).toBe(':10000000\r\n');
    expect(redis.call('GET', 'k')).toBeNull();
  });

  it('cannot be killed after it has written', () => {
    start('EVAL', `redis.call('SET', 'k', 'v') ${COUNTING}`, 0);
    expect(redis.call('SCRIPT', 'KILL')).toBe(
      '-UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the ' +
        'script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command.',
    );
    finish();
    expect(redis.call('GET', 'k')).toBe('v');
  });

  it('is not seen half done by the stream of changes', () => {
    redis.watchPropagation();
    start('EVAL', `redis.call('SET', 'a', 1) ${COUNTING.replace('return n', "redis.call('SET', 'b', 2)")}`, 0);
    redis.advance(1);
    expect(redis.server.scripting.running).not.toBeNull();
    expect(redis.propagated()).toEqual([]);
    finish();
    expect(redis.propagated()).toEqual(['MULTI', 'SET a 1', 'SET b 2', 'EXEC']);
  });

  it('sees no time pass', () => {
    redis.call('SET', 'k', 'v', 'PX', 50);
    const script = `local n = 0 while n < 1e7 do n = n + 1 end return {redis.call('GET', 'k'), redis.call('PTTL', 'k')}`;
    start('EVAL', script, 0);
    redis.advance(5);
    redis.advance(100);
    expect(finish()).toBe('*2\r\n$1\r\nv\r\n:50\r\n');
    expect(redis.call('GET', 'k')).toBeNull();
  });

  it('goes on when its client has left', () => {
    const callerId = Number(caller.call('CLIENT', 'ID'));
    start('EVAL', `${COUNTING.replace('return n', "redis.call('SET', 'k', n)")}`, 0);
    redis.server.sessions.get(callerId)!.close();
    finish();
    expect(redis.call('GET', 'k')).toBe('10000000');
  });

  it('takes the rest of its transaction with it', () => {
    for (const queued of [['MULTI'], ['SET', 'a', 1], ['EVAL', COUNTING, 0], ['EVAL', COUNTING, 0], ['GET', 'a']]) {
      caller.raw(...queued);
    }
    redis.watchPropagation();
    answers = '';
    start('EXEC');
    expect(redis.call('GET', 'a')).toBe(BUSY);
    expect(finish()).toBe('*4\r\n+OK\r\n:10000000\r\n:10000000\r\n$1\r\n1\r\n');
    expect(redis.propagated()).toEqual(['SET a 1']);
    expect(caller.call('GET', 'a')).toBe('1');
  });

  it('takes the rest of its transaction along also when it is killed', () => {
    for (const queued of [['MULTI'], ['EVAL', ENDLESS, 0], ['SET', 'a', 1]]) caller.raw(...queued);
    start('EXEC');
    expect(kill()).toBe('OK');
    expect(answers).toMatch(/^\*2\r\n-ERR Script killed by user[^\r]*\r\n\+OK\r\n$/);
    expect(redis.call('GET', 'a')).toBe('1');
  });

  it('keeps back what its client sends meanwhile', () => {
    start('EVAL', COUNTING, 0);
    expect(caller.raw('SET', 'k', 'v')).toBe('');
    expect(finish()).toBe(':10000000\r\n+OK\r\n');
  });

  it('keeps our master waiting, whose commands must not get lost', () => {
    const master = redis.connect();
    redis.server.sessions.get(Number(master.call('CLIENT', 'ID')))!.becomeLink(SESSION.master, () => {});
    start('EVAL', COUNTING, 0);
    master.raw('SET', 'k', 1);
    master.raw('INCR', 'k');
    finish();
    redis.advance(1);
    expect(redis.call('GET', 'k')).toBe('2');
  });

  it('keeps those waiting who wait for keys that it fills', () => {
    const waiter = redis.connect();
    let popped = '';
    waiter.onBytes = (bytes) => (popped += bytes);
    waiter.raw('BLPOP', 'list', 0);
    start(
      'EVAL',
      `redis.call('RPUSH', 'list', 'a', 'b') ${COUNTING.replace('return n', "return redis.call('LPOP', 'list')")}`,
      0,
    );
    redis.advance(1);
    expect(redis.server.scripting.running).not.toBeNull();
    expect(popped).toBe('');
    expect(finish()).toBe('$1\r\na\r\n');
    expect(popped).toBe('*2\r\n$4\r\nlist\r\n$1\r\nb\r\n');
  });

  it('lets others begin and end transactions', () => {
    start('EVAL', ENDLESS, 0);
    expect(redis.call('MULTI')).toBe('OK');
    expect(redis.call('SET', 'k', 'v')).toBe(BUSY);
    expect(redis.call('DISCARD')).toBe('OK');
    kill();
  });

  it('lets the server go down without saving only', () => {
    start('EVAL', ENDLESS, 0);
    let isDown = false;
    redis.server.shutdown.onReady = () => (isDown = true);
    expect(redis.call('SHUTDOWN')).toBe(BUSY);
    expect(redis.call('SHUTDOWN', 'SAVE')).toBe(BUSY);
    redis.raw('SHUTDOWN', 'NOSAVE');
    expect(isDown).toBe(true);
  });

  it('is one call to statistics, and one entry of the slow log', () => {
    redis.call('CONFIG', 'SET', 'slowlog-log-slower-than', 0);
    start('EVAL', COUNTING, 0);
    finish();
    expect(String(redis.call('INFO', 'commandstats'))).toMatch(
      /cmdstat_eval:calls=1,.*rejected_calls=0,failed_calls=0/,
    );
    const entries = redis.call('SLOWLOG', 'GET', 10) as TestReply[][];
    expect(entries.filter((entry) => String((entry[3] as string[])[0]) === 'EVAL')).toHaveLength(1);
  });

  it('is ended where it cannot be interrupted', () => {
    const script = 'local t = {3, 2, 1} table.sort(t, function(a, b) while true do end end)';
    expect(caller.raw('EVAL', script, 0)).toMatch(
      /^-ERR Script ended: it runs for too long where it cannot be interrupted/,
    );
    expect(redis.server.scripting.running).toBeNull();
  }, 30_000);
});

describe('a function that runs for too long', () => {
  beforeEach(() => {
    const source = `redis.register_function('endless', function(keys, args) ${ENDLESS} end)`;
    redis.call('FUNCTION', 'LOAD', `#!lua name=lib\n${source}`);
  });

  it('is described, and killed as a function', () => {
    start('FCALL', 'endless', 1, 'key', 'argument');
    expect(redis.call('GET', 'k')).toBe(BUSY_FUNCTION);
    expect(redis.call('SCRIPT', 'KILL')).toBe(BUSY_FUNCTION);
    const [, running] = redis.call('FUNCTION', 'STATS') as TestReply[];
    expect(running).toEqual([
      'name',
      'endless',
      'command',
      ['FCALL', 'endless', '1', 'key', 'argument'],
      'duration_ms',
      expect.any(Number),
    ]);
    expect(kill('FUNCTION')).toBe('OK');
    expect(answers).toMatch(
      /^-ERR Script killed by user with SCRIPT KILL\.\.\. script: endless, on @user_function:2\./,
    );
  });
});

describe('without busy-reply-threshold', () => {
  it('a script is never interrupted', () => {
    redis.call('CONFIG', 'SET', 'busy-reply-threshold', 0);
    expect(caller.call('EVAL', COUNTING, 0)).toBe(10_000_000);
  });
});
