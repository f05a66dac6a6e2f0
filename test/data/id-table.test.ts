import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Heap } from '../../src/data/heap.ts';
import { IdTable } from '../../src/data/id-table.ts';
import { StreamId } from '../../src/data/stream-id.ts';

function idOf(time: number): StreamId {
  return new StreamId().setTime(time);
}

/** Times of the IDs, each with its record's first word. */
function contentsOf(table: IdTable): [time: number, word: number][] {
  const contents: [number, number][] = [];
  const id = new StreamId();
  for (table.seekFirst(); table.hasRecord; table.next()) contents.push([table.readId(id).msLow, table.word(0)]);
  return contents;
}

function add(table: IdTable, time: number, word: number): void {
  if (!table.seek(idOf(time))) table.insert(idOf(time));
  table.setWord(0, word);
}

describe('a table of IDs', () => {
  const run = fc.record({
    kind: fc.constantFrom('add', 'add', 'remove', 'removeFirst'),
    from: fc.integer({ min: 0, max: 1000 }),
    count: fc.integer({ min: 1, max: 300 }),
    step: fc.constantFrom(1, 1, 3, -1, 7),
  });

  it('is an ordered map, whatever is added to it and removed', () => {
    fc.assert(
      fc.property(fc.array(run, { maxLength: 12, size: 'max' }), fc.integer({ min: 0, max: 1500 }), (runs, from) => {
        const heap = new Heap();
        let table = new IdTable(heap, 2);
        const model = new Map<number, number>();
        for (const [index, { kind, from: start, count, step }] of runs.entries()) {
          for (let i = 0; i < count; i++) {
            const time = Math.abs(start + i * step);
            if (kind === 'add') {
              add(table, time, index);
              model.set(time, index);
            } else if (kind === 'remove') {
              expect(table.seek(idOf(time))).toBe(model.delete(time));
              if (table.size > model.size) table.remove();
            } else if (table.size > 0) {
              table.seekFirst();
              model.delete(table.readId(new StreamId()).msLow);
              table.remove();
            }
          }
          const sorted = [...model].sort(([a], [b]) => a - b);
          expect(contentsOf(table)).toEqual(sorted);
          expect(table.size).toBe(model.size);
          table.seek(idOf(from));
          const next = sorted.find(([time]) => time >= from);
          expect(table.hasRecord ? table.readId(new StreamId()).msLow : undefined).toBe(next?.[0]);
          const copy = table.clone();
          while (!table.releaseSome());
          table = copy;
        }
        while (!table.releaseSome());
        expect(heap.usedBytes).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('goes on behind a record that is removed', () => {
    const table = new IdTable(new Heap(), 2);
    for (let time = 0; time < 1000; time++) add(table, time, 0);
    table.seekFirst();
    for (let time = 0; time < 1000; time++) {
      expect(table.readId(new StreamId()).msLow).toBe(time);
      if (time % 3 === 0) table.next();
      else table.remove();
    }
    expect(table.hasRecord).toBe(false);
    expect(table.size).toBe(334);
  });

  it('takes little more than its records when they come in order', () => {
    const heap = new Heap();
    const table = new IdTable(heap, 6);
    for (let time = 0; time < 10_000; time++) add(table, time, 0);
    expect(heap.usedBytes / 10_000).toBeLessThan(50);
    table.seekFirst();
    while (table.size > 3) table.remove();
    expect(heap.usedBytes).toBeLessThan(600);
  });
});
