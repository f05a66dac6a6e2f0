import { describe, expect, it } from 'vitest';
import { Engine } from '../../src/lua/engine.ts';

function evaluate(source: string): unknown {
  return new Engine().load(source, 'test')();
}

describe('cmsgpack.unpack', () => {
  it('takes unsigned integers of 64 bits for signed ones, as Redis does', () => {
    expect(evaluate(String.raw`return cmsgpack.unpack('\207\255\255\255\255\255\255\255\255')`)).toBe(-1);
    expect(evaluate(String.raw`return cmsgpack.unpack('\207\0\0\1\0\0\0\0\0')`)).toBe(2 ** 40);
  });

  it('reads signed and unsigned integers of all sizes, floats, and texts of any bytes', () => {
    const read = (bytes: string): unknown => evaluate(`return cmsgpack.unpack('${bytes}')`);
    expect(read(String.raw`\208\128`)).toBe(-128);
    expect(read(String.raw`\209\128\1`)).toBe(-32_767);
    expect(read(String.raw`\210\255\255\255\254`)).toBe(-2);
    expect(read(String.raw`\206\255\255\255\254`)).toBe(2 ** 32 - 2);
    expect(read(String.raw`\202\63\192\0\0`)).toBe(1.5);
    expect(read(String.raw`\203\191\240\0\0\0\0\0\0`)).toBe(-1);
    expect(read(String.raw`\163\0\255a`)).toBe('\0\xffa');
  });
});
