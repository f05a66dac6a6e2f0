import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LENT_REPLY_BYTES, REPLY_CHUNK_BYTES } from '../../src/core/limits.ts';
import { Reply, ReplyPool } from '../../src/protocol/reply.ts';

function reply(protocol = 2): Reply {
  const result = new Reply(new ReplyPool());
  result.protocol = protocol;
  return result;
}

function written(protocol: number, write: (reply: Reply) => void): string {
  const target = reply(protocol);
  write(target);
  return target.contents().toString('latin1');
}

/** What arrives when the reply is sent. */
function sent(target: Reply): string {
  const parts: Buffer[] = [];
  target.flush((bytes) => {
    parts.push(Buffer.from(bytes));
    return true;
  });
  return Buffer.concat(parts).toString('latin1');
}

type Encoding = readonly [what: string, resp2: string, resp3: string, write: (reply: Reply) => void];

const encodings: readonly Encoding[] = [
  ['OK', '+OK\r\n', '+OK\r\n', (r) => r.ok()],
  ['a simple string', '+PONG\r\n', '+PONG\r\n', (r) => r.simple('PONG')],
  ['an error', '-ERR no\r\n', '-ERR no\r\n', (r) => r.error('ERR no')],
  ['an error with line ends', '-ERR a  b c\r\n', '-ERR a  b c\r\n', (r) => r.error('ERR a\r\nb\nc')],
  ['an integer', ':-42\r\n', ':-42\r\n', (r) => r.integer(-42)],
  ['the largest safe integer', ':9007199254740991\r\n', ':9007199254740991\r\n', (r) => r.integer(2 ** 53 - 1)],
  [
    'an integer of 64 bits',
    ':-9223372036854775808\r\n',
    ':-9223372036854775808\r\n',
    (r) => r.bigInteger(-(2n ** 63n)),
  ],
  ['an empty bulk', '$0\r\n\r\n', '$0\r\n\r\n', (r) => r.bulkBinary('')],
  ['a bulk of any bytes', '$4\r\n\0\r\n\xff\r\n', '$4\r\n\0\r\n\xff\r\n', (r) => r.bulkBinary('\0\r\n\xff')],
  ['a bulk of text', '$2\r\n\xc3\xa9\r\n', '$2\r\n\xc3\xa9\r\n', (r) => r.bulkText('é')],
  ['a part of a buffer', '$2\r\nbc\r\n', '$2\r\nbc\r\n', (r) => r.bulk(Buffer.from('abcd'), 1, 2)],
  ['a number as a bulk', '$3\r\n-12\r\n', '$3\r\n-12\r\n', (r) => r.bulkInteger(-12)],
  ['two numbers with a dash', '$6\r\n1234-0\r\n', '$6\r\n1234-0\r\n', (r) => r.bulkIntegerPair(1234, 0)],
  ['an array', '*2\r\n:1\r\n:2\r\n', '*2\r\n:1\r\n:2\r\n', (r) => (r.array(2), r.integer(1), r.integer(2))],
  ['an array of bulks', '*1\r\n$1\r\na\r\n', '*1\r\n$1\r\na\r\n', (r) => r.bulkArray(['a'])],
  ['a map', '*4\r\n', '%2\r\n', (r) => r.map(2)],
  ['a set', '*3\r\n', '~3\r\n', (r) => r.set(3)],
  ['a push', '*3\r\n', '>3\r\n', (r) => r.push(3)],
  ['a null', '$-1\r\n', '_\r\n', (r) => r.nil()],
  ['a null array', '*-1\r\n', '_\r\n', (r) => r.nilArray()],
  ['true', ':1\r\n', '#t\r\n', (r) => r.boolean(true)],
  ['false', ':0\r\n', '#f\r\n', (r) => r.boolean(false)],
  ['a double', '$3\r\n1.5\r\n', ',1.5\r\n', (r) => r.double(1.5)],
  ['a double of 17 digits', '$19\r\n0.10000000000000001\r\n', ',0.10000000000000001\r\n', (r) => r.double(0.1)],
  ['a double that is an integer', '$3\r\n-17\r\n', ',-17\r\n', (r) => r.double(-17)],
  ['minus zero', '$2\r\n-0\r\n', ',-0\r\n', (r) => r.double(-0)],
  ['a large integer', '$16\r\n1000000000000000\r\n', ',1000000000000000\r\n', (r) => r.double(1e15)],
  ['an integer beyond 17 digits', '$5\r\n1e+17\r\n', ',1e+17\r\n', (r) => r.double(1e17)],
  ['infinity', '$4\r\n-inf\r\n', ',-inf\r\n', (r) => r.double(-Infinity)],
  ['a big number', '$4\r\n-123\r\n', '(-123\r\n', (r) => r.bigNumber('-123')],
  ['a verbatim string', '$4\r\ntext\r\n', '=8\r\ntxt:text\r\n', (r) => r.verbatim('text')],
  ['a verbatim string with a format', '$1\r\n#\r\n', '=5\r\nmkd:#\r\n', (r) => r.verbatim('#', 'mkd')],
  ['verbatim bytes', '$1\r\n\xff\r\n', '=5\r\ntxt:\xff\r\n', (r) => r.verbatimBytes(Uint8Array.of(255))],
  ['lines of help', '*2\r\n+A\r\n+    b\r\n', '*2\r\n+A\r\n+    b\r\n', (r) => r.help(['A', '    b'])],
];

describe('A reply', () => {
  it.each(encodings)('writes %s in both protocols', (_, resp2, resp3, write) => {
    expect(written(2, write)).toBe(resp2);
    expect(written(3, write)).toBe(resp3);
  });

  it('writes attributes before what they describe', () => {
    expect(written(3, (r) => (r.attributes(1), r.bulkBinary('a'), r.integer(1), r.ok()))).toBe(
      '|1\r\n$1\r\na\r\n:1\r\n+OK\r\n',
    );
  });

  it('reports errors to whoever counts them', () => {
    const errors: string[] = [];
    const target = reply();
    target.onError = (text): void => void errors.push(text);
    target.error('WRONGTYPE no');
    target.ok();
    expect(errors).toEqual(['WRONGTYPE no']);
  });

  it('sends a lent value as it lies, in its place', () => {
    const value = Buffer.alloc(LENT_REPLY_BYTES + 1, 'v');
    const target = reply();
    target.ok();
    target.bulkLent(value);
    target.ok();
    const parts: Buffer[] = [];
    target.flush((bytes) => {
      parts.push(bytes);
      return true;
    });
    expect(parts.some((part) => part.buffer === value.buffer && part.byteOffset === value.byteOffset)).toBe(true);
    expect(Buffer.concat(parts).toString()).toBe(`+OK\r\n$${value.length}\r\n${value.toString()}\r\n+OK\r\n`);
  });

  it('gives memory back when the connection is done with it, and keeps none while idle', () => {
    const pool = new ReplyPool();
    const target = new Reply(pool);
    target.ok();
    const chunks: Buffer[] = [];
    target.flush((bytes) => {
      chunks.push(bytes);
      return true;
    });
    expect(pool.take().buffer).toBe(chunks[0]!.buffer);
    expect(target.isEmpty).toBe(true);
  });

  it('leaves memory to a connection that is not done with it', () => {
    const pool = new ReplyPool();
    const target = new Reply(pool);
    const kept: Buffer[] = [];
    for (let i = 0; i < 3; i++) {
      target.bulkBinary(`value ${i}`);
      target.flush((bytes) => {
        kept.push(bytes);
        return false;
      });
    }
    expect(Buffer.concat(kept).toString()).toBe('$7\r\nvalue 0\r\n$7\r\nvalue 1\r\n$7\r\nvalue 2\r\n');
  });

  it('says when another chunk is full', () => {
    let full = 0;
    const target = reply();
    target.onGrowth = (): void => void full++;
    for (let written = 0; written < REPLY_CHUNK_BYTES * 3; written += 1024) target.bulkBinary('x'.repeat(1000));
    expect(full).toBeGreaterThanOrEqual(2);
    expect(full).toBeLessThanOrEqual(4);
  });

  it('can be dropped while it is written, and then takes no memory', () => {
    const target = reply();
    target.onGrowth = (): void => target.drop();
    const mark = target.mark();
    for (let i = 0; i < 10_000; i++) target.bulkBinary('x'.repeat(1000));
    target.arrayAt(mark, 10_000);
    target.rollback(mark);
    expect(target.isDropping).toBe(true);
    expect(target.pendingBytes).toBeLessThanOrEqual(REPLY_CHUNK_BYTES);
    expect(sent(target)).toBe('');
  });

  it('copies what stands between two marks, over chunks', () => {
    const target = reply();
    target.raw(Buffer.alloc(REPLY_CHUNK_BYTES - 10, 'a'));
    const from = target.mark();
    target.simple('between');
    target.bulkLent(Buffer.alloc(LENT_REPLY_BYTES, 'l'));
    const to = target.mark();
    target.simple('behind');
    expect(target.copyBetween(from, to).toString()).toBe(
      `+between\r\n$${LENT_REPLY_BYTES}\r\n${'l'.repeat(LENT_REPLY_BYTES)}\r\n`,
    );
  });
});

// ------------------------------------------------------------------------------------------------- against a simple model

/** The same operations on a string. */
class Model {
  text = '';
  readonly marks: number[] = [];
}

type Step = { readonly op: 'short' | 'bulk' | 'lent' | 'raw' | 'mark' | 'arrayAt' | 'rollback'; readonly size: number };

const sizes = fc.oneof(
  fc.nat(100),
  fc.nat(REPLY_CHUNK_BYTES * 2),
  // Right at the end of a chunk.
  fc.integer({ min: REPLY_CHUNK_BYTES - 40, max: REPLY_CHUNK_BYTES + 8 }),
);
const steps = fc.array(
  fc.record<Step>({
    op: fc.constantFrom('short', 'bulk', 'bulk', 'lent', 'raw', 'mark', 'mark', 'arrayAt', 'rollback'),
    size: sizes,
  }),
  { maxLength: 25 },
);

function apply(target: Reply, marks: ReturnType<Reply['mark']>[], model: Model, { op, size }: Step): void {
  const letter = String.fromCharCode(97 + (model.text.length % 26));
  if (op === 'short') {
    target.integer(size);
    model.text += `:${size}\r\n`;
  } else if (op === 'bulk') {
    target.bulkBinary(letter.repeat(size));
    model.text += `$${size}\r\n${letter.repeat(size)}\r\n`;
  } else if (op === 'lent') {
    target.bulkLent(Buffer.alloc(size, letter));
    model.text += `$${size}\r\n${letter.repeat(size)}\r\n`;
  } else if (op === 'raw') {
    target.rawLent(Buffer.alloc(size, letter));
    model.text += letter.repeat(size);
  } else if (op === 'mark') {
    marks.push(target.mark());
    model.marks.push(model.text.length);
  } else if (marks.length > 0) {
    // The innermost mark is used up, as a handler does it.
    const mark = marks.pop()!;
    const at = model.marks.pop()!;
    if (op === 'arrayAt') {
      target.arrayAt(mark, size);
      model.text = `${model.text.slice(0, at)}*${size}\r\n${model.text.slice(at)}`;
    } else {
      target.rollback(mark);
      model.text = model.text.slice(0, at);
    }
  }
}

describe('Replies of any shape', () => {
  it('leave as they were written: heads that come late, parts that are taken back, lent values, at any chunk border', () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const target = reply();
        const model = new Model();
        const marks: ReturnType<Reply['mark']>[] = [];
        for (const step of sequence) apply(target, marks, model, step);
        expect(target.pendingBytes).toBe(model.text.length);
        expect(target.contents().toString('latin1') === model.text).toBe(true);
        expect(sent(target) === model.text).toBe(true);
        expect(target.isEmpty).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
