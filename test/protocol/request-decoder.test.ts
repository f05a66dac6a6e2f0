import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MORE, REQUEST, RequestDecoder } from '../../src/protocol/request-decoder.ts';
import { byteByByte, cutAt, decode, DEFAULT_LIMITS, everyCut, multibulk } from './decoding.ts';
import { broken, type Fixture, unfinished, wellFormed } from './fixtures.ts';

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
