/** The file of `aclfile`, the `user` lines of redis.conf, and their rewriting. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { oursCommand, startRedis } from '../../support/redis-process.ts';
import { RespClient, RespError } from '../../support/resp-client.ts';
import { type Serving, serve } from '../../support/serving.ts';

const HASH = '148de9c5a7a44d19e56cd9ae1a554bf67847afb0c58f6e12fa29ac7ddfca9940';
const NO_FILE = new RespError(
  'ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER ' +
    'command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store ' +
    'users in the Redis configuration.',
);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'resplica-acl-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(text: string): string {
  const path = join(folder, 'users.acl');
  writeFileSync(path, text);
  return path;
}

function serveFile(text: string): Promise<Serving> {
  return serve({ config: { dir: folder, aclfile: write(text) } });
}

describe('An ACL file', () => {
  it('makes the users of a server that starts', async () => {
    await using serving = await serveFile('\nuser u on >p ~a* (&c   +get)\r\n\n  user default on nopass +@all ~*\n');
    const client = await serving.connect();
    expect(await client.call('ACL', 'LIST')).toEqual([
      'user default on nopass ~* resetchannels +@all',
      `user u on #${HASH} ~a* resetchannels -@all (resetchannels &c -@all +get)`,
    ]);
  });

  it('leaves a default user that may do everything when it names none', async () => {
    await using serving = await serveFile('user u on\n');
    const client = await serving.connect();
    expect(await client.call('ACL', 'LIST')).toEqual([
      'user default on nopass ~* &* +@all',
      'user u on resetchannels -@all',
    ]);
  });

  it('is written by ACL SAVE, with nothing left beside it, and reads the same again', async () => {
    await using serving = await serveFile('');
    const client = await serving.connect();
    await client.call('ACL', 'SETUSER', 'u', 'on', '>p', '%R~a', '+@read', '-get', '(+select|1)');
    const before = await client.call('ACL', 'LIST');
    expect(await client.call('ACL', 'SAVE')).toBe('OK');
    expect(readFileSync(join(folder, 'users.acl'), 'latin1')).toBe(`${(before as string[]).join('\n')}\n`);
    expect(readdirSync(folder)).toEqual(['users.acl']);
    expect(await client.call('ACL', 'LOAD')).toBe('OK');
    expect(await client.call('ACL', 'LIST')).toEqual(before);
  });

  it('ends the sessions of all users but the default one when it is loaded', async () => {
    await using serving = await serveFile('user u on nopass +@all\n');
    const [admin, client] = [await serving.connect(), await serving.connect()];
    await client.call('AUTH', 'u', 'x');
    write('user u on nopass +@all\nuser default on nopass +@all -flushall\n');
    expect(await admin.call('ACL', 'LOAD')).toBe('OK');
    await client.readUntilClose();
    expect(await admin.call('FLUSHALL')).toEqual(
      new RespError("NOPERM this user has no permissions to run the 'flushall' command"),
    );
  });

  it('changes nothing when anything in it is wrong, and tells all mistakes', async () => {
    await using serving = await serveFile('user u on\n');
    const client = await serving.connect();
    const path = write(
      'user u on +nosuch +bad\n# comment\nuser v ~* ~x &* &y\nuser v on\nuser w (+get\nuser a\tb on\n',
    );
    const report = [
      `${path}:1: Error in applying operation '+nosuch': Unknown command or category name in ACL. `,
      `${path}:1: Error in applying operation '+bad': Unknown command or category name in ACL. `,
      `${path}:2 should start with user keyword followed by the username. `,
      `${path}:3: Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any `,
      "effect. Try 'resetkeys' to start with an empty list of patterns. ",
      "WARNING: Duplicate user 'v' found on line 4. ",
      `${path}:5: Unmatched parenthesis in selector definition.`,
      `'${path}:6: username 'a\tb' contains invalid characters. `,
      'WARNING: ACL errors detected, no change to the previously active ACL rules was performed',
    ];
    expect(await client.call('ACL', 'LOAD')).toEqual(new RespError(`ERR ${report.join('')}`));
    expect(await client.call('ACL', 'USERS')).toEqual(['default', 'u']);
  });

  it('stops the start when it is missing or wrong', async () => {
    const missing = join(folder, 'none.acl');
    await expect(serve({ config: { aclfile: missing } })).rejects.toThrow(
      `Error loading ACLs, opening file '${missing}': No such file or directory`,
    );
    await expect(serveFile('usr x\n')).rejects.toThrow('should start with user keyword');
  });

  it('is asked for by LOAD and SAVE', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    expect(await client.call('ACL', 'LOAD')).toEqual(NO_FILE);
    expect(await client.call('ACL', 'SAVE')).toEqual(NO_FILE);
  });

  it('is not replaced when it cannot be written', async () => {
    await using serving = await serveFile('user u on\n');
    const client = await serving.connect();
    rmSync(folder, { recursive: true });
    expect(await client.call('ACL', 'SAVE')).toEqual(
      new RespError(
        'ERR There was an error trying to save the ACLs. Please check the server logs for more information',
      ),
    );
  });
});

describe('User lines of a configuration', () => {
  it('make users, the default one from nothing', async () => {
    const users = ['default on >p ~* +@all', 'u on nopass (~a* +get)'];
    await using redis = await startRedis({
      command: oursCommand(),
      config: users.map((line) => `user ${line}\n`).join(''),
    });
    await using client = await RespClient.connect({ port: redis.port });
    expect(await client.call('PING')).toEqual(new RespError('NOAUTH Authentication required.'));
    expect(await client.call('AUTH', 'p')).toBe('OK');
    expect(await client.call('ACL', 'LIST')).toEqual([
      `user default on sanitize-payload #${HASH} ~* resetchannels +@all`,
      'user u on nopass resetchannels -@all (~a* resetchannels -@all +get)',
    ]);
    await client.call('ACL', 'DELUSER', 'u');
    await client.call('ACL', 'SETUSER', 'v', 'on', '+@read');
    expect(await client.call('CONFIG', 'REWRITE')).toBe('OK');
    const [, file] = ((await client.call('INFO', 'server')) as string).match(/^config_file:(.*?)\r?$/m)!;
    expect(
      readFileSync(file!, 'latin1')
        .split('\n')
        .filter((line) => line.startsWith('user ')),
    ).toEqual([
      `user default on sanitize-payload #${HASH} ~* resetchannels +@all`,
      'user v on resetchannels -@all +@read',
    ]);
  });

  it('stop the start when one is wrong', async () => {
    const wrong: [string, string][] = [
      ['a on ~a b~', "Error in user declaration 'on': Syntax error"],
      ['a on +get (+set', "Error in user declaration 'on': Unknown command or category name in ACL"],
    ];
    for (const [line, reason] of wrong) {
      await expect(serve({ config: { user: line.split(' ') } })).rejects.toThrow(reason);
    }
    await expect(serve({ config: { user: ['a', '+nosuch'] } })).rejects.toThrow(
      "Error loading ACL rule '+nosuch' for the user named 'a': Unknown command or category name in ACL",
    );
  });

  it('must not be given together with an ACL file', async () => {
    await expect(serve({ config: { aclfile: write(''), user: ['a', 'on'] } })).rejects.toThrow(
      'please define either an ACL file or declare users directly in your redis.conf, but not both',
    );
  });
});
