import { describe, expect, it } from 'vitest';
import type { Timer } from '../../src/host/host.ts';
import { RdbSnapshotEncoder } from '../../src/persistence/rdb-snapshot.ts';
import { Snapshot } from '../../src/persistence/snapshot.ts';
import { SnapshotPump, type SnapshotSink } from '../../src/persistence/snapshot-pump.ts';
import { startTestServer } from '../support/in-process.ts';
import { describeDataset, describeFile } from './snapshot-property.ts';

const KEYS = 20_000;
/** What it takes to walk some buckets, by the clock of these tests. */
const LOOK_US = 20;

class Stage {
  readonly server = startTestServer().server;
  readonly encoder = new RdbSnapshotEncoder({ compresses: true, checksums: true, usage: 'none', aux: [] });
  readonly written: Buffer[] = [];
  readonly sink: SnapshotSink = {
    write: (bytes) => this.written.push(bytes) && undefined,
    queuedBytes: 0,
    onDrain: null,
  };
  nowUs = 0;
  #lookUs = LOOK_US;
  isDone = false;
  /** Delays that it sleeps for. */
  readonly slept: number[] = [];
  wake: (() => void) | null = null;
  #soon: (() => void) | null = null;

  constructor(keys = KEYS) {
    const { keyspace } = this.server;
    const db = keyspace.databases[0]!;
    for (let i = 0; i < keys; i++) {
      const key = Buffer.from(`key:${i}`);
      db.setString(key, 0, key.length, key, 0, key.length);
    }
  }

  start(keyDelayUs = 0): SnapshotPump {
    const after = (delayMs: number, run: () => void): Timer => {
      this.slept.push(delayMs);
      this.wake = run;
      return { cancel: () => {} };
    };
    const ports = {
      timers: { ...this.server.host.timers, after, soon: (run: () => void) => void (this.#soon = run) },
      clock: { ...this.server.host.clock, monotonicUs: () => (this.nowUs += this.#lookUs) },
    };
    const snapshot = new Snapshot(this.server.keyspace, this.encoder);
    return new SnapshotPump(
      snapshot,
      this.encoder,
      this.sink,
      ports,
      () => (this.isDone = true),
      () => keyDelayUs,
    );
  }

  get isScheduled(): boolean {
    return this.#soon !== null;
  }

  /** Takes so many slices, each of as little as can be. */
  pass(slices: number): void {
    this.#lookUs = 100 * LOOK_US;
    for (let i = 0; i < slices; i++) this.slice(0);
    this.#lookUs = LOOK_US;
  }

  /** @param othersUs how long the others take before it. @returns how long the slice takes. */
  slice(othersUs: number): number {
    this.nowUs += othersUs;
    const run = this.#soon!;
    this.#soon = null;
    const startUs = this.nowUs;
    run();
    return this.nowUs - startUs;
  }
}

describe('The pace of a snapshot', () => {
  it.each([
    ['is short where nobody else wants anything', 0, 500],
    ['is that of the others', 800, 800],
    ['is a millisecond where they are a little slower', 3000, 1000],
    ['is a quarter of theirs where they are slow', 8000, 2000],
    ['is never longer than three milliseconds', 50_000, 3000],
  ])('%s', (_name, othersUs, sliceUs) => {
    const stage = new Stage();
    const pump = stage.start();
    stage.pass(300);
    stage.slice(0);
    const took = stage.slice(othersUs);
    expect(took).toBeGreaterThanOrEqual(sliceUs - LOOK_US);
    expect(took).toBeLessThanOrEqual(sliceUs + 5 * LOOK_US);
    pump.stop();
  });

  it('is slow at first, whatever the others do', () => {
    const stage = new Stage();
    const pump = stage.start();
    const taken = [0, 50, 100, 200].map((slices, i, passed) => {
      stage.pass(slices - (passed[i - 1] ?? 0) - (i === 0 ? 0 : 1));
      return stage.slice(50_000);
    });
    for (const [i, sliceUs] of [200, 700, 1200, 2200].entries()) {
      expect(taken[i]).toBeGreaterThanOrEqual(sliceUs - LOOK_US);
      expect(taken[i]).toBeLessThanOrEqual(sliceUs + 5 * LOOK_US);
    }
    pump.stop();
  });

  it('waits for a sink that has much to get rid of', () => {
    const stage = new Stage();
    const pump = stage.start();
    const sink = stage.sink as { queuedBytes: number; onDrain: (() => void) | null };
    sink.queuedBytes = 1 << 20;
    stage.slice(0);
    expect(stage.isScheduled).toBe(false);
    sink.onDrain!();
    expect(stage.isScheduled).toBe(false);
    sink.queuedBytes--;
    sink.onDrain!();
    expect(stage.isScheduled).toBe(true);
    pump.stop();
  });

  it('sleeps for each key where it is to be slow, the last one included', () => {
    const stage = new Stage(3);
    stage.start(50_000);
    const totalMs = (): number => stage.slept.reduce((sum, ms) => sum + ms, 0);
    stage.slice(0);
    for (let wakes = 0; wakes < 10 && !stage.isDone; wakes++) {
      stage.wake!();
      if (stage.isScheduled) stage.slice(0);
      expect(stage.isDone && totalMs() < 150).toBe(false);
    }
    expect(stage.isDone).toBe(true);
    expect(totalMs()).toBe(150);
  });

  it('sleeps also where the sink is rid of its bytes at once', () => {
    const stage = new Stage(300);
    const { sink } = stage;
    const { write } = sink;
    sink.write = (bytes): void => {
      write(bytes);
      sink.onDrain!();
    };
    stage.start(50_000);
    stage.slice(0);
    for (let wakes = 0; wakes < 1000 && !stage.isDone; wakes++) {
      if (stage.isScheduled) stage.slice(0);
      stage.wake?.();
    }
    expect(stage.isDone).toBe(true);
    expect(stage.slept.reduce((sum, ms) => sum + ms, 0)).toBe(300 * 50);
  });

  it('hands on what commands make it encode while it waits, in chunks', () => {
    const stage = new Stage();
    const pump = stage.start();
    (stage.sink as { queuedBytes: number }).queuedBytes = 1 << 20;
    stage.slice(0);
    const db = stage.server.keyspace.databases[0]!;
    for (let i = 0; i < KEYS; i++) {
      const key = Buffer.from(`key:${i}`);
      db.setString(key, 0, key.length, key, 0, key.length);
    }
    expect(stage.isScheduled).toBe(false);
    expect(stage.written.length).toBeGreaterThan(5);
    expect(Math.max(...stage.written.map(({ length }) => length))).toBeLessThan(1 << 15);
    expect(stage.encoder.pendingBytes).toBeLessThan(1 << 15);
    pump.stop();
  });

  it('writes on memory again that the sink gives back', () => {
    const stage = new Stage();
    const expected = describeDataset(stage.server.keyspace);
    stage.start();
    const seen = new Set<ArrayBufferLike>();
    const copies: Buffer[] = [];
    while (stage.isScheduled) {
      stage.slice(0);
      for (const bytes of stage.written.splice(0)) {
        copies.push(Buffer.from(bytes));
        seen.add(bytes.buffer);
        stage.sink.onSpare?.(bytes);
      }
    }
    expect(stage.isDone).toBe(true);
    expect(copies.length).toBeGreaterThan(5);
    expect(seen.size).toBeLessThan(copies.length / 2);
    expect(describeFile(Buffer.concat(copies))).toEqual(expected);
  });
});
