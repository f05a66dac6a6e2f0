import { describe, expect, it } from 'vitest';
import { byKey, commandsOf, Operations, transactionOf } from '../../../src/simulation/checkers/operations.ts';
import type { OpPhase, Reply } from '../../../src/simulation/history.ts';

const entry = (t: number, id: number, phase: OpPhase, words: readonly string[], reply?: Reply) => ({
  t,
  seq: t,
  node: 'client0',
  kind: 'op' as const,
  id,
  phase,
  words,
  at: 'redis0',
  ...(reply === undefined ? {} : { reply }),
});

describe('operations', () => {
  it('last from when they are asked for until their outcome is known', () => {
    const operations = new Operations();
    const set = ['SET', 'k', 'v'];
    expect(operations.take(entry(1, 1, 'invoke', set))).toBeNull();
    expect(operations.take(entry(2, 2, 'invoke', set))).toBeNull();
    expect(operations.take(entry(3, 1, 'ok', set, 'OK'))).toMatchObject({ start: 1, end: 3, outcome: 'ok' });
    expect(operations.take(entry(4, 2, 'info', set))).toMatchObject({ start: 2, end: Infinity, outcome: 'info' });
    expect(operations.take(entry(5, 7, 'ok', set))).toBeNull();
    expect(operations.all.map(({ id }) => id)).toEqual([1, 2]);
  });

  it('of a transaction are its commands, each with its own reply', () => {
    const commands = [
      ['SET', 'a', '1'],
      ['RPUSH', 'b', '2'],
    ];
    const words = transactionOf(commands);
    expect(commandsOf(words)).toEqual(commands);
    expect(commandsOf(['GET', 'a'])).toEqual([['GET', 'a']]);
    const operations = new Operations();
    operations.take(entry(1, 1, 'invoke', words));
    operations.take(entry(2, 1, 'ok', words, ['OK', 5]));
    const keys = byKey(operations.all);
    expect([...keys.keys()]).toEqual(['a', 'b']);
    expect(keys.get('b')).toMatchObject([{ name: 'RPUSH', argument: '2', reply: 5, start: 1, end: 2 }]);
  });
});
