import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Heads, headsFor } from '../../src/simulation/message-heads.ts';

const SNAPSHOT = Buffer.from('REDIS0010\xff12345678', 'latin1');
const MARK = 'f'.repeat(40);

const LINES: readonly (readonly [bytes: string | Buffer, heads: readonly string[]])[] = [
  ['*1\r\n$4\r\nPING\r\n', ['PING']],
  ['*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n', ["SET k ''"]],
  ['+OK\r\n:5\r\n$-1\r\n-ERR no\r\n', ['OK', '5', 'nil', 'ERR no']],
  ['*2\r\n*1\r\n:1\r\n$1\r\na\r\n', ['[1] a']],
  ['%1\r\n+a\r\n_\r\n', ['a nil']],
  ['PING\r\n', ['PING']],
  ['\n', []],
  ['+CONTINUE\r\n', ['CONTINUE']],
  ['$14\r\n# Server\r\nhz:1\r\n', ['INFO of 14 bytes']],
  [Buffer.concat([Buffer.from(`$${SNAPSHOT.length}\r\n`), SNAPSHOT]), [`snapshot, ${SNAPSHOT.length} bytes`]],
  [
    Buffer.concat([Buffer.from(`$EOF:${MARK}\r\n`), SNAPSHOT, Buffer.from(MARK)]),
    [`snapshot, ${SNAPSHOT.length} bytes`],
  ],
  ['*2\r\n$4\r\nECHO\r\n$3\r\n\x00\r\n\r\n', ['ECHO ···']],
];

const bytesOf = (text: string | Buffer): Buffer => (typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
const make = (bytes: Buffer): Heads => headsFor(bytes, (id) => id);

describe('bytes on their way', () => {
  it.each(LINES)('%j', (text, heads) => {
    const bytes = bytesOf(text);
    expect(make(bytes).feed(bytes)).toEqual(heads);
  });

  it('are told in the same words in whatever pieces they come', () => {
    const all = Buffer.concat(LINES.map(([text]) => bytesOf(text)));
    const expected = LINES.flatMap(([, heads]) => heads);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 100 }), (sizes) => {
        const reader = make(all);
        const heads: string[] = [];
        let at = 0;
        for (const size of [...sizes, all.length]) {
          // The piece is lent, so it is scribbled over.
          const piece = Buffer.from(all.subarray(at, at + size));
          heads.push(...reader.feed(piece));
          piece.fill(0xdb);
          at += size;
        }
        expect(heads).toEqual(expected);
      }),
    );
  });

  it('never make the reader throw or keep on growing', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 20 }), (pieces) => {
        const first = Buffer.from(pieces[0] ?? []);
        const reader = make(first);
        for (const piece of pieces)
          for (const head of reader.feed(Buffer.from(piece))) expect(head.length).toBeLessThan(300);
      }),
    );
    const reader = make(Buffer.from('*'));
    reader.feed(Buffer.from('$100000000\r\n'));
    for (let i = 0; i < 40; i++) expect(reader.feed(Buffer.alloc(1 << 16, 'x'))).toEqual([]);
    // Given up: what comes next is read anew.
    expect(reader.feed(Buffer.from('\r\n+PONG\r\n')).at(-1)).toBe('PONG');
  });

  it('are shortened where they are long', () => {
    const value = 'v'.repeat(5000);
    const bytes = Buffer.from(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5000\r\n${value}\r\n`);
    expect(make(bytes).feed(bytes)[0]!.length).toBeLessThan(80);
  });
});

describe('frames of the bus', () => {
  it('are told by type, epochs and whom they are about', async () => {
    const { play } = await import('../../src/simulation/play.ts');
    const { scheduleOf } = await import('../../src/simulation/schedule.ts');
    const schedule = scheduleOf({
      topology: { kind: 'cluster' },
      steps: [{ afterMs: 100, fault: { kind: 'kill', node: 0, forMs: 6000 } }],
      tailMs: 6000,
    });
    const { history } = play(schedule, { keep: 'all' });
    const heads = history.entries.flatMap((entry) => (entry.kind === 'message' ? [entry.head] : []));
    for (const wanted of [
      /^bus PING, epoch 3,/,
      /^bus FAIL of node0, /,
      /^bus AUTH-REQ, epoch 4,/,
      /^bus AUTH-ACK, /,
    ]) {
      expect(
        heads.some((head) => wanted.test(head)),
        String(wanted),
      ).toBe(true);
    }
  });
});
