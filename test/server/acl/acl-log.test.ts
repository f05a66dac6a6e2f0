/** What is grouped in the log of refusals, and what is dropped. */
import { describe, expect, it } from 'vitest';
import { AclLog, type Refusal } from '../../../src/server/acl/acl-log.ts';

const refusal: Refusal = { reason: 'key', context: 'toplevel', object: 'k', username: 'u', clientInfo: 'id=1' };

describe('The log of refusals', () => {
  it('groups what repeats within a minute, moves it to the front, and keeps the last client', () => {
    const log = new AclLog(() => 10);
    log.add(refusal, 0);
    log.add({ ...refusal, object: 'other' }, 10);
    log.add({ ...refusal, clientInfo: 'id=2' }, 60_000);
    expect(log.entries.map(({ object, count, atMs, clientInfo }) => [object, count, atMs, clientInfo])).toEqual([
      ['k', 2, 60_000, 'id=2'],
      ['other', 1, 10, 'id=1'],
    ]);
    log.add(refusal, 120_001);
    expect(log.entries.map(({ object, count }) => [object, count])).toEqual([
      ['k', 1],
      ['k', 2],
      ['other', 1],
    ]);
  });

  it('tells apart what differs in anything but the client', () => {
    const log = new AclLog(() => 10);
    const others: Partial<Refusal>[] = [
      { reason: 'command' },
      { context: 'multi' },
      { object: 'x' },
      { username: 'v' },
    ];
    for (const other of [{}, ...others]) log.add({ ...refusal, ...other }, 0);
    expect(log.entries.map(({ count }) => count)).toEqual([1, 1, 1, 1, 1]);
  });

  it('looks for a group among the ten newest entries only', () => {
    const log = new AclLog(() => 100);
    log.add(refusal, 0);
    for (let i = 0; i < 10; i++) log.add({ ...refusal, object: `o${i}` }, 0);
    log.add(refusal, 0);
    expect(log.entries.filter(({ object }) => object === 'k').map(({ count }) => count)).toEqual([1, 1]);
  });

  it('is shortened to its limit when something is added', () => {
    let limit = 5;
    const log = new AclLog(() => limit);
    for (let i = 0; i < 8; i++) log.add({ ...refusal, object: `o${i}` }, 0);
    expect(log.entries.map(({ object }) => object)).toEqual(['o7', 'o6', 'o5', 'o4', 'o3']);
    limit = 2;
    expect(log.entries).toHaveLength(5);
    log.add({ ...refusal, object: 'last' }, 0);
    expect(log.entries.map(({ object }) => object)).toEqual(['last', 'o7']);
    limit = 0;
    log.add(refusal, 0);
    expect(log.entries).toEqual([]);
  });
});
