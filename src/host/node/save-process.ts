/**
 * The program that writes a snapshot into a file, in a process of its own (saver.ts starts it). It takes an order and
 * then the bytes from its standard input, and says on its standard output how it goes (save-frames.ts).
 *
 * Nothing is read beyond the last frame, because what follows is for the next process. If the input ends in the middle,
 * the server is gone, and the file goes with it.
 *
 * It is a loop of blocking calls: a process that does nothing else needs no events, and a slow disk holds up the pipe.
 */
import * as fs from 'node:fs';
import type { SaveOrder } from '../saver.ts';
import { ABANDON, DONE, FAILED, LENGTH_BYTES, READY } from './save-frames.ts';

const INPUT = 0;
const OUTPUT = 1;
const BUFFER_BYTES = 1 << 18;

class ServerGone extends Error {}

/** The file. What fails is kept in mind, and nothing is written any more. */
class Output {
  readonly #order: SaveOrder;
  #descriptor = -1;
  #unsyncedBytes = 0;
  failure: string | null = null;

  constructor(order: SaveOrder) {
    this.#order = order;
    this.#attempt(() => (this.#descriptor = fs.openSync(order.path, 'r+')));
  }

  write(bytes: Uint8Array): void {
    this.#attempt(() => {
      let offset = 0;
      while (offset < bytes.length) offset += fs.writeSync(this.#descriptor, bytes, offset);
      this.#unsyncedBytes += bytes.length;
      const { syncEveryBytes } = this.#order;
      if (syncEveryBytes > 0 && this.#unsyncedBytes >= syncEveryBytes) this.#sync();
    });
  }

  finish(): void {
    this.#attempt(() => {
      this.#sync();
      fs.closeSync(this.#descriptor);
    });
  }

  #sync(): void {
    fs.fdatasyncSync(this.#descriptor);
    this.#unsyncedBytes = 0;
  }

  #attempt(step: () => void): void {
    if (this.failure !== null) return;
    try {
      step();
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      this.failure = code ?? message;
    }
  }
}

/** @param number of the file, which all that is said begins with */
function save(number: string): void {
  const say = (text: string): void => void fs.writeSync(OUTPUT, `${number} ${text}\n`);
  say(READY);
  const orderLength = readLength();
  if (orderLength === ABANDON) return;
  const order = JSON.parse(readFully(Buffer.alloc(orderLength)).toString()) as SaveOrder;
  process.title = order.title;
  const output = new Output(order);
  let isTold = false;
  const tellFailure = (): void => {
    if (output.failure === null || isTold) return;
    isTold = true;
    say(`${FAILED} ${output.failure}`);
  };
  if (!takeAll(order, output, tellFailure)) return;
  output.finish();
  tellFailure();
  if (output.failure === null) say(DONE);
}

/** Writes what comes. @param look called now and then. @returns whether the file is wanted. */
function takeAll(order: SaveOrder, output: Output, look: () => void): boolean {
  const buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  try {
    for (;;) {
      const length = readLength();
      if (length >= ABANDON) return length !== ABANDON;
      for (let left = length; left > 0; left -= Math.min(left, buffer.length)) {
        output.write(readFully(buffer.subarray(0, Math.min(left, buffer.length))));
      }
      look();
    }
  } catch (error) {
    if (error instanceof ServerGone) fs.rmSync(order.path, { force: true });
    throw error;
  }
}

function readLength(): number {
  return readFully(Buffer.alloc(LENGTH_BYTES)).readUInt32LE(0);
}

function readFully(target: Buffer): Buffer {
  for (let filled = 0; filled < target.length;) {
    const count = fs.readSync(INPUT, target, filled, target.length - filled, null);
    if (count === 0) throw new ServerGone();
    filled += count;
  }
  return target;
}

try {
  save(process.argv[2] ?? '0');
} catch {
  // The server is gone, or does not listen: there is nobody to tell.
  process.exitCode = 1;
}
