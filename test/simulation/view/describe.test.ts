import { describe as group, expect, it } from 'vitest';
import type { EntryOf, Fact, HistoryEntry } from '../../../src/simulation/history.ts';
import {
  describe,
  formatReply,
  formatSlots,
  groupOf,
  isAboutVotes,
  toneOf,
} from '../../../src/simulation/view/describe.ts';

const entry = (fact: Fact, node = 'node1'): HistoryEntry => ({ t: 1, seq: 0, node, ...fact }) as HistoryEntry;
const message = (from: string, to: string, head: string): EntryOf<'message'> =>
  entry({ kind: 'message', from, to, sentAt: 0, head, bytes: 1 }, to) as EntryOf<'message'>;

group('an entry as a line', () => {
  it.each<[Fact, string]>([
    [{ kind: 'process', state: 'lost-power' }, 'loses power'],
    [{ kind: 'process', state: 'paused' }, 'is paused'],
    [{ kind: 'role', role: 'replica', of: 'node2' }, 'is a replica of node2'],
    [{ kind: 'flags', about: 'node2', flags: ['pfail'] }, 'holds node2 for pfail'],
    [{ kind: 'flags', about: 'node2', flags: [] }, 'finds node2 well'],
    [{ kind: 'flags', about: 'node1', flags: ['tilt'] }, 'does not trust its clock: TILT'],
    [{ kind: 'flags', about: 'node1', flags: [] }, 'finds all well again'],
    [{ kind: 'slots', slots: [] }, 'has no slots'],
    [{ kind: 'event', event: '+tilt', payload: '' }, '+tilt'],
    [{ kind: 'heal', text: 'starts', nodes: ['node1'] }, 'starts (node1)'],
    [{ kind: 'op', id: 1, phase: 'invoke', words: ['GET', 'k'], at: 'node2' }, 'GET k at node2'],
    [{ kind: 'op', id: 1, phase: 'ok', words: ['GET', 'k'], reply: null }, 'GET k = nil'],
    [
      { kind: 'op', id: 1, phase: 'fail', words: ['SET', 'k', 'v'], reply: { error: 'READONLY no' } },
      'SET k v failed: READONLY no',
    ],
    [{ kind: 'op', id: 1, phase: 'info', words: ['SET', 'k', 'v'] }, 'SET k v: nobody knows whether it took place'],
    [{ kind: 'check', checker: 'S2', text: 'two leaders' }, 'S2: two leaders'],
  ])('%j', (fact, line) => {
    expect(describe(entry(fact))).toBe(line);
  });

  it('says that a fault could not happen', () => {
    const fault = { kind: 'kill', node: 1, forMs: 5 } as const;
    const fact: Fact = { kind: 'fault', fault, text: 'kill node1', nodes: ['node1'], untilMs: null, did: false };
    expect(describe(entry(fact))).toBe('kill node1 (could not happen)');
    expect(toneOf(entry(fact))).toBe('soft');
  });

  it('shortens long replies and writes lists in brackets', () => {
    expect(formatReply(['a', 1, null, ['b']])).toBe('[a, 1, nil, [b]]');
    expect(formatReply('x'.repeat(500))).toHaveLength(60);
  });

  it('writes a single slot as a number', () => {
    expect(
      formatSlots([
        [0, 5460],
        [7000, 7000],
      ]),
    ).toBe('0-5460 7000');
  });
});

group('messages', () => {
  it.each([
    ['sentinel0', 'redis0', 'PING', 'routine'],
    ['redis0', 'sentinel0', 'PONG · INFO of 3120 bytes', 'routine'],
    ['redis0', 'sentinel0', '2', 'routine'],
    ['sentinel0', 'redis0', 'PING · SENTINEL is-master-down-by-addr 10.0.0.1 6379 0 *', 'messages'],
    ['redis0', 'redis1', 'REPLCONF ACK 5', 'routine'],
    ['node0', 'node1', 'bus PING, epoch 3, configuration 1, offset 0, gossip of 3', 'routine'],
    ['node0', 'node1', 'bus FAIL of node2, epoch 3, configuration 1', 'messages'],
    ['redis0', 'redis1', 'SET k v', 'stream'],
    ['redis1', 'redis0', 'PSYNC ? -1', 'messages'],
    ['client0', 'redis0', 'SET k v', 'traffic'],
    ['sentinel0', 'client0', '10.0.0.1 6379', 'traffic'],
  ])('from %s to %s: %s', (from, to, head, expected) => {
    expect(groupOf(message(from, to, head))).toBe(expected);
  });

  it('tells those about votes', () => {
    const id = 'a'.repeat(40);
    expect(isAboutVotes(message('node0', 'node1', 'bus AUTH-REQ, epoch 4, configuration 1'))).toBe(true);
    expect(isAboutVotes(message('s0', 's1', `SENTINEL is-master-down-by-addr 10.0.0.1 6379 1 ${id}`))).toBe(true);
    expect(isAboutVotes(message('s0', 's1', 'SENTINEL is-master-down-by-addr 10.0.0.1 6379 1 *'))).toBe(false);
    expect(isAboutVotes(message('s1', 's0', `1 ${id} 1`))).toBe(true);
    expect(isAboutVotes(message('s1', 's0', '1 * 0'))).toBe(false);
  });
});
