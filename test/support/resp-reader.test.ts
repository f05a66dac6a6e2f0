import { describe, expect, it } from 'vitest';
import { readReply, RespError, RespPush, RespSyntaxError, RespVerbatim, type Reply } from './resp-reader.ts';

const REPLIES: [string, string, Reply][] = [
  ['a simple string', '+OK\r\n', 'OK'],
  ['an error', '-ERR no\r\n', new RespError('ERR no')],
  ['an integer', ':-42\r\n', -42],
  ['an integer beyond 2^53', ':9223372036854775807\r\n', 9223372036854775807n],
  ['a bulk string', '$5\r\na\r\nbc\r\n', 'a\r\nbc'],
  ['an empty bulk string', '$0\r\n\r\n', ''],
  ['a null bulk string', '$-1\r\n', null],
  ['a null array', '*-1\r\n', null],
  ['an empty array', '*0\r\n', []],
  ['a nested array', '*2\r\n*1\r\n:1\r\n$-1\r\n', [[1], null]],
  ['a RESP3 null', '_\r\n', null],
  ['a boolean', '#t\r\n', true],
  ['a double', ',-1.5\r\n', -1.5],
  ['an infinite double', ',-inf\r\n', -Infinity],
  ['a big number', '(-123456789012345678901234567890\r\n', -123456789012345678901234567890n],
  ['a bulk error', '!5\r\nERR x\r\n', new RespError('ERR x')],
  ['a verbatim string', '=8\r\ntxt:a\r\nb\r\n', new RespVerbatim('txt', 'a\r\nb')],
  [
    'a map',
    '%2\r\n+a\r\n:1\r\n+b\r\n*0\r\n',
    new Map<Reply, Reply>([
      ['a', 1],
      ['b', []],
    ]),
  ],
  ['a set', '~2\r\n:1\r\n:2\r\n', new Set([1, 2])],
  ['a push', '>2\r\n+invalidate\r\n_\r\n', new RespPush(['invalidate', null])],
  ['a reply with attributes', '|1\r\n+ttl\r\n:3\r\n$1\r\nx\r\n', 'x'],
];

describe('the test reader', () => {
  it.each(REPLIES)('reads %s', (_, text, reply) => {
    const bytes = Buffer.from(text);
    expect(readReply(Buffer.concat([bytes, Buffer.from('+next\r\n')]))).toEqual({ reply, length: bytes.length });
  });

  it.each(REPLIES)('waits for all of %s', (_, text) => {
    for (let length = 0; length < text.length; length++) {
      expect(readReply(Buffer.from(text.slice(0, length)))).toBe(null);
    }
  });

  it('hands out bytes where asked to', () => {
    expect(readReply(Buffer.from('$2\r\n\xff\x00\r\n', 'latin1'), true)!.reply).toEqual(Buffer.from([255, 0]));
  });

  it.each(['what\r\n', ':1x\r\n', '$x\r\n', '$1\r\nabc\r\n', '#y\r\n', ',one\r\n', '=2\r\nab\r\n'])(
    'refuses %j',
    (text) => {
      expect(() => readReply(Buffer.from(text))).toThrow(RespSyntaxError);
    },
  );
});
