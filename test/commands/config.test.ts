import { readFileSync } from 'node:fs';
import { createServer, type Server as NetServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ServerHandle, startServer } from '../../src/topology/server.ts';
import { oursCommand, startRedis } from '../support/redis-process.ts';
import { RespClient } from '../support/resp-client.ts';

let server: ServerHandle;

beforeEach(async () => {
  server = await startServer();
});

afterEach(() => server.close());

async function get(name: string): Promise<unknown> {
  return ((await server.execute('CONFIG', 'GET', name)) as unknown[])[1];
}

describe('CONFIG GET', () => {
  it('shows exact names as they were spelled, patterns in any case, and nothing twice', async () => {
    expect(await server.execute('CONFIG', 'GET', 'MaxMemory')).toEqual(['MaxMemory', '0']);
    const found = (await server.execute('CONFIG', 'GET', 'maxmemory', 'MAXMEMORY*')) as string[];
    const names = found.filter((_, i) => i % 2 === 0);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(expect.arrayContaining(['maxmemory', 'maxmemory-policy', 'maxmemory-samples']));
    expect(await server.execute('CONFIG', 'GET', 'nosuch', 'nosuch*')).toEqual([]);
  });

  it('answers a map in RESP3', async () => {
    await using client = await RespClient.connect({ port: server.port });
    await client.call('HELLO', 3);
    expect(await client.callRaw('CONFIG', 'GET', 'hz')).toBe('%1\r\n$2\r\nhz\r\n$2\r\n10\r\n');
  });
});

describe('CONFIG SET', () => {
  it('changes several parameters, or none if one of them is refused', async () => {
    expect(await server.execute('CONFIG', 'SET', 'maxmemory', '100mb', 'hz', '20')).toBe('OK');
    expect(await get('maxmemory')).toBe('104857600');
    await expect(server.execute('CONFIG', 'SET', 'hz', '30', 'maxmemory', 'much')).rejects.toThrow(
      "ERR CONFIG SET failed (possibly related to argument 'maxmemory') - argument must be a memory value",
    );
    expect(await get('hz')).toBe('20');
  });

  it.each([
    [['foo', 'bar'], "ERR Unknown option or number of arguments for CONFIG SET - 'foo'"],
    [['hz', '1', 'hz'], 'ERR syntax error'],
    [['hz', '1', 'hz', '2'], 'duplicate parameter'],
    [['daemonize', 'yes'], "can't set immutable config"],
    [['dir', '/'], "can't set protected config"],
  ])('refuses %s', async (args, message) => {
    await expect(server.execute('CONFIG', 'SET', ...args)).rejects.toThrow(message);
  });

  it('makes requirepass the password of the default user, for clients that come later', async () => {
    await using before = await RespClient.connect({ port: server.port });
    expect(await before.call('CONFIG', 'SET', 'requirepass', 'secret')).toBe('OK');
    expect(await before.call('PING')).toBe('PONG');
    await using after = await RespClient.connect({ port: server.port });
    expect(await after.callRaw('PING')).toBe('-NOAUTH Authentication required.\r\n');
    expect(await after.call('AUTH', 'secret')).toBe('OK');
    await before.call('CONFIG', 'SET', 'requirepass', '');
    await using open = await RespClient.connect({ port: server.port });
    expect(await open.call('PING')).toBe('PONG');
  });

  it('refuses writes beyond maxmemory as soon as it is set, and takes them again when it is raised', async () => {
    await server.execute('SET', 'k', 'v');
    await server.execute('CONFIG', 'SET', 'maxmemory', '1');
    await expect(server.execute('SET', 'k', 'v')).rejects.toThrow(
      "OOM command not allowed when used memory > 'maxmemory'.",
    );
    expect(await server.execute('GET', 'k')).toBe('v');
    expect(server.log.join('\n')).toContain('WARNING: the new maxmemory value set via CONFIG SET (1) is smaller');
    await server.execute('CONFIG', 'SET', 'maxmemory', '100mb');
    expect(await server.execute('SET', 'k', 'w')).toBe('OK');
  });
});

describe('CONFIG SET of the addresses to listen on', () => {
  async function occupy(): Promise<NetServer> {
    const occupant = createServer();
    await new Promise<void>((done) => {
      occupant.listen(0, '127.0.0.1', done);
    });
    return occupant;
  }

  function portOf(occupant: NetServer): number {
    return (occupant.address() as { port: number }).port;
  }

  it('moves to another port; clients that are there stay', async () => {
    const occupant = await occupy();
    const port = portOf(occupant);
    await new Promise((done) => {
      occupant.close(done);
    });
    await using client = await RespClient.connect({ port: server.port });
    const oldPort = server.port;
    expect(await client.call('CONFIG', 'SET', 'port', port)).toBe('OK');
    expect(await client.call('PING')).toBe('PONG');
    await using newcomer = await RespClient.connect({ port });
    expect(await newcomer.call('CONFIG', 'GET', 'port')).toEqual(['port', String(port)]);
    await expect(RespClient.connect({ port: oldPort })).rejects.toThrow();
  });

  it('answers what was sent behind it in its turn', async () => {
    await using client = await RespClient.connect({ port: server.port });
    expect(await client.pipeline([['CONFIG', 'SET', 'bind', '127.0.0.1'], ['PING']])).toEqual(['OK', 'PONG']);
  });

  it('takes everything back when the port is in use', async () => {
    const occupant = await occupy();
    const port = server.port;
    await using client = await RespClient.connect({ port });
    const reply = await client.callRaw('CONFIG', 'SET', 'maxmemory', '10mb', 'port', portOf(occupant), 'hz', 30);
    expect(reply).toBe(
      "-ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port. Check server logs.\r\n",
    );
    expect(await get('maxmemory')).toBe('0');
    expect(await get('hz')).toBe('10');
    expect(await get('port')).toBe(String(port));
    await using newcomer = await RespClient.connect({ port });
    expect(await newcomer.call('PING')).toBe('PONG');
    occupant.close();
  });

  it('takes everything back when an address is not of this machine', async () => {
    await using client = await RespClient.connect({ port: server.port });
    expect(await client.callRaw('CONFIG', 'SET', 'bind', '192.0.2.1')).toBe(
      "-ERR CONFIG SET failed (possibly related to argument 'bind') - Failed to bind to specified addresses.\r\n",
    );
    await using newcomer = await RespClient.connect({ port: server.port });
    expect(await newcomer.call('CONFIG', 'GET', 'bind')).toEqual(['bind', '127.0.0.1']);
  });

  it('stops listening with port 0', async () => {
    const { port } = server;
    expect(await server.execute('CONFIG', 'SET', 'port', '0')).toBe('OK');
    await expect(RespClient.connect({ port })).rejects.toThrow();
  });
});

describe('CONFIG REWRITE', () => {
  it('needs a file', async () => {
    await expect(server.execute('CONFIG', 'REWRITE')).rejects.toThrow(
      'ERR The server is running without a config file',
    );
  });

  it('writes what is in use into the file, from which a server starts as it was', async () => {
    await using first = await startRedis({ command: oursCommand(), config: '# a comment\nhz 20\nmaxmemory 1mb' });
    await using client = await RespClient.connect({ port: first.port });
    await client.call('CONFIG', 'SET', 'maxmemory', '5gb', 'requirepass', 'pw');
    expect(await client.call('CONFIG', 'REWRITE')).toBe('OK');
    const info = String(await client.call('INFO', 'server'));
    const text = readFileSync(/config_file:(.*)\r/.exec(info)![1]!, 'utf8');
    expect(text).toContain('# a comment\nhz 20\nmaxmemory 5gb\n');
    expect(text).toContain('# Generated by CONFIG REWRITE\n');
    expect(text).toContain('requirepass "pw"\n');
    expect(text).toMatch(/^user default on #[0-9a-f]{64} ~\* &\* \+@all$/m);
  });
});

describe('CONFIG RESETSTAT', () => {
  it('sets the statistics to zero', async () => {
    await server.execute('GET', 'none');
    await expect(server.execute('NOSUCH')).rejects.toThrow();
    expect(await server.execute('CONFIG', 'RESETSTAT')).toBe('OK');
    const stats = String(await server.execute('INFO', 'stats', 'errorstats', 'commandstats'));
    expect(stats).toContain('keyspace_misses:0\r\n');
    expect(stats).toContain('total_error_replies:0\r\n');
    expect(stats).not.toContain('errorstat_');
    expect(stats).not.toContain('cmdstat_get');
  });
});

describe('CONFIG', () => {
  it('explains itself', async () => {
    const help = (await server.execute('CONFIG', 'HELP')) as string[];
    expect(help[0]).toBe('CONFIG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:');
    expect(help.slice(-2)).toEqual(['HELP', '    Prints this help.']);
  });

  it('knows its subcommands', async () => {
    await expect(server.execute('CONFIG', 'FOO')).rejects.toThrow("ERR unknown subcommand 'FOO'. Try CONFIG HELP.");
    await expect(server.execute('CONFIG')).rejects.toThrow("wrong number of arguments for 'config' command");
  });
});
