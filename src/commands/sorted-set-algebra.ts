/**
 * Union, intersection and difference of sorted sets and sets, replied or stored.
 *
 * Scores are summed (or the lowest, or the highest is taken) in the order of the inputs' sizes, smallest first, because
 * floating point remembers the order. A sum or product that is no number counts as zero.
 */
import { fail, SYNTAX_ERROR } from '../core/errors.ts';
import { NONE } from '../data/heap.ts';
import { ByteRange } from '../data/zset-reader.ts';
import { ZsetValue } from '../data/zset-value.ts';
import type { Context } from './context.ts';
import { sendRun } from './sorted-set-send.ts';
import { type Source, sourceAt } from './sorted-set-source.ts';
import { storeResult } from './sorted-set-store.ts';

type Operation = 'union' | 'inter' | 'diff';
type Aggregate = (a: number, b: number) => number;

const sum: Aggregate = (a, b) => numberOrZero(a + b);
// Written out, because Math.min and Math.max know minus zero and NaN.
const lowest: Aggregate = (a, b) => (b < a ? b : a);
const highest: Aggregate = (a, b) => (b > a ? b : a);

function numberOrZero(score: number): number {
  return Number.isNaN(score) ? 0 : score;
}

interface Weighted {
  readonly source: Source;
  readonly weight: number;
}

interface Request {
  readonly operation: Operation;
  /** In the order of the arguments. */
  readonly inputs: readonly Weighted[];
  readonly aggregate: Aggregate;
  readonly withScores: boolean;
}

/** What a command takes besides its keys. */
interface Accepts {
  /** WEIGHTS and AGGREGATE. */
  readonly weights: boolean;
  readonly withScores: boolean;
}

// ------------------------------------------------------------------------------------------------------------ commands

export function zunion(c: Context): void {
  reply(c, 'union');
}

export function zinter(c: Context): void {
  reply(c, 'inter');
}

export function zdiff(c: Context): void {
  reply(c, 'diff');
}

function reply(c: Context, operation: Operation): void {
  const request = parse(c, 1, `z${operation}`, operation, { weights: operation !== 'diff', withScores: true });
  const result = compute(c, request);
  sendRun(c.reply, result, result.first, result.size, false, request.withScores, new ByteRange());
  while (!result.releaseSome());
}

export function zunionstore(c: Context): void {
  store(c, 'union');
}

export function zinterstore(c: Context): void {
  store(c, 'inter');
}

export function zdiffstore(c: Context): void {
  store(c, 'diff');
}

function store(c: Context, operation: Operation): void {
  const name = `z${operation}store`;
  const request = parse(c, 2, name, operation, { weights: operation !== 'diff', withScores: false });
  storeResult(c, 1, compute(c, request), name);
}

export function zintercard(c: Context): void {
  const { args } = c;
  const keys = parseKeyCount(c, 1, 'zintercard');
  const sources = readSources(c, 2, keys);
  let limit = 0;
  for (let i = 2 + keys; i < args.count; i += 2) {
    if (!args.is(i, 'limit') || i + 1 === args.count) fail(SYNTAX_ERROR);
    limit = c.integerWithin(i + 1, 0, Infinity, "ERR LIMIT can't be negative");
  }
  sources.sort(bySize);
  const [smallest, ...others] = sources;
  let count = 0;
  smallest!.forEach((bytes, start, end) => {
    for (const other of others) if (Number.isNaN(other.scoreOf(bytes, start, end))) return true;
    return ++count !== limit;
  });
  c.reply.integer(count);
}

// ----------------------------------------------------------------------------------------------------------- arguments

function parseKeyCount(c: Context, index: number, command: string): number {
  const count = c.integer(index);
  if (count < 1) fail(`ERR at least 1 input key is needed for '${command}' command`);
  return count > c.args.count - index - 1 ? fail(SYNTAX_ERROR) : count;
}

function readSources(c: Context, first: number, count: number): Source[] {
  return Array.from({ length: count }, (_, i) => sourceAt(c, first + i));
}

function parse(c: Context, index: number, command: string, operation: Operation, accepts: Accepts): Request {
  const { args } = c;
  const keys = parseKeyCount(c, index, command);
  const sources = readSources(c, index + 1, keys);
  let weights: number[] | null = null;
  let aggregate = sum;
  let withScores = false;
  let i = index + 1 + keys;
  while (i < args.count) {
    if (accepts.weights && args.count - i > keys && args.is(i, 'weights')) {
      weights = sources.map((_, k) => c.double(i + 1 + k, 'ERR weight value is not a float'));
      i += 1 + keys;
    } else if (accepts.weights && args.count - i >= 2 && args.is(i, 'aggregate')) {
      aggregate = parseAggregate(c, i + 1);
      i += 2;
    } else if (accepts.withScores && args.is(i, 'withscores')) {
      withScores = true;
      i++;
    } else fail(SYNTAX_ERROR);
  }
  const inputs = sources.map((source, k) => ({ source, weight: weights?.[k] ?? 1 }));
  return { operation, inputs, aggregate, withScores };
}

function parseAggregate({ args }: Context, index: number): Aggregate {
  if (args.is(index, 'sum')) return sum;
  if (args.is(index, 'min')) return lowest;
  return args.is(index, 'max') ? highest : fail(SYNTAX_ERROR);
}

// ------------------------------------------------------------------------------------------------------------- results

function bySize(a: Source, b: Source): number {
  return a.size - b.size;
}

function compute(c: Context, { operation, inputs, aggregate }: Request): ZsetValue {
  const result = new ZsetValue(c.keyspace);
  if (operation === 'diff') {
    subtract(
      inputs.map(({ source }) => source),
      result,
    );
  } else {
    const sorted = inputs.toSorted((a, b) => bySize(a.source, b.source));
    if (operation === 'union') unite(sorted, aggregate, result);
    else intersect(sorted, aggregate, result);
  }
  return result;
}

function unite(inputs: readonly Weighted[], aggregate: Aggregate, result: ZsetValue): void {
  result.reserve(inputs.at(-1)!.source.size);
  for (const { source, weight } of inputs) {
    source.forEach((bytes, start, end, own) => {
      const score = numberOrZero(weight * own);
      const member = result.find(bytes, start, end);
      if (member === NONE) result.collect(bytes, start, end, score);
      else result.rescore(member, aggregate(result.score(member), score));
      return true;
    });
  }
  result.sort();
}

function intersect(inputs: readonly Weighted[], aggregate: Aggregate, result: ZsetValue): void {
  const [smallest, ...others] = inputs;
  smallest!.source.forEach((bytes, start, end, own) => {
    let score = numberOrZero(smallest!.weight * own);
    for (const { source, weight } of others) {
      const other = source.scoreOf(bytes, start, end);
      if (Number.isNaN(other)) return true;
      score = aggregate(score, other * weight);
    }
    addNew(result, bytes, start, end, score);
    return true;
  });
}

function addNew(result: ZsetValue, bytes: Uint8Array, start: number, end: number, score: number): void {
  result.find(bytes, start, end);
  result.add(bytes, start, end, score);
}

/** Either looks each member of the first up in the others, or takes all of theirs out of it: whatever is less work. */
function subtract(sources: readonly Source[], result: ZsetValue): void {
  const [first, ...others] = sources;
  if (first!.size === 0 || others.some(({ entry }) => entry === first!.entry)) return;
  const lookups = (first!.size * sources.length) / 2;
  const removals = sources.reduce((total, { size }) => total + size, 0);
  if (lookups <= removals) {
    others.sort((a, b) => b.size - a.size);
    first!.forEach((bytes, start, end, score) => {
      const isElsewhere = others.some((other) => !Number.isNaN(other.scoreOf(bytes, start, end)));
      if (!isElsewhere) addNew(result, bytes, start, end, score);
      return true;
    });
    return;
  }
  first!.forEach((bytes, start, end, score) => {
    addNew(result, bytes, start, end, score);
    return true;
  });
  for (const other of others) {
    other.forEach((bytes, start, end) => {
      const member = result.find(bytes, start, end);
      if (member !== NONE) result.remove(member);
      return result.size > 0;
    });
  }
}
