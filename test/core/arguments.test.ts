import { describe, expect, it } from 'vitest';
import { Arguments } from '../../src/core/arguments.ts';
import { RequestDecoder } from '../../src/protocol/request-decoder.ts';

/** What a server writes down of the first request, where it can take it as it came. */
function wireForm(sent: string): string | null {
  const decoder = new RequestDecoder({ bulkBytesMax: 1024 });
  decoder.feed(Buffer.from(sent, 'latin1'));
  decoder.next();
  const { args } = decoder;
  const start = args.wireStart;
  return start < 0 ? null : args.bytes.toString('latin1', start, args.ends[args.count - 1]! + 2);
}

function wire(...words: string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}

describe('the wire form of a request', () => {
  it.each([
    wire('PING'),
    wire('SET', 'k', 'v'),
    wire('set', '', 'x'.repeat(1000)),
    wire('MSET', ...Array.from({ length: 30 }, (_, at) => '*1\r\n$'.repeat(at))),
  ])('is where it was sent: %j', (request) => {
    expect(wireForm(request)).toBe(request);
    expect(wireForm(request + wire('GET', 'k'))).toBe(request);
  });

  it.each([
    'PING\r\n',
    'SET k v\r\n',
    'SET      k      v\r\n',
    '*03\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n',
    '*3\r\n$3\r\nSET\r\n$01\r\nk\r\n$1\r\nv\r\n',
    '*3\r\n$03\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n',
  ])('is nowhere where it was sent in another one: %j', (request) => {
    expect(wireForm(request)).toBeNull();
  });

  it('is nowhere in requests that no client sent, and in copies', () => {
    expect(Arguments.ofBinary(['SET', 'k', 'v']).wireStart).toBe(-1);
    const decoder = new RequestDecoder({ bulkBytesMax: 1024 });
    decoder.feed(Buffer.from(wire('SET', 'k', 'v')));
    decoder.next();
    expect(decoder.args.detach().wireStart).toBe(-1);
  });

  it('is nowhere where there are fewer arguments than were sent', () => {
    const decoder = new RequestDecoder({ bulkBytesMax: 1024 });
    decoder.feed(Buffer.from(wire('SET', 'k', 'v')));
    decoder.next();
    decoder.args.count = 2;
    expect(decoder.args.wireStart).toBe(-1);
  });
});
