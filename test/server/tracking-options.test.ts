/** CLIENT TRACKING's options and its errors, redirection, and what the server says about clients that track. */
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { RespError, type RespClient } from '../support/resp-client.ts';
import { clientFields, serve, type Serving } from '../support/serving.ts';

async function fieldsOf(client: RespClient): Promise<Record<string, string>> {
  return clientFields((await client.call('CLIENT', 'INFO')) as string);
}

async function infoOf(client: RespClient, section: string): Promise<Record<string, number>> {
  const lines = ((await client.call('INFO', section)) as string).split('\r\n').map((line) => line.split(':'));
  return Object.fromEntries(lines.map(([name, value]) => [name, Number(value)]));
}

/** A client that reads, one that gets its messages, and one that writes. */
async function trio(
  serving: Serving,
): Promise<{ reader: RespClient; ear: RespClient; writer: RespClient; id: number }> {
  const [reader, ear, writer] = [await serving.connect(), await serving.connect(), await serving.connect()];
  return { reader, ear, writer, id: (await ear.call('CLIENT', 'ID')) as number };
}

describe('Invalidations that are redirected', () => {
  it('reach a RESP2 client by a channel', async () => {
    await using serving = await serve();
    const { reader, ear, writer, id } = await trio(serving);
    await ear.call('SUBSCRIBE', '__redis__:invalidate');
    expect(await reader.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id)).toBe('OK');
    await reader.call('GET', 'k');
    await writer.call('SET', 'k', 1);
    expect(await ear.nextReply()).toEqual(['message', '__redis__:invalidate', ['k']]);
    await writer.call('FLUSHALL');
    expect(await ear.nextReply()).toEqual(['message', '__redis__:invalidate', null]);
    await reader.call('CLIENT', 'TRACKING', 'OFF');
    await reader.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id, 'BCAST');
    await writer.call('MSET', 'b', 1, 'a', 1);
    expect(await ear.nextReply()).toEqual(['message', '__redis__:invalidate', ['a', 'b']]);
  });

  it('reach a RESP2 client that subscribes to anything, and no other', async () => {
    await using serving = await serve();
    const { reader, ear, writer, id } = await trio(serving);
    await reader.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id);
    await reader.call('GET', 'k');
    await writer.call('SET', 'k', 1);
    expect(await ear.call('SUBSCRIBE', 'anything')).toEqual(['subscribe', 'anything', 1]);
    await reader.call('GET', 'k');
    await writer.call('SET', 'k', 1);
    expect(await ear.nextReply()).toEqual(['message', '__redis__:invalidate', ['k']]);
  });

  it('reach a RESP3 client by a push, subscribed or not', async () => {
    await using serving = await serve();
    const { reader, ear, writer, id } = await trio(serving);
    await ear.call('HELLO', 3);
    await reader.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id);
    await reader.call('GET', 'k');
    await writer.call('SET', 'k', 1);
    expect(await ear.nextPush()).toEqual(['invalidate', ['k']]);
  });

  it('can come from several clients, and from the client itself', async () => {
    await using serving = await serve();
    const { reader, ear, writer, id } = await trio(serving);
    await ear.call('HELLO', 3);
    await ear.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id);
    await reader.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id);
    await ear.call('GET', 'k');
    await reader.call('GET', 'k');
    await writer.call('SET', 'k', 1);
    expect(await ear.nextPush()).toEqual(['invalidate', ['k']]);
    expect(await ear.nextPush()).toEqual(['invalidate', ['k']]);
  });

  it('are reported as broken, to a RESP3 client, once they are needed and the other client is gone', async () => {
    await using serving = await serve();
    const { reader, ear, writer, id } = await trio(serving);
    await reader.call('HELLO', 3);
    await reader.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id);
    await reader.call('MGET', 'k', 'l');
    await ear.close();
    await eventually(async () => !((await writer.call('CLIENT', 'LIST')) as string).includes(`id=${id} `));
    expect(await reader.call('CLIENT', 'TRACKINGINFO')).toEqual(
      new Map<string, unknown>([
        ['flags', new Set(['on'])],
        ['redirect', id],
        ['prefixes', []],
      ]),
    );
    await writer.call('SET', 'k', 1);
    expect(await reader.nextPush()).toEqual(['tracking-redir-broken', id]);
    expect(await reader.call('CLIENT', 'TRACKINGINFO')).toEqual(
      new Map<string, unknown>([
        ['flags', new Set(['on', 'broken_redirect'])],
        ['redirect', id],
        ['prefixes', []],
      ]),
    );
    expect(await writer.call('CLIENT', 'LIST')).toContain(' flags=tR ');
    await reader.call('CLIENT', 'TRACKING', 'ON');
    await writer.call('SET', 'l', 1);
    expect(await reader.nextPush()).toEqual(['invalidate', ['l']]);
    expect(await reader.call('CLIENT', 'GETREDIR')).toBe(0);
  });

  it('are dropped for a RESP2 client whose redirection is broken', async () => {
    await using serving = await serve();
    const { reader, ear, writer, id } = await trio(serving);
    await reader.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id, 'BCAST');
    await ear.call('QUIT');
    await eventually(async () => !((await writer.call('CLIENT', 'LIST')) as string).includes(`id=${id} `));
    await writer.call('SET', 'k', 1);
    expect((await fieldsOf(reader))['flags']).toBe('tRB');
    expect(reader.unreadCount).toEqual({ replies: 0, pushes: 0 });
  });
});

describe('CLIENT TRACKING', () => {
  const NO_KEY_TWICE = 'Prefixes for a single client must not overlap.';
  const SWITCH = 'before disabling tracking for this client, and then re-enabling it with a different mode.';

  it.each([
    ['TRACKING', "ERR wrong number of arguments for 'client|tracking' command"],
    ['TRACKING maybe', 'ERR syntax error'],
    ['TRACKING ON NONSENSE', 'ERR syntax error'],
    ['TRACKING OFF NONSENSE', 'ERR syntax error'],
    ['TRACKING ON REDIRECT', 'ERR syntax error'],
    ['TRACKING ON BCAST PREFIX', 'ERR syntax error'],
    ['TRACKING ON REDIRECT x', 'ERR value is not an integer or out of range'],
    ['TRACKING ON REDIRECT 0', 'ERR The client ID you want redirect to does not exist'],
    ['TRACKING ON REDIRECT -1', 'ERR The client ID you want redirect to does not exist'],
    ['TRACKING ON REDIRECT 999999', 'ERR The client ID you want redirect to does not exist'],
    ['TRACKING ON REDIRECT 9223372036854775807', 'ERR The client ID you want redirect to does not exist'],
    ['TRACKING ON REDIRECT 1 REDIRECT 1', 'ERR A client can only redirect to a single other client'],
    ['TRACKING maybe REDIRECT 999999', 'ERR The client ID you want redirect to does not exist'],
    ['TRACKING ON PREFIX a', 'ERR PREFIX option requires BCAST mode to be enabled'],
    ['TRACKING ON BCAST OPTIN', 'ERR OPTIN and OPTOUT are not compatible with BCAST'],
    ['TRACKING ON OPTOUT BCAST', 'ERR OPTIN and OPTOUT are not compatible with BCAST'],
    ['TRACKING ON OPTIN OPTOUT', "ERR You can't specify both OPTIN mode and OPTOUT mode"],
    [
      'TRACKING ON BCAST PREFIX ab PREFIX a',
      `ERR Prefix 'ab' overlaps with another provided prefix 'a'. ${NO_KEY_TWICE}`,
    ],
    [
      'TRACKING ON BCAST PREFIX x PREFIX ab PREFIX ab',
      `ERR Prefix 'ab' overlaps with another provided prefix 'ab'. ${NO_KEY_TWICE}`,
    ],
    ['CACHING', "ERR wrong number of arguments for 'client|caching' command"],
    [
      'CACHING YES',
      'ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled',
    ],
    ['GETREDIR x', "ERR wrong number of arguments for 'client|getredir' command"],
    ['TRACKINGINFO x', "ERR wrong number of arguments for 'client|trackinginfo' command"],
  ])('refuses CLIENT %s, and nothing is tracked', async (words, text) => {
    await using serving = await serve();
    const client = await serving.connect();
    expect(await client.call('CLIENT', ...words.split(' '))).toEqual(new RespError(text));
    expect(await fieldsOf(client)).toMatchObject({ flags: 'N', redir: '-1' });
  });

  it.each([
    ['ON', 'TRACKING ON BCAST', `ERR You can't switch BCAST mode on/off ${SWITCH}`],
    ['ON BCAST', 'TRACKING ON', `ERR You can't switch BCAST mode on/off ${SWITCH}`],
    ['ON OPTIN', 'TRACKING ON OPTOUT', `ERR You can't switch OPTIN/OPTOUT mode ${SWITCH}`],
    ['ON OPTOUT', 'TRACKING ON OPTIN', `ERR You can't switch OPTIN/OPTOUT mode ${SWITCH}`],
    [
      'ON BCAST PREFIX foo',
      'TRACKING ON BCAST PREFIX foobar',
      `ERR Prefix 'foobar' overlaps with an existing prefix 'foo'. ${NO_KEY_TWICE}`,
    ],
    [
      'ON BCAST PREFIX foo PREFIX bar',
      'TRACKING ON BCAST PREFIX bar',
      `ERR Prefix 'bar' overlaps with an existing prefix 'bar'. ${NO_KEY_TWICE}`,
    ],
    ['ON BCAST', 'TRACKING ON BCAST PREFIX x', `ERR Prefix 'x' overlaps with an existing prefix ''. ${NO_KEY_TWICE}`],
    ['ON', 'CACHING NO', 'ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.'],
    ['ON OPTOUT', 'CACHING YES', 'ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.'],
    ['ON OPTIN', 'CACHING maybe', 'ERR syntax error'],
  ])('after CLIENT TRACKING %s refuses CLIENT %s, and stays as it was', async (first, second, text) => {
    await using serving = await serve();
    const client = await serving.connect();
    expect(await client.call('CLIENT', 'TRACKING', ...first.split(' '))).toBe('OK');
    const before = await client.call('CLIENT', 'TRACKINGINFO');
    expect(await client.call('CLIENT', ...second.split(' '))).toEqual(new RespError(text));
    expect(await client.call('CLIENT', 'TRACKINGINFO')).toEqual(before);
  });

  it('is described by TRACKINGINFO, GETREDIR and CLIENT INFO', async () => {
    await using serving = await serve();
    const { reader, id } = await trio(serving);
    const described = async (...words: (string | number)[]): Promise<unknown[]> => {
      if (words.length > 0) await reader.call('CLIENT', ...words);
      const [, flags, , redirect, , prefixes] = (await reader.call('CLIENT', 'TRACKINGINFO')) as unknown[];
      const { flags: letters, redir } = await fieldsOf(reader);
      expect([redirect, String(redirect)]).toEqual([await reader.call('CLIENT', 'GETREDIR'), redir]);
      return [(flags as string[]).join(' '), redirect, prefixes, letters];
    };
    expect(await described()).toEqual(['off', -1, [], 'N']);
    expect(await described('TRACKING', 'ON')).toEqual(['on', 0, [], 't']);
    expect(await described('TRACKING', 'on', 'noloop', 'redirect', id)).toEqual(['on noloop', id, [], 't']);
    expect(await described('TRACKING', 'ON', 'OPTIN')).toEqual(['on optin', 0, [], 't']);
    expect(await described('CACHING', 'YES')).toEqual(['on optin caching-yes', 0, [], 't']);
    await reader.call('CLIENT', 'TRACKING', 'OFF');
    await reader.call('CLIENT', 'TRACKING', 'ON', 'OPTOUT', 'NOLOOP');
    expect(await described('CACHING', 'NO')).toEqual(['on optout caching-no noloop', 0, [], 't']);
    expect(await described('TRACKING', 'OFF')).toEqual(['off', -1, [], 'N']);
    const both = await described('TRACKING', 'ON', 'BCAST', 'PREFIX', 'b', 'PREFIX', 'a');
    expect(both).toEqual(['on bcast', 0, ['a', 'b'], 'tB']);
    expect(await described('TRACKING', 'ON', 'BCAST', 'PREFIX', 'c')).toEqual(['on bcast', 0, ['a', 'b', 'c'], 'tB']);
    expect(await described('TRACKING', 'OFF')).toEqual(['off', -1, [], 'N']);
    expect(await described('TRACKING', 'ON', 'BCAST')).toEqual(['on bcast', 0, [''], 'tB']);
  });

  it('counts in INFO, and its prefixes in tot-mem as redis-server counts them', async () => {
    await using serving = await serve();
    const { reader, ear, writer } = await trio(serving);
    const before = Number((await fieldsOf(ear))['tot-mem']);
    await reader.call('CLIENT', 'TRACKING', 'ON');
    await reader.call('MGET', 'a', 'b', 'c');
    await ear.call('CLIENT', 'TRACKING', 'ON', 'BCAST', 'PREFIX', 'foo', 'PREFIX', 'bar');
    expect(Number((await fieldsOf(ear))['tot-mem']) - before).toBe(5 * 32);
    await writer.call('CLIENT', 'TRACKING', 'ON');
    await writer.call('GET', 'a');
    expect(await infoOf(writer, 'stats')).toMatchObject({
      tracking_total_keys: 3,
      tracking_total_items: 4,
      tracking_total_prefixes: 2,
    });
    expect(await infoOf(writer, 'clients')).toMatchObject({ tracking_clients: 3 });
    await writer.call('SET', 'a', 1);
    await ear.call('CLIENT', 'TRACKING', 'OFF');
    expect(await infoOf(writer, 'stats')).toMatchObject({
      tracking_total_keys: 2,
      tracking_total_items: 2,
      tracking_total_prefixes: 0,
    });
    expect(await infoOf(writer, 'clients')).toMatchObject({ tracking_clients: 2 });
  });

  it('is the same inside a transaction', async () => {
    await using serving = await serve();
    const { reader, writer } = await trio(serving);
    await reader.call('HELLO', 3);
    await reader.pipeline([['MULTI'], ['CLIENT', 'TRACKING', 'ON'], ['GET', 'k'], ['EXEC']]);
    await writer.call('SET', 'k', 1);
    expect(await reader.nextPush()).toEqual(['invalidate', ['k']]);
  });
});
