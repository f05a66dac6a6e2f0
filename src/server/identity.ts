/** Who this server is to others, and since when. */
import { randomId } from '../core/ids.ts';
import type { Random } from '../host/host.ts';

export class Identity {
  /** Of this run: another one after each start. */
  readonly runId: string;
  /** Of the history of the dataset: two servers with the same one share it up to the smaller of their offsets. */
  replicationId: string;
  /** Unix time in ms. */
  readonly startedMs: number;
  readonly #random: Random;

  constructor(random: Random, startedMs: number) {
    this.#random = random.fork('identity');
    this.runId = randomId(this.#random);
    this.replicationId = randomId(this.#random);
    this.startedMs = startedMs;
  }

  /** The dataset goes its own way from now on. */
  changeReplicationId(): void {
    this.replicationId = randomId(this.#random);
  }
}
