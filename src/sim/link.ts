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
export const FIRST_RETRANSMISSION_US = 200_000;
const LONGEST_RETRANSMISSION_US = 120_000_000;
/**
 * Losses in a row that an acknowledgement or a step of a handshake may suffer: they are tiny, and whatever is sent later
 * makes up for them.
 */
const ANSWER_LOSSES = 5;
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

  /** When a packet of `bytes` that is sent now arrives, unless it gets lost. */
  arrivalUs(nowUs: number, bytes: number, random: Random): number {
    let leavesUs = nowUs;
    if (this.#usPerByte > 0) {
      leavesUs = Math.max(nowUs, this.#busyUntilUs) + Math.ceil(bytes * this.#usPerByte);
      this.#busyUntilUs = leavesUs;
    }
    return leavesUs + this.wayUs(random);
  }

  /** One draw of the way's time. */
  wayUs(random: Random): number {
    const { minUs, meanUs, maxUs } = this.#latency;
    if (meanUs <= minUs) return minUs;
    const tail = -Math.log((random.u32() + 1) / 2 ** 32) * (meanUs - minUs);
    return Math.min(maxUs, minUs + Math.round(tail));
  }

  /** Whether a packet that would arrive now has got lost. */
  loses(random: Random): boolean {
    return this.#lossThreshold > 0 && random.u32() < this.#lossThreshold;
  }

  /** One draw of the time that something takes which is answered or made up for soon, repeats of lost packets included. */
  answerUs(random: Random): number {
    let delayUs = this.wayUs(random);
    let waitUs = FIRST_RETRANSMISSION_US;
    for (let losses = 0; losses < ANSWER_LOSSES && this.loses(random); losses++) {
      delayUs += waitUs;
      waitUs = nextWaitUs(waitUs);
    }
    return delayUs;
  }
}

/** How long a sender waits for an answer to its next try. */
export function nextWaitUs(waitUs: number): number {
  return Math.min(2 * waitUs, LONGEST_RETRANSMISSION_US);
}

/** The first moment from `nowUs` on at which a sender that has waited since `sinceUs` tries again. */
export function nextRetransmissionUs(sinceUs: number, nowUs: number): number {
  let waitUs = FIRST_RETRANSMISSION_US;
  let tryUs = sinceUs + waitUs;
  while (tryUs < nowUs) {
    waitUs = nextWaitUs(waitUs);
    tryUs += waitUs;
  }
  return tryUs;
}
