import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServerHandle, startServer } from '../../src/topology/server.ts';
import { RespClient } from '../support/resp-client.ts';
import { type ArgumentFacts, type CommandFacts, readCommandFacts } from '../server/command-facts.ts';

let server: ServerHandle;
let client: RespClient;

beforeAll(async () => {
  server = await startServer();
  client = await RespClient.connect({ port: server.port });
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await server.close();
});

async function command(...args: string[]): Promise<unknown[]> {
  return (await client.call('COMMAND', ...args)) as unknown[];
}

async function raw(...args: string[]): Promise<string> {
  return client.callRaw('COMMAND', ...args);
}

/** Pairs of a RESP2 map. */
function mapOf(reply: unknown): Record<string, unknown> {
  const words = reply as unknown[];
  return Object.fromEntries(words.flatMap((word, i) => (i % 2 === 0 ? [[String(word), words[i + 1]]] : [])));
}

describe('COMMAND', () => {
  it('describes every command, and counts them', async () => {
    const all = await command();
    expect(all.length).toBe(await client.call('COMMAND', 'COUNT'));
    expect(all.every((entry) => (entry as unknown[]).length === 10)).toBe(true);
    expect((await command('INFO')).length).toBe(all.length);
  });

  it('describes a command byte for byte as Redis does', async () => {
    expect(await raw('INFO', 'get')).toBe(
      '*1\r\n*10\r\n$3\r\nget\r\n:2\r\n*2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n*3\r\n+@read\r\n+@string\r\n+@fast\r\n' +
        '*0\r\n*1\r\n*6\r\n$5\r\nflags\r\n*2\r\n+RO\r\n+access\r\n$12\r\nbegin_search\r\n*4\r\n$4\r\ntype\r\n$5\r\nindex\r\n' +
        '$4\r\nspec\r\n*2\r\n$5\r\nindex\r\n:1\r\n$9\r\nfind_keys\r\n*4\r\n$4\r\ntype\r\n$5\r\nrange\r\n$4\r\nspec\r\n*6\r\n' +
        '$7\r\nlastkey\r\n:0\r\n$7\r\nkeystep\r\n:1\r\n$5\r\nlimit\r\n:0\r\n*0\r\n',
    );
  });

  it('answers sets and maps in RESP3', async () => {
    await using modern = await RespClient.connect({ port: server.port });
    await modern.call('HELLO', 3);
    const reply = await modern.callRaw('COMMAND', 'INFO', 'get');
    expect(reply).toMatch(/^\*1\r\n\*10\r\n\$3\r\nget\r\n:2\r\n~2\r\n/);
    expect(await modern.callRaw('COMMAND', 'DOCS', 'nosuch')).toBe('%0\r\n');
  });

  it('answers null for what is no command or subcommand', async () => {
    const names = ['get', 'config|get', 'CONFIG|GET', 'nosuch', 'get|key', 'config|nosuch', 'config|get|key', 'config'];
    const found = (await command('INFO', ...names)).map((entry) => (entry === null ? null : (entry as unknown[])[0]));
    expect(found).toEqual(['get', 'config|get', 'config|get', null, null, null, null, 'config']);
  });

  it('refuses a subcommand that there is not', async () => {
    expect(await raw('FOO')).toBe("-ERR unknown subcommand 'FOO'. Try COMMAND HELP.\r\n");
    expect(await raw('COUNT', 'x')).toBe("-ERR wrong number of arguments for 'command|count' command\r\n");
  });
});

describe('COMMAND DOCS', () => {
  const facts = readCommandFacts();

  function argumentFacts(reply: unknown): ArgumentFacts[] {
    return (reply as unknown[]).map((entry) => {
      const fields = mapOf(entry) as unknown as ArgumentFacts;
      if (fields.arguments === undefined) return fields;
      return { ...fields, arguments: argumentFacts(fields.arguments) };
    });
  }

  it.each(['set', 'lcs', 'copy', 'client|kill', 'shutdown'])('documents %s', async (name) => {
    const expected = facts.get(name) as CommandFacts;
    const docs = mapOf(mapOf(await command('DOCS', name))[name]);
    expect(docs['summary']).toMatch(/^[A-Z]/);
    expect(docs['group']).toBe(expected.group);
    expect(docs['since']).toBe(expected.since);
    expect(argumentFacts(docs['arguments'])).toEqual(expected.arguments);
  });

  it('tells what is deprecated, and what for', async () => {
    const docs = mapOf(mapOf(await command('DOCS', 'getset'))['getset']);
    expect(docs['doc_flags']).toEqual(['deprecated']);
    expect(docs['deprecated_since']).toBe('6.2.0');
    expect(docs['replaced_by']).toContain('SET');
    expect(mapOf(mapOf(await command('DOCS', 'debug'))['debug'])['doc_flags']).toEqual(['syscmd']);
  });

  it('documents subcommands with their container, or by themselves', async () => {
    const container = mapOf(mapOf(await command('DOCS', 'config'))['config']);
    expect(Object.keys(mapOf(container['subcommands']))).toContain('config|get');
    expect(Object.keys(mapOf(await command('DOCS', 'config|get', 'nosuch', 'get')))).toEqual(['config|get', 'get']);
    expect(Object.keys(mapOf(await command('DOCS'))).length).toBe(await client.call('COMMAND', 'COUNT'));
  });
});

describe('COMMAND LIST', () => {
  it('lists commands and subcommands', async () => {
    const names = await command('LIST');
    expect(names).toEqual(expect.arrayContaining(['get', 'config', 'config|get']));
    expect(new Set(names).size).toBe(names.length);
  });

  it('filters by pattern, category and module', async () => {
    expect(await command('LIST', 'FILTERBY', 'PATTERN', 'SET')).toEqual(['set']);
    expect((await command('LIST', 'FILTERBY', 'PATTERN', 'config|*re*')).sort()).toEqual([
      'config|resetstat',
      'config|rewrite',
    ]);
    const dangerous = await command('LIST', 'FILTERBY', 'ACLCAT', 'dangerous');
    expect(dangerous).toEqual(expect.arrayContaining(['flushall', 'config|set', 'keys']));
    expect(dangerous).not.toContain('get');
    expect(await command('LIST', 'FILTERBY', 'ACLCAT', 'nosuch')).toEqual([]);
    expect(await command('LIST', 'FILTERBY', 'MODULE', 'nosuch')).toEqual([]);
  });

  it.each([['x'], ['FILTERBY', 'x'], ['FILTERBY', 'x', 'y'], ['FILTERBY', 'PATTERN', 'x', 'y']])(
    'refuses %s %s',
    async (...args) => {
      expect(await raw('LIST', ...args.filter((arg) => arg !== undefined))).toBe('-ERR syntax error\r\n');
    },
  );
});

describe('COMMAND GETKEYS', () => {
  it('finds the keys of a whole command', async () => {
    expect(await command('GETKEYS', 'GET', 'key')).toEqual(['key']);
    expect(await command('GETKEYS', 'MSET', 'a', '1', 'b', '2')).toEqual(['a', 'b']);
    expect(await command('GETKEYS', 'MEMORY', 'USAGE', 'key')).toEqual(['key']);
    expect(await command('GETKEYS', 'LCS', 'a', 'b')).toEqual(['a', 'b']);
  });

  it('tells what is done to each', async () => {
    expect(await command('GETKEYSANDFLAGS', 'SET', 'k', 'v')).toEqual([['k', ['OW', 'update']]]);
    expect(await command('GETKEYSANDFLAGS', 'SET', 'k', 'v', 'GET')).toEqual([['k', ['RW', 'access', 'update']]]);
    expect(await command('GETKEYSANDFLAGS', 'COPY', 'a', 'b')).toEqual([
      ['a', ['RO', 'access']],
      ['b', ['OW', 'update']],
    ]);
  });

  it.each([
    [['nosuch', 'x'], 'ERR Invalid command specified'],
    [['config', 'nosuch'], 'ERR Invalid command specified'],
    [['ping', 'x'], 'ERR The command has no key arguments'],
    [['config', 'get', 'x'], 'ERR The command has no key arguments'],
    [['get', 'a', 'b'], 'ERR Invalid number of arguments specified for command'],
    [['get'], "ERR wrong number of arguments for 'command|getkeys' command"],
  ])('refuses %s', async (args, message) => {
    expect(await raw('GETKEYS', ...args)).toBe(`-${message}\r\n`);
  });
});
