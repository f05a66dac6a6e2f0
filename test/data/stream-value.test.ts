import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Arguments } from '../../src/core/arguments.ts';
import { Heap } from '../../src/data/heap.ts';
import { binaryOfElement, isValidListpack } from '../../src/data/listpack.ts';
import { StreamCursor } from '../../src/data/stream-cursor.ts';
import { ID_TEXT, StreamId } from '../../src/data/stream-id.ts';
import { deletedEntries, listpackAt, listpackLength, liveEntries } from '../../src/data/stream-node.ts';
import { StreamValue } from '../../src/data/stream-value.ts';

const UINT64 = (1n << 64n) - 1n;

type Entry = readonly [id: bigint, values: readonly string[]];

function idOf(value: bigint): StreamId {
  const text = `${value >> 64n}-${value & UINT64}`;
  const id = new StreamId();
  expect(id.parse(Buffer.from(text), 0, text.length, ID_TEXT.strict)).toBe('whole');
  return id;
}

function valueOf(id: StreamId): bigint {
  const [ms, seq] = id.text.split('-');
  return (BigInt(ms!) << 64n) | BigInt(seq!);
}

function add(stream: StreamValue, id: bigint, values: readonly string[], nodeEntriesMax = 4, nodeBytesMax = 300): void {
  const args = Arguments.ofBinary(values);
  const limits = { nodeBytesMax, nodeEntriesMax };
  stream.append(idOf(id), args, 0, values.length / 2, args.totalLength(), limits);
}

function entriesOf(stream: StreamValue, from = 0n, to = (1n << 128n) - 1n, reverse = false): Entry[] {
  const entries: Entry[] = [];
  const cursor = new StreamCursor().start(stream, idOf(from), idOf(to), reverse);
  while (cursor.next()) {
    const values: string[] = [];
    for (let i = 0; i < cursor.fieldCount; i++) {
      cursor.nextField();
      values.push(binaryOfElement(cursor.bytes, cursor.field), binaryOfElement(cursor.bytes, cursor.value));
    }
    entries.push([valueOf(cursor.id), values]);
  }
  return entries;
}

/** Every node is a listpack that can be walked, and its counts are those of the stream. */
function checkNodes(stream: StreamValue): void {
  let live = 0;
  for (let i = 0; i < stream.nodeCount; i++) {
    const node = stream.nodeAt(i);
    const length = listpackLength(stream.heap, node);
    expect(isValidListpack(stream.heap.bytesOf(node), listpackAt(node), length, true)).toBe(true);
    live += liveEntries(stream.heap, node);
  }
  expect(live).toBe(stream.size);
}

function release(stream: StreamValue): void {
  while (!stream.releaseSome());
}

describe('IDs of streams', () => {
  const half = fc.oneof(
    fc.bigInt({ min: 0n, max: UINT64 }),
    fc.constantFrom(0n, 1n, 0xffff_ffffn, 1n << 32n, (1n << 53n) - 1n, 1n << 53n, UINT64 - 1n, UINT64),
  );
  const number = fc.tuple(half, half).map(([ms, seq]) => (ms << 64n) | seq);

  it('are compared, stepped over, stored and printed without loss', () => {
    fc.assert(
      fc.property(number, number, (a, b) => {
        const first = idOf(a);
        const second = idOf(b);
        expect(Math.sign(first.compare(second))).toBe(a < b ? -1 : a > b ? 1 : 0);
        const words = new Int32Array(4);
        second.write(words, 0);
        expect(Math.sign(first.compareWords(words, 0))).toBe(a < b ? -1 : a > b ? 1 : 0);
        expect(valueOf(new StreamId().read(words, 0))).toBe(b);
        const next = StreamId.of(first);
        expect(next.increment()).toBe(a !== (1n << 128n) - 1n);
        expect(valueOf(next)).toBe(BigInt.asUintN(128, a + 1n));
        expect(next.decrement()).toBe(a !== (1n << 128n) - 1n);
        expect(valueOf(next)).toBe(a);
      }),
    );
  });

  it.each([
    ['5', ID_TEXT.strict, 'whole', '5-0'],
    ['5-*', ID_TEXT.open, 'open', '5-0'],
    ['5-*', ID_TEXT.strict, 'invalid', ''],
    ['-', ID_TEXT.strict, 'invalid', ''],
    ['-', ID_TEXT.bounds, 'whole', '0-0'],
    ['+', ID_TEXT.bounds, 'whole', '18446744073709551615-18446744073709551615'],
    ['1-2\0x', ID_TEXT.strict, 'whole', '1-2'],
    ['18446744073709551616', ID_TEXT.strict, 'invalid', ''],
    ['', ID_TEXT.strict, 'invalid', ''],
    ['1-1-1', ID_TEXT.strict, 'invalid', ''],
    [`${'0'.repeat(127)}1`, ID_TEXT.strict, 'invalid', ''],
  ] as const)('of the text %j, allowed %j, are %s %s', (text, allowed, parsed, expected) => {
    const id = new StreamId();
    expect(id.parse(Buffer.from(text), 0, text.length, allowed)).toBe(parsed);
    if (parsed !== 'invalid') expect(id.text).toBe(expected);
  });
});

describe('a stream', () => {
  const names = fc.constantFrom('f', 'g', '12', 'a long name of a field');
  const text = fc.oneof(
    fc.integer().map(String),
    fc.constantFrom('', '9223372036854775807', 'x'.repeat(64), 'y'.repeat(5000)),
    fc.string({ unit: 'binary-ascii', maxLength: 20 }),
  );
  const values = fc.array(fc.tuple(names, text), { minLength: 1, maxLength: 3 }).map((pairs) => pairs.flat());
  const step = fc.oneof(
    fc.bigInt({ min: 1n, max: 5n }),
    fc.constantFrom(1n << 32n, 1n << 64n, (3n << 64n) - 2n, 1n << 96n, (1n << 63n) + 7n),
  );
  const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const operation = fc.oneof(
    { weight: 8, arbitrary: fc.record({ kind: fc.constant('add' as const), step, values }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('delete' as const), share }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('trim' as const), share }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('trimBefore' as const), share }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('clone' as const) }) },
  );

  it('has the entries that were added and not removed, whatever is done to it', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 120, size: 'max' }), share, share, (operations, from, to) => {
        const heap = new Heap();
        let stream = new StreamValue(heap);
        let model: Entry[] = [];
        let last = 0n;
        for (const each of operations) {
          const at = 'share' in each ? Math.floor(each.share * model.length) : 0;
          if (each.kind === 'add') {
            last += each.step;
            add(stream, last, each.values);
            model.push([last, each.values]);
          } else if (each.kind === 'delete' && model.length > 0) {
            expect(stream.delete(idOf(model[at]![0]))).toBe(true);
            expect(stream.delete(idOf(model[at]![0]))).toBe(false);
            model = model.toSpliced(at, 1);
          } else if (each.kind === 'trim') {
            expect(stream.trimToLength(at, false, 0)).toBe(Math.max(0, model.length - at));
            model = at === 0 ? [] : model.slice(-at);
          } else if (each.kind === 'trimBefore' && model.length > 0) {
            expect(stream.trimBefore(idOf(model[at]![0]), false, 0)).toBe(at);
            model = model.slice(at);
          } else if (each.kind === 'clone') {
            const copy = stream.clone();
            release(stream);
            stream = copy;
          }
          expect(stream.size).toBe(model.length);
          expect(valueOf(stream.firstId)).toBe(model[0]?.[0] ?? 0n);
          expect(valueOf(stream.lastId)).toBe(last);
        }
        checkNodes(stream);
        expect(entriesOf(stream)).toEqual(model);
        expect(entriesOf(stream, 0n, last, true)).toEqual(model.toReversed());
        const [low, high] = [from, to].map((each) => model[Math.floor(each * model.length)]?.[0] ?? 0n);
        const within = model.filter(([id]) => id > low! && id < high!);
        if (high! > low!) {
          expect(entriesOf(stream, low! + 1n, high! - 1n)).toEqual(within);
          expect(entriesOf(stream, low! + 1n, high! - 1n, true)).toEqual(within.toReversed());
        }
        release(stream);
        expect(heap.usedBytes).toBe(0);
      }),
      { numRuns: 150 },
    );
  });

  it('divides its entries among nodes by their number and their bytes', () => {
    const heap = new Heap();
    const stream = new StreamValue(heap);
    for (let i = 1n; i <= 10n; i++) add(stream, i, ['f', 'v'], 3, 0);
    expect(stream.nodeCount).toBe(4);
    for (let i = 11n; i <= 12n; i++) add(stream, i, ['f', 'v'.repeat(500)], 0, 600);
    expect(stream.nodeCount).toBe(5);
    stream.delete(idOf(2n));
    expect(liveEntries(heap, stream.nodeAt(0))).toBe(2);
    expect(deletedEntries(heap, stream.nodeAt(0))).toBe(1);
  });

  it('trims whole nodes where that is enough, within a limit', () => {
    const stream = new StreamValue(new Heap());
    for (let i = 1n; i <= 20n; i++) add(stream, i, ['f', 'v'], 5, 0);
    expect(stream.trimToLength(7, true, 0)).toBe(10);
    expect(stream.trimToLength(0, true, 4)).toBe(0);
    expect(stream.trimBefore(idOf(16n), true, 100)).toBe(5);
    expect(stream.nodeCount).toBe(1);
  });

  it('takes little more memory than the bytes of its entries', () => {
    const heap = new Heap();
    const stream = new StreamValue(heap);
    const entries = 20_000;
    for (let i = 1; i <= entries; i++) add(stream, BigInt(i) << 64n, ['field', `value:${i}`], 100, 4096);
    expect(heap.usedBytes / entries).toBeLessThan(30);
  });
});
