/**
 * Whatever lies in the directory of the append-only file: a server starts from it, or refuses to and changes nothing. One
 * that has started has cut off at most an end of the last file, and the next one that starts from what it left has the
 * same dataset.
 */
import * as fc from 'fast-check';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AofFolder, BASE, commands, INCREMENT, MANIFEST } from '../support/aof-folder.ts';
import { startTestServer, type TestServer } from '../support/in-process.ts';

const LAST = 'appendonly.aof.2.incr.aof';
const MANIFEST_TEXT = `file ${BASE} seq 1 type b\nfile ${INCREMENT} seq 1 type i\nfile ${LAST} seq 2 type i\n`;
const LOAD_TURNS_MAX = 10_000;

const LINES = [
  'SELECT 0',
  'SELECT 3',
  'SET a 1',
  'SET b two PXAT 4000000000000',
  'SET gone x PXAT 1',
  'INCR a',
  'APPEND b xyz',
  'DEL a b',
  'RPUSH l 1 2 three',
  'LPOP l',
  'SADD s 1 2 3',
  'SADD s one two',
  'SREM s 1',
  'HSET h f v g 2',
  'HDEL h f',
  'ZADD z 1 m 2.5 n',
  'XADD x 1-1 f v',
  'XADD x MAXLEN = 2 LIMIT 10 2-1 f v g w',
  'XGROUP CREATE x g 0 MKSTREAM ENTRIESREAD 1',
  'XCLAIM x g c 0 1-1 TIME 1700000000000 RETRYCOUNT 2 JUSTID FORCE',
  'PEXPIREAT l 4000000000000',
  'RENAME a c',
  'COPY l m',
  'SWAPDB 0 3',
  'FLUSHDB',
  'MULTI',
  'EXEC',
  'DISCARD',
  'BLPOP l 0',
  'XREAD BLOCK 0 STREAMS x $',
  'WATCH a',
  'SUBSCRIBE c',
  'CLIENT REPLY OFF',
  'QUIT',
  'BGREWRITEAOF',
  'INCR l',
  'PING',
];

const line = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(...LINES) },
  { weight: 1, arbitrary: fc.constantFrom('NONSENSE', 'SET a', 'CONFIG', 'CONFIG NOTHING', '', 'multi', 'exec x') },
);
const content = fc.array(line, { maxLength: 12 }).map(commands);

/** What happens to the bytes of a file. */
const damage = fc.oneof(
  { weight: 6, arbitrary: fc.constant((text: string) => text) },
  { weight: 3, arbitrary: fc.nat(400).map((end) => (text: string) => text.slice(0, end)) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.nat(400), fc.nat(60)).map(
      ([end, zeros]) =>
        (text: string) =>
          text.slice(0, end) + '\0'.repeat(zeros),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.nat(400), fc.string({ unit: fc.constantFrom(...'*$#\r\n019-\0a'), maxLength: 8 })).map(
      ([at, extra]) =>
        (text: string) =>
          text.slice(0, at) + extra + text.slice(at),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.nat(400), fc.nat(255)).map(
      ([at, code]) =>
        (text: string) =>
          at < text.length ? text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1) : text,
    ),
  },
  { weight: 1, arbitrary: fc.constant((text: string) => `REDIS0010${text}`) },
);

const file = fc.tuple(content, damage).map(([text, change]) => change(text));
const manifest = fc.oneof(
  { weight: 5, arbitrary: fc.constant(MANIFEST_TEXT) },
  { weight: 1, arbitrary: damage.map((change) => change(MANIFEST_TEXT)) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary-ascii', maxLength: 60 }).map((text) => `${text}\n`) },
);

function filesIn(folder: AofFolder): Map<string, string> {
  const names = readdirSync(folder.directory).sort();
  return new Map(names.map((name) => [name, readFileSync(join(folder.directory, name), 'latin1')]));
}

interface Outcome {
  readonly error: string | null;
  readonly digest: string;
}

function load(folder: AofFolder, cutsEnds: boolean): Outcome {
  const redis: TestServer = startTestServer({
    persistence: { dir: folder.path, aof: 'no' },
    config: { 'aof-load-truncated': cutsEnds, 'enable-debug-command': 'yes' },
  });
  redis.server.reportFault = (_session, _command, error) => {
    throw error;
  };
  const errors: (string | null)[] = [];
  redis.server.persistence.load((reason) => errors.push(reason));
  for (let turns = 0; errors.length === 0; turns++) {
    if (turns > LOAD_TURNS_MAX) throw new Error('loading does not end');
    redis.advance(0);
  }
  const error = errors[0]!;
  redis.server.debugging.activeExpiry = false;
  const digest = error === null ? String(redis.call('DEBUG', 'DIGEST')) : '';
  redis.server.close(() => {});
  return { error, digest };
}

export const appendOnlyProperty = fc.property(
  manifest,
  file,
  file,
  file,
  fc.boolean(),
  (manifestText, base, increment, last, cutsEnds) => {
    using folder = new AofFolder().write({
      [MANIFEST]: manifestText,
      [BASE]: base,
      [INCREMENT]: increment,
      [LAST]: last,
    });
    const before = filesIn(folder);
    const first = load(folder, cutsEnds);
    const after = filesIn(folder);
    const changed = [...after].filter(([name, text]) => before.get(name) !== text);
    if (first.error !== null) {
      const isLastCut = changed.every(([name, text]) => cutsEnds && before.get(name)?.startsWith(text));
      if (!isLastCut) throw new Error(`refused (${first.error}), but changed ${changed.map(([name]) => name).join()}`);
      return;
    }
    for (const [name, text] of changed) {
      if (name === MANIFEST || name === 'appendonly.aof.manifest' || !before.has(name)) continue;
      if (!cutsEnds || !before.get(name)!.startsWith(text))
        throw new Error(`changed ${name} to ${JSON.stringify(text)}`);
    }
    const second = load(folder, false);
    if (second.error !== null) throw new Error(`does not start again: ${second.error}`);
    if (second.digest !== first.digest) throw new Error('the dataset is another one the second time');
  },
);
