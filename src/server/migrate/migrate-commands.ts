/** MIGRATE: parses, looks whether there is anything to move, and lets the client wait for the transfer (migration.ts). */
import type { Arguments } from '../../core/arguments.ts';
import { fail, SYNTAX_ERROR } from '../../core/errors.ts';
import type { FoundKey } from '../../commands/row.ts';
import { NONE } from '../../data/heap.ts';
import { mayBlock } from '../blocking.ts';
import type { Call } from '../call.ts';
import { serverFamily } from '../rows.ts';
import { SESSION } from '../session.ts';
import { Migration, type MigrationOptions } from './migration.ts';

const KEY = 3;
const FIRST_OPTION = 6;
const KEY_FLAGS = 'RW access delete';
const DEFAULT_TIMEOUT_MS = 1000;
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

interface Parsed {
  readonly options: MigrationOptions;
  /** Indexes of the keys: from the first to before the last. */
  readonly firstKey: number;
  readonly endOfKeys: number;
}

function parse(c: Call): Parsed {
  const { args } = c;
  let copies = false;
  let replaces = false;
  let user: Buffer | null = null;
  let password: Buffer | null = null;
  let firstKey = KEY;
  let endOfKeys = KEY + 1;
  for (let i = FIRST_OPTION; i < args.count; i++) {
    const left = args.count - 1 - i;
    if (args.is(i, 'copy')) copies = true;
    else if (args.is(i, 'replace')) replaces = true;
    else if (args.is(i, 'auth') && left >= 1) password = args.copy(++i);
    else if (args.is(i, 'auth2') && left >= 2) {
      user = args.copy(++i);
      password = args.copy(++i);
    } else if (args.is(i, 'keys')) {
      if (args.length(KEY) > 0) {
        fail('ERR When using MIGRATE KEYS option, the key argument must be set to the empty string');
      }
      firstKey = i + 1;
      endOfKeys = args.count;
      break;
    } else fail(SYNTAX_ERROR);
  }
  const timeoutMs = c.integer(5);
  const database = c.integer(4);
  return {
    options: {
      address: args.binary(1),
      port: args.binary(2),
      database,
      timeoutMs: timeoutMs <= 0 ? DEFAULT_TIMEOUT_MS : Math.min(timeoutMs, TIMEOUT_MS_MAX),
      copies,
      replaces,
      user,
      password,
    },
    firstKey,
    endOfKeys,
  };
}

function migrate(c: Call): void {
  const { server, session, args } = c;
  const { options, firstKey, endOfKeys } = parse(c);
  const keys: Buffer[] = [];
  for (let i = firstKey; i < endOfKeys; i++) if (c.read(i) !== NONE) keys.push(args.copy(i));
  if (keys.length === 0) {
    c.reply.simple('NOKEY');
    return;
  }
  if (!mayBlock(session)) fail('ERR MIGRATE waits for another server: it cannot be part of a transaction or a script');
  const migration = new Migration(server, c.db, keys, options, (error) => {
    if (session.has(SESSION.closed)) return;
    if (error === null) session.reply.ok();
    else session.reply.error(error);
    server.blocking.unblock(session);
  });
  server.blocking.block(session, { kind: 'migration', deadlineMs: 0, giveUp: null });
  migration.start();
}

function keysOf(args: Arguments): FoundKey[] {
  if (args.length(KEY) > 0) return [{ index: KEY, flags: KEY_FLAGS }];
  for (let i = FIRST_OPTION; i < args.count; i++) {
    if (args.is(i, 'auth')) i++;
    else if (args.is(i, 'auth2')) i += 2;
    else if (args.is(i, 'keys')) {
      return Array.from({ length: args.count - i - 1 }, (_, n) => ({ index: i + 1 + n, flags: KEY_FLAGS }));
    }
  }
  return [{ index: KEY, flags: KEY_FLAGS }];
}

function secretsOf(args: Arguments): number[] {
  const secrets: number[] = [];
  for (let i = FIRST_OPTION; i < args.count && !args.is(i, 'keys'); i++) {
    if (args.is(i, 'auth')) secrets.push(++i);
    else if (args.is(i, 'auth2')) secrets.push(++i, ++i);
  }
  return secrets;
}

export const migrateCommands = serverFamily('generic', [
  {
    name: 'migrate',
    arity: -6,
    flags: ['write', 'movablekeys'],
    keys: [
      { flags: KEY_FLAGS, begin: { index: KEY }, find: { last: 0, step: 1, limit: 0 } },
      {
        flags: `${KEY_FLAGS} incomplete`,
        begin: { keyword: 'KEYS', from: -2 },
        find: { last: -1, step: 1, limit: 0 },
      },
    ],
    findKeys: keysOf,
    secrets: secretsOf,
    acl: ['dangerous'],
    tips: ['nondeterministic_output'],
    since: '2.6.0',
    summary: 'Moves keys to another server',
    complexity: 'O(N) on both servers with the size N of the values',
    syntax:
      'host port:integer key_or_empty_string=<key | empty_string=""> destination-db:integer timeout:integer ' +
      '[COPY]@3.0.0 [REPLACE]@3.0.0 authentication=[[AUTH password]@4.0.7 | [AUTH2 <username password>]@6.0.0] [KEYS key ...]@3.0.6',
    history: [
      ['3.0.0', 'Options `COPY` and `REPLACE`'],
      ['3.0.6', 'Option `KEYS`'],
      ['4.0.7', 'Option `AUTH`'],
      ['6.0.0', 'Option `AUTH2`'],
    ],
    run: migrate,
  },
]);
