/** What a script returns of what its commands replied (src/server/scripting/script-run.ts). */
import { describe, expect, it } from 'vitest';
import { BareServer } from '../../support/bare-server.ts';

/** Two pieces of a reply, one that is lent, and one that fills a piece nearly. */
const LONG = [30_000, 65_500, 65_536, 200_000];

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

describe('a text that a command replied', () => {
  const client = new BareServer().connect();
  client.call('MSET', 'a', 'first', 'b', 'other', 'empty', '', 'binary', Buffer.from([0, 13, 10, 255]));

  it.each([
    ['as it was', "return redis.call('GET', 'a')", 'first'],
    ['when it is empty', "return redis.call('GET', 'empty')", ''],
    ['when it is binary', "return redis.call('GET', 'binary')", '\0\r\n\xff'],
    ['when another text came later', "local v = redis.call('GET', 'a') redis.call('GET', 'b') return v", 'first'],
    [
      'when something else came later',
      "local v = redis.call('GET', 'a') redis.call('MGET', 'b', 'b') return v",
      'first',
    ],
    ['when a command was refused later', "local v = redis.call('GET', 'a') redis.pcall('NONE') return v", 'first'],
    ['when it is changed', "return redis.call('GET', 'a') .. '!'", 'first!'],
    ['when an equal one was made', "local v = redis.call('GET', 'a') return 'fir' .. 'st'", 'first'],
    ['when it is within an array', "return redis.call('MGET', 'b', 'a')[1]", 'other'],
    ['when it came under RESP3', "redis.setresp(3) return redis.call('GET', 'a')", 'first'],
  ])('is returned %s', (_, source, text) => {
    expect(client.call('EVAL', source, '0')).toBe(bulk(text));
  });

  it.each(LONG)('is returned with %i bytes, alone and behind others', (length) => {
    const text = 'x'.repeat(length - 1) + 'y';
    client.call('SET', 'long', text);
    const source = "return redis.call('GET', KEYS[1])";
    expect(client.call('EVAL', source, '1', 'long') === bulk(text)).toBe(true);
    client.send(['EVAL', source, '1', 'a'], ['EVAL', source, '1', 'long'], ['EVAL', source, '1', 'a']);
    expect(client.received() === bulk('first') + bulk(text) + bulk('first')).toBe(true);
  });
});

describe('what a script ends with', () => {
  const client = new BareServer().connect();
  client.call('SET', 'a', 'first');
  client.call('SET', 'large', '9007199254740992');
  client.call('RPUSH', 'list', 'x', '', 'z'.repeat(100));
  client.call('RPUSH', 'long', ...Array.from({ length: 3000 }, (_, at) => `element ${at} ${'y'.repeat(60)}`));
  client.call('HSET', 'hash', 'f', 'v', 'g', 'w');
  client.call('ZADD', 'zset', '1.5', 'm', '-2', 'n');
  client.call('XADD', 'stream', '1-1', 'f', 'v');
  client.call('GEOADD', 'geo', '13.361389', '38.115556', 'p');

  const calls: readonly (readonly string[])[] = [
    ['GET', 'a'],
    ['GET', 'none'],
    ['SET', 'b', 'c'],
    ['TYPE', 'list'],
    ['LLEN', 'list'],
    ['TTL', 'a'],
    ['INCRBY', 'large', '1'],
    ['LRANGE', 'list', '0', '-1'],
    ['LRANGE', 'long', '0', '-1'],
    ['LRANGE', 'none', '0', '-1'],
    ['LPOP', 'none', '2'],
    ['MGET', 'a', 'none', 'a'],
    ['HGETALL', 'hash'],
    ['SMISMEMBER', 'none', 'a', 'b'],
    ['ZRANGE', 'zset', '0', '-1', 'WITHSCORES'],
    ['ZSCORE', 'zset', 'm'],
    ['XRANGE', 'stream', '-', '+'],
    ['GEOPOS', 'geo', 'p', 'q'],
    ['LPUSH', 'a', 'x'],
    ['NONE'],
  ];
  const arguments_ = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(',');

  /** The reply to a script, as a client of that protocol gets it. */
  function reply(source: string, protocol = '2', flags = ''): string {
    client.call('HELLO', protocol);
    const text = String(client.call('EVAL', flags + source, '0'));
    client.call('HELLO', '2');
    return text;
  }

  it.each(calls.map((words) => [words.join(' ').slice(0, 40), words] as const))(
    'is replied as if it had been kept for a moment: %s',
    (_, words) => {
      const call = `redis.call(${arguments_(words)})`;
      const undo = words[0] === 'INCRBY' ? "redis.call('SET', 'large', '9007199254740992') " : '';
      for (const protocol of ['2', '3']) {
        for (const choice of ['', 'redis.setresp(3) ', 'for i = 1, 2 do end ', undo]) {
          const kept = reply(`${undo}${choice}local r = ${call} return r`, protocol);
          const direct = reply(`${undo}${choice}return ${call}`, protocol);
          // Errors name the script.
          const plain = (text: string): string => text.replace(/script: \w+/, 'script');
          expect(plain(direct) === plain(kept), `${choice}under RESP${protocol}: ${direct.slice(0, 200)}`).toBe(true);
        }
      }
    },
  );

  it.each([
    ['a function of its own', "local function f() return redis.call('GET', 'a') end return f() .. '!'", 'first!'],
    ['a loaded chunk', `return loadstring("return redis.call('GET', 'a')")() .. '!'`, 'first!'],
    ['a coroutine', "return coroutine.wrap(function() return redis.call('GET', 'a') end)() .. '!'", 'first!'],
    ['pcall', "local ok, v = pcall(redis.call, 'GET', 'a') return v .. '!'", 'first!'],
    [
      'a function that looks like redis.call',
      "local redis = { call = function(v) return v end } return redis.call('x')",
      'x',
    ],
  ])('does not confuse the script with %s', (_, source, text) => {
    expect(client.call('EVAL', source, '0')).toBe(bulk(text));
  });

  it('comes behind and ahead of the replies of other requests', () => {
    const source = "return redis.call('LRANGE', KEYS[1], 0, -1)";
    const list = client.call('LRANGE', 'long', '0', '-1');
    client.send(['GET', 'a'], ['EVAL', source, '1', 'long'], ['GET', 'a']);
    expect(client.received() === bulk('first') + list + bulk('first')).toBe(true);
  });

  it('is part of what EXEC replies', () => {
    client.send(['MULTI'], ['EVAL', "return redis.call('HGETALL', 'hash')", '0'], ['GET', 'a'], ['EXEC']);
    expect(client.received()).toBe(
      `+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n*4\r\n${['f', 'v', 'g', 'w'].map(bulk).join('')}${bulk('first')}`,
    );
  });
});

describe('a command that a script names', () => {
  const client = new BareServer().connect();
  client.call('MSET', 'a', 'first', 'n', '1');

  it('is found in every spelling, again and again', () => {
    // More spellings than a server remembers.
    const source = `
      local seen = 0
      for bits = 0, 2047 do
        local name = string.gsub('incrbyfloa', '()(.)', function(at, letter)
          return math.floor(bits / 2 ^ (at - 1)) % 2 == 1 and letter:upper() or letter
        end) .. (bits < 1024 and 't' or 'T')
        if redis.call(name, 'n', 1) == tostring(bits + 2) and redis.call('Get', 'a') == 'first' then seen = seen + 1 end
      end
      return seen`;
    expect(client.call('EVAL', source, '0')).toBe(':2048\r\n');
  });

  it('is the one of the second word where that counts', () => {
    const source = `
      local encoding, count = redis.call('OBJECT', 'ENCODING', 'a'), redis.call('OBJECT', 'REFCOUNT', 'a')
      return {encoding, count, redis.call('object', 'encoding', 'a'), redis.pcall('OBJECT', 'NONE', 'a').err}`;
    const texts = ['embstr', 'embstr', 'ERR Unknown Redis command called from script'].map(bulk);
    expect(client.call('EVAL', source, '0')).toBe(`*4\r\n${texts[0]}:1\r\n${texts[1]}${texts[2]}`);
  });

  it('is not found because another one was', () => {
    const call = (name: string): string => client.call('EVAL', `return redis.call('${name}', 'a')`, '0');
    expect(call('GET')).toBe(bulk('first'));
    for (const name of ['GETT', 'GE', '', 'GET\\0', ' GET']) {
      expect(call(name)).toMatch(/^-ERR Unknown Redis command called from script script: /);
    }
    expect(call('GET')).toBe(bulk('first'));
  });
});
