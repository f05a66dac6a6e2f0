import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { repr } from '../../src/core/repr.ts';
import { splitArguments } from '../../src/core/split-args.ts';

describe('splitArguments', () => {
  it.each<[string, string[]]>([
    ['', []],
    [' \t\r\n\v\f', []],
    ['a', ['a']],
    ['  set  key\tvalue\r\n', ['set', 'key', 'value']],
    ['a\vb\fc', ['a\vb\fc']],
    ['\va', ['a']],
    ['"a b" c', ['a b', 'c']],
    ['"" \'\'', ['', '']],
    ['pre"fix ed" x', ['prefix ed', 'x']],
    ["pre'fix ed'", ['prefix ed']],
    [String.raw`"\n\r\t\b\a\\\"\q"`, ['\n\r\t\b\x07\\"q']],
    [String.raw`"\x41\xff\xg1\x4"`, ['A\xffxg1x4']],
    [String.raw`'\n it\'s \x41'`, [String.raw`\n it's \x41`]],
    [String.raw`\n\x41`, [String.raw`\n\x41`]],
    ['"a"\v"b"', ['a', 'b']],
    ['a\0b c', ['a']],
    ['\xff\x80 x', ['\xff\x80', 'x']],
  ])('splits %j', (line, expected) => {
    expect(splitArguments(line)).toEqual(expected);
  });

  it.each(['"', "'", 'a "b', "a 'b", '"a"b', "'a'b", '"a"\'b\'', '"a\\"', '"a\\', "'a\\'", 'x"y"z', '"a\0"'])(
    'finds unbalanced quotes in %j',
    (line) => {
      expect(splitArguments(line)).toBeNull();
    },
  );

  it('reads back whatever repr has quoted', () => {
    const bytes = fc.uint8Array().map((array) => Buffer.from(array).toString('latin1'));
    fc.assert(
      fc.property(fc.array(bytes), (args) => {
        expect(splitArguments(args.map(repr).join(' '))).toEqual(args);
      }),
    );
  });

  it('takes time in proportion to the line', () => {
    const argument = 'x\\n'.repeat(20_000);
    expect(splitArguments(`"${argument}"`)).toEqual(['x\n'.repeat(20_000)]);
  });
});
