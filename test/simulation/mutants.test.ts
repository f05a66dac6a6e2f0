/** The mutants themselves: `npm run mutants` lets the simulation find them. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mutants } from './mutants/all.ts';
import { Hunt } from './mutants/hunt.ts';
import { patch } from './mutants/mutant.ts';
import { readWitness, WITNESSES } from './mutants/witness.ts';

const ROOT = new URL('../../', import.meta.url);
const TIMEOUT_MS = 240_000;
const OPTIONS = { budget: 1, seconds: 1, wide: false };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'resplica-mutants-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

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

  it('have witnesses of their names', () => {
    const names = new Set(mutants.map(({ name }) => `${name}.json`));
    expect(readdirSync(WITNESSES).filter((file) => !names.has(file))).toEqual([]);
    expect(mutants.filter((mutant) => readWitness(mutant)?.topology.kind === mutant.profile).length).toBeGreaterThan(
      15,
    );
  });

  it.each(['sentinel-quorum-is-enough', 'cluster-wins-without-majority', 'psync-one-beyond-the-fork'])(
    'are killed by the right checker: %s',
    { timeout: TIMEOUT_MS },
    async (name) => {
      const mutant = mutants.find((each) => each.name === name)!;
      const { isKilled, text } = await new Hunt(folder, OPTIONS).testify(mutant, readWitness(mutant));
      expect(text).toMatch(new RegExp(`^(?:${mutant.checkers.join('|')}): `));
      expect(isKilled).toBe(true);
    },
  );

  it('are refused where what they replace is not there, or is there twice', () => {
    const edit = { file: 'a.ts', find: 'x', replace: 'y' };
    expect(patch('a.ts', 'x', [edit])).toBe('y');
    expect(patch('b.ts', 'x', [edit])).toBe('x');
    expect(() => patch('a.ts', 'xx', [edit])).toThrow('2 places');
    expect(() => patch('a.ts', '', [edit])).toThrow('0 places');
  });
});
