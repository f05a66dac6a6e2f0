/**
 * Whether what clients saw of one key can be explained by operations that happened one after the other, each at a moment
 * between its beginning and its end. Each function gets what was done to one key and says what cannot be explained, or null.
 *
 * No value is written twice. So a register needs no search (Gibbons and Korach, "Testing shared memories", 1997): the
 * operations on one value make a zone, from the first that was over to the last that began. If that is forward in time, the
 * value was in the register throughout the zone; such zones must not overlap, and what has a backward zone needs a moment
 * outside of all of them.
 *
 * An operation without an outcome may have happened at any time after it began, or never. What failed did not happen.
 */
import { lowerBound } from '../lower-bound.ts';
import type { KeyOperation } from './operations.ts';

interface Zone {
  readonly value: string;
  /** When the first operation on the value was over. */
  first: number;
  /** When the last one began. */
  last: number;
}

/** Of what was there before anybody wrote. */
const NOTHING = '(nothing)';

/** SET and GET; DEL too, in a weaker way, since nothing tells one deletion from another. */
export function registerProblem(operations: readonly KeyOperation[]): string | null {
  const deletions = operations.filter(({ name, outcome }) => name === 'DEL' && outcome !== 'fail');
  const writes = new Map<string, KeyOperation>();
  const zones = new Map<string, Zone>();
  for (const operation of operations) {
    if (operation.name === 'SET' && operation.outcome !== 'fail') writes.set(operation.argument, operation);
  }
  for (const operation of writes.values()) {
    zones.set(operation.argument, { value: operation.argument, first: operation.end, last: operation.start });
  }
  if (deletions.length === 0) zones.set(NOTHING, { value: NOTHING, first: -Infinity, last: -Infinity });
  const order = deletions.length === 0 ? null : new Order(writes, deletions);
  for (const { name, reply, start, end, outcome, key } of operations) {
    if (name !== 'GET' || outcome !== 'ok') continue;
    const value = reply === null ? NOTHING : String(reply as string);
    if (value === NOTHING && order !== null) {
      const problem = order.absenceProblem(key, start, end);
      if (problem !== null) return problem;
      continue;
    }
    const zone = zones.get(value);
    if (zone === undefined) return `${key} was read as ${value}, which nobody wrote`;
    const write = writes.get(value);
    if (write !== undefined && end < write.start) return `${key} was read as ${value} before that was written`;
    if (write !== undefined && order !== null && order.isDead(write, start)) {
      return `${key} was read as ${value} after it had been deleted`;
    }
    zone.first = Math.min(zone.first, end);
    zone.last = Math.max(zone.last, start);
  }
  // A write without an outcome that nobody saw may never have happened.
  return zonesProblem([...zones.values()].filter(({ first }) => first !== Infinity));
}

/** Writes and deletions of one key by their times, so that a read needs not look at all of them. */
class Order {
  readonly #writes: Spans;
  readonly #deletions: Spans;
  /** Deletions that have certainly happened. */
  readonly #done: Spans;

  constructor(writes: ReadonlyMap<string, KeyOperation>, deletions: readonly KeyOperation[]) {
    this.#writes = new Spans([...writes.values()]);
    this.#deletions = new Spans(deletions);
    this.#done = new Spans(deletions.filter(({ outcome }) => outcome === 'ok'));
  }

  /** Whether the value was deleted between its write and a read. */
  isDead(write: KeyOperation, readStart: number): boolean {
    return this.#done.firstEndFrom(this.#done.countBegunBy(write.end)) < readStart;
  }

  /** Nothing was read of a key that somebody deletes. */
  absenceProblem(key: string, start: number, end: number): string | null {
    const deletedMs = this.#deletions.lastEndOf(this.#deletions.countBegunBefore(end));
    const from = this.#writes.countBegunBefore(deletedMs);
    if (!(this.#writes.firstEndFrom(from) < start)) return null;
    const value = this.#writes.all.slice(from).find((write) => write.end < start)!.argument;
    return `${key} was not there, though ${value} had been written and nobody deleted it`;
  }
}

/** Operations in the order of their beginnings. */
class Spans {
  readonly all: readonly KeyOperation[];
  /** Of each and all before it, the last end. */
  readonly #lastEnds: number[] = [];
  /** Of each and all behind it, the first end. */
  readonly #firstEnds: number[];

  constructor(operations: readonly KeyOperation[]) {
    this.all = operations.toSorted((a, b) => a.start - b.start);
    let last = -Infinity;
    for (const { end } of this.all) this.#lastEnds.push((last = Math.max(last, end)));
    let first = Infinity;
    this.#firstEnds = Array.from({ length: this.all.length }, () => first);
    for (let at = this.all.length - 1; at >= 0; at--) {
      this.#firstEnds[at] = first = Math.min(first, this.all[at]!.end);
    }
  }

  countBegunBefore(timeMs: number): number {
    return lowerBound(this.all.length, (at) => this.all[at]!.start >= timeMs);
  }

  countBegunBy(timeMs: number): number {
    return lowerBound(this.all.length, (at) => this.all[at]!.start > timeMs);
  }

  /** When the last of the first `count` was over. */
  lastEndOf(count: number): number {
    return this.#lastEnds[count - 1] ?? -Infinity;
  }

  /** When the first of those from there on was over. */
  firstEndFrom(at: number): number {
    return this.#firstEnds[at] ?? Infinity;
  }
}

function zonesProblem(zones: readonly Zone[]): string | null {
  const forward = zones.filter(({ first, last }) => first < last).toSorted((a, b) => a.first - b.first);
  for (const [at, zone] of forward.entries()) {
    const before = forward[at - 1];
    if (before !== undefined && before.last > zone.first) {
      return `${before.value} and ${zone.value} were both read, each before and after the other`;
    }
  }
  // Forward zones do not overlap from here on: their ends are in order, too.
  for (const { value, first, last } of zones) {
    if (first < last) continue;
    const around = forward[lowerBound(forward.length, (at) => forward[at]!.last > first)];
    if (around !== undefined && around.first < last) {
      return `${value} was there at a time when only ${around.value} can have been`;
    }
  }
  return null;
}

/** INCRBY of amounts of which there are no two alike: the replies say in which order they happened. */
export function counterProblem(operations: readonly KeyOperation[]): string | null {
  const adds = operations.filter(({ name, outcome }) => name === 'INCRBY' && outcome !== 'fail');
  const known = adds.filter(({ outcome }) => outcome === 'ok').toSorted((a, b) => Number(a.reply) - Number(b.reply));
  const isExact = known.length === adds.length;
  let sum = 0;
  let latest: KeyOperation | null = null;
  for (const add of known) {
    const total = Number(add.reply);
    const expected = sum + Number(add.argument);
    if (total < expected || (isExact && total !== expected)) {
      return `${add.key} was ${total} after ${add.argument} had been added to ${sum}`;
    }
    if (latest !== null && add.end < latest.start) {
      return `${add.key} became ${total} before it became ${String(latest.reply as number)}`;
    }
    if (latest === null || add.start > latest.start) latest = add;
    sum = total;
  }
  return null;
}

/** RPUSH of one element and LRANGE of all. */
export function listProblem(operations: readonly KeyOperation[]): string | null {
  const pushes = new Map<string, KeyOperation>();
  for (const operation of operations) {
    if (operation.name === 'RPUSH' && operation.outcome !== 'fail') pushes.set(operation.argument, operation);
  }
  let longest: readonly string[] = [];
  for (const read of operations) {
    if (read.name !== 'LRANGE' || read.outcome !== 'ok') continue;
    const elements = read.reply as readonly string[];
    const [short, long] = elements.length < longest.length ? [elements, longest] : [longest, elements];
    const at = short.findIndex((element, index) => element !== long[index]);
    if (at >= 0) return `${read.key} had at ${at} once ${short[at]} and once ${long[at]}`;
    longest = long;
    const problem = membersProblem(read, elements, pushes);
    if (problem !== null) return problem;
  }
  for (const { key, argument, outcome, reply } of pushes.values()) {
    const place = longest.indexOf(argument) + 1;
    if (outcome === 'ok' && place > 0 && place !== reply) {
      return `${argument} was number ${String(reply as number)} of ${key}, and is number ${place}`;
    }
  }
  return null;
}

/** SADD of one member and SMEMBERS. */
export function setProblem(operations: readonly KeyOperation[]): string | null {
  const adds = new Map<string, KeyOperation>();
  for (const operation of operations) {
    if (operation.name === 'SADD' && operation.outcome !== 'fail') adds.set(operation.argument, operation);
  }
  for (const read of operations) {
    if (read.name !== 'SMEMBERS' || read.outcome !== 'ok') continue;
    const problem = membersProblem(read, read.reply as readonly string[], adds);
    if (problem !== null) return problem;
  }
  return null;
}

/** Nothing that nobody put in, nothing twice, and everything that was in before. */
function membersProblem(
  { key, start, end }: KeyOperation,
  members: readonly string[],
  adds: ReadonlyMap<string, KeyOperation>,
): string | null {
  const seen = new Set<string>();
  for (const member of members) {
    if (seen.has(member)) return `${key} has ${member} twice`;
    seen.add(member);
    const add = adds.get(member);
    if (add === undefined) return `${key} has ${member}, which nobody added`;
    if (end < add.start) return `${key} had ${member} before that was added`;
  }
  for (const [member, add] of adds) {
    if (add.outcome === 'ok' && add.end < start && !seen.has(member)) return `${key} lacks ${member}, which was added`;
  }
  return null;
}

const BY_WRITE: Readonly<Record<string, (operations: readonly KeyOperation[]) => string | null>> = {
  SET: registerProblem,
  INCRBY: counterProblem,
  RPUSH: listProblem,
  SADD: setProblem,
};

/** Looks at a key in the way that fits what is written to it. */
export function keyProblem(operations: readonly KeyOperation[]): string | null {
  const write = operations.find(({ name }) => BY_WRITE[name] !== undefined);
  return write === undefined ? registerProblem(operations) : BY_WRITE[write.name]!(operations);
}
