import { describe, expect, it } from 'vitest';
import { isSealedDump, sealDump } from '../../../src/persistence/rdb/dump-payload.ts';
import { ByteSink } from '../../../src/persistence/rdb/byte-sink.ts';
import { decodeFunctions, encodeFunctions } from '../../../src/persistence/rdb/function-library.ts';
import { RespError } from '../../support/resp-reader.ts';
import { startRedis } from '../../support/redis-process.ts';
import { describeWith } from '../../support/requires.ts';
import { readFile } from './files.ts';

const SOURCE = "#!lua name=mylib\nredis.register_function('f', function() return 1 end)";

function payloadOf(...bytes: (number | string)[]): Buffer {
  const sink = new ByteSink(false);
  for (const part of bytes) {
    if (typeof part === 'number') sink.byte(part);
    else sink.string(Buffer.from(part));
  }
  return sealDump(sink);
}

describe('libraries of functions', () => {
  it('become a payload and sources again', () => {
    const payload = encodeFunctions([Buffer.from(SOURCE), Buffer.from('#!lua name=b\n')], true);
    expect(isSealedDump(payload, false)).toBe(true);
    expect(decodeFunctions(payload).map(String)).toEqual([SOURCE, '#!lua name=b\n']);
    expect(decodeFunctions(encodeFunctions([], true))).toEqual([]);
  });

  it('are read in the form of the release candidates too', () => {
    const old = payloadOf(0xf6, 'lib', 'lua', 1, 'described', 'return 1', 0xf6, 'other', 'lua', 0, 'return 2');
    expect(decodeFunctions(old).map(String)).toEqual(['#!lua name=lib\nreturn 1', '#!lua name=other\nreturn 2']);
    const sources: string[] = [];
    const listener = { functionLibrary: (source: Buffer): void => void sources.push(String(source)) };
    const file = Buffer.concat([Buffer.from('REDIS0010'), old.subarray(0, -10), Buffer.from([0xff]), Buffer.alloc(8)]);
    readFile(file, { chunk: 1, listener });
    expect(sources).toHaveLength(2);
  });

  it('are refused if they are something else, or not whole', () => {
    expect(() => decodeFunctions(payloadOf(0, 'a'))).toThrow('given type is not a function');
    expect(() => decodeFunctions(payloadOf(0xf5, 0x7f, 0xff, 'a'))).toThrow('Failed loading library payload');
  });
});

describeWith('redis-server', 'libraries of functions, beside redis-server', () => {
  it('have the same payload', async () => {
    await using redis = await startRedis();
    await using client = await redis.connect({ bulkAsBuffer: true });
    await client.call('FUNCTION', 'LOAD', SOURCE);
    const payload = (await client.call('FUNCTION', 'DUMP')) as Buffer;
    expect(encodeFunctions([Buffer.from(SOURCE)], true).equals(payload)).toBe(true);
    await client.call('FUNCTION', 'FLUSH');
    expect(await client.call('FUNCTION', 'RESTORE', encodeFunctions([Buffer.from(SOURCE)], false))).not.toBeInstanceOf(
      RespError,
    );
  });
});
