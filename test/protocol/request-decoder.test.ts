import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MORE, REQUEST, RequestDecoder } from '../../src/protocol/request-decoder.ts';
import { byteByByte, cutAt, decode, type DecodingOptions, DEFAULT_LIMITS, everyCut, multibulk } from './decoding.ts';

interface Fixture extends DecodingOptions {
  readonly what: string;
  readonly bytes: string;
  readonly requests?: string[][];
  readonly error?: string;
}

const KIB_64 = 64 * 1024;
const long = (length: number): string => 'x'.repeat(length);

const wellFormed: Fixture[] = [
  { what: 'a multibulk request', bytes: multibulk('GET', 'k'), requests: [['GET', 'k']] },
  { what: 'an empty argument', bytes: multibulk('SET', 'k', ''), requests: [['SET', 'k', '']] },
  { what: 'arguments of any bytes', bytes: multibulk('SET', '\r\n*1\r\n', '\0\xff"'), requests: [['SET', '\r\n*1\r\n', '\0\xff"']] },
  { what: 'lengths of one, two and three digits', bytes: multibulk(long(9), long(10), long(99), long(100)), requests: [[long(9), long(10), long(99), long(100)]] },
  { what: 'pipelined requests', bytes: multibulk('A') + multibulk('B', 'c') + multibulk('D'), requests: [['A'], ['B', 'c'], ['D']] },
  { what: 'an inline request', bytes: 'GET k\r\n', requests: [['GET', 'k']] },
  { what: 'an inline request that ends with a line feed alone', bytes: 'GET k\nPING\n', requests: [['GET', 'k'], ['PING']] },
  { what: 'inline and multibulk in turn', bytes: `PING\r\n${multibulk('PING')}PING\n`, requests: [['PING'], ['PING'], ['PING']] },
  { what: 'blanks around inline words', bytes: ' \t GET  \v\f k \t\r\n', requests: [['GET', 'k']] },
  { what: 'a vertical tab inside an inline word', bytes: 'GET\vk\r\n', requests: [['GET\vk']] },
  { what: 'a carriage return inside an inline line', bytes: 'GET\rk\r\n', requests: [['GET', 'k']] },
  { what: 'double quotes', bytes: 'SET k "a b\\n\\x41\\"c"\r\n', requests: [['SET', 'k', 'a b\nA"c']] },
  { what: 'single quotes', bytes: "SET k 'a \\'b\\n'\r\n", requests: [['SET', 'k', "a 'b\\n"]] },
  { what: 'a quote in the middle of a word', bytes: 'SET k a"b c"\r\n', requests: [['SET', 'k', 'ab c']] },
  { what: 'an empty quoted word', bytes: 'SET k ""\r\n', requests: [['SET', 'k', '']] },
  { what: 'quotes before plain words in the next line', bytes: 'ECHO "a"\r\nECHO b\r\n', requests: [['ECHO', 'a'], ['ECHO', 'b']] },
  { what: 'empty lines', bytes: '\r\n\n \r\nPING\r\n', requests: [['PING']] },
  { what: 'an empty multibulk', bytes: `*0\r\n${multibulk('PING')}`, requests: [['PING']] },
  { what: 'a negative multibulk length', bytes: `*-10\r\n*-9223372036854775808\r\n${multibulk('PING')}`, requests: [['PING']] },
  { what: 'any byte in place of the line feed', bytes: '*1x$4xPING\r\n'.replaceAll('x', '\rx'), requests: [['PING']] },
  { what: 'any bytes in place of the line end of an argument', bytes: '*2\r\n$3\r\nGETab$1\r\nkcd', requests: [['GET', 'k']] },
  { what: 'an inline request of 64 KiB', bytes: `${long(KIB_64)}\n`, requests: [[long(KIB_64)]] },
  { what: 'many arguments', bytes: multibulk(...Array.from({ length: 300 }, (_, i) => String(i))), requests: [Array.from({ length: 300 }, (_, i) => String(i))] },
  { what: 'a big argument', bytes: multibulk('SET', 'k', long(40_000)) + multibulk('PING'), requests: [['SET', 'k', long(40_000)], ['PING']] },
  { what: 'a big argument with others behind it', bytes: multibulk('SET', 'k', long(40_000), 'EX', '10'), requests: [['SET', 'k', long(40_000), 'EX', '10']] },
  { what: 'ten arguments of a client that has not logged in', bytes: multibulk(...long(10)), requests: [[...long(10)]], authenticated: false },
  { what: '16 KiB of a client that has not logged in', bytes: multibulk('AUTH', long(16384)), requests: [['AUTH', long(16384)]], authenticated: false },
  { what: 'a bulk above the limit from a trusted link', bytes: multibulk('SET', 'k', long(200)), requests: [['SET', 'k', long(200)]], limits: { bulkBytesMax: 100 }, trusted: true },
];

const unfinished: Fixture[] = [
  { what: 'half a count', bytes: '*1', requests: [] },
  { what: 'a count without its line feed', bytes: '*1\r', requests: [] },
  { what: 'a count alone', bytes: '*1\r\n', requests: [] },
  { what: 'half an argument', bytes: '*2\r\n$3\r\nGET\r\n$5\r\nab', requests: [] },
  { what: 'an argument without its line end', bytes: '*1\r\n$4\r\nPING\r', requests: [] },
  { what: 'half a line', bytes: 'PING', requests: [] },
  { what: 'a line with a NUL, whose end nobody finds', bytes: 'PI\0NG\r\nPING\r\n', requests: [] },
  { what: 'a count with a NUL', bytes: '*\x001\r\n$4\r\nPING\r\n', requests: [] },
  { what: 'a length with a NUL', bytes: '*1\r\n$\x004\r\nPING\r\n', requests: [] },
  { what: 'a whole request before half a one', bytes: `${multibulk('PING')}*1\r\n$4\r\nPI`, requests: [['PING']] },
];

const broken: Fixture[] = [
  { what: 'a count that is no number', bytes: '*abc\r\n', error: 'invalid multibulk length' },
  { what: 'a count of nothing', bytes: '*\r\n', error: 'invalid multibulk length' },
  { what: 'a count with a leading zero', bytes: '*01\r\n', error: 'invalid multibulk length' },
  { what: 'a count beyond INT_MAX', bytes: '*2147483648\r\n', error: 'invalid multibulk length' },
  { what: 'a count beyond 64 bits', bytes: '*99999999999999999999\r\n', error: 'invalid multibulk length' },
  { what: 'an argument without a dollar', bytes: '*1\r\nfoo\r\n', error: "expected '$', got 'f'" },
  { what: 'an argument that is a line end', bytes: '*1\r\n\r\n', error: "expected '$', got '\r'" },
  { what: 'a negative length', bytes: '*1\r\n$-1\r\n', error: 'invalid bulk length' },
  { what: 'a length that is no number', bytes: '*1\r\n$x\r\n', error: 'invalid bulk length' },
  { what: 'a length of nothing', bytes: '*1\r\n$\r\n', error: 'invalid bulk length' },
  { what: 'a length above the limit', bytes: '*1\r\n$536870913\r\n', error: 'invalid bulk length' },
  { what: 'a length above a lower limit', bytes: '*1\r\n$101\r\n', error: 'invalid bulk length', limits: { bulkBytesMax: 100 } },
  { what: 'open double quotes', bytes: 'SET k "a\r\n', error: 'unbalanced quotes in request' },
  { what: 'open single quotes', bytes: "SET k 'a\r\n", error: 'unbalanced quotes in request' },
  { what: 'text right behind a quote', bytes: 'SET k "a"b\r\n', error: 'unbalanced quotes in request' },
  { what: 'an inline request of more than 64 KiB', bytes: long(KIB_64 + 1), error: 'too big inline request' },
  { what: 'an inline request whose end comes too late', bytes: `${long(KIB_64 + 1)}\r\n`, error: 'too big inline request' },
  { what: 'a NUL and 64 KiB behind it', bytes: `\0\r\n${long(KIB_64)}`, error: 'too big inline request' },
  { what: 'a count of more than 64 KiB', bytes: `*${long(KIB_64)}`, error: 'too big mbulk count string' },
  { what: 'a length of more than 64 KiB', bytes: `*1\r\n$${long(KIB_64)}`, error: 'too big bulk count string' },
  { what: 'eleven arguments of a client that has not logged in', bytes: '*11\r\n', error: 'unauthenticated multibulk length', authenticated: false },
  { what: '16 KiB and a byte of a client that has not logged in', bytes: '*2\r\n$4\r\nAUTH\r\n$16385\r\n', error: 'unauthenticated bulk length', authenticated: false },
  { what: 'requests before the mistake', bytes: `${multibulk('PING')}PING\r\n*1\r\n!`, requests: [['PING'], ['PING']], error: '' },
  { what: 'requests before and behind the mistake', bytes: `${multibulk('PING')}*1\r\n:1\r\n${multibulk('PING')}`, requests: [['PING']], error: "expected '$', got ':'" },
];

const fixtures = [...wellFormed, ...unfinished, ...broken].map((fixture) => [fixture.what, fixture] as const);

function expected({ requests = [], error = '' }: Fixture): object {
  return { requests, error: error === '' ? '' : `Protocol error: ${error}` };
}

describe('The request decoder', () => {
  it.each(fixtures)('takes %s in one chunk', (_, fixture) => {
    expect(decode([Buffer.from(fixture.bytes, 'latin1')], fixture)).toMatchObject(expected(fixture));
  });

  it.each(fixtures)('takes %s byte by byte', (_, fixture) => {
    expect(decode(byteByByte(Buffer.from(fixture.bytes, 'latin1')), fixture)).toMatchObject(expected(fixture));
  });

  it.each(fixtures.filter(([, { bytes }]) => bytes.length < 2000))('takes %s cut at every position', (_, fixture) => {
    for (const chunks of everyCut(Buffer.from(fixture.bytes, 'latin1'))) {
      expect(decode(chunks, fixture)).toMatchObject(expected(fixture));
    }
  });

  it('finds the same in any stream, however it is cut', () => {
    const piece = fc.oneof(
      fc.array(fc.string({ unit: 'binary-ascii', maxLength: 20 }), { maxLength: 4 }).map((args) => multibulk(...args)),
      fc.constantFrom('PING\r\n', '\r\n', '*0\r\n', '*-1\r\n', 'SET a "b c"\n', '*2\r\n', '$3\r\nfoo\r\n', '\0', '"'),
      fc.string({ unit: 'binary-ascii', maxLength: 10 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 8 }), (pieces, positions) => {
        const bytes = Buffer.from(pieces.join(''), 'latin1');
        const whole = decode([bytes]);
        const cut = decode(cutAt(bytes, positions));
        expect(cut.requests).toEqual(whole.requests);
        expect(cut.error).toBe(whole.error);
      }),
      { numRuns: 400 },
    );
  });

  it('gives a request that was put back once more, and the next one after it', () => {
    for (const bytes of [multibulk('A', 'b') + multibulk('C'), 'A b\r\nC\r\n', '"A" b\r\nC\r\n']) {
      for (const [first, second] of everyCut(Buffer.from(bytes, 'latin1'))) {
        expect(decodeAfterPuttingBack([first, second])).toEqual([['A', 'b'], ['C']]);
      }
    }
  });

  it('lets go of the memory of a chunk, and of its own when nothing waits', () => {
    const decoder = new RequestDecoder(DEFAULT_LIMITS);
    decoder.feed(Buffer.from('*1\r\n$4\r\nPI'));
    expect(decoder.next()).toBe(MORE);
    decoder.retain();
    expect(decoder.heldBytes).toBeGreaterThan(0);
    decoder.feed(Buffer.from('NG\r\n'));
    expect(decoder.next()).toBe(REQUEST);
    expect(decoder.next()).toBe(MORE);
    decoder.retain();
    expect(decoder.heldBytes).toBe(0);
    expect(decoder.bufferedBytes).toBe(0);
  });

  it('does not keep room for the arguments of a huge request', () => {
    const decoder = new RequestDecoder(DEFAULT_LIMITS);
    decoder.feed(Buffer.from(multibulk(...Array.from({ length: 10_000 }, () => 'a'))));
    expect(decoder.next()).toBe(REQUEST);
    expect(decoder.args.count).toBe(10_000);
    expect(decoder.next()).toBe(MORE);
    decoder.retain();
    expect(decoder.args.starts.length).toBe(0);
  });

  it('tells how much it has of an unfinished request', () => {
    const decoder = new RequestDecoder(DEFAULT_LIMITS);
    decoder.feed(Buffer.from('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$50000\r\nabc'));
    decoder.next();
    decoder.retain();
    expect([decoder.argumentBytes, decoder.argumentCount]).toEqual([4, 2]);
    expect([decoder.bufferedBytes, decoder.awaitedBytes]).toEqual([3, 50_000]);
  });

  it('says in the log what Redis says there', () => {
    const decoder = new RequestDecoder(DEFAULT_LIMITS);
    decoder.feed(Buffer.from('PING\r\n*1\r\nfoo\r\nbar'));
    while (decoder.next() === REQUEST);
    expect(decoder.errorForLog).toBe('expected $ but got something else');
    expect(decoder.rest().toString()).toBe('foo\r\nbar');
  });
});

/** Decodes, but sends the first request back once. */
function decodeAfterPuttingBack(chunks: readonly Uint8Array[]): string[][] {
  const decoder = new RequestDecoder(DEFAULT_LIMITS);
  const requests: string[][] = [];
  let wasPutBack = false;
  for (const chunk of [...chunks, new Uint8Array(0)]) {
    const memory = Buffer.from(chunk);
    decoder.feed(memory);
    while (decoder.next() === REQUEST) {
      if (!wasPutBack) {
        wasPutBack = true;
        decoder.putBack();
        break;
      }
      requests.push(Array.from({ length: decoder.args.count }, (_, i) => decoder.args.binary(i)));
    }
    decoder.retain();
    memory.fill(0xaa);
  }
  return requests;
}
