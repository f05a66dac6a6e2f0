/** ioredis 5, the way applications use it. Its life on an in-memory stream is in test/topology/client-stream.test.ts. */
import { Redis, type RedisOptions } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ServerHandle, startServer } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';

describe('ioredis', () => {
  let server: ServerHandle;
  let redis: Redis;
  const others: Redis[] = [];

  beforeEach(async () => {
    server = await startServer();
    redis = open();
  });
  afterEach(async () => {
    for (const client of [redis, ...others.splice(0)]) client.disconnect();
    await server.close();
  });

  function open(options: RedisOptions = {}): Redis {
    return new Redis({ host: server.host, port: server.port, ...options });
  }

  function another(options: RedisOptions = {}): Redis {
    const client = open(options);
    others.push(client);
    return client;
  }

  it('stores and reads strings, numbers and bytes', async () => {
    expect(await redis.set('k', 'v', 'EX', 100, 'NX')).toBe('OK');
    expect(await redis.set('k', 'w', 'NX')).toBe(null);
    expect(await redis.get('k')).toBe('v');
    expect(await redis.ttl('k')).toBe(100);
    const bytes = Buffer.from([0, 255, 13, 10]);
    await redis.set('bytes', bytes);
    expect(await redis.getBuffer('bytes')).toEqual(bytes);
    expect(await redis.mset({ a: 1, b: 2 })).toBe('OK');
    expect(await redis.mget('a', 'b', 'c')).toEqual(['1', '2', null]);
    expect(await redis.incrbyfloat('a', 0.5)).toBe('1.5');
    expect(await redis.append('k', 'vv')).toBe(3);
    expect(await redis.getdel('k')).toBe('vvv');
    expect(await redis.exists('k')).toBe(0);
    await expect(redis.incr('bytes')).rejects.toThrow('ERR value is not an integer or out of range');
  });

  it('pipelines ten thousand commands', async () => {
    const pipeline = redis.pipeline();
    for (let i = 0; i < 10_000; i++) pipeline.set(`k:${i}`, i);
    const results = await pipeline.exec();
    expect(results?.every(([error, reply]) => error === null && reply === 'OK')).toBe(true);
    expect(await redis.dbsize()).toBe(10_000);
    const failing = await redis.pipeline().incr('n').call('NOSUCH').incr('n').exec();
    expect(failing?.map(([error, reply]) => error?.message.slice(0, 19) ?? reply)).toEqual([
      1,
      'ERR unknown command',
      2,
    ]);
  });

  it('runs transactions, and not those whose keys changed', async () => {
    expect(await redis.multi().set('a', 1).incr('a').get('a').exec()).toEqual([
      [null, 'OK'],
      [null, 2],
      [null, '2'],
    ]);
    await redis.watch('a');
    await another().set('a', 10);
    expect(await redis.multi().set('a', 3).exec()).toBe(null);
    expect(await redis.get('a')).toBe('10');
    await expect(redis.multi().set('a', 3).call('NOSUCH').exec()).rejects.toThrow('EXECABORT');
  });

  it('publishes and subscribes, to channels and patterns', async () => {
    const subscriber = another();
    const heard: string[] = [];
    subscriber.on('message', (channel, message) => heard.push(`${channel} ${message}`));
    subscriber.on('pmessage', (pattern, channel, message) => heard.push(`${pattern} ${channel} ${message}`));
    expect(await subscriber.subscribe('news', 'weather')).toBe(2);
    expect(await subscriber.psubscribe('n*')).toBe(3);
    expect(await redis.publish('news', 'hello')).toBe(2);
    expect(await redis.publish('weather', 'rain')).toBe(1);
    await eventually(() => heard.length === 3);
    expect(heard).toEqual(['news hello', 'n* news hello', 'weather rain']);
    expect(await subscriber.unsubscribe('news', 'weather')).toBe(1);
    expect(await redis.publish('weather', 'sun')).toBe(0);
  });

  it('hears of expired keys', async () => {
    await redis.config('SET', 'notify-keyspace-events', 'Ex');
    const subscriber = another();
    const heard: string[] = [];
    subscriber.on('message', (channel, message) => heard.push(`${channel} ${message}`));
    await subscriber.subscribe('__keyevent@0__:expired');
    await redis.set('soon', 'gone', 'PX', 20);
    await eventually(() => heard.length === 1);
    expect(heard).toEqual(['__keyevent@0__:expired soon']);
  });

  it('scans the keys in a stream', async () => {
    const wanted = Array.from({ length: 500 }, (_, index) => `user:${index}`);
    await redis.mset(...wanted.flatMap((key) => [key, 'x']), 'other', 'y');
    const found = new Set<string>();
    for await (const keys of redis.scanStream({ match: 'user:*', count: 50 })) {
      for (const key of keys as string[]) found.add(key);
    }
    expect([...found].sort()).toEqual(wanted.sort());
  });

  it('comes back by itself after CLIENT KILL, and subscribes again', async () => {
    const subscriber = another({ retryStrategy: () => 5, connectionName: 'listener' });
    const heard: string[] = [];
    subscriber.on('message', (_, message) => heard.push(message));
    await subscriber.subscribe('news');
    const id = /id=(\d+) .*name=listener/.exec(String(await redis.client('LIST')))![1]!;
    expect(await redis.client('KILL', 'ID', id)).toBe(1);
    await eventually(async () => (await redis.publish('news', 'again')) === 1);
    await eventually(() => heard.includes('again'));
  });

  it('sends again what was not answered when the connection broke', async () => {
    const client = another({ retryStrategy: () => 5 });
    await client.set('k', 'v');
    await redis.client('PAUSE', 200, 'ALL');
    const reply = client.get('k');
    await server.execute('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'no');
    expect(await reply).toBe('v');
  });

  it('says why when it may not log in, and gets in when it may', async () => {
    await redis.config('SET', 'requirepass', 'secret');
    const wrong = another({ password: 'wrong', lazyConnect: true, retryStrategy: () => null });
    const errors: string[] = [];
    wrong.on('error', (error: Error) => errors.push(error.message));
    await expect(wrong.connect()).rejects.toThrow();
    expect(errors.join()).toContain('WRONGPASS invalid username-password pair');
    const right = another({ password: 'secret', db: 3, connectionName: 'me' });
    await right.set('k', 'in 3');
    expect(await right.client('INFO')).toMatch(/name=me .*db=3 /);
    const user = another({ username: 'default', password: 'secret' });
    expect(await user.ping()).toBe('PONG');
    const byUrl = new Redis(server.url);
    expect(await byUrl.ping()).toBe('PONG');
    byUrl.disconnect();
  });

  it('monitors', async () => {
    const monitor = await redis.monitor();
    const seen: string[][] = [];
    monitor.on('monitor', (_time: string, args: string[]) => seen.push(args));
    await another().set('k', 'v w');
    await eventually(() => seen.some((args) => args.join(' ') === 'set k v w'));
    monitor.disconnect();
  });

  it('gets a big value in one piece', async () => {
    const value = 'x'.repeat(10_000_000);
    await redis.set('big', value);
    expect((await redis.get('big'))?.length).toBe(value.length);
  });
});
