import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReplicationBuffer, type StreamReader } from '../../src/replication/replication-buffer.ts';

const BACKLOG_BYTES = 64 * 1024;
const BLOCK_BYTES = 16 * 1024;

function make(sizeBytes = BACKLOG_BYTES): ReplicationBuffer {
  return new ReplicationBuffer(() => sizeBytes);
}

function readAll(buffer: ReplicationBuffer, reader: StreamReader): string {
  const parts: Buffer[] = [];
  for (let bytes = buffer.read(reader); bytes !== null; bytes = buffer.read(reader)) parts.push(Buffer.from(bytes));
  return Buffer.concat(parts).toString('latin1');
}

describe('the replication buffer', () => {
  it('counts offsets from 1, so that an offset is a number of bytes', () => {
    const buffer = make();
    expect([buffer.firstOffset, buffer.endOffset]).toEqual([1, 0]);
    buffer.append(Buffer.from('abc'));
    expect([buffer.firstOffset, buffer.endOffset, buffer.historyBytes]).toEqual([1, 3, 3]);
    expect(readAll(buffer, buffer.reader(2))).toBe('bc');
  });

  it('reaches from its first byte to the one that will be written next', () => {
    const buffer = make();
    buffer.restart(100);
    buffer.append(Buffer.from('abc'));
    expect([100, 101, 103, 104, 105].map((offset) => buffer.reaches(offset))).toEqual([false, true, true, true, false]);
  });

  it('gives each reader the bytes from its place on, those before the first block included', () => {
    const buffer = make();
    const early = buffer.reader();
    buffer.append(Buffer.from('abc'));
    const late = buffer.reader();
    const same = buffer.copyReader(early);
    buffer.append(Buffer.from('def'));
    expect([readAll(buffer, early), readAll(buffer, late), readAll(buffer, same)]).toEqual(['abcdef', 'def', 'abcdef']);
    expect(buffer.hasMore(early)).toBe(false);
    expect(buffer.read(early)).toBe(null);
  });

  it('lets go of whole blocks, and never below its size', () => {
    const buffer = make();
    for (let i = 0; i < 10; i++) buffer.append(Buffer.alloc(BLOCK_BYTES));
    expect(buffer.historyBytes).toBe(BACKLOG_BYTES + BLOCK_BYTES);
    expect(buffer.endOffset).toBe(10 * BLOCK_BYTES);
    expect(buffer.firstOffset).toBe(5 * BLOCK_BYTES + 1);
  });

  it('keeps what a slow reader needs, and lets go of it when the reader is gone', () => {
    const buffer = make();
    buffer.append(Buffer.alloc(1));
    const slow = buffer.reader(1);
    for (let i = 0; i < 10; i++) buffer.append(Buffer.alloc(BLOCK_BYTES));
    expect(buffer.historyBytes).toBe(10 * BLOCK_BYTES + 1);
    expect(buffer.pendingBytes(slow)).toBe(10 * BLOCK_BYTES + 1);
    expect(buffer.pendingMemory(slow)).toBeGreaterThan(10 * BLOCK_BYTES);
    buffer.release(slow);
    expect(buffer.historyBytes).toBeLessThanOrEqual(BACKLOG_BYTES + BLOCK_BYTES);
  });

  it('follows a size that shrinks', () => {
    let size = 1024 * 1024;
    const buffer = new ReplicationBuffer(() => size);
    for (let i = 0; i < 64; i++) buffer.append(Buffer.alloc(BLOCK_BYTES));
    expect(buffer.historyBytes).toBe(64 * BLOCK_BYTES);
    size = 1;
    buffer.trim();
    // One block of the size that blocks had before.
    expect(buffer.historyBytes).toBe(4 * BLOCK_BYTES);
    expect(buffer.memoryBytes).toBeLessThan(5 * BLOCK_BYTES);
  });

  it('tells when another block was begun', () => {
    const buffer = make();
    let grown = 0;
    buffer.onGrowth = (): void => void grown++;
    buffer.append(Buffer.alloc(10));
    buffer.append(Buffer.alloc(10));
    expect(grown).toBe(1);
    buffer.append(Buffer.alloc(3 * BLOCK_BYTES));
    expect(grown).toBe(4);
  });

  it('moves with all its bytes when it turns out where in the history they are', () => {
    const buffer = make();
    buffer.append(Buffer.from('abc'));
    buffer.rebase(1000);
    expect([buffer.firstOffset, buffer.endOffset]).toEqual([1001, 1003]);
    expect(readAll(buffer, buffer.reader(1002))).toBe('bc');
  });

  it('gives every reader every byte once and in order, whatever is written and read in between', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('write' as const), length: fc.integer({ min: 1, max: 40_000 }) }),
      fc.record({ kind: fc.constant('read' as const), who: fc.nat(3) }),
      fc.record({ kind: fc.constant('come' as const), who: fc.nat(3) }),
      fc.record({ kind: fc.constant('go' as const), who: fc.nat(3) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const buffer = make(BLOCK_BYTES);
        const readers = new Map<number, { reader: StreamReader; offset: number }>();
        for (const action of steps) {
          if (action.kind === 'write') {
            const from = buffer.endOffset + 1;
            buffer.append(Buffer.from(Array.from({ length: action.length }, (_, i) => (from + i) & 0xff)));
          } else if (action.kind === 'come' && !readers.has(action.who)) {
            const offset = Math.max(buffer.firstOffset, buffer.endOffset - 20_000);
            readers.set(action.who, { reader: buffer.reader(offset), offset });
          } else if (action.kind === 'go') {
            const leaving = readers.get(action.who);
            if (leaving !== undefined) buffer.release(leaving.reader);
            readers.delete(action.who);
          } else if (action.kind === 'read') {
            const state = readers.get(action.who);
            const bytes = state === undefined ? null : buffer.read(state.reader);
            for (const byte of bytes ?? []) if (byte !== (state!.offset++ & 0xff)) return false;
          }
        }
        for (const state of readers.values()) {
          for (let bytes = buffer.read(state.reader); bytes !== null; bytes = buffer.read(state.reader)) {
            for (const byte of bytes) if (byte !== (state.offset++ & 0xff)) return false;
          }
          if (state.offset !== buffer.endOffset + 1) return false;
        }
        return buffer.historyBytes === buffer.endOffset - buffer.firstOffset + 1;
      }),
    );
  });
});
