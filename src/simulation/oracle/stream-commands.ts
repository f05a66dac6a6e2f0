/** Takes a replication stream apart into its commands. The stream is one of commands as they would be sent: nothing else. */
import { Arguments } from '../../core/arguments.ts';
import { encodeCommand } from '../../client/encode-command.ts';

export interface StreamCommand {
  readonly words: readonly string[];
  /** Number of the last byte of the command, counted as the offsets of the stream are. */
  readonly end: number;
}

const CR = 13;
const ZERO = 48;
const NINE = 57;

/**
 * @param offset of the byte before the first one.
 * @returns the commands that are whole; what comes behind the last of them is left out.
 */
export function readCommands(bytes: Buffer, offset: number): StreamCommand[] {
  const commands: StreamCommand[] = [];
  let at = 0;
  /** Behind a mark of one byte; -1 if there is none, or not all of it. */
  const number = (): number => {
    let value = 0;
    for (let i = at + 1; i < bytes.length; i++) {
      const byte = bytes[i]!;
      if (byte === CR) {
        at = i + 2;
        return value;
      }
      if (byte < ZERO || byte > NINE) return -1;
      value = value * 10 + byte - ZERO;
    }
    return -1;
  };
  for (;;) {
    const count = number();
    if (!(count > 0)) return commands;
    const words: string[] = [];
    while (words.length < count) {
      const length = number();
      if (!(length >= 0) || at + length + 2 > bytes.length) return commands;
      words.push(bytes.toString('latin1', at, at + length));
      at += length + 2;
    }
    commands.push({ words, end: offset + at });
  }
}

/** A change as it would stand in the stream. */
export function encodeChange(args: Arguments): Buffer {
  return encodeCommand(Array.from({ length: args.count }, (_, i) => args.view(i)));
}
