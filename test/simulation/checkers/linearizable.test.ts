import { describe, expect, it } from 'vitest';
import { Prng } from '../../../src/host/prng.ts';
import { keyProblem, registerProblem } from '../../../src/simulation/checkers/linearizable.ts';
import type { KeyOperation } from '../../../src/simulation/checkers/operations.ts';
import type { Reply } from '../../../src/simulation/history.ts';

/** `SET a 1-3` or `GET a 2-4`; `?` behind it is without an outcome, `!` has failed. */
function op(text: string, reply: Reply = 'OK', key = 'k'): KeyOperation {
  const [, name, argument, start, end, mark] = /^(\w+) (\S*) ?(\d+)-(\d+)([?!]?)$/.exec(text)!;
  const outcome = mark === '?' ? 'info' : mark === '!' ? 'fail' : 'ok';
  const isRead = name === 'GET' || name === 'LRANGE' || name === 'SMEMBERS';
  const nothing = argument === '-' ? null : argument!;
  return {
    name: name!,
    key,
    argument: isRead ? '' : argument!,
    reply: name === 'GET' ? nothing : isRead ? argument!.split(',').filter(Boolean) : reply,
    start: Number(start),
    end: outcome === 'info' ? Infinity : Number(end),
    outcome,
    at: 'redis0',
  };
}

const problemOf = (...lines: KeyOperation[]): string | null => keyProblem(lines);

describe('a register', () => {
  it('may show the old or the new value while it is written', () => {
    expect(problemOf(op('SET a 1-2'), op('SET b 3-9'), op('GET a 4-5'), op('GET b 6-7'))).toBeNull();
    expect(problemOf(op('GET - 1-2'), op('SET a 1-3'), op('GET a 2-4'))).toBeNull();
  });

  it('does not go back', () => {
    expect(problemOf(op('SET a 1-2'), op('SET b 3-9'), op('GET b 4-5'), op('GET a 6-7'))).toContain('only a');
    expect(problemOf(op('SET a 1-2'), op('SET b 3-4'), op('GET a 5-6'))).toContain('a');
    expect(problemOf(op('SET a 1-2'), op('GET - 5-6'))).toContain('(nothing)');
  });

  it('has no value that nobody wrote, or only later, or in vain', () => {
    expect(problemOf(op('SET a 1-2'), op('GET b 5-6'))).toBe('k was read as b, which nobody wrote');
    expect(problemOf(op('GET a 1-2'), op('SET a 3-4'))).toContain('before that was written');
    expect(problemOf(op('SET a 1-2'), op('SET b 3-4!'), op('GET b 5-6'))).toContain('nobody wrote');
  });

  it('may have a value whose writer heard nothing, early, late or never', () => {
    const lines = [op('SET a 1-2'), op('SET b 3-0?')];
    expect(problemOf(...lines, op('GET a 10-11'))).toBeNull();
    expect(problemOf(...lines, op('GET a 10-11'), op('GET b 12-13'))).toBeNull();
    expect(problemOf(...lines, op('GET b 12-13'), op('GET a 14-15'))).toContain('only a');
  });

  it('has nothing after it was deleted, and something while nobody deletes it', () => {
    const lines = [op('SET a 1-2'), op('DEL  3-4')];
    expect(problemOf(...lines, op('GET - 5-6'))).toBeNull();
    expect(problemOf(...lines, op('GET a 5-6'))).toContain('deleted');
    expect(problemOf(op('SET a 1-2'), op('GET - 3-4'), op('DEL  5-6'))).toContain('not there');
    expect(problemOf(op('SET a 1-2'), op('GET - 3-9'), op('DEL  5-6'))).toBeNull();
  });

  it('is judged as a search through all orders judges it', () => {
    const random = new Prng(7);
    let invalid = 0;
    for (let round = 0; round < 3000; round++) {
      const operations = randomRegister(random);
      const expected = existsOrder(operations, '-');
      invalid += Number(!expected);
      expect(registerProblem(operations) === null, JSON.stringify(operations)).toBe(expected);
    }
    expect(invalid).toBeGreaterThan(300);
    expect(invalid).toBeLessThan(2700);
  });

  it('is judged by its deletions as a look at each of them judges it', () => {
    const random = new Prng(11);
    const found = new Map<string, number>();
    for (let round = 0; round < 3000; round++) {
      const operations = randomDeletions(random);
      const expected = deletionProblem(operations);
      const problem = registerProblem(operations) ?? '';
      const kind = /after it had been deleted|nobody deleted it/.exec(problem)?.[0] ?? null;
      expect(kind, JSON.stringify(operations)).toBe(expected);
      if (kind !== null) found.set(kind, (found.get(kind) ?? 0) + 1);
    }
    expect([...found.values()].every((count) => count > 200)).toBe(true);
    expect(found.size).toBe(2);
  });
});

/** What is short and far between, so that deletions are what reads tell of. */
function randomDeletions(random: Prng): KeyOperation[] {
  let writes = 0;
  return Array.from({ length: 8 }, (_, i) => {
    const span = `${10 * i + random.below(15)}-${10 * i + 15 + random.below(8)}`;
    const mark = ['', '', '', '?', '!'][random.below(5)];
    const kind = random.below(3);
    if (kind === 0) return op(`DEL  ${span}${mark}`);
    if (kind === 1 || writes === 0) return op(`SET v${++writes} ${span}${mark}`);
    return op(`GET ${random.below(2) === 0 ? '-' : `v${1 + random.below(writes)}`} ${span}`);
  });
}

/** What the first read says of deletions that cannot be; null too if that read cannot be for another reason. */
function deletionProblem(operations: readonly KeyOperation[]): string | null {
  const deletions = operations.filter(({ name, outcome }) => name === 'DEL' && outcome !== 'fail');
  if (deletions.length === 0) return null;
  const writes = operations.filter(({ name, outcome }) => name === 'SET' && outcome !== 'fail');
  for (const { name, reply, start, end } of operations) {
    if (name !== 'GET') continue;
    if (reply === null) {
      const isThere = ({ start: begun, end: over }: KeyOperation): boolean =>
        over < start && deletions.every((deletion) => deletion.end <= begun || deletion.start >= end);
      if (writes.some(isThere)) return 'nobody deleted it';
      continue;
    }
    const write = writes.find(({ argument }) => argument === reply);
    if (write === undefined || end < write.start) return null;
    const isDead = deletions.some(
      (deletion) => deletion.outcome === 'ok' && write.end < deletion.start && deletion.end < start,
    );
    if (isDead) return 'after it had been deleted';
  }
  return null;
}

/** A history that is right, in which one read of some is then made to tell something else. */
function randomRegister(random: Prng): KeyOperation[] {
  let value = '-';
  let writes = 0;
  const operations = Array.from({ length: 2 + random.below(5) }, (_, i) => {
    const at = 10 * (i + 1);
    const span = `${at - random.below(25)}-${at + 1 + random.below(25)}`;
    if (random.below(2) === 0) return op(`GET ${value} ${span.replace(/^-\d+/, '0')}`);
    value = `v${++writes}`;
    return op(`SET ${value} ${span.replace(/^-\d+/, '0')}${random.below(5) === 0 ? '?' : ''}`);
  });
  return operations.map((operation) =>
    operation.name === 'GET' && random.below(3) === 0
      ? { ...operation, reply: [null, 'v1', 'v2', 'v3'][random.below(4)]! }
      : operation,
  );
}

function existsOrder(left: readonly KeyOperation[], value: string): boolean {
  if (left.every(({ outcome }) => outcome === 'info')) return true;
  const horizon = Math.min(...left.map(({ end }) => end));
  return left.some((operation, at) => {
    if (operation.start > horizon) return false;
    const rest = left.filter((_, index) => index !== at);
    if (operation.name === 'SET') return existsOrder(rest, operation.argument);
    return (operation.reply ?? '-') === value && existsOrder(rest, value);
  });
}

describe('a counter', () => {
  it('has had all that was added, in an order that the replies tell', () => {
    const first = op('INCRBY 5 1-2', 5);
    expect(problemOf(first, op('INCRBY 7 1-4', 12))).toBeNull();
    expect(problemOf(first, op('INCRBY 7 3-4', 7))).toContain('7 after 7');
    expect(problemOf(op('INCRBY 5 3-4', 5), op('INCRBY 7 1-2', 12))).toContain('before');
    expect(problemOf(first, op('INCRBY 7 3-4?'), op('INCRBY 9 3-4', 21))).toBeNull();
    expect(problemOf(first, op('INCRBY 7 3-4!'), op('INCRBY 9 3-4', 21))).toContain('21');
  });
});

describe('a list', () => {
  it('grows at its end only', () => {
    const pushes = [op('RPUSH a 1-2', 1), op('RPUSH b 3-4', 2), op('RPUSH c 3-5?')];
    expect(problemOf(...pushes, op('LRANGE a 2-3'), op('LRANGE a,b,c 6-7'))).toBeNull();
    expect(problemOf(...pushes, op('LRANGE b,a 5-7'))).toContain('number');
    expect(problemOf(...pushes, op('LRANGE a,b 5-6'), op('LRANGE a,c,b 7-8'))).toContain('once');
    expect(problemOf(...pushes, op('LRANGE a 5-7'))).toContain('lacks b');
    expect(problemOf(...pushes, op('LRANGE a,b,b 5-7'))).toContain('twice');
    expect(problemOf(...pushes, op('LRANGE a,b,d 5-7'))).toContain('nobody added');
  });
});

describe('a set', () => {
  it('has what was added, and nothing before', () => {
    const adds = [op('SADD a 1-2', 1), op('SADD b 5-6', 1)];
    expect(problemOf(...adds, op('SMEMBERS a 2-3'), op('SMEMBERS b,a 5-7'))).toBeNull();
    expect(problemOf(...adds, op('SMEMBERS a,b 3-4'))).toContain('before');
    expect(problemOf(...adds, op('SMEMBERS a 7-8'))).toContain('lacks b');
  });
});
