/** A small failover, made by hand: two servers, a sentinel, a client, one write that is lost, one promise that is broken. */
import type { Fact, HistoryEntry } from '../../../src/simulation/history.ts';
import type { ViewedRun } from '../../../src/simulation/view/viewed-run.ts';

type Line = readonly [t: number, node: string, fact: Fact];

/** What a client may write, to the dismay of whoever takes text for HTML. */
export const HOSTILE = '</script><img src=x onerror="document.title=\'broken into\'">';

const op = (id: number, phase: 'invoke' | 'ok' | 'fail' | 'info', words: string[], rest: object = {}): Fact => ({
  kind: 'op',
  id,
  phase,
  words,
  ...rest,
});
const message = (from: string, to: string, sentAt: number, head: string): Fact => ({
  kind: 'message',
  from,
  to,
  sentAt,
  head,
  bytes: head.length,
});

const LINES: readonly Line[] = [
  [0, 'redis0', { kind: 'process', state: 'up' }],
  [0, 'redis0', { kind: 'role', role: 'master', of: null }],
  [0, 'redis1', { kind: 'process', state: 'up' }],
  [0, 'redis1', { kind: 'role', role: 'replica', of: 'redis0' }],
  [0, 'sentinel0', { kind: 'process', state: 'up' }],
  [0, 'sentinel0', { kind: 'epoch', current: 0, config: 0 }],
  [5, 'redis1', { kind: 'sync', how: 'full', with: 'redis0', replid: 'a'.repeat(40), offset: 14 }],
  [100, '', { kind: 'phase', phase: 'faults' }],
  [200, 'client0', op(1, 'invoke', ['SET', 'a', 'v1'], { at: 'redis0' })],
  [200.3, 'redis0', message('client0', 'redis0', 200, 'SET a v1')],
  [200.6, 'redis1', message('redis0', 'redis1', 200.3, 'SET a v1')],
  [200.9, 'client0', op(1, 'ok', ['SET', 'a', 'v1'], { reply: 'OK', at: 'redis0' })],
  [300, 'client0', op(2, 'invoke', ['SET', 'b', HOSTILE], { at: 'redis0' })],
  [301, 'client0', op(2, 'ok', ['SET', 'b', HOSTILE], { reply: 'OK', at: 'redis0' })],
  [
    302,
    '',
    {
      kind: 'fault',
      fault: { kind: 'kill', node: 0, forMs: 2000 },
      text: 'kill redis0',
      nodes: ['redis0'],
      untilMs: 2302,
      did: true,
    },
  ],
  [302, 'redis0', { kind: 'process', state: 'killed' }],
  [400, 'client0', op(3, 'invoke', ['INCRBY', 'n', '7'], { at: 'redis0' })],
  [900, 'client0', op(3, 'info', ['INCRBY', 'n', '7'])],
  [1300, 'sentinel0', { kind: 'flags', about: 'redis0', flags: ['sdown'] }],
  [1310, 'sentinel0', { kind: 'flags', about: 'redis0', flags: ['sdown', 'odown'] }],
  [1311, 'sentinel0', { kind: 'epoch', current: 1, config: 0 }],
  [1311, 'sentinel0', { kind: 'vote', epoch: 1, for: 'sentinel0' }],
  [1320, 'sentinel0', { kind: 'event', event: '+elected-leader', payload: 'master mymaster 10.0.0.1 6379' }],
  [1321.5, 'redis1', message('sentinel0', 'redis1', 1321, 'MULTI · SLAVEOF NO ONE · CONFIG REWRITE')],
  [1322, 'redis1', { kind: 'role', role: 'master', of: null }],
  [1500, 'client0', op(4, 'invoke', ['GET', 'b'], { at: 'redis1' })],
  [1501, 'client0', op(4, 'ok', ['GET', 'b'], { reply: null, at: 'redis1' })],
  [1600, 'sentinel0', { kind: 'event', event: '+failover-end', payload: 'master mymaster 10.0.0.1 6379' }],
  [2302, '', { kind: 'heal', text: 'starts', nodes: ['redis0'] }],
  [2302, 'redis0', { kind: 'process', state: 'up' }],
  [2400, 'redis0', { kind: 'role', role: 'replica', of: 'redis1' }],
  [2500, '', { kind: 'phase', phase: 'healed' }],
  [2600, '', { kind: 'check', checker: 'H4', text: 'SET b was acknowledged and is gone' }],
];

export function sampleEntries(): HistoryEntry[] {
  return LINES.map(([t, node, fact], seq) => ({ t, seq, node, ...fact }) as HistoryEntry);
}

export function sampleRun(entries: readonly HistoryEntry[] = sampleEntries()): ViewedRun {
  return {
    title: 'A master, 1 replica and 1 sentinel',
    subtitle: 'seed 1, 1 fault',
    violation: { checker: 'H4', text: 'SET b was acknowledged and is gone' },
    lost: [{ client: 'client0', op: 2, words: ['SET', 'b', HOSTILE], reason: 'redis0 died before it was sent on' }],
    figures: [['simulated', '2.6 s']],
    entries,
  };
}

/** A run of that many entries: a client at work, its messages, and a failover now and then. */
export function longRun(count: number): ViewedRun {
  const entries: HistoryEntry[] = sampleEntries().slice(0, 7);
  for (let i = 0; entries.length < count; i++) {
    const t = 10 + i * 4;
    const words = ['SET', `key${i % 50}`, `v${i}`];
    const client = `client${i % 5}`;
    const master = `redis${Math.floor(i / 2000) % 2}`;
    const other = master === 'redis0' ? 'redis1' : 'redis0';
    const add = (at: number, node: string, fact: Fact): void => {
      entries.push({ t: at, seq: entries.length, node, ...fact } as HistoryEntry);
    };
    if (i % 2000 === 0) {
      add(t, master, { kind: 'role', role: 'master', of: null });
      add(t, other, { kind: 'role', role: 'replica', of: master });
    }
    add(t, client, op(i, 'invoke', words, { at: master }));
    add(t + 0.4, master, message(client, master, t, words.join(' ')));
    add(t + 0.9, other, message(master, other, t + 0.5, words.join(' ')));
    add(t + 1.2, client, op(i, i % 97 === 0 ? 'info' : 'ok', words, { reply: 'OK' }));
    add(t + 1.5, 'sentinel0', message(other, 'sentinel0', t + 1.2, 'PONG'));
  }
  return { ...sampleRun(entries), violation: null, lost: [] };
}
