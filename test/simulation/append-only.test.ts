/**
 * What the append-only file promises, on a disk that loses what was not synced: with `always` nothing that was
 * acknowledged is lost, whatever happens to the process or to the machine; with `everysec` the end of the process loses
 * nothing, and a power loss at most about two seconds.
 */
import { describe, expect, it } from 'vitest';
import { encodeCommand } from '../../src/client/encode-command.ts';
import { ErrorReply, ReplyParser } from '../../src/client/reply-parser.ts';
import type { Connection, Host } from '../../src/host/host.ts';
import { World } from '../../src/sim/index.ts';
import { bootServer } from '../../src/topology/boot-server.ts';
import type { DirectiveValue } from '../../src/topology/options.ts';

const PORT = 6379;
const WRITERS = 6;

type Config = Record<string, DirectiveValue>;

interface WriterReport {
  /** The last value of its counter that was acknowledged, and when, in virtual ms. */
  acknowledged: number;
  history: { readonly value: number; readonly atMs: number }[];
  /** The greatest value that was asked for. */
  asked: number;
  errors: string[];
}

/** Many simulated seconds, on a machine that is busy. */
const LONG = { timeout: 120_000 };

function serverWith(config: Config): (host: Host) => void {
  return bootServer({ port: PORT, config: { save: '', appendonly: true, ...config } });
}

/** Sets a key of its own to 1, 2, 3, ..., in pipelines, and goes on after its connection was lost. */
function runWriter(host: Host, key: string, report: WriterReport): void {
  const random = host.random.fork(key);
  const connect = (): void => {
    const waiting: number[] = [];
    const parser = new ReplyParser({
      onReply: (reply) => {
        const value = waiting.shift()!;
        if (reply instanceof ErrorReply) report.errors.push(reply.message);
        else {
          report.acknowledged = value;
          report.history.push({ value, atMs: host.clock.wallMs() });
        }
        if (waiting.length === 0) host.timers.after(random.below(8), send);
      },
      onBroken: (error) => {
        throw error;
      },
    });
    const connection: Connection = host.net.connect(
      { kind: 'tcp', host: 'server', port: PORT },
      {
        open: () => send(),
        data: (chunk) => parser.feed(Buffer.from(chunk)),
        close: () => host.timers.after(20, connect),
      },
      { timeoutMs: 200 },
    );
    const send = (): void => {
      if (waiting.length > 0) return;
      const commands: Buffer[] = [];
      const isTransaction = random.below(4) === 0;
      for (let left = 1 + random.below(4); left > 0; left--) {
        const value = ++report.asked;
        // Both keys change together, or not at all.
        if (isTransaction) {
          for (const each of [['MULTI'], ['SET', `${key}:a`, value], ['SET', `${key}:b`, value]]) {
            commands.push(encodeCommand(each));
            waiting.push(report.acknowledged);
          }
          commands.push(encodeCommand(['EXEC']));
        } else commands.push(encodeCommand(['SET', key, value]));
        waiting.push(value);
      }
      connection.write(Buffer.concat(commands));
    };
  };
  connect();
}

interface Dataset {
  readonly values: Map<string, string | null>;
}

/** Reads the keys of all writers, once the server answers. */
function readAll(world: World, round: number): Dataset {
  const keys = Array.from({ length: WRITERS }, (_, i) => [`w${i}`, `w${i}:a`, `w${i}:b`]).flat();
  const values = new Map<string, string | null>();
  world.boot(`reader-${round}`, (host) => {
    const connect = (): void => {
      values.clear();
      const parser = new ReplyParser({
        onReply: (reply) => {
          if (reply instanceof ErrorReply) connection.destroy();
          else values.set(keys[values.size]!, reply === null ? null : String(reply));
        },
        onBroken: (error) => {
          throw error;
        },
      });
      const connection = host.net.connect(
        { kind: 'tcp', host: 'server', port: PORT },
        {
          open: () => void connection.write(Buffer.concat(keys.map((key) => encodeCommand(['GET', key])))),
          data: (chunk) => parser.feed(Buffer.from(chunk)),
          close: () => host.timers.after(20, connect),
        },
        { timeoutMs: 200 },
      );
    };
    connect();
  });
  world.run({ until: () => values.size === keys.length, maxMs: 20_000 });
  return { values };
}

function greatest({ values }: Dataset, writer: number): number {
  const keys = [`w${writer}`, `w${writer}:a`];
  return Math.max(...keys.map((key) => Number(values.get(key) ?? 0)));
}

function bootWriters(world: World): WriterReport[] {
  return Array.from({ length: WRITERS }, (_, i) => {
    const report: WriterReport = { acknowledged: 0, history: [], asked: 0, errors: [] };
    world.boot(`writer-${i}`, (host) => runWriter(host, `w${i}`, report));
    return report;
  });
}

/** Crashes the server again and again, and checks after each crash. */
function crashRepeatedly(
  seed: number,
  config: Config,
  crash: 'kill' | 'powerLoss',
  check: (dataset: Dataset, reports: readonly WriterReport[], crashedMs: number) => void,
): void {
  const world = new World({ seed, disk: { syncMs: [0.5, 60] } });
  const server = world.boot('server', serverWith(config));
  const reports = bootWriters(world);
  const leastMs = config.appendfsync === 'everysec' ? 3000 : 200;
  for (let round = 0; round < 4; round++) {
    world.runFor(leastMs + ((seed * 7919 + round * 104_729) % 1900));
    const crashedMs = server.enter((host) => host.clock.wallMs());
    const before = reports.map((report) => report.acknowledged);
    server[crash]();
    // What was on its way to the writers arrives or is lost.
    world.runFor(5);
    server.restart();
    const dataset = readAll(world, round);
    expect(server.alive).toBe(true);
    for (let i = 0; i < WRITERS; i++) {
      expect(dataset.values.get(`w${i}:a`)).toBe(dataset.values.get(`w${i}:b`));
    }
    expect(before.some((value) => value > 0)).toBe(true);
    check(dataset, reports, crashedMs);
  }
}

function expectNothingLost(dataset: Dataset, reports: readonly WriterReport[]): void {
  for (const [i, { acknowledged }] of reports.entries())
    expect(greatest(dataset, i)).toBeGreaterThanOrEqual(acknowledged);
}

/** Nothing that was acknowledged before a time is lost. */
function expectLostSince(sinceMs: number, dataset: Dataset, reports: readonly WriterReport[]): void {
  for (const [i, { history }] of reports.entries()) {
    const old = history.findLast(({ atMs }) => atMs < sinceMs)?.value ?? 0;
    expect(greatest(dataset, i)).toBeGreaterThanOrEqual(old);
  }
}

describe('the append-only file of a simulated server', () => {
  it.each([1, 2, 3, 4, 5, 6])('loses nothing acknowledged with "always" when the power goes (seed %i)', (seed) => {
    crashRepeatedly(seed, { appendfsync: 'always' }, 'powerLoss', expectNothingLost);
  });

  it.each([1, 2, 3])(
    'loses nothing acknowledged with "always" while it is rewritten all the time (seed %i)',
    (seed) => {
      const config = {
        appendfsync: 'always',
        'auto-aof-rewrite-percentage': 1,
        'auto-aof-rewrite-min-size': 64,
        'aof-use-rdb-preamble': seed % 2 === 0,
      };
      crashRepeatedly(seed, config, 'powerLoss', expectNothingLost);
    },
  );

  it.each(['always', 'no'])('loses nothing acknowledged with "%s" when the process is killed', (policy) => {
    crashRepeatedly(31, { appendfsync: policy }, 'kill', expectNothingLost);
  });

  it('loses at most what waits for a sync with "everysec" when the process is killed', () => {
    crashRepeatedly(31, { appendfsync: 'everysec' }, 'kill', (dataset, reports, crashedMs) => {
      // A sync takes up to 60 ms here.
      expectLostSince(crashedMs - 150, dataset, reports);
    });
  });

  it.each([1, 2, 3, 4])(
    'loses at most about two seconds with "everysec" when the power goes (seed %i)',
    LONG,
    (seed) => {
      crashRepeatedly(seed, { appendfsync: 'everysec' }, 'powerLoss', (dataset, reports, crashedMs) => {
        expectLostSince(crashedMs - 2200, dataset, reports);
      });
    },
  );

  it.each([
    [1, 500],
    [30, 10_000],
  ])('lets clients share syncs with "always": %i of them, each with one request at a time', (clients, least) => {
    const latency = { minUs: 50, meanUs: 80, maxUs: 200 };
    const world = new World({ seed: 21, disk: { syncMs: [5, 5] }, network: { latency } });
    world.boot('server', serverWith({ appendfsync: 'always' }));
    let replies = 0;
    for (let i = 0; i < clients; i++) {
      world.boot(`client-${i}`, (host) => {
        const parser = new ReplyParser({
          onReply: () => {
            replies++;
            send();
          },
          onBroken: (error) => {
            throw error;
          },
        });
        const connection = host.net.connect(
          { kind: 'tcp', host: 'server', port: PORT },
          { open: () => send(), data: (chunk) => parser.feed(Buffer.from(chunk)), close: () => {} },
        );
        const send = (): void => void connection.write(encodeCommand(['INCR', `n${i}`]));
      });
    }
    world.runFor(3000);
    // A sync takes 5 ms: one client alone gets nearly 600 answers in 3 s, and all of them together many times as many.
    expect(replies).toBeGreaterThan(least);
  });

  it('does not wait for a slow sync for longer than two seconds with "everysec", and keeps nobody waiting for it', () => {
    const world = new World({ seed: 22, disk: { syncMs: [5000, 5000] } });
    const server = world.boot('server', serverWith({ appendfsync: 'everysec' }));
    // It is busy with its first files, each of which is synced.
    world.runFor(40_000);
    const reports = bootWriters(world);
    world.runFor(1500);
    const file = '/data/appendonlydir/appendonly.aof.1.incr.aof';
    const sizes: number[] = [];
    for (let i = 0; i < 8; i++) {
      const before = reports.map(({ acknowledged }) => acknowledged);
      world.runFor(500);
      sizes.push(server.disk.read(file)!.length);
      for (const [j, { acknowledged }] of reports.entries()) expect(acknowledged).toBeGreaterThan(before[j]!);
    }
    expect(new Set(sizes).size).toBeGreaterThan(1);
    expect(sizes.some((size, i) => size === sizes[i + 1])).toBe(true);
    expect(server.log.join()).toContain(
      'Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer',
    );
  });

  it('stops answering for good with "always" when a sync fails, and has lost nothing acknowledged', () => {
    const world = new World({ seed: 11 });
    const server = world.boot('server', serverWith({ appendfsync: 'always' }));
    const reports = bootWriters(world);
    world.runFor(300);
    server.disk.failSyncs(1);
    world.runFor(300);
    const acknowledged = reports.map((report) => report.acknowledged);
    expect(server.log.at(-1)).toContain(
      "Can't persist AOF for fsync error when the AOF fsync policy is 'always': Input/output error. Exiting...",
    );
    world.runFor(300);
    expect(reports.map((report) => report.acknowledged)).toEqual(acknowledged);
    server.kill();
    server.restart();
    expectNothingLost(readAll(world, 0), reports);
  });

  it('refuses writes while the disk is full, and goes on when there is room again, with nothing lost', () => {
    const world = new World({ seed: 12 });
    const server = world.boot('server', serverWith({ appendfsync: 'everysec' }));
    const reports = bootWriters(world);
    world.runFor(300);
    server.disk.capacityBytes = server.disk.usedBytes() + 500;
    world.runFor(500);
    expect(reports.some(({ errors }) => errors.length > 0)).toBe(true);
    for (const { errors } of reports) {
      for (const error of errors) {
        expect(error).toMatch(/^(MISCONF Errors writing to the AOF file: No space left on device|EXECABORT)/);
      }
    }
    server.disk.capacityBytes = Infinity;
    world.runFor(1500);
    expect(server.log.some((line) => line.includes('AOF write error looks solved, Redis can write again.'))).toBe(true);
    const before = reports.map(({ acknowledged }) => acknowledged);
    world.runFor(1000);
    for (const [i, { acknowledged }] of reports.entries()) expect(acknowledged).toBeGreaterThan(before[i]!);
    server.kill();
    server.restart();
    expectNothingLost(readAll(world, 0), reports);
  });

  it('keeps the old base when a rewrite meets a full disk, and tries again later', () => {
    const world = new World({ seed: 13 });
    const server = world.boot(
      'server',
      serverWith({ 'auto-aof-rewrite-percentage': 1, 'auto-aof-rewrite-min-size': 64, 'aof-use-rdb-preamble': false }),
    );
    const reports = bootWriters(world);
    world.runFor(100);
    server.disk.capacityBytes = server.disk.usedBytes() + 100;
    world.runFor(1000);
    const failed = 'Background AOF rewrite terminated with error';
    expect(server.log.some((line) => line.includes(failed) || line.includes('Error writing to the AOF file'))).toBe(
      true,
    );
    server.disk.capacityBytes = Infinity;
    world.runFor(2000);
    server.powerLoss();
    server.restart();
    const lastMs = Math.max(...reports.map(({ history }) => history.at(-1)!.atMs));
    expectLostSince(lastMs - 2200, readAll(world, 0), reports);
  });
});
