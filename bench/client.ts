// A RESP connection just large enough for a benchmark: ask a question, get the answer.

import net from 'node:net';
import RedisParser from 'redis-parser';

const ANSWER_TIMEOUT_MS = 300_000;

export function encodeCommand(args: readonly string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`).join('')}`;
}

/** One command on a connection of its own; an error reply rejects. */
export function ask(port: number, ...args: string[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    const settle = (act: () => void): void => {
      socket.destroy();
      act();
    };
    const parser = new RedisParser({
      returnReply: (reply: unknown) => settle(() => resolve(reply)),
      returnError: (error: Error) => settle(() => reject(error)),
    });
    socket.setTimeout(ANSWER_TIMEOUT_MS, () =>
      settle(() => reject(new Error(`no answer to ${args[0]} on port ${port}`))),
    );
    socket.on('error', (error) => settle(() => reject(error)));
    socket.on('close', () => reject(new Error(`port ${port} closed before it answered ${args[0]}`)));
    socket.on('data', (chunk) => parser.execute(chunk));
    socket.write(encodeCommand(args));
  });
}

/** The same, with null where the server does not know the command: prototypes may answer nothing but GET and SET. */
export async function askOrNull(port: number, ...args: string[]): Promise<unknown> {
  try {
    return await ask(port, ...args);
  } catch {
    return null;
  }
}

/** The fields of an INFO reply; empty for anything else. */
export function parseInfo(reply: unknown): Map<string, string> {
  const fields = new Map<string, string>();
  if (typeof reply !== 'string') return fields;
  for (const line of reply.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0 && !line.startsWith('#')) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return fields;
}
