// Sends commands through one pipelined connection as fast as they are answered, for the state that a test starts from
// and for the data whose memory is measured. loader.ts is the faster, simpler one for SET.

import net from 'node:net';
import RedisParser from 'redis-parser';

/** Commands in one write, and commands whose replies may be outstanding: enough to keep a server busy all the time. */
const BATCH = 100;
const WINDOW = 400;
const SILENCE_LIMIT_MS = 20_000;

/** Words of one command, one byte a character. */
export type Command = readonly string[];

export function encodeBatch(commands: Iterator<Command>, count: number): { text: string; sent: number } {
  let text = '';
  let sent = 0;
  while (sent < count) {
    const next = commands.next();
    if (next.done === true) break;
    text += `*${next.value.length}\r\n`;
    for (const word of next.value) text += `$${word.length}\r\n${word}\r\n`;
    sent++;
  }
  return { text, sent };
}

/** Resolves with the number of commands when all are answered; an error reply rejects. */
export function fill(port: number, commands: Iterable<Command>): Promise<number> {
  const source = commands[Symbol.iterator]();
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    let sent = 0;
    let answered = 0;
    let isComplete = false;
    const send = (): void => {
      while (!isComplete && sent - answered < WINDOW) {
        const batch = encodeBatch(source, BATCH);
        if (batch.sent > 0) socket.write(batch.text, 'latin1');
        sent += batch.sent;
        isComplete = batch.sent < BATCH;
      }
      if (!isComplete || answered < sent) return;
      resolve(sent);
      socket.destroy();
    };
    const parser = new RedisParser({
      returnReply: () => answered++,
      returnError: (error: Error) => socket.destroy(error),
    });
    socket.on('connect', send);
    socket.setTimeout(SILENCE_LIMIT_MS, () => socket.destroy(new Error(`no reply for ${SILENCE_LIMIT_MS} ms`)));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`the server closed the connection after ${answered} commands`)));
    socket.on('data', (chunk) => {
      parser.execute(chunk);
      send();
    });
  });
}
