/**
 * Whatever an RDB file holds, in whatever chunks it comes: it is read, or refused with an RdbError. What was read until
 * then is whole, and nothing else is left on the heap.
 */
import * as fc from 'fast-check';
import { RdbError } from '../../src/persistence/rdb/rdb-error.ts';
import { startTestServer, type TestServer } from '../support/in-process.ts';
import { everyValue } from '../persistence/rdb/every-value.ts';
import { fileOf, readFile } from '../persistence/rdb/files.ts';
import { edit, edited } from './dump-property.ts';

let files: Buffer[] | null = null;
let server: TestServer | null = null;

/** Small files of a few values each: with a checksum of zero, so that what is wrong in them is looked at. */
function corpus(): Buffer[] {
  if (files !== null) return files;
  files = [];
  for (let first = 0; first < everyValue.length; first += 4) {
    const redis = startTestServer();
    for (const { commands } of everyValue.slice(first, first + 4))
      for (const command of commands) redis.call(...command);
    redis.call('PEXPIRE', everyValue[first]!.key, 1_000_000);
    for (const compresses of [true, false]) files.push(fileOf(redis, { compresses, checksums: false }));
  }
  return files;
}

const attempt = fc.record({
  which: fc.nat({ max: 1000 }),
  edits: fc.array(edit, { minLength: 1, maxLength: 4 }),
  chunk: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 100, max: 100_000 })),
  step: fc.constantFrom(1, 100, 10_000, Infinity),
});

export const rdbProperty = fc.property(fc.array(attempt, { minLength: 1, maxLength: 5, size: 'max' }), (attempts) => {
  server ??= startTestServer();
  const redis = server;
  const { keyspace } = redis.server;
  for (const { which, edits, chunk, step } of attempts) {
    const file = corpus()[which % corpus().length]!;
    keyspace.clear();
    try {
      readFile(edited(file, edits), { into: redis, chunk, step });
    } catch (error) {
      if (!(error instanceof RdbError)) throw error;
    }
    redis.call('DEBUG', 'DIGEST');
    for (const database of keyspace.databases) database.dict.forEach((entry) => database.remove(entry));
    if (keyspace.heap.usedBytes !== 0) throw new Error(`${keyspace.heap.usedBytes} bytes are left behind`);
  }
});
