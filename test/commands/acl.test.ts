/** ACL, and what its rules do to other commands. */
import { describe, expect, it } from 'vitest';
import { type RespClient, RespError } from '../support/resp-client.ts';
import { clientFields, serve, type Serving } from '../support/serving.ts';

const HASH = '148de9c5a7a44d19e56cd9ae1a554bf67847afb0c58f6e12fa29ac7ddfca9940';
const WRONG_PASSWORD = new RespError('WRONGPASS invalid username-password pair or user is disabled.');
const NO_KEY = new RespError('NOPERM this user has no permissions to access one of the keys used as arguments');
const NO_CHANNEL = new RespError('NOPERM this user has no permissions to access one of the channels used as arguments');

function noCommand(name: string): RespError {
  return new RespError(`NOPERM this user has no permissions to run the '${name}' command`);
}

/** A client that is logged in as a new user with these rules. */
async function loggedIn(serving: Serving, admin: RespClient, ...rules: string[]): Promise<RespClient> {
  await admin.call('ACL', 'SETUSER', 'u', 'reset', 'on', 'nopass', ...rules);
  const client = await serving.connect();
  expect(await client.call('AUTH', 'u', 'x')).toBe('OK');
  return client;
}

function modifierError(rule: string, reason: string): RespError {
  return new RespError(`ERR Error in ACL SETUSER modifier '${rule}': ${reason}`);
}

describe('A user', () => {
  it('is made by SETUSER, may do nothing at first, and is listed by name', async () => {
    await using serving = await serve();
    const admin = await serving.connect();
    expect(await admin.call('ACL', 'SETUSER', 'zoe')).toBe('OK');
    expect(await admin.call('ACL', 'SETUSER', 'adam', 'on', '>p', '~a*', '&c', '+@string', '-getset')).toBe('OK');
    expect(await admin.call('ACL', 'USERS')).toEqual(['adam', 'default', 'zoe']);
    expect(await admin.call('ACL', 'LIST')).toEqual([
      `user adam on #${HASH} ~a* resetchannels &c -@all +@string -getset`,
      'user default on nopass ~* &* +@all',
      'user zoe off resetchannels -@all',
    ]);
  });

  it('is shown by GETUSER as a map of its rules', async () => {
    await using serving = await serve();
    const admin = await serving.connect();
    await admin.call('HELLO', 3);
    await admin.call('ACL', 'SETUSER', 'u', 'on', '>p', '%R~r', '~k', '+get', '(&c +config|get', '-config|get)');
    expect(await admin.call('ACL', 'GETUSER', 'u')).toEqual(
      new Map<string, unknown>([
        ['flags', new Set(['on'])],
        ['passwords', [HASH]],
        ['commands', '-@all +get'],
        ['keys', '%R~r ~k'],
        ['channels', ''],
        [
          'selectors',
          [
            new Map([
              ['commands', '-@all'],
              ['keys', ''],
              ['channels', '&c'],
            ]),
          ],
        ],
      ]),
    );
    expect(await admin.call('ACL', 'GETUSER', 'nobody')).toBe(null);
  });

  it('is not changed at all when one of its rules is wrong', async () => {
    await using serving = await serve();
    const admin = await serving.connect();
    await admin.call('ACL', 'SETUSER', 'u', '+get');
    const wrong: [string, string][] = [
      ['+nosuch', 'Unknown command or category name in ACL'],
      ['+@nosuch', 'Unknown command or category name in ACL'],
      ['-select|1', 'Unknown command or category name in ACL'],
      ['+config|get|x', 'Allowing first-arg of a subcommand is not supported'],
      ['+debug|', 'Syntax error'],
      ['%X~a', 'Syntax error'],
      ['%~a', 'Syntax error'],
      ['~a b', 'Syntax error'],
      ['nonsense', 'Syntax error'],
      ['<p', 'The password you are trying to remove from the user does not exist'],
      ['#abc', 'The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters'],
    ];
    for (const [rule, reason] of wrong) {
      expect(await admin.call('ACL', 'SETUSER', 'u', '+set', rule)).toEqual(modifierError(rule, reason));
    }
    expect(await admin.call('ACL', 'SETUSER', 'u', '+set', '(+get')).toEqual(
      new RespError("ERR Unmatched parenthesis in acl selector starting at '(+get'."),
    );
    expect(await admin.call('ACL', 'SETUSER', 'a b')).toEqual(
      new RespError("ERR Usernames can't contain spaces or null characters"),
    );
    expect(await admin.call('ACL', 'LIST')).toContain('user u off resetchannels -@all +get');
  });

  it('logs in with any of its passwords while it is on', async () => {
    await using serving = await serve();
    const admin = await serving.connect();
    await admin.call('ACL', 'SETUSER', 'u', 'on', '>p', '>q', '+acl|whoami');
    const client = await serving.connect();
    for (const password of ['p', 'q']) expect(await client.call('AUTH', 'u', password)).toBe('OK');
    expect(await client.call('ACL', 'WHOAMI')).toBe('u');
    await admin.call('ACL', 'SETUSER', 'u', '<q');
    expect(await client.call('AUTH', 'u', 'q')).toEqual(WRONG_PASSWORD);
    await admin.call('ACL', 'SETUSER', 'u', 'off');
    expect(await client.call('AUTH', 'u', 'p')).toEqual(WRONG_PASSWORD);
    expect(await client.call('ACL', 'WHOAMI')).toBe('u');
  });

  it('takes its sessions with it when it is deleted, also the one that asks for it', async () => {
    await using serving = await serve();
    const admin = await serving.connect();
    const client = await loggedIn(serving, admin, '+acl');
    expect(await admin.call('ACL', 'DELUSER', 'default', 'u')).toEqual(
      new RespError("ERR The 'default' user cannot be removed"),
    );
    client.sendRaw('ACL DELUSER u nobody\r\nPING\r\n');
    expect(await client.readUntilClose()).toBe(':1\r\n');
    expect(await admin.call('ACL', 'USERS')).toEqual(['default']);
  });
});

describe('Rules', () => {
  it('refuse commands, keys and channels, each with its own error', async () => {
    await using serving = await serve();
    const admin = await serving.connect();
    const client = await loggedIn(serving, admin, '~k*', '%R~r', '%W~w', '&c*', '+@all', '-getset', '-config|set');
    expect(await client.call('SET', 'k1', 'v')).toBe('OK');
    expect(await client.call('GETSET', 'k1', 'v')).toEqual(noCommand('getset'));
    expect(await client.call('CONFIG', 'SET', 'hz', 10)).toEqual(noCommand('config|set'));
    expect(await client.call('CONFIG', 'GET', 'hz')).toEqual(['hz', '10']);
    expect(await client.call('GET', 'r')).toBe(null);
    expect(await client.call('SET', 'r', 1)).toEqual(NO_KEY);
    expect(await client.call('SET', 'w', 1)).toBe('OK');
    expect(await client.call('SET', 'w', 1, 'GET')).toEqual(NO_KEY);
    expect(await client.call('STRLEN', 'w')).toBe(1);
    expect(await client.call('MGET', 'k1', 'other')).toEqual(NO_KEY);
    expect(await client.call('PUBLISH', 'c1', 'x')).toBe(0);
    expect(await client.call('PUBLISH', 'd', 'x')).toEqual(NO_CHANNEL);
    expect(await client.call('SUBSCRIBE', 'c1', 'd')).toEqual(NO_CHANNEL);
    expect(await client.call('PSUBSCRIBE', 'c1')).toEqual(NO_CHANNEL);
    expect(await client.call('PSUBSCRIBE', 'c*')).toEqual(['psubscribe', 'c*', 1]);
  });

  it('allow what one selector allows as a whole', async () => {
    await using serving = await serve();
    const admin = await serving.connect();
    const client = await loggedIn(serving, admin, '~a', '+get', '(~b +set)');
    expect(await client.call('GET', 'a')).toBe(null);
    expect(await client.call('SET', 'b', 1)).toBe('OK');
    expect(await client.call('GET', 'b')).toEqual(NO_KEY);
    expect(await client.call('SET', 'a', 1)).toEqual(NO_KEY);
    expect(await client.call('DEL', 'a')).toEqual(noCommand('del'));
  });

  it('can allow single first arguments of a command', async () => {
    await using serving = await serve();
    const admin = await serving.connect();
    const client = await loggedIn(serving, admin, '+select|3');
    expect(await client.call('SELECT', 3)).toBe('OK');
    expect(await client.call('SELECT', 4)).toEqual(noCommand('select'));
    expect(serving.log.some((line) => line.includes('Deprecation warning: Allowing a first arg'))).toBe(true);
  });

  it('never refuse to log in, to say hello, to reset and to quit', async () => {
    await using serving = await serve();
    const client = await loggedIn(serving, await serving.connect());
    expect(await client.call('PING')).toEqual(noCommand('ping'));
    expect(await client.call('HELLO', 2, 'AUTH', 'u', 'x')).toContain('server');
    expect(await client.call('RESET')).toBe('RESET');
    expect(await client.call('PING')).toBe('PONG');
    expect(await client.call('AUTH', 'u', 'x')).toBe('OK');
    expect(await client.call('QUIT')).toBe('OK');
  });

  it('hold for sessions at once when they change', async () => {
    await using serving = await serve();
    const admin = await serving.connect();
    const client = await loggedIn(serving, admin, '+@all', '~*', '&*');
    expect(await client.call('GET', 'k')).toBe(null);
    await admin.call('ACL', 'SETUSER', 'u', '-get');
    expect(await client.call('GET', 'k')).toEqual(noCommand('get'));
    await admin.call('ACL', 'SETUSER', 'u', '+get');
    expect(await client.call('GET', 'k')).toBe(null);
  });

  it('are those of the command, also when it is renamed', async () => {
    await using serving = await serve({ config: { 'rename-command': ['GET', 'fetch'] } });
    const admin = await serving.connect();
    const client = await loggedIn(serving, admin, '~*', '+get');
    expect(await client.call('FETCH', 'k')).toBe(null);
    expect(await admin.call('ACL', 'DRYRUN', 'u', 'fetch', 'k')).toBe('OK');
    expect(await admin.call('ACL', 'SETUSER', 'u', '+fetch')).toEqual(
      modifierError('+fetch', 'Unknown command or category name in ACL'),
    );
  });

  it('keep SORT from reading keys that its patterns lead to', async () => {
    await using serving = await serve();
    const admin = await serving.connect();
    const client = await loggedIn(serving, admin, '+sort', '~l', '(~l %R~* +sort_ro)');
    await admin.call('RPUSH', 'l', 1);
    const denied = (option: string): RespError =>
      new RespError(`ERR ${option} option of SORT denied due to insufficient ACL permissions.`);
    expect(await client.call('SORT', 'l')).toEqual(['1']);
    expect(await client.call('SORT', 'l', 'BY', 'nosort')).toEqual(['1']);
    expect(await client.call('SORT', 'l', 'BY', 'w*')).toEqual(denied('BY'));
    expect(await client.call('SORT', 'l', 'GET', '#')).toEqual(denied('GET'));
    expect(await client.call('SORT_RO', 'l', 'BY', 'w*', 'GET', '#')).toEqual(['1']);
  });

  it('are asked again by EXEC', async () => {
    await using serving = await serve();
    const admin = await serving.connect();
    const client = await loggedIn(serving, admin, '+@all', '~*');
    await client.pipeline([['MULTI'], ['SET', 'a', 1], ['INCR', 'b'], ['GET', 'a']]);
    await admin.call('ACL', 'SETUSER', 'u', '-get', 'resetkeys', '~a');
    const changed = (reason: string): RespError =>
      new RespError(
        'NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. ' +
          `This command is no longer allowed for the following reason: ${reason}`,
      );
    expect(await client.call('EXEC')).toEqual([
      'OK',
      changed('no permission to touch the specified keys'),
      changed('no permission to execute the command or subcommand'),
    ]);
    await client.call('MULTI');
    await admin.call('ACL', 'SETUSER', 'u', '-exec');
    expect(await client.call('EXEC')).toEqual(
      new RespError(
        "EXECABORT Transaction discarded because of: NOPERM this user has no permissions to run the 'exec' command",
      ),
    );
  });

  it('disconnect subscribers who may not listen any more, and only them', async () => {
    await using serving = await serve();
    const admin = await serving.connect();
    const bySubscription = [
      ['SUBSCRIBE', 'a1'],
      ['PSUBSCRIBE', 'a*'],
      ['SSUBSCRIBE', 'a2'],
      ['SUBSCRIBE', 'b'],
    ];
    const clients: RespClient[] = [];
    for (const subscription of bySubscription) {
      const client = await loggedIn(serving, admin, '+@all', '&*');
      await client.call(...(subscription as [string, string]));
      clients.push(client);
    }
    await admin.call('ACL', 'SETUSER', 'u', 'resetchannels', '&b', '&c');
    for (const client of clients.slice(0, 3)) await client.readUntilClose();
    expect(await clients[3]!.call('PING')).toEqual(['pong', '']);
    await admin.call('ACL', 'SETUSER', 'u', 'resetchannels', '&b');
    expect(await clients[3]!.call('PING')).toEqual(['pong', '']);
  });

  it('give new users every channel if acl-pubsub-default says so', async () => {
    await using serving = await serve({ config: { 'acl-pubsub-default': 'allchannels' } });
    const admin = await serving.connect();
    await admin.call('ACL', 'SETUSER', 'u', '(+get)');
    expect(await admin.call('ACL', 'LIST')).toContain('user u off &* -@all (&* -@all +get)');
  });
});

describe('The default user', () => {
  it('has the password of requirepass, and further ones of its own', async () => {
    await using serving = await serve({ config: { requirepass: 'secret' } });
    const client = await serving.connect();
    expect(await client.call('AUTH', 'secret')).toBe('OK');
    await client.call('ACL', 'SETUSER', 'default', '>other');
    expect(await client.call('AUTH', 'other')).toBe('OK');
    expect(await client.call('CONFIG', 'GET', 'requirepass')).toEqual(['requirepass', 'secret']);
    await client.call('CONFIG', 'SET', 'requirepass', '');
    const other = await serving.connect();
    expect(await other.call('PING')).toBe('PONG');
    expect(await client.call('ACL', 'LIST')).toEqual(['user default on nopass ~* &* +@all']);
  });

  it('lets nobody in while it is off, but the embedder', async () => {
    await using serving = await serve();
    const admin = await serving.connect();
    await admin.call('ACL', 'SETUSER', 'u', 'on', '>p', '+ping');
    await admin.call('ACL', 'SETUSER', 'default', 'off', '-@all', 'resetkeys');
    const client = await serving.connect();
    expect(await client.call('PING')).toEqual(new RespError('NOAUTH Authentication required.'));
    expect(await client.call('AUTH', 'u', 'p')).toBe('OK');
    expect(await client.call('PING')).toBe('PONG');
    expect(await serving.server.execute('SET', 'k', 'v')).toBe('OK');
  });
});

describe('ACL LOG', () => {
  it('tells what was refused to whom, newest first, and groups what repeats', async () => {
    await using serving = await serve({ clock: 'manual' });
    const admin = await serving.connect();
    const client = await loggedIn(serving, admin, '+get', '+multi', '+exec', '+publish', '~a');
    await client.pipeline([
      ['GET', 'b'],
      ['SET', 'a', 1],
      ['GET', 'b'],
      ['PUBLISH', 'c', 'x'],
    ]);
    await client.pipeline([['MULTI'], ['GET', 'b'], ['EXEC'], ['AUTH', 'ghost', 'x']]);
    const entries = await log(admin);
    const brief = entries.map(({ count, reason, context, object, username }) => {
      return [count, reason, context, object, username];
    });
    expect(brief).toEqual([
      [1, 'auth', 'toplevel', 'AUTH', 'ghost'],
      [1, 'key', 'multi', 'b', 'u'],
      [1, 'channel', 'toplevel', 'c', 'u'],
      [2, 'key', 'toplevel', 'b', 'u'],
      [1, 'command', 'toplevel', 'set', 'u'],
    ]);
    expect(clientFields(String(entries[1]!['client-info']))).toMatchObject({ user: 'u', cmd: 'get' });
    serving.server.clock.advance(1500);
    expect((await log(admin))[0]!['age-seconds']).toBe('1.5');
  });

  it('shows as many as it is asked for, keeps acllog-max-len, and can be emptied', async () => {
    await using serving = await serve({ config: { 'acllog-max-len': 3 } });
    const admin = await serving.connect();
    for (const name of ['a', 'b', 'c', 'd']) await admin.call('AUTH', name, 'x');
    expect((await log(admin)).map(({ username }) => username)).toEqual(['d', 'c', 'b']);
    expect(((await admin.call('ACL', 'LOG', 1)) as unknown[]).length).toBe(1);
    expect(await admin.call('ACL', 'LOG', -1)).toEqual([]);
    expect(await admin.call('ACL', 'LOG', 'RESET')).toBe('OK');
    expect(await admin.call('ACL', 'LOG')).toEqual([]);
    expect(await admin.call('ACL', 'LOG', 'x')).toEqual(new RespError('ERR value is not an integer or out of range'));
  });

  async function log(client: RespClient): Promise<Record<string, unknown>[]> {
    const entries = (await client.call('ACL', 'LOG')) as unknown[][];
    return entries.map((flat) => {
      const pairs = Array.from(
        { length: flat.length / 2 },
        (_, i) => [flat[i * 2] as string, flat[i * 2 + 1]] as const,
      );
      return Object.fromEntries(pairs);
    });
  }
});

describe('ACL', () => {
  it('tells with DRYRUN what a user may do', async () => {
    await using serving = await serve();
    const admin = await serving.connect();
    await admin.call('ACL', 'SETUSER', 'u', '~a', '+get', '+publish');
    const dry = (...args: string[]): Promise<unknown> => admin.call('ACL', 'DRYRUN', 'u', ...args);
    expect(await dry('get', 'a')).toBe('OK');
    expect(await dry('get', 'b')).toBe("This user has no permissions to access the 'b' key");
    expect(await dry('publish', 'c', 'x')).toBe("This user has no permissions to access the 'c' channel");
    expect(await dry('config', 'get', 'x')).toBe("This user has no permissions to run the 'config|get' command");
    expect(await dry('nosuch')).toEqual(new RespError("ERR Command 'nosuch' not found"));
    expect(await dry('config', 'nosuch')).toEqual(new RespError("ERR Command 'config' not found"));
    expect(await dry('get')).toEqual(new RespError("ERR wrong number of arguments for 'get' command"));
    expect(await admin.call('ACL', 'DRYRUN', 'v', 'get', 'a')).toEqual(new RespError("ERR User 'v' not found"));
  });

  it('makes up passwords of the length that is asked for', async () => {
    await using serving = await serve();
    const admin = await serving.connect();
    expect(await admin.call('ACL', 'GENPASS')).toMatch(/^[0-9a-f]{64}$/);
    expect(await admin.call('ACL', 'GENPASS', 5)).toMatch(/^[0-9a-f]{2}$/);
    expect(await admin.call('ACL', 'GENPASS', 4096)).toMatch(/^[0-9a-f]{1024}$/);
    expect(await admin.call('ACL', 'GENPASS')).not.toBe(await admin.call('ACL', 'GENPASS'));
    for (const bits of [0, -1, 4097]) {
      expect(await admin.call('ACL', 'GENPASS', bits)).toEqual(
        new RespError(
          'ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096',
        ),
      );
    }
  });

  it('lists categories and what is in them', async () => {
    await using serving = await serve();
    const admin = await serving.connect();
    expect(await admin.call('ACL', 'CAT')).toHaveLength(21);
    expect(await admin.call('ACL', 'CAT', 'Transaction')).toEqual(
      expect.arrayContaining(['multi', 'exec', 'discard', 'watch', 'unwatch']),
    );
    expect(await admin.call('ACL', 'CAT', 'dangerous')).toContain('config|set');
    expect(await admin.call('ACL', 'CAT', 'all')).toEqual(new RespError("ERR Unknown category 'all'"));
  });

  it('keeps rules out of the slow log', async () => {
    await using serving = await serve({ config: { 'slowlog-log-slower-than': 0 } });
    const admin = await serving.connect();
    await admin.call('ACL', 'SETUSER', 'u', '>secret');
    const [entry] = (await admin.call('SLOWLOG', 'GET', 1)) as unknown[][];
    expect(entry![3]).toEqual(['ACL', 'SETUSER', '(redacted)', '(redacted)']);
  });

  it('explains itself', async () => {
    await using serving = await serve();
    const admin = await serving.connect();
    expect(await admin.call('ACL', 'HELP')).toContain('SETUSER <username> <rule> [<rule> ...]');
    expect(await admin.call('ACL', 'CAT', 'a', 'b')).toEqual(
      new RespError("ERR unknown subcommand or wrong number of arguments for 'CAT'. Try ACL HELP."),
    );
  });
});
