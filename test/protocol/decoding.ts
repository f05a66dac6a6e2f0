/** Feeds bytes to a decoder as a host does: in chunks whose memory is overwritten when the decoder has had its turn. */
import { BROKEN, type DecoderLimits, REQUEST, RequestDecoder } from '../../src/protocol/request-decoder.ts';

export interface Decoded {
  /** Arguments as binary strings. */
  readonly requests: string[][];
  /** Text of the protocol error, or ''. */
  readonly error: string;
  /** Bytes that wait for more. */
  readonly buffered: number;
}

export interface DecodingOptions {
  readonly limits?: DecoderLimits;
  readonly authenticated?: boolean;
  readonly trusted?: boolean;
}

export const DEFAULT_LIMITS: DecoderLimits = { bulkBytesMax: 512 * 1024 * 1024 };

const GARBAGE = 0xaa;

export function decode(chunks: readonly Uint8Array[], options: DecodingOptions = {}): Decoded {
  const decoder = new RequestDecoder(options.limits ?? DEFAULT_LIMITS);
  decoder.authenticated = options.authenticated ?? true;
  decoder.trusted = options.trusted ?? false;
  const requests: string[][] = [];
  for (const chunk of chunks) {
    const memory = Buffer.from(chunk);
    decoder.feed(memory);
    const isBroken = takeRequests(decoder, requests);
    decoder.retain();
    memory.fill(GARBAGE);
    if (isBroken) break;
  }
  return { requests, error: decoder.error, buffered: decoder.bufferedBytes };
}

function takeRequests(decoder: RequestDecoder, requests: string[][]): boolean {
  for (let result = decoder.next(); ; result = decoder.next()) {
    if (result !== REQUEST) return result === BROKEN;
    requests.push(Array.from({ length: decoder.args.count }, (_, i) => decoder.args.binary(i)));
  }
}

/** The bytes cut at every position in turn: each result is two chunks. */
export function* everyCut(bytes: Uint8Array): Generator<[Uint8Array, Uint8Array]> {
  for (let at = 0; at <= bytes.length; at++) yield [bytes.subarray(0, at), bytes.subarray(at)];
}

export function byteByByte(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (byte) => Uint8Array.of(byte));
}

/** Cuts the bytes at the given positions, which need not be in order. */
export function cutAt(bytes: Uint8Array, positions: readonly number[]): Uint8Array[] {
  const ends = [...positions.map((position) => position % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1]!, end));
}

/** A request as clients send it. */
export function multibulk(...args: readonly string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join('')}`;
}
