import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf } from '../../src/core/latin1.ts';
import { Heap } from '../../src/data/heap.ts';
import { nodeStart } from '../../src/data/list-node.ts';
import { ListSearch } from '../../src/data/list-search.ts';
import { ListValue } from '../../src/data/list-value.ts';
import { binaryOfElement, isValidListpack, nextElement, firstElement } from '../../src/data/listpack.ts';
import { NO_ELEMENT } from '../../src/data/listpack-format.ts';

const NO_PLAIN = 1 << 30;

/** The elements of each node; fails where a node is no valid listpack. */
function nodesOf(list: ListValue): string[][] {
  return Array.from({ length: list.nodeCount }, (_, index) => {
    if (list.isPlain(index)) return [list.nodeBytes(index).toString('latin1')];
    const view = list.nodeBytes(index);
    expect(isValidListpack(view, 0, view.length, true)).toBe(true);
    const bytes = list.heap.bytesOf(list.nodeAt(index));
    const elements: string[] = [];
    let p = firstElement(bytes, nodeStart(list.heap, list.nodeAt(index)));
    for (; p !== NO_ELEMENT; p = nextElement(bytes, p)) elements.push(binaryOfElement(bytes, p));
    return elements;
  });
}

function elementsOf(list: ListValue): string[] {
  return nodesOf(list).flat();
}

function push(list: ListValue, atHead: boolean, element: string, threshold = NO_PLAIN): void {
  const bytes = bytesOf(element);
  list.push(atHead, bytes, 0, bytes.length, threshold);
}

function listOf(heap: Heap, fill: number, elements: readonly string[]): ListValue {
  const list = new ListValue(heap, fill);
  for (const element of elements) push(list, false, element);
  return list;
}

function release(list: ListValue): void {
  while (!list.releaseSome());
}

function numbers(count: number): string[] {
  return Array.from({ length: count }, (_, i) => String(i));
}

// ---------------------------------------------------------------------------------------------------------------- model

const element = fc.oneof(
  fc.integer({ min: -200, max: 200 }).map(String),
  fc.constantFrom('', 'x', '9223372036854775807', '-9223372036854775808', '70000', 'a'.repeat(63), 'b'.repeat(64)),
  fc.integer({ min: 0, max: 300 }).map((length) => 'v'.repeat(length)),
  fc.constantFrom('c'.repeat(5000), 'd'.repeat(9000), 'e'.repeat(40_000)),
);
const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

interface Operation {
  readonly kind: 'push' | 'drop' | 'insert' | 'replace' | 'removeAt' | 'removeRange' | 'removeAll' | 'clone';
  readonly element: string;
  readonly flag: boolean;
  readonly at: number;
  readonly extent: number;
}

const operation: fc.Arbitrary<Operation> = fc.record({
  kind: fc.oneof(
    { weight: 8, arbitrary: fc.constant('push' as const) },
    { weight: 3, arbitrary: fc.constantFrom('drop' as const, 'insert' as const, 'replace' as const) },
    { weight: 1, arbitrary: fc.constantFrom('removeAt' as const, 'removeRange' as const, 'removeAll' as const) },
    { weight: 1, arbitrary: fc.constant('clone' as const) },
  ),
  element,
  flag: fc.boolean(),
  at: share,
  extent: share,
});

/** A list beside an array that is given the same. */
class Twin {
  model: string[] = [];
  list: ListValue;
  readonly threshold: number;

  constructor(heap: Heap, fill: number, threshold: number) {
    this.list = new ListValue(heap, fill);
    this.threshold = threshold;
  }

  run({ kind, element: text, flag, at, extent }: Operation): void {
    const { model, list, threshold } = this;
    const bytes = bytesOf(text);
    if (kind === 'push') {
      list.push(flag, bytes, 0, bytes.length, threshold);
      if (flag) model.unshift(text);
      else model.push(text);
    }
    if (model.length === 0 || kind === 'push') return;
    const index = Math.floor(at * model.length);
    const place = list.placeOf(index);
    switch (kind) {
      case 'drop':
        list.drop(flag);
        if (flag) model.shift();
        else model.pop();
        break;
      case 'insert':
        list.insert(place, flag, bytes, 0, bytes.length, threshold);
        model.splice(flag ? index + 1 : index, 0, text);
        break;
      case 'replace':
        list.replace(place, bytes, 0, bytes.length, threshold);
        model[index] = text;
        break;
      case 'removeAt':
        list.removeAt(place);
        model.splice(index, 1);
        break;
      case 'removeRange': {
        const count = Math.floor(extent * (model.length - index + 1));
        list.removeRange(index, count);
        model.splice(index, count);
        break;
      }
      case 'removeAll':
        this.removeAll(model[index]!, flag);
        break;
      case 'clone': {
        const copy = list.clone();
        release(list);
        this.list = copy;
      }
    }
  }

  removeAll(text: string, fromTail: boolean): void {
    const { list } = this;
    const bytes = bytesOf(text);
    const search = new ListSearch(list, fromTail, bytes, 0, bytes.length);
    while (search.next()) search.removed(list.removeAt(search));
    this.model = this.model.filter((other) => other !== text);
  }
}

describe('a list', () => {
  it('behaves like an array, whatever the size of its nodes, and frees all that it took', () => {
    fc.assert(
      fc.property(
        fc.array(operation, { maxLength: 120, size: 'max' }),
        fc.constantFrom(-5, -2, -1, 0, 1, 3, 128),
        fc.constantFrom(NO_PLAIN, 200),
        (operations, fill, threshold) => {
          const heap = new Heap();
          const twin = new Twin(heap, fill, threshold);
          for (const each of operations) {
            twin.run(each);
            expect(twin.list.size).toBe(twin.model.length);
          }
          expect(elementsOf(twin.list)).toEqual(twin.model);
          for (const [i, text] of twin.model.entries()) {
            const { node, offset } = twin.list.placeOf(i);
            expect(nodesOf(twin.list)[node]![offset]).toBe(text);
          }
          release(twin.list);
          expect(heap.usedBytes).toBe(0);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('finds each match from either end, and stops after as many elements as it may look at', () => {
    const list = listOf(new Heap(), 4, 'a b a 7 a b a a 7 b'.split(' '));
    const find = (text: string, fromTail: boolean, limit?: number): number[] => {
      const search = new ListSearch(list, fromTail, bytesOf(text), 0, text.length);
      const found: number[] = [];
      while (search.next(limit)) found.push(fromTail ? list.size - search.seen : search.seen - 1);
      return found;
    };
    expect(find('a', false)).toEqual([0, 2, 4, 6, 7]);
    expect(find('a', true)).toEqual([7, 6, 4, 2, 0]);
    expect(find('7', false)).toEqual([3, 8]);
    expect(find('07', false)).toEqual([]);
    expect(find('a', false, 5)).toEqual([0, 2, 4]);
    expect(find('a', true, 1)).toEqual([]);
  });
});

describe('the nodes of a list', () => {
  it('hold as many bytes as -1 to -5 stand for', () => {
    for (const [fill, bytes] of [4096, 8192, 16384, 32768, 65536].entries()) {
      const list = listOf(new Heap(), -fill - 1, numbers(40_000));
      for (let i = 0; i < list.nodeCount - 1; i++) {
        expect(list.nodeBytes(i).length).toBeLessThanOrEqual(bytes);
        expect(list.nodeBytes(i).length).toBeGreaterThan(bytes - 16);
      }
    }
  });

  it('hold as many elements as a positive number says, but no more than 8 KiB of them', () => {
    expect(nodesOf(listOf(new Heap(), 4, numbers(10))).map(({ length }) => length)).toEqual([4, 4, 2]);
    const long = listOf(
      new Heap(),
      100,
      Array.from({ length: 20 }, () => 'x'.repeat(1000)),
    );
    expect(nodesOf(long).map(({ length }) => length)).toEqual([8, 8, 4]);
  });

  it('are split where an element is inserted into a full one, and merged with what fits', () => {
    const list = listOf(new Heap(), 4, numbers(8));
    list.insert({ node: 0, offset: 1 }, true, bytesOf('x'), 0, 1, NO_PLAIN);
    expect(nodesOf(list)).toEqual([
      ['0', '1'],
      ['x', '2', '3'],
      ['4', '5', '6', '7'],
    ]);
    list.insert({ node: 2, offset: 1 }, false, bytesOf('y'), 0, 1, NO_PLAIN);
    expect(nodesOf(list)).toEqual([
      ['0', '1'],
      ['x', '2', '3'],
      ['4', 'y'],
      ['5', '6', '7'],
    ]);
  });

  it('hold a long element alone', () => {
    const list = new ListValue(new Heap(), -2);
    for (const text of ['a', 'long', 'b']) push(list, false, text, 4);
    expect([0, 1, 2].map((index) => list.isPlain(index))).toEqual([false, true, false]);
    list.replace(list.placeOf(1), bytesOf('c'), 0, 1, 4);
    expect(nodesOf(list)).toEqual([['a'], ['c', 'b']]);
    list.replace(list.placeOf(2), bytesOf('tall'), 0, 4, 4);
    expect(nodesOf(list)).toEqual([['a'], ['c'], ['tall']]);
    expect(list.isPlain(2)).toBe(true);
  });

  it('can be taken over whole', () => {
    const source = listOf(new Heap(), -2, numbers(3000));
    push(source, false, 'plain', 5);
    const target = new ListValue(new Heap(), -2);
    for (let i = 0; i < source.nodeCount; i++) {
      const bytes = source.nodeBytes(i);
      target.appendNode(bytes, 0, bytes.length, source.isPlain(i));
    }
    expect(target.size).toBe(3001);
    expect(nodesOf(target)).toEqual(nodesOf(source));
  });
});

describe('the ends of a list', () => {
  it('take and give a million elements without a look at the others', () => {
    const heap = new Heap();
    const list = new ListValue(heap, -2);
    for (let i = 0; i < 500_000; i++) {
      push(list, true, String(-i));
      push(list, false, String(i));
    }
    expect(list.size).toBe(1_000_000);
    expect(heap.usedBytes).toBeLessThan(6_000_000);
    for (let i = 0; i < 500_000; i++) {
      list.drop(i % 2 === 0);
      list.drop(i % 3 === 0);
    }
    expect(list.size).toBe(0);
    expect([list.nodeCount, heap.usedBytes]).toEqual([0, 0]);
  });

  it('give back memory while a long list is emptied', () => {
    const heap = new Heap();
    const list = listOf(heap, -2, numbers(10_000));
    const full = heap.usedBytes;
    list.removeRange(5, 9_990);
    expect(heap.usedBytes).toBeLessThan(full / 20);
  });
});
