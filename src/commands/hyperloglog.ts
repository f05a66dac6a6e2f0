/** HyperLogLog: counting distinct elements within one percent, in strings of at most 12 KiB. */
import { fail } from '../core/errors.ts';
import {
  CHANGED,
  CORRUPT,
  DENSE_BYTES,
  estimate,
  looksLikeSketch,
  REGISTERS,
  Sketch,
  UNCHANGED,
} from '../data/hyperloglog.ts';
import { NONE } from '../data/heap.ts';
import type { Context } from './context.ts';
import { NOTIFY } from './notify-class.ts';
import { family, keyAt, keysFrom } from './row.ts';

const NOT_A_SKETCH = 'WRONGTYPE Key is not a valid HyperLogLog string value.';
const CORRUPTED = 'INVALIDOBJ Corrupted HLL object detected';

/** A working copy of the sketch that an entry holds. */
function sketchOf(c: Context, entry: number): Sketch {
  const view = c.db.view(entry);
  return looksLikeSketch(view) ? new Sketch(view) : fail(NOT_A_SKETCH);
}

/** As `sketchOf`, for a command that may change it: Redis makes the string "raw" before it knows whether it will. */
function sketchToChange(c: Context, entry: number): Sketch {
  const sketch = sketchOf(c, entry);
  c.db.resizeString(entry, sketch.length, true);
  return sketch;
}

/** Stores a sketch under a key argument, with the expire time that the key has. */
function store(c: Context, index: number, sketch: Sketch): void {
  const { args, db } = c;
  const { bytes, length } = sketch;
  const entry = db.setString(args.bytes, args.starts[index]!, args.ends[index]!, bytes, 0, length, true);
  db.resizeString(entry, length, true);
}

function pfadd(c: Context): void {
  const { args } = c;
  const entry = c.writeString(1);
  const sketch = entry === NONE ? Sketch.empty() : sketchToChange(c, entry);
  const { sparseSketchBytesMax } = c.services.settings;
  let changes = entry === NONE ? 1 : 0;
  for (let i = 2; i < args.count; i++) {
    const outcome = sketch.add(args.bytes, args.starts[i]!, args.ends[i]!, sparseSketchBytesMax);
    if (outcome === CORRUPT) fail(CORRUPTED);
    if (outcome === CHANGED) changes++;
  }
  if (changes > 0) {
    sketch.markStale();
    store(c, 1, sketch);
    c.changed(1, NOTIFY.string, 'pfadd', changes);
  }
  c.reply.integer(changes > 0 ? 1 : 0);
}

function pfcount(c: Context): void {
  if (c.args.count > 2) {
    c.reply.bigInteger(countUnion(c));
    return;
  }
  const entry = c.readString(1);
  if (entry === NONE) {
    c.reply.integer(0);
    return;
  }
  const sketch = sketchToChange(c, entry);
  let count = sketch.cachedCount;
  if (count === null) {
    count = estimate(sketch.histogram() ?? fail(CORRUPTED));
    sketch.cacheCount(count);
    store(c, 1, sketch);
    // The cached count is part of the value, so replicas get it too.
    c.services.keyModified(c.db, c.args.bytes, c.args.starts[1]!, c.args.ends[1]!);
    c.services.countChanges(1);
  }
  c.reply.bigInteger(count);
}

function countUnion(c: Context): bigint {
  const histogram = new Int32Array(64);
  for (const value of mergedRegisters(c, 1).registers) histogram[value]!++;
  return estimate(histogram);
}

/** The maximum of the registers of all keys from an argument on. */
function mergedRegisters(c: Context, from: number): { registers: Uint8Array; anyDense: boolean } {
  const registers = new Uint8Array(REGISTERS);
  let anyDense = false;
  for (let i = from; i < c.args.count; i++) {
    const entry = c.readString(i);
    if (entry === NONE) continue;
    const sketch = sketchOf(c, entry);
    anyDense ||= sketch.isDense;
    if (!sketch.mergeInto(registers)) fail(CORRUPTED);
  }
  return { registers, anyDense };
}

function pfmerge(c: Context): void {
  const { registers, anyDense } = mergedRegisters(c, 1);
  const entry = c.writeString(1);
  const sketch = entry === NONE ? Sketch.empty() : sketchToChange(c, entry);
  if (anyDense && !sketch.toDense()) fail(CORRUPTED);
  for (let index = 0; index < REGISTERS; index++) {
    if (registers[index]! > 0) sketch.set(index, registers[index]!, c.services.settings.sparseSketchBytesMax);
  }
  sketch.markStale();
  store(c, 1, sketch);
  c.changed(1, NOTIFY.string, 'pfadd');
  c.reply.ok();
}

// ---------------------------------------------------------------------------------------------------------- debugging

function pfdebug(c: Context): void {
  const { args, reply } = c;
  const entry = c.writeString(2);
  if (entry === NONE) fail('ERR The specified key does not exist');
  const sketch = sketchToChange(c, entry);
  const wasSparse = !sketch.isDense;
  if (args.is(1, 'getreg') || args.is(1, 'todense')) {
    if (!sketch.toDense()) fail(CORRUPTED);
    if (wasSparse) {
      store(c, 2, sketch);
      c.services.countChanges(1);
    }
    if (args.is(1, 'getreg')) replyRegisters(c, sketch);
    else reply.integer(wasSparse ? 1 : 0);
  } else if (args.is(1, 'decode')) {
    if (!wasSparse) fail('ERR HLL encoding is not sparse');
    reply.bulkBinary(sketch.describe());
  } else if (args.is(1, 'encoding')) reply.simple(wasSparse ? 'sparse' : 'dense');
  else fail(`ERR Unknown PFDEBUG subcommand '${args.cString(1)}'`);
}

function replyRegisters(c: Context, sketch: Sketch): void {
  c.reply.array(REGISTERS);
  sketch.forEachRun((_first, _run, value) => c.reply.integer(value));
}

const SELF_TEST_REGISTERS_ROUNDS = 20;
const SELF_TEST_ELEMENTS = 1_000_000;

/** Checks registers against an array, then sparse and dense counts against the truth, at powers of ten. */
function pfselftest(c: Context): void {
  testRegisters(c);
  const seed = c.services.random.bytes(8);
  const dense = Sketch.empty();
  dense.toDense();
  const sketch = Sketch.empty();
  const element = Buffer.alloc(8);
  const limit = c.services.settings.sparseSketchBytesMax;
  const relativeError = 1.04 / Math.sqrt(REGISTERS);
  for (let count = 1, checkpoint = 1; count <= SELF_TEST_ELEMENTS; count++) {
    element.writeUInt32LE(count);
    for (let i = 0; i < 8; i++) element[i]! ^= seed[i]!;
    dense.add(element, 0, 8, limit);
    sketch.add(element, 0, 8, limit);
    if (count !== checkpoint) continue;
    if (count < limit / 2 && sketch.isDense) fail('ERR TESTFAILED sparse encoding not used');
    const estimated = estimate(dense.histogram()!);
    if (estimated !== estimate(sketch.histogram()!)) fail('ERR TESTFAILED dense/sparse disagree');
    const error = Math.abs(count - Number(estimated));
    const allowed = count === 10 ? 1 : Math.ceil(relativeError * 6 * count);
    if (error > allowed) fail(`ERR TESTFAILED Too big error. card:${count} abserr:${error}`);
    checkpoint *= 10;
  }
  c.reply.ok();
}

function testRegisters(c: Context): void {
  for (let round = 0; round < SELF_TEST_REGISTERS_ROUNDS; round++) {
    const sketch = new Sketch(Sketch.empty().content);
    sketch.toDense();
    const expected = c.services.random.bytes(REGISTERS).map((byte) => byte & 63);
    for (let index = 0; index < REGISTERS; index++) sketch.set(index, expected[index]!, DENSE_BYTES);
    sketch.forEachRun((index, _run, value) => {
      if (value === expected[index]) return;
      fail(`ERR TESTFAILED Register ${index} should be ${expected[index]} but is ${value}`);
    });
    if (sketch.set(0, 0, DENSE_BYTES) !== UNCHANGED) fail('ERR TESTFAILED a register was lowered');
  }
}

export const hyperloglogCommands = family('hyperloglog', [
  {
    name: 'pfadd',
    arity: -2,
    flags: ['write', 'denyoom', 'fast'],
    keys: keyAt(1, 'RW insert'),
    since: '2.8.9',
    summary: 'Adds elements to a sketch of a set',
    complexity: 'O(1) for each element',
    syntax: 'key [element ...]',
    run: pfadd,
  },
  {
    name: 'pfcount',
    arity: -2,
    flags: ['readonly', 'may_replicate'],
    keys: keysFrom(1, 'RW access'),
    since: '2.8.9',
    summary: 'Estimates how many distinct elements one sketch, or the union of several, has seen',
    complexity: 'O(1) for one key with a small constant, O(N) for N keys with a large one',
    syntax: 'key ...',
    run: pfcount,
  },
  {
    name: 'pfdebug',
    arity: 3,
    flags: ['write', 'denyoom', 'admin'],
    keys: keyAt(2, 'RW access'),
    since: '2.8.9',
    summary: 'Shows the registers or the code of a sketch',
    complexity: 'O(1)',
    syntax: 'subcommand key',
    internal: true,
    run: pfdebug,
  },
  {
    name: 'pfmerge',
    arity: -2,
    flags: ['write', 'denyoom'],
    keys: [
      ...keyAt(1, 'RW access insert'),
      { flags: 'RO access', begin: { index: 2 }, find: { last: -1, step: 1, limit: 0 } },
    ],
    since: '2.8.9',
    summary: 'Merges sketches into one',
    complexity: 'O(N) for N sketches',
    syntax: 'destkey:key sourcekey:key ...',
    run: pfmerge,
  },
  {
    name: 'pfselftest',
    arity: 1,
    flags: ['admin'],
    since: '2.8.9',
    summary: 'Tests the implementation of sketches',
    complexity: 'O(1)',
    internal: true,
    run: pfselftest,
  },
]);
