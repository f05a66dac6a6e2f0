/**
 * What the snapshot file promises, on a disk that loses what was not synced: whatever happens to the process, the machine
 * or the disk while it is replaced, there is the old file or the new one, whole.
 */
import { describe, expect, it } from 'vitest';
import { encodeCommand } from '../../src/client/encode-command.ts';
import { ErrorReply, ReplyParser, type ReplyValue } from '../../src/client/reply-parser.ts';
import type { DiskOptions } from '../../src/sim/machine-disk.ts';
import { World } from '../../src/sim/index.ts';
import { bootServer } from '../../src/topology/boot-server.ts';
import type { DirectiveValue } from '../../src/topology/options.ts';

const PORT = 6379;
const KEYS = 400;
const SEEDS = 20;

interface Stage {
  readonly world: World;
  readonly server: ReturnType<World['boot']>;
  call(...args: (string | number)[]): ReplyValue;
}

function stage(seed: number, config: Record<string, DirectiveValue> = {}, disk: DiskOptions = {}): Stage {
  const world = new World({ seed });
  const boot = bootServer({ port: PORT, config: { save: '', 'enable-debug-command': 'yes', ...config } });
  const server = world.boot('server', boot, { disk });
  let clients = 0;
  /** Asks until the server answers something else than that it loads. */
  const call = (...args: (string | number)[]): ReplyValue => {
    let answer: ReplyValue | undefined;
    world.boot(`client-${clients++}`, (host) => {
      const ask = (): void => {
        const parser = new ReplyParser({
          onReply: (reply) => {
            connection.destroy();
            if (reply instanceof ErrorReply && reply.message.startsWith('LOADING')) host.timers.after(5, ask);
            else answer = reply;
          },
          onBroken: (error) => {
            throw error;
          },
        });
        const connection = host.net.connect(
          { kind: 'tcp', host: 'server', port: PORT },
          {
            open: () => void connection.write(encodeCommand(args)),
            data: (chunk) => parser.feed(Buffer.from(chunk)),
            close: (error) => {
              if (error !== null && answer === undefined) host.timers.after(5, ask);
            },
          },
        );
      };
      ask();
    });
    if (!world.run({ until: () => answer !== undefined, maxMs: 60_000 })) throw new Error(`no answer to ${args[0]}`);
    return answer!;
  };
  return { world, server, call };
}

function fill({ call }: Stage, value: string): void {
  call('MSET', ...Array.from({ length: KEYS }, (_, i) => [`key:${i}`, `${value} ${'x'.repeat(100)} ${i}`]).flat());
}

function field({ call }: Stage, name: string): string {
  return new RegExp(`${name}:(\\S+)`).exec(String(call('INFO', 'persistence')))![1]!;
}

describe('the snapshot file, when the machine loses power while it is replaced,', () => {
  it.each(['powerLoss', 'kill'] as const)(
    `is the old one or the new one, whole (%s, ${SEEDS} seeds)`,
    (fault) => {
      const found = { old: 0, new: 0 };
      for (let seed = 1; seed <= SEEDS; seed++) {
        const sim = stage(seed, { 'rdb-key-save-delay': 20 }, { appendMs: [0.5, 3], syncMs: [1, 20] });
        fill(sim, 'old');
        const old = sim.call('DEBUG', 'DIGEST');
        expect(sim.call('SAVE')).toBe('OK');
        fill(sim, 'new');
        const changed = sim.call('DEBUG', 'DIGEST');
        sim.call('BGSAVE');
        // Somewhere between the first byte and some time after the last sync.
        sim.world.runFor((seed * 37) % 60);
        sim.server[fault]();
        sim.world.runFor(10);
        sim.server.restart();
        const digest = sim.call('DEBUG', 'DIGEST');
        expect([old, changed]).toContain(digest);
        found[digest === old ? 'old' : 'new']++;
      }
      expect(found.old).toBeGreaterThan(2);
      expect(found.new).toBeGreaterThan(2);
    },
    120_000,
  );
});

describe('a disk with faults', () => {
  it('that is full keeps the old file, refuses writes, and takes the next save when there is room', () => {
    const sim = stage(1, { save: '3600 100000' });
    fill(sim, 'old');
    const old = sim.call('DEBUG', 'DIGEST');
    expect(sim.call('SAVE')).toBe('OK');
    fill(sim, 'new');
    const changed = sim.call('DEBUG', 'DIGEST');
    sim.server.disk.capacityBytes = 8000;
    sim.call('BGSAVE');
    sim.world.runFor(500);
    expect(field(sim, 'rdb_last_bgsave_status')).toBe('err');
    expect(sim.server.log.join('\n')).toContain('Write error saving DB on disk(rdbSaveRio): No space left on device');
    expect(String(sim.call('SET', 'k', 'v'))).toContain('MISCONF');
    expect(String(sim.call('SAVE'))).toContain('ERR');
    sim.server.kill();
    sim.server.restart();
    expect(sim.call('DEBUG', 'DIGEST')).toBe(old);
    sim.server.disk.capacityBytes = Infinity;
    fill(sim, 'new');
    sim.call('BGSAVE');
    sim.world.runFor(500);
    expect(field(sim, 'rdb_last_bgsave_status')).toBe('ok');
    sim.server.powerLoss();
    sim.server.restart();
    expect(sim.call('DEBUG', 'DIGEST')).toBe(changed);
  });

  it('whose syncs fail never replaces the file by one that is not on it', () => {
    const sim = stage(2, { save: '3600 100000' });
    fill(sim, 'old');
    const old = sim.call('DEBUG', 'DIGEST');
    expect(sim.call('SAVE')).toBe('OK');
    fill(sim, 'new');
    sim.server.disk.failSyncs(1);
    sim.call('BGSAVE');
    sim.world.runFor(500);
    expect(field(sim, 'rdb_last_bgsave_status')).toBe('err');
    sim.server.disk.failSyncs(1);
    expect(String(sim.call('SAVE'))).toContain('ERR');
    sim.server.powerLoss();
    sim.server.restart();
    expect(sim.call('DEBUG', 'DIGEST')).toBe(old);
  });
});
