/**
 * Who looks on while a script is played: a client that hears every keyspace event, one that monitors, and the server's
 * own statistics of commands and errors. What they saw is compared as replies are.
 */
import { connect, type Socket } from 'node:net';
import { encodeCommand, type RespClient } from '../support/resp-client.ts';
import type { Call } from './suite.ts';

const WATCHING: readonly Call[] = [['PSUBSCRIBE', '__keyevent*', '__keyspace@1*'], ['MONITOR']];

/** What a server needs to be told so that it says everything. */
export const OBSERVABLE: Readonly<Record<string, string>> = { 'notify-keyspace-events': 'AKEnm' };
/** When keys expire that nobody looks at is not to be foreseen. */
export const BEFORE: readonly Call[] = [
  ['CONFIG', 'RESETSTAT'],
  ['DEBUG', 'SET-ACTIVE-EXPIRE', '0'],
];

/** A client that says one thing and then listens. It reads no replies: there are too many. */
class Listener {
  readonly #socket: Socket;
  #heard = '';
  #awaited: { readonly end: string; readonly done: () => void } | null = null;

  constructor(port: number, call: Call) {
    this.#socket = connect({ port, host: '127.0.0.1' });
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (text: string) => this.#hear(text));
    // Whoever plays the script notices that the server is gone.
    this.#socket.on('error', () => {});
    this.#socket.write(encodeCommand(call));
  }

  /** What was heard since the last time, up to a word. */
  async until(end: string): Promise<string> {
    if (!this.#heard.includes(end)) await new Promise<void>((done) => (this.#awaited = { end, done }));
    const heard = this.#heard;
    this.#heard = '';
    return heard.slice(0, heard.indexOf(end));
  }

  #hear(text: string): void {
    this.#heard += text;
    if (this.#awaited === null || !this.#heard.includes(this.#awaited.end)) return;
    this.#awaited.done();
    this.#awaited = null;
  }

  close(): void {
    this.#socket.destroy();
  }
}

export class Observers {
  readonly #player: RespClient;
  readonly #listeners: readonly Listener[];
  #scripts = 0;

  private constructor(player: RespClient, listeners: readonly Listener[]) {
    this.#player = player;
    this.#listeners = listeners;
  }

  /** @param player who plays the scripts */
  static async open(port: number, player: RespClient): Promise<Observers> {
    const observers = new Observers(
      player,
      WATCHING.map((call) => new Listener(port, call)),
    );
    while (!(await observers.#areListening())) await player.call('PING');
    // What was seen of this does not count.
    await observers.report();
    return observers;
  }

  async #areListening(): Promise<boolean> {
    const [subscribed, monitors] = await this.#player.pipeline([
      ['PUBSUB', 'NUMPAT'],
      ['CLIENT', 'LIST'],
    ]);
    return Number(subscribed) === WATCHING[0]!.length - 1 && /flags=O/.test(String(monitors));
  }

  /** What each of them saw since the last time, and the statistics: lists of lines. */
  async report(): Promise<string[][]> {
    const end = `end-of-script-${++this.#scripts}.`;
    const answers = await this.#player.pipelineRaw([
      ['INFO', 'commandstats', 'errorstats', 'stats', 'persistence'],
      ['RESET'],
      ['PUBLISH', `__keyevent:${end}`, ''],
    ]);
    const heard = await Promise.all(this.#listeners.map((listener) => listener.until(end)));
    return [...heard.map(linesOf), statistics(answers[0]!)];
  }

  close(): void {
    for (const listener of this.#listeners) listener.close();
  }
}

/** Lines, without times and addresses. */
function linesOf(heard: string): string[] {
  return heard.replaceAll(/^\+\d+\.\d+ \[(\d+) \S+\]/gm, '+T [$1 ADDRESS]').split('\r\n');
}

/** Counts of calls and errors; not how long they took. Redis lists commands in the order of a hash table. */
function statistics(info: string): string[] {
  const lines = info
    .split('\r\n')
    .filter((line) =>
      /^(?:cmdstat_|errorstat_|keyspace_(?:hits|misses)|total_error|unexpected_error|expired_keys|rdb_changes)/.test(
        line,
      ),
    );
  return lines.map((line) => line.replace(/usec=\d+,usec_per_call=[\d.]+,/, '')).sort();
}
