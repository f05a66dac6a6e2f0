import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { Fifo } from '../../src/sim/fifo.ts';

it('Fifo agrees with an array', () => {
  const operation = fc.constantFrom('push', 'push', 'push', 'shift', 'replaceHead', 'clear');
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 400, size: 'max' }), (operations) => {
      const fifo = new Fifo<number>();
      const model: number[] = [];
      for (const [index, kind] of operations.entries()) {
        if (kind === 'push') {
          fifo.push(index);
          model.push(index);
        } else if (kind === 'shift') expect(fifo.shift()).toBe(model.shift());
        else if (kind === 'replaceHead' && model.length > 0) {
          fifo.replaceHead(-index);
          model[0] = -index;
        } else if (kind === 'clear' && index % 7 === 0) {
          fifo.clear();
          model.length = 0;
        }
        expect([fifo.size, fifo.peek(), fifo.last()]).toEqual([model.length, model[0], model.at(-1)]);
      }
    }),
  );
});

it('Fifo keeps constant time and order over a hundred thousand items', () => {
  const fifo = new Fifo<number>();
  for (let i = 0; i < 100_000; i++) fifo.push(i);
  for (let i = 0; i < 100_000; i++) expect(fifo.shift() === i).toBe(true);
  expect(fifo.shift()).toBeUndefined();
});
