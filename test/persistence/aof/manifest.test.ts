import { describe, expect, it } from 'vitest';
import { AofManifest, ManifestError, parseManifest } from '../../../src/persistence/aof/manifest.ts';

const USUAL =
  'file appendonly.aof.2.base.rdb seq 2 type b\n' +
  'file appendonly.aof.1.incr.aof seq 1 type h\n' +
  'file appendonly.aof.4.incr.aof seq 4 type i\n' +
  'file appendonly.aof.5.incr.aof seq 5 type i\n';

function errorOf(content: string): ManifestError {
  try {
    parseManifest(content);
  } catch (error) {
    if (error instanceof ManifestError) return error;
    throw error;
  }
  throw new Error('the manifest was accepted');
}

describe('a manifest', () => {
  it('is printed as it was read', () => {
    const manifest = parseManifest(USUAL);
    expect(manifest.print()).toBe(USUAL);
    expect(manifest.files.map(({ sequence, type }) => `${type}${sequence}`)).toEqual(['b2', 'i4', 'i5']);
    expect(manifest.baseSequence).toBe(2);
    expect(manifest.incrementSequence).toBe(5);
  });

  it('may have comments, words that nobody knows, names in any order and case, and blanks around', () => {
    const manifest = parseManifest('#nothing\n  SEQ 7 color red TYPE incr file "a b.aof" \r\n');
    expect(manifest.increments).toEqual([{ name: 'a b.aof', sequence: 7, type: 'i' }]);
    expect(manifest.print()).toBe('file "a b.aof" seq 7 type i\n');
  });

  it('quotes names with special bytes', () => {
    const manifest = new AofManifest();
    manifest.addIncrement('a"b\\\n\xe9');
    const printed = manifest.print();
    expect(printed).toBe('file "a\\"b\\\\\\n\\xe9.1.incr.aof" seq 1 type i\n');
    expect(parseManifest(printed.replace('\\\\', '')).print()).toContain('seq 1 type i');
  });

  it.each([
    ['', 'Found an empty AOF manifest'],
    ['\n', 'Invalid AOF manifest file format'],
    ['file a seq 1\n', 'Invalid AOF manifest file format'],
    ['file a seq 1 type\n', 'Invalid AOF manifest file format'],
    ['file a seq 0 type i\n', 'Invalid AOF manifest file format'],
    ['file a seq x type i\n', 'Invalid AOF manifest file format'],
    ['file a seq 1 kind i\n', 'Invalid AOF manifest file format'],
    ['file "a seq 1 type i\n', 'Invalid AOF manifest file format'],
    ['file a/b seq 1 type i\n', "File can't be a path, just a filename"],
    ['file a\\b seq 1 type i\n', "File can't be a path, just a filename"],
    ['file a seq 1 type b\nfile b seq 2 type b\n', 'Found duplicate base file information'],
    ['file a seq 2 type i\nfile b seq 2 type i\n', 'Found a non-monotonic sequence number'],
    ['file a seq 2 type i\nfile b seq 1 type i\n', 'Found a non-monotonic sequence number'],
    ['file a seq -1 type i\n', 'Found a non-monotonic sequence number'],
    ['file a seq 1 type x\n', 'Unknown AOF file type'],
    ['file a seq 1 type i', 'The AOF manifest file contains too long line'],
    [`file ${'a'.repeat(1024)} seq 1 type i\n`, 'The AOF manifest file contains too long line'],
  ])('is refused as %j', (content, text) => {
    expect(errorOf(content).message).toBe(text);
  });

  it('says where it is wrong', () => {
    expect(errorOf('file a seq 1 type i\n  file b \n').logLines).toEqual([
      '\n*** FATAL AOF MANIFEST FILE ERROR ***\n',
      'Reading the manifest file, at line 2\n',
      ">>> 'file b'\n",
      'Invalid AOF manifest file format\n',
    ]);
  });

  it('takes a line of 1024 bytes', () => {
    const name = 'a'.repeat(1024 - 'file  seq 1 type i\n'.length);
    expect(parseManifest(`file ${name} seq 1 type i\n`).increments[0]!.name).toBe(name);
  });
});

describe('a rewrite', () => {
  it('makes history of the old base and of all increments but the one that is written', () => {
    const manifest = parseManifest(USUAL);
    manifest.addIncrement('appendonly.aof');
    manifest.addBase('appendonly.aof', false);
    manifest.retireIncrements(true);
    expect(manifest.print()).toBe(
      'file appendonly.aof.3.base.aof seq 3 type b\n' +
        'file appendonly.aof.4.incr.aof seq 4 type h\n' +
        'file appendonly.aof.5.incr.aof seq 5 type h\n' +
        'file appendonly.aof.2.base.rdb seq 2 type h\n' +
        'file appendonly.aof.1.incr.aof seq 1 type h\n' +
        'file appendonly.aof.6.incr.aof seq 6 type i\n',
    );
    expect(manifest.takeHistory()).toHaveLength(4);
    expect(manifest.files.map(({ name }) => name)).toEqual(['appendonly.aof.3.base.aof', 'appendonly.aof.6.incr.aof']);
  });

  it('works on a copy: the manifest of before stays as it was', () => {
    const manifest = parseManifest(USUAL);
    const copy = manifest.copy();
    copy.addBase('x', true);
    copy.retireIncrements(false);
    expect(manifest.print()).toBe(USUAL);
    expect(copy.increments).toEqual([]);
  });
});
