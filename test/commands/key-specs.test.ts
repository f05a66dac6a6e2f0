import { describe, expect, it } from 'vitest';
import { Arguments } from '../../src/core/arguments.ts';
import { FoundKeys, findKeys, hasKeys, type KeyedRow, legacyRange } from '../../src/commands/key-specs.ts';
import { keyAt, keyPair, keysFrom, type KeySpec, numberedKeys } from '../../src/commands/row.ts';

function keysOf(row: KeyedRow, request: string): string[] {
  const args = Arguments.from(request.split(' '));
  const found = new FoundKeys();
  findKeys(row, args, found);
  return Array.from({ length: found.count }, (_, i) => `${args.binary(found.indexes[i]!)} ${found.flags[i]!}`);
}

function behind(keyword: string, from: number, flags = 'RO'): KeySpec {
  return { flags, begin: { keyword, from }, find: { last: -1, step: 1, limit: 2 } };
}

const unknown: KeySpec = { flags: 'RO', begin: { unknown: true }, find: { unknown: true } };

describe('Finding the keys of a request', () => {
  it('finds one key, a pair, every second argument', () => {
    expect(keysOf({ keys: keyAt(1, 'RO access') }, 'get k')).toEqual(['k RO access']);
    expect(keysOf({ keys: keyPair('RO', 'OW') }, 'copy a b')).toEqual(['a RO', 'b OW']);
    expect(keysOf({ keys: keysFrom(1, 'OW', -1, 2) }, 'mset a 1 b 2')).toEqual(['a OW', 'b OW']);
    expect(keysOf({ keys: keysFrom(1, 'RW', -2) }, 'blpop a b 0')).toEqual(['a RW', 'b RW']);
  });

  it('finds as many keys as an argument says', () => {
    const row = { keys: [...keyAt(1, 'OW'), ...numberedKeys(2, 'RO')] };
    expect(keysOf(row, 'zunionstore d 2 a b weights 1 2')).toEqual(['d OW', 'a RO', 'b RO']);
  });

  it.each(['zunionstore d x a', 'zunionstore d -1 a', 'zunionstore d 3 a b', 'zunionstore d'])(
    'finds none in %s',
    (request) => {
      expect(keysOf({ keys: [...keyAt(1, 'OW'), ...numberedKeys(2, 'RO')] }, request)).toEqual([]);
    },
  );

  it('finds the first half of what follows a keyword, searched from either end', () => {
    expect(keysOf({ keys: [behind('STREAMS', 1)] }, 'xread count 2 streams a b 0 0')).toEqual(['a RO', 'b RO']);
    expect(keysOf({ keys: [behind('KEYS', -2)] }, 'migrate h p keys 0 Keys a b')).toEqual(['a RO']);
    expect(keysOf({ keys: [behind('STREAMS', 1)] }, 'xread a b c')).toEqual([]);
  });

  it('asks the row where specs are not enough', () => {
    const findKeys = (args: Arguments): { index: number; flags: string }[] => [{ index: args.count - 1, flags: 'RW' }];
    expect(keysOf({ keys: [...keyAt(1, 'RO'), unknown], findKeys }, 'sort a store b')).toEqual(['b RW']);
    expect(keysOf({ keys: keyAt(1, 'RW variable_flags'), findKeys }, 'set a b')).toEqual(['b RW']);
    expect(keysOf({ keys: keyAt(1, 'RW incomplete'), findKeys }, 'migrate a b')).toEqual(['b RW']);
    expect(keysOf({ keys: [unknown] }, 'sort a')).toEqual([]);
  });

  it('does not take a shard channel for a key', () => {
    const row = { keys: keyAt(1, 'not_key') };
    expect(hasKeys(row)).toBe(false);
    expect(keysOf(row, 'spublish channel message')).toEqual([]);
  });
});

describe('The legacy range of key specs', () => {
  it.each<[string, KeySpec[], string]>([
    ['no key', [], '0 0 0 false'],
    ['one key', keyAt(1, 'RO'), '1 1 1 false'],
    ['keys to the end', keysFrom(1, 'RO', -1, 2), '1 -1 2 false'],
    ['two adjacent keys', keyPair('RO', 'OW'), '1 2 1 false'],
    ['a key and numbered keys', [...keyAt(1, 'OW'), ...numberedKeys(2, 'RO')], '1 1 1 true'],
    ['only numbered keys', numberedKeys(1, 'RO'), '0 0 0 true'],
    ['an incomplete spec', keyAt(3, 'RW incomplete'), '3 3 1 true'],
    ['keys behind a keyword', [behind('STREAMS', 1)], '0 0 0 true'],
    ['a key and then keys to the end', [...keyAt(1, 'OW'), ...keysFrom(2, 'RO')], '1 -1 1 false'],
  ])('of %s', (_, specs, expected) => {
    const { first, last, step, movable } = legacyRange(specs);
    expect(`${first} ${last} ${step} ${movable}`).toBe(expected);
  });
});
