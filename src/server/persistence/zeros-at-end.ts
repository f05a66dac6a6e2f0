/**
 * What a file of commands ends in when the machine lost its power while it was written: perhaps the beginning of a
 * command, then nothing but zeros, since the file had grown before its bytes had come.
 */
import type { DiskFile } from '../../host/host.ts';
import { CommandReader, MORE } from '../../persistence/aof/command-reader.ts';

/** What a power loss leaves torn is one write, or a few. */
const TORN_BYTES_MAX = 1 << 26;

/** @param from end of the last whole command. @returns how many zeros there are, 0 if it ends otherwise. */
export function zerosAtEnd(file: DiskFile, from: number): number {
  const tail = file.read(from, TORN_BYTES_MAX + 1);
  let end = tail.length;
  while (end > 0 && tail[end - 1] === 0) end--;
  if (end === tail.length || tail.length > TORN_BYTES_MAX) return 0;
  const reader = new CommandReader();
  reader.feed(Buffer.from(tail.subarray(0, end)));
  return reader.next() === MORE ? tail.length - end : 0;
}
