import { describe, expect, it } from 'vitest';
import { type Disk, DiskError, type Host } from '../../src/host/host.ts';
import { replaceFile } from '../../src/host/replace-file.ts';
import { type SimProcess, World } from '../../src/sim/index.ts';

const idle = (): void => {};
const SEEDS = Array.from({ length: 60 }, (_, index) => index + 1);

function node(seed: number): { world: World; server: SimProcess } {
  const world = new World({ seed });
  return { world, server: world.boot('server', idle) };
}

const text = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : Buffer.from(bytes).toString('latin1');

function write(server: SimProcess, path: string, content: string, sync: boolean): void {
  server.enter(({ disk }) => {
    const file = disk.open(path, 'create');
    file.appendNow(Buffer.from(content));
    if (sync) file.syncNow();
    file.close();
  });
}

function cycle(server: SimProcess): void {
  server.powerLoss();
  server.start();
}

describe('power loss', () => {
  it('keeps what was synced, in the file and in its directory', () => {
    for (const seed of SEEDS) {
      const { server } = node(seed);
      server.enter(({ disk }) => disk.makeDirectory('appendonlydir'));
      write(server, 'appendonlydir/a.aof', 'synced', true);
      expect(text(server.disk.durable('appendonlydir/a.aof'))).toBe('synced');
      cycle(server);
      expect(text(server.disk.read('appendonlydir/a.aof'))).toBe('synced');
    }
  });

  it('keeps a prefix of what was appended since, cut anywhere, perhaps with zeros behind', () => {
    const outcomes = new Set<string>();
    for (const seed of SEEDS) {
      const { server } = node(seed);
      server.enter(({ disk }) => {
        const file = disk.open('a.aof', 'create');
        file.appendNow(Buffer.from('synced:'));
        file.syncNow();
        for (const part of ['one,', 'two,', 'three,']) file.appendNow(Buffer.from(part));
      });
      cycle(server);
      const kept = text(server.disk.read('a.aof'))!;
      const whole = 'synced:one,two,three,';
      const content = kept.replace(/\0+$/, '');
      expect(whole.startsWith(content) && content.startsWith('synced:')).toBe(true);
      expect(kept.length).toBeLessThanOrEqual(whole.length);
      outcomes.add(kept);
    }
    // Nothing, everything, torn records and zeros all occur.
    expect(outcomes.has('synced:')).toBe(true);
    expect(outcomes.has('synced:one,two,three,')).toBe(true);
    expect([...outcomes].some((kept) => /[a-z]$/.test(kept))).toBe(true);
    expect([...outcomes].some((kept) => kept.endsWith('\0'))).toBe(true);
  });

  it('can take back a truncation that was not synced', () => {
    const outcomes = new Set<string>();
    for (const seed of SEEDS) {
      const { server } = node(seed);
      server.enter(({ disk }) => {
        const file = disk.open('f', 'create');
        file.appendNow(Buffer.from('0123456789'));
        file.syncNow();
        file.truncate(3);
        file.appendNow(Buffer.from('x'));
      });
      cycle(server);
      outcomes.add(text(server.disk.read('f'))!);
    }
    expect(outcomes).toEqual(new Set(['0123456789', '012', '012x', '012\0']));
  });

  it('can lose a new file whose directory was not synced, or the rename of one', () => {
    const created = new Set<string | null>();
    const renamed = new Set<string>();
    for (const seed of SEEDS) {
      const { server } = node(seed);
      write(server, 'old', 'old', true);
      write(server, 'new', 'new', true);
      write(server, 'unsynced', 'content', false);
      server.enter(({ disk }) => disk.rename('new', 'old'));
      cycle(server);
      created.add(text(server.disk.read('unsynced')));
      renamed.add(`${text(server.disk.read('old'))} ${text(server.disk.read('new'))}`);
    }
    expect(created.has(null) && created.has('content')).toBe(true);
    expect(renamed).toEqual(new Set(['old new', 'new null']));
  });

  it('keeps names once their directory is synced', () => {
    for (const seed of SEEDS) {
      const { server } = node(seed);
      write(server, 'old', 'old', true);
      write(server, 'new', 'new', true);
      write(server, 'gone', 'gone', true);
      server.enter(({ disk }) => {
        disk.rename('new', 'old');
        disk.unlink('gone');
        disk.syncDirectory('.');
      });
      cycle(server);
      expect(server.enter(({ disk }) => disk.list('.'))).toEqual(['old']);
      expect(text(server.disk.read('old'))).toBe('new');
    }
  });

  it('keeps names once a sync of their directory in the background has ended, and not before', () => {
    const unsynced = new Set<string | null>();
    for (const seed of SEEDS) {
      const { server, world } = node(seed);
      write(server, 'old', 'old', true);
      write(server, 'new', 'new', true);
      let isSynced = false;
      server.enter(({ disk }) => {
        disk.rename('new', 'old');
        disk.syncDirectory('.', (error) => (isSynced = error === null));
      });
      const waits = seed % 2 === 0;
      if (waits) world.runFor(1000);
      expect(isSynced).toBe(waits);
      cycle(server);
      if (waits) expect(text(server.disk.read('old'))).toBe('new');
      else unsynced.add(text(server.disk.read('old')));
    }
    expect(unsynced).toEqual(new Set(['old', 'new']));
  });

  it('never tears a rename across directories apart', () => {
    const outcomes = new Set<string>();
    for (const seed of SEEDS) {
      const { server } = node(seed);
      write(server, 'file', 'content', true);
      server.enter(({ disk }) => {
        disk.makeDirectory('sub');
        disk.syncDirectory('.');
        disk.rename('file', 'sub/file');
      });
      cycle(server);
      outcomes.add(`${text(server.disk.read('file'))} ${text(server.disk.read('sub/file'))}`);
    }
    expect(outcomes).toEqual(new Set(['content null', 'null content']));
  });

  it('leaves the old or the new content of a file that replaceFile was replacing', () => {
    const outcomes = new Set<string>();
    const faults = ['directory', 'synced', 'none'] as const;
    for (const seed of SEEDS) {
      for (const fault of faults) {
        const { world, server } = node(seed);
        write(server, 'nodes.conf', 'old content', true);
        let occurrences = 0;
        if (fault !== 'none') {
          world.observe((event) => {
            if (event.kind === fault && ++occurrences === 1) server.powerLoss();
          });
        }
        try {
          server.enter(({ disk }) => replaceFile(disk, 'nodes.conf', Buffer.from('new content'), '.tmp'));
          outcomes.add('returned');
          server.powerLoss();
        } catch {
          outcomes.add('died');
        }
        const whole = text(server.disk.read('nodes.conf'));
        expect(['old content', 'new content']).toContain(whole);
        if (fault === 'none') expect(whole).toBe('new content');
        outcomes.add(whole!);
      }
    }
    expect(outcomes).toEqual(new Set(['died', 'returned', 'old content', 'new content']));
  });

  it('loses the operations that were under way', () => {
    const { world, server } = node(1);
    let done = 0;
    server.enter(({ disk }) => {
      const file = disk.open('a.aof', 'create');
      for (let i = 0; i < 100; i++) file.append(Buffer.from('x'), () => done++);
    });
    server.powerLoss();
    world.runFor(1000);
    expect(done).toBe(0);
  });

  it('bounds what a file that is never synced holds back', () => {
    const { server } = node(1);
    server.enter(({ disk }) => {
      const file = disk.open('a.aof', 'create');
      for (let i = 0; i < 20_000; i++) file.appendNow(Buffer.from('0123456789'));
    });
    expect(server.disk.durable('a.aof')!.length).toBeGreaterThan(150_000);
    cycle(server);
    expect(server.disk.read('a.aof')!.length).toBeGreaterThan(150_000);
  });
});

describe('kill -9', () => {
  it('keeps everything that was written, synced or not', () => {
    const { server } = node(1);
    write(server, 'f', 'unsynced', false);
    server.restart();
    expect(text(server.disk.read('f'))).toBe('unsynced');
  });

  it('drops appends that had not begun, keeps a prefix in order', () => {
    const lengths = new Set<number>();
    for (const seed of SEEDS) {
      const { world, server } = node(seed);
      const done: number[] = [];
      server.enter(({ disk }) => {
        const file = disk.open('f', 'create');
        for (let i = 0; i < 10; i++) file.append(Buffer.from(String(i)), () => done.push(i));
      });
      world.run({ until: () => done.length === 4 });
      server.kill();
      const kept = text(server.disk.read('f'))!;
      expect('0123456789'.startsWith(kept)).toBe(true);
      world.runFor(1000);
      expect([text(server.disk.read('f')), done.length]).toEqual([kept, 4]);
      lengths.add(kept.length);
    }
    expect(lengths).toEqual(new Set([4, 5]));
  });
});

describe('faults of the disk', () => {
  const open = (server: SimProcess): { outcomes: string[]; use: (act: (disk: Disk) => void) => void } => {
    const outcomes: string[] = [];
    return { outcomes, use: (act) => server.enter((host: Host) => act(host.disk)) };
  };

  it('fail appends with ENOSPC when the disk is full, and those behind, without a gap', () => {
    const { world, server } = node(1);
    server.disk.capacityBytes = 10;
    const { outcomes, use } = open(server);
    use((disk) => {
      const file = disk.open('f', 'create');
      for (const part of ['12345', '67890', 'x', 'y']) {
        file.append(Buffer.from(part), (error) => outcomes.push(error?.code ?? 'ok'));
      }
    });
    world.runFor(100);
    expect(outcomes).toEqual(['ok', 'ok', 'ENOSPC', 'ENOSPC']);
    expect(text(server.disk.read('f'))).toBe('1234567890');
    let thrown: unknown = null;
    use((disk) => {
      try {
        disk.open('g', 'create').appendNow(Buffer.from('x'));
      } catch (error) {
        thrown = error;
      }
    });
    expect(thrown).toBeInstanceOf(DiskError);
    expect((thrown as DiskError).message).toBe('No space left on device');
    server.disk.capacityBytes = 100;
    use((disk) => disk.open('g', 'create').appendNow(Buffer.from('x')));
    expect(text(server.disk.read('g'))).toBe('x');
  });

  it('fail a sync with EIO once; a later one succeeds, but the bytes are gone', () => {
    for (const seed of SEEDS) {
      const { world, server } = node(seed);
      server.disk.failSyncs(1);
      const { outcomes, use } = open(server);
      use((disk) => {
        const file = disk.open('f', 'create');
        file.append(Buffer.from('lost'));
        file.sync((error) => {
          outcomes.push(error?.message ?? 'ok');
          file.append(Buffer.from('kept'));
          file.sync((second) => outcomes.push(second?.message ?? 'ok'));
        });
      });
      world.runFor(1000);
      expect(outcomes).toEqual(['Input/output error', 'ok']);
      expect(text(server.disk.read('f'))).toBe('lostkept');
      cycle(server);
      expect(text(server.disk.read('f'))).toBe('\0\0\0\0kept');
    }
  });

  it('make syncs slow', () => {
    const { world, server } = node(1);
    server.disk.syncMs = [2000, 2000];
    let doneMs = 0;
    server.enter(({ disk }) => {
      const file = disk.open('f', 'create');
      file.append(Buffer.from('x'));
      file.sync(() => (doneMs = world.nowMs));
    });
    world.runFor(5000);
    expect(doneMs).toBeGreaterThan(2000);
    expect(doneMs).toBeLessThan(2001);
  });

  it('stall, and are quick again once every stall is over, in whatever order they end', () => {
    const { server } = node(1);
    server.disk.syncMs = [1, 1];
    const syncMs = (): number =>
      server.enter(({ clock, disk }) => {
        const before = clock.monotonicUs();
        disk.open('f', 'create').syncNow();
        return (clock.monotonicUs() - before) / 1000;
      })!;
    const endFirst = server.disk.stall(2000);
    expect(syncMs()).toBe(2000);
    const endSecond = server.disk.stall(20);
    expect(syncMs()).toBe(20);
    endFirst();
    expect(syncMs()).toBe(20);
    endSecond();
    expect(syncMs()).toBe(1);
  });

  it('make the node busy when it syncs at once', () => {
    const { world, server } = node(1);
    server.disk.syncMs = [500, 500];
    let firedMs = 0;
    server.enter((host) => {
      host.timers.after(10, () => (firedMs = world.nowMs));
      const before = host.clock.monotonicUs();
      host.disk.open('f', 'create').syncNow();
      expect(host.clock.monotonicUs() - before).toBe(500_000);
    });
    world.runFor(1000);
    expect(firedMs).toBe(500);
  });

  it('flip bits', () => {
    const { server } = node(1);
    write(server, 'f', 'abc', true);
    expect(server.disk.flipBit('f', 1, 5)).toBe(true);
    expect(text(server.disk.read('f'))).toBe('aBc');
    expect(server.disk.flipBit('f', 3)).toBe(false);
    expect(server.disk.flipBit('missing', 0)).toBe(false);
  });
});
