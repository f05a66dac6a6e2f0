import { describe, expect, it } from 'vitest';
import { DiskError } from '../../src/host/host.ts';
import { MemoryDisk } from '../../src/host/memory-disk.ts';

function diskWithTurns(): { disk: MemoryDisk; endTurn(): void } {
  const turns: (() => void)[] = [];
  const endTurn = (): void => {
    for (const run of turns.splice(0)) run();
  };
  return { disk: new MemoryDisk((run) => turns.push(run)), endTurn };
}

describe('A disk in memory', () => {
  it('keeps what is appended, at once and later, and tells when', () => {
    const { disk, endTurn } = diskWithTurns();
    const file = disk.open('d/a', 'create');
    const done: (DiskError | null)[] = [];
    file.append(Buffer.from('one '), (error) => done.push(error));
    file.append(Buffer.from('two '));
    file.appendNow(Buffer.from('three'));
    file.sync((error) => done.push(error));
    expect(done).toEqual([]);
    endTurn();
    expect(done).toEqual([null, null]);
    file.syncNow();
    expect(file.sizeBytes).toBe(13);
    expect(disk.open('d/a', 'read').read(4, 5).toString()).toBe('two t');
    expect(disk.open('d/a', 'read').read(13, 5)).toHaveLength(0);
    file.truncate(3);
    file.close();
    expect(disk.read('d/a')!.toString()).toBe('one');
    disk.open('d/a', 'append').appendNow(Buffer.from('!'));
    expect(disk.read('d/a')!.toString()).toBe('one!');
  });

  it('renames over what is there, lists and removes', () => {
    const { disk } = diskWithTurns();
    disk.makeDirectory('/data');
    for (const name of ['a', 'b']) disk.open(`d/${name}`, 'create').appendNow(Buffer.from(name));
    expect(disk.list('d').sort()).toEqual(['a', 'b']);
    disk.rename('d/a', 'd/b');
    disk.syncDirectory();
    expect(disk.list('d')).toEqual(['b']);
    expect(disk.read('d/b')!.toString()).toBe('a');
    disk.unlink('d/b');
    expect(disk.stat('d/b')).toBe(null);
    expect(disk.read('d/b')).toBe(null);
  });

  it('says what is not there', () => {
    const { disk } = diskWithTurns();
    const missing = new DiskError('ENOENT', 'No such file or directory');
    expect(() => disk.open('a', 'read')).toThrow(missing);
    expect(() => disk.unlink('a')).toThrow(missing);
    expect(() => disk.rename('a', 'b')).toThrow(missing);
    disk.open('a', 'create').appendNow(Buffer.from('x'));
    expect(disk.stat('a')).toEqual({ sizeBytes: 1, isDirectory: false });
    expect(disk.open('a', 'create').sizeBytes).toBe(0);
  });
});
