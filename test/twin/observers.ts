/**
 * Who looks on while a script is played: a client that hears every keyspace event, one that monitors, and the server's
 * own statistics of commands and errors. What they saw is compared as replies are.
 */
import { RespClient } from '../support/resp-client.ts';
import type { Call } from './suite.ts';

const WATCHING: readonly Call[] = [['PSUBSCRIBE', '__keyevent*', '__keyspace@1*'], ['MONITOR']];

/** What a server needs to be told so that it says everything. */
export const OBSERVABLE: Readonly<Record<string, string>> = { 'notify-keyspace-events': 'AKEnm' };
/** When keys expire that nobody looks at is not to be foreseen. */
export const BEFORE: readonly Call[] = [
  ['CONFIG', 'RESETSTAT'],
  ['DEBUG', 'SET-ACTIVE-EXPIRE', '0'],
];

export class Observers implements AsyncDisposable {
  readonly #player: RespClient;
  readonly #clients: readonly RespClient[];
  #scripts = 0;

  private constructor(player: RespClient, clients: readonly RespClient[]) {
    this.#player = player;
    this.#clients = clients;
  }

  /** @param player who plays the scripts */
  static async open(port: number, player: RespClient): Promise<Observers> {
    const clients: RespClient[] = [];
    for (const call of WATCHING) {
      const client = await RespClient.connect({ port, timeoutMs: 20_000 });
      await client.callRaw(...call);
      clients.push(client);
    }
    return new Observers(player, clients);
  }

  /** What each of them saw since the last time, and the statistics: lists of lines. */
  async report(): Promise<string[][]> {
    const end = `end-of-script-${++this.#scripts}`;
    const answers = await this.#player.pipelineRaw([
      ['INFO', 'commandstats', 'errorstats', 'stats', 'persistence'],
      ['RESET'],
      ['PUBLISH', `__keyevent:${end}`, ''],
    ]);
    const seen = await Promise.all(this.#clients.map((client) => seenUntil(client, end)));
    return [...seen, statistics(answers[0]!)];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) await client.close();
  }
}

async function seenUntil(client: RespClient, end: string): Promise<string[]> {
  const seen: string[] = [];
  for (;;) {
    const reply = await client.nextRaw();
    if (reply.includes(end)) return seen;
    seen.push(reply.replace(/^\+\d+\.\d+ \[(\d+) \S+\]/, '+T [$1 ADDRESS]'));
  }
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
