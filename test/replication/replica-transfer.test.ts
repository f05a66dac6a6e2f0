import { describe, expect, it } from 'vitest';
import { parseTransferHeader, TransferEnd } from '../../src/replication/replica-transfer.ts';

const ID = 'a'.repeat(40);

describe('the line before a snapshot', () => {
  it('gives its length, or the mark at its end', () => {
    expect(parseTransferHeader('$123')).toEqual({ kind: 'length', totalBytes: 123 });
    expect(parseTransferHeader(`$EOF:${ID}`)).toEqual({ kind: 'mark', mark: Buffer.from(ID) });
  });

  it('may be empty, as a sign of life', () => {
    expect(parseTransferHeader('')).toEqual({ kind: 'empty' });
  });

  it('may be an error, or nonsense', () => {
    expect(parseTransferHeader('-ERR no')).toEqual({
      kind: 'error',
      log: 'MASTER aborted replication with an error: ERR no',
    });
    for (const line of ['x', '$', '$0', '$-1', '$x']) {
      expect(parseTransferHeader(line)).toMatchObject({ kind: 'error' });
    }
  });
});

describe('the end of a snapshot', () => {
  const body = Buffer.from('REDIS0010 and whatever follows');

  it('is where its length says, and what comes behind it is left', () => {
    for (const size of [1, 3, body.length, 100]) {
      const end = new TransferEnd({ kind: 'length', totalBytes: body.length });
      const stream = Buffer.concat([body, Buffer.from('PING')]);
      let taken = 0;
      for (let at = 0; at < stream.length && !end.isReached; at += size)
        taken += end.take(stream.subarray(at, at + size));
      expect([taken, end.isReached, end.readBytes]).toEqual([body.length, true, body.length]);
    }
  });

  it('is where its mark is, however it comes', () => {
    for (const size of [1, 7, 39, 40, 41, 1000]) {
      const end = new TransferEnd({ kind: 'mark', mark: Buffer.from(ID) });
      const stream = Buffer.concat([body, Buffer.from(ID)]);
      const reached: number[] = [];
      for (let at = 0; at < stream.length; at += size) {
        end.take(stream.subarray(at, at + size));
        if (end.isReached) reached.push(Math.min(at + size, stream.length));
      }
      expect(reached).toEqual([stream.length]);
    }
  });
});
