/** Libraries of functions: FUNCTION and FCALL. */
import { beforeEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestReply, type TestServer } from '../../support/in-process.ts';

const LIBRARY = `#!lua name=lib
local calls = 0
local function count() calls = calls + 1 return calls end
redis.register_function('count', count)
redis.register_function('echo', function(keys, args) return {keys, args} end)
redis.register_function{
  function_name = 'read', description = 'reads a key', flags = {'no-writes', 'allow-stale'},
  callback = function(keys) return redis.call('GET', keys[1]) end
}
redis.register_function{function_name = 'cheat', flags = {'no-writes'},
  callback = function(keys) return redis.call('SET', keys[1], 1) end}
redis.register_function('set', function(keys, args) return redis.call('SET', keys[1], args[1]) end)`;

let redis: TestServer;

beforeEach(() => {
  redis = startTestServer();
});

function load(body: string, name = 'x'): TestReply {
  return redis.call('FUNCTION', 'LOAD', `#!lua name=${name}\n${body}`);
}

describe('FUNCTION LOAD', () => {
  it('adds a library whose functions can be called in capital and small letters', () => {
    expect(redis.call('FUNCTION', 'LOAD', LIBRARY)).toBe('lib');
    expect(redis.call('FCALL', 'echo', 1, 'k', 'a', 'b')).toEqual([['k'], ['a', 'b']]);
    expect(redis.call('FCALL', 'ECHO', 0)).toEqual([[], []]);
    expect(redis.call('FCALL', 'count', 0)).toBe(1);
    expect(redis.call('FCALL', 'count', 0)).toBe(2);
  });

  it('replaces a library only when it is told to', () => {
    redis.call('FUNCTION', 'LOAD', LIBRARY);
    expect(redis.call('FUNCTION', 'LOAD', LIBRARY)).toBe("-ERR Library 'lib' already exists");
    const source = "#!lua name=lib\nredis.register_function('other', function() return 1 end)";
    expect(redis.call('FUNCTION', 'LOAD', 'REPLACE', source)).toBe('lib');
    expect(redis.call('FCALL', 'count', 0)).toBe('-ERR Function not found');
    expect(redis.call('FCALL', 'other', 0)).toBe(1);
  });

  it('keeps the old library when the new one is bad', () => {
    redis.call('FUNCTION', 'LOAD', LIBRARY);
    expect(redis.call('FUNCTION', 'LOAD', 'REPLACE', '#!lua name=lib\nreturn 1')).toBe('-ERR No functions registered');
    expect(redis.call('FCALL', 'count', 0)).toBe(1);
  });

  it('refuses a function that another library has', () => {
    load("redis.register_function('f', function() return 1 end)", 'first');
    expect(load("redis.register_function('F', function() return 2 end)", 'second')).toBe(
      '-ERR Function F already exists',
    );
    expect(redis.call('FCALL', 'f', 0)).toBe(1);
  });

  it.each([
    ['return 1', 'ERR Missing library metadata'],
    ['#!lua', 'ERR Invalid library metadata'],
    ['#!lua\nreturn', 'ERR Library name was not given'],
    ['#!js name=x\nreturn', "ERR Engine 'js' not found"],
    ['#!lua name=x y\nreturn', 'ERR Invalid metadata value given: y'],
    ['#!lua name=x name=y\nreturn', 'ERR Invalid metadata value, name argument was given multiple times'],
    [
      '#!lua name=x-y\nreturn',
      'ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character long',
    ],
    ['#!lua name=x\nreturn 1 +', "ERR Error compiling function: user_function:2: unexpected symbol near '<eof>'"],
    [
      "#!lua name=x\nredis.call('PING')",
      "ERR Error registering functions: ERR user_function:2: Script attempted to access nonexistent global variable 'call'",
    ],
    [
      '#!lua name=x\nlocal r = math.random()',
      "ERR Error registering functions: ERR user_function:2: Script attempted to access nonexistent global variable 'math'",
    ],
    ['#!lua name=x\ny = 1', 'ERR Error registering functions: ERR user_function:2: Attempt to modify a readonly table'],
    [
      '#!lua name=x\nredis.register_function()',
      'ERR Error registering functions: ERR wrong number of arguments to redis.register_function',
    ],
    [
      "#!lua name=x\nredis.register_function{function_name='f'}",
      'ERR Error registering functions: ERR redis.register_function must get a callback argument',
    ],
    [
      "#!lua name=x\nredis.register_function{flags={'fast'}}",
      'ERR Error registering functions: ERR unknown flag given',
    ],
  ])('refuses %j', (source, error) => {
    expect(redis.call('FUNCTION', 'LOAD', source)).toBe(`-${error}`);
    expect(redis.call('FUNCTION', 'LIST')).toEqual([]);
  });

  it('ends a library that does not end by itself', () => {
    expect(load('while true do end')).toBe('-ERR Error registering functions: ERR FUNCTION LOAD timeout');
    expect(load('pcall(function() while true do end end)')).toBe(
      "-ERR Error registering functions: ERR user_function:2: Script attempted to access nonexistent global variable 'pcall'",
    );
  });
});

describe('FCALL', () => {
  beforeEach(() => {
    redis.call('FUNCTION', 'LOAD', LIBRARY);
  });

  it('looks at its arguments', () => {
    expect(redis.call('FCALL', 'nosuch', 'x')).toBe('-ERR Function not found');
    expect(redis.call('FCALL', 'echo', 'x')).toBe('-ERR Bad number of keys provided');
    expect(redis.call('FCALL', 'echo', 2, 'k')).toBe("-ERR Number of keys can't be greater than number of args");
    expect(redis.call('FCALL', 'echo', -1)).toBe("-ERR Number of keys can't be negative");
  });

  it('lets a function write that does not say it will not', () => {
    expect(redis.call('FCALL', 'set', 1, 'k', 'v')).toBe('OK');
    expect(redis.call('FCALL', 'read', 1, 'k')).toBe('v');
    expect(redis.call('FCALL', 'cheat', 1, 'k')).toMatch(
      /^-ERR Write commands are not allowed from read-only scripts\./,
    );
  });

  it('is refused as FCALL_RO to functions that may write', () => {
    expect(redis.call('FCALL_RO', 'read', 1, 'k')).toBeNull();
    expect(redis.call('FCALL_RO', 'set', 1, 'k', 'v')).toBe(
      '-ERR Can not execute a script with write flag using *_ro command.',
    );
  });

  it('says where in the library an error was raised', () => {
    load("redis.register_function('fails', function()\n  return nosuch.x\nend)");
    expect(redis.call('FCALL', 'fails', 0)).toBe(
      "-ERR user_function:3: Script attempted to access nonexistent global variable 'nosuch' script: fails, on @user_function:3.",
    );
  });

  it('has neither KEYS nor redis.register_function', () => {
    load("redis.register_function('keys', function() return KEYS end)");
    load("redis.register_function('again', function() redis.register_function('y', function() end) end)", 'z');
    expect(redis.call('FCALL', 'keys', 0)).toMatch(/nonexistent global variable 'KEYS'/);
    expect(redis.call('FCALL', 'again', 0)).toMatch(/attempt to call field 'register_function' \(a nil value\)/);
  });
});

describe('FUNCTION LIST, DELETE and FLUSH', () => {
  beforeEach(() => {
    redis.call('FUNCTION', 'LOAD', LIBRARY);
    load("redis.register_function('f', function() return 1 end)");
  });

  it('shows libraries by pattern, and their sources on demand', () => {
    expect(redis.call('FUNCTION', 'LIST', 'LIBRARYNAME', 'X*', 'WITHCODE')).toEqual([
      [
        'library_name',
        'x',
        'engine',
        'LUA',
        'functions',
        [['name', 'f', 'description', null, 'flags', []]],
        'library_code',
        "#!lua name=x\nredis.register_function('f', function() return 1 end)",
      ],
    ]);
    const [, , , , , functions] = (redis.call('FUNCTION', 'LIST', 'LIBRARYNAME', 'lib') as TestReply[][])[0]!;
    expect(functions).toContainEqual([
      'name',
      'read',
      'description',
      'reads a key',
      'flags',
      ['no-writes', 'allow-stale'],
    ]);
  });

  it('refuses what it does not know', () => {
    expect(redis.call('FUNCTION', 'LIST', 'LIBRARYNAME')).toBe('-ERR library name argument was not given');
    expect(redis.call('FUNCTION', 'LIST', 'foo')).toBe('-ERR Unknown argument foo');
    expect(redis.call('FUNCTION', 'DELETE', 'nosuch')).toBe('-ERR Library not found');
    expect(redis.call('FUNCTION', 'FLUSH', 'x')).toBe('-ERR FUNCTION FLUSH only supports SYNC|ASYNC option');
    expect(redis.call('FUNCTION', 'KILL')).toBe('-NOTBUSY No scripts in execution right now.');
  });

  it('removes one library, or all', () => {
    expect(redis.call('FUNCTION', 'DELETE', 'lib')).toBe('OK');
    expect(redis.call('FCALL', 'count', 0)).toBe('-ERR Function not found');
    expect(redis.call('FUNCTION', 'FLUSH', 'ASYNC')).toBe('OK');
    expect(redis.call('FUNCTION', 'LIST')).toEqual([]);
  });

  it('enters the stream of changes', () => {
    redis.watchPropagation();
    load("redis.register_function('h', function() return 1 end)", 'y');
    redis.call('FUNCTION', 'DELETE', 'y');
    redis.call('FUNCTION', 'DELETE', 'y');
    redis.call('FUNCTION', 'FLUSH');
    redis.call('FUNCTION', 'LIST');
    const [loading, ...rest] = redis.propagated();
    expect(loading).toContain('FUNCTION LOAD');
    expect(rest).toEqual(['FUNCTION DELETE y', 'FUNCTION FLUSH']);
  });

  it('is counted in INFO', () => {
    const memory = String(redis.call('INFO', 'memory'));
    expect(memory).toContain('number_of_functions:6\r\nnumber_of_libraries:2\r\n');
  });
});

describe('FUNCTION DUMP and RESTORE', () => {
  let payload: string;
  beforeEach(() => {
    redis.call('FUNCTION', 'LOAD', LIBRARY);
    payload = redis.call('FUNCTION', 'DUMP') as string;
  });

  it('brings libraries to another server', () => {
    const other = startTestServer();
    expect(other.call('FUNCTION', 'RESTORE', payload)).toBe('OK');
    expect(other.call('FCALL', 'count', 0)).toBe(1);
  });

  it('adds, replaces or begins anew, as it is told', () => {
    expect(redis.call('FUNCTION', 'RESTORE', payload)).toBe('-ERR Library lib already exists');
    expect(redis.call('FUNCTION', 'RESTORE', payload, 'APPEND')).toBe('-ERR Library lib already exists');
    load("redis.register_function('f', function() return 1 end)");
    expect(redis.call('FUNCTION', 'RESTORE', payload, 'REPLACE')).toBe('OK');
    expect(redis.call('FUNCTION', 'LIST')).toHaveLength(2);
    expect(redis.call('FUNCTION', 'RESTORE', payload, 'FLUSH')).toBe('OK');
    expect(redis.call('FUNCTION', 'LIST')).toHaveLength(1);
  });

  it('changes nothing when functions collide', () => {
    redis.call('FUNCTION', 'FLUSH');
    load("redis.register_function('count', function() return 'mine' end)", 'mine');
    expect(redis.call('FUNCTION', 'RESTORE', payload, 'REPLACE')).toBe('-ERR Function count already exists');
    expect(redis.call('FCALL', 'count', 0)).toBe('mine');
    expect(redis.call('FUNCTION', 'LIST')).toHaveLength(1);
  });

  it('refuses what is no dump of functions', () => {
    expect(redis.call('FUNCTION', 'RESTORE', 'x')).toBe('-ERR DUMP payload version or checksum are wrong');
    expect(redis.call('FUNCTION', 'RESTORE', payload, 'x')).toBe(
      '-ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.',
    );
    redis.call('SET', 'k', 'v');
    const value = redis.call('DUMP', 'k') as string;
    expect(redis.call('FUNCTION', 'RESTORE', value)).toBe('-ERR given type is not a function');
  });
});
