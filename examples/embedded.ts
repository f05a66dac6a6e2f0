/**
 * A server of one's own, three ways in: without a socket, by TCP, and by a stream within the process.
 *
 *   npx tsx examples/embedded.ts
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { ErrorReply, startServer } from 'resplica';

await using server = await startServer({ config: { 'notify-keyspace-events': 'KEA', maxmemory: '10mb' } });

// Without a socket: to put data in place, and to look at what came of it.
await server.execute('MSET', 'stock:apples', 3, 'stock:pears', 0);
assert.deepEqual(await server.execute('MGET', 'stock:apples', 'stock:plums'), ['3', null]);
await assert.rejects(server.execute('INCR'), (error) => error instanceof ErrorReply && error.code === 'ERR');

// By TCP: whatever the application uses.
const redis = new Redis(server.url);
const listener = redis.duplicate();
await listener.subscribe('__keyevent@0__:del');
const message = once(listener, 'message');
await redis.del('stock:pears');
assert.deepEqual(await message, ['__keyevent@0__:del', 'stock:pears']);

// By a stream within the process: no port, no TCP, the same protocol.
const stream = server.connect();
stream.write('DECR stock:apples\r\n');
const [answer] = (await once(stream, 'data')) as [Buffer];
assert.equal(answer.toString(), ':2\r\n');
stream.destroy();

// What the server has to say for itself.
assert.match(server.log.at(-1) ?? '', /Ready to accept connections/);

listener.disconnect();
redis.disconnect();
console.log('Two apples are left.');
