/** Every well-formed, unfinished and broken stream of the decoder's tests, answered by redis-server and by ours. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ServerHandle, startServer } from '../../src/topology/server.ts';
import { broken, type Fixture, unfinished, wellFormed } from '../protocol/fixtures.ts';
import { type RedisProcess, startRedis } from '../support/redis-process.ts';
import { describeWith } from '../support/requires.ts';
import { RespClient } from '../support/resp-client.ts';

const PASSWORD = 'secret';
const fixtures = [...wellFormed, ...unfinished, ...broken].filter(
  ({ limits, trusted, isUncertain }) => limits === undefined && !trusted && !isUncertain,
);

/** Everything that a server answers to the bytes until it closes, which it does at the latest when we do. */
async function answersTo(port: number, bytes: string): Promise<string> {
  await using client = await RespClient.connect({ port });
  const answers = client.readUntilClose();
  client.sendRaw(bytes);
  client.end();
  return await answers;
}

describeWith('redis-server', 'The protocol beside redis-server', () => {
  let open: { redis: RedisProcess; ours: ServerHandle };
  let locked: { redis: RedisProcess; ours: ServerHandle };

  beforeAll(async () => {
    open = { redis: await startRedis(), ours: await startServer() };
    locked = {
      redis: await startRedis({ args: ['--requirepass', PASSWORD] }),
      ours: await startServer({ password: PASSWORD }),
    };
  });

  afterAll(async () => {
    for (const { redis, ours } of [open, locked]) {
      await redis.stop();
      await ours.close();
    }
  });

  it.each(fixtures.map((fixture) => [fixture.what, fixture] as const))(
    'answers %s alike',
    async (_, fixture: Fixture) => {
      const { redis, ours } = fixture.authenticated === false ? locked : open;
      const expected = await answersTo(redis.port, fixture.bytes);
      expect(await answersTo(ours.port, fixture.bytes)).toBe(expected);
      if (fixture.error) expect(expected).toContain(`-ERR Protocol error: ${fixture.error.replace('\r', ' ')}\r\n`);
    },
  );

  it('answers a request byte by byte as in one piece', async () => {
    await using client = await RespClient.connect({ port: open.ours.port });
    for (const byte of '*2\r\n$4\r\nECHO\r\n$2\r\n\r\n\r\nPING\r\n') client.sendRaw(byte);
    expect(await client.nextReply()).toBe('\r\n');
    expect(await client.nextReply()).toBe('PONG');
  });
});
