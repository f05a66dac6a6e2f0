/**
 * Takes a snapshot to where it is wanted, a slice at a time, then everybody else has a turn. A slice is as long as the
 * others took before it, from half a millisecond to one: so clients that keep the server busy get half of its time, and
 * one that asks now and then waits for a short slice. Where the others take much longer it is a quarter of that, up to
 * three milliseconds. The first ones are shorter. While the sink has more than a megabyte left to get rid of, the walk
 * waits; only what commands hand over comes in addition, and all of that was part of the dataset.
 */
import type { Clock, Timer, Timers } from '../host/host.ts';
import type { Snapshot, SnapshotEncoder } from './snapshot.ts';

/** Where the bytes of a snapshot go: a file, the links of replicas. */
export interface SnapshotSink {
  /** Takes bytes, which are the sink's own from now on. */
  write(bytes: Buffer): void;
  /** Bytes that were taken and have not left yet. */
  readonly queuedBytes: number;
  /** Called by the sink when there is less in its queue than before. */
  onDrain: (() => void) | null;
  /** Called, by a sink that can, with bytes that it was given and needs no more: they are going to be written on again. */
  onSpare?: ((bytes: Buffer) => void) | null;
}

export interface PumpPorts {
  readonly timers: Timers;
  readonly clock: Clock;
}

/** For tests: rdb-key-save-delay, in microseconds per key. */
export type KeyDelay = () => number;

/** The first slices are shorter: code that runs for the first time is compiled meanwhile, by threads that may share our core. */
const FIRST_SLICE_US = 200;
const SLICE_GROWTH_US = 10;
const SHORTEST_SLICE_US = 500;
const USUAL_SLICE_US = 1000;
const LONGEST_SLICE_US = 3000;
/** Where the others take long, the part of it that a slice takes. */
const SHARE_OF_LONG_TURNS = 1 / 4;
/** Ends a slice where the clock stands still: under simulation, or on a manual clock. */
const LOOKS_PER_SLICE_MAX = 200;
const QUEUED_BYTES_MAX = 1 << 20;
/** What the encoder has made is handed on in chunks of about this size. */
const CHUNK_BYTES = 1 << 14;
/** A sleep for less is put off until there is more of it; one for more is taken in portions, should the delay be changed. */
const SHORTEST_SLEEP_US = 1000;
const LONGEST_SLEEP_US = 100_000;

export class SnapshotPump {
  readonly snapshot: Snapshot;
  readonly #encoder: SnapshotEncoder;
  readonly #sink: SnapshotSink;
  readonly #ports: PumpPorts;
  readonly #keyDelayUs: KeyDelay;
  readonly #done: (error: unknown) => void;
  #untilUs = 0;
  /** When the last slice ended. */
  #endedUs = 0;
  #looks = 0;
  #slices = 0;
  #sleepUs = 0;
  #keysBefore = 0;
  #isScheduled = false;
  #isStopped = false;
  #sleep: Timer | null = null;

  /**
   * Starts at once; the first slice runs at the end of this turn.
   * @param done called once, when all bytes were given to the sink, or with what went wrong; not after `stop`.
   */
  constructor(
    snapshot: Snapshot,
    encoder: SnapshotEncoder,
    sink: SnapshotSink,
    ports: PumpPorts,
    done: (error: unknown) => void,
    keyDelayUs: KeyDelay = () => 0,
  ) {
    this.snapshot = snapshot;
    this.#encoder = encoder;
    this.#sink = sink;
    this.#ports = ports;
    this.#done = done;
    this.#keyDelayUs = keyDelayUs;
    this.#endedUs = ports.clock.monotonicUs();
    sink.onDrain = (): void => {
      if (sink.queuedBytes < QUEUED_BYTES_MAX) this.#schedule();
    };
    sink.onSpare = (bytes): void => encoder.reuse(bytes);
    snapshot.onHandedOver = (): void => this.#handOn(CHUNK_BYTES);
    this.#schedule();
  }

  /** Ends the snapshot where it stands. Nothing is called or written any more. Idempotent. */
  stop(): void {
    this.#isStopped = true;
    this.#sleep?.cancel();
    this.#sink.onDrain = null;
    this.#sink.onSpare = null;
    this.snapshot.onHandedOver = null;
    this.snapshot.abort();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isStopped || this.#sleep !== null) return;
    this.#isScheduled = true;
    this.#ports.timers.soon(this.#slice);
  }

  readonly #slice = (): void => {
    this.#isScheduled = false;
    // A sink that was rid of its bytes at once has asked for the next slice before the last one was over.
    if (this.#isStopped || this.#sleep !== null) return;
    const nowUs = this.#ports.clock.monotonicUs();
    const allowedUs = FIRST_SLICE_US + SLICE_GROWTH_US * this.#slices++;
    this.#untilUs = nowUs + Math.min(allowedUs, sliceUs(nowUs - this.#endedUs));
    this.#looks = LOOKS_PER_SLICE_MAX;
    const { snapshot } = this;
    const isComplete = snapshot.run(this.#mayGoOn, this.#keyDelayUs() === 0 ? undefined : 0);
    if (isComplete && snapshot.error !== null) {
      this.stop();
      this.#done(snapshot.error);
      return;
    }
    this.#countDelay();
    const isTired = this.#sleepUs >= SHORTEST_SLEEP_US;
    this.#handOn(isComplete || isTired ? 0 : CHUNK_BYTES);
    this.#endedUs = this.#ports.clock.monotonicUs();
    if (isTired) this.#fallAsleep();
    else if (isComplete) {
      this.stop();
      this.#done(null);
    } else if (this.#sink.queuedBytes < QUEUED_BYTES_MAX) this.#schedule();
  };

  readonly #mayGoOn = (): boolean => {
    this.#handOn(CHUNK_BYTES);
    this.#countDelay();
    return (
      --this.#looks > 0 &&
      this.#sink.queuedBytes < QUEUED_BYTES_MAX &&
      this.#sleepUs < SHORTEST_SLEEP_US &&
      this.#ports.clock.monotonicUs() < this.#untilUs
    );
  };

  #countDelay(): void {
    this.#sleepUs += (this.snapshot.keysDone - this.#keysBefore) * this.#keyDelayUs();
    this.#keysBefore = this.snapshot.keysDone;
  }

  /** Gives the sink what there is, if it is at least so much. */
  #handOn(bytesMin: number): void {
    const { pendingBytes } = this.#encoder;
    if (pendingBytes === 0 || pendingBytes < bytesMin) return;
    const bytes = this.#encoder.take();
    if (bytes.length > 0) this.#sink.write(bytes);
  }

  #fallAsleep(): void {
    const sleepUs = Math.min(this.#sleepUs, LONGEST_SLEEP_US);
    this.#sleep = this.#ports.timers.after(sleepUs / 1000, () => {
      this.#sleep = null;
      this.#sleepUs = this.#keyDelayUs() === 0 ? 0 : this.#sleepUs - sleepUs;
      if (this.#sleepUs >= SHORTEST_SLEEP_US) this.#fallAsleep();
      else this.#schedule();
    });
  }
}

/** @param othersUs how long the others took since the last slice. */
function sliceUs(othersUs: number): number {
  const usual = Math.min(Math.max(othersUs, SHORTEST_SLICE_US), USUAL_SLICE_US);
  return Math.min(Math.max(usual, othersUs * SHARE_OF_LONG_TURNS), LONGEST_SLICE_US);
}
