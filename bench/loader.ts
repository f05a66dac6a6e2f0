// Sets a given number of distinct keys through one pipelined connection.
//
// redis-benchmark picks keys at random, so it neither sets each key once nor stops at a known number of them. Here a
// batch of SETs is one buffer in which only the digits change, which leaves the core to whoever measures beside it.
// Keys are 16 bytes ("key:" and twelve digits), values 32 bytes and all different.

import net from 'node:net';
import { askOrNull } from './client.ts';

const DIGITS = 12;
const HEAD = '*3\r\n$3\r\nSET\r\n$16\r\nkey:';
const MIDDLE = '\r\n$32\r\nvalue-of-32-bytes---';
const COMMAND = `${HEAD}${'0'.repeat(DIGITS)}${MIDDLE}${'0'.repeat(DIGITS)}\r\n`;
const KEY_DIGITS_AT = HEAD.length;
const VALUE_DIGITS_AT = HEAD.length + DIGITS + MIDDLE.length;
const REPLY_BYTES = '+OK\r\n'.length;
const MINUS = 0x2d;

/** Commands in one write, and writes whose replies may be outstanding: enough to keep a server busy all the time. */
const BATCH = 100;
const WINDOW = 4;
const SILENCE_LIMIT_MS = 20_000;

/** The warm-up sets the same few keys over and over: it grows the working room of a heap, but not the data. */
export const WARM_KEYS = 1_000;
const WARM_PASSES = 300;

export interface LoadPlan {
  port: number;
  keys: number;
  /** Number of the first key; the others follow it. */
  first: number;
  /** Called as replies arrive, with the number of keys set so far. */
  onProgress?: (keys: number) => void;
}

/** `count` SETs of the keys that start at `first`; reuses nothing, since the socket may still hold the last batch. */
export function encodeBatch(first: number, count: number): Buffer {
  const batch = Buffer.from(COMMAND.repeat(count), 'latin1');
  for (let index = 0; index < count; index++) {
    const digits = String(first + index).padStart(DIGITS, '0');
    const at = index * COMMAND.length;
    batch.write(digits, at + KEY_DIGITS_AT, 'latin1');
    batch.write(digits, at + VALUE_DIGITS_AT, 'latin1');
  }
  return batch;
}

export function loadKeys(plan: LoadPlan): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port: plan.port, host: '127.0.0.1', noDelay: true });
    let sent = 0;
    let replyBytes = 0;
    const send = (): void => {
      while (sent < plan.keys && sent * REPLY_BYTES - replyBytes < BATCH * WINDOW * REPLY_BYTES) {
        const count = Math.min(BATCH, plan.keys - sent);
        socket.write(encodeBatch(plan.first + sent, count));
        sent += count;
      }
    };
    socket.on('connect', send);
    socket.setTimeout(SILENCE_LIMIT_MS, () => socket.destroy(new Error(`no reply for ${SILENCE_LIMIT_MS} ms`)));
    socket.on('error', reject);
    socket.on('close', () =>
      reject(new Error(`the server closed the connection after ${replyBytes / REPLY_BYTES} keys`)),
    );
    socket.on('data', (chunk) => {
      if (chunk.includes(MINUS))
        socket.destroy(new Error(`the server answered SET with ${chunk.toString('latin1').trim()}`));
      replyBytes += chunk.length;
      plan.onProgress?.(Math.floor(replyBytes / REPLY_BYTES));
      if (replyBytes < plan.keys * REPLY_BYTES) return send();
      resolve();
      socket.destroy();
    });
  });
}

/** Leaves keys 0 to WARM_KEYS - 1 behind. */
export async function warmWithKeys(port: number): Promise<void> {
  for (let pass = 0; pass < WARM_PASSES; pass++) await loadKeys({ port, keys: WARM_KEYS, first: 0 });
}

/** A server that dropped keys would look thrifty. Prototypes without DBSIZE are believed. */
export async function assertKeyCount(server: { name: string; port: number }, keys: number): Promise<void> {
  const held = await askOrNull(server.port, 'DBSIZE');
  if (typeof held === 'number' && held !== keys)
    throw new Error(`${server.name} holds ${held} keys instead of ${keys}`);
}
