import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventQueue, QueueEntry } from '../../src/host/event-queue.ts';

const entry = (): QueueEntry<null> => new QueueEntry<null>(null, () => {});

describe('EventQueue', () => {
  it('gives entries back by time, equal times by order', () => {
    const queue = new EventQueue<null>();
    const times = [5, 1, 3, 1, 5, 2, 1];
    for (const [order, time] of times.entries()) queue.push(entry(), time, order);
    const popped: [number, number][] = [];
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) popped.push([next.timeUs, next.order]);
    expect(popped).toEqual([
      [1, 1],
      [1, 3],
      [1, 6],
      [2, 5],
      [3, 2],
      [5, 0],
      [5, 4],
    ]);
  });

  it('agrees with a sorted list under any mix of pushes, pops and removals', () => {
    const operation = fc.oneof(
      // Mostly pushes, so that the heap grows deep enough for all its cases.
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('push' as const), time: fc.nat(50) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('pop' as const) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), at: fc.nat() }) },
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 200, size: 'max' }), (operations) => {
        const queue = new EventQueue<null>();
        let model: QueueEntry<null>[] = [];
        for (const [order, step] of operations.entries()) {
          if (step.kind === 'push') {
            const added = entry();
            queue.push(added, step.time, order);
            model.push(added);
            model.sort((a, b) => a.timeUs - b.timeUs || a.order - b.order);
          } else if (step.kind === 'pop') {
            expect(queue.pop()).toBe(model.shift());
          } else if (model.length > 0) {
            const victim = model[step.at % model.length]!;
            queue.remove(victim);
            expect(victim.queued).toBe(false);
            model = model.filter((other) => other !== victim);
          }
          expect(queue.size).toBe(model.length);
          expect(queue.peek()).toBe(model[0]);
        }
      }),
    );
  });

  it('takes an entry again once it has left, and not before', () => {
    const queue = new EventQueue<null>();
    const one = entry();
    queue.push(one, 1, 1);
    expect(() => queue.push(one, 2, 2)).toThrow('queued already');
    queue.remove(one);
    queue.remove(one);
    queue.push(one, 3, 3);
    expect(queue.pop()).toBe(one);
  });
});
