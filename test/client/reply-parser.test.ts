import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ErrorReply, ReplyParser, type ReplyValue } from '../../src/client/reply-parser.ts';

interface Parsed {
  replies: ReplyValue[];
  broken: string | null;
}

function parse(chunks: readonly (string | Buffer)[], buffers = false): Parsed {
  const parsed: Parsed = { replies: [], broken: null };
  const parser = new ReplyParser({
    buffers,
    onReply: (reply) => parsed.replies.push(reply),
    onBroken: (error) => {
      expect(parsed.broken).toBe(null);
      parsed.broken = error.message;
    },
  });
  for (const chunk of chunks) {
    const lent = Buffer.from(typeof chunk === 'string' ? Buffer.from(chunk, 'utf8') : chunk);
    parser.feed(lent);
    lent.fill(0x21); // The owner of the chunk uses its memory again.
  }
  return parsed;
}

const FIXTURES: readonly (readonly [string, ReplyValue])[] = [
  ['+OK\r\n', 'OK'],
  ['+\r\n', ''],
  ['-ERR no such key\r\n', new ErrorReply('ERR no such key')],
  [':0\r\n', 0],
  [':-17\r\n', -17],
  [':9007199254740991\r\n', Number.MAX_SAFE_INTEGER],
  [':9007199254740993\r\n', 9007199254740993n],
  [':-9223372036854775808\r\n', -9223372036854775808n],
  ['$-1\r\n', null],
  ['$0\r\n\r\n', ''],
  ['$5\r\na\r\nbc\r\n', 'a\r\nbc'],
  ['$6\r\näöü\r\n', 'äöü'],
  ['*-1\r\n', null],
  ['*0\r\n', []],
  ['*3\r\n$1\r\na\r\n*2\r\n:1\r\n*0\r\n-ERR x\r\n', ['a', [1, []], new ErrorReply('ERR x')]],
];

describe('a reply', () => {
  for (const [bytes, value] of FIXTURES) {
    it(`is read whole: ${JSON.stringify(bytes)}`, () => {
      expect(parse([bytes])).toEqual({ replies: [value], broken: null });
    });

    it(`is read byte by byte: ${JSON.stringify(bytes)}`, () => {
      const chunks = [...Buffer.from(bytes)].map((byte) => Buffer.of(byte));
      expect(parse(chunks)).toEqual({ replies: [value], broken: null });
    });
  }

  it('is the same in whatever pieces it comes', () => {
    const all = Buffer.from(FIXTURES.map(([bytes]) => bytes).join(''));
    const cuts = fc.array(fc.integer({ min: 0, max: all.length }), { maxLength: 40 });
    fc.assert(
      fc.property(cuts, fc.boolean(), (places, buffers) => {
        const ends = [0, ...places.sort((a, b) => a - b), all.length];
        const chunks = ends.slice(1).map((end, at) => all.subarray(ends[at], end));
        expect(parse(chunks, buffers)).toEqual(parse([all], buffers));
      }),
    );
  });

  it('holds bulk strings as bytes where that is wanted', () => {
    const bytes = Buffer.from([0, 255, 13, 10, 128]);
    const reply = Buffer.concat([Buffer.from('*2\r\n$5\r\n'), bytes, Buffer.from('\r\n+OK\r\n')]);
    expect(parse([reply], true).replies).toEqual([[bytes, 'OK']]);
    expect(parse([reply.subarray(0, 10), reply.subarray(10)], true).replies).toEqual([[bytes, 'OK']]);
  });

  it('of many pieces costs what its size costs', () => {
    const size = 8 * 1024 * 1024;
    const piece = Buffer.alloc(1024, 'x');
    const started = performance.now();
    const { replies } = parse([`$${size}\r\n`, ...Array.from({ length: size / piece.length }, () => piece), '\r\n']);
    expect((replies[0] as string).length).toBe(size);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it('of a deep array does not exhaust the stack', () => {
    const depth = 1000;
    let value = parse([`${'*1\r\n'.repeat(depth)}:7\r\n`]).replies[0];
    for (let level = 0; level < depth; level++) value = (value as ReplyValue[])[0];
    expect(value).toBe(7);
  });
});

describe('an error reply', () => {
  it('has its first word as its code', () => {
    expect(new ErrorReply('WRONGTYPE Operation against a key').code).toBe('WRONGTYPE');
    expect(new ErrorReply('').code).toBe('');
  });
});

describe('bytes that are not RESP2', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['%1\r\n+a\r\n+b\r\n', 'No reply starts with "%"'],
    [':1x\r\n', '"1x" is no integer'],
    [':99999999999999999999\r\n', 'is no integer'],
    ['$-2\r\n', '"-2" is no length'],
    ['*x\r\n', '"x" is no length'],
    ['$3\r\nabcdef\r\n', 'A bulk string of another length'],
    [`+${'x'.repeat(70_000)}`, 'A line without an end'],
    ['*1\r\n'.repeat(2000), 'nested too deeply'],
  ];
  for (const [bytes, message] of cases) {
    it(`are reported once: ${JSON.stringify(bytes.slice(0, 20))}`, () => {
      const { replies, broken } = parse(['+fine\r\n', bytes, '+ignored\r\n', '%\r\n']);
      expect(replies).toEqual(['fine']);
      expect(broken).toContain(message);
    });
  }
});
