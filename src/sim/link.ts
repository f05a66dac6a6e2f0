/**
 * A link carries what one machine sends to another; every ordered pair has one. It may be cut, slow, far or lossy. It
 * never loses, repeats or reorders bytes: TCP repairs all that, so a lost packet shows as time (retransmission timeout)
 * and a cut shows as silence. What waits behind a cut is the pipes' business.
 */
import type { Random } from '../host/host.ts';

/** One-way delay: at least `minUs`, `meanUs` on average with an exponential tail, never more than `maxUs`. */
export interface Latency {
  readonly minUs: number;
  readonly meanUs: number;
  readonly maxUs: number;
}

export interface LinkShape {
  readonly latency?: Latency;
  /** Bytes per second that all connections on this link share; Infinity for no limit. */
  readonly bytesPerSecond?: number;
  /** Chance that a packet has to be sent again, from 0 to below 1. */
  readonly lossProbability?: number;
}

/** First wait of a retransmission; it doubles with every further one. */
const FIRST_RETRANSMISSION_US = 200_000;
const LONGEST_RETRANSMISSION_US = 120_000_000;
/** A sender gives up after the 15th retransmission, a good 15 minutes. */
export const GIVE_UP_US = 924_600_000;

/** An end of a link: a machine, as far as links know it. */
export interface Site {
  readonly index: number;
  readonly powered: boolean;
}

export class Link {
  readonly from: Site;
  readonly to: Site;
  /** Number of cuts that lie over the link; zero is open. */
  cuts = 0;
  /** Connections opened over this link so far: part of the label of their dice. */
  connections = 0;
  readonly #usual: Latency;
  #latency: Latency;
  #usPerByte = 0;
  #lossThreshold = 0;
  #busyUntilUs = 0;

  constructor(from: Site, to: Site, latency: Latency) {
    this.from = from;
    this.to = to;
    this.#usual = latency;
    this.#latency = latency;
  }

  get open(): boolean {
    return this.cuts === 0 && this.to.powered;
  }

  shape(shape: LinkShape): void {
    if (shape.latency !== undefined) this.#latency = shape.latency;
    if (shape.bytesPerSecond !== undefined) this.#usPerByte = 1e6 / shape.bytesPerSecond;
    if (shape.lossProbability !== undefined) this.#lossThreshold = Math.floor(shape.lossProbability * 2 ** 32);
  }

  resetShape(): void {
    this.#latency = this.#usual;
    this.#usPerByte = 0;
    this.#lossThreshold = 0;
  }

  /** When a packet of `bytes` that is sent now arrives. */
  arrivalUs(nowUs: number, bytes: number, random: Random): number {
    let leavesUs = nowUs;
    if (this.#usPerByte > 0) {
      leavesUs = Math.max(nowUs, this.#busyUntilUs) + Math.ceil(bytes * this.#usPerByte);
      this.#busyUntilUs = leavesUs;
    }
    return leavesUs + this.delayUs(random);
  }

  /** One draw of the way's time, repeats of lost packets included. */
  delayUs(random: Random): number {
    const { minUs, meanUs, maxUs } = this.#latency;
    let delayUs = minUs;
    if (meanUs > minUs) {
      const tail = -Math.log((random.u32() + 1) / 2 ** 32) * (meanUs - minUs);
      delayUs = Math.min(maxUs, minUs + Math.round(tail));
    }
    if (this.#lossThreshold > 0) {
      let waitUs = FIRST_RETRANSMISSION_US;
      while (random.u32() < this.#lossThreshold) {
        delayUs += waitUs;
        waitUs = Math.min(2 * waitUs, LONGEST_RETRANSMISSION_US);
      }
    }
    return delayUs;
  }
}

/** The first moment from `nowUs` on at which a sender that has waited since `sinceUs` tries again. */
export function nextRetransmissionUs(sinceUs: number, nowUs: number): number {
  let waitUs = FIRST_RETRANSMISSION_US;
  let tryUs = sinceUs + waitUs;
  while (tryUs < nowUs) {
    waitUs = Math.min(2 * waitUs, LONGEST_RETRANSMISSION_US);
    tryUs += waitUs;
  }
  return tryUs;
}
