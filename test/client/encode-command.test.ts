import { describe, expect, it } from 'vitest';
import { encodeCommand } from '../../src/client/encode-command.ts';

describe('a command', () => {
  it('is sent as an array of bulk strings, with the length of each in bytes', () => {
    expect(encodeCommand(['SET', 'ä', 1.5]).toString()).toBe('*3\r\n$3\r\nSET\r\n$2\r\nä\r\n$3\r\n1.5\r\n');
  });

  it('takes bytes as they are', () => {
    const bytes = Uint8Array.of(0, 13, 10, 255);
    expect(encodeCommand([bytes])).toEqual(Buffer.from('*1\r\n$4\r\n\0\r\n\xff\r\n', 'latin1'));
  });

  it('takes integers beyond 2^53 as bigints', () => {
    expect(encodeCommand([9223372036854775807n]).toString()).toBe('*1\r\n$19\r\n9223372036854775807\r\n');
  });
});
