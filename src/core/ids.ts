/**
 * Run ids, replication ids and node ids: 40 random hex digits. Two nodes, or two runs of one, never share one; who
 * reconnects and finds another id knows that the peer has been restarted or replaced.
 */
import { toHex } from './hex.ts';

export const ID_LENGTH = 40;

/** What ids are made from; the `random` port of a host is one. */
export interface RandomBytes {
  bytes(length: number): Uint8Array;
}

export function randomId(random: RandomBytes): string {
  return toHex(random.bytes(ID_LENGTH / 2));
}
