/**
 * How large Redis' own buffers for a client would be: the figures qbuf-free, rbs and rbp of CLIENT LIST, and a part of
 * tot-mem, by which clients are evicted.
 *
 * Here, requests are decoded where the host has read them and replies take chunks of a shared pool, so an idle client
 * has no buffers at all. Tools and tests know Redis' rules, though: a query buffer of 16 KiB that grows with large
 * arguments and goes away when the client is idle, and a reply buffer between 1 and 16 KiB that follows the peak of
 * its use. The gauge plays these rules (server.c clientsCronResizeQueryBuffer and clientsCronResizeOutputBuffer);
 * what lies beyond the reply buffer counts in blocks (networking.c _addReplyProtoToList).
 */
import { sizeClass } from './size-class.ts';

const READ_BYTES = 16 * 1024;
const BIG_ARGUMENT_BYTES = 32 * 1024;
const QUERY_RESIZE_THRESHOLD_BYTES = 32 * 1024;
const QUERY_SPARE_BYTES = 4 * 1024;
const GREEDY_GROWTH_BYTES_MAX = 1024 * 1024;
const QUERY_IDLE_SECONDS = 2;
/** Length and capacity of the string that holds the query, and its final NUL. */
const QUERY_HEADER_BYTES = 6;

export const REPLY_BUFFER_BYTES = 16 * 1024;
const REPLY_BUFFER_BYTES_MIN = 1024;
/** A block of 16 KiB with its header, as the allocator rounds it up. */
const BLOCK_BYTES = 20464;
const BLOCK_OVERHEAD_BYTES = 40;

export class BufferGauge {
  /** Room for the bytes of requests. */
  queryBytes = 0;
  #queryPeak = 0;
  /** Room for replies before blocks are needed: rbs. */
  replyBytes = REPLY_BUFFER_BYTES;
  /** The largest use of it of late: rbp. */
  replyPeak = REPLY_BUFFER_BYTES;
  /** When the peak was last forgotten; a new client's is at the first occasion (Redis mixes up two units there). */
  #replyPeakSinceMs = -Infinity;

  /** @param buffered bytes that are no arguments yet. @param awaited length of the argument that is being read. */
  received(buffered: number, awaited: number): void {
    if (buffered > this.#queryPeak) this.#queryPeak = buffered;
    const big = awaited >= BIG_ARGUMENT_BYTES ? awaited + 2 : 0;
    if (this.queryBytes >= Math.max(buffered, big, READ_BYTES)) return;
    if (big > 0) this.queryBytes = roomOf(Math.max(big, buffered));
    else if (buffered <= READ_BYTES) this.queryBytes = Math.max(this.queryBytes, roomOf(READ_BYTES));
    else this.queryBytes = roomOf(buffered + Math.min(buffered, GREEDY_GROWTH_BYTES_MAX));
  }

  /** Memory of the query buffer. */
  get queryMemory(): number {
    return this.queryBytes === 0 ? 16 : sizeClass(this.queryBytes + QUERY_HEADER_BYTES);
  }

  /** @param bytes of replies that are about to be sent together. */
  sent(bytes: number): void {
    const used = Math.min(bytes, this.replyBytes);
    if (used > this.replyPeak) this.replyPeak = used;
  }

  /** Once a second or so. */
  tendQuery(buffered: number, awaited: number, idleSeconds: number): void {
    if (this.queryBytes - buffered > QUERY_SPARE_BYTES) {
      if (idleSeconds > QUERY_IDLE_SECONDS) this.queryBytes = buffered;
      else if (this.queryBytes > QUERY_RESIZE_THRESHOLD_BYTES && this.queryBytes / 2 > this.#queryPeak) {
        this.queryBytes = roomOf(Math.max(buffered, this.#queryPeak, awaited));
      }
    }
    this.#queryPeak = Math.max(buffered, awaited);
  }

  /** Once a second or so. @param peakResetMs how long a peak is remembered; negative: forever. */
  tendReply(nowMs: number, pending: number, peakResetMs: number): void {
    const before = this.replyBytes;
    const half = Math.floor(before / 2);
    if (half >= REPLY_BUFFER_BYTES_MIN && this.replyPeak < half) {
      this.replyBytes = sizeClass(Math.max(REPLY_BUFFER_BYTES_MIN, this.replyPeak + 1));
    } else if (before * 2 < REPLY_BUFFER_BYTES * 2 && this.replyPeak === before) {
      this.replyBytes = sizeClass(Math.min(REPLY_BUFFER_BYTES, before * 2));
    }
    if (peakResetMs >= 0 && nowMs - this.#replyPeakSinceMs >= peakResetMs) {
      this.replyPeak = Math.min(pending, this.replyBytes);
      this.#replyPeakSinceMs = nowMs;
    }
  }

  /** How many blocks replies of so many bytes take beyond the reply buffer. */
  blocks(pending: number): number {
    return Math.ceil(Math.max(0, pending - this.replyBytes) / BLOCK_BYTES);
  }
}

/** Memory of so many blocks: what output limits are measured against. */
export function blockBytes(blocks: number): number {
  return blocks * (BLOCK_BYTES + BLOCK_OVERHEAD_BYTES);
}

/** The bytes that fit where `needed` are asked for. */
function roomOf(needed: number): number {
  return sizeClass(needed + QUERY_HEADER_BYTES) - QUERY_HEADER_BYTES;
}
