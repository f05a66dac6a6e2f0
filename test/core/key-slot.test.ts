import slotOf from 'cluster-key-slot';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc16, keySlot } from '../../src/core/key-slot.ts';

const slot = (key: Uint8Array): number => keySlot(key, 0, key.length);
const slotOfText = (text: string): number => slot(Buffer.from(text));

describe('keySlot', () => {
  it('is CRC-16/XMODEM, whose check value is 0x31C3', () => {
    expect(crc16(Buffer.from('123456789'), 0, 9)).toBe(0x31c3);
  });

  it('gives the slots that redis-server gives', () => {
    expect(['foo', 'a', '06S', 'aga', 'key9184688', ''].map(slotOfText)).toEqual([12182, 15495, 0, 609, 10923, 0]);
  });

  it('looks only at what is between the first braces, if there is anything', () => {
    expect(slotOfText('{user1000}.following')).toBe(slotOfText('user1000'));
    expect(slotOfText('a{b}{c}')).toBe(slotOfText('b'));
    expect(slotOfText('foo{{bar}}zap')).toBe(slotOfText('{bar'));
    expect(slotOfText('foo{}{bar}')).not.toBe(slotOfText('bar'));
    expect(slotOfText('x}a{b')).not.toBe(slotOfText('b'));
  });

  it('agrees with the package cluster-key-slot on any bytes', () => {
    const pieces = fc.constantFrom('{', '}', 'a', 'b', '\u00ff');
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.array(pieces, { maxLength: 12 }).map((all) => Buffer.from(all.join(''), 'latin1')),
    );
    fc.assert(
      fc.property(bytes, (key) => {
        // The package overlooks an empty pair of braces where another closing one follows; redis-server does not.
        fc.pre(!Buffer.from(key).includes('{}'));
        expect(slot(key)).toBe(slotOf(Buffer.from(key)));
      }),
      { numRuns: 2000 },
    );
  });

  it('takes the key out of the middle of other bytes', () => {
    const request = Buffer.from('GET foo SET');
    expect(keySlot(request, 4, 7)).toBe(slotOfText('foo'));
  });
});
