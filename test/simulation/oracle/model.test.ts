import { describe, expect, it } from 'vitest';
import { digestOfServer, Model, sizeOfServer } from '../../../src/simulation/oracle/model.ts';
import { readCommands } from '../../../src/simulation/oracle/stream-commands.ts';
import { startTestServer } from '../../support/in-process.ts';

const COMMANDS = [
  ['SET', 'r:1', 'first'],
  ['SET', 'r:1', 'second'],
  ['SET', 'r:2', 'brief', 'PX', '100000'],
  ['INCRBY', 'c:1', '17'],
  ['INCRBY', 'c:1', '4'],
  ['RPUSH', 'l:1', 'a', 'b'],
  ['RPUSH', 'l:1', 'c'],
  ['SADD', 's:1', 'y', 'x'],
  ['SADD', 's:1', 'z'],
  ['SELECT', '3'],
  ['SET', 'r:1', 'elsewhere'],
  ['SELECT', '0'],
  ['SET', 'r:3', 'gone'],
  ['DEL', 'r:3'],
];

describe('the model of a dataset', () => {
  it('comes to what a server comes to', () => {
    const redis = startTestServer();
    const model = new Model();
    for (const words of COMMANDS) {
      redis.call(...words);
      model.apply(words);
      expect(model.digest).toBe(digestOfServer(redis.server));
    }
    expect(model.size).toBe(sizeOfServer(redis.server));
    expect(model.digest).toBe(redis.call('DEBUG', 'DIGEST'));
    redis.call('RPUSH', 'l:1', 'd');
    expect(model.digest).not.toBe(digestOfServer(redis.server));
  });

  it('says when it does not know what a command means', () => {
    const model = new Model();
    model.apply(['PING']);
    expect(model.unknown).toBeNull();
    model.apply(['XADD', 's', '*', 'a', 'b']);
    expect(model.unknown).toBe('XADD s * a b');
  });
});

describe('the commands of a stream', () => {
  it('are read with the offsets at which they end', () => {
    const bytes = Buffer.from('*1\r\n$4\r\nping\r\n*2\r\n$3\r\nDEL\r\n$4\r\na\r\nb\r\n*2\r\n$3\r\nDEL\r\n$9\r\nabc');
    expect(readCommands(bytes, 1000)).toEqual([
      { words: ['ping'], end: 1014 },
      { words: ['DEL', 'a\r\nb'], end: 1037 },
    ]);
  });
});
