/**
 * Clients that cache keys. In the first suite some clients read and write with tracking in all its modes, while others
 * get the messages of one of them each; in the last one, a client that tracks everything watches what each data
 * command announces, on keys of every type.
 *
 * SORT's destination comes from an argument that only its own families play.
 */
import * as fc from 'fast-check';
import { startServer, type ServerHandle } from '../../../src/topology/server.ts';
import { startRedis, type RedisProcess } from '../../support/redis-process.ts';
import { RespClient } from '../../support/resp-client.ts';
import { nearlyValid } from '../calls.ts';
import { withEdges, wordsOf } from '../from-syntax.ts';
import { quote } from '../one-client.ts';
import { severalClients, type SeveralClientsOptions } from '../several-clients.ts';
import { type Call, type Family, makeSuite, type Player, type Step, type Suite } from '../suite.ts';
import { asStep, dataCommands, everyType, vocabulary } from './any-command.ts';
import { trackingOptions as trackedKeys } from './sessions.ts';

/** Clients 0 to 2 track; client 3, 4 and 5 get what they redirect. */
const READERS = 3;

function oneOf(commands: string): fc.Arbitrary<string> {
  return fc.constantFrom(...commands.split('|').map((command) => command.trim()));
}

const modes = oneOf(`
  CLIENT TRACKING ON | CLIENT TRACKING ON | CLIENT TRACKING ON NOLOOP | CLIENT TRACKING OFF | CLIENT TRACKING ON OPTIN |
  CLIENT TRACKING ON OPTOUT | CLIENT TRACKING ON OPTOUT NOLOOP | CLIENT TRACKING ON BCAST |
  CLIENT TRACKING ON BCAST PREFIX a | CLIENT TRACKING ON BCAST PREFIX b PREFIX ab | CLIENT TRACKING ON BCAST NOLOOP |
  CLIENT TRACKING ON BCAST PREFIX a PREFIX ab | CLIENT TRACKING ON BCAST PREFIX d NOLOOP | CLIENT TRACKING ON BCAST OPTIN |
  CLIENT TRACKING ON OPTIN OPTOUT | CLIENT TRACKING ON PREFIX a | CLIENT TRACKING ON REDIRECT 99999999 |
  CLIENT TRACKING x | CLIENT TRACKING ON x | CLIENT TRACKING ON REDIRECT x | CLIENT TRACKING ON REDIRECT @1 REDIRECT @1
`);
const redirections = oneOf(`
  CLIENT TRACKING ON REDIRECT @ | CLIENT TRACKING ON REDIRECT @ NOLOOP | CLIENT TRACKING ON BCAST REDIRECT @ |
  CLIENT TRACKING ON OPTIN REDIRECT @ | CLIENT TRACKING ON BCAST PREFIX a REDIRECT @ NOLOOP
`);
const about = oneOf(`
  CLIENT CACHING YES | CLIENT CACHING YES | CLIENT CACHING NO | CLIENT CACHING x | CLIENT TRACKINGINFO |
  CLIENT GETREDIR | CLIENT INFO | CLIENT ID | CLIENT LIST ID @1 @2
`);
const reads = oneOf('GET a | MGET a ab b | GET ab | EXISTS b d a | LRANGE l 0 -1 | TTL a | XREAD STREAMS x 0 | GET l');
const writes = oneOf(`
  SET a 1 | SET ab 1 | MSET b 1 a 1 | DEL a | DEL a ab b | INCR b | RENAME a d | RENAME d a | PEXPIREAT a 1 |
  SET d 1 PX 100000 | PERSIST d | APPEND a x | COPY a ab REPLACE | MOVE a 1 | SETNX a 2 | GETEX d PERSIST | SELECT 1 |
  SELECT 0 | SWAPDB 0 1 | FLUSHDB | FLUSHALL | FLUSHALL ASYNC | SADD l x | XADD x 1-1 f v | XDEL x 1-1 | GETDEL b
`);
const lists = oneOf(
  'RPUSH l 1 | BLMOVE l m LEFT RIGHT 0 | LPOP l | LRANGE m 0 -1 | BLPOP l 0 | RPUSH l 1 2 3 | DEL l m',
);
const sessions = oneOf(`
  MULTI | MULTI | EXEC | EXEC | EXEC | DISCARD | HELLO 3 | HELLO 3 | HELLO 3 | HELLO 2 | RESET | CLIENT REPLY OFF |
  CLIENT REPLY ON | CLIENT REPLY SKIP | PING | NONSENSE | SUBSCRIBE a | UNSUBSCRIBE | WATCH a
`);
const ears = oneOf(`
  SUBSCRIBE __redis__:invalidate | SUBSCRIBE __redis__:invalidate | HELLO 3 | HELLO 3 | UNSUBSCRIBE | PSUBSCRIBE x |
  PING | HELLO 2 | QUIT | RESET | SET a 2 | DEL ab | GET a
`);

const readerSteps = fc
  .tuple(
    fc.nat(READERS - 1),
    fc.oneof(
      { weight: 6, arbitrary: modes },
      { weight: 5, arbitrary: redirections },
      { weight: 4, arbitrary: about },
      { weight: 10, arbitrary: reads },
      { weight: 14, arbitrary: writes },
      { weight: 4, arbitrary: lists },
      { weight: 8, arbitrary: sessions },
    ),
  )
  .map(([client, command]) => [client, command.replace(/@(?!\d)/, `@${client + READERS}`)] as const);
const earSteps = fc.tuple(fc.integer({ min: READERS, max: 2 * READERS - 1 }), ears);

const trackingOptions: SeveralClientsOptions = {
  title: 'clients that track and clients that get their messages',
  runs: 80,
  clients: 2 * READERS,
  steps: fc.oneof({ weight: 5, arbitrary: readerSteps }, { weight: 1, arbitrary: earSteps }),
  stepsMax: 50,
  before: ['FLUSHALL'],
  after: {
    'INFO clients': /tracking_clients:\d+/,
    'INFO stats': /tracking_total_keys:\d+\s+tracking_total_items:\d+\s+tracking_total_prefixes:\d+/,
  },
};

// -------------------------------------------------------------------------------------------- what commands announce

function announcements(): Suite {
  const steps = fc.oneof(
    ...dataCommands.map((command) =>
      nearlyValid(withEdges(wordsOf(command, vocabulary), 0)).map((call) => asStep(command, call)),
    ),
  );
  return makeSuite({
    title: 'what every command announces',
    runs: 60,
    scripts: fc.array(steps, { minLength: 1, maxLength: 20, size: 'max' }),
    callsOf: (script) => script.flat(),
    open: () => Watching.open(),
  });
}

/** A client that runs commands, and one that is told of every key that changes. */
class Watched implements AsyncDisposable {
  readonly #client: RespClient;
  readonly #watcher: RespClient;

  constructor(client: RespClient, watcher: RespClient) {
    this.#client = client;
    this.#watcher = watcher;
  }

  static async open(port: number): Promise<Watched> {
    const watcher = await RespClient.connect({ port, bulkAsBuffer: true });
    await watcher.pipeline([
      ['HELLO', 3],
      ['CLIENT', 'TRACKING', 'ON', 'BCAST'],
    ]);
    return new Watched(await RespClient.connect({ port }), watcher);
  }

  /** Runs the calls of a step and gives the keys that changed. */
  async run(calls: Step): Promise<string> {
    await this.#client.pipelineRaw(calls.map((call) => call.map((arg) => Buffer.from(arg, 'latin1'))));
    await this.#watcher.call('PING');
    const keys: string[] = [];
    for (let left = this.#watcher.unreadCount.pushes; left > 0; left--) {
      const [, changed] = (await this.#watcher.nextPush()) as [Buffer, Buffer[] | null];
      keys.push(...(changed?.map((key) => key.toString('latin1')) ?? ['(all keys)']));
    }
    return JSON.stringify(keys);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close();
    await this.#watcher.close();
  }
}

class Watching implements Player<readonly Step[]> {
  readonly #ours: ServerHandle;
  readonly #theirs: RedisProcess;
  readonly #pair: readonly [Watched, Watched];

  private constructor(ours: ServerHandle, theirs: RedisProcess, pair: readonly [Watched, Watched]) {
    this.#ours = ours;
    this.#theirs = theirs;
    this.#pair = pair;
  }

  static async open(): Promise<Watching> {
    const ours = await startServer({ config: { 'proto-max-bulk-len': '1mb' } });
    const theirs = await startRedis({ options: { 'proto-max-bulk-len': '1mb' } });
    return new Watching(ours, theirs, [await Watched.open(ours.port), await Watched.open(theirs.port)]);
  }

  async play(script: readonly Step[]): Promise<void> {
    const setup: Step = [['RESET'], ['FLUSHALL'], ...everyType] satisfies Call[];
    for (const [i, step] of [setup, ...script].entries()) {
      const [mine, real] = await Promise.all(this.#pair.map((watched) => watched.run(step)));
      if (mine === real) continue;
      const played = script.slice(0, i).flat().map(quote);
      throw new Error(
        ['differs: the keys that changed', `  redis-server: ${real}`, `  this server:  ${mine}`, ...played].join('\n'),
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const watched of this.#pair) await watched[Symbol.asyncDispose]();
    await this.#ours.close();
    await this.#theirs.stop();
  }
}

export const trackingFamily: Family = {
  name: 'tracking',
  suites: [severalClients(trackingOptions), severalClients(trackedKeys), announcements()],
};
