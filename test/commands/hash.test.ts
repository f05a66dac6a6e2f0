/** Hashes, in both of their forms. */
import { describe, expect, it } from 'vitest';
import { OutOfMemory } from '../../src/data/heap.ts';
import { startTestServer } from '../support/in-process.ts';
import { type RespClient, RespError } from '../support/resp-client.ts';
import { serve, type Serving } from '../support/serving.ts';

const WRONG_TYPE = error('WRONGTYPE Operation against a key holding the wrong kind of value');
const NOT_AN_INTEGER = error('ERR value is not an integer or out of range');
const INT64_MAX = '9223372036854775807';
const INT64_MIN = '-9223372036854775808';

function error(message: string): RespError {
  return new RespError(message);
}

function sorted(reply: unknown): string[] {
  return (reply as string[]).toSorted();
}

interface Fixture extends AsyncDisposable {
  readonly serving: Serving;
  readonly client: RespClient;
}

async function start(config: Readonly<Record<string, number>>): Promise<Fixture> {
  const serving = await serve({ config });
  const client = await serving.connect();
  return { serving, client, [Symbol.asyncDispose]: () => serving[Symbol.asyncDispose]() };
}

const FORMS = [
  { form: 'packed', encoding: 'listpack', config: {} },
  { form: 'large', encoding: 'hashtable', config: { 'hash-max-listpack-entries': 0 } },
] as const;

describe.each(FORMS)('a $form hash', ({ encoding, config }) => {
  it('is made by HSET, which counts the new fields', async () => {
    await using fixture = await start(config);
    const { client } = fixture;
    expect(await client.call('HSET', 'h', 'a', '1', 'b', '2', 'a', '3')).toBe(2);
    expect(await client.call('HSET', 'h', 'a', '4', 'c', '')).toBe(1);
    expect(await client.call('HGET', 'h', 'a')).toBe('4');
    expect(await client.call('HGET', 'h', 'c')).toBe('');
    expect(await client.call('HLEN', 'h')).toBe(3);
    expect(await client.call('OBJECT', 'ENCODING', 'h')).toBe(encoding);
    expect(await client.call('TYPE', 'h')).toBe('hash');
  });

  it('keeps fields and values of any bytes and lengths', async () => {
    await using fixture = await start({ ...config, 'hash-max-listpack-value': 100_000 });
    const client = await fixture.serving.connect({ bulkAsBuffer: true });
    const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    const values = [all, Buffer.alloc(0), Buffer.from('0'), Buffer.from(INT64_MIN), Buffer.alloc(90_000, 'v')];
    for (const [i, value] of values.entries()) {
      const field = Buffer.concat([all.subarray(i), value.subarray(0, 300)]);
      expect(await client.call('HSET', 'h', field, value)).toBe(1);
      expect(await client.call('HGET', 'h', field)).toEqual(value);
      expect(await client.call('HSTRLEN', 'h', field)).toBe(value.length);
      expect(await client.call('HEXISTS', 'h', field.subarray(1))).toBe(0);
    }
    expect(await client.call('HLEN', 'h')).toBe(values.length);
  });

  it('takes other values for its fields, longer and shorter', async () => {
    await using fixture = await start(config);
    const { client } = fixture;
    await client.call('HSET', 'h', 'a', 'x', 'b', 'x', 'c', 'x');
    for (const length of [60, 3, 3, 0, 30]) {
      expect(await client.call('HSET', 'h', 'b', 'y'.repeat(length))).toBe(0);
      expect(await client.call('HMGET', 'h', 'a', 'b', 'c')).toEqual(['x', 'y'.repeat(length), 'x']);
    }
  });

  it('gives back single fields, or nulls', async () => {
    await using fixture = await start(config);
    const { client } = fixture;
    expect(await client.call('HMSET', 'h', 'a', '1', 'b', 'two')).toBe('OK');
    expect(await client.call('HMGET', 'h', 'b', 'x', 'a', 'b')).toEqual(['two', null, '1', 'two']);
    expect(await client.call('HGET', 'h', 'x')).toBe(null);
    expect(await client.call('HEXISTS', 'h', 'a')).toBe(1);
    expect(await client.call('HEXISTS', 'h', 'x')).toBe(0);
    expect(await client.call('HSTRLEN', 'h', 'b')).toBe(3);
    expect(await client.call('HSTRLEN', 'h', 'x')).toBe(0);
  });

  it('gives back everything', async () => {
    await using fixture = await start(config);
    const { client } = fixture;
    await client.call('HSET', 'h', 'a', '1', 'b', '2');
    expect(sorted(await client.call('HKEYS', 'h'))).toEqual(['a', 'b']);
    expect(sorted(await client.call('HVALS', 'h'))).toEqual(['1', '2']);
    expect(sorted(await client.call('HGETALL', 'h'))).toEqual(['1', '2', 'a', 'b']);
    await client.call('HELLO', 3);
    expect(await client.call('HGETALL', 'h')).toEqual(
      new Map([
        ['a', '1'],
        ['b', '2'],
      ]),
    );
  });

  it('sets a field with HSETNX only where there is none', async () => {
    await using fixture = await start(config);
    const { client } = fixture;
    expect(await client.call('HSETNX', 'h', 'a', '1')).toBe(1);
    expect(await client.call('HSETNX', 'h', 'a', '2')).toBe(0);
    expect(await client.call('HSETNX', 'h', 'b', '3')).toBe(1);
    expect(await client.call('HMGET', 'h', 'a', 'b')).toEqual(['1', '3']);
  });

  it('goes with its last field', async () => {
    await using fixture = await start(config);
    const { client } = fixture;
    await client.call('HSET', 'h', 'a', '1', 'b', '2', 'c', '3');
    expect(await client.call('HDEL', 'h', 'b', 'x', 'b')).toBe(1);
    expect(sorted(await client.call('HKEYS', 'h'))).toEqual(['a', 'c']);
    expect(await client.call('HDEL', 'h', 'c', 'a', 'a', 'z')).toBe(2);
    expect(await client.call('EXISTS', 'h')).toBe(0);
  });

  it('counts in its fields', async () => {
    await using fixture = await start(config);
    const { client } = fixture;
    expect(await client.call('HINCRBY', 'h', 'n', '5')).toBe(5);
    expect(await client.call('HINCRBY', 'h', 'n', '-15')).toBe(-10);
    await client.call(
      'HSET',
      'h',
      'big',
      '9007199254740991',
      'max',
      INT64_MAX,
      'text',
      'x',
      'float',
      '1.5',
      'zero',
      '01',
    );
    expect(await client.callRaw('HINCRBY', 'h', 'big', '2')).toBe(':9007199254740993\r\n');
    expect(await client.callRaw('HINCRBY', 'h', 'big', '-9223372036854775807')).toBe(':-9214364837600034814\r\n');
    expect(await client.call('HINCRBY', 'h', 'max', '1')).toEqual(error('ERR increment or decrement would overflow'));
    expect(await client.callRaw('HINCRBY', 'h', 'max', INT64_MIN)).toBe(':-1\r\n');
    for (const field of ['text', 'float', 'zero']) {
      expect(await client.call('HINCRBY', 'h', field, '1')).toEqual(error('ERR hash value is not an integer'));
      expect(await client.call('HINCRBY', 'h', field, INT64_MAX)).toEqual(error('ERR hash value is not an integer'));
    }
    expect(await client.call('HINCRBY', 'h', 'n', '1.0')).toEqual(NOT_AN_INTEGER);
    expect(await client.call('HINCRBY', 'h', 'n', '9223372036854775808')).toEqual(NOT_AN_INTEGER);
    expect(await client.call('HGET', 'h', 'max')).toBe('-1');
  });

  it('counts in floating point', async () => {
    await using fixture = await start(config);
    const { client } = fixture;
    expect(await client.call('HINCRBYFLOAT', 'h', 'f', '0.1')).toBe('0.1');
    expect(await client.call('HINCRBYFLOAT', 'h', 'f', '0.2')).toBe('0.3');
    expect(await client.call('HINCRBYFLOAT', 'h', 'f', '1e3')).toBe('1000.29999999999999999');
    await client.call('HSET', 'h', 'max', INT64_MAX, 'text', 'x', 'inf', 'inf', 'space', ' 1');
    expect(await client.call('HINCRBYFLOAT', 'h', 'max', '1')).toBe('9223372036854775808');
    expect(await client.call('HINCRBYFLOAT', 'h', 'text', '1')).toEqual(error('ERR hash value is not a float'));
    expect(await client.call('HINCRBYFLOAT', 'h', 'space', '1')).toEqual(error('ERR hash value is not a float'));
    expect(await client.call('HINCRBYFLOAT', 'h', 'inf', '1')).toEqual(
      error('ERR increment would produce NaN or Infinity'),
    );
    expect(await client.call('HINCRBYFLOAT', 'h', 'f', 'inf')).toEqual(error('ERR value is NaN or Infinity'));
    expect(await client.call('HINCRBYFLOAT', 'h', 'f', 'x')).toEqual(error('ERR value is not a valid float'));
  });

  it('is copied, renamed and emptied like any value', async () => {
    await using fixture = await start(config);
    const { client } = fixture;
    await client.call('HSET', 'h', 'a', '1', 'b', 'two');
    await client.call('EXPIRE', 'h', 1000);
    expect(await client.call('COPY', 'h', 'copy')).toBe(1);
    await client.call('HSET', 'h', 'a', 'changed');
    expect(await client.call('HMGET', 'copy', 'a', 'b')).toEqual(['1', 'two']);
    expect(await client.call('OBJECT', 'ENCODING', 'copy')).toBe(encoding);
    expect(await client.call('TTL', 'copy')).toBe(1000);
    await client.call('RENAME', 'copy', 'other');
    expect(await client.call('HGET', 'other', 'b')).toBe('two');
    expect(await client.call('DEL', 'h', 'other')).toBe(2);
  });

  it('keeps its expire time when it changes', async () => {
    await using fixture = await start(config);
    const { client } = fixture;
    await client.call('HSET', 'h', 'a', '1');
    await client.call('EXPIRE', 'h', 1000);
    await client.call('HSET', 'h', 'b', 'x'.repeat(1000));
    await client.call('HINCRBY', 'h', 'a', '1');
    await client.call('HDEL', 'h', 'b');
    expect(await client.call('TTL', 'h')).toBe(1000);
  });

  it('gives random fields', async () => {
    await using fixture = await start(config);
    const { client } = fixture;
    const fields = Array.from({ length: 20 }, (_, i) => `f${i}`);
    await client.call('HSET', 'h', ...fields.flatMap((field) => [field, `v${field}`]));
    expect(fields).toContain(await client.call('HRANDFIELD', 'h'));
    expect(await client.call('HRANDFIELD', 'h', 0)).toEqual([]);
    for (const count of [1, 3, 12, 19, 20, 21, INT64_MAX]) {
      const found = (await client.call('HRANDFIELD', 'h', count)) as string[];
      expect(new Set(found).size).toBe(Math.min(Number(count), 20));
      expect(found.every((field) => fields.includes(field))).toBe(true);
    }
    const repeated = (await client.call('HRANDFIELD', 'h', -100)) as string[];
    expect(repeated.length).toBe(100);
    expect(new Set(repeated).size).toBeGreaterThan(5);
  });

  it('draws every field equally often', async () => {
    await using fixture = await start(config);
    const { client } = fixture;
    const fields = Array.from({ length: 10 }, (_, i) => `f${i}`);
    await client.call('HSET', 'h', ...fields.flatMap((field) => [field, 'v']));
    const seen = new Map<string, number>();
    for (const count of [-4000, ...Array<number>(1000).fill(2), ...Array<number>(500).fill(7)]) {
      for (const field of (await client.call('HRANDFIELD', 'h', count)) as string[]) {
        seen.set(field, (seen.get(field) ?? 0) + 1);
      }
    }
    // 950 each on average; six times the standard deviation is about 180.
    for (const field of fields) expect(Math.abs((seen.get(field) ?? 0) - 950)).toBeLessThan(200);
  });

  it('gives random fields with their values, in pairs under RESP3', async () => {
    await using fixture = await start(config);
    const { client } = fixture;
    await client.call('HSET', 'h', 'a', '1', 'b', '2', 'c', '3', 'd', '4');
    for (const count of [1, 2, 9, -5]) {
      const flat = (await client.call('HRANDFIELD', 'h', count, 'WITHVALUES')) as string[];
      expect(flat.length).toBe(2 * Math.min(Math.abs(count), count < 0 ? 5 : 4));
      for (let i = 0; i < flat.length; i += 2) expect(await client.call('HGET', 'h', flat[i]!)).toBe(flat[i + 1]);
    }
    await client.call('HELLO', 3);
    const nested = (await client.call('HRANDFIELD', 'h', 4, 'withvalues')) as string[][];
    expect(nested.toSorted()).toEqual([
      ['a', '1'],
      ['b', '2'],
      ['c', '3'],
      ['d', '4'],
    ]);
    expect(await client.call('HRANDFIELD', 'h', 9)).toHaveLength(4);
  });

  it('is walked by HSCAN', async () => {
    await using fixture = await start(config);
    const { client } = fixture;
    const fields = Array.from({ length: 100 }, (_, i) => String(i));
    await client.call('HSET', 'h', ...fields.flatMap((field) => [field, `v${field}`]));
    const seen = new Map<string, string>();
    let cursor = '0';
    do {
      const [next, found] = (await client.call('HSCAN', 'h', cursor, 'COUNT', 5)) as [string, string[]];
      for (let i = 0; i < found.length; i += 2) seen.set(found[i]!, found[i + 1]!);
      cursor = next;
    } while (cursor !== '0');
    expect(seen).toEqual(new Map(fields.map((field) => [field, `v${field}`])));
    const [, matching] = (await client.call('HSCAN', 'h', 0, 'MATCH', '7?', 'COUNT', 1000)) as [string, string[]];
    expect(matching.filter((_, i) => i % 2 === 0).toSorted()).toEqual(fields.filter((field) => /^7.$/.test(field)));
  });

  it('announces what happens to it', async () => {
    await using fixture = await start(config);
    const { client, serving } = fixture;
    await client.call('CONFIG', 'SET', 'notify-keyspace-events', 'KEA');
    const listener = await serving.connect();
    await listener.call('PSUBSCRIBE', '__keyevent@0__:*');
    const commands = [
      ['HSET', 'h', 'a', '1', 'b', '2'],
      ['HSETNX', 'h', 'a', '2'],
      ['HSETNX', 'h', 'c', '3'],
      ['HINCRBY', 'h', 'a', '1'],
      ['HINCRBYFLOAT', 'h', 'a', '1'],
      ['HMSET', 'h', 'a', '1'],
      ['HDEL', 'h', 'x'],
      ['HDEL', 'h', 'a', 'b'],
      ['HDEL', 'h', 'c'],
    ];
    for (const command of commands) await client.call(...command);
    const events: string[] = [];
    for (let i = 0; i < 8; i++) events.push(((await listener.nextReply()) as string[])[2]!);
    expect(events.map((channel) => channel.split(':')[1])).toEqual(
      'hset hset hincrby hincrbyfloat hset hdel hdel del'.split(' '),
    );
  });
});

describe('a hash that outgrows its packed form', () => {
  const limits = { 'hash-max-listpack-entries': 3, 'hash-max-listpack-value': 10 };

  it('turns by the number of its fields', async () => {
    await using fixture = await start(limits);
    const { client } = fixture;
    await client.call('HSET', 'h', 'a', '1', 'b', '2', 'c', '3');
    await client.call('EXPIRE', 'h', 1000);
    expect(await client.call('OBJECT', 'ENCODING', 'h')).toBe('listpack');
    await client.call('HSET', 'h', 'd', '4');
    expect(await client.call('OBJECT', 'ENCODING', 'h')).toBe('hashtable');
    expect(await client.call('HMGET', 'h', 'a', 'b', 'c', 'd')).toEqual(['1', '2', '3', '4']);
    expect(await client.call('TTL', 'h')).toBe(1000);
    await client.call('HDEL', 'h', 'a', 'b', 'c');
    expect(await client.call('OBJECT', 'ENCODING', 'h')).toBe('hashtable');
  });

  it.each([
    ['HSET', 'h', 'long field!', 'v'],
    ['HSET', 'h', 'f', 'long value!'],
    ['HSETNX', 'h', 'f', 'long value!'],
    ['HMSET', 'h', 'f', 'v', 'g', 'long value!'],
    ['HINCRBY', 'h', 'f', '12345678901'],
    ['HINCRBYFLOAT', 'h', 'f', '1.0000000001'],
  ])('turns by the length of an element: %s %s %s %s', async (...command) => {
    await using fixture = await start(limits);
    const { client } = fixture;
    await client.call('HSET', 'h', '-7', '300');
    await client.call(...command);
    expect(await client.call('OBJECT', 'ENCODING', 'h')).toBe('hashtable');
    expect(await client.call('HGET', 'h', '-7')).toBe('300');
  });

  it('stays packed while it is only read, whatever the limits are now', async () => {
    await using fixture = await start(limits);
    const { client } = fixture;
    await client.call('HSET', 'h', 'a', '1', 'b', '2', 'c', '3');
    await client.call('CONFIG', 'SET', 'hash-max-listpack-entries', 1);
    await client.call('HGETALL', 'h');
    expect(await client.call('OBJECT', 'ENCODING', 'h')).toBe('listpack');
    await client.call('HSET', 'h', 'a', '2');
    expect(await client.call('OBJECT', 'ENCODING', 'h')).toBe('hashtable');
  });

  it('holds a hundred thousand fields, and gives their memory back', async () => {
    await using fixture = await start({});
    const { client } = fixture;
    const usedMemory = async (): Promise<number> =>
      Number(/used_memory:(\d+)/.exec(String(await client.call('INFO', 'memory')))![1]);
    const before = await usedMemory();
    const commands = Array.from({ length: 100 }, (_, i) => [
      'HSET',
      'h',
      ...Array.from({ length: 1000 }, (__, j) => [`field:${i}:${j}`, `value:${i * 1000 + j}`]).flat(),
    ]);
    expect(await client.pipeline(commands)).toEqual(Array(100).fill(1000));
    expect(await client.call('HLEN', 'h')).toBe(100_000);
    expect(await client.call('HGET', 'h', 'field:73:512')).toBe('value:73512');
    expect(await usedMemory()).toBeGreaterThan(before + 3_000_000);
    const removals = commands.map(([, key, ...pairs]) => ['HDEL', key!, ...pairs.filter((_, i) => i % 2 === 0)]);
    expect(await client.pipeline(removals)).toEqual(Array(100).fill(1000));
    expect(await usedMemory()).toBeLessThan(before + 500_000);
  });
});

describe('a command on hashes', () => {
  it('finds a missing key empty', async () => {
    await using fixture = await start({});
    const { client } = fixture;
    const replies = {
      'HGET h f': '$-1\r\n',
      'HMGET h f g': '*2\r\n$-1\r\n$-1\r\n',
      'HGETALL h': '*0\r\n',
      'HKEYS h': '*0\r\n',
      'HVALS h': '*0\r\n',
      'HLEN h': ':0\r\n',
      'HSTRLEN h f': ':0\r\n',
      'HEXISTS h f': ':0\r\n',
      'HDEL h f': ':0\r\n',
      'HRANDFIELD h': '$-1\r\n',
      'HRANDFIELD h 3': '*0\r\n',
      'HRANDFIELD h -3 WITHVALUES': '*0\r\n',
      'HSCAN h 0': '*2\r\n$1\r\n0\r\n*0\r\n',
      // Options are not even read then.
      'HSCAN h 5 nonsense': '*2\r\n$1\r\n0\r\n*0\r\n',
    };
    for (const [command, reply] of Object.entries(replies)) {
      expect(await client.callRaw(...command.split(' ')), command).toBe(reply);
    }
    await client.call('HELLO', 3);
    expect(await client.callRaw('HGETALL', 'h')).toBe('%0\r\n');
    expect(await client.callRaw('HRANDFIELD', 'h')).toBe('_\r\n');
    expect(await client.callRaw('HKEYS', 'h')).toBe('*0\r\n');
  });

  it('refuses other types', async () => {
    await using fixture = await start({});
    const { client } = fixture;
    await client.call('SET', 'h', 'a string');
    const commands = [
      ...'HGET h f, HMGET h f, HGETALL h, HKEYS h, HVALS h, HLEN h, HSTRLEN h f, HEXISTS h f'.split(', '),
      ...'HDEL h f, HSET h f v, HMSET h f v, HSETNX h f v, HINCRBY h f 1, HINCRBYFLOAT h f 1'.split(', '),
      ...'HRANDFIELD h, HRANDFIELD h 1, HSCAN h 0'.split(', '),
    ];
    for (const command of commands) expect(await client.call(...command.split(' ')), command).toEqual(WRONG_TYPE);
    expect(await client.call('GET', 'h')).toBe('a string');
  });

  it('refuses half a pair', async () => {
    await using fixture = await start({});
    const { client } = fixture;
    for (const name of ['HSET', 'hmset']) {
      expect(await client.call(name, 'h', 'a', '1', 'b')).toEqual(
        error(`ERR wrong number of arguments for '${name.toLowerCase()}' command`),
      );
    }
    expect(await client.call('EXISTS', 'h')).toBe(0);
  });

  it('refuses counts, cursors and options that are none', async () => {
    await using fixture = await start({});
    const { client } = fixture;
    await client.call('HSET', 'h', 'a', '1');
    const range = error(`ERR value is out of range, value must between -${INT64_MAX} and ${INT64_MAX}`);
    const outOfRange = error('ERR value is out of range');
    const syntaxError = error('ERR syntax error');
    expect(await client.call('HRANDFIELD', 'h', 'x')).toEqual(NOT_AN_INTEGER);
    expect(await client.call('HRANDFIELD', 'h', INT64_MIN)).toEqual(range);
    expect(await client.call('HRANDFIELD', 'h', INT64_MAX, 'WITHVALUES')).toEqual(outOfRange);
    expect(await client.call('HRANDFIELD', 'h', '4611686018427387904', 'WITHVALUES')).toEqual(outOfRange);
    expect(await client.call('HRANDFIELD', 'h', '4611686018427387903', 'WITHVALUES')).toEqual(['a', '1']);
    expect(await client.call('HRANDFIELD', 'h', '-4611686018427387904', 'WITHVALUES')).toEqual(outOfRange);
    expect(await client.call('HRANDFIELD', 'h', '1', 'WITH')).toEqual(syntaxError);
    expect(await client.call('HRANDFIELD', 'h', '1', 'WITHVALUES', 'x')).toEqual(syntaxError);
    expect(await client.call('HSCAN', 'h', 'x')).toEqual(error('ERR invalid cursor'));
    expect(await client.call('HSCAN', 'h', '0', 'COUNT', '0')).toEqual(syntaxError);
    expect(await client.call('HSCAN', 'h', '0', 'COUNT', 'x')).toEqual(NOT_AN_INTEGER);
    expect(await client.call('HSCAN', 'h', '0', 'TYPE', 'hash')).toEqual(syntaxError);
    expect(await client.call('HSCAN', 'h', '0', 'MATCH')).toEqual(syntaxError);
  });

  it('leaves no empty hash behind where memory runs out', () => {
    const redis = startTestServer();
    const { heap } = redis.server.keyspace;
    const allocate = heap.allocate.bind(heap);
    heap.allocate = (bytes) => {
      if (bytes > 100_000) throw new OutOfMemory('no more');
      return allocate(bytes);
    };
    expect(redis.call('HSET', 'h', 'f', 'v'.repeat(100_000))).toBe('-OOM no more');
    expect(redis.call('EXISTS', 'h')).toBe(0);
    redis.call('HSET', 'h', 'f', 'v');
    expect(redis.call('HSET', 'h', 'f', 'v'.repeat(100_000))).toBe('-OOM no more');
    expect(redis.call('HGETALL', 'h')).toEqual(['f', 'v']);
  });

  it('refuses to repeat fields beyond all memory', async () => {
    await using fixture = await start({});
    const { client } = fixture;
    await client.call('HSET', 'h', 'a', '1');
    expect(await client.call('HRANDFIELD', 'h', '-1000000000000')).toEqual(error('ERR value is out of range'));
  });

  it('does not count as a change when it changes nothing', async () => {
    await using fixture = await start({});
    const { client, serving } = fixture;
    await client.call('HSET', 'h', 'a', '1', 'b', 'x');
    const watcher = await serving.connect();
    for (const command of ['HSETNX h a 2', 'HDEL h x', 'HGETALL h', 'HINCRBY h b 1', 'HRANDFIELD h 5']) {
      await watcher.call('WATCH', 'h');
      await client.call(...command.split(' '));
      await watcher.call('MULTI');
      expect(await watcher.call('EXEC'), command).toEqual([]);
    }
    await watcher.call('WATCH', 'h');
    await client.call('HSET', 'h', 'a', '1');
    await watcher.call('MULTI');
    expect(await watcher.call('EXEC')).toBe(null);
  });
});

describe('the stream of changes', () => {
  it('gets what a command on hashes did, so that it can be repeated', () => {
    const redis = startTestServer();
    redis.watchPropagation();
    redis.call('HSET', 'h', 'a', '1');
    redis.call('HSETNX', 'h', 'a', '1');
    redis.call('HDEL', 'h', 'x');
    redis.call('HINCRBY', 'h', 'a', '2');
    redis.call('HINCRBYFLOAT', 'h', 'a', '0.5');
    redis.call('HDEL', 'h', 'a', 'b');
    expect(redis.propagated()).toEqual(['HSET h a 1', 'HINCRBY h a 2', 'HSET h a 3.5', 'HDEL h a b']);
  });
});
