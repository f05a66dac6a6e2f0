import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LcsTable, lcsLength, lcsTableBytes } from '../../src/core/lcs.ts';

function table(a: string, b: string): LcsTable {
  const built = LcsTable.build(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1'));
  if (built === null) throw new Error('too large');
  return built;
}

function subsequence(a: string, b: string): string {
  return Buffer.from(table(a, b).subsequence()).toString('latin1');
}

function ranges(a: string, b: string, minLength?: number): number[][] {
  return table(a, b)
    .matches(minLength)
    .map((match) => [match.aStart, match.aEnd, match.bStart, match.bEnd, match.length]);
}

/** The table in full, and the walk over it as the definition has it. */
function referenceWalk(a: string, b: string): { length: number; text: string } {
  const lengths = Array.from({ length: a.length + 1 }, () => Array.from({ length: b.length + 1 }, () => 0));
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      lengths[i]![j] =
        a[i - 1] === b[j - 1] ? lengths[i - 1]![j - 1]! + 1 : Math.max(lengths[i - 1]![j]!, lengths[i]![j - 1]!);
    }
  }
  let [i, j, text] = [a.length, b.length, ''];
  while (i > 0 && j > 0) {
    if (a[i - 1] === b[j - 1]) {
      text = a[i - 1]! + text;
      i--;
      j--;
    } else if (lengths[i - 1]![j]! > lengths[i]![j - 1]!) {
      i--;
    } else {
      j--;
    }
  }
  return { length: lengths[a.length]![b.length]!, text };
}

describe('the longest common subsequence', () => {
  it('of the manual is found, with its ranges from the end', () => {
    expect(subsequence('ohmytext', 'mynewtext')).toBe('mytext');
    expect(ranges('ohmytext', 'mynewtext')).toEqual([
      [4, 7, 5, 8, 4],
      [2, 3, 0, 1, 2],
    ]);
    expect(ranges('ohmytext', 'mynewtext', 4)).toEqual([[4, 7, 5, 8, 4]]);
    expect(ranges('ohmytext', 'mynewtext', 5)).toEqual([]);
  });

  it('of an empty string is empty', () => {
    expect(subsequence('', 'abc')).toBe('');
    expect(subsequence('abc', '')).toBe('');
    expect(ranges('', '')).toEqual([]);
    expect(lcsLength(Buffer.alloc(0), Buffer.from('abc'))).toBe(0);
  });

  it('of a string with itself is one range', () => {
    expect(ranges('abcabc', 'abcabc')).toEqual([[0, 5, 0, 5, 6]]);
  });

  it('shortens the second string when both ways are equally good', () => {
    expect(subsequence('ab', 'ba')).toBe('b');
    expect(subsequence('ba', 'ab')).toBe('a');
  });

  it('is the one that the full table leads to, for strings around the width of a word', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '\xff'), maxLength: 70 });
    fc.assert(
      fc.property(text, text, (a, b) => {
        const expected = referenceWalk(a, b);
        expect(table(a, b).length).toBe(expected.length);
        expect(lcsLength(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1'))).toBe(expected.length);
        expect(subsequence(a, b)).toBe(expected.text);
        const joined = ranges(a, b).map(([aStart, aEnd]) => a.slice(aStart, aEnd! + 1));
        expect(joined.reverse().join('')).toBe(expected.text);
        for (const [aStart, aEnd, bStart, bEnd] of ranges(a, b)) {
          expect(b.slice(bStart, bEnd! + 1)).toBe(a.slice(aStart, aEnd! + 1));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('is refused by the size of the table that Redis would take', () => {
    expect(lcsTableBytes(0, 0)).toBe(4);
    expect(lcsTableBytes(8, 9)).toBe(360);
    const large = new Uint8Array(2 ** 17);
    expect(LcsTable.build(large, large)).toBeNull();
  });
});
