/**
 * Whatever a master says to a replica, behind a proper handshake or instead of one: the replica stays up, no handler
 * fails, it comes back, and follows a master that does what it should.
 */
import * as fc from 'fast-check';
import type { Connection, ConnectionEvents, Host } from '../../src/host/host.ts';
import type { Server } from '../../src/server/server.ts';
import { startUp } from '../../src/server/start-up.ts';
import { World } from '../../src/sim/index.ts';
import { composeServer } from '../../src/topology/server.ts';
import { everyValue } from '../persistence/rdb/every-value.ts';
import { fileOf } from '../persistence/rdb/files.ts';
import { command, snapshotOf } from '../replication/fake-master.ts';
import { startTestServer, TestClient } from '../support/in-process.ts';
import { readReply } from '../support/resp-reader.ts';
import { edit, edited } from './dump-property.ts';

const PORT = 6379;
const ID = 'a'.repeat(40);
const MARK = 'm'.repeat(40);
const STAR = 0x2a;
const SYNC = 'SYNC\r\n';
/** How long a link lasts over which nonsense comes. */
const LINK_MS = 300;
const SETTLED_MS = 120_000;

const STREAM = [
  ['SELECT', '0'],
  ['PING'],
  ['SET', 'a', '1'],
  ['MULTI'],
  ['RPUSH', 'l', '1', '2'],
  ['INCR', 'a'],
  ['EXEC'],
  ['REPLCONF', 'GETACK', '*'],
  ['ZADD', 'z', '1', 'm'],
  ['XADD', 'x', '1-1', 'f', 'v'],
  ['SELECT', '3'],
  ['PEXPIREAT', 'b', '4000000000000'],
  ['SPUBLISH', 'c', 'm'],
  ['EVAL', "return redis.call('SET', 'e', 'v')", '0'],
  ['FLUSHALL'],
];

let files: Buffer[] | null = null;

/** Snapshots with values of every type and encoding. */
function corpus(): Buffer[] {
  if (files !== null) return files;
  const redis = startTestServer();
  for (const { commands } of everyValue) for (const words of commands) redis.call(...words);
  files = [snapshotOf('key', 'snapshot'), fileOf(redis, { compresses: true, checksums: false })];
  return files;
}

interface Attempt {
  readonly file: number;
  readonly hasMark: boolean;
  readonly commands: readonly number[];
  readonly edits: Parameters<typeof edited>[1];
  readonly chunk: number;
}

const attempt: fc.Arbitrary<Attempt> = fc.record({
  file: fc.nat({ max: 1 }),
  hasMark: fc.boolean(),
  commands: fc.array(fc.nat({ max: STREAM.length - 1 }), { maxLength: 20 }),
  edits: fc.array(edit, { maxLength: 4 }),
  chunk: fc.constantFrom(1, 7, 100, 5000, 1_000_000),
});

/** What follows a PSYNC. */
function answerOf({ file, hasMark, commands }: Attempt): Buffer {
  const rdb = corpus()[file]!;
  const length = hasMark ? `EOF:${MARK}` : String(rdb.length);
  return Buffer.concat([
    Buffer.from(`+FULLRESYNC ${ID} 100\r\n$${length}\r\n`),
    rdb,
    Buffer.from(hasMark ? MARK : ''),
    Buffer.from(commands.map((index) => command(...STREAM[index]!)).join('')),
  ]);
}

const GOOD: Attempt = { file: 0, hasMark: false, commands: [], edits: [], chunk: 1_000_000 };

/** A master that answers one PSYNC after the other with what was drawn, and at last as it should. */
class Master {
  readonly #attempts: Attempt[];
  readonly #host: Host;

  constructor(host: Host, attempts: readonly Attempt[]) {
    this.#host = host;
    this.#attempts = [...attempts];
    const address = { kind: 'tcp', host: '0.0.0.0', port: PORT } as const;
    host.net.listen(
      { address },
      (connection) => this.#accept(connection),
      () => {},
    );
  }

  #accept(connection: Connection): ConnectionEvents {
    let heard = Buffer.alloc(0);
    return {
      data: (chunk) => {
        heard = Buffer.concat([heard, chunk]);
        // What is no proper answer to PSYNC makes a replica ask as those before 2.8 did.
        if (heard.toString('latin1') === SYNC) {
          heard = Buffer.alloc(0);
          this.#synchronise(connection, false);
        }
        while (heard[0] === STAR) {
          const read = readReply(heard, true);
          if (read === null) return;
          heard = heard.subarray(read.length);
          this.#answer(connection, String((read.reply as Buffer[])[0]));
        }
      },
      close: () => {},
    };
  }

  #answer(connection: Connection, name: string): void {
    if (name === 'PING') connection.write(Buffer.from('+PONG\r\n'));
    else if (name !== 'PSYNC') connection.write(Buffer.from('+OK\r\n'));
    else this.#synchronise(connection, true);
  }

  #synchronise(connection: Connection, hasPlace: boolean): void {
    const next = this.#attempts.shift();
    const whole =
      next === undefined
        ? Buffer.concat([answerOf(GOOD), Buffer.from(command('SET', 'final', 'here'))])
        : edited(answerOf(next), next.edits);
    const bytes = hasPlace ? whole : whole.subarray(whole.indexOf(10) + 1);
    const size = Math.max((next ?? GOOD).chunk, bytes.length / 50);
    for (let at = 0; at < bytes.length; at += size) connection.write(Buffer.from(bytes.subarray(at, at + size)));
    if (next !== undefined) this.#host.timers.after(LINK_MS, () => connection.end());
  }
}

export const replicationProperty = fc.property(
  fc.integer(),
  fc.constantFrom('disabled', 'on-empty-db', 'swapdb'),
  fc.array(attempt, { minLength: 1, maxLength: 6, size: 'max' }),
  (seed, load, attempts) => {
    // Made outside of the world, with a server that is none of it.
    corpus();
    const world = new World({ seed });
    world.boot('master', (host) => void new Master(host, attempts));
    let server: Server | null = null;
    const replica = world.boot('replica', (host) => {
      server = composeServer(host, {
        host: '0.0.0.0',
        port: PORT,
        config: { 'repl-diskless-load': load, replicaof: ['master', PORT], 'repl-timeout': 5 },
      });
      startUp(server, { anyPort: false, terminal: false, withoutConfiguration: null }, () => {});
    });
    const call = (...words: string[]): unknown => replica.enter(() => new TestClient(server!).call(...words));
    const isSettled = (): boolean => call('GET', 'final') === 'here';
    for (let waitedMs = 0; !isSettled() && waitedMs < SETTLED_MS; waitedMs += 500) world.runFor(500);
    const fault = replica.log.find((line) => line.includes('Fault in command'));
    if (fault !== undefined) throw new Error(fault);
    if (!isSettled()) throw new Error(`it does not follow:\n${replica.log.slice(-20).join('\n')}`);
    const info = String(call('INFO', 'replication'));
    if (!info.includes('master_link_status:up')) throw new Error(info);
  },
);
