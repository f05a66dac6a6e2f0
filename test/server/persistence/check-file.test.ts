import { describe, expect, it } from 'vitest';
import { encodeCommand } from '../../../src/client/encode-command.ts';
import { MemoryDisk } from '../../../src/host/memory-disk.ts';
import { Prng } from '../../../src/host/prng.ts';
import { checkFile } from '../../../src/server/persistence/check/check-file.ts';
import { ProgressBar } from '../../../src/topology/progress-bar.ts';
import { startTestServer } from '../../support/in-process.ts';

const NOW_MS = 1_800_000_000_000;

class Checker {
  readonly disk = new MemoryDisk((run) => run());
  readonly shares: number[] = [];

  write(path: string, content: Uint8Array): void {
    this.disk.open(path, 'create').appendNow(content);
  }

  check(path: string): { good: boolean; text: string } {
    const lines: string[] = [];
    const good = checkFile(
      {
        disk: this.disk,
        clock: { wallMs: () => NOW_MS, monotonicUs: () => 0 },
        random: new Prng(1),
        settings: startTestServer().server.settings,
        print: (line) => lines.push(line),
        progress: (_path, share) => this.shares.push(share),
      },
      path,
    );
    return { good, text: lines.join('\n') };
  }
}

/** A file of some keys of each type in two databases. */
function sampleFile(): Buffer {
  const redis = startTestServer();
  redis.call('SET', 'a', 'x');
  redis.call('SET', 'b', 'x', 'PXAT', NOW_MS - 1);
  redis.call('SET', 'c', 'x', 'PXAT', NOW_MS + 1_000_000);
  redis.call('RPUSH', 'list', 1, 2);
  redis.call('SELECT', 3);
  redis.call('HSET', 'hash', 'f', 'v');
  redis.call('XADD', 'stream', '1-1', 'f', 'v');
  redis.call('SAVE');
  const { persistence } = redis.server;
  return Buffer.from(persistence.disk.read(persistence.saves.path)!);
}

function commands(...list: string[][]): Buffer {
  return Buffer.concat(list.map(encodeCommand));
}

describe('--check', () => {
  it('tells what an RDB file holds', () => {
    const checker = new Checker();
    checker.write('dump.rdb', sampleFile());
    const { good, text } = checker.check('dump.rdb');
    expect(good).toBe(true);
    expect(text).toContain('RDB version 10, ');
    expect(text).toContain('redis-ver: 7.0.15');
    expect(text).toContain('ctime: 1700000000 (14 Nov 2023 22:13:20.000 UTC)');
    expect(text).toContain('database 0: 4 keys (3 string, 1 list), 2 with an expire time, 1 of these are expired');
    expect(text).toContain('database 3: 2 keys');
    expect(text).toContain('keys: 6');
    expect(text).toContain('checksum: right');
    expect(text).toContain('dump.rdb is good.');
    expect(checker.shares.at(-1)).toBe(1);
  });

  it('says where an RDB file is torn, and that a damaged one is not good', () => {
    const checker = new Checker();
    const file = sampleFile();
    checker.write('torn.rdb', file.subarray(0, file.length - 12));
    const torn = checker.check('torn.rdb');
    expect(torn.good).toBe(false);
    expect(torn.text).toMatch(/torn\.rdb is NOT good: Short read .* At byte \d+ of \d+, behind the key ".*"\./);
    const flipped = Buffer.from(file);
    flipped[file.length - 1]! ^= 1;
    checker.write('flipped.rdb', flipped);
    expect(checker.check('flipped.rdb').text).toContain('is NOT good: Wrong RDB checksum expected:');
    checker.write('empty.rdb', Buffer.alloc(0));
    expect(checker.check('empty.rdb').good).toBe(false);
    checker.write('text', Buffer.from('no file of Redis'));
    expect(checker.check('text').text).toContain('is NOT good: Wrong signature');
    expect(checker.check('missing').text).toBe('missing: No such file or directory');
  });

  it('counts the commands of an append-only file, behind an RDB file too, and finds its end', () => {
    const checker = new Checker();
    const log = commands(['SELECT', '0'], ['SET', 'k', 'v'], ['set', 'k', 'w'], ['MULTI'], ['DEL', 'k'], ['EXEC']);
    checker.write('good.aof', log);
    const { good, text } = checker.check('good.aof');
    expect(good).toBe(true);
    expect(text).toContain('commands: 6');
    expect(text).toContain('  set: 2\n');
    checker.write('mixed.aof', Buffer.concat([sampleFile(), log]));
    const mixed = checker.check('mixed.aof');
    expect(mixed.good).toBe(true);
    expect(mixed.text).toContain('keys: 6');
    expect(mixed.text).toContain('commands: 6');
    checker.write('torn.aof', log.subarray(0, log.length - 3));
    const whole = log.length - commands(['MULTI'], ['DEL', 'k'], ['EXEC']).length;
    expect(checker.check('torn.aof').text).toContain(
      `it ends in the middle of a command. The first ${whole} of ${log.length - 3} bytes are whole`,
    );
    checker.write('open.aof', log.subarray(0, log.length - commands(['EXEC']).length));
    expect(checker.check('open.aof').text).toContain('it ends in the middle of a transaction.');
    checker.write('bad.aof', Buffer.concat([log, Buffer.from('rubbish')]));
    expect(checker.check('bad.aof').text).toContain(`bad file format at byte ${log.length} of ${log.length + 7}`);
  });

  it('knows an end of zeros: behind an RDB file nobody reads it, behind commands it is cut off', () => {
    const checker = new Checker();
    const zeros = Buffer.alloc(100);
    checker.write('dump.rdb', Buffer.concat([sampleFile(), zeros]));
    expect(checker.check('dump.rdb')).toMatchObject({ good: true });
    expect(checker.check('dump.rdb').text).toContain('100 bytes follow at byte');
    const whole = commands(['SELECT', '0'], ['SET', 'a', 'b']);
    for (const torn of ['', '*3\r\n$3\r\nSE']) {
      checker.write('torn.aof', Buffer.concat([whole, Buffer.from(torn), zeros]));
      const { good, text } = checker.check('torn.aof');
      expect(good).toBe(false);
      expect(text).toContain(`it ends in 100 zeros, as after a power loss. The first ${whole.length} of`);
    }
    checker.write('odd.aof', Buffer.concat([whole, zeros, Buffer.from('x')]));
    expect(checker.check('odd.aof').text).toContain('bad file format at byte');
  });

  it('goes through the files of a manifest', () => {
    const checker = new Checker();
    checker.write('d/x.aof.1.base.rdb', sampleFile());
    checker.write('d/x.aof.1.incr.aof', commands(['SET', 'k', 'v']));
    const manifest = 'file x.aof.1.base.rdb seq 1 type b\nfile x.aof.1.incr.aof seq 1 type i\n';
    checker.write('d/x.manifest', Buffer.from(manifest));
    const { good, text } = checker.check('d/x.manifest');
    expect(good).toBe(true);
    expect(text).toContain('base 1: x.aof.1.base.rdb');
    expect(text).toContain('d/x.aof.1.incr.aof is good.');
    checker.write('d/y.manifest', Buffer.from(`${manifest}file x.aof.2.incr.aof seq 2 type i\n`));
    expect(checker.check('d/y.manifest').text).toContain('d/y.manifest is NOT good: one of its files is not');
    checker.write('d/z.manifest', Buffer.from('file x\n'));
    expect(checker.check('d/z.manifest').text).toContain('NOT good: Invalid AOF manifest file format, at line 1');
  });
});

describe('The progress bar', () => {
  it('is drawn on terminals only, and wiped away', () => {
    const written: string[] = [];
    const terminal = { isTTY: true, columns: 60, write: (text: string) => written.push(text) };
    const bar = new ProgressBar(terminal);
    bar.show('dump.rdb', 0.5);
    bar.show('dump.rdb', 0.5);
    bar.clear();
    expect(written).toEqual([`\r[${'#'.repeat(15)}${'.'.repeat(15)}] 50 % dump.rdb\u001b[K`, '\r\u001b[K']);
    new ProgressBar({ write: (text) => written.push(text) }).show('dump.rdb', 1);
    expect(written).toHaveLength(2);
  });
});
