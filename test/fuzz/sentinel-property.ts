/**
 * Whatever clients and other sentinels tell a sentinel: it answers in RESP, stays up, and can start again from its file,
 * which then says the same.
 */
import * as fc from 'fast-check';
import type { Host } from '../../src/host/host.ts';
import { ManualTime } from '../../src/host/manual-time.ts';
import { createNodeHost } from '../../src/host/node/host.ts';
import { Prng } from '../../src/host/prng.ts';
import type { Server } from '../../src/server/server.ts';
import { makeSentinel } from '../../src/topology/boot-sentinel.ts';
import { MemoryDisk } from '../server/config/memory-disk.ts';
import { FuzzClient, NO_NET } from './harness.ts';

const FILE = '/srv/sentinel.conf';
const ID = 'a'.repeat(40);
const TEXT = `sentinel myid ${ID}\nsentinel monitor m 10.0.0.1 6379 2\nsentinel deny-scripts-reconfig no\n`;

const SUBCOMMANDS = `
  ckquorum config debug failover flushconfig get-master-addr-by-name help info-cache is-master-down-by-addr master masters
  monitor myid pending-scripts remove replicas reset sentinels set simulate-failure slaves nonsense
`.split(/\s+/);
/** Without the defaults of SENTINEL DEBUG: in redis-sentinel too, what equals them is left out of the file. */
const OPTIONS = `
  get set down-after-milliseconds failover-timeout parallel-syncs notification-script client-reconfig-script auth-pass
  auth-user quorum rename-command master-reboot-down-after-period announce-ip announce-port sentinel-user sentinel-pass
  resolve-hostnames announce-hostnames info-period tilt-trigger tilt-period crash-after-election
`.split(/\s+/);

const id = fc.constantFrom(ID, 'b'.repeat(40), 'c'.repeat(40), 'short', '', 'an id\nsentinel myid x', '*');
const master = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('m', 'n') },
  { weight: 1, arbitrary: fc.constantFrom('two words', 'line\nend', '', '*', '[', '"', '#', 'm\0n') },
);
const host = fc.constantFrom(
  '10.0.0.1',
  '10.0.0.2',
  '10.0.0.3',
  '::1',
  'redis1',
  'bad host',
  '',
  '999.1.1.1',
  '10.0.0.1\n',
);
const number = fc.constantFrom(
  '0',
  '1',
  '2',
  '3',
  '1000',
  '6379',
  '65535',
  '70000',
  '-1',
  '18446744073709551615',
  'x',
  '1e3',
);
const junk = fc.oneof(
  fc.constantFrom('yes', 'no', 'secret', 'two words', '', '*', '/bin/true', 'GET', 'PING', '\xff\x00'),
  fc.string({ unit: 'binary-ascii', maxLength: 12 }),
);
const word = fc.oneof(master, host, number, id, junk, fc.constantFrom(...OPTIONS));

const hello = fc
  .tuple(host, number, id, number, master, host, number, number)
  .map((parts) => ['PUBLISH', '__sentinel__:hello', parts.join(',')]);

const command: fc.Arbitrary<string[]> = fc.oneof(
  { weight: 6, arbitrary: hello },
  { weight: 2, arbitrary: fc.tuple(fc.constant('monitor'), master, host, number, number).map(asSentinel) },
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.constant('set'), master, fc.constantFrom(...OPTIONS), fc.oneof(number, word))
      .map(asSentinel),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.constant('config'), fc.constantFrom('get', 'set'), fc.constantFrom(...OPTIONS), word)
      .map(asSentinel),
  },
  { weight: 2, arbitrary: fc.tuple(fc.constant('is-master-down-by-addr'), host, number, number, id).map(asSentinel) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(...SUBCOMMANDS), fc.array(word, { maxLength: 4 }))
      .map(([name, words]) => asSentinel([name, ...words])),
  },
  { weight: 1, arbitrary: fc.array(word, { minLength: 1, maxLength: 4 }) },
);

function asSentinel(words: readonly string[]): string[] {
  return ['SENTINEL', ...words];
}

const step = fc.oneof({ weight: 8, arbitrary: command }, { weight: 1, arbitrary: fc.constantFrom(50, 1000, 40_000) });

export const sentinelProperty = fc.property(
  fc.integer(),
  fc.array(step, { minLength: 1, maxLength: 40, size: 'max' }),
  (seed, steps) => {
    const disk = new MemoryDisk({ [FILE]: TEXT });
    const fuzzed = new FuzzSentinel(seed, disk);
    for (const each of steps) {
      if (typeof each === 'number') fuzzed.advance(each);
      else fuzzed.tell(each);
    }
    fuzzed.findHarm();
    const written = disk.text(FILE)!;
    const again = new FuzzSentinel(seed, disk);
    again.findHarm();
    const rewritten = disk.text(FILE)!;
    if (linesOf(rewritten) !== linesOf(written)) throw new Error(`was\n${written}\nis\n${rewritten}`);
  },
);

/** Crashes are a matter of the process: here it would be gone. */
const DEADLY = /^crash-after/i;

class FuzzSentinel {
  readonly #server: Server;
  readonly #client: FuzzClient;
  readonly #time: ManualTime;
  readonly #turns: (() => void)[] = [];
  readonly #log: string[] = [];

  constructor(seed: number, disk: MemoryDisk) {
    const scheduleTurn = (run: () => void): void => void this.#turns.push(run);
    this.#time = new ManualTime({ wallMs: 1_700_000_000_000, scheduleTurn, periodicCallsMax: 100 });
    const node = createNodeHost({ time: this.#time, log: (line) => this.#log.push(line), workingDirectory: '/srv' });
    const processes = { isExecutable: (path: string) => path === '/bin/true', start: () => null };
    const host: Host = { ...node, disk, net: NO_NET, random: new Prng(seed), processes };
    this.#server = makeSentinel(host, FILE);
    const { sentinel } = this.#server.hooks;
    sentinel!.load((error) => {
      if (error !== null) throw error;
    });
    sentinel!.start();
    this.#server.cron.start();
    this.#client = new FuzzClient(this.#server);
  }

  tell(words: readonly string[]): void {
    if (words.some((each) => DEADLY.test(each)) || /^(?:shutdown|acl|auth|client)$/i.test(words[0]!)) return;
    this.#client.ask([words]);
    this.#endTurn();
  }

  advance(durationMs: number): void {
    this.#endTurn();
    this.#time.advance(durationMs);
    this.#endTurn();
  }

  #endTurn(): void {
    for (let left = 1000; this.#turns.length > 0 && left > 0; left--) for (const run of this.#turns.splice(0)) run();
  }

  /** @throws what does not hold any more */
  findHarm(): void {
    const own = new FuzzClient(this.#server, true);
    const [saved, ping] = own.ask([['SENTINEL', 'FLUSHCONFIG'], ['PING']]);
    const fault = this.#log.find((line) => line.includes('Fault in command')) ?? this.#client.findMalformed();
    if (fault !== null && fault !== undefined) throw new Error(fault);
    if (saved !== 'OK' || ping !== 'PONG') throw new Error(`it no longer serves: ${String(saved)}, ${String(ping)}`);
    own.close();
    this.#client.close();
    this.#server.close(() => {});
  }
}

/**
 * In whatever order: replicas are found again in that of the file. The current epoch rises to that of a configuration that
 * somebody told of, if that was later.
 */
function linesOf(text: string): string {
  return text
    .split('\n')
    .filter((line) => line !== '' && !/^#|^sentinel current-epoch /.test(line))
    .sort()
    .join('\n');
}
