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
