/** Whatever bytes come, in whatever pieces: the decoder finds the same requests and the same error, and never throws. */
import * as fc from 'fast-check';
import { BROKEN, REQUEST, RequestDecoder } from '../../src/protocol/request-decoder.ts';
import { encode } from './harness.ts';
import { cut } from './server-property.ts';

const BULK_BYTES_MAX = 5000;
/** Room for a line, and a minimum for what is left of a request. */
const HELD_BYTES_EXTRA = 1024;

interface Found {
  readonly requests: string[][];
  /** '' if there was none. */
  error: string;
}

const argument = fc.oneof(
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
  fc.integer({ min: 0, max: BULK_BYTES_MAX + 10 }).map((length) => Buffer.alloc(length, 'ab')),
);

const piece: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 6, arbitrary: fc.array(argument, { minLength: 1, maxLength: 12 }).map(encode) },
  {
    weight: 4,
    arbitrary: fc
      .array(fc.constantFrom('GET', 'k', ' ', '\t', '"a b"', "'c'", '\\x41', '"', '\0', 'é', '\v'), { maxLength: 8 })
      .map((words) => Buffer.from(`${words.join('')}\r\n`, 'latin1')),
  },
  {
    weight: 3,
    arbitrary: fc
      .array(
        fc.constantFrom(
          '*',
          '$',
          '\r\n',
          '\n',
          '\r',
          '0',
          '1',
          '3',
          '-1',
          '10',
          '4294967296',
          '99999999999999999999',
          ' ',
          'x',
        ),
        { maxLength: 12 },
      )
      .map((parts) => Buffer.from(parts.join(''))),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 1, arbitrary: fc.constantFrom('x', '*1', '$', '"').map((text) => Buffer.from(text.padEnd(66_000, '1'))) },
);

export const decoderProperty = fc.property(
  fc.array(piece, { maxLength: 12 }).map((pieces) => Buffer.concat(pieces)),
  fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 }),
  fc.boolean(),
  (all, cuts, authenticated) => {
    const whole = decode([all], authenticated);
    const inPieces = decode(cut(all, cuts), authenticated);
    if (JSON.stringify(inPieces) !== JSON.stringify(whole)) {
      throw new Error(`in pieces: ${JSON.stringify(inPieces)}, whole: ${JSON.stringify(whole)}`);
    }
    if (all.length > 3000) return;
    const byBytes = decode(
      [...all].map((byte) => Buffer.of(byte)),
      authenticated,
    );
    if (JSON.stringify(byBytes) !== JSON.stringify(whole)) {
      throw new Error(`byte by byte: ${JSON.stringify(byBytes)}, whole: ${JSON.stringify(whole)}`);
    }
  },
);

function decode(chunks: readonly Buffer[], authenticated: boolean): Found {
  const decoder = new RequestDecoder({ bulkBytesMax: BULK_BYTES_MAX });
  decoder.authenticated = authenticated;
  const found: Found = { requests: [], error: '' };
  let fed = 0;
  for (const chunk of chunks) {
    const lent = Buffer.from(chunk);
    decoder.feed(lent);
    fed += chunk.length;
    let result = decoder.next();
    for (; result === REQUEST; result = decoder.next()) {
      const { args } = decoder;
      found.requests.push(Array.from({ length: args.count }, (_, index) => args.binary(index)));
    }
    if (result === BROKEN) {
      found.error = `${decoder.error} (${decoder.errorForLog})`;
      return found;
    }
    decoder.retain();
    lent.fill(0x58);
    checkMemory(decoder, fed);
  }
  return found;
}

/** What is held follows from what came and from the argument that was announced. */
function checkMemory(decoder: RequestDecoder, fed: number): void {
  if (decoder.bufferedBytes > fed) throw new Error(`${decoder.bufferedBytes} bytes buffered of ${fed}`);
  const most = 2 * fed + BULK_BYTES_MAX + HELD_BYTES_EXTRA;
  if (decoder.heldBytes > most) throw new Error(`${decoder.heldBytes} bytes held of ${fed}`);
}
