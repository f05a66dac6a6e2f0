/**
 * What the server and the process that writes its snapshots say to each other. The server sends frames: four bytes of
 * length, and so many bytes. The first is the order, as JSON. Two lengths stand for themselves.
 */
export const LENGTH_BYTES = 4;
/** There is no more. */
export const FINISH = 0xffff_ffff;
/** It is not wanted any more. */
export const ABANDON = 0xffff_fffe;

/** What the process says, behind the number of the file that it is about. */
export const READY = 'ready';
export const DONE = 'done';
/** With an errno name behind it. */
export const FAILED = 'failed';

export function lengthFrame(length: number): Buffer {
  const frame = Buffer.allocUnsafe(LENGTH_BYTES);
  frame.writeUInt32LE(length);
  return frame;
}
