/** What every `Disk` does while the power is on. Played on the real host and in the simulator. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Disk, DiskError, type DiskFile, type ReleaseClaim } from '../../src/host/host.ts';
import { replaceFile } from '../../src/host/replace-file.ts';
import type { MakeStage, Stage } from './stage.ts';

const text = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : Buffer.from(bytes).toString('latin1');

function failure(act: () => unknown): { code: string; message: string } | null {
  try {
    act();
    return null;
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    return { code: error.code, message: error.message };
  }
}

const MISSING = { code: 'ENOENT', message: 'No such file or directory' };
const IS_DIRECTORY = { code: 'EISDIR', message: 'Is a directory' };
const NOT_DIRECTORY = { code: 'ENOTDIR', message: 'Not a directory' };

export function describeDisk(makeStage: MakeStage): void {
  let stage: Stage;
  beforeEach(async () => {
    stage = await makeStage();
  });
  afterEach(() => stage.close());
  const act = <T>(use: (disk: Disk) => T): T => stage.server.act((host) => use(host.disk));
  const write = (path: string, content: string): void =>
    act((disk) => {
      const file = disk.open(path, 'create');
      file.appendNow(Buffer.from(content));
      file.close();
    });
  const read = (path: string): string | null => act((disk) => text(disk.read(path)));

  describe('files at once', () => {
    it('creates, appends, and reads what was written', () => {
      act((disk) => {
        const file = disk.open('a.txt', 'append');
        expect(file.sizeBytes).toBe(0);
        file.appendNow(Buffer.from('one '));
        file.appendNow(Buffer.from('two'));
        file.syncNow();
        expect(file.sizeBytes).toBe(7);
        file.close();
      });
      expect(read('a.txt')).toBe('one two');
      expect(read(`${stage.directory}/a.txt`)).toBe('one two');
    });

    it('goes on at the end in append mode, and starts anew in create mode', () => {
      write('a.txt', 'old');
      act((disk) => {
        const file = disk.open('a.txt', 'append');
        expect(file.sizeBytes).toBe(3);
        file.appendNow(Buffer.from('+new'));
        file.close();
      });
      expect(read('a.txt')).toBe('old+new');
      act((disk) => {
        const file = disk.open('a.txt', 'create');
        expect(file.sizeBytes).toBe(0);
        file.close();
      });
      expect(read('a.txt')).toBe('');
    });

    it('reads parts, and fewer bytes at the end', () => {
      write('a.txt', '0123456789');
      act((disk) => {
        const file = disk.open('a.txt', 'read');
        expect(file.sizeBytes).toBe(10);
        expect(text(file.read(0, 4))).toBe('0123');
        expect(text(file.read(8, 100))).toBe('89');
        expect(text(file.read(10, 1))).toBe('');
        expect(text(file.read(500, 1))).toBe('');
        file.close();
      });
    });

    it('gives the caller bytes of its own', () => {
      write('a.txt', 'abc');
      act((disk) => disk.read('a.txt')!.fill(0));
      expect(read('a.txt')).toBe('abc');
    });

    it('continues after the cut when it was truncated', () => {
      act((disk) => {
        const file = disk.open('a.txt', 'create');
        file.appendNow(Buffer.from('0123456789'));
        file.truncate(4);
        expect(file.sizeBytes).toBe(4);
        file.appendNow(Buffer.from('x'));
        file.close();
      });
      expect(read('a.txt')).toBe('0123x');
    });

    it('fills with zeros when it was truncated to more than it had', () => {
      act((disk) => {
        const file = disk.open('a.txt', 'create');
        file.appendNow(Buffer.from('ab'));
        file.truncate(4);
        file.close();
      });
      expect(read('a.txt')).toBe('ab\0\0');
    });

    it('stays open for who has it when it is renamed or removed', () => {
      write('a.txt', 'abc');
      act((disk) => {
        const file = disk.open('a.txt', 'append');
        disk.rename('a.txt', 'b.txt');
        file.appendNow(Buffer.from('d'));
        expect(text(disk.read('b.txt'))).toBe('abcd');
        disk.unlink('b.txt');
        expect(text(file.read(0, 10))).toBe('abcd');
        file.close();
      });
    });

    it('does not write through a handle for reading', () => {
      write('a.txt', 'abc');
      const file = act((disk) => disk.open('a.txt', 'read'));
      expect(act(() => failure(() => file.appendNow(Buffer.from('d'))))).toEqual({
        code: 'EUNKNOWN',
        message: 'Bad file descriptor',
      });
      act(() => file.close());
      expect(read('a.txt')).toBe('abc');
    });

    it('cannot be used after close', () => {
      const file = act((disk) => disk.open('a.txt', 'create'));
      act(() => {
        file.close();
        file.close();
        expect(() => file.appendNow(Buffer.from('x'))).toThrow('is closed');
        expect(() => file.append(Buffer.from('x'))).toThrow('is closed');
      });
    });
  });

  describe('files in the background', () => {
    const open = (path: string): DiskFile => act((disk) => disk.open(path, 'append'));

    it('completes appends and syncs in the order in which they were asked for', async () => {
      const file = open('a.aof');
      const done: string[] = [];
      let expected = '';
      act(() => {
        for (let i = 0; i < 200; i++) {
          const content = `${i}:${'x'.repeat((i * 37) % 500)};`;
          expected += content;
          file.append(Buffer.from(content), (error) => done.push(error === null ? `append ${i}` : error.message));
          if (i % 10 === 9) file.sync((error) => done.push(error === null ? `sync ${i}` : error.message));
        }
        expect(file.sizeBytes).toBe(expected.length);
        expect(done).toEqual([]);
      });
      await stage.eventually('all is done', () => done.length === 220);
      const order: string[] = [];
      for (let i = 0; i < 200; i++) {
        order.push(`append ${i}`);
        if (i % 10 === 9) order.push(`sync ${i}`);
      }
      expect(done).toEqual(order);
      expect(read('a.aof')).toBe(expected);
      expect(file.sizeBytes).toBe(expected.length);
      act(() => file.close());
    });

    it('goes on when a callback asks for more', async () => {
      const file = open('a.aof');
      let steps = 0;
      const step = (error: DiskError | null): void => {
        expect(error).toBeNull();
        if (++steps < 20) file.append(Buffer.from('s'), step);
      };
      act(() => file.append(Buffer.from('s'), step));
      await stage.eventually('all steps are done', () => steps === 20);
      expect(read('a.aof')).toBe('s'.repeat(20));
      act(() => file.close());
    });

    it('completes what is pending before it closes', async () => {
      const file = open('a.aof');
      let synced = false;
      act(() => {
        for (let i = 0; i < 50; i++) file.append(Buffer.from('0123456789'));
        file.sync((error) => (synced = error === null));
        file.close();
      });
      await stage.eventually('the sync is done', () => synced);
      expect(read('a.aof')).toBe('0123456789'.repeat(50));
    });

    it('writes megabytes', async () => {
      const file = open('big.rdb');
      let done = 0;
      const content = Buffer.alloc(3 << 20, 'q');
      act(() => {
        for (let i = 0; i < 4; i++) file.append(Buffer.from(content), (error) => (done += error === null ? 1 : 0));
      });
      await stage.eventually('all is written', () => done === 4);
      expect(act((disk) => disk.stat('big.rdb'))).toEqual({ sizeBytes: 12 << 20, isDirectory: false });
      act(() => file.close());
    });

    it('does not mix with calls at once', async () => {
      const file = open('a.aof');
      let done = false;
      act(() => {
        file.append(Buffer.from('pending'), () => (done = true));
        expect(() => file.appendNow(Buffer.from('x'))).toThrow('pending');
        expect(() => file.truncate(0)).toThrow('pending');
      });
      await stage.eventually('the append is done', () => done);
      act(() => {
        file.appendNow(Buffer.from('+now'));
        file.close();
      });
      expect(read('a.aof')).toBe('pending+now');
    });

    it('reports a failure to the append and to all behind it', async () => {
      write('a.txt', 'abc');
      const file = act((disk) => disk.open('a.txt', 'read'));
      const errors: (string | undefined)[] = [];
      act(() => {
        for (let i = 0; i < 3; i++) file.append(Buffer.from('x'), (error) => errors.push(error?.message));
        file.sync((error) => errors.push(error?.message));
      });
      await stage.eventually('all have failed', () => errors.length === 4);
      expect(errors).toEqual(Array.from({ length: 4 }, () => 'Bad file descriptor'));
      expect(file.sizeBytes).toBe(3);
      act(() => file.close());
    });
  });

  describe('names', () => {
    it('has nothing where nothing is', () => {
      expect(read('missing')).toBeNull();
      expect(act((disk) => disk.stat('missing'))).toBeNull();
      expect(act((disk) => failure(() => disk.open('missing', 'read')))).toEqual(MISSING);
      expect(act((disk) => failure(() => disk.open('no/such/way', 'create')))).toEqual(MISSING);
      expect(act((disk) => failure(() => disk.list('missing')))).toEqual(MISSING);
      expect(act((disk) => failure(() => disk.unlink('missing')))).toEqual(MISSING);
      expect(act((disk) => failure(() => disk.rename('missing', 'other')))).toEqual(MISSING);
      expect(act((disk) => failure(() => disk.syncDirectory('missing')))).toEqual(MISSING);
    });

    it('makes directories, with those above, again and again', () => {
      act((disk) => {
        disk.makeDirectory('a/b/c');
        disk.makeDirectory('a/b/c');
        expect(disk.stat('a/b/c')?.isDirectory).toBe(true);
        expect(disk.list('a')).toEqual(['b']);
      });
      write('a/b/file', 'x');
      expect(act((disk) => disk.list('a/b')).toSorted()).toEqual(['c', 'file']);
      expect(read('a/../a/./b/file')).toBe('x');
    });

    it('tells files from directories', () => {
      write('file', 'x');
      act((disk) => disk.makeDirectory('directory'));
      expect(act((disk) => failure(() => disk.list('file')))).toEqual(NOT_DIRECTORY);
      expect(act((disk) => failure(() => disk.open('file/below', 'create')))).toEqual(NOT_DIRECTORY);
      expect(act((disk) => failure(() => disk.makeDirectory('file')))).toEqual({
        code: 'EEXIST',
        message: 'File exists',
      });
      expect(act((disk) => failure(() => disk.makeDirectory('file/below')))).toEqual(NOT_DIRECTORY);
      expect(act((disk) => failure(() => disk.read('directory')))).toEqual(IS_DIRECTORY);
      expect(act((disk) => failure(() => disk.open('directory', 'read')))).toEqual(IS_DIRECTORY);
      expect(act((disk) => failure(() => disk.open('directory', 'append')))).toEqual(IS_DIRECTORY);
      expect(act((disk) => failure(() => disk.rename('file', 'directory')))).toEqual(IS_DIRECTORY);
      expect(act((disk) => failure(() => disk.rename('directory', 'file')))).toEqual(NOT_DIRECTORY);
    });

    it('renames over a large file, and removes one', () => {
      const large = (text: string): string => text.repeat(2 << 20);
      write('old', large('x'));
      write('new', large('y'));
      act((disk) => disk.rename('new', 'old'));
      expect(act((disk) => disk.list('.'))).toEqual(['old']);
      expect(read('old') === large('y')).toBe(true);
      act((disk) => disk.unlink('old'));
      expect(act((disk) => disk.list('.'))).toEqual([]);
    });

    it('renames over what is there, and across directories', () => {
      write('a', 'A');
      write('b', 'B');
      act((disk) => {
        disk.makeDirectory('sub');
        disk.rename('a', 'b');
        disk.rename('b', 'sub/c');
        disk.syncDirectory('sub');
        disk.syncDirectory('.');
        expect(disk.list('.')).toEqual(['sub']);
      });
      expect(read('sub/c')).toBe('A');
      act((disk) => disk.rename('sub', 'moved'));
      expect(read('moved/c')).toBe('A');
    });

    it('syncs a directory in the background, and tells if it is missing', async () => {
      write('a', 'A');
      const outcomes: (DiskError | null)[] = [];
      act((disk) => {
        for (const path of ['.', 'missing']) disk.syncDirectory(path, (error) => outcomes.push(error));
        expect(outcomes).toEqual([]);
      });
      await stage.eventually('both have ended', () => outcomes.length === 2);
      expect(outcomes.filter((error) => error !== null).map(({ code }) => code)).toEqual(['ENOENT']);
    });

    it('removes files', () => {
      write('a', 'A');
      act((disk) => disk.unlink('a'));
      expect(read('a')).toBeNull();
      expect(act((disk) => disk.list('.'))).toEqual([]);
    });
  });

  describe('claims', () => {
    const claim = (path: string): ReleaseClaim | null => act((disk) => disk.claim(path));

    it('are given to one at a time, also of a file that is not there yet', () => {
      const release = claim('nodes.conf');
      expect(release).not.toBeNull();
      expect([claim('nodes.conf'), claim('./nodes.conf')]).toEqual([null, null]);
      const other = claim('other.conf');
      act(() => release!());
      const next = claim('nodes.conf');
      expect(next).not.toBeNull();
      // Letting go twice does not take it from somebody else.
      act(() => release!());
      expect(claim('nodes.conf')).toBeNull();
      act(() => {
        next!();
        other!();
      });
      expect(act((disk) => disk.list('.'))).toEqual([]);
    });

    it('outlive the file, and the file that takes its place', () => {
      write('nodes.conf', 'old');
      const release = claim('nodes.conf');
      stage.server.act((host) => replaceFile(host.disk, 'nodes.conf', Buffer.from('new'), '.tmp'));
      expect(claim('nodes.conf')).toBeNull();
      act(() => release!());
    });

    it('cannot be made where there is no directory', () => {
      expect(act((disk) => failure(() => disk.claim('missing/nodes.conf')))).toEqual(MISSING);
    });
  });

  describe('replaceFile', () => {
    it('puts the new content in place and leaves nothing else', () => {
      write('nodes.conf', 'old');
      stage.server.act((host) => replaceFile(host.disk, 'nodes.conf', Buffer.from('new'), '.tmp'));
      expect(read('nodes.conf')).toBe('new');
      expect(act((disk) => disk.list('.'))).toEqual(['nodes.conf']);
    });

    it('leaves things as they were when it fails', () => {
      act((disk) => disk.makeDirectory('nodes.conf'));
      const error = stage.server.act((host) =>
        failure(() => replaceFile(host.disk, 'nodes.conf', Buffer.from('new'), '.tmp')),
      );
      expect(error).toEqual(IS_DIRECTORY);
      expect(act((disk) => disk.list('.'))).toEqual(['nodes.conf']);
    });
  });
}
