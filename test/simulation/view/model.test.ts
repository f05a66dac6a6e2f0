import { describe, expect, it } from 'vitest';
import { buildModel, type Lane, segmentAt } from '../../../src/simulation/view/model.ts';
import type { HistoryEntry } from '../../../src/simulation/history.ts';
import { sampleEntries, sampleRun } from './sample-run.ts';

const model = buildModel(sampleRun());
const lane = (name: string): Lane => model.lanes[model.laneOf.get(name)!]!;
const at = (name: string, timeMs: number) => segmentAt(lane(name), timeMs)!.state;

describe('the picture of a history', () => {
  it('has clients on top, then servers, then sentinels', () => {
    expect(model.lanes.map(({ name, kind }) => [name, kind])).toEqual([
      ['client0', 'client'],
      ['redis0', 'server'],
      ['redis1', 'server'],
      ['sentinel0', 'sentinel'],
    ]);
  });

  it('puts the tenth node behind the second', () => {
    const names = ['redis10', 'redis2', 'sentinel0', 'redis1'];
    const entries = names.map((node, seq): HistoryEntry => ({ t: 0, seq, node, kind: 'process', state: 'up' }));
    const { lanes } = buildModel(sampleRun(entries));
    expect(lanes.map(({ name }) => name)).toEqual(['redis1', 'redis2', 'redis10', 'sentinel0']);
  });

  it('knows the state of each node at each moment', () => {
    expect(at('redis0', 100)).toMatchObject({ life: 'up', role: 'master', of: null });
    expect(at('redis0', 1000)).toMatchObject({ life: 'killed', role: null });
    expect(at('redis0', 2450)).toMatchObject({ life: 'up', role: 'replica', of: 'redis1' });
    expect(at('sentinel0', 1305).flags.get('redis0')).toEqual(['sdown']);
    expect(at('sentinel0', 1310).flags.get('redis0')).toEqual(['sdown', 'odown']);
    expect(at('sentinel0', 1400)).toMatchObject({ currentEpoch: 1, configEpoch: 0, leads: true });
    expect(at('sentinel0', 1700).leads).toBe(false);
  });

  it('has no gaps between segments, and ends them with the run', () => {
    for (const { segments } of model.lanes) {
      for (const [i, segment] of segments.entries()) {
        expect(segment.toMs).toBe(segments[i + 1]?.fromMs ?? model.endMs);
      }
    }
  });

  it('leads from a segment to the entry that began it', () => {
    const entry = model.entries[segmentAt(lane('redis1'), 1400)!.entry];
    expect(entry).toMatchObject({ kind: 'role', role: 'master', t: 1322 });
  });

  it('gives a dataset one colour, whoever serves it', () => {
    expect(at('redis0', 100).hue).toBe(0);
    expect(at('redis1', 100).hue).toBe(0);
    expect(at('redis1', 1400).hue).toBe(0);
    expect(at('redis0', 2450).hue).toBe(0);
  });

  it('gives two datasets two colours, also where a replica is heard of before its master', () => {
    const role = (seq: number, node: string, of: string | null): HistoryEntry => {
      return { t: seq, seq, node, kind: 'role', role: of === null ? 'master' : 'replica', of };
    };
    const entries = [
      role(0, 'node2', 'node0'),
      role(1, 'node0', null),
      role(2, 'node1', null),
      role(3, 'node3', 'node1'),
    ];
    const { lanes } = buildModel(sampleRun(entries));
    const hues = Object.fromEntries(lanes.map(({ name, segments }) => [name, segments.at(-1)!.state.hue]));
    expect(hues['node0']).toBe(hues['node2']);
    expect(hues['node1']).toBe(hues['node3']);
    expect(hues['node0']).not.toBe(hues['node1']);
  });

  it('draws no new bar where a node only suspects somebody', () => {
    const { bars, segments } = lane('sentinel0');
    expect(bars.length).toBeLessThan(segments.length);
    expect(bars.at(-1)!.toMs).toBe(model.endMs);
  });

  it('joins what a client asked with what it was told', () => {
    expect(model.ops.map(({ fromMs, toMs, outcome, isWrite }) => ({ fromMs, toMs, outcome, isWrite }))).toEqual([
      { fromMs: 200, toMs: 200.9, outcome: 'ok', isWrite: true },
      { fromMs: 300, toMs: 301, outcome: 'ok', isWrite: true },
      { fromMs: 400, toMs: 900, outcome: 'info', isWrite: true },
      { fromMs: 1500, toMs: 1501, outcome: 'ok', isWrite: false },
    ]);
  });

  it('marks the write that was acknowledged and is gone', () => {
    expect(model.ops.map(({ lost }) => lost)).toEqual([null, 'redis0 died before it was sent on', null, null]);
  });

  it('lays a band over the nodes of a fault, until it is over', () => {
    expect(model.bands).toMatchObject([
      { fromMs: 302, toMs: 2302, lanes: [model.laneOf.get('redis0')], text: 'kill redis0' },
    ]);
  });

  it('ends a band when the fault is taken back before its time', () => {
    const entries = sampleEntries().map((entry) => (entry.kind === 'heal' ? { ...entry, t: 2000 } : entry));
    expect(buildModel(sampleRun(entries.sort((a, b) => a.t - b.t))).bands[0]!.toMs).toBe(2000);
  });

  it('gives faults at the same time rows of their own', () => {
    const fault = sampleEntries().find(({ kind }) => kind === 'fault')!;
    const entries = [
      fault,
      { ...fault, seq: 1, t: 500 },
      { ...fault, seq: 2, t: 2400, untilMs: 2500 },
    ] as HistoryEntry[];
    const { bands, bandRows } = buildModel(sampleRun(entries));
    expect(bands.map(({ row }) => row)).toEqual([0, 1, 0]);
    expect(bandRows).toBe(2);
  });

  it('has an arrow for each message, from when it was sent to when it came', () => {
    expect(model.arrows).toHaveLength(3);
    const [from, to] = [model.laneOf.get('sentinel0'), model.laneOf.get('redis1')];
    expect(model.arrows[2]).toMatchObject({ from, to, sentMs: 1321, timeMs: 1321.5 });
  });

  it('marks votes, elections, promotions, suspicions and syncs', () => {
    expect(model.marks.map(({ shape }) => shape)).toEqual([
      'full-sync',
      'suspect',
      'suspect',
      'vote',
      'elected',
      'promoted',
      'event',
    ]);
  });

  it('is empty for a history without entries', () => {
    expect(buildModel(sampleRun([]))).toMatchObject({ lanes: [], ops: [], endMs: 0 });
  });
});
