import { describe, expect, it } from 'vitest';
import type { RespClient } from '../support/resp-client.ts';
import { RespError } from '../support/resp-client.ts';
import { clientFields, serve } from '../support/serving.ts';

/** The next line without its time, which must look like one. */
async function nextLine(monitor: RespClient): Promise<string> {
  const line = (await monitor.nextReply()) as string;
  expect(line).toMatch(/^\d{10}\.\d{6} \[/);
  return line.slice(line.indexOf(' ') + 1);
}

async function addressOf(client: RespClient): Promise<string> {
  return clientFields((await client.call('CLIENT', 'INFO')) as string)['addr']!;
}

describe('MONITOR', () => {
  it('shows who executes what, and in which database', async () => {
    await using serving = await serve();
    const [monitor, client] = [await serving.connect(), await serving.connect()];
    const address = await addressOf(client);
    expect(await monitor.call('MONITOR')).toBe('OK');
    await client.pipeline([
      ['SET', 'k', 'a "quoted"\r\n\x00value\xff'],
      ['SELECT', 3],
      ['get', 'k'],
    ]);
    expect(await nextLine(monitor)).toBe(`[0 ${address}] "SET" "k" "a \\"quoted\\"\\r\\n\\x00value\\xc3\\xbf"`);
    expect(await nextLine(monitor)).toBe(`[3 ${address}] "SELECT" "3"`);
    expect(await nextLine(monitor)).toBe(`[3 ${address}] "get" "k"`);
  });

  it('gives times that do not go back', async () => {
    await using serving = await serve();
    const [monitor, client] = [await serving.connect(), await serving.connect()];
    await monitor.call('MONITOR');
    for (let i = 0; i < 200; i++) client.send('PING');
    let last = '';
    for (let i = 0; i < 200; i++) {
      const line = (await monitor.nextReply()) as string;
      const time = line.slice(0, line.indexOf(' '));
      expect(time > last).toBe(true);
      last = time;
    }
  });

  it('leaves out administrative commands, and hides passwords', async () => {
    await using serving = await serve();
    const [monitor, client] = [await serving.connect(), await serving.connect()];
    const address = await addressOf(client);
    await monitor.call('MONITOR');
    await client.pipeline([
      ['CONFIG', 'GET', 'port'],
      ['CLIENT', 'LIST'],
      ['AUTH', 'password'],
      ['AUTH', 'user', 'password'],
      ['HELLO', 2, 'SETNAME', 'me', 'AUTH', 'user', 'password'],
      ['PING'],
    ]);
    for (const shown of [
      '"AUTH" "(redacted)"',
      '"AUTH" "(redacted)" "(redacted)"',
      '"HELLO" "2" "SETNAME" "me" "AUTH" "(redacted)" "(redacted)"',
      '"PING"',
    ]) {
      expect(await nextLine(monitor)).toBe(`[0 ${address}] ${shown}`);
    }
  });

  it('shows a transaction when it runs, with its end last', async () => {
    await using serving = await serve();
    const [monitor, client] = [await serving.connect(), await serving.connect()];
    const address = await addressOf(client);
    await monitor.call('MONITOR');
    await client.pipeline([['MULTI'], ['SET', 'k', 1], ['EXEC']]);
    await client.pipeline([['MULTI'], ['FOO'], ['EXEC']]);
    await client.pipeline([['MULTI'], ['EXEC', 'x']]);
    for (const shown of ['"MULTI"', '"SET" "k" "1"', '"EXEC"', '"MULTI"', '"EXEC"', '"MULTI"', '"EXEC" "x"']) {
      expect(await nextLine(monitor)).toBe(`[0 ${address}] ${shown}`);
    }
  });

  it('does not show what was refused', async () => {
    await using serving = await serve();
    const [monitor, client] = [await serving.connect(), await serving.connect()];
    const address = await addressOf(client);
    await monitor.call('MONITOR');
    await client.pipeline([['FOO'], ['GET'], ['INCR', 'k', 'x'], ['SET', 'k', 'a'], ['INCR', 'k']]);
    expect(await nextLine(monitor)).toBe(`[0 ${address}] "SET" "k" "a"`);
    expect(await nextLine(monitor)).toBe(`[0 ${address}] "INCR" "k"`);
  });

  it('keeps its client away from the keys', async () => {
    await using serving = await serve();
    const monitor = await serving.connect();
    monitor.sendRaw('MONITOR\r\nMONITOR\r\nGET k\r\nSET k 1\r\nPUBLISH a b\r\nCLIENT INFO\r\nQUIT\r\n');
    const refusal = "-ERR Replica can't interact with the keyspace\r\n";
    const text = await monitor.readUntilClose();
    expect(text.startsWith(`+OK\r\n${refusal}${refusal}${refusal}$`)).toBe(true);
    expect(text).toContain(' flags=O ');
  });

  it('is refused inside a transaction', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    await client.pipeline([['MULTI'], ['MONITOR']]);
    expect(await client.call('EXEC')).toEqual([new RespError("ERR MONITOR isn't allowed for DENY BLOCKING client")]);
  });

  it('ends with its client', async () => {
    await using serving = await serve();
    const [monitor, client] = [await serving.connect(), await serving.connect()];
    await monitor.call('MONITOR');
    monitor.end();
    await monitor.readUntilClose();
    expect(await client.call('PING')).toBe('PONG');
  });
});
