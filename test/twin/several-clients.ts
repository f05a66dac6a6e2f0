/**
 * Suites of several clients, who talk in turn to this server and to redis-server: each must receive the same bytes from
 * both.
 *
 * Commands are sent one at a time, and a client of its own makes sure that each was executed before the next one is
 * sent; a command behind one that waits is executed when that was served. What cannot be equal is made so: ids,
 * addresses, times.
 */
import * as fc from 'fast-check';
import { startServer, type ServerHandle } from '../../src/topology/server.ts';
import { startRedis, type RedisProcess } from '../support/redis-process.ts';
import { encodeCommand, RespClient } from '../support/resp-client.ts';
import { comparableSession } from './comparable.ts';
import { type Call, makeSuite, type Player, type Suite } from './suite.ts';

export type ClientScript = readonly ClientStep[];

/** Which client sends it, and the command; `@2` in it stands for the id of client 2. */
export type ClientStep = readonly [client: number, command: string];

export interface SeveralClientsOptions {
  readonly title: string;
  readonly runs: number;
  readonly clients: number;
  readonly steps: fc.Arbitrary<ClientStep>;
  readonly stepsMax: number;
  /** Sent before each script by the client of its own. */
  readonly before: readonly string[];
  /** Sent before the script by the last client, who sends nothing else. */
  readonly listener?: string;
  /** Sent after each script; the parts of the answers that match are compared. */
  readonly after?: Readonly<Record<string, RegExp>>;
}

const CONFIG = { 'enable-debug-command': 'local' };

export function severalClients(options: SeveralClientsOptions): Suite {
  return makeSuite({
    title: options.title,
    runs: options.runs,
    scripts: fc.array(options.steps, { minLength: 1, maxLength: options.stepsMax, size: 'max' }),
    callsOf: (script) => script.map(([, command]): Call => command.split(' ')),
    open: () => openMeeting(options),
  });
}

export async function openMeeting(options: SeveralClientsOptions): Promise<Player<ClientScript>> {
  const ours = await startServer({ config: CONFIG });
  const theirs = await startRedis({ options: CONFIG });
  await alignIds(ours.port, theirs.port);
  return new Meeting(options, ours, theirs);
}

/** Both count their clients; from here on, they count the same. */
async function alignIds(...ports: readonly [number, number]): Promise<void> {
  const [a, b] = await Promise.all(ports.map(nextId));
  const behind = a! < b! ? ports[0] : ports[1];
  for (let i = Math.abs(a! - b!); i > 0; i--) await nextId(behind);
}

async function nextId(port: number): Promise<number> {
  await using client = await RespClient.connect({ port });
  return Number(await client.call('CLIENT', 'ID'));
}

/** Plays a script that is written down: a line per step, the client's number first. */
export function stepsOf(text: string): ClientStep[] {
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [client = '', ...command] = line.trim().split(' ');
      return [Number(client), command.join(' ')];
    });
}

class Meeting implements Player<ClientScript> {
  readonly #options: SeveralClientsOptions;
  readonly #ours: ServerHandle;
  readonly #theirs: RedisProcess;

  constructor(options: SeveralClientsOptions, ours: ServerHandle, theirs: RedisProcess) {
    this.#options = options;
    this.#ours = ours;
    this.#theirs = theirs;
  }

  async play(script: ClientScript): Promise<void> {
    const [ours, theirs] = await Promise.all([
      receivedFrom(this.#ours.port, script, this.#options),
      receivedFrom(this.#theirs.port, script, this.#options),
    ]);
    const different = ours.findIndex((text, i) => text !== theirs[i]);
    if (different < 0) return;
    throw new Error(
      [
        `differs: what ${different < this.#options.clients ? `client ${different}` : 'an observer'} receives`,
        `  redis-server: ${JSON.stringify(theirs[different])}`,
        `  this server:  ${JSON.stringify(ours[different])}`,
        'script, a redis-cli for each number:',
        ...script.map(([client, command]) => `  ${client}> ${command}`),
      ].join('\n'),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ours.close();
    await this.#theirs.stop();
  }
}

/** Plays a script; gives everything that each client received, and what the server says at the end. */
async function receivedFrom(
  port: number,
  script: ClientScript,
  { clients: count, before, listener, after = {} }: SeveralClientsOptions,
): Promise<string[]> {
  await using fence = await RespClient.connect({ port });
  await fence.pipeline(before.map((command) => command.split(' ')));
  const clients: RespClient[] = [];
  for (let i = 0; i < count + (listener === undefined ? 0 : 1); i++) clients.push(await RespClient.connect({ port }));
  const ids = await Promise.all(clients.map((client) => client.call('CLIENT', 'ID')));
  const received = clients.map((client) => client.readUntilClose());
  const subscription: ClientStep[] = listener === undefined ? [] : [[count, listener]];
  for (const [client, command] of [...subscription, ...script]) {
    const words = command.split(' ').map((word) => word.replace(/^@(\d)$/, (_, at) => String(ids[Number(at)])));
    clients[client]!.sendRaw(encodeCommand(words));
    // The first answer may overtake the command, which had arrived by then; the second one cannot. Monitors are not
    // shown administrative commands.
    await fence.call('CONFIG', 'GET', 'port');
    await fence.call('CONFIG', 'GET', 'port');
  }
  const observed: string[] = [];
  for (const [command, pattern] of Object.entries(after)) {
    observed.push(String(pattern.exec(await fence.callRaw(...command.split(' ')))));
  }
  for (const client of clients) client.end();
  return [...(await Promise.all(received)).map(comparableSession), ...observed];
}
