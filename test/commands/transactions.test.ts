/** MULTI, EXEC, DISCARD, WATCH, UNWATCH. */
import { describe, expect, it } from 'vitest';
import { RespError, type RespClient } from '../support/resp-client.ts';
import { serve } from '../support/serving.ts';

const EXEC_ABORT = new RespError('EXECABORT Transaction discarded because of previous errors.');

/** The reply of a transaction that does nothing: what WATCH makes of it. */
async function emptyTransaction(client: RespClient): Promise<unknown> {
  await client.call('MULTI');
  await client.call('PING');
  return client.call('EXEC');
}

const DONE = ['PONG'];

describe('A transaction', () => {
  it('queues commands and runs them as one', async () => {
    await using serving = await serve();
    const [client, other] = [await serving.connect(), await serving.connect()];
    expect(await client.call('MULTI')).toBe('OK');
    expect(await client.call('SET', 'k', 1)).toBe('QUEUED');
    expect(await client.call('INCR', 'k')).toBe('QUEUED');
    expect(await other.call('GET', 'k')).toBe(null);
    expect(await client.call('EXEC')).toEqual(['OK', 2]);
    expect(await other.call('GET', 'k')).toBe('2');
  });

  it('may be empty', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    expect(await client.pipeline([['MULTI'], ['EXEC']])).toEqual(['OK', []]);
  });

  it('goes on behind a command that fails', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    await client.pipeline([['MULTI'], ['SET', 'k', 'a'], ['INCR', 'k'], ['SET', 'after', 1]]);
    expect(await client.call('EXEC')).toEqual([
      'OK',
      new RespError('ERR value is not an integer or out of range'),
      'OK',
    ]);
  });

  it('keeps the arguments that it was given, whatever the client sends meanwhile', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    const value = 'v'.repeat(100_000);
    await client.call('MULTI');
    await client.call('SET', 'long', value);
    for (let i = 0; i < 50; i++) await client.call('SET', `key:${i}`, `value ${i}`);
    await client.call('EXEC');
    expect(await client.call('GET', 'long')).toBe(value);
    expect(await client.call('GET', 'key:7')).toBe('value 7');
  });

  it('sees one time from its beginning to its end', async () => {
    await using serving = await serve({ config: { 'enable-debug-command': 'yes' } });
    const client = await serving.connect();
    await client.pipeline([['MULTI'], ['SET', 'k', 1, 'PX', 1000], ['DEBUG', 'SLEEP', '0.02'], ['PTTL', 'k']]);
    expect(await client.call('EXEC')).toEqual(['OK', 'OK', 1000]);
  });

  it('changes the database for itself and what follows', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    await client.pipeline([['MULTI'], ['SELECT', 4], ['SET', 'k', 'four']]);
    expect(await client.call('EXEC')).toEqual(['OK', 'OK']);
    expect(await client.call('GET', 'k')).toBe('four');
    await client.call('SELECT', 0);
    expect(await client.call('GET', 'k')).toBe(null);
  });

  it.each([
    ['an unknown command', ['FOO']],
    ['a wrong number of arguments', ['SET', 'k']],
    ['an unknown subcommand', ['CLIENT', 'FOO']],
  ])('is spoilt by %s', async (_, command) => {
    await using serving = await serve();
    const client = await serving.connect();
    await client.call('MULTI');
    expect(await client.call(...command)).toBeInstanceOf(RespError);
    expect(await client.call('SET', 'k', 1)).toBe('QUEUED');
    expect(await client.call('EXEC')).toEqual(EXEC_ABORT);
    expect(await client.call('GET', 'k')).toBe(null);
    expect(await emptyTransaction(client)).toEqual(DONE);
  });

  it('is not spoilt by a MULTI or WATCH inside it, which are refused', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    await client.call('MULTI');
    expect(await client.call('MULTI')).toEqual(new RespError('ERR MULTI calls can not be nested'));
    expect(await client.call('WATCH', 'k')).toEqual(new RespError('ERR WATCH inside MULTI is not allowed'));
    expect(await client.call('PING')).toBe('QUEUED');
    expect(await client.call('EXEC')).toEqual(DONE);
  });

  it('is over when EXEC itself is wrong', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    await client.call('MULTI');
    expect(await client.call('EXEC', 'x')).toEqual(
      new RespError("EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command"),
    );
    expect(await client.call('PING')).toBe('PONG');
  });

  it('needs a beginning', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    expect(await client.call('EXEC')).toEqual(new RespError('ERR EXEC without MULTI'));
    expect(await client.call('DISCARD')).toEqual(new RespError('ERR DISCARD without MULTI'));
  });

  it('can be given up', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    await client.pipeline([['MULTI'], ['SET', 'k', 1]]);
    expect(await client.call('DISCARD')).toBe('OK');
    expect(await client.call('GET', 'k')).toBe(null);
    expect(await client.call('EXEC')).toEqual(new RespError('ERR EXEC without MULTI'));
  });

  it('refuses commands that cannot be in one', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    await client.call('MULTI');
    expect(await client.call('SHUTDOWN')).toEqual(new RespError('ERR Command not allowed inside a transaction'));
    expect(await client.call('EXEC')).toEqual(EXEC_ABORT);
  });

  it('runs to its end for a client that kills itself in it', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    client.sendRaw('MULTI\r\nCLIENT KILL TYPE normal SKIPME no\r\nSET k 1\r\nEXEC\r\n');
    await client.readUntilClose();
    expect(await serving.server.execute('GET', 'k')).toBe('1');
  });
});

describe('A transaction without memory', () => {
  it('is refused while it is queued, and may always be given up', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    await client.pipeline([['SET', 'k', 1], ['MULTI'], ['GET', 'k']]);
    await serving.server.execute('CONFIG', 'SET', 'maxmemory', '1');
    const refusal = new RespError("OOM command not allowed when used memory > 'maxmemory'.");
    expect(await client.call('GET', 'k')).toEqual(refusal);
    expect(await client.call('DISCARD')).toBe('OK');
  });

  it('is refused as a whole if it would take more', async () => {
    await using serving = await serve();
    const [reader, writer] = [await serving.connect(), await serving.connect()];
    await reader.pipeline([['MULTI'], ['GET', 'k']]);
    await writer.pipeline([['MULTI'], ['SET', 'k', 1]]);
    await serving.server.execute('CONFIG', 'SET', 'maxmemory', '1');
    expect(await reader.call('EXEC')).toEqual([null]);
    expect(await writer.call('EXEC')).toEqual(
      new RespError(
        "EXECABORT Transaction discarded because of: OOM command not allowed when used memory > 'maxmemory'.",
      ),
    );
    expect(await writer.call('PING')).toBe('PONG');
  });
});

describe('WATCH', () => {
  it('lets EXEC fail when a key was changed by somebody', async () => {
    await using serving = await serve();
    const [client, other] = [await serving.connect(), await serving.connect()];
    expect(await client.call('WATCH', 'a', 'b', 'c')).toBe('OK');
    await other.call('SET', 'b', 1);
    await client.call('MULTI');
    await client.call('SET', 'a', 1);
    expect(await client.callRaw('EXEC')).toBe('*-1\r\n');
    expect(await client.call('GET', 'a')).toBe(null);
    expect(await emptyTransaction(client)).toEqual(DONE);
  });

  it('answers null in RESP3', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    await client.pipeline([['HELLO', 3], ['WATCH', 'k'], ['SET', 'k', 1], ['MULTI']]);
    expect(await client.callRaw('EXEC')).toBe('_\r\n');
  });

  it.each([
    ['a change by the client itself', [['SET', 'k', 2]]],
    ['a deletion', [['DEL', 'k']]],
    ['an expire time', [['EXPIRE', 'k', 100]]],
    ['a new name', [['RENAME', 'k', 'other']]],
    ['FLUSHDB', [['FLUSHDB']]],
    ['FLUSHALL', [['FLUSHALL']]],
    ['SWAPDB', [['SWAPDB', 0, 1]]],
  ])('notices %s', async (_, commands) => {
    await using serving = await serve();
    const client = await serving.connect();
    await client.pipeline([['SET', 'k', 1], ['WATCH', 'k'], ...commands]);
    expect(await emptyTransaction(client)).toBe(null);
  });

  it.each([
    [
      'reads',
      [
        ['GET', 'k'],
        ['TTL', 'k'],
        ['EXISTS', 'k'],
      ],
    ],
    ['changes of other keys', [['SET', 'kk', 2]]],
    [
      'a key of the same name in another database',
      [
        ['SELECT', 1],
        ['SET', 'k', 2],
      ],
    ],
    [
      'a command that changes nothing',
      [
        ['SETNX', 'k', 2],
        ['DEL', 'missing'],
      ],
    ],
    ['UNWATCH before the change', [['UNWATCH'], ['SET', 'k', 2]]],
    ['UNWATCH after the change', [['SET', 'k', 2], ['UNWATCH']]],
    ['DISCARD', [['SET', 'k', 2], ['MULTI'], ['DISCARD']]],
    ['flushing another database', [['SELECT', 1], ['FLUSHDB']]],
    ['exchanging other databases', [['SWAPDB', 1, 2]]],
  ])('does not mind %s', async (_, commands) => {
    await using serving = await serve();
    const client = await serving.connect();
    await client.pipeline([['SET', 'k', 1], ['WATCH', 'k'], ...commands]);
    expect(await emptyTransaction(client)).toEqual(DONE);
  });

  it('notices a key that comes into being, by SWAPDB too', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    await client.pipeline([
      ['WATCH', 'k'],
      ['SET', 'k', 1],
    ]);
    expect(await emptyTransaction(client)).toBe(null);
    await client.pipeline([
      ['FLUSHALL'],
      ['SELECT', 1],
      ['SET', 'k', 1],
      ['SELECT', 0],
      ['WATCH', 'k'],
      ['SWAPDB', 0, 1],
    ]);
    expect(await emptyTransaction(client)).toBe(null);
  });

  it('does not mind that nothing is flushed, or exchanged for nothing', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    await client.pipeline([['WATCH', 'k'], ['FLUSHDB'], ['FLUSHALL'], ['SWAPDB', 0, 1]]);
    expect(await emptyTransaction(client)).toEqual(DONE);
  });

  it('watches each key once, and forgets all of them after EXEC', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    await client.pipeline([
      ['WATCH', 'k', 'k'],
      ['WATCH', 'k'],
    ]);
    expect(await emptyTransaction(client)).toEqual(DONE);
    await client.call('SET', 'k', 1);
    expect(await emptyTransaction(client)).toEqual(DONE);
  });

  it('tells everybody who watches', async () => {
    await using serving = await serve();
    const clients = [await serving.connect(), await serving.connect(), await serving.connect()];
    for (const client of clients) await client.call('WATCH', 'k');
    await clients[0]!.call('UNWATCH');
    await clients[2]!.call('SET', 'k', 1);
    expect(await emptyTransaction(clients[0]!)).toEqual(DONE);
    expect(await emptyTransaction(clients[1]!)).toBe(null);
    expect(await emptyTransaction(clients[2]!)).toBe(null);
  });
});

describe('WATCH and time', () => {
  it('notices that a key expires', async () => {
    await using serving = await serve({ clock: 'manual' });
    const client = await serving.connect();
    await client.pipeline([
      ['SET', 'k', 1, 'PX', 100],
      ['WATCH', 'k'],
    ]);
    serving.server.clock.advance(101);
    expect(await emptyTransaction(client)).toBe(null);
  });

  it('notices it even if nobody deletes the key', async () => {
    await using serving = await serve({ clock: 'manual', config: { 'enable-debug-command': 'yes' } });
    const client = await serving.connect();
    await client.pipeline([
      ['DEBUG', 'SET-ACTIVE-EXPIRE', 0],
      ['SET', 'k', 1, 'PX', 100],
      ['WATCH', 'k'],
    ]);
    serving.server.clock.advance(101);
    await client.call('MULTI');
    await client.call('PING');
    expect(await client.call('EXEC')).toBe(null);
  });

  it.each([
    ['nothing happens to it', []],
    ['an access deletes it', [['EXISTS', 'k']]],
    ['it is flushed', [['FLUSHDB']]],
    ['it is exchanged for nothing', [['SWAPDB', 0, 1]]],
  ])('does not mind a key whose time had passed before, if %s', async (_, commands) => {
    await using serving = await serve({ clock: 'manual', config: { 'enable-debug-command': 'yes' } });
    const client = await serving.connect();
    await client.pipeline([
      ['DEBUG', 'SET-ACTIVE-EXPIRE', 0],
      ['SET', 'k', 1, 'PX', 1],
    ]);
    serving.server.clock.advance(2);
    await client.pipeline([['WATCH', 'k'], ...commands]);
    expect(await emptyTransaction(client)).toEqual(DONE);
  });

  it('does not mind a missing key that is exchanged for one whose time has passed, or the reverse', async () => {
    await using serving = await serve({ clock: 'manual', config: { 'enable-debug-command': 'yes' } });
    const client = await serving.connect();
    await client.pipeline([
      ['DEBUG', 'SET-ACTIVE-EXPIRE', 0],
      ['SET', 'k', 1, 'PX', 1],
      ['SELECT', 1],
    ]);
    serving.server.clock.advance(2);
    await client.pipeline([
      ['WATCH', 'k'],
      ['SWAPDB', 0, 1],
    ]);
    expect(await emptyTransaction(client)).toEqual(DONE);
  });

  it('notices that a key whose time had passed is set again', async () => {
    await using serving = await serve({ clock: 'manual', config: { 'enable-debug-command': 'yes' } });
    const client = await serving.connect();
    await client.pipeline([
      ['DEBUG', 'SET-ACTIVE-EXPIRE', 0],
      ['SET', 'k', 1, 'PX', 1],
    ]);
    serving.server.clock.advance(2);
    await client.pipeline([
      ['WATCH', 'k'],
      ['SET', 'k', 2],
    ]);
    expect(await emptyTransaction(client)).toBe(null);
  });
});
