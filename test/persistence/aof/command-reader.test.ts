import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Arguments } from '../../../src/core/arguments.ts';
import { BROKEN, COMMAND, CommandReader, MORE } from '../../../src/persistence/aof/command-reader.ts';
import { CommandWriter } from '../../../src/persistence/aof/command-writer.ts';

interface Found {
  readonly commands: string[][];
  readonly offsets: number[];
  readonly isBroken: boolean;
  readonly reader: CommandReader;
}

/** Reads bytes in chunks of some sizes, in turn. */
function read(bytes: Buffer, sizes: readonly number[] = [bytes.length], start = 0): Found {
  const reader = new CommandReader(start);
  const commands: string[][] = [];
  const offsets: number[] = [];
  for (let at = 0, turn = 0; ; turn++) {
    const result = reader.next();
    if (result === COMMAND) {
      commands.push(Array.from({ length: reader.args.count }, (_, i) => reader.args.binary(i)));
      offsets.push(reader.offset);
    } else if (result === BROKEN) return { commands, offsets, isBroken: true, reader };
    else {
      expect(result).toBe(MORE);
      if (at === bytes.length) return { commands, offsets, isBroken: false, reader };
      const end = Math.min(bytes.length, at + Math.max(1, sizes[turn % sizes.length] ?? 1));
      reader.feed(Buffer.from(bytes.subarray(at, end)));
      at = end;
    }
  }
}

const words = fc.array(fc.string({ unit: fc.constantFrom(...'ab*$#\r\n\0\xff'), maxLength: 30 }), {
  minLength: 1,
  maxLength: 5,
});

describe('the commands of a file', () => {
  it('are found whatever the chunks in which it is read, with the offsets behind them', () => {
    const property = fc.property(
      fc.array(words),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
      (list, sizes) => {
        const writer = new CommandWriter(16);
        const ends: number[] = [];
        for (const [i, args] of list.entries()) {
          if (i % 3 === 1) writer.timestamp(1700000000 + i);
          writer.arguments(Arguments.ofBinary(args));
          ends.push(writer.pendingBytes);
        }
        const found = read(writer.take(), sizes);
        expect(found.commands).toEqual(list);
        expect(found.offsets).toEqual(ends);
        expect(found.reader.isInCommand).toBe(false);
      },
    );
    fc.assert(property, { numRuns: 300 });
  });

  it('end with the last whole one where a file is cut, and something is left over unless it is cut between two', () => {
    const writer = new CommandWriter();
    writer.select(3);
    const first = writer.pendingBytes;
    writer.arguments(Arguments.from(['SET', 'key', 'a value']));
    const whole = writer.take();
    for (let length = 0; length <= whole.length; length++) {
      const { commands, reader, isBroken } = read(whole.subarray(0, length), [7]);
      const count = length < first ? 0 : length < whole.length ? 1 : 2;
      expect(isBroken).toBe(false);
      expect(commands).toHaveLength(count);
      expect(reader.offset).toBe([0, first, whole.length][count]);
      expect(reader.isInCommand).toBe(![0, first, whole.length].includes(length));
    }
  });

  it('may have annotations before them, the last of which need not be complete', () => {
    const { commands, reader } = read(Buffer.from('#TS:1\r\n# anything\n*1\r\n$4\r\nPING\r\n#TS:2'));
    expect(commands).toEqual([['PING']]);
    expect(reader.isInCommand).toBe(false);
    expect(reader.offset).toBe(7 + 11 + 14);
  });

  it('have offsets that count from where reading began', () => {
    expect(read(Buffer.from('*1\r\n$4\r\nPING\r\n'), [3], 1000).offsets).toEqual([1014]);
  });

  it.each([
    'PING\r\n',
    ' *1\r\n',
    '*0\r\n',
    '*-1\r\n',
    '*x\r\n',
    '*1\r\nPING\r\n',
    '*1\r\n:4\r\n',
    '*1\r\n$-1\r\n',
    '*1\r\n$4\r\nPINGxx',
    '*1\r\n$4\r\nPI\0\0\0\0',
    '*1\r\n$99999999999\r\n',
    '*99999999999\r\n',
    '\0',
  ])('are none in %j', (text) => {
    expect(read(Buffer.from(text)).isBroken).toBe(true);
  });

  it('are asked for in long pieces where an argument is long', () => {
    const reader = new CommandReader();
    reader.feed(Buffer.from('*2\r\n$3\r\nSET\r\n$1000000\r\nabc'));
    expect(reader.next()).toBe(MORE);
    expect(reader.wantedBytes).toBe(1_000_002 - 3);
  });
});
