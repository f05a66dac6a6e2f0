import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Dict } from '../../src/data/dict.ts';
import { KeyHash } from '../../src/data/hash.ts';
import { Heap, NONE } from '../../src/data/heap.ts';
import { keyLengthAt, keyOffsetAt, LENGTH, ROOMY, TAG } from '../../src/data/record.ts';
import { Prng } from '../../src/host/prng.ts';

/** A dict of texts to numbers, beside a Map that says what it should hold. */
class Checked {
  readonly heap = new Heap();
  readonly dict: Dict;
  readonly model = new Map<string, number>();
  readonly random = new Prng(7);

  constructor(hash: KeyHash = new KeyHash(new Prng(1).bytes(8))) {
    this.dict = new Dict(this.heap, hash);
  }

  find(key: string): number {
    const bytes = Buffer.from(key, 'latin1');
    return this.dict.find(bytes, 0, bytes.length);
  }

  set(key: string, value: number, roomy = false): void {
    const bytes = Buffer.from(`..${key}`, 'latin1');
    let address = this.dict.find(bytes, 2, bytes.length);
    if (address === NONE) address = this.dict.insert(bytes, 2, bytes.length, 4, roomy ? ROOMY : 0);
    this.writeValue(address, value);
    this.model.set(key, value);
  }

  remove(key: string): void {
    const address = this.find(key);
    expect(address === NONE).toBe(!this.model.delete(key));
    if (address !== NONE) this.dict.remove(address);
  }

  /** Moves a record to another block, as a value that grows does. */
  replace(key: string): void {
    const address = this.find(key);
    if (address === NONE) return;
    const size = this.heap.capacity(address);
    const target = this.heap.allocate(size);
    const from = Heap.byteOffset(address);
    this.heap.bytesOf(address).copy(this.heap.bytesOf(target), Heap.byteOffset(target), from, from + size);
    this.dict.replace(address, target);
  }

  keyAt(address: number): string {
    const words = this.heap.wordsOf(address);
    const record = Heap.wordOffset(address);
    const at = keyOffsetAt(words, record);
    return this.heap.bytesOf(address).toString('latin1', at, at + keyLengthAt(words, record));
  }

  valueAt(address: number): number {
    return this.heap.bytesOf(address).readInt32LE(this.#valueOffset(address));
  }

  writeValue(address: number, value: number): void {
    this.heap.bytesOf(address).writeInt32LE(value, this.#valueOffset(address));
  }

  #valueOffset(address: number): number {
    const words = this.heap.wordsOf(address);
    const record = Heap.wordOffset(address);
    return keyOffsetAt(words, record) + keyLengthAt(words, record);
  }

  contents(): Map<string, number> {
    const found = new Map<string, number>();
    this.dict.forEach((address) => {
      expect(found.has(this.keyAt(address))).toBe(false);
      found.set(this.keyAt(address), this.valueAt(address));
    });
    return found;
  }

  check(): void {
    expect(this.dict.size).toBe(this.model.size);
    expect(this.contents()).toEqual(this.model);
    for (const [key, value] of this.model) {
      const address = this.find(key);
      expect(address, key).not.toBe(NONE);
      expect(this.valueAt(address)).toBe(value);
    }
  }
}

/** Gives every key one of a few hashes, so that chains are long and tags are equal. */
class PoorHash extends KeyHash {
  readonly #distinct: number;

  constructor(distinct: number) {
    super(new Uint8Array(8));
    this.#distinct = distinct;
  }

  override of(bytes: Uint8Array, start: number, end: number): number {
    const hash = super.of(bytes, start, end) >>> 0;
    return Math.imul(hash % this.#distinct, 0x9e3779b1) | 0;
  }
}

const keys = fc.oneof(
  { weight: 6, arbitrary: fc.nat(300).map((n) => `key:${n}`) },
  { weight: 1, arbitrary: fc.constant('') },
  // Around the length where the tag no longer tells it.
  { weight: 2, arbitrary: fc.integer({ min: 252, max: 258 }).map((n) => 'x'.repeat(n)) },
  { weight: 1, arbitrary: fc.constantFrom('a', 'b').map((last) => 'y'.repeat(400) + last) },
);
const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ op: fc.constant('set' as const), key: keys, roomy: fc.boolean() }) },
    { weight: 3, arbitrary: fc.record({ op: fc.constant('remove' as const), key: keys }) },
    { weight: 2, arbitrary: fc.record({ op: fc.constant('replace' as const), key: keys }) },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('shrink' as const) }) },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('step' as const) }) },
  ),
  { maxLength: 1200, size: 'max' },
);
type Script = typeof steps extends fc.Arbitrary<infer T> ? T : never;

function play(checked: Checked, script: Script): void {
  let value = 0;
  for (const step of script) {
    if (step.op === 'set') checked.set(step.key, value++, step.roomy);
    else if (step.op === 'remove') checked.remove(step.key);
    else if (step.op === 'replace') checked.replace(step.key);
    else if (step.op === 'shrink') checked.dict.shrinkIfSparse();
    else checked.dict.resizeStep();
  }
}

describe('a dict', () => {
  it('holds what a Map holds, after any sequence of changes', () => {
    fc.assert(
      fc.property(steps, (script) => {
        const checked = new Checked();
        play(checked, script);
        checked.check();
        for (const key of checked.model.keys()) checked.remove(key);
        expect(checked.heap.usedBytes).toBe(0);
      }),
      { numRuns: 20 },
    );
  });

  it('tells keys apart whose hashes are equal', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 3 }), (script, distinct) => {
        const checked = new Checked(new PoorHash(distinct));
        play(checked, script);
        checked.check();
      }),
      { numRuns: 10 },
    );
  });

  it('knows the length of keys that are too long for the tag', () => {
    const checked = new Checked();
    for (const length of [254, 255, 256, 511, 70_000]) {
      for (const roomy of [false, true]) {
        const key = (roomy ? 'r' : 'p').repeat(length);
        checked.set(key, length, roomy);
        const address = checked.find(key);
        expect(checked.heap.wordsOf(address)[Heap.wordOffset(address) + TAG]! & 0xff).toBe(Math.min(length, 255));
        expect(checked.keyAt(address)).toBe(key);
        expect(checked.heap.wordsOf(address)[Heap.wordOffset(address) + LENGTH]).toBe(4);
      }
    }
    checked.check();
  });

  it('moves a few buckets per operation while it grows, never all at once', () => {
    const checked = new Checked();
    for (let i = 0; i <= 4096; i++) checked.set(`key:${i}`, i);
    expect(checked.dict.isResizing).toBe(true);
    let operations = 0;
    while (checked.dict.isResizing) {
      checked.find('nothing');
      operations++;
    }
    expect(operations).toBeGreaterThan(1000);
    expect(operations).toBeLessThanOrEqual(4097);
    checked.check();
  });

  it('shrinks when less than a tenth of it is used, and not before', () => {
    const checked = new Checked();
    for (let i = 0; i < 1024; i++) checked.set(`key:${i}`, i);
    while (checked.dict.isResizing) checked.dict.resizeStep();
    const { buckets } = checked.dict;
    for (let i = 0; i < 1024 - buckets / 10 - 1; i++) checked.remove(`key:${i}`);
    checked.dict.shrinkIfSparse();
    expect(checked.dict.isResizing).toBe(false);
    for (let i = 900; i < 930; i++) checked.remove(`key:${i}`);
    checked.dict.shrinkIfSparse();
    expect(checked.dict.isResizing).toBe(true);
    while (checked.dict.isResizing) checked.dict.resizeStep();
    expect(checked.dict.buckets).toBe(128);
    checked.check();
  });

  it('reserves room for a load of known size', () => {
    const checked = new Checked();
    checked.dict.reserve(1000);
    const { buckets } = checked.dict;
    expect(buckets).toBe(1024);
    for (let i = 0; i < 1000; i++) checked.set(`key:${i}`, i);
    expect(checked.dict.buckets).toBe(buckets);
  });

  it('does not move buckets while somebody walks them', () => {
    const checked = new Checked();
    for (let i = 0; i < 1025; i++) checked.set(`key:${i}`, i);
    expect(checked.dict.isResizing).toBe(true);
    checked.dict.hold();
    for (let i = 0; i < 5000; i++) checked.dict.resizeStep();
    expect(checked.dict.isResizing).toBe(true);
    checked.dict.release();
    for (let i = 0; i < 5000; i++) checked.dict.resizeStep();
    expect(checked.dict.isResizing).toBe(false);
  });
});

describe('a scan of a dict', () => {
  /** Scans to the end; `between` runs between two steps. */
  function scanAll(checked: Checked, between: (step: number) => void): Set<string> {
    const seen = new Set<string>();
    let cursor = 0;
    let step = 0;
    do {
      cursor = checked.dict.scan(cursor, (address) => seen.add(checked.keyAt(address)));
      between(step++);
    } while (cursor !== 0);
    return seen;
  }

  it('sees every key that is there all the time, however the dict grows and shrinks meanwhile', () => {
    const noise = fc.array(
      fc.record({ at: fc.nat(200), add: fc.nat(400), remove: fc.nat(400), shrink: fc.boolean(), steps: fc.nat(300) }),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.nat(900), noise, (residents, others, events) => {
        const checked = new Checked();
        for (let i = 0; i < residents; i++) checked.set(`stays:${i}`, i);
        for (let i = 0; i < others; i++) checked.set(`other:${i}`, i);
        let next = others;
        let first = 0;
        const seen = scanAll(checked, (step) => {
          for (const event of events) {
            if (event.at !== step) continue;
            for (let i = 0; i < event.add; i++) checked.set(`other:${next++}`, 0);
            for (let i = 0; i < event.remove && first < next; i++) checked.remove(`other:${first++}`);
            if (event.shrink) checked.dict.shrinkIfSparse();
            for (let i = 0; i < event.steps; i++) checked.dict.resizeStep();
          }
        });
        for (let i = 0; i < residents; i++) expect(seen.has(`stays:${i}`)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('sees every key also where a table is larger than the tags can tell', () => {
    const checked = new Checked();
    checked.dict.reserve(2 ** 25);
    for (let i = 0; i < 300; i++) checked.set(`key:${i}`, i);
    checked.check();
    const seen = new Set<string>();
    let cursor = 0;
    // Some of the large table, some of both, the rest of the small one.
    do cursor = checked.dict.scan(cursor, (address) => seen.add(checked.keyAt(address)));
    while (seen.size < 20);
    checked.dict.shrinkIfSparse();
    expect(checked.dict.isResizing).toBe(true);
    do cursor = checked.dict.scan(cursor, (address) => seen.add(checked.keyAt(address)));
    while (cursor !== 0 && seen.size < 25);
    while (checked.dict.isResizing) checked.dict.resizeStep();
    expect(checked.dict.buckets).toBe(512);
    while (cursor !== 0) cursor = checked.dict.scan(cursor, (address) => seen.add(checked.keyAt(address)));
    expect(seen.size).toBe(300);
    checked.check();
  });

  it('lets the visitor remove the record that it is given', () => {
    const checked = new Checked();
    for (let i = 0; i < 700; i++) checked.set(`key:${i}`, i);
    let cursor = 0;
    do cursor = checked.dict.scan(cursor, (address) => checked.dict.remove(address));
    while (cursor !== 0);
    expect(checked.dict.size).toBe(0);
    expect(checked.heap.usedBytes).toBe(0);
  });

  it('takes any cursor', () => {
    const checked = new Checked();
    for (let i = 0; i < 100; i++) checked.set(`key:${i}`, i);
    for (const cursor of [1, 127, 128, 2 ** 31, 2 ** 32 - 1]) {
      let steps = 0;
      let at = cursor;
      do at = checked.dict.scan(at, () => {});
      while (at !== 0 && steps++ < 1000);
      expect(at).toBe(0);
    }
  });
});

describe('a random record', () => {
  /** The chi-square statistic of draws that should be even, per degree of freedom. */
  function unevenness(draw: () => string, kinds: number, draws: number): number {
    const counts = new Map<string, number>();
    for (let i = 0; i < draws; i++) {
      const key = draw();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(kinds);
    const expected = draws / kinds;
    return [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0) / (kinds - 1);
  }

  it('may be any of them, also while the dict resizes', () => {
    const checked = new Checked();
    for (let i = 0; i < 65; i++) checked.set(`key:${i}`, i);
    checked.dict.hold();
    expect(checked.dict.isResizing).toBe(true);
    unevenness(() => checked.keyAt(checked.dict.random(checked.random)), 65, 20_000);
    checked.dict.release();
    unevenness(() => checked.keyAt(checked.dict.random(checked.random)), 65, 20_000);
  });

  it('is drawn evenly where fairness is asked for', () => {
    const checked = new Checked();
    for (let i = 0; i < 100; i++) checked.set(`key:${i}`, i);
    const plain = unevenness(() => checked.keyAt(checked.dict.random(checked.random)), 100, 50_000);
    const fair = unevenness(() => checked.keyAt(checked.dict.fairRandom(checked.random)), 100, 50_000);
    expect(fair).toBeLessThan(plain / 2);
  });

  it('is found in a sparse table too', () => {
    const checked = new Checked();
    for (let i = 0; i < 3000; i++) checked.set(`key:${i}`, i);
    for (let i = 0; i < 2998; i++) checked.remove(`key:${i}`);
    unevenness(() => checked.keyAt(checked.dict.fairRandom(checked.random)), 2, 500);
  });

  it('is drawn evenly from one long chain in a sparse table', () => {
    const checked = new Checked(new PoorHash(1));
    for (let i = 0; i < 600; i++) checked.set(`key:${i}`, i);
    for (let i = 30; i < 600; i++) checked.remove(`key:${i}`);
    const draw = (): string => checked.keyAt(checked.dict.fairRandom(checked.random));
    expect(unevenness(draw, 30, 6000)).toBeLessThan(2);
    checked.dict.shrinkIfSparse();
    expect(checked.dict.isResizing).toBe(true);
    expect(unevenness(draw, 30, 6000)).toBeLessThan(2);
  });

  it('is none when there is none', () => {
    const checked = new Checked();
    expect(checked.dict.random(checked.random)).toBe(NONE);
    expect(checked.dict.fairRandom(checked.random)).toBe(NONE);
    checked.set('a', 1);
    checked.remove('a');
    expect(checked.dict.fairRandom(checked.random)).toBe(NONE);
  });

  it('comes with distinct neighbours, every record among them once in a while', () => {
    const checked = new Checked(new PoorHash(7));
    for (let i = 0; i < 50; i++) checked.set(`key:${i}`, i);
    const reached = new Set<number>();
    for (let i = 0; i < 2000; i++) {
      const some = checked.dict.some(5, checked.random);
      expect(new Set(some).size).toBe(some.length);
      expect(some.length).toBeLessThanOrEqual(5);
      for (const address of some) reached.add(address);
    }
    expect(reached.size).toBe(50);
    expect(checked.dict.some(1000, checked.random).length).toBeLessThanOrEqual(50);
    expect(checked.dict.some(0, checked.random)).toEqual([]);
  });

  it('costs a bounded number of steps in an almost empty table', () => {
    const checked = new Checked();
    checked.dict.reserve(2 ** 22);
    checked.set('only', 1);
    const started = performance.now();
    for (let i = 0; i < 1000; i++) checked.dict.some(5, checked.random);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
