/** The mutants themselves: `npm run mutants` lets the simulation find them. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { mutants } from './mutants/all.ts';
import { patch } from './mutants/mutant.ts';

const ROOT = new URL('../../', import.meta.url);

describe('mutants', () => {
  it('have names of their own', () => {
    expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
  });

  it.each(mutants)('$name fits the sources, and changes each of its files', ({ edits }) => {
    for (const file of new Set(edits.map((edit) => edit.file))) {
      const source = readFileSync(new URL(file, ROOT), 'utf8');
      expect(patch(file, source, edits)).not.toBe(source);
    }
  });

  it('are refused where what they replace is not there, or is there twice', () => {
    const edit = { file: 'a.ts', find: 'x', replace: 'y' };
    expect(patch('a.ts', 'x', [edit])).toBe('y');
    expect(patch('b.ts', 'x', [edit])).toBe('x');
    expect(() => patch('a.ts', 'xx', [edit])).toThrow('2 places');
    expect(() => patch('a.ts', '', [edit])).toThrow('0 places');
  });
});
