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
  for (const { name, reply, start, end, outcome, key } of operations) {
    if (name !== 'GET' || outcome !== 'ok') continue;
    const value = reply === null ? NOTHING : String(reply as string);
    if (value === NOTHING && deletions.length > 0) {
      const problem = absenceProblem(key, start, end, [...writes.values()], deletions);
      if (problem !== null) return problem;
      continue;
    }
    const zone = zones.get(value);
    if (zone === undefined) return `${key} was read as ${value}, which nobody wrote`;
    const write = writes.get(value);
    if (write !== undefined && end < write.start) return `${key} was read as ${value} before that was written`;
    if (write !== undefined && deletions.some((deletion) => isDead(write, deletion, start))) {
      return `${key} was read as ${value} after it had been deleted`;
    }
    zone.first = Math.min(zone.first, end);
    zone.last = Math.max(zone.last, start);
  }
  // A write without an outcome that nobody saw may never have happened.
  return zonesProblem([...zones.values()].filter(({ first }) => first !== Infinity));
}

function isDead(write: KeyOperation, deletion: KeyOperation, readStart: number): boolean {
  return deletion.outcome === 'ok' && write.end < deletion.start && deletion.end < readStart;
}

/** Nothing was read of a key that somebody deletes. */
function absenceProblem(
  key: string,
  start: number,
  end: number,
  writes: readonly KeyOperation[],
  deletions: readonly KeyOperation[],
): string | null {
  const last = writes.find(
    (write) => write.end < start && !deletions.some((deletion) => deletion.end > write.start && deletion.start < end),
  );
  return last === undefined
    ? null
    : `${key} was not there, though ${last.argument} had been written and nobody deleted it`;
}

function zonesProblem(zones: readonly Zone[]): string | null {
  const forward = zones.filter(({ first, last }) => first < last).toSorted((a, b) => a.first - b.first);
  for (const [at, zone] of forward.entries()) {
    const before = forward[at - 1];
    if (before !== undefined && before.last > zone.first) {
      return `${before.value} and ${zone.value} were both read, each before and after the other`;
    }
  }
  for (const { value, first, last } of zones) {
    if (first < last) continue;
    const around = forward.find((zone) => zone.first < last && first < zone.last);
    if (around !== undefined) return `${value} was there at a time when only ${around.value} can have been`;
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
